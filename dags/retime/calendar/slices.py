"""Event dates cut into slices: ranges that one Athena statement can write."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Literal
from zoneinfo import ZoneInfo

from retime.errors import RequestError

Grain = Literal["hour", "day"]

# INSERT INTO, CTAS and UNLOAD each write at most 100 partitions:
# https://docs.aws.amazon.com/athena/latest/ug/ctas-insert-into.html
MAX_PARTITIONS = 100
_PARTITIONS_A_DAY: dict[Grain, int] = {"hour": 24, "day": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Whole event dates from `first_date` through `last_date`, in the zone that dates are of.

    Raises:
        RequestError: the last date is before the first.
    """

    first_date: date
    last_date: date
    zone: ZoneInfo

    def __post_init__(self) -> None:
        """Refuse a range that ends before it starts."""
        if self.last_date < self.first_date:
            raise RequestError(
                f"the last date {self.last_date} is before the first date {self.first_date}: "
                "give a first date that is not after the last"
            )

    @property
    def start(self) -> datetime:
        """The first instant of the first date, in UTC."""
        return _first_instant(self.first_date, self.zone)

    @property
    def end(self) -> datetime:
        """The instant at which the last date is over, in UTC; not part of the slice."""
        return _first_instant(self.last_date + timedelta(days=1), self.zone)

    @property
    def dates(self) -> tuple[date, ...]:
        """Every event date of the slice, in order."""
        days = (self.last_date - self.first_date).days
        return tuple(self.first_date + timedelta(days=n) for n in range(days + 1))

    def to_json(self) -> dict[str, str]:
        """Return the plain value that goes from task to task."""
        return {
            "first_date": str(self.first_date),
            "last_date": str(self.last_date),
            "zone": self.zone.key,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, str]) -> "Slice":
        """Return what `to_json` made a plain value of; other keys are ignored."""
        return cls(
            first_date=date.fromisoformat(value["first_date"]),
            last_date=date.fromisoformat(value["last_date"]),
            zone=ZoneInfo(value["zone"]),
        )

    def __str__(self) -> str:
        """One date, or the first and the last."""
        if self.first_date == self.last_date:
            return str(self.first_date)
        return f"{self.first_date} to {self.last_date}"


def days_per_slice(grain: Grain) -> int:
    """Return how many dates one statement can write: 4 with hourly partitions, 100 with daily."""
    return MAX_PARTITIONS // _PARTITIONS_A_DAY[grain]


def cut_slices(whole: Slice, grain: Grain) -> tuple[Slice, ...]:
    """Cut a range of dates, from its first date on, into as few slices as the grain allows."""
    step = timedelta(days=days_per_slice(grain))
    return tuple(_cut(whole, step))


def cut_months(whole: Slice) -> tuple[Slice, ...]:
    """Cut a range of dates at the ends of months."""
    months: list[Slice] = []
    first = whole.first_date
    while first <= whole.last_date:
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        last = min(following - timedelta(days=1), whole.last_date)
        months.append(Slice(first_date=first, last_date=last, zone=whole.zone))
        first = following
    return tuple(months)


def join_dates(dates: Iterable[date], zone: ZoneInfo) -> tuple[Slice, ...]:
    """Return dates, in any order, as the fewest ranges that have them and no others."""
    ranges: list[tuple[date, date]] = []
    for day in sorted(set(dates)):
        if ranges and ranges[-1][1] + timedelta(days=1) == day:
            ranges[-1] = ranges[-1][0], day
        else:
            ranges.append((day, day))
    return tuple(Slice(first_date=first, last_date=last, zone=zone) for first, last in ranges)


def _cut(whole: Slice, step: timedelta) -> Iterator[Slice]:
    first = whole.first_date
    while first <= whole.last_date:
        last = min(first + step - timedelta(days=1), whole.last_date)
        yield Slice(first_date=first, last_date=last, zone=whole.zone)
        first = last + timedelta(days=1)


def _first_instant(day: date, zone: ZoneInfo) -> datetime:
    # Where clocks skip midnight, Python reads the missing 00:00 with the offset from before the
    # change (PEP 495, fold=0), which is the very instant of the change: the day's first.
    return datetime.combine(day, time(), tzinfo=zone).astimezone(timezone.utc)
