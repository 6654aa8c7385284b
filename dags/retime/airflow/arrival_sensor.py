"""The sensor that a run begins with."""

from typing import Any

from airflow.providers.common.compat.sdk import AirflowException, BaseSensorOperator

from retime.airflow import runtime
from retime.calendar.arrival_hours import ceil_hour
from retime.dataset.model import DataSet
from retime.raw.landed import has_landed_after


class ArrivalSensor(BaseSensorOperator):
    """Wait until the arrival hour that follows the run's last event date is complete.

    Its first minutes bring the last events of the date. It is complete when a later hour has begun
    to land, or when it is long over; dates of the past are not waited for.
    """

    def __init__(self, *, data_set: DataSet, **kwargs: Any) -> None:
        super().__init__(
            mode="reschedule",
            timeout=data_set.limits.arrival_timeout.total_seconds(),
            doc_md=self.__doc__,
            **kwargs,
        )
        self.data_set = data_set

    @runtime.failing_for_good
    def poke(self, context: Any) -> bool:
        """Look once; fails for good if the run asks for dates that it cannot build."""
        runtime.check_parameters(context)
        dates = runtime.dates_of_run(self.data_set, context)
        return has_landed_after(runtime.deployment(self.data_set), dates, runtime.now())

    def execute(self, context: Any) -> Any:
        """Wait; says after the timeout what was waited for."""
        try:
            return super().execute(context)
        except AirflowException as error:
            if "timed out" not in str(error):
                raise
            end = ceil_hour(runtime.dates_of_run(self.data_set, context).end)
            location = runtime.deployment(self.data_set).data_set.raw.location
            raise type(error)(
                f"no raw event landed under {location} after {end:%Y-%m-%d %H}:00 UTC within "
                f"{self.data_set.limits.arrival_timeout}; see whether the delivery stream works, "
                "then clear this task"
            ) from error
