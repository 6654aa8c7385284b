"""INSERT INTO, CREATE TABLE AS, UNLOAD: files, partitions, manifests, and what failures leave."""

import io
import json
import re
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.athena_client import Athena

from local_aws.testing import Aws, Control


@pytest.fixture
def athena(aws: Aws, bucket: str, database: str) -> Athena:
    return Athena(aws, bucket, database)


@pytest.fixture
def fault(aws: Aws) -> Iterator[Any]:
    def call(method: str, rule: dict[str, Any] | None = None) -> None:
        request = urllib.request.Request(
            f"{aws.endpoint}/_local_aws/faults",
            method=method,
            data=json.dumps(rule).encode() if rule else None,
        )
        urllib.request.urlopen(request).close()

    yield lambda **rule: call("POST", rule)
    call("DELETE")


def target(athena: Athena, columns: str = "x bigint, s string", more: str = "") -> None:
    ran = athena.run(
        f"CREATE EXTERNAL TABLE t ({columns}) PARTITIONED BY (d string, h bigint) "
        f"{more or 'STORED AS PARQUET'} LOCATION '{athena.location('t')}'"
    )
    assert ran.state == "SUCCEEDED", ran.reason


def test_an_insert_registers_its_partitions_and_reads_back(athena: Athena) -> None:
    target(athena)
    ran = athena.run(
        "INSERT INTO t SELECT x, 'v' || CAST(x AS varchar), '03', x % 3 "
        "FROM UNNEST(sequence(1, 9)) AS u(x)"
    )
    assert ran.state == "SUCCEEDED", ran.reason
    assert ran.columns == [("rows", "bigint")]
    assert ran.rows == [("9",)]
    answer = athena.api.get_query_results(QueryExecutionId=ran.id)
    assert answer["UpdateCount"] == 9
    assert athena.rows("SHOW PARTITIONS t") == [("d=03/h=0",), ("d=03/h=1",), ("d=03/h=2",)]
    assert athena.rows("SELECT x, s, d, h FROM t WHERE h = 2 ORDER BY x") == [
        ("2", "v2", "03", "2"),
        ("5", "v5", "03", "2"),
        ("8", "v8", "03", "2"),
    ]
    partition = athena.glue.get_partition(
        DatabaseName=athena.database, TableName="t", PartitionValues=["03", "2"]
    )["Partition"]
    table = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"]
    assert partition["StorageDescriptor"]["Location"] == athena.location("t/d=03/h=2")
    for member in ("Columns", "SerdeInfo", "InputFormat"):
        assert partition["StorageDescriptor"][member] == table["StorageDescriptor"][member]


def test_written_files_are_named_and_listed_as_athenas(athena: Athena) -> None:
    target(athena)
    ran = athena.run("INSERT INTO t VALUES (1, 'a', 'p', 1), (2, 'b', 'p', 2)")
    keys = athena.keys("t/")
    assert [key.rpartition("/")[0] for key in keys] == ["t/d=p/h=1", "t/d=p/h=2"]
    for key in keys:
        assert re.fullmatch(r"\d{8}_\d{6}_\d{5}_[0-9a-f]{5}_[0-9a-f-]{36}", key.rsplit("/")[-1])
    manifest = ran.execution["Statistics"]["DataManifestLocation"]
    assert manifest == f"{athena.output}{ran.id}-manifest.csv"
    lines = athena.body(f"results/{ran.id}-manifest.csv").decode().splitlines()
    assert sorted(lines) == [f"s3://{athena.bucket}/{key}" for key in keys]
    assert ran.execution["ResultConfiguration"]["OutputLocation"] == f"{athena.output}{ran.id}"
    assert athena.keys(f"results/{ran.id}.") == [f"results/{ran.id}.metadata"]


