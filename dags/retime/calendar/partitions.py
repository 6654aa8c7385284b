"""Partitions: where published events are by time, on the clock of the data set's zone."""

import re
from datetime import datetime, timedelta

from retime.calendar.arrival_hours import ArrivalWindow, floor_hour
from retime.calendar.slices import Grain, Slice

_KEYS: dict[Grain, tuple[str, ...]] = {
    "hour": ("year", "month", "day", "hour"),
    "day": ("year", "month", "day"),
}

Partition = tuple[int, ...]
"""The values of a published partition, in key order: (2024, 3, 31, 7)."""


def partition_keys(grain: Grain) -> tuple[str, ...]:
    """Return the names of the partition keys of a grain, coarsest first."""
    return _KEYS[grain]


def partition_of(instant: datetime, slice_: Slice, grain: Grain) -> Partition:
    """Return the partition of an instant, by the clock of the slice's zone."""
    local = instant.astimezone(slice_.zone)
    return tuple(getattr(local, key) for key in partition_keys(grain))


def partitions_of(slice_: Slice, grain: Grain) -> tuple[Partition, ...]:
    """Return every partition a slice can write, in order.

    An hour that the clock repeats is one partition, one that it skips is none: at most 24 a date.
    """
    return tuple(partition_spans(slice_, grain))


def partition_spans(slice_: Slice, grain: Grain) -> dict[Partition, tuple[datetime, datetime]]:
    """Return every partition a slice can write, with its half-open range of event time, in order.

    Where the clock repeats an hour, a partition's range is two hours.
    """
    # Zones with offsets of a quarter of an hour exist, so hours of UTC would not meet every hour.
    step = timedelta(minutes=15)
    spans: dict[Partition, tuple[datetime, datetime]] = {}
    first = slice_.start
    for instant in (first + n * step for n in range((slice_.end - first) // step)):
        partition = partition_of(instant, slice_, grain)
        start, _ = spans.get(partition, (instant, instant))
        spans[partition] = start, instant + step
    return spans


def partition_windows(
    slice_: Slice, grain: Grain, *, before: timedelta, after: timedelta
) -> dict[Partition, ArrivalWindow]:
    """Return, for every partition a slice can write, the arrivals that can matter to it.

    Args:
        slice_: the dates.
        grain: of the partitions.
        before: how long before a partition begins.
        after: how long after a partition is over.
    """
    return {
        partition: ArrivalWindow(start=floor_hour(start - before), end=end + after)
        for partition, (start, end) in partition_spans(slice_, grain).items()
    }


def partition_path(partition: Partition) -> str:
    """Return the folder that Athena gives a partition: `year=2024/month=3/day=31/hour=7/`."""
    return "".join(f"{k}={v}/" for k, v in zip(_KEYS["hour"], partition, strict=False))


def partition_in_path(path: str, grain: Grain) -> Partition | None:
    """Return the partition that a path below a generation lies in, or None if it lies in none."""
    pattern = "".join(f"{key}=(\\d+)/" for key in partition_keys(grain))
    match = re.match(pattern, path)
    return tuple(int(value) for value in match.groups()) if match else None
