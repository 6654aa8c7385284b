"""Crawlers that crawl."""

import gzip
import io
import json
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from local_aws.crawlers.schema import sample_file
from local_aws.testing import Aws, Control

LOG = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}


def parquet(rows: int = 2, **columns: Any) -> bytes:
    buffer = io.BytesIO()
    given = columns or {"id": pa.array([1] * rows, pa.int32()), "name": ["x"] * rows}
    pq.write_table(pa.table(given), buffer)
    return buffer.getvalue()


def lines(*records: Any) -> bytes:
    return b"".join(
        (record if isinstance(record, bytes) else json.dumps(record).encode()) + b"\n"
        for record in records
    )


class Bench:
    """A bucket, a database and a crawler over `s3://bucket/data/`."""

    def __init__(self, aws: Aws, bucket: str, database: str) -> None:
        self.store, self.glue = aws.server.store, aws.client("glue")
        self.bucket, self.database = bucket, database
        self.name = f"crawler-{uuid.uuid4().hex[:8]}"

    def put(self, key: str, body: bytes = b"") -> None:
        self.store.put_bytes(self.bucket, f"data/{key}", body or parquet())

    def create(self, *, output: Any = None, grouping: Any = None, **more: Any) -> None:
        target = {"Path": f"s3://{self.bucket}/data", **more.pop("target", {})}
        configuration = {
            "Version": 1.0,
            "CrawlerOutput": output or {},
            "Grouping": grouping or {},
        }
        definition = {
            "Role": "crawler-role",
            "DatabaseName": self.database,
            "Targets": {"S3Targets": [target]},
            "Configuration": json.dumps(configuration),
            **more,
        }
        self.glue.create_crawler(Name=self.name, **definition)

    def run(self) -> dict[str, Any]:
        """Crawl and wait; returns LastCrawl."""
        self.glue.start_crawler(Name=self.name)
        return self.wait()

    def wait(self) -> dict[str, Any]:
        while True:
            crawler = self.glue.get_crawler(Name=self.name)["Crawler"]
            if crawler["State"] == "READY":
                return crawler["LastCrawl"]
            time.sleep(0.01)

    def crawl(self) -> None:
        last = self.run()
        assert last["Status"] == "SUCCEEDED", last.get("ErrorMessage")

    def summary(self) -> dict[str, int]:
        """What the last crawl did, without what it did not."""
        run = self.glue.list_crawls(CrawlerName=self.name, MaxResults=1)["Crawls"][0]
        return {name: count for name, count in json.loads(run["Summary"]).items() if count}

    def tables(self) -> dict[str, Any]:
        listed = self.glue.get_tables(DatabaseName=self.database)["TableList"]
        return {table["Name"]: table for table in listed}

    def partitions(self, table: str = "data") -> dict[tuple[str, ...], Any]:
        answer = self.glue.get_partitions(DatabaseName=self.database, TableName=table)
        return {tuple(found["Values"]): found for found in answer["Partitions"]}

    def columns(self, table: str = "data") -> dict[str, str]:
        storage = self.tables()[table]["StorageDescriptor"]
        return {column["Name"]: column["Type"] for column in storage["Columns"]}