def test_parquet_files_have_the_tables_columns_without_partition_keys(athena: Athena) -> None:
    target(
        athena,
        "a int, b bigint, c double, d1 decimal(10,2), e string, f boolean, g date, "
        "i timestamp, j array<int>, k struct<p:int,q:string>, l tinyint",
    )
    ran = athena.run(
        "INSERT INTO t SELECT 1, 2, 3, CAST(4 AS decimal(5,1)), 'x', true, DATE '2024-01-02', "
        "TIMESTAMP '2024-01-02 03:04:05.678', ARRAY[1], ROW(1, 'y'), CAST(1 AS tinyint), 'p', 1"
    )
    assert ran.state == "SUCCEEDED", ran.reason
    metadata = pq.read_metadata(io.BytesIO(athena.body(athena.keys("t/")[0])))
    schema = {metadata.schema.column(i).path: metadata.schema.column(i) for i in range(11)}
    assert schema["a"].physical_type == "INT32"
    assert schema["b"].physical_type == "INT64"
    assert schema["c"].physical_type == "DOUBLE"
    assert str(schema["d1"].logical_type).startswith("Decimal(precision=10, scale=2")
    assert str(schema["e"].logical_type) == "String"
    assert str(schema["g"].logical_type) == "Date"
    # Trino writes INT96.
    stored = schema["i"]
    assert stored.physical_type == "INT96" or str(stored.logical_type).startswith("Timestamp")
    assert [f.name for f in metadata.schema.to_arrow_schema()] == [
        "a",
        "b",
        "c",
        "d1",
        "e",
        "f",
        "g",
        "i",
        "j",
        "k",
        "l",
    ]
    assert athena.rows("SELECT c, d1, g, i, j, k, l FROM t") == [
        ("3.0", "4.00", "2024-01-02", "2024-01-02 03:04:05.678", "[1]", "{p=1, q=y}", "1")
    ]


def test_an_insert_of_no_rows_writes_nothing(athena: Athena) -> None:
    target(athena)
    ran = athena.run("INSERT INTO t SELECT 1, 'a', 'p', 1 WHERE false")
    assert ran.rows == [("0",)]
    assert "DataManifestLocation" not in ran.execution["Statistics"]
    assert athena.keys("t/") == []
    assert athena.keys(f"results/{ran.id}-manifest") == []


def test_an_insert_appends_where_the_partition_points(athena: Athena) -> None:
    target(athena)
    athena.run(f"ALTER TABLE t ADD PARTITION (d='p', h=1) LOCATION '{athena.location('far')}'")
    athena.run("INSERT INTO t VALUES (1, 'a', 'p', 1)")
    athena.run("INSERT INTO t VALUES (2, 'b', 'p', 1)")
    assert len(athena.keys("far/")) == 2
    assert athena.rows("SELECT x FROM t ORDER BY x") == [("1",), ("2",)]


def test_named_columns_are_inserted_and_the_others_are_null(athena: Athena) -> None:
    target(athena)
    athena.run("INSERT INTO t (h, d, s) VALUES (1, 'p', 'only')")
    assert athena.rows("SELECT x, s, d, h FROM t") == [(None, "only", "p", "1")]
    assert athena.run("INSERT INTO t (nosuch) VALUES (1)").reason.startswith("COLUMN_NOT_FOUND")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1, 2, 'p', 1",
        "SELECT 1, 'a', 'p'",
        "SELECT 1e0, 'a', 'p', 1",
        "SELECT 1, 'a', 1, 'p'",
        "SELECT 1.5, 'a', 'p', 1",
    ],
)
def test_types_that_do_not_fit_the_table_are_refused(athena: Athena, query: str) -> None:
    target(athena)
    ran = athena.run(f"INSERT INTO t {query}")
    assert ran.reason.startswith(
        "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table: [bigint, "
        "varchar, varchar, bigint], Query: ["
    )
    assert ran.reason.endswith("Athena will not delete data in your account.")
    assert f"'{athena.output}{ran.id}-manifest.csv'" in ran.reason


def test_partition_values_are_escaped_and_null_is_hives_default(athena: Athena) -> None:
    target(athena)
    athena.run("INSERT INTO t VALUES (1, 'a', 'x/y=z: w', 7), (2, 'b', NULL, 8)")
    assert athena.rows("SELECT x, d, h FROM t ORDER BY x") == [
        ("1", "x/y=z: w", "7"),
        ("2", None, "8"),
    ]
    folders = sorted(key.split("/")[1] for key in athena.keys("t/"))
    assert folders == ["d=__HIVE_DEFAULT_PARTITION__", "d=x%2Fy%3Dz%3A w"]


@pytest.mark.parametrize(
    ("storage", "suffix"),
    [
        ("ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'", ".gz"),
        ("ROW FORMAT DELIMITED FIELDS TERMINATED BY ','", ".gz"),
        ("STORED AS PARQUET", ""),
    ],
)
def test_every_format_that_takes_inserts_reads_back(
    athena: Athena, storage: str, suffix: str
) -> None:
    target(athena, "x bigint, s string, ts timestamp, y double", storage)
    ran = athena.run(
        "INSERT INTO t VALUES (1, 'a \"q\"', TIMESTAMP '2024-01-02 03:04:05.678', "
        "1.5e0, 'p', 1), (NULL, NULL, NULL, NULL, 'p', 1)"
    )
    assert ran.state == "SUCCEEDED", ran.reason
    assert all(key.endswith(suffix) for key in athena.keys("t/"))
    assert athena.rows("SELECT x, s, ts, y FROM t ORDER BY x") == [
        ("1", 'a "q"', "2024-01-02 03:04:05.678", "1.5"),
        (None, None, None, None),
    ]


