"""Queries of a table with thousands of partitions look at those that they need."""

import itertools
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from tests.athena_client import Athena

from local_aws.athena.run.scan import Scanner
from local_aws.object_store import FileObjectStore
from local_aws.testing import Aws

KEYS = [{"Name": name, "Type": "int"} for name in ("year", "month", "day", "hour")]
SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
Parts = tuple[str, ...]


def every_partition() -> list[Parts]:
    """Numbers are written with a leading zero in odd months, and without in even ones."""
    return [
        (str(year), f"{month:02}" if month % 2 else str(month), str(day), hour)
        for year, month, day in itertools.product((2022, 2023, 2024), range(1, 13), range(1, 29))
        for hour in ("00", "5", "05", "17", "23")
    ]


@pytest.fixture(scope="module")
def athena(aws: Aws) -> Athena:
    """A client with the table `p` of 5,040 partitions without files."""
    name = uuid.uuid4().hex[:12]
    athena = Athena(aws, f"pruning-{name}", f"pruning_{name}")
    athena.s3.create_bucket(Bucket=athena.bucket)
    athena.glue.create_database(DatabaseInput={"Name": athena.database})
    storage = {
        "Columns": [{"Name": "x", "Type": "int"}],
        "SerdeInfo": {"SerializationLibrary": SERDE},
    }
    where = {"DatabaseName": athena.database, "TableName": "p"}
    table = {"Name": "p", "PartitionKeys": KEYS}
    location = f"s3://{athena.bucket}/p/"
    athena.glue.create_table(
        DatabaseName=athena.database,
        TableInput={**table, "StorageDescriptor": {**storage, "Location": location}},
    )
    every = every_partition()
    for start in range(0, len(every), 100):
        inputs = [
            {
                "Values": list(values),
                "StorageDescriptor": {**storage, "Location": f"{location}{'/'.join(values)}/"},
            }
            for values in every[start : start + 100]
        ]
        assert "Errors" not in athena.glue.batch_create_partition(
            **where, PartitionInputList=inputs
        )
    return athena


class Looked:
    """What queries look at: folders that they list, and values that they decide about."""

    def __init__(self) -> None:
        self.folders: list[Parts] = []
        self.decided = 0


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Looked:
    looked = Looked()
    listing, keeping = FileObjectStore.list, Scanner._kept

    def list_objects(self: FileObjectStore, bucket: str, prefix: str) -> Any:
        if prefix.startswith("p/"):
            looked.folders.append(tuple(prefix.strip("/").split("/")[1:]))
        return listing(self, bucket, prefix)

    def keep(self: Scanner, scan: Any, values: list[Parts]) -> list[Parts]:
        looked.decided += len(values)
        return keeping(self, scan, values)

    monkeypatch.setattr(FileObjectStore, "list", list_objects)
    monkeypatch.setattr(Scanner, "_kept", keep)
    return looked


Numbers = tuple[int, ...]
CONDITIONS: list[tuple[str, Callable[[Numbers], bool], int]] = [
    ("year = 2023 AND month = 3 AND day = 7", lambda n: n[:3] == (2023, 3, 7), 100),
    (
        "year * 100 + month BETWEEN 202212 AND 202301 AND hour = 5",
        lambda n: n[:2] in ((2022, 12), (2023, 1)) and n[3] == 5,
        400,
    ),
    (
        "(year = 2022 AND month = 1) OR (year = 2024 AND day = 28)",
        lambda n: n[:2] == (2022, 1) or (n[0] == 2024 and n[2] == 28),
        700,
    ),
    ("year = 2021", lambda _: False, 100),
    ("hour = 5", lambda n: n[3] == 5, 6100),
    ("NOT (year < 2024 OR month < 12)", lambda n: n[0] == 2024 and n[1] == 12, 250),
    ("year = 2024 AND x > 5", lambda n: n[0] == 2024, 2100),
    (
        "CAST(year AS varchar) || '-' || CAST(day AS varchar) = '2024-9'",
        lambda n: n[0::2][:2] == (2024, 9),
        1200,
    ),
]