@pytest.fixture
def bench(aws: Aws, bucket: str, database: str, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(aws.server.crawlers, "seconds", 0.0)
    return Bench(aws, bucket, database)


def test_hive_folders_become_string_keys_with_their_values_as_found(bench: Bench):
    bench.put("year=2026/month=07/day=05/hour=09/a")
    bench.put("year=2026/month=07/day=05/hour=10/a")
    bench.create(TablePrefix="Raw-")

    bench.crawl()

    table = bench.tables()["raw_data"]
    assert [(key["Name"], key["Type"]) for key in table["PartitionKeys"]] == [
        (name, "string") for name in ("year", "month", "day", "hour")
    ]
    assert table["StorageDescriptor"]["Location"] == f"s3://{bench.bucket}/data/"
    assert table["TableType"] == "EXTERNAL_TABLE"
    found = bench.partitions("raw_data")
    assert list(found) == [("2026", "07", "05", "09"), ("2026", "07", "05", "10")]
    assert found["2026", "07", "05", "10"]["StorageDescriptor"]["Location"] == (
        f"s3://{bench.bucket}/data/year=2026/month=07/day=05/hour=10/"
    )
    assert bench.summary() == {"tables_created": 1, "partitions_created": 2}


def test_plain_folders_become_partition_0_to_n(bench: Bench):
    bench.put("2026/07/05/09/a")
    bench.put("2026/07/05/10/a")
    bench.create()
    bench.crawl()
    keys = [key["Name"] for key in bench.tables()["data"]["PartitionKeys"]]
    assert keys == ["partition_0", "partition_1", "partition_2", "partition_3"]
    assert ("2026", "07", "05", "09") in bench.partitions()


def test_parquet_columns_come_from_the_footer_in_glues_types(bench: Bench):
    bench.put(
        "h=1/a",
        parquet(
            Id=pa.array([1], pa.int64()),
            small=pa.array([1], pa.int16()),
            price=pa.array([1], pa.decimal128(9, 2)),
            at=pa.array([0], pa.timestamp("us")),
            day=pa.array([0], pa.date32()),
            ok=[True],
            ratio=[0.5],
            tags=[["a"]],
            place=pa.array([{"Lat": 1.0}], pa.struct([("Lat", pa.float64())])),
            counts=pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int32())),
        ),
    )
    bench.create()
    bench.crawl()
    assert bench.columns() == {
        "id": "bigint",
        "small": "smallint",
        "price": "decimal(9,2)",
        "at": "timestamp",
        "day": "date",
        "ok": "boolean",
        "ratio": "double",
        "tags": "array<string>",
        "place": "struct<lat:double>",
        "counts": "map<string,int>",
    }
    storage = bench.tables()["data"]["StorageDescriptor"]
    serde = storage["SerdeInfo"]["SerializationLibrary"]
    assert serde == "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    assert storage["InputFormat"].endswith("parquet.MapredParquetInputFormat")
    assert storage["OutputFormat"].endswith("parquet.MapredParquetOutputFormat")


@pytest.mark.parametrize(
    "odd",
    [
        pa.array([None, None], pa.null()),
        pa.array([1, 2], pa.time64("us")),
        pa.array([1, 2], pa.time32("ms")),
        pa.array([b"0123456789abcdef"] * 2, pa.uuid()),
        pa.array([[None], []], pa.list_(pa.null())),
        pa.array([{"a": 1}, None], pa.struct([("a", pa.time64("us"))])),
        pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.time64("us"))),
    ],
    ids=lambda odd: str(odd.type),
)
def test_a_column_that_glue_has_no_type_for_costs_that_column(bench: Bench, odd: pa.Array):
    bench.put("h=1/a", parquet(a=[1, 2], odd=odd, b=["x", "y"]))
    bench.create()
    bench.crawl()
    assert bench.columns() == {"a": "bigint", "b": "string"}


def test_odd_parquet_types_that_glue_has_a_type_for_are_columns(bench: Bench):
    coded = pa.array(["x", "y"]).dictionary_encode()
    inner = pa.array(
        [{"a": 1, "odd": None}] * 2, pa.struct([("a", pa.int32()), ("odd", pa.null())])
    )
    fixed = pa.array([b"0123"] * 2, pa.binary(4))
    bench.put("h=1/a", parquet(a=coded, b=inner, c=fixed))
    bench.create()
    bench.crawl()
    assert bench.columns() == {"a": "string", "b": "struct<a:int>", "c": "binary"}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_json_columns_come_from_the_lines(bench: Bench, pack: Any):
    records = lines(
        {"id": 1, "Big": 1, "mixed": 1, "f": 1, "s": {"a": 1}, "l": [1], "n": None, "b": True},
        b"this is no record",
        {"id": 2, "big": 2**40, "mixed": "x", "f": 0.5, "s": {"b": "x"}, "l": [2.5], "late": "x"},
    )
    bench.put("h=1/a", pack(records))
    bench.create()
    bench.crawl()
    assert bench.columns() == {
        "id": "int",
        "big": "bigint",
        "mixed": "string",
        "f": "double",
        "s": "struct<a:int,b:string>",
        "l": "array<double>",
        "n": "string",
        "b": "boolean",
        "late": "string",
    }
    table = bench.tables()["data"]
    serde = table["StorageDescriptor"]["SerdeInfo"]
    assert serde["SerializationLibrary"] == "org.openx.data.jsonserde.JsonSerDe"
    assert serde["Parameters"]["paths"] == "id,big,mixed,f,s,l,n,b,late"
    compression = "none" if pack is bytes else "gzip"
    assert table["Parameters"]["compressionType"] == compression


