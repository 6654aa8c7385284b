"""The plan of a run: its dates as slices, with the raw hours, bytes and cost of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any
from zoneinfo import ZoneInfo

from retime.calendar.partitions import ArrivalWindow, Partition, arrival_window, partition_windows
from retime.calendar.slices import Slice, cut_slices
from retime.dataset.reader import DataSet
from retime.raw.landed import Landed

# List price in most regions, https://aws.amazon.com/athena/pricing/; a query costs at least 10 MB.
USD_PER_BYTE = 5 / 1e12
MINIMUM_BYTES = 10_000_000
QUERIES_PER_SLICE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSlice:
    """A slice and what it reads; `raw_bytes` is all that its hours hold, the most it can scan."""

    slice_: Slice
    window: ArrivalWindow
    raw_objects: int
    raw_bytes: int

    @property
    def max_cost_usd(self) -> float:
        """The most that the slice's queries can cost, each reading every byte of its hours."""
        return QUERIES_PER_SLICE * max(self.raw_bytes, MINIMUM_BYTES) * USD_PER_BYTE

    def to_json(self) -> dict[str, Any]:
        """Return the plain value that goes from task to task."""
        return {
            "first_date": str(self.slice_.first_date),
            "last_date": str(self.slice_.last_date),
            "zone": self.slice_.zone.key,
            "arrivals_from": self.window.start.isoformat(),
            "arrivals_before": self.window.end.isoformat(),
            "raw_objects": self.raw_objects,
            "raw_bytes": self.raw_bytes,
            "max_cost_usd": round(self.max_cost_usd, 6),
        }


def planned_slice(value: Mapping[str, Any]) -> PlannedSlice:
    """Return the slice that `to_json` made a plain value of."""
    return PlannedSlice(
        slice_=Slice(
            first_date=date.fromisoformat(value["first_date"]),
            last_date=date.fromisoformat(value["last_date"]),
            zone=ZoneInfo(value["zone"]),
        ),
        window=ArrivalWindow(
            start=datetime.fromisoformat(value["arrivals_from"]).astimezone(timezone.utc),
            end=datetime.fromisoformat(value["arrivals_before"]).astimezone(timezone.utc),
        ),
        raw_objects=value["raw_objects"],
        raw_bytes=value["raw_bytes"],
    )


def window_of(data_set: DataSet, slice_: Slice) -> ArrivalWindow:
    """Return the arrival hours in which a slice's events can be."""
    events = data_set.events
    return arrival_window(
        slice_,
        look_back=events.look_back,
        clock_skew=events.clock_skew,
        max_lateness=events.max_lateness,
    )


def wanted_arrivals(data_set: DataSet, slice_: Slice) -> dict[Partition, ArrivalWindow]:
    """Return, for each published partition of a slice, the arrivals that can matter to it."""
    events = data_set.events
    before = events.look_back + events.clock_skew
    return partition_windows(slice_, data_set.grain, before=before, after=events.max_lateness)


def plan_slices(
    data_set: DataSet,
    dates: Slice,
    landed: Mapping[datetime, Landed],
    *,
    first_hour: datetime | None,
    until: datetime,
) -> list[PlannedSlice]:
    """Cut event dates into slices and tell what each reads of what has landed.

    What nothing landed for is left out: there is nothing to build it from. So are dates that were
    over before the first hour that is still there. A date that this hour lies in is built from it
    on; what is published of raw that has expired stays (see `change.plan_change`).

    Args:
        data_set: the data set.
        dates: the dates to build.
        landed: the arrival hours that landed and no longer grow.
        first_hour: the first arrival hour of all raw; None if there is no raw.
        until: when the first hour begins that is not to be read.
    """
    if first_hour is None or dates.end <= first_hour or until <= first_hour:
        return []
    first_date = max(dates.first_date, first_hour.astimezone(dates.zone).date())
    whole = Slice(first_date=first_date, last_date=dates.last_date, zone=dates.zone)
    there = ArrivalWindow(start=first_hour, end=until)
    planned = (
        _plan_slice(slice_, window_of(data_set, slice_), landed, there)
        for slice_ in cut_slices(whole, data_set.grain)
    )
    return [plan for plan in planned if plan.raw_objects]


def _plan_slice(
    slice_: Slice, window: ArrivalWindow, landed: Mapping[datetime, Landed], there: ArrivalWindow
) -> PlannedSlice:
    window = ArrivalWindow(start=max(window.start, there.start), end=min(window.end, there.end))
    hours = {hour: what for hour, what in landed.items() if window.start <= hour < window.end}
    return PlannedSlice(
        slice_=slice_,
        window=window,
        raw_objects=sum(what.objects for what in hours.values()),
        raw_bytes=sum(what.size for what in hours.values()),
    )
