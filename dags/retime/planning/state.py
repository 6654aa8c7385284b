"""The state of each partition and date: the one place that decides it.

| state | meaning |
|---|---|
| missing | raw has landed, nothing was built |
| late | events have landed after what it was built through |
| outdated | built by another transformation than today's |
| pinned | rolled back by hand; not replaced until it is unpinned |
| provisional | built; more events may arrive |
| settled | built; none can arrive any more, and none is waiting |
| no raw | nothing was built, and there is nothing to build it from |
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from retime.calendar.partitioning import Partition
from retime.calendar.partitions import partition_windows
from retime.calendar.slices import Slice
from retime.published.facts import TableFacts
from retime.published.ledger import Ledger

State = Literal["missing", "late", "outdated", "pinned", "provisional", "settled", "no raw"]

STATES: tuple[State, ...] = (
    "missing",
    "late",
    "outdated",
    "pinned",
    "provisional",
    "settled",
    "no raw",
)
"""From worst to best: a date has the state of its worst partition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionCoverage:
    """The state of one partition, and its ledger; None if it was never built."""

    partition: Partition
    state: State
    ledger: Ledger | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DateCoverage:
    """The state of one date, with its partitions in order; `quarantined` records arrived on it."""

    date: date
    state: State
    partitions: tuple[PartitionCoverage, ...]
    quarantined: int

    @property
    def ledgers(self) -> tuple[Ledger, ...]:
        """The ledgers of the partitions that were built."""
        return tuple(each.ledger for each in self.partitions if each.ledger)

    def count(self, state: State) -> int:
        """Return how many partitions have a state."""
        return sum(each.state == state for each in self.partitions)


def state_of(
    ledger: Ledger | None, *, has_raw: bool, arrivals_end: datetime, fingerprint: str
) -> State:
    """Return the state of a partition.

    Args:
        ledger: its own; None if it was never built.
        has_raw: whether anything has landed that can be its events.
        arrivals_end: when its max lateness is over.
        fingerprint: of today's transformation.
    """
    if ledger is None:
        return "missing" if has_raw else "no raw"
    if ledger.is_pinned:
        return "pinned"
    if ledger.fingerprint != fingerprint:
        return "outdated"
    if ledger.late:
        return "late"
    return "settled" if ledger.checked >= arrivals_end else "provisional"


def worst_of(states: Iterable[State]) -> State:
    """Return the state of a date, from those of its partitions."""
    return min(states, key=STATES.index)


def cover(
    facts: TableFacts,
    dates: Slice,
    ledgers: Mapping[Partition, Ledger],
    landed: Iterable[datetime],
    quarantined: Mapping[Partition, int] | None = None,
) -> list[DateCoverage]:
    """Return the state of each date, and of each of its partitions.

    Args:
        facts: of the table.
        dates: the dates.
        ledgers: of its partitions that were built.
        landed: the arrival hours that hold raw events, at least those that unbuilt partitions need.
        quarantined: the records in quarantine by arrival day.
    """
    windows = partition_windows(
        dates,
        facts.grain,
        before=facts.clock_skew,
        after=facts.max_lateness,
        period=facts.raw.period,
    )
    hours = sorted(landed)
    by_date: dict[date, list[PartitionCoverage]] = {day: [] for day in dates.dates}
    for partition, window in windows.items():
        ledger = ledgers.get(partition)
        has_raw = ledger is None and _has_one_between(hours, window.start, window.end)
        state = state_of(
            ledger, has_raw=has_raw, arrivals_end=window.end, fingerprint=facts.fingerprint
        )
        found = PartitionCoverage(partition=partition, state=state, ledger=ledger)
        by_date[date(*partition[:3])].append(found)
    return [
        DateCoverage(
            date=day,
            state=worst_of(each.state for each in found),
            partitions=tuple(found),
            quarantined=(quarantined or {}).get((day.year, day.month, day.day), 0),
        )
        for day, found in by_date.items()
        if found
    ]


def _has_one_between(hours: Sequence[datetime], start: datetime, end: datetime) -> bool:
    first = bisect_left(hours, start)
    return first < len(hours) and hours[first] < end