def test_what_a_crawler_stamps(bench: Bench):
    body = lines(*({"id": 100 + n} for n in range(50)))
    bench.put("h=1/a", body)
    bench.put("h=1/b", body)
    bench.put("h=2/a", body)
    bench.create(target={"Exclusions": ["**.tmp"]})
    bench.crawl()

    run = bench.glue.list_crawls(CrawlerName=bench.name)["Crawls"][0]
    expected = {
        "UPDATED_BY_CRAWLER": bench.name,
        "CRAWL_RUN_ID": run["CrawlId"],
        "CrawlerSchemaSerializerVersion": "1.0",
        "CrawlerSchemaDeserializerVersion": "1.0",
        "classification": "json",
        "compressionType": "none",
        "typeOfData": "file",
        "averageRecordSize": "12",
        "exclusions": '["**.tmp"]',
    }
    table = bench.tables()["data"]["Parameters"]
    sizes = {"objectCount": "3", "sizeKey": "1800", "recordCount": "150"}
    assert table == {**expected, **sizes}
    partition = bench.partitions()["1",]["Parameters"]
    sizes = {"objectCount": "2", "sizeKey": "1200", "recordCount": "100"}
    assert partition == {**expected, **sizes}


def test_empty_and_hidden_and_excluded_objects_do_not_count(bench: Bench):
    bench.put("h=1/a")
    for key in ("_temporary/x", "h=2/_SUCCESS", "h=3/.crc", "h=4/b.tmp", "other/deep/er"):
        bench.put(key)
    bench.store.put_bytes(bench.bucket, "data/h=5/empty", b"")
    bench.store.put_bytes(bench.bucket, "data/h=6/", b"")
    bench.create(target={"Exclusions": ["**.tmp", "other/**"]})
    bench.crawl()
    assert list(bench.partitions()) == [("1",)]


@pytest.mark.parametrize(
    ("exclusion", "left"),
    [
        ("*.csv", {"a/b.csv", "a.json"}),
        ("**.csv", {"a.json"}),
        ("a/*", {"a.csv", "a.json"}),
        ("?.{csv,json}", {"a/b.csv"}),
        ("[b-z].*", {"a.csv", "a.json", "a/b.csv"}),
    ],
)
def test_exclusions_are_globs_below_the_target(bench: Bench, exclusion: str, left: set[str]):
    from local_aws.crawlers.layout import data_folders
    from local_aws.seam import StoredObject

    objects = [
        StoredObject(key=f"data/{key}", size=1, path=Path(key))
        for key in ("a.csv", "a.json", "a/b.csv")
    ]
    folders = data_folders(objects, [exclusion], "data/")
    assert {str(stored.path) for folder in folders for stored in folder.objects} == left


def test_a_file_without_a_readable_line_is_of_unknown_kind(tmp_path: Path):
    for body in (b"\x00\x01", b"a,b\n1,2\n", b"PAR1 but not", gzip.compress(b"x")[:-9], b"[]\n"):
        (tmp_path / "f").write_bytes(body)
        assert sample_file(tmp_path / "f", len(body)).schema.classification == "UNKNOWN", body


def test_folders_of_different_kinds_become_tables_of_their_own(bench: Bench):
    bench.put("cars/h=1/a", parquet(id=[1], speed=[1.0]))
    bench.put("cars/h=2/a", parquet(id=[1], speed=[1.0]))
    bench.put("points/h=1/a", lines({"lat": 1.0, "lon": 2.0}))
    bench.put("points/h=1/b", lines({"lat": 1.0, "lon": 2.0}))
    bench.create()
    bench.crawl()
    assert set(bench.tables()) == {"cars", "points"}
    assert set(bench.partitions("cars")) == {("1",), ("2",)}
    assert bench.tables()["points"]["Parameters"]["classification"] == "json"


