"""The trigger of deferred queries: here, because the triggerer does not import from dags/."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.providers.amazon.aws.triggers.athena import AthenaTrigger
from airflow.triggers.base import TriggerEvent
from asgiref.sync import sync_to_async

# A loop keeps no hold of its tasks: those that stop queries.
_STOPPING: set["asyncio.Future[None]"] = set()
# Legacy, the default on Amazon MWAA, hardly ever repeats Athena's TooManyRequestsException.
RETRIES: Any = {"mode": "standard", "total_max_attempts": 10}


class PatientAthenaHook(AthenaHook):
    """The provider's hook, which repeats refused calls; retime/aws_retries.py is not here."""

    @property
    def config(self) -> Any:
        """The connection's, with retries if neither it nor the environment chose some."""
        from botocore.config import Config

        config: Any = super().config
        if config.retries or {"AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS"} & os.environ.keys():
            return config
        return config.merge(Config(retries=RETRIES))


class PatientAthenaTrigger(AthenaTrigger):
    """Wait for a query; look at it for the first time after `waiter_delay` seconds, not at once.

    Airflow 3 fails a task whose deferral is over before the scheduler has heard that the process
    which deferred it has ended: https://github.com/apache/airflow/issues/72716

    Not the provider's own wait: Airflow calls `on_kill` by the message of the cancellation, which
    asgiref drops while a client is made. Here that is over within the first second.
    """

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield the one event: success, or error with a message."""
        state = "not seen"
        async with await self.hook().get_async_conn() as athena:
            for _ in range(self.attempts):
                await asyncio.sleep(self.waiter_delay)
                found = await athena.get_query_execution(QueryExecutionId=self.return_value)
                state = found["QueryExecution"]["Status"]["State"]
                if state in AthenaHook.TERMINAL_STATES:
                    break
        if state in AthenaHook.SUCCESS_STATES:
            yield TriggerEvent({"status": "success", "value": self.return_value})
        else:
            message = f"query {self.return_value} is {state}"
            yield TriggerEvent({"status": "error", "message": message, "value": self.return_value})

    def hook(self) -> AthenaHook:
        """Return what gives the client of `run` and `on_kill`."""
        return PatientAthenaHook(
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            config=self.botocore_config,
        )

    async def on_kill(self) -> None:
        """Stop the query: its task was cleared or marked, or its run was.

        Airflow 3.3 calls this in the triggerer, which must already watch the query; older versions
        do not call it.
        """
        # Airflow cancels it again and again until it is over: what is begun goes on.
        stopping = asyncio.ensure_future(self._stop())
        _STOPPING.add(stopping)
        stopping.add_done_callback(_STOPPING.discard)
        await asyncio.shield(stopping)

    async def _stop(self) -> None:
        if await self._is_deferred():
            return
        async with await self.hook().get_async_conn() as athena:
            await athena.stop_query_execution(QueryExecutionId=self.return_value)

    async def _is_deferred(self) -> bool:
        """Return whether the task still waits: another triggerer has taken the query over.

        Airflow 3.3.1 calls `on_kill` then too (jobs/triggerer_job_runner.py, `update_triggers`).
        """
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

        ti = self.task_instance
        states = await sync_to_async(RuntimeTaskInstance.get_task_states)(
            dag_id=ti.dag_id, task_ids=[ti.task_id], run_ids=[ti.run_id], map_index=ti.map_index
        )
        return "deferred" in states.get(ti.run_id, {}).values()