@pytest.mark.parametrize(
    "storage",
    [
        "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'",
        "CLUSTERED BY (x) INTO 4 BUCKETS STORED AS PARQUET",
    ],
)
def test_openx_and_bucketed_tables_take_no_inserts(athena: Athena, storage: str) -> None:
    target(athena, more=storage)
    assert athena.run("INSERT INTO t VALUES (1, 'a', 'p', 1)").reason.startswith("NOT_SUPPORTED")


def test_a_hundred_partitions_are_written_and_one_more_is_not(athena: Athena) -> None:
    target(athena)
    rows = "SELECT x, 's', 'p', x FROM UNNEST(sequence(1, {})) AS u(x)"
    ran = athena.run("INSERT INTO t " + rows.format(101))
    assert ran.reason.startswith(
        "HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers for "
        "partitions/buckets If a data manifest file was generated at"
    )
    assert len(athena.keys("t/")) == 100
    assert athena.rows("SHOW PARTITIONS t") == []
    assert athena.run("INSERT INTO t " + rows.format(100)).rows == [("100",)]
    assert len(athena.rows("SHOW PARTITIONS t")) == 100


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE c WITH (partitioned_by = ARRAY['p']) AS {rows}",
        "UNLOAD ({rows}) TO '{location}' WITH (format = 'PARQUET', partitioned_by = ARRAY['p'])",
    ],
)
def test_other_writes_have_the_same_limit(athena: Athena, statement: str) -> None:
    rows = "SELECT x, x AS p FROM UNNEST(sequence(1, 101)) AS u(x)"
    ran = athena.run(statement.format(rows=rows, location=athena.location("u")))
    assert ran.reason.startswith("HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100")


def test_a_table_is_created_from_a_query(athena: Athena) -> None:
    ran = athena.run(
        "CREATE TABLE c WITH (format = 'PARQUET', partitioned_by = ARRAY['h'], write_compression "
        "= 'SNAPPY') AS SELECT 1 AS x, 'a' AS s, 2.50 AS m, 3 AS h UNION ALL SELECT 2, 'b', 1, 4"
    )
    assert ran.state == "SUCCEEDED", ran.reason
    execution = ran.execution
    assert (execution["StatementType"], execution["SubstatementType"]) == (
        "DDL",
        "CREATE_TABLE_AS_SELECT",
    )
    location = f"{athena.output}tables/{ran.id}"
    assert execution["ResultConfiguration"]["OutputLocation"] == location
    table = athena.glue.get_table(DatabaseName=athena.database, Name="c")["Table"]
    assert table["StorageDescriptor"]["Location"] == location
    assert table["StorageDescriptor"]["Columns"] == [
        {"Name": "x", "Type": "int"},
        {"Name": "s", "Type": "string"},
        {"Name": "m", "Type": "decimal(12,2)"},
    ]
    assert athena.rows("SELECT * FROM c ORDER BY x") == [
        ("1", "a", "2.50", "3"),
        ("2", "b", "1.00", "4"),
    ]
    assert athena.run("CREATE TABLE c AS SELECT 1 AS x").reason.startswith("TABLE_ALREADY_EXISTS")
    assert athena.run("CREATE TABLE IF NOT EXISTS c AS SELECT 1 AS x").state == "SUCCEEDED"


def test_a_table_is_created_without_data(athena: Athena) -> None:
    athena.run("CREATE TABLE c AS SELECT 1 AS x WITH NO DATA")
    assert athena.rows("SELECT * FROM c") == []


def test_a_table_is_not_created_over_data(athena: Athena) -> None:
    athena.put("c/old", b"1")
    ran = athena.run(
        f"CREATE TABLE c WITH (external_location = '{athena.location('c')}') AS SELECT 1 AS x"
    )
    assert ran.reason.startswith(
        f"HIVE_PATH_ALREADY_EXISTS: Target directory for table '{athena.database}.c' already "
        f"exists: {athena.location('c')}"
    )
    assert "You may need to manually clean the data at location" in ran.reason


@pytest.mark.parametrize(
    ("select", "name"),
    [
        ("SELECT 1", "COLUMN_NAME_NOT_SPECIFIED"),
        ("SELECT 1 AS h, 2 AS x", "HIVE_COLUMN_ORDER_MISMATCH"),
        ("SELECT now() AS x, 2 AS h", "NOT_SUPPORTED"),
        ("SELECT 1 AS h, 2 AS h", "DUPLICATE_COLUMN_NAME"),
    ],
)
def test_a_query_that_makes_no_table_is_refused(athena: Athena, select: str, name: str) -> None:
    ran = athena.run(f"CREATE TABLE c WITH (partitioned_by = ARRAY['h']) AS {select}")
    assert ran.reason.startswith(f"{name}: ")


