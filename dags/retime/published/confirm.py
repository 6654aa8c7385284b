"""Write into the ledgers of published partitions what a search for late events has found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from retime import aws
from retime.calendar.slices import Slice
from retime.dataset.deployment import Deployment
from retime.published.changes import change_partitions
from retime.published.ledger import Ledger, published_ledgers, with_ledger
from retime.published.search import Search, Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What a search has changed: the partitions whose ledgers it updated, the dates it settled."""

    updated: int
    settled: tuple[date, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the plain value that goes to the report."""
        return {"updated": self.updated, "settled": [str(day) for day in self.settled]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Confirmed:
        """Return what `to_json` made a plain value of."""
        settled = tuple(date.fromisoformat(day) for day in value["settled"])
        return cls(updated=value["updated"], settled=settled)


def confirm(deployment: Deployment, search: Search) -> Confirmed:
    """Write a search into the ledgers; safe to repeat.

    A partition that was built meanwhile has seen other arrivals: what the search says of it is left
    out, and the next search looks again.

    Raises:
        PublishError: the catalog did not take a change.
    """

    def change(found: aws.CatalogPartition, ledger: Ledger) -> aws.CatalogPartition | None:
        after = after_search(ledger, search.partitions[found.values])
        return with_ledger(found, after) if after else None

    updated = change_partitions(deployment, search.partitions, change)
    # All of a search were open before it, also those that an earlier try of this has updated.
    days = {date(*partition[:3]) for partition in search.partitions} - search.missing
    return Confirmed(updated=updated, settled=settled_dates(deployment, days))


def after_search(ledger: Ledger | None, unread: Unread) -> Ledger | None:
    """Return the ledger of a partition after a search; None if the search says nothing new of it.

    What was not found since an hour cannot be missing from what was checked up to a later one. But
    how many were found depends on where the search began.
    """
    if ledger is None or ledger.is_pinned:
        return None
    if ledger.checked >= unread.through:
        # Of version 0.2, or of a longer max lateness: nothing is left to search, and final.
        is_final = unread.is_last and not ledger.late
        return replace(ledger, is_settled=True) if is_final and not ledger.is_settled else None
    if ledger.checked < unread.since or (unread.found and ledger.checked != unread.since):
        return None
    return ledger.after_check(unread.through, unread.found, is_last=unread.is_last)


def settled_dates(deployment: Deployment, days: set[date]) -> tuple[date, ...]:
    """Return those dates of which each partition is settled, in order."""
    if not days:
        return ()
    dates = Slice(first_date=min(days), last_date=max(days), zone=deployment.data_set.zone)
    ledgers = published_ledgers(deployment, dates)
    is_open = {date(*p[:3]) for p, ledger in ledgers.items() if not ledger.is_settled}
    built = {date(*partition[:3]) for partition in ledgers}
    return tuple(sorted((days & built) - is_open))
