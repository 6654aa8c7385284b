"""The trigger of deferred queries: here, because the triggerer does not import from dags/."""

import asyncio
from collections.abc import AsyncIterator

from airflow.providers.amazon.aws.triggers.athena import AthenaTrigger
from airflow.providers.common.compat.sdk import AirflowException
from airflow.triggers.base import TriggerEvent


class PatientAthenaTrigger(AthenaTrigger):
    """Wait for a query; look at it for the first time after `waiter_delay` seconds, not at once.

    Airflow 3 fails a task whose deferral is over before the scheduler has heard that the process
    which deferred it has ended: https://github.com/apache/airflow/issues/72716

    What a query failed of reaches its task, with the provider of Airflow 2.11 too: there the
    trigger would fail itself, and Airflow the task, with no word of the reason.
    """

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield the one event: success, or error with a message."""
        await asyncio.sleep(self.waiter_delay)
        try:
            async for event in super().run():
                yield event
        except AirflowException as error:
            failed = {"status": "error", "message": str(error), "value": self.return_value}
            yield TriggerEvent(failed)
