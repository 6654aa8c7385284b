"""Published tables whose dates have every state, in the catalog or as values."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

from retime import aws
from retime.calendar.partitioning import DAILY, HOURLY, Partition
from retime.calendar.partitions import partition_windows
from retime.calendar.slices import Slice
from retime.coverage.coverage import Coverage
from retime.planning.state import State, cover
from retime.published.facts import _PARAMETER as FACTS
from retime.published.facts import TableFacts, facts_of
from retime.published.ledger import Ledger
from retime.published.tables import table_input
from tests.unit.samples import TRAFFIC

FINGERPRINT = "0123456789abcdef"
FACTS_OF_TRAFFIC = facts_of(TRAFFIC, FINGERPRINT)
EACH_STATE: dict[str, State] = {
    "2024-03-25": "settled",
    "2024-03-26": "missing",
    "2024-03-27": "late",
    "2024-03-28": "outdated",
    "2024-03-29": "pinned",
    "2024-03-30": "provisional",
    "2024-03-31": "no raw",
}
"""Dates and the states that `ledgers_of_each_state` gives them; each but the last has raw."""

FIRST, LAST = date(2024, 3, 25), date(2024, 3, 31)
RUN_ID = "scheduled__2024-03-25T00:00:00+00:00"


def ledger(partition: Partition, state: State = "settled", **changes: Any) -> Ledger:
    """The ledger of a partition that has a state."""
    day = datetime(*partition[:3], tzinfo=timezone.utc)
    through = day + timedelta(days=1 if state == "provisional" else 4)
    return replace(
        Ledger(
            generation=f"{day:%Y%m%d}t000000z_1a2b3c4d",
            rows=10 + partition[-1],
            bytes=4096,
            events=20,
            built_from=day.isoformat(),
            built_through=through.isoformat(),
            checked_through=through.isoformat(),
            fingerprint="another" if state == "outdated" else FINGERPRINT,
            run_id=RUN_ID,
            query_id=f"query-{day:%d}",
            published_at=through.isoformat(),
            previous_location="",
            late=7 if state == "late" else 0,
            is_pinned=state == "pinned",
        ),
        **changes,
    )


def dates_of(first: date = FIRST, last: date = LAST, facts: TableFacts = FACTS_OF_TRAFFIC) -> Slice:
    """The dates from one through another, in a table's zone."""
    return Slice(first_date=first, last_date=last, zone=facts.zone)


def hours_of(dates: Slice, facts: TableFacts = FACTS_OF_TRAFFIC) -> list[Partition]:
    """Every partition of dates."""
    nothing = timedelta()
    windows = partition_windows(
        dates, facts.grain, before=nothing, after=nothing, period=facts.raw.period
    )
    return list(windows)


def ledgers_of_each_state() -> dict[Partition, Ledger]:
    """Ledgers of a week: whole days, except for one late hour in a settled day."""
    found = {}
    for partition in hours_of(dates_of()):
        state = EACH_STATE[str(date(*partition[:3]))]
        if state == "late" and partition[3] != 7:
            state = "settled"
        if state not in ("missing", "no raw"):
            found[partition] = ledger(partition, state)
    return found


def landed_of_each_state() -> list[datetime]:
    """The arrival hours that hold raw: of the missing date, and none since."""
    return [datetime(2024, 3, 26, hour, tzinfo=timezone.utc) for hour in range(24)]


def coverage_of(
    ledgers: Mapping[Partition, Ledger],
    dates: Slice | None = None,
    *,
    landed: Iterable[datetime] = (),
    quarantined: Mapping[Partition, int] | None = None,
    facts: TableFacts = FACTS_OF_TRAFFIC,
) -> Coverage:
    """The coverage of a table with these ledgers."""
    found = cover(facts, dates or dates_of(), ledgers, landed, quarantined)
    return Coverage(facts=facts, database="retime", dates=tuple(found))


def week() -> Coverage:
    """A date of each state, and 5 records in quarantine on the late one."""
    return coverage_of(
        ledgers_of_each_state(),
        landed=landed_of_each_state(),
        quarantined={(2024, 3, 27): 5},
    )


def create_table(
    glue: Any,
    database: str,
    ledgers: Mapping[Partition, Ledger],
    facts: TableFacts = FACTS_OF_TRAFFIC,
    *,
    name: str | None = None,
) -> None:
    """Create a published table, or its quarantine by name, with these partitions."""
    name = name or facts.table
    keys = DAILY if len(next(iter(ledgers), ())) == 3 else HOURLY
    table = table_input(name, f"s3://published/{name}/", {"id": "string"}, keys)
    if name == facts.table:
        table = {**table, "Parameters": {**table["Parameters"], FACTS: facts.to_text()}}
    glue.create_table(DatabaseName=database, TableInput=table)
    partitions = [
        aws.CatalogPartition(
            values=partition,
            location=f"s3://published/{name}/v=1/{keys.folder(partition)}",
            storage={"Columns": [{"Name": "id", "Type": "string"}]},
            parameters=made.to_parameters(),
        )
        for partition, made in ledgers.items()
    ]
    created = aws.CatalogTable(database=database, name=name, keys=keys)
    assert not aws.create_partitions(glue, created, partitions)


def create_raw(glue: Any, database: str, hours: Iterable[datetime]) -> None:
    """Create the raw table with these arrival hours registered, by keys of text."""
    raw = FACTS_OF_TRAFFIC.raw
    keys = [{"Name": key, "Type": "string"} for key in raw.partitioning.names]
    storage: Any = {"Columns": [{"Name": "beschrijvende_id", "Type": "string"}]}
    glue.create_table(
        DatabaseName=database,
        TableInput={
            "Name": raw.table,
            "PartitionKeys": keys,
            "StorageDescriptor": storage,
        },
    )
    partitions = [
        aws.CatalogPartition(
            values=(hour.year, hour.month, hour.day, hour.hour), location="", storage=storage
        )
        for hour in hours
    ]
    table = aws.CatalogTable(database=database, name=raw.table, keys=raw.partitioning)
    assert not aws.create_partitions(glue, table, partitions)


def create_week(glue: Any, database: str) -> None:
    """The tables of `week` in the catalog."""
    create_table(glue, database, ledgers_of_each_state())
    quarantined = ledger((2024, 3, 27), rows=5)
    quarantine = FACTS_OF_TRAFFIC.quarantine
    create_table(glue, database, {(2024, 3, 27): quarantined}, name=quarantine)
    create_raw(glue, database, landed_of_each_state())