@pytest.mark.parametrize(
    ("grouping", "expected"),
    [
        ({}, {"h_1", "h_2"}),
        ({"TableGroupingPolicy": "CombineCompatibleSchemas"}, {"data"}),
        ({"TableLevelConfiguration": 2}, {"data"}),
        ({"TableLevelConfiguration": 3}, {"h_1", "h_2"}),
    ],
)
def test_grouping_of_schemas_that_differ(bench: Bench, grouping: Any, expected: set[str]):
    bench.put("h=1/a", parquet(a=[1], b=[1]))
    bench.put("h=2/a", parquet(x=[1], y=[1]))
    bench.create(grouping=grouping)
    bench.crawl()
    assert set(bench.tables()) == expected
    if expected == {"data"}:
        assert list(bench.columns()) == ["a", "b", "x", "y"]


def test_similar_schemas_are_one_table_with_the_columns_of_all(bench: Bench):
    shared: dict[str, Any] = {"a": [1], "b": [1], "c": [1]}
    bench.put("h=1/a", parquet(**shared))
    bench.put("h=2/a", parquet(**shared, new=["x"]))
    bench.create()
    bench.crawl()
    assert list(bench.columns()) == ["a", "b", "c", "new"]
    first = bench.partitions()["1",]["StorageDescriptor"]["Columns"]
    assert [column["Name"] for column in first] == ["a", "b", "c"]


def test_structs_of_several_folders_have_the_fields_of_all(bench: Bench):
    first = {"visitor": {"id": 1, "seen": []}, "tags": [], "a": None, "e": {}, "o": {"x:y": 1}}
    visitor = {"id": "x", "country": "BE", "seen": [{"at": 1.5}]}
    second = {"visitor": visitor, "tags": ["b"], "a": 2, "e": {"b": True}, "o": {"x:y": "1"}}
    for day, record in enumerate((first, second)):
        bench.put(f"day={day}/a.json", lines(record))
    bench.create(grouping={"TableGroupingPolicy": "CombineCompatibleSchemas"})
    bench.crawl()
    assert bench.columns() == {
        "visitor": "struct<id:string,seen:array<struct<at:double>>,country:string>",
        "tags": "array<string>",
        "a": "int",
        "e": "struct<b:boolean>",
        "o": "string",
    }
    partition = bench.partitions()["0",]["StorageDescriptor"]["Columns"]
    assert {column["Name"]: column["Type"] for column in partition} == {
        "visitor": "struct<id:int,seen:array<string>>",
        "tags": "array<string>",
        "a": "string",
        "e": "string",
        "o": "struct<x:y:int>",
    }


