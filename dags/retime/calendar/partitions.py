"""Partitions: where published events are by time, on the clock of the data set's zone."""

from datetime import datetime, timedelta

from retime.calendar.arrival_hours import ArrivalWindow, floor_arrival
from retime.calendar.partitioning import UNITS, Partition
from retime.calendar.slices import Grain, Slice

_UNITS = {"hour": UNITS, "day": UNITS[:3]}


def partition_of(instant: datetime, slice_: Slice, grain: Grain) -> Partition:
    """Return the partition of an instant, by the clock of the slice's zone."""
    local = instant.astimezone(slice_.zone)
    return tuple(getattr(local, unit) for unit in _UNITS[grain])


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
    slice_: Slice, grain: Grain, *, before: timedelta, after: timedelta, period: timedelta
) -> dict[Partition, ArrivalWindow]:
    """Return, for every partition a slice can write, the arrivals that can matter to it.

    Args:
        slice_: the dates.
        grain: of the partitions.
        before: how long before a partition begins.
        after: how long after a partition is over.
        period: of the arrivals, which begin with a whole one.
    """
    return {
        partition: ArrivalWindow(start=floor_arrival(start - before, period), end=end + after)
        for partition, (start, end) in partition_spans(slice_, grain).items()
    }
