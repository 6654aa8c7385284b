"""A search for late events: which arrivals, for which published partitions, and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from retime.calendar.partitioning import Partition


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """What is to be searched for one partition: the arrivals from `since` up to `through`.

    `known` late events were found before, and `found` by this search. `events` are those that it
    was built from. A partition of a built date that is not in the catalog `is_missing`. After the
    search `is_last` says that no more can arrive; the ledger's `is_settled` may not say so yet.
    """

    since: datetime
    through: datetime
    known: int
    events: int
    is_last: bool
    is_missing: bool
    is_settled: bool = False
    found: int = 0

    @property
    def waiting(self) -> int:
        """The events of the partition that are not in it."""
        return self.known + self.found

    @property
    def is_news(self) -> bool:
        """Whether the ledger does not say yet what the search found."""
        becomes_settled = self.is_last and not self.waiting and not self.is_settled
        return not self.is_missing and (
            self.found > 0 or self.through > self.since or becomes_settled
        )

    def to_json(self) -> list[Any]:
        """Return the plain value that goes from task to task."""
        return [
            self.since.isoformat(),
            self.through.isoformat(),
            *(self.known, self.events, self.is_last, self.is_missing, self.is_settled, self.found),
        ]

    @classmethod
    def from_json(cls, value: Sequence[Any]) -> Unread:
        """Return what `to_json` made a plain value of."""
        since, through, known, events, is_last, is_missing, is_settled, found = value
        return cls(
            since=datetime.fromisoformat(since),
            through=datetime.fromisoformat(through),
            known=known,
            events=events,
            is_last=is_last,
            is_missing=is_missing,
            is_settled=is_settled,
            found=found,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search for late events, by partition; empty where nothing has to be searched."""

    partitions: Mapping[Partition, Unread]
    scanned_bytes: int = 0

    @property
    def waiting(self) -> dict[date, int]:
        """The events that are not in the table, of the dates that lack some, in order."""
        return self._by_date("waiting")

    @property
    def missing(self) -> set[date]:
        """The dates with a partition that is not in the catalog although raw has landed for it."""
        return {date(*partition[:3]) for partition, u in self.partitions.items() if u.is_missing}

    @property
    def events(self) -> dict[date, int]:
        """The events that each date was built from, of those with at least one."""
        return self._by_date("events")

    def with_found(self, found: Mapping[Partition, int], scanned_bytes: int) -> Search:
        """Return the search with what it found, and what its query scanned."""
        return Search(
            scanned_bytes=scanned_bytes,
            partitions={
                partition: replace(unread, found=found.get(partition, 0))
                for partition, unread in self.partitions.items()
            },
        )

    def to_json(self) -> dict[str, Any]:
        """Return the plain value that goes from task to task."""
        partitions = [[list(p), *unread.to_json()] for p, unread in self.partitions.items()]
        return {"partitions": partitions, "scanned_bytes": self.scanned_bytes}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Search:
        """Return what `to_json` made a plain value of."""
        partitions = {tuple(p): Unread.from_json(unread) for p, *unread in value["partitions"]}
        return cls(partitions=partitions, scanned_bytes=value["scanned_bytes"])

    def _by_date(self, name: str) -> dict[date, int]:
        totals: dict[date, int] = {}
        for partition, unread in sorted(self.partitions.items()):
            if number := getattr(unread, name):
                day = date(*partition[:3])
                totals[day] = totals.get(day, 0) + number
        return totals