def test_partitions_inherit_the_columns_of_the_table_when_asked(bench: Bench):
    shared: dict[str, Any] = {"a": [1], "b": [1], "c": [1]}
    bench.put("h=1/a", parquet(**shared))
    bench.create(output={"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}})
    bench.crawl()
    bench.put("h=2/a", parquet(**shared, new=["x"]))
    bench.crawl()
    for found in bench.partitions().values():
        names = [column["Name"] for column in found["StorageDescriptor"]["Columns"]]
        assert names == ["a", "b", "c", "new"]
    bench.crawl()
    assert bench.summary() == {}


def test_a_second_crawl_adds_updates_and_leaves_alone(bench: Bench):
    bench.put("h=1/a")
    bench.put("h=2/a")
    bench.create()
    bench.crawl()
    before = bench.partitions()
    bench.crawl()
    assert bench.summary() == {}

    bench.put("h=2/b")
    bench.put("h=3/a")
    bench.crawl()

    assert bench.summary() == {
        "tables_updated": 1,
        "partitions_created": 1,
        "partitions_updated": 1,
    }
    after = bench.partitions()
    assert after["1",] == before["1",]
    assert after["2",]["Parameters"]["objectCount"] == "2"


def test_a_partition_deleted_through_the_api_comes_back_while_its_objects_are_there(bench: Bench):
    bench.put("h=1/a")
    bench.put("h=2/a")
    bench.create()
    bench.crawl()
    bench.glue.delete_partition(
        DatabaseName=bench.database, TableName="data", PartitionValues=["1"]
    )
    bench.crawl()
    assert set(bench.partitions()) == {("1",), ("2",)}


def hand_made(bench: Bench, key: str = "bigint") -> None:
    """A table as a person declares one, with one partition that carries a ledger."""
    storage = {
        "Location": f"s3://{bench.bucket}/data",
        "Columns": [{"Name": "id", "Type": "bigint", "Comment": "mine"}],
    }
    bench.glue.create_table(
        DatabaseName=bench.database,
        TableInput={
            "Name": "mine",
            "StorageDescriptor": storage,
            "PartitionKeys": [{"Name": "month", "Type": key}],
            "Parameters": {"owner": "me"},
        },
    )
    elsewhere = {**storage, "Location": f"s3://{bench.bucket}/elsewhere/"}
    bench.glue.create_partition(
        DatabaseName=bench.database,
        TableName="mine",
        PartitionInput={
            "Values": ["07"],
            "StorageDescriptor": elsewhere,
            "Parameters": {"ledger": "x"},
        },
    )
    bench.put("month=07/a")
    bench.put("month=08/a")


@pytest.mark.parametrize(
    "more",
    [
        {"SchemaChangePolicy": LOG},
        {
            "SchemaChangePolicy": LOG,
            "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"},
        },
    ],
)
def test_log_adds_partitions_to_a_hand_made_table_and_changes_nothing(bench: Bench, more: Any):
    hand_made(bench)
    before, ledger = bench.tables()["mine"], bench.partitions("mine")["07",]
    bench.create(**more)

    bench.crawl()

    assert bench.tables() == {"mine": before}
    found = bench.partitions("mine")
    assert found["07",] == ledger
    assert set(found) == {("07",), ("08",)}
    assert bench.summary() == {"partitions_created": 1}


def test_update_in_database_overwrites_what_people_set(bench: Bench):
    hand_made(bench)
    bench.create()
    bench.crawl()
    table = bench.tables()["mine"]
    assert "owner" not in table["Parameters"]
    assert bench.columns("mine") == {"id": "int", "name": "string"}
    assert table["PartitionKeys"] == [{"Name": "month", "Type": "bigint"}]
    partition = bench.partitions("mine")["07",]
    assert "ledger" not in partition["Parameters"]
    assert partition["StorageDescriptor"]["Location"].endswith("/data/month=07/")


def test_merge_new_columns_adds_and_neither_removes_nor_retypes(bench: Bench):
    hand_made(bench)
    bench.create(output={"Tables": {"AddOrUpdateBehavior": "MergeNewColumns"}})
    bench.crawl()
    assert bench.columns("mine") == {"id": "bigint", "name": "string"}
    table = bench.tables()["mine"]
    assert table["StorageDescriptor"]["Columns"][0]["Comment"] == "mine"
    assert table["Parameters"]["owner"] == "me"


def test_a_catalog_target_adds_partitions_to_its_table_only(bench: Bench):
    hand_made(bench)
    target = {"DatabaseName": bench.database, "Tables": ["mine"]}
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"}
    bench.create(Targets={"CatalogTargets": [target]}, SchemaChangePolicy=policy)
    bench.crawl()
    assert set(bench.partitions("mine")) == {("07",), ("08",)}
    assert set(bench.tables()) == {"mine"}


def test_a_folder_structure_that_does_not_fit_the_table_fails_the_crawl(bench: Bench):
    hand_made(bench)
    bench.store.delete(bench.bucket, "data/month=07/a")
    bench.store.delete(bench.bucket, "data/month=08/a")
    bench.put("year=2026/month=07/a")
    bench.create()
    last = bench.run()
    assert last["Status"] == "FAILED"
    assert "'mine'" in last["ErrorMessage"]


def test_new_folders_only_does_not_see_what_changes_in_old_ones(bench: Bench):
    policy = {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}
    bench.put("h=1/a")
    bench.create(SchemaChangePolicy=LOG, RecrawlPolicy=policy)
    bench.crawl()
    bench.put("h=1/b")
    bench.put("h=2/a")
    bench.crawl()
    assert bench.summary() == {"partitions_created": 1}
    with pytest.raises(ClientError, match="can have only LOG DeleteBehavior"):
        bench.glue.update_crawler(
            Name=bench.name,
            SchemaChangePolicy={
                "UpdateBehavior": "LOG",
                "DeleteBehavior": "DELETE_FROM_DATABASE",
            },
        )


@pytest.mark.parametrize(
    ("behavior", "summary"),
    [
        ("DELETE_FROM_DATABASE", {"tables_deleted": 1, "partitions_deleted": 1}),
        ("DEPRECATE_IN_DATABASE", {"tables_updated": 1}),
        ("LOG", {}),
    ],
)
def test_data_that_went_away(bench: Bench, behavior: str, summary: dict[str, int]):
    bench.put("one/h=1/a", parquet(a=[1]))
    bench.put("one/h=2/a", parquet(a=[1]))
    bench.put("two/h=1/a", parquet(b=[1]))
    policy = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": behavior}
    bench.create(SchemaChangePolicy=policy, grouping={"TableLevelConfiguration": 3})
    bench.crawl()
    bench.store.delete(bench.bucket, "data/one/h=1/a")
    bench.store.delete(bench.bucket, "data/two/h=1/a")

    bench.crawl()

    counts = bench.summary()
    counts["tables_updated"] = counts.get("tables_updated", 0) - 1  # the statistics of `one`
    assert {name: count for name, count in counts.items() if count} == summary
    is_deprecated = "DEPRECATED_BY_CRAWLER" in bench.tables().get("two", {}).get("Parameters", {})
    assert is_deprecated == (behavior == "DEPRECATE_IN_DATABASE")


def test_a_name_that_is_taken_gets_a_suffix(bench: Bench):
    bench.glue.create_table(DatabaseName=bench.database, TableInput={"Name": "data"})
    bench.put("h=1/a")
    bench.create()
    bench.crawl()
    (name,) = set(bench.tables()) - {"data"}
    assert name.startswith("data_")
    assert len(name) == len("data_") + 32


def test_more_tables_than_the_threshold_fail_the_crawl_and_write_nothing(bench: Bench):
    bench.put("one/a", parquet(a=[1]))
    bench.put("two/a", parquet(b=[1]))
    bench.create(output={"Tables": {"TableThreshold": 1}})
    last = bench.run()
    assert last["Status"] == "FAILED"
    assert "table threshold value provided: 1" in last["ErrorMessage"]
    assert bench.tables() == {}


def test_a_bucket_that_is_not_there_fails_the_crawl(bench: Bench):
    bench.create(Targets={"S3Targets": [{"Path": "s3://no-such-bucket/data"}]})
    last = bench.run()
    assert (last["Status"], "no-such-bucket" in last["ErrorMessage"]) == ("FAILED", True)


def test_a_database_that_is_not_there_is_made(bench: Bench):
    bench.glue.delete_database(Name=bench.database)
    bench.put("h=1/a")
    bench.create()
    bench.crawl()
    assert set(bench.tables()) == {"data"}


def test_the_states_of_a_crawler(bench: Bench, faults: Control):
    glue, name = bench.glue, bench.name
    bench.create(Tags={"team": "traffic"})
    ready = glue.get_crawler(Name=name)["Crawler"]
    assert (ready["State"], ready["Version"]) == ("READY", 1)
    assert "LastCrawl" not in ready
    assert glue.list_crawls(CrawlerName=name)["Crawls"] == []
    with pytest.raises(glue.exceptions.CrawlerNotRunningException):
        glue.stop_crawler(Name=name)

    faults.set("glue.crawl", "hang", match=name)
    glue.start_crawler(Name=name)

    assert glue.get_crawler(Name=name)["Crawler"]["State"] == "RUNNING"
    assert "LastCrawl" not in glue.get_crawler(Name=name)["Crawler"]
    for call in (glue.start_crawler, glue.update_crawler, glue.delete_crawler):
        with pytest.raises(glue.exceptions.CrawlerRunningException):
            call(Name=name)
    (run,) = glue.list_crawls(CrawlerName=name)["Crawls"]
    assert (run["State"], "EndTime" in run) == ("RUNNING", False)
    glue.stop_crawler(Name=name)
    assert bench.wait()["Status"] == "CANCELLED"
    (stopped,) = glue.list_crawls(
        CrawlerName=name,
        Filters=[{"FieldName": "STATE", "FilterOperator": "EQ", "FieldValue": "STOPPED"}],
    )["Crawls"]
    assert stopped["CrawlId"] == run["CrawlId"]
    glue.update_crawler(Name=name, Description="new")
    updated = glue.get_crawler(Name=name)["Crawler"]
    assert (updated["Version"], updated["Description"]) == (2, "new")
    arn = f"arn:aws:glue:us-east-1:123456789012:crawler/{name}"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "traffic"}
    assert glue.list_crawlers(Tags={"team": "traffic"})["CrawlerNames"] == [name]


