"""Where events are by time: arrival hours in the raw data, partitions in the published table."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from retime.calendar.slices import Grain, Slice

HOUR = timedelta(hours=1)
ARRIVAL_KEYS = ("year", "month", "day", "hour")
_PARTITION_KEYS: dict[Grain, tuple[str, ...]] = {
    "hour": ("year", "month", "day", "hour"),
    "day": ("year", "month", "day"),
}
_ARRIVAL_PATH = re.compile(r"year=(\d{4})/month=(\d{2})/day=(\d{2})/hour=(\d{2})/")

Partition = tuple[int, ...]
"""The values of a published partition, in key order: (2024, 3, 31, 7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalWindow:
    """The arrival hours `[start, end)` in which the events of a slice are looked for, in UTC."""

    start: datetime
    end: datetime

    @property
    def hours(self) -> tuple[datetime, ...]:
        """Every arrival hour of the window, in order."""
        count = max(0, -(-(self.end - self.start) // HOUR))
        return tuple(self.start + n * HOUR for n in range(count))


def floor_hour(instant: datetime) -> datetime:
    """Return the UTC hour that an instant lies in."""
    return instant.astimezone(timezone.utc).replace(minute=0, second=0, microsecond=0)


def ceil_hour(instant: datetime) -> datetime:
    """Return the UTC hour that begins at an instant, or else the next one."""
    hour = floor_hour(instant)
    return hour if hour == instant else hour + HOUR


def arrival_window(
    slice_: Slice, *, look_back: timedelta, clock_skew: timedelta, max_lateness: timedelta
) -> ArrivalWindow:
    """Return the arrival hours that can hold what a slice needs.

    From the hour in which the earliest look-back event can have arrived, had its clock run ahead by
    the skew, up to the latest arrival of an event of the slice's last instant.
    """
    return ArrivalWindow(
        start=floor_hour(slice_.start - look_back - clock_skew), end=slice_.end + max_lateness
    )


def partition_keys(grain: Grain) -> tuple[str, ...]:
    """Return the names of the partition keys of a grain, coarsest first."""
    return _PARTITION_KEYS[grain]


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
    for instant in (slice_.start + n * step for n in range((slice_.end - slice_.start) // step)):
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
    return "".join(f"{k}={v}/" for k, v in zip(ARRIVAL_KEYS, partition, strict=False))


def is_hidden(path: str) -> bool:
    """Tell whether Athena takes no notice of an object, for its name; a folder's mark is one."""
    name = path.rpartition("/")[2]
    return not name or name.startswith(("_", "."))


def partition_in_path(path: str, grain: Grain) -> Partition | None:
    """Return the partition that a path below a generation lies in, or None if it lies in none."""
    pattern = "".join(f"{key}=(\\d+)/" for key in partition_keys(grain))
    match = re.match(pattern, path)
    return tuple(int(value) for value in match.groups()) if match else None


def arrival_path(hour: datetime) -> str:
    """Return the folder of an arrival hour, as Firehose writes it: zero-padded and in UTC."""
    return f"year={hour:%Y}/month={hour:%m}/day={hour:%d}/hour={hour:%H}/"


def arrival_hour_in_path(path: str) -> datetime | None:
    """Return the arrival hour of a path below the raw location, or None if it names none."""
    match = _ARRIVAL_PATH.match(path)
    return _arrival_hour(match.groups()) if match else None


def arrival_hour_of_values(values: Iterable[str]) -> datetime | None:
    """Return the arrival hour of raw partition values ('2024', '03', '31', '07'), or None."""
    return _arrival_hour(tuple(values))


def _arrival_hour(values: tuple[str, ...]) -> datetime | None:
    try:
        year, month, day, hour = (int(value) for value in values)
        return datetime(year, month, day, hour, tzinfo=timezone.utc)
    except ValueError:
        return None
