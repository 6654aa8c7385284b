"""The ledger: what each published partition knows about itself, in its Glue parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from retime import aws
from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.partitioning import Partition, Partitioning
from retime.calendar.selection import catalog_expression, select
from retime.calendar.slices import Slice

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

    from retime.dataset.deployment import Deployment

_PREFIX = "retime."
_PREVIOUS = "previous"
_TEXTS = (
    *("generation", "built_from", "built_through", "fingerprint", "run_id", "query_id"),
    *("published_at", "previous_location", "checked_through"),
)
_NUMBERS = ("rows", "bytes", "events", "late")
_FLAGS = {"settled": "is_settled", "pinned": "is_pinned"}
_TRUTH = {True: "true", False: "false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """How a published partition came to be; times are ISO 8601 in UTC.

    `built_from` and `built_through` are when the arrivals begin and end that were read for the
    partition, of those that can hold its events. `events` are the raw events that its rows were
    made from. Arrivals up to `checked_through` have been searched for more of its events: `late`
    were found. `is_settled` is whether none is waiting and no more can come. A partition that
    `is_pinned` was rolled back by hand. `previous` is the ledger of what it pointed at before, at
    `previous_location`.
    """

    generation: str
    rows: int
    bytes: int
    built_from: str
    built_through: str
    fingerprint: str
    run_id: str
    query_id: str
    published_at: str
    previous_location: str
    events: int
    checked_through: str
    late: int = 0
    is_settled: bool = False
    is_pinned: bool = False
    previous: Ledger | None = None

    @property
    def arrivals(self) -> ArrivalWindow:
        """What was read for the partition."""
        return ArrivalWindow(
            start=datetime.fromisoformat(self.built_from),
            end=datetime.fromisoformat(self.built_through),
        )

    @property
    def checked(self) -> datetime:
        """How far arrivals have been searched for more events of the partition."""
        return datetime.fromisoformat(self.checked_through)

    def after_check(self, through: datetime, found: int, *, is_last: bool) -> Ledger:
        """Return the ledger after a search of the arrivals since `checked_through`.

        Args:
            through: up to when arrivals were searched.
            found: the events of the partition among them.
            is_last: whether no event of it can arrive after that.
        """
        late = self.late + found
        return replace(
            self,
            checked_through=through.isoformat(),
            late=late,
            is_settled=is_last and not late,
        )

    def to_parameters(self) -> dict[str, str]:
        """Return the ledger as parameters of a Glue partition."""
        texts = _texts_of(self)
        if self.previous:
            texts[_PREVIOUS] = json.dumps(_texts_of(self.previous))
        return {_PREFIX + name: text for name, text in texts.items()}


def ledger_of(parameters: Mapping[str, str]) -> Ledger | None:
    """Return the ledger in a partition's parameters, or None if another tool made it."""
    texts = {
        name.removeprefix(_PREFIX): text
        for name, text in parameters.items()
        if name.startswith(_PREFIX)
    }
    try:
        before = json.loads(texts.pop(_PREVIOUS, "null"))
        return _read(texts, _read(before, None) if before else None)
    except (KeyError, TypeError, ValueError):
        return None


def _texts_of(ledger: Ledger) -> dict[str, str]:
    texts = {name: str(getattr(ledger, name)) for name in (*_TEXTS, *_NUMBERS)}
    return texts | {name: _TRUTH[getattr(ledger, field)] for name, field in _FLAGS.items()}


def _read(texts: Mapping[str, str], previous: Ledger | None) -> Ledger:
    # Version 0.2 did not count events, and did not look for late ones.
    unknown = {"events": texts["rows"], "checked_through": texts["built_through"], "late": "0"}
    texts = {**unknown, **texts}
    flags = {field: texts.get(name) == _TRUTH[True] for name, field in _FLAGS.items()}
    ledger = Ledger(
        **{name: texts[name] for name in _TEXTS},  # type: ignore[arg-type]
        **{name: int(texts[name]) for name in _NUMBERS},  # type: ignore[arg-type]
        **flags,  # type: ignore[arg-type]
        previous=previous,
    )
    moments = ledger.arrivals.start, ledger.arrivals.end, ledger.checked
    if not all(moment.tzinfo for moment in moments):
        raise ValueError("a ledger's times are in UTC")
    return ledger


def list_ledgers(
    glue: GlueClient, database: str, table: str, partitioning: Partitioning, dates: Slice
) -> dict[Partition, Ledger]:
    """Return the ledgers of a table's partitions from one date through another, in no order.

    The partitions of a date need not be known. A table that is not there has none.
    """
    found: dict[Partition, Ledger] = {}
    catalogued = aws.CatalogTable(database=database, name=table, keys=partitioning)
    expression = dates_expression(partitioning, dates)
    with suppress(glue.exceptions.EntityNotFoundException):
        for partition in aws.list_partitions(glue, catalogued, expression):
            if ledger := ledger_of(partition.parameters):
                found[partition.values] = ledger
    return found


def published_ledgers(deployment: Deployment, dates: Slice) -> dict[Partition, Ledger]:
    """Return the ledgers of the published partitions of dates, in no order."""
    table = deployment.data_set.published
    glue, database = deployment.clients.glue, deployment.database
    return list_ledgers(glue, database, table.name, table.partitioning, dates)


def dates_expression(partitioning: Partitioning, dates: Slice) -> str:
    """Return the expression of GetPartitions for the published partitions of dates."""
    days = [(day.year, day.month, day.day) for day in dates.dates]
    return catalog_expression(select(partitioning, days), is_canonical=True)


def other_parameters(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a partition that are not the ledger's."""
    return {key: value for key, value in parameters.items() if not key.startswith(_PREFIX)}


def with_ledger(found: aws.CatalogPartition, ledger: Ledger) -> aws.CatalogPartition:
    """Return a partition with another ledger; parameters of others are kept."""
    parameters = {**other_parameters(found.parameters), **ledger.to_parameters()}
    return replace(found, parameters=parameters)
