"""The state of the dates of a published table, as far as its catalog entries say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from retime import aws
from retime.calendar.arrival_hours import ArrivalWindow, span_of
from retime.calendar.slices import Slice
from retime.planning.reading import LandedIn, read_states
from retime.planning.state import STATES, DateCoverage, PartitionCoverage, State
from retime.published.facts import TableFacts
from retime.published.ledger import dates_expression, list_ledgers
from retime.raw.partitions import registered_hours
from retime.raw.table import find_raw_table

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient


FIRST_YEAR = 1970
"""No data set has earlier dates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The states of a table's dates; `facts` are of the table, and `dates` in order."""

    facts: TableFacts
    database: str
    dates: tuple[DateCoverage, ...]

    def count(self, state: State) -> int:
        """Return how many dates have a state."""
        return sum(day.state == state for day in self.dates)

    def to_json(self) -> dict[str, Any]:
        """Return the plain value that is printed, and that the page shows."""
        return {
            "data_set": self.facts.data_set,
            "dag_id": self.facts.dag_id,
            "database": self.database,
            "table": self.facts.table,
            "zone": self.facts.zone.key,
            "grain": self.facts.grain,
            "states": {state: self.count(state) for state in STATES},
            "dates": [_date_to_json(day) for day in self.dates],
        }


def read_coverage(
    glue: GlueClient, database: str, facts: TableFacts, dates: Slice, landed_in: LandedIn
) -> Coverage:
    """Read the states of dates from the catalog.

    Args:
        glue: the client.
        database: of the table.
        facts: of the table.
        dates: the dates.
        landed_in: asked about the arrivals of the partitions that were never built.
    """
    states = read_states(glue, database, facts, dates, landed_in)
    return Coverage(facts=facts, database=database, dates=tuple(states))


def registered_in(glue: GlueClient, database: str, facts: TableFacts) -> LandedIn:
    """Return what gives the arrival hours that the catalog knows of the raw table.

    Each month is listed once, whatever number of windows lies in it.
    """
    months: dict[tuple[int, int], set[datetime]] = {}

    def landed_in(window: ArrivalWindow) -> Iterable[datetime]:
        hours = window.hours(facts.raw.period)
        wanted = dict.fromkeys((hour.year, hour.month) for hour in hours)
        if unlisted := [month for month in wanted if month not in months]:
            raw = find_raw_table(glue, database, facts.raw)
            if raw and raw.is_projected:
                return hours  # the catalog does not know, and a date must not pass for one without
            for month in unlisted:
                whole = span_of(month)
                months[month] = registered_hours(glue, raw, whole) if raw and whole else set()
        return set[datetime]().union(*(months[month] for month in wanted))

    return landed_in


def has_partitions(
    glue: GlueClient, database: str, facts: TableFacts, first: date, last: date
) -> bool:
    """Return whether a table has partitions from one date through another."""
    dates = Slice(first_date=first, last_date=last, zone=facts.zone)
    table = aws.CatalogTable(database=database, name=facts.table, keys=facts.partitioning)
    expression = dates_expression(facts.partitioning, dates)
    return next(aws.list_partitions(glue, table, expression, page_size=1), None) is not None


def has_before(glue: GlueClient, database: str, facts: TableFacts, year: int) -> bool:
    """Return whether a table has partitions of years before one."""
    first, last = date(FIRST_YEAR, 1, 1), date(year - 1, 12, 31)
    return year > FIRST_YEAR and has_partitions(glue, database, facts, first, last)


def last_built_year(glue: GlueClient, database: str, facts: TableFacts, year: int) -> int | None:
    """Return the last year up to one that has partitions, or None."""
    while year >= FIRST_YEAR and not has_partitions(
        glue, database, facts, date(year, 1, 1), date(year, 12, 31)
    ):
        if not has_before(glue, database, facts, year):
            return None
        year -= 1
    return year if year >= FIRST_YEAR else None


def first_built(glue: GlueClient, database: str, facts: TableFacts, today: date) -> date | None:
    """Return the first date up to one that has a partition, or None."""
    first = None
    year: int | None = today.year
    while year and (year := last_built_year(glue, database, facts, year)):
        first, year = year, year - 1
    if first is None:
        return None
    whole = Slice(first_date=date(first, 1, 1), last_date=today, zone=facts.zone)
    ledgers = list_ledgers(glue, database, facts.table, facts.partitioning, whole)
    return min((date(*partition[:3]) for partition in ledgers), default=None)


def _date_to_json(day: DateCoverage) -> dict[str, Any]:
    ledgers = day.ledgers
    built = max((ledger.published_at for ledger in ledgers), default=None)
    return {
        "date": str(day.date),
        "state": day.state,
        "partitions": {state: n for state in STATES if (n := day.count(state))},
        "rows": sum(ledger.rows for ledger in ledgers),
        "bytes": sum(ledger.bytes for ledger in ledgers),
        "late": sum(ledger.late for ledger in ledgers),
        "quarantined": day.quarantined,
        "built": built,
        "generation": max((ledger.generation for ledger in ledgers), default=None),
        "hours": [_partition_to_json(each) for each in day.partitions],
    }


def _partition_to_json(each: PartitionCoverage) -> dict[str, Any]:
    ledger = each.ledger
    value: dict[str, Any] = {"partition": list(each.partition), "state": each.state}
    if ledger:
        value |= {
            "rows": ledger.rows,
            "bytes": ledger.bytes,
            "late": ledger.late,
            "built": ledger.published_at,
            "through": ledger.built_through,
            "checked": ledger.checked_through,
            "generation": ledger.generation,
            "run_id": ledger.run_id,
            "query_id": ledger.query_id,
        }
    return value