@pytest.mark.parametrize(("condition", "meets", "most"), CONDITIONS)
def test_only_folders_of_partitions_that_can_match_are_listed(
    athena: Athena, looked: Looked, condition: str, meets: Callable[[Numbers], bool], most: int
):
    expected = [v for v in sorted(every_partition()) if meets(tuple(map(int, v)))]
    assert athena.rows(f"SELECT count(x) FROM p WHERE {condition}") == [("0",)]
    assert looked.folders == expected
    assert looked.decided <= most, "values are decided about by their first ones"


def test_a_value_that_is_no_number_does_not_stop_queries_of_other_partitions(
    athena: Athena, looked: Looked
):
    where = {"DatabaseName": athena.database, "TableName": "p"}
    bad = ["2022", "1", "1", "noon"]
    athena.glue.create_partition(**where, PartitionInput={"Values": bad})
    try:
        assert athena.rows("SELECT count(x) FROM p WHERE year = 2024 AND day = 1") == [("0",)]
        assert len(looked.folders) == 12 * 5
    finally:
        athena.glue.delete_partition(**where, PartitionValues=bad)


def test_a_query_sees_what_the_catalog_has_when_it_starts(athena: Athena, looked: Looked):
    where = {"DatabaseName": athena.database, "TableName": "p"}
    query = "SELECT count(x) FROM p WHERE year = 2025"
    athena.rows(query)
    assert looked.folders == []
    values = ["2025", "1", "1", "0"]
    storage = {"Location": f"s3://{athena.bucket}/p/new/"}
    athena.glue.create_partition(
        **where, PartitionInput={"Values": values, "StorageDescriptor": storage}
    )
    athena.rows(query)
    storage["Location"] = f"s3://{athena.bucket}/p/newer/"
    athena.glue.update_partition(
        **where,
        PartitionValueList=values,
        PartitionInput={"Values": values, "StorageDescriptor": storage},
    )
    athena.rows(query)
    athena.glue.delete_partition(**where, PartitionValues=values)
    athena.rows(query)
    assert looked.folders == [("new",), ("newer",)]


def test_an_insert_looks_at_the_partitions_that_it_writes(
    athena: Athena, looked: Looked, monkeypatch: pytest.MonkeyPatch
):
    calls = athena.aws.server._gateway.call
    found: list[Any] = []
    partitions = calls.partitions

    def spied(*args: Any, **more: Any) -> Any:
        found.extend(partitions(*args, **more))
        return found

    monkeypatch.setattr(calls, "partitions", spied)
    ran = athena.run("INSERT INTO p SELECT 1, 2024, 12, 1, 17 UNION ALL SELECT 2, 2026, 1, 1, 1")
    assert ran.state == "SUCCEEDED", ran.reason
    assert [tuple(one["Values"]) for one in found] == [("2024", "12", "1", "17")]
    keys = [
        o["Key"] for o in athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="p/")["Contents"]
    ]
    assert [key.rpartition("/")[0] for key in keys] == [
        "p/2024/12/1/17",
        "p/year=2026/month=1/day=1/hour=1",
    ]
    where = {"DatabaseName": athena.database, "TableName": "p"}
    athena.glue.delete_partition(**where, PartitionValues=["2026", "1", "1", "1"])
    for key in keys:
        athena.s3.delete_object(Bucket=athena.bucket, Key=key)


def test_the_table_of_partitions_has_them_all(athena: Athena):
    query = 'SELECT year, hour, count(*) FROM "p$partitions" GROUP BY year, hour ORDER BY 1, 2'
    rows = athena.rows(query)
    assert rows[:4] == [
        ("2022", hour, n)
        for hour, n in zip(("0", "5", "17", "23"), ("336", "672", "336", "336"), strict=True)
    ]
    assert sum(int(count) for _, _, count in rows) == len(every_partition())
