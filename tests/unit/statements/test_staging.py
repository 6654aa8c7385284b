"""A slice is staged in a table of its own, at a location that nobody used before."""

import pytest

from retime.calendar.arrival_hours import ArrivalWindow
from retime.errors import CatalogError, DataSetError, RunError
from retime.published.results import Generation, Staged
from retime.statements.audit import audit_statement, conclude_audit
from retime.statements.staging import begin_stage, conclude_stage
from tests.accounts import Account
from tests.unit.raw.landings import HOURS, NEXT, Landing
from tests.unit.samples import days

DAY = days("2024-03-28")
WINDOW = ArrivalWindow(start=HOURS[0], end=NEXT)
GENERATION = "20240329t000102z_1a2b3c4d"
KEYS = ["year", "month", "day", "hour"]
FIELDS = [
    "unieke_id",
    "lve_nr",
    "tijd_waarneming",
    "tijd_laatst_gewijzigd",
    "defect",
    "rekendata_bezettingsgraad",
] + [
    f"{kind}_klasse{n}"
    for kind in ("verkeersintensiteit", "voertuigsnelheid_rekenkundig")
    for n in range(1, 6)
]


@pytest.fixture
def landing(account: Account) -> Landing:
    """A raw table with the columns that the traffic data set reads, and a day of it."""
    landing = Landing(account)
    table = account.clients.glue.get_table(DatabaseName=account.database, Name="traffic_raw")
    columns = [{"Name": name, "Type": "string"} for name in FIELDS]
    definition = {
        "Name": "traffic_raw",
        "PartitionKeys": table["Table"]["PartitionKeys"],
        "StorageDescriptor": {**table["Table"]["StorageDescriptor"], "Columns": columns},
    }
    account.clients.glue.update_table(DatabaseName=account.database, TableInput=definition)
    landing.land(*HOURS, NEXT)
    return landing


def tables(account: Account) -> dict[str, dict]:
    found = account.clients.glue.get_tables(DatabaseName=account.database)["TableList"]
    return {table["Name"]: table for table in found if table["Name"] != "traffic_raw"}


@pytest.mark.parametrize(
    ("is_quarantine", "table", "keys", "last_column"),
    [
        (False, "traffic", KEYS, "event_count"),
        (True, "traffic_quarantine", KEYS[:3], "source_file"),
    ],
)
def test_a_statement_writes_to_a_staging_table_of_its_own(
    landing, is_quarantine, table, keys, last_column
):
    statement, generation = begin_stage(
        landing.deploy(), DAY, WINDOW, GENERATION, is_quarantine=is_quarantine
    )
    assert generation.id == GENERATION
    ((name, staging),) = tables(landing.account).items()
    assert name == f"{table}__{GENERATION}"
    assert f'INSERT INTO "{landing.account.database}"."{name}"' in statement
    location = f"s3://{landing.account.bucket}/{table}/v={GENERATION}/"
    assert staging["StorageDescriptor"]["Location"] == location
    assert [key["Name"] for key in staging["PartitionKeys"]] == keys
    assert staging["StorageDescriptor"]["Columns"][-1]["Name"] == last_column


def test_the_fingerprint_is_that_of_the_transformation_not_of_the_slice(landing):
    deployment = landing.deploy()
    shorter = ArrivalWindow(start=HOURS[1], end=NEXT)
    found = {
        begin_stage(deployment, DAY, window, generation, is_quarantine=False)[1].fingerprint
        for window, generation in ((WINDOW, GENERATION), (shorter, GENERATION[:-1] + "e"))
    }
    assert len(found) == 1


def test_what_cannot_be_staged_leaves_no_table(landing):
    deployment = landing.deploy()
    landing.expire(HOURS[0])
    with pytest.raises(RunError, match="clear the run to plan again"):
        begin_stage(deployment, DAY, WINDOW, GENERATION, is_quarantine=False)
    landing.land(HOURS[0])
    (deployment.data_set.sql / "transform.sql").exists()
    account = landing.account
    table = account.clients.glue.get_table(DatabaseName=account.database, Name="traffic_raw")
    bare = {key: table["Table"][key] for key in ("Name", "PartitionKeys", "StorageDescriptor")}
    bare["StorageDescriptor"] = {**bare["StorageDescriptor"], "Columns": []}
    account.clients.glue.update_table(DatabaseName=account.database, TableInput=bare)
    with pytest.raises(DataSetError, match=r"events\.sql, line \d+: .* has no column"):
        begin_stage(deployment, DAY, WINDOW, GENERATION, is_quarantine=False)
    account.clients.glue.delete_table(DatabaseName=account.database, Name="traffic_raw")
    with pytest.raises(CatalogError, match="is not in the catalog"):
        begin_stage(deployment, DAY, WINDOW, GENERATION, is_quarantine=False)
    assert tables(account) == {}


class Athena:
    """An Athena that has answered one query."""

    def __init__(self, *rows: list[str | None]) -> None:
        self.rows = rows

    def get_paginator(self, _: str) -> "Athena":
        return self

    def paginate(self, **_: object) -> list[dict]:
        data = [[{} if v is None else {"VarCharValue": v} for v in row] for row in self.rows]
        return [{"ResultSet": {"Rows": [{"Data": row} for row in data]}}]

    def get_query_execution(self, *, QueryExecutionId: str) -> dict:  # noqa: N803
        return {"QueryExecution": {"Statistics": {"DataScannedInBytes": len(QueryExecutionId)}}}


def with_athena(landing: Landing, *rows: list[str | None]):
    from dataclasses import replace

    deployment = landing.deploy()
    return replace(deployment, clients=replace(deployment.clients, athena=Athena(*rows)))


def test_what_was_staged_is_told_with_what_it_scanned(landing):
    generation = Generation(id=GENERATION, fingerprint="f")
    assert conclude_stage(with_athena(landing), generation, "query-1") == Staged(
        generation=generation, query_id="query-1", scanned_bytes=7
    )


# The audit of both.

EVENTS = Staged(
    generation=Generation(id=GENERATION, fingerprint="f"), query_id="q", scanned_bytes=1
)
QUARANTINE = Staged(
    generation=Generation(id="20240329t000103z_1a2b3c4d", fingerprint="f"),
    query_id="q",
    scanned_bytes=1,
)
HEADER = ["kind", "name", "row_count", "key_count", "late_count", "arrived_count", "examples"]


def test_the_audit_reads_both_staging_tables(landing):
    statement = audit_statement(landing.deploy(), DAY, WINDOW, EVENTS, QUARANTINE)
    database = landing.account.database
    assert f'"{database}"."traffic__{EVENTS.generation.id}"' in statement
    assert f'"{database}"."traffic_quarantine__{QUARANTINE.generation.id}"' in statement


def test_an_audit_that_passed_tells_rows_by_partition(landing):
    deployment = with_athena(
        landing,
        HEADER,
        ["events", "accepted", "5", "5", "0", "5", None],
        ["staged", "2024/3/28/7", "2", "5", "0", "0", None],
    )
    audited = conclude_audit(deployment, DAY, WINDOW, EVENTS, QUARANTINE, "query-2")
    assert audited.rows == {(2024, 3, 28, 7): 2}
    assert audited.generation == EVENTS.generation.id
    assert audited.quarantine_generation == QUARANTINE.generation.id
    assert (audited.counts.read, audited.scanned_bytes) == (5, 7)
