"""Executing a golden case: its raw records landed, its slice staged, what came of it checked."""

import io
import time
import uuid
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from retime import aws
from retime.dataset.model import Columns
from retime.published import tables as catalog
from retime.raw import partitions
from retime.raw.table import read_raw_table
from retime.statements import audit, late
from tests.golden.cases import (
    QUARANTINE,
    STAGING,
    Case,
    epoch,
    json_lines,
    parquet_columns,
)
from tests.landed_records import arrival_path
from tests.unit.samples import landed_hours

TYPES = {"int": pa.int32(), "string": pa.string()}
PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
SERDES = {
    True: {
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
    },
    False: {
        "InputFormat": f"{PARQUET}.MapredParquetInputFormat",
        "OutputFormat": f"{PARQUET}.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": f"{PARQUET}.serde.ParquetHiveSerDe"},
    },
}


def create_raw(
    clients: Any, name: str, table: str, columns: Columns, keys: Columns, *, is_json: bool
) -> None:
    """Create a bucket, a database of the same name, and in it a raw table at `raw/`."""
    clients.s3.create_bucket(Bucket=name)
    clients.glue.create_database(DatabaseInput={"Name": name})
    clients.glue.create_table(
        DatabaseName=name,
        TableInput={
            "Name": table,
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": [{"Name": k, "Type": t} for k, t in keys.items()],
            "StorageDescriptor": {
                "Columns": [{"Name": c, "Type": t} for c, t in columns.items()],
                "Location": f"s3://{name}/raw/",
                **SERDES[is_json],
            },
        },
    )


def land(clients: Any, case: Case, name: str) -> None:
    """Put the given records on S3 and into the catalog, as Firehose and a crawler do."""
    raw, location = case.source.raw, f"s3://{name}/raw/"
    keys = {key.name: key.type for key in raw.partitioning.keys}
    create_raw(clients, name, raw.name, raw.columns, keys, is_json=case.is_json)
    for hour, records in case.given.items():
        body = json_lines(records)
        if not case.is_json:
            schema = pa.schema([(c, TYPES[t]) for c, t in raw.columns.items()])
            buffer = io.BytesIO()
            pq.write_table(pa.table(parquet_columns(raw, records), schema=schema), buffer)
            body = buffer.getvalue()
        clients.s3.put_object(Bucket=name, Key=f"raw/{arrival_path(hour)}part-1", Body=body)
    table = read_raw_table(clients.glue, name, case.source.data_set.raw)
    missing = partitions.missing_folders(clients.glue, table, landed_hours(case.given))
    partitions.register_folders(clients.glue, table, missing, location)
    if case.is_json:
        partitions.ignore_malformed_json(clients.glue, table, case.given)


def query(clients: Any, name: str, statement: str) -> list[dict[str, str | None]]:
    """Execute a statement; give its result."""
    query_id = clients.athena.start_query_execution(
        QueryString=statement,
        QueryExecutionContext={"Database": name},
        ResultConfiguration={"OutputLocation": f"s3://{name}/results/"},
    )["QueryExecutionId"]
    for _ in range(3600):
        execution = clients.athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
            break
        time.sleep(0.05)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    return aws.get_rows(clients.athena, query_id)


def built(clients: Any, case: Case) -> dict[str, Any]:
    """Build the slice of a case; give counts, failures, and the rows of both staging tables."""
    name = f"golden{uuid.uuid4().hex[:8]}"
    land(clients, case, name)
    published, quarantine = case.source.data_set.tables
    for table, columns, keys in (
        (STAGING, published.staged_columns, published.partitioning),
        (QUARANTINE, quarantine.columns, quarantine.partitioning),
    ):
        catalog.create_staging_table(
            clients.glue, name, table, f"s3://{name}/{table}/", columns, keys
        )
    statements = case.statements(name)
    for file in ("stage.sql", "quarantine.sql"):
        query(clients, name, statements[file])
    report = audit.read_report(
        query(clients, name, statements["audit.sql"]),
        published.partitioning,
        max_quarantined_percent=100,
    )
    return {
        "database": name,
        "report": report,
        "rows": query(clients, name, f'SELECT * FROM "{STAGING}"'),
        "quarantine": query(clients, name, f'SELECT * FROM "{QUARANTINE}"'),
        "row_counts": query(clients, name, statements["count_rows.sql"]),
        "late": find_late(clients, name, case),
    }


def find_late(clients: Any, name: str, case: Case) -> dict[str, int]:
    """The late events that a search finds, by partition."""
    deployment = SimpleNamespace(
        clients=clients,
        database=name,
        data_set=replace(
            case.source.data_set, raw=replace(case.source.data_set.raw, table=case.source.raw.name)
        ),
    )
    rows = query(clients, name, late.late_statement(deployment, case.search))
    counts = [tuple(int(value) for value in row.values()) for row in rows]
    found = late.count_found(case.stretches, counts, case.look_back)
    return {"/".join(map(str, partition)): events for partition, events in found.items()}


def as_text(row: dict[str, Any]) -> dict[str, str | None]:
    """A row as Athena prints it."""
    return {name: None if v is None else str(epoch(v)) for name, v in row.items()}


def check(case: Case, result: dict[str, Any]) -> None:
    """See that a case gave the expected rows and counts."""
    order = ("recordtimestamp", "uniqueid")
    expected = sorted(map(as_text, case.expected["rows"]), key=lambda r: [r[k] for k in order])
    assert sorted(result["rows"], key=lambda r: [r[k] for k in order]) == expected
    assert result["report"].failures == ()
    counts = result["report"].counts
    assert {name: getattr(counts, name) for name in case.expected["counts"]} == (
        case.expected["counts"]
    )
    beyond = {f"{b.arrived}/{b.happened}": b.events for b in result["report"].late_beyond}
    assert beyond == case.expected.get("late_beyond", {})
    assert result["late"] == case.expected.get("late", {})
    keys = case.source.data_set.published.partitioning.names
    counted = {
        tuple(int(row[key]) for key in keys): int(row["row_count"]) for row in result["row_counts"]
    }
    assert counted == result["report"].staged
    quarantined = [
        (row["reason"], row["record"], int(row["arrival_time"]), row["day"])
        for row in result["quarantine"]
    ]
    assert sorted(quarantined) == sorted(
        (row["reason"], row["record"], arrival_time(row["arrived"]), str(row["day"]))
        for row in case.expected["quarantine"]
    )


def arrival_time(text: str) -> int:
    """An arrival hour as epoch seconds."""
    return int(datetime.strptime(f"{text}+0000", "%Y-%m-%dT%H%z").timestamp())
