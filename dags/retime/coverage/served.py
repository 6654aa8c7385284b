"""What the page in Airflow's UI asks for: data sets, a year, the states of its months."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from retime.calendar.slices import Slice, cut_months
from retime.coverage.coverage import (
    FIRST_YEAR,
    has_before,
    last_built_year,
    read_coverage,
    registered_in,
)
from retime.coverage.page import page_data, table_data
from retime.errors import CatalogError, RequestError
from retime.published.facts import TableFacts, list_facts

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

LATEST = "latest"
"""Asks for the last year that has partitions."""


def list_data_sets(
    glue: GlueClient, database: str, dag_ids: Collection[str]
) -> list[dict[str, str]]:
    """Return the data sets with a published table, of some DAGs."""
    found = (
        {
            "data_set": facts.data_set,
            "dag_id": facts.dag_id,
            "table": f"{database}.{facts.table}",
        }
        for facts in list_facts(glue, database)
    )
    return [each for each in found if each["dag_id"] in dag_ids]


def read_year(
    glue: GlueClient, database: str, dag_id: str, wanted: str, now: datetime
) -> dict[str, Any]:
    """Return what the page shows of a year of the table of a DAG, before its months.

    Args:
        glue: the client.
        database: of the table.
        dag_id: of the DAG.
        wanted: a year, or `latest`.
        now: the time.

    Raises:
        CatalogError: the DAG has no published table.
        RequestError: there is no such year, or it has not begun.
    """
    facts = _facts_of_dag(glue, database, dag_id)
    complete = _last_complete(facts, now)
    if wanted == LATEST:
        year = last_built_year(glue, database, facts, complete.year) or complete.year
    else:
        year = _year(wanted, complete)
    return {
        **table_data(facts, database, region=glue.meta.region_name),
        "year": year,
        "months": len(_months_of(facts, year, complete)),
        "has_before": has_before(glue, database, facts, year),
        "has_after": year < complete.year,
    }


def read_month(
    glue: GlueClient, database: str, dag_id: str, wanted: tuple[str, str], now: datetime
) -> dict[str, Any]:
    """Return the states of a month of the table of a DAG, as `page_data` gives them.

    Args:
        glue: the client.
        database: of the table.
        dag_id: of the DAG.
        wanted: the year and the month.
        now: the time.

    Raises:
        CatalogError: the DAG has no published table.
        RequestError: there is no such month, or no date of it is over.
    """
    facts = _facts_of_dag(glue, database, dag_id)
    complete = _last_complete(facts, now)
    year = _year(wanted[0], complete)
    months = {str(dates.first_date.month): dates for dates in _months_of(facts, year, complete)}
    if (dates := months.get(wanted[1])) is None:
        raise RequestError(f"no date of a month {wanted[1][:20]!r} of {year} is over")
    coverage = read_coverage(glue, database, facts, dates, registered_in(glue, database, facts))
    return page_data(coverage)


def _last_complete(facts: TableFacts, now: datetime) -> date:
    return now.astimezone(facts.zone).date() - timedelta(days=1)


def _months_of(facts: TableFacts, year: int, complete: date) -> tuple[Slice, ...]:
    last = min(date(year, 12, 31), complete)
    return cut_months(Slice(first_date=date(year, 1, 1), last_date=last, zone=facts.zone))


def _facts_of_dag(glue: GlueClient, database: str, dag_id: str) -> TableFacts:
    found = list_facts(glue, database)
    for facts in found:
        if facts.dag_id == dag_id:
            return facts
    if dag_id.startswith("retime_"):
        raise CatalogError(
            f"{dag_id} has no published table in the database {database} yet; its first run "
            "creates it"
        )
    raise CatalogError(f"{dag_id} is not a DAG of Retime, so there is no coverage to show")


def _year(wanted: str, complete: date) -> int:
    year = int(wanted) if wanted.isdecimal() and len(wanted) == 4 else 0
    if not FIRST_YEAR <= year <= complete.year:
        raise RequestError(
            f"there is no year {wanted[:20]!r}; give one from {FIRST_YEAR} to {complete.year}"
        )
    return year
