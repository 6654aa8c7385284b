"""The sensor that a run begins with."""

from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException, BaseSensorOperator

from retime.airflow import runtime
from retime.dataset.model import DataSet
from retime.raw.landed import check_folders, has_landed_after, last_awaited


class ArrivalSensor(BaseSensorOperator):
    """Wait until the arrival hours up to `build_after_hours` after the last date are complete.

    By default that is one: its first minutes bring the last events of the date. An hour is complete
    when a later one has begun to land, or when it is long over. Dates of the past are not waited
    for.
    """

    def __init__(self, *, data_set: DataSet, **kwargs: Any) -> None:
        super().__init__(
            mode="reschedule",
            timeout=data_set.max_wait.total_seconds(),
            doc_md=self.__doc__,
            **kwargs,
        )
        self.data_set = data_set

    @runtime.failing_for_good
    def poke(self, context: Any) -> bool:
        """Look once; fails for good if the run asks for dates that it cannot build."""
        runtime.check_parameters(context)
        request = runtime.request_of_run(self.data_set, context)
        deployment = runtime.deployment(self.data_set)
        return has_landed_after(deployment, request.dates, runtime.now())

    def execute(self, context: Any) -> Any:
        """Wait; says after the timeout what was waited for."""
        try:
            return super().execute(context)
        except AirflowException as error:
            if "timed out" not in str(error):
                raise
            last = last_awaited(self.data_set, runtime.dates_of_run(self.data_set, context))
            deployment = runtime.deployment(self.data_set)
            location = deployment.data_set.raw.location
            with runtime.no_retry():
                check_folders(deployment.clients.s3, deployment.data_set.raw)
            raise type(error)(
                f"no raw event landed under {location} after {last:%Y-%m-%d %H}:00 UTC within "
                f"{timedelta(seconds=self.timeout)}; see whether the delivery stream works, "
                "then clear this task"
            ) from error
