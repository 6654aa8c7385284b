"""The sensor that a run begins with."""

from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException, BaseSensorOperator

from retime.airflow import runtime
from retime.calendar.partitions import ceil_hour
from retime.dataset.reader import DataSet
from retime.raw import landed as arrivals

PAST = timedelta(days=1)
"""How long after a wait would have timed out a date is not waited for at all."""


class ArrivalSensor(BaseSensorOperator):
    """Wait until the arrival hour that follows the run's last event date is complete.

    Its first minutes bring the last events of the date. It is complete when a later hour has begun
    to land, or when it is long over; dates of the past are not waited for.
    """

    def __init__(self, *, data_set: DataSet, **kwargs: Any) -> None:
        super().__init__(
            mode="reschedule",
            timeout=data_set.run.arrival_timeout.total_seconds(),
            doc_md=self.__doc__,
            **kwargs,
        )
        self.data_set = data_set

    def poke(self, context: Any) -> bool:
        """Look once; fails for good if the run asks for dates that it cannot build."""
        with runtime.no_retry():
            runtime.check_parameters(context)
            end = ceil_hour(runtime.dates_of_run(self.data_set, context).end)
            now = runtime.now()
            if now >= end + self.data_set.run.arrival_timeout + PAST:
                return True
            location, s3 = runtime.resolve(self.data_set.raw.location), runtime.get_clients().s3
            has_landed = arrivals.has_landed_from(s3, location, end)
            return has_landed and arrivals.is_closed(s3, location, end, now)

    def execute(self, context: Any) -> Any:
        """Wait; says after the timeout what was waited for."""
        try:
            return super().execute(context)
        except AirflowException as error:
            if "timed out" not in str(error):
                raise
            end = ceil_hour(runtime.dates_of_run(self.data_set, context).end)
            location = runtime.resolve(self.data_set.raw.location)
            raise type(error)(
                f"no raw event landed under {location} after {end:%Y-%m-%d %H}:00 UTC within "
                f"{self.data_set.run.arrival_timeout}; see whether the delivery stream works, "
                "then clear this task"
            ) from error
