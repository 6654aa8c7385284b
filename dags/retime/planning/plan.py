"""The plan of a run: its dates as slices, with the raw hours, bytes and cost of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from retime.calendar.arrival_hours import ArrivalWindow, windows_of_hours
from retime.calendar.slices import Slice, cut_slices
from retime.dataset.deployment import Deployment
from retime.dataset.model import DataSet
from retime.raw.landed import LandedHour, LandedRaw, LandedUntil, first_landed, read_landed

# List price in most regions, https://aws.amazon.com/athena/pricing/; a query costs at least 10 MB.
USD_PER_BYTE = 5 / 1e12
MINIMUM_BYTES = 10_000_000
QUERIES_PER_SLICE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSlice:
    """A slice and what it reads; `raw_bytes` is all that its hours hold, the most it can scan.

    `landed` are the hours of the window that hold objects; raw can have a hole.
    """

    slice_: Slice
    window: ArrivalWindow
    landed: tuple[ArrivalWindow, ...]
    raw_objects: int
    raw_bytes: int

    @property
    def max_cost_usd(self) -> float:
        """The most that the slice's queries can cost, each reading every byte of its hours."""
        return QUERIES_PER_SLICE * max(self.raw_bytes, MINIMUM_BYTES) * USD_PER_BYTE

    def to_json(self) -> dict[str, Any]:
        """Return the plain value that goes from task to task."""
        return {
            **self.slice_.to_json(),
            "arrivals_from": self.window.start.isoformat(),
            "arrivals_before": self.window.end.isoformat(),
            "landed": [landed.to_json() for landed in self.landed],
            "raw_objects": self.raw_objects,
            "raw_bytes": self.raw_bytes,
            "max_cost_usd": round(self.max_cost_usd, 6),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PlannedSlice:
        """Return what `to_json` made a plain value of."""
        return cls(
            slice_=Slice.from_json(value),
            window=ArrivalWindow(
                start=datetime.fromisoformat(value["arrivals_from"]),
                end=datetime.fromisoformat(value["arrivals_before"]),
            ),
            landed=tuple(ArrivalWindow.from_json(landed) for landed in value["landed"]),
            raw_objects=value["raw_objects"],
            raw_bytes=value["raw_bytes"],
        )


def plan_dates(
    deployment: Deployment, dates: Slice, until: LandedUntil, now: datetime
) -> list[PlannedSlice]:
    """Read what has landed for event dates, and plan them.

    Args:
        deployment: the data set in its environment.
        dates: the dates to build.
        until: how far raw has landed of which the catalog knows.
        now: the time.

    Raises:
        RunError: some of the raw events are archived.
    """
    data_set = deployment.data_set
    landed = read_landed(deployment, data_set.events.window_of(dates), now).before(until)
    first_hour = first_landed(deployment.clients.s3, data_set.raw.location)
    return plan_slices(data_set, dates, landed, first_hour)


def plan_slices(
    data_set: DataSet, dates: Slice, landed: LandedRaw, first_hour: datetime | None
) -> list[PlannedSlice]:
    """Cut event dates into slices, with what each reads of what has landed.

    Dates of which nothing landed are left out: there is nothing to build them from. So are dates
    that were over before the first hour that is still there. The date in which this hour lies is
    built from it on; what is published of raw that has expired stays (`plan_changes`).

    Args:
        data_set: the data set.
        dates: the dates to build.
        landed: the arrival hours that landed and no longer grow.
        first_hour: the first arrival hour of all raw; None if there is no raw.
    """
    until = landed.until.instant
    if first_hour is None or dates.end <= first_hour or until <= first_hour:
        return []
    first_date = max(dates.first_date, first_hour.astimezone(dates.zone).date())
    whole = Slice(first_date=first_date, last_date=dates.last_date, zone=dates.zone)
    there = ArrivalWindow(start=first_hour, end=until)
    planned = (
        _plan_slice(slice_, data_set.events.window_of(slice_).intersect(there), landed.hours)
        for slice_ in cut_slices(whole, data_set.published.grain)
    )
    return [plan for plan in planned if plan.raw_objects]


def _plan_slice(
    slice_: Slice, window: ArrivalWindow, landed: Mapping[datetime, LandedHour]
) -> PlannedSlice:
    hours = {hour: volume for hour, volume in landed.items() if window.start <= hour < window.end}
    return PlannedSlice(
        slice_=slice_,
        window=window,
        landed=windows_of_hours(hours),
        raw_objects=sum(volume.objects for volume in hours.values()),
        raw_bytes=sum(volume.size for volume in hours.values()),
    )