def test_unload_writes_files_and_nothing_to_the_catalog(athena: Athena) -> None:
    ran = athena.run(
        "UNLOAD (SELECT 1 AS x, 'a)' AS s, 2 AS h) TO "
        f"'{athena.location('u')}' WITH (format = 'PARQUET', partitioned_by = ARRAY['h'])"
    )
    assert ran.state == "SUCCEEDED", ran.reason
    assert (ran.execution["StatementType"], ran.rows) == ("DML", [("1",)])
    (key,) = athena.keys("u/")
    assert key.startswith("u/h=2/")
    metadata = pq.read_metadata(io.BytesIO(athena.body(key)))
    assert metadata.row_group(0).column(0).compression == "GZIP"
    assert athena.body(f"results/{ran.id}-manifest.csv").decode() == (
        f"s3://{athena.bucket}/{key}\n"
    )
    assert athena.rows("SHOW TABLES") == []
    again = athena.run(
        f"UNLOAD (SELECT 1 AS x) TO '{athena.location('u')}' WITH (format = 'PARQUET')"
    )
    assert again.reason.startswith("HIVE_PATH_ALREADY_EXISTS")


def test_unloaded_json_has_an_object_a_line(athena: Athena) -> None:
    import gzip

    athena.run(
        "UNLOAD (SELECT x, 'v' AS s FROM (VALUES 1, 2) AS t(x)) TO "
        f"'{athena.location('u')}' WITH (format = 'JSON')"
    )
    lines = [
        json.loads(line)
        for key in athena.keys("u/")
        for line in gzip.decompress(athena.body(key)).splitlines()
    ]
    assert sorted(lines, key=lambda one: one["x"]) == [{"x": 1, "s": "v"}, {"x": 2, "s": "v"}]


def test_a_fault_before_the_write_leaves_nothing(athena: Athena, fault: Any) -> None:
    target(athena)
    fault(point="athena.query.before_write", action="fail", match="'early'", message="boom")
    ran = athena.run("INSERT INTO t VALUES (1, 'early', 'p', 1)")
    assert ran.reason.startswith("GENERIC_INTERNAL_ERROR: boom")
    assert athena.keys("t/") == []


def test_a_fault_during_the_write_leaves_a_part_of_the_files(athena: Athena, fault: Any) -> None:
    target(athena)
    fault(point="athena.query.during_write", action="partial", match="'torn'")
    ran = athena.run("INSERT INTO t SELECT x, 'torn', 'p', x FROM UNNEST(sequence(1, 10)) u(x)")
    assert ran.state == "FAILED"
    assert len(athena.keys("t/")) == 5
    assert athena.rows("SHOW PARTITIONS t") == []
    assert len(athena.body(f"results/{ran.id}-manifest.csv").splitlines()) == 5


def test_a_write_that_hangs_half_through_goes_on_when_it_is_freed(
    athena: Athena, faults: Control
) -> None:
    target(athena)
    faults.set("athena.query.during_write", "hang", match="'slow'")
    execution_id = athena.start(
        "INSERT INTO t SELECT x, 'slow', 'p', x FROM UNNEST(ARRAY[1, 2]) u(x)"
    )
    while len(athena.keys("t/")) < 1:
        time.sleep(0.02)
    assert athena.rows("SELECT x FROM t") == []
    faults.clear()
    assert athena.wait(execution_id)["Status"]["State"] == "SUCCEEDED"
    assert len(athena.rows("SELECT x FROM t")) == 2


def test_a_fault_after_the_write_leaves_all_of_it(athena: Athena, fault: Any) -> None:
    target(athena)
    fault(point="athena.query.after_write", action="fail", match="'late'")
    ran = athena.run("INSERT INTO t VALUES (1, 'late', 'p', 1)")
    assert ran.state == "FAILED"
    assert athena.rows("SELECT s FROM t") == [("late",)]


def test_a_stopped_insert_registers_nothing(athena: Athena, fault: Any) -> None:
    target(athena)
    fault(point="athena.query.before_write", action="hang", match="'stopped'")
    execution_id = athena.start("INSERT INTO t VALUES (1, 'stopped', 'p', 1)")
    athena.api.stop_query_execution(QueryExecutionId=execution_id)
    assert athena.wait(execution_id)["Status"]["StateChangeReason"] == "Query cancelled by user"
    assert athena.rows("SHOW PARTITIONS t") == []