def test_a_crawl_that_hangs_goes_on_when_faults_are_cleared(
    bench: Bench,
    faults: Control,
):
    bench.put("h=1/a")
    bench.create()
    faults.set("glue.crawl", "hang", match=bench.name)
    bench.glue.start_crawler(Name=bench.name)
    assert bench.glue.get_crawler(Name=bench.name)["Crawler"]["State"] == "RUNNING"
    faults.clear()
    assert bench.wait()["Status"] == "SUCCEEDED"


def test_a_crawl_fails_on_request_and_the_next_one_succeeds(
    bench: Bench,
    faults: Control,
):
    bench.put("h=1/a")
    bench.create()
    faults.set("glue.crawl", "fail", message="Access denied to the bucket", match=bench.name)
    last = bench.run()
    assert (last["Status"], last["ErrorMessage"]) == ("FAILED", "Access denied to the bucket")
    bench.crawl()
    runs = bench.glue.list_crawls(CrawlerName=bench.name)["Crawls"]
    assert [run["State"] for run in runs] == ["COMPLETED", "FAILED"]
    (metrics,) = bench.glue.get_crawler_metrics(CrawlerNameList=[bench.name])["CrawlerMetricsList"]
    assert (metrics["TablesCreated"], metrics["StillEstimating"]) == (1, False)


