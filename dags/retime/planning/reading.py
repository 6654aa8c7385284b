"""The states of dates, read from the catalog, and from S3 for what was never built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from retime.calendar.arrival_hours import ArrivalWindow, join_windows
from retime.calendar.partitioning import DAILY, Partition
from retime.calendar.partitions import partition_windows
from retime.calendar.slices import Slice, cut_months
from retime.dataset.deployment import Deployment
from retime.planning.state import DateCoverage, cover
from retime.published.facts import TableFacts, facts_of
from retime.published.ledger import Ledger, list_ledgers
from retime.raw.landed import list_landed
from retime.raw.table import read_raw_table
from retime.statements.rendering import any_source, fingerprint

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

LandedIn = Callable[[ArrivalWindow], Iterable[datetime]]
"""Gives the arrival hours of a window that hold raw events; others do no harm."""

# boto3 keeps 10 connections to a service.
_LISTINGS = 8


def facts_today(deployment: Deployment) -> TableFacts:
    """Return the facts of a data set's table, with the fingerprint of the SQL as it is."""
    data_set = deployment.data_set
    raw = read_raw_table(deployment.clients.glue, deployment.database, data_set.raw)
    return facts_of(data_set, fingerprint(any_source(data_set, raw)))


def landed_on_s3(deployment: Deployment) -> LandedIn:
    """Return what asks S3 for the arrival hours that hold raw events."""
    s3, raw = deployment.clients.s3, deployment.data_set.raw
    return lambda window: list_landed(s3, raw, window)


def read_states(
    glue: GlueClient, database: str, facts: TableFacts, dates: Slice, landed_in: LandedIn
) -> list[DateCoverage]:
    """Return the states of dates.

    Args:
        glue: the client.
        database: of the table.
        facts: of the table.
        dates: the dates.
        landed_in: asked about the arrivals of the partitions that were never built.
    """
    ledgers = _list_by_month(glue, database, facts, dates)
    quarantine = list_ledgers(glue, database, facts.quarantine, DAILY, dates)
    landed = _landed_of_unbuilt(facts, dates, ledgers, landed_in)
    quarantined = {partition: ledger.rows for partition, ledger in quarantine.items()}
    return cover(facts, dates, ledgers, landed, quarantined)


def _list_by_month(
    glue: GlueClient, database: str, facts: TableFacts, dates: Slice
) -> dict[Partition, Ledger]:
    """List the ledgers of a table, months at a time: Glue gives 1,000 a call, one after another."""
    ledgers: dict[Partition, Ledger] = {}
    with ThreadPoolExecutor(_LISTINGS) as pool:
        read = partial(list_ledgers, glue, database, facts.table, facts.partitioning)
        for found in pool.map(read, cut_months(dates)):
            ledgers |= found
    return ledgers


def _landed_of_unbuilt(
    facts: TableFacts, dates: Slice, ledgers: Mapping[Partition, Ledger], landed_in: LandedIn
) -> set[datetime]:
    built = Counter(partition[:3] for partition in ledgers)
    # Where clocks skip an hour a whole date has 23, which costs a look and changes nothing.
    whole = 24 if facts.grain == "hour" else 1
    unbuilt: list[ArrivalWindow] = []
    for day in dates.dates:
        if built[day.year, day.month, day.day] < whole:
            windows = partition_windows(
                Slice(first_date=day, last_date=day, zone=dates.zone),
                facts.grain,
                before=facts.clock_skew,
                after=facts.max_lateness,
                period=facts.raw.period,
            )
            unbuilt += [window for each, window in windows.items() if each not in ledgers]
    hours: set[datetime] = set()
    for window in join_windows(unbuilt):
        hours.update(landed_in(window))
    return hours
