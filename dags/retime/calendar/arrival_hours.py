"""Arrival hours: where raw events are by time, in UTC; days, where raw has a folder a day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from retime.calendar.slices import Slice

HOUR = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalWindow:
    """The arrivals `[start, end)` in which events are looked for, in UTC."""

    start: datetime
    end: datetime

    def hours(self, period: timedelta) -> tuple[datetime, ...]:
        """Return every arrival hour of the window, in order; or days, by the period of raw."""
        first = ceil_arrival(self.start, period)
        count = max(0, -(-(self.end - first) // period))
        return tuple(first + n * period for n in range(count))

    @property
    def is_empty(self) -> bool:
        """Whether there is no instant in the window."""
        return self.end <= self.start

    def to_json(self) -> dict[str, str]:
        """Return the plain value that goes from task to task."""
        return {"from": self.start.isoformat(), "before": self.end.isoformat()}

    @classmethod
    def from_json(cls, value: Mapping[str, str]) -> "ArrivalWindow":
        """Return what `to_json` made a plain value of."""
        return cls(
            start=datetime.fromisoformat(value["from"]), end=datetime.fromisoformat(value["before"])
        )

    def intersect(self, other: "ArrivalWindow") -> "ArrivalWindow":
        """Return what both windows have; empty where they do not meet."""
        return ArrivalWindow(start=max(self.start, other.start), end=min(self.end, other.end))


def windows_of_hours(hours: Iterable[datetime], period: timedelta) -> tuple[ArrivalWindow, ...]:
    """Return arrival hours, in any order, as the fewest windows that have them and no others."""
    each = (ArrivalWindow(start=hour, end=hour + period) for hour in hours)
    return tuple(join_windows(each))


def join_windows(windows: Iterable[ArrivalWindow]) -> list[ArrivalWindow]:
    """Return windows, in any order, as the fewest that have their instants and no others."""
    joined: list[ArrivalWindow] = []
    for window in sorted(windows, key=lambda window: window.start):
        if joined and window.start <= joined[-1].end:
            end = max(joined[-1].end, window.end)
            joined[-1] = ArrivalWindow(start=joined[-1].start, end=end)
        else:
            joined.append(window)
    return joined


def floor_arrival(instant: datetime, period: timedelta) -> datetime:
    """Return the arrival hour that an instant lies in; or day, by the period of raw."""
    return instant.astimezone(timezone.utc) - (instant - _EPOCH) % period


def ceil_arrival(instant: datetime, period: timedelta) -> datetime:
    """Return the arrival hour that begins at an instant, or else the next one; or day."""
    return instant.astimezone(timezone.utc) + (_EPOCH - instant) % period


def arrival_window(
    slice_: Slice,
    *,
    look_back: timedelta,
    clock_skew: timedelta,
    max_lateness: timedelta,
    period: timedelta,
) -> ArrivalWindow:
    """Return the arrivals that can hold what a slice needs.

    From the hour in which the earliest look-back event can have arrived, had its clock run ahead by
    the skew, up to the latest arrival of an event of the slice's last instant.
    """
    start = floor_arrival(slice_.start - look_back - clock_skew, period)
    return ArrivalWindow(start=start, end=slice_.end + max_lateness)


def span_of(units: tuple[int, ...]) -> ArrivalWindow | None:
    """Return the time of an hour (2024, 3, 31, 7), date, month or year; None if there is none."""
    year, month, day, hour = (*units, *(1, 1, 0)[len(units) - 1 :])
    try:
        start = datetime(year, month, day, hour, tzinfo=timezone.utc)
        ends = (
            start.replace(year=year + 1) if len(units) == 1 else start,
            (start + timedelta(days=32)).replace(day=1),
            start + timedelta(days=1),
            start + HOUR,
        )
    except (ValueError, OverflowError):
        return None
    return ArrivalWindow(start=start, end=ends[len(units) - 1])


def partition_of_arrival(hour: datetime, period: timedelta) -> tuple[int, ...]:
    """Return the units of an arrival hour (2024, 3, 31, 7), or of an arrival day."""
    whole = (hour.year, hour.month, hour.day, hour.hour)
    return whole if period == HOUR else whole[:3]
