"""Arrival hours: where raw events are by time, in UTC."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from retime.calendar.slices import Slice

HOUR = timedelta(hours=1)
ARRIVAL_KEYS = ("year", "month", "day", "hour")
_ARRIVAL_PATH = re.compile(r"year=(\d{4})/month=(\d{2})/day=(\d{2})/hour=(\d{2})/")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalWindow:
    """The arrival hours `[start, end)` in which events are looked for, in UTC."""

    start: datetime
    end: datetime

    @property
    def hours(self) -> tuple[datetime, ...]:
        """Every arrival hour of the window, in order."""
        count = max(0, -(-(self.end - self.start) // HOUR))
        return tuple(self.start + n * HOUR for n in range(count))

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


def windows_of_hours(hours: Iterable[datetime]) -> tuple[ArrivalWindow, ...]:
    """Return arrival hours, in any order, as the fewest windows that have them and no others."""
    windows: list[ArrivalWindow] = []
    for hour in sorted(hours):
        if windows and windows[-1].end == hour:
            windows[-1] = ArrivalWindow(start=windows[-1].start, end=hour + HOUR)
        else:
            windows.append(ArrivalWindow(start=hour, end=hour + HOUR))
    return tuple(windows)


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


def arrival_path(hour: datetime) -> str:
    """Return the folder of an arrival hour, as Firehose writes it: zero-padded and in UTC."""
    return f"year={hour:%Y}/month={hour:%m}/day={hour:%d}/hour={hour:%H}/"


def arrival_hour_in_path(path: str) -> datetime | None:
    """Return the arrival hour of a path below the raw location, or None if it names none."""
    match = _ARRIVAL_PATH.match(path)
    return arrival_hour_of(tuple(int(value) for value in match.groups())) if match else None


def arrival_hour_of(values: tuple[int, ...]) -> datetime | None:
    """Return the arrival hour of the values of a raw partition (2024, 3, 31, 7), or None."""
    if len(values) != len(ARRIVAL_KEYS):
        return None
    try:
        return datetime(values[0], values[1], values[2], values[3], tzinfo=timezone.utc)
    except ValueError:
        return None