def test_a_crawl_takes_as_long_as_it_is_told(bench: Bench, aws: Aws):
    aws.server.crawlers.seconds = 3600
    bench.create()
    bench.glue.start_crawler(Name=bench.name)
    assert bench.glue.get_crawler(Name=bench.name)["Crawler"]["State"] == "RUNNING"
    aws.server.crawlers.seconds = 0
    bench.wait()


def test_unknown_crawlers_and_bad_definitions_are_refused(bench: Bench):
    glue = bench.glue
    for call in (glue.get_crawler, glue.start_crawler, glue.stop_crawler, glue.update_crawler):
        with pytest.raises(glue.exceptions.EntityNotFoundException):
            call(Name="nobody")
    with pytest.raises(glue.exceptions.InvalidInputException):
        bench.create(Configuration="{")
    with pytest.raises(glue.exceptions.InvalidInputException):
        bench.create(target={"Path": "/no/bucket"})
    bench.create()
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        bench.create()
    answer = glue.batch_get_crawlers(CrawlerNames=[bench.name, "nobody"])
    assert [crawler["Name"] for crawler in answer["Crawlers"]] == [bench.name]
    assert answer["CrawlersNotFound"] == ["nobody"]
    assert bench.name in [crawler["Name"] for crawler in glue.get_crawlers()["Crawlers"]]
    glue.delete_crawler(Name=bench.name)
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_crawler(Name=bench.name)


def test_crawlers_of_two_regions_do_not_meet(bench: Bench, aws: Aws):
    bench.create()
    with pytest.raises(ClientError, match="does not exist"):
        aws.client("glue", "eu-west-1").get_crawler(Name=bench.name)


def test_objects_that_land_and_go_while_a_crawl_runs_do_not_break_it(bench: Bench):
    for number in range(50):
        bench.put(f"h={number}/a")
    bench.create()
    done = threading.Event()

    def churn() -> None:
        while not done.is_set():
            bench.put("h=1/b")
            bench.store.delete(bench.bucket, "data/h=1/b")

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(3):
            bench.crawl()
    finally:
        done.set()
        thread.join()
    assert len(bench.partitions()) == 50
