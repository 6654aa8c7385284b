"""Tables over files: formats, partitions, pruning, bytes, views, DDL."""

import gzip
import io
import json
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.athena_client import Athena

from local_aws.testing import Aws


@pytest.fixture
def athena(aws: Aws, bucket: str, database: str) -> Athena:
    return Athena(aws, bucket, database)


@pytest.fixture(scope="session")
def read_bytes() -> Callable[..., int]:
    """How many bytes of a Parquet file a query reads that needs some columns."""
    # Trino reads a file of less than 3 MB as a whole.
    is_on_trino = os.environ.get("LOCAL_AWS_ENGINE") == "trino"
    return (lambda body, *_: len(body)) if is_on_trino else column_bytes


def parquet(**columns: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, compression="snappy")
    return out.getvalue()


def column_bytes(body: bytes, *names: str) -> int:
    """Compressed bytes of the columns, plus what the footer takes."""
    metadata = pq.read_metadata(io.BytesIO(body))
    chunks = sum(
        metadata.row_group(group).column(index).total_compressed_size
        for group in range(metadata.num_row_groups)
        for index in range(metadata.num_columns)
        if metadata.row_group(group).column(index).path_in_schema.split(".")[0] in names
    )
    return chunks + metadata.serialized_size + 8


def hours(athena: Athena, kind: str = "string") -> dict[str, bytes]:
    """A table of hours with one file each, keys zero-padded as Firehose writes them."""
    assert (
        athena.run(
            f"CREATE EXTERNAL TABLE h (x bigint, s string) PARTITIONED BY "
            f"(year {kind}, month {kind}, day {kind}, hour {kind}) "
            f"STORED AS PARQUET LOCATION '{athena.location('h')}'"
        ).state
        == "SUCCEEDED"
    )
    bodies, inputs = {}, []
    for number, (day, hour) in enumerate((d, h) for d in (1, 2) for h in (0, 1, 22, 23)):
        values = ["2024", "03", f"{day:02d}", f"{hour:02d}"]
        prefix = "h/year={}/month={}/day={}/hour={}".format(*values)
        # Sizes differ, so that bytes tell which files were read.
        body = parquet(x=list(range(100 * (number + 1))), s=["v" * number] * 100 * (number + 1))
        athena.put(f"{prefix}/file", body)
        bodies[f"{day:02d}/{hour:02d}"] = body
        inputs.append(
            {
                "Values": values,
                "StorageDescriptor": {
                    **athena.glue.get_table(DatabaseName=athena.database, Name="h")["Table"][
                        "StorageDescriptor"
                    ],
                    "Location": f"s3://{athena.bucket}/{prefix}",
                },
            }
        )
    athena.glue.batch_create_partition(
        DatabaseName=athena.database, TableName="h", PartitionInputList=inputs
    )
    return bodies


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """A table of hours, and the bodies of its files by day and hour."""

    athena: Athena
    bodies: dict[str, bytes]


@pytest.fixture(scope="module")
def hourly(aws: Aws) -> Hours:
    """The table `h`, and the view `v` over it, in a database of their own; only read."""
    name = uuid.uuid4().hex[:12]
    athena = Athena(aws, f"hours-{name}", f"hours_{name}")
    athena.s3.create_bucket(Bucket=athena.bucket)
    athena.glue.create_database(DatabaseInput={"Name": athena.database})
    bodies = hours(athena)
    athena.run("CREATE VIEW v AS SELECT x, day AS d, hour FROM h")
    return Hours(athena=athena, bodies=bodies)


PRUNING = [
    ("day = '02' AND hour = '00'", ["02/00"]),
    ("day = '01' AND hour >= '22' OR day = '02' AND hour < '01'", ["01/22", "01/23", "02/00"]),
    ("hour IN ('01', '23') AND day BETWEEN '02' AND '09'", ["02/01", "02/23"]),
    ("year || '-' || day = '2024-01'", ["01/00", "01/01", "01/22", "01/23"]),
    ("CAST(hour AS integer) = 22", ["01/22", "02/22"]),
    (
        "(day = '01' AND x = 5) OR (hour = '23' AND x = 6)",
        ["01/00", "01/01", "01/22", "01/23", "02/23"],
    ),
    ("NOT (day = '01')", ["02/00", "02/01", "02/22", "02/23"]),
    ("month = '04'", []),
]


@pytest.mark.parametrize(("condition", "expected"), PRUNING)
def test_only_files_of_partitions_that_can_match_are_read(
    hourly: Hours, condition: str, expected: list[str], read_bytes: Callable[..., int]
) -> None:
    athena, bodies = hourly.athena, hourly.bodies
    ran = athena.run(f"SELECT count(x) FROM h WHERE {condition}")
    assert ran.scanned == sum(read_bytes(bodies[key], "x") for key in expected)


OUTER = [
    "SELECT sum(x) FROM (SELECT * FROM h) WHERE day = '02' AND hour = '01'",
    (
        "WITH w AS (SELECT x, day AS d, hour FROM h WHERE day > '01') SELECT sum(x) FROM w "
        "WHERE hour = '01'"
    ),
    "SELECT sum(x) FROM v WHERE hour = '01' AND d = '02'",
    (
        "SELECT a.x FROM h AS a JOIN (VALUES 1) AS b(y) ON a.x = b.y AND a.hour = '01' "
        "WHERE a.day = '02'"
    ),
    (
        "SELECT day, sum(n) FROM (SELECT day, hour, sum(x) AS n FROM h GROUP BY day, hour) "
        "WHERE day = '02' AND hour = '01' GROUP BY day"
    ),
    "SELECT x FROM h WHERE day = '02' AND hour = '01' UNION ALL SELECT 1",
    (
        "SELECT x FROM (SELECT x, day, hour FROM h UNION ALL SELECT 1, '02', '01') "
        "WHERE day = '02' AND hour = '01'"
    ),
]


@pytest.mark.parametrize("query", OUTER)
def test_conditions_reach_the_scan_through_subqueries_views_and_joins(
    hourly: Hours, query: str, read_bytes: Callable[..., int]
) -> None:
    athena, bodies = hourly.athena, hourly.bodies
    assert athena.run(query).scanned == read_bytes(bodies["02/01"], "x")


def test_an_optional_side_of_a_join_is_not_pruned_by_what_comes_after(hourly: Hours) -> None:
    query = (
        "SELECT count(*) FROM (VALUES 0) AS a(x) LEFT JOIN h AS b ON a.x = b.x AND b.day = '01' "
        "AND b.hour = '00' {} WHERE b.day IS NULL"
    )
    for more in ("", "JOIN (VALUES 0) AS c(x) ON b.day IS NULL AND c.x = a.x"):
        assert hourly.athena.rows(query.format(more)) == [("0",)]


def test_a_condition_behind_a_limit_or_a_window_prunes_nothing(
    hourly: Hours, read_bytes: Callable[..., int]
) -> None:
    athena, bodies = hourly.athena, hourly.bodies
    everything = sum(read_bytes(body, "x") for body in bodies.values())
    numbered = "SELECT x, day, row_number() OVER (ORDER BY x) AS r FROM h"
    for inner in ("SELECT x, day, 1 AS r FROM h LIMIT 9999", numbered):
        ran = athena.run(f"SELECT sum(x), sum(r) FROM ({inner}) WHERE day = '02'")
        assert ran.scanned == everything


def test_declared_numbers_read_zero_padded_values(
    athena: Athena, read_bytes: Callable[..., int]
) -> None:
    bodies = hours(athena, "bigint")
    ran = athena.run(
        "SELECT day, hour, count(x) FROM h WHERE day = 2 AND hour < 2 GROUP BY 1, 2 ORDER BY 2"
    )
    assert ran.rows == [("2", "0", "500"), ("2", "1", "600")]
    assert ran.scanned == read_bytes(bodies["02/00"], "x") + read_bytes(bodies["02/01"], "x")
    assert athena.run("SELECT x FROM h WHERE day = '02'").reason.startswith(
        "TYPE_MISMATCH: line 1:27: Cannot apply operator: bigint = varchar(2)"
    )


@pytest.mark.duckdb_only(reason="Trino reads small files as a whole")
def test_bytes_are_those_of_the_columns_that_are_read(hourly: Hours) -> None:
    athena, bodies = hourly.athena, hourly.bodies
    body = bodies["01/00"]
    one = "FROM h WHERE day = '01' AND hour = '00'"
    assert athena.run(f"SELECT count(*) {one}").scanned == column_bytes(body)
    assert athena.run(f"SELECT max(s) {one}").scanned == column_bytes(body, "s")
    assert athena.run(f"SELECT * {one}").scanned == column_bytes(body, "x", "s")
    assert athena.run(f"SELECT count(*) {one} AND x > 1").scanned == column_bytes(body, "x")
    unused = f"SELECT count(*) FROM (SELECT upper(s), x + 1 {one})"
    assert athena.run(unused).scanned == column_bytes(body)


def test_a_table_that_is_scanned_twice_counts_twice(
    hourly: Hours, read_bytes: Callable[..., int]
) -> None:
    athena, bodies = hourly.athena, hourly.bodies
    one = "SELECT x, s FROM h WHERE day = '01' AND hour = '00'"
    twice = 2 * read_bytes(bodies["01/00"], "x")
    assert (
        athena.run(f"SELECT count(*) FROM ({one}) a JOIN ({one}) b ON a.x = b.x").scanned == twice
    )
    assert (
        athena.run(f"WITH w AS ({one}) SELECT count(*) FROM w a JOIN w b ON a.x = b.x").scanned
        == twice
    )


def test_a_partition_is_read_from_wherever_it_points(athena: Athena) -> None:
    hours(athena)
    athena.put("elsewhere/v=2/file", parquet(x=[7], s=["moved"]))
    athena.run(
        "ALTER TABLE h PARTITION (year='2024', month='03', day='01', hour='00') "
        f"SET LOCATION '{athena.location('elsewhere/v=2')}'"
    )
    rows = athena.rows("SELECT x, s, day, \"$path\" FROM h WHERE day = '01' AND hour = '00'")
    assert rows == [("7", "moved", "01", f"s3://{athena.bucket}/elsewhere/v=2/file")]


def test_hidden_files_are_not_read(athena: Athena) -> None:
    athena.run(
        f"CREATE EXTERNAL TABLE t (x bigint) STORED AS PARQUET LOCATION '{athena.location('t')}'"
    )
    for name in ("a", "_b", ".c", "_d/e", "f/g"):
        athena.put(f"t/{name}", parquet(x=[1]))
    athena.put("t/empty_folder/", b"")
    athena.put("tt/a", parquet(x=[1]))
    assert athena.rows("SELECT count(*) FROM t") == [("2",)]


def test_parquet_is_read_by_name(athena: Athena) -> None:
    athena.run(
        "CREATE EXTERNAL TABLE t (a bigint, b string, c double, d decimal(10,2), "
        "e struct<p:int,q:string>, f array<struct<r:bigint>>, g timestamp, i date) "
        f"STORED AS PARQUET LOCATION '{athena.location('t')}'"
    )
    athena.put("t/1", parquet(B=["x"], a=pa.array([1], pa.int32()), extra=[9]))
    athena.put(
        "t/2",
        parquet(
            e=[{"q": "y", "p": 5, "z": 0}],
            f=[[{"r": 3}]],
            c=pa.array([1.5], pa.float32()),
            g=pa.array([1711670400123], pa.timestamp("ms")),
            i=pa.array([19811], pa.date32()),
        ),
    )
    rows = athena.rows("SELECT a, b, c, d, e, f, g, i FROM t ORDER BY a")
    assert rows == [
        ("1", "x", None, None, None, None, None, None),
        (None, None, "1.5", None, "{p=5, q=y}", "[{r=3}]", "2024-03-29 00:00:00.123", "2024-03-29"),
    ]


@pytest.mark.duckdb_only(reason="the sentence is Athena's, not Trino's")
def test_a_file_of_another_type_fails_the_query_that_reads_the_column(athena: Athena) -> None:
    athena.run(
        "CREATE EXTERNAL TABLE t (a bigint, b string) STORED AS PARQUET "
        f"LOCATION '{athena.location('t')}'"
    )
    athena.put("t/1", parquet(a=["text"], b=["x"]))
    ran = athena.run("SELECT a FROM t")
    assert ran.reason.startswith("NOT_SUPPORTED: Field a's type string in parquet file s3://")
    assert "is incompatible with type bigint defined in table schema" in ran.reason
    assert athena.rows("SELECT b FROM t") == [("x",)]


@pytest.mark.duckdb_only(reason="Trino reports HIVE_CANNOT_OPEN_SPLIT")
def test_a_file_that_disappears_fails_the_query(athena: Athena, aws: Aws) -> None:
    athena.run(
        f"CREATE EXTERNAL TABLE t (a bigint) STORED AS TEXTFILE LOCATION '{athena.location('t')}'"
    )
    athena.put("t/1", b"1\n")
    assert aws.server is not None
    stored = aws.server.store.get(athena.bucket, "t/1")
    assert stored is not None
    stored.path.unlink()
    ran = athena.run("SELECT a FROM t")
    assert ran.reason.startswith(
        f"HIVE_CURSOR_ERROR: Failed to read file s3://{athena.bucket}/t/1: The specified key does "
        "not exist."
    )


JSON_TABLE = (
    "CREATE EXTERNAL TABLE j (id int, name string, score double, ok boolean, tags array<string>, "
    "inner_part struct<a:int,b:string>) ROW FORMAT SERDE '{serde}' "
    "{properties} LOCATION '{location}'"
)
OPENX = "org.openx.data.jsonserde.JsonSerDe"
HCATALOG = "org.apache.hive.hcatalog.data.JsonSerDe"


def json_table(athena: Athena, serde: str, properties: str, lines: list[str]) -> None:
    sql = JSON_TABLE.format(serde=serde, properties=properties, location=athena.location("j"))
    assert athena.run(sql).state == "SUCCEEDED"
    athena.put("j/data.json", "\n".join(lines).encode() + b"\n")


def test_openx_json_takes_texts_for_numbers_and_numbers_for_texts(athena: Athena) -> None:
    json_table(
        athena,
        OPENX,
        "",
        [
            json.dumps(
                {
                    "id": "50",
                    "name": 7,
                    "score": "1.5",
                    "ok": True,
                    "tags": ["a", "b"],
                    "inner_part": {"a": 1, "b": "x"},
                }
            ),
            json.dumps({"ID": 51, "Name": "upper", "unknown": 1}),
            json.dumps({"id": "not a number", "name": None, "score": 7}),
            json.dumps({"id": 52.9, "name": {"a": [1]}, "score": "x"}),
        ],
    )
    assert athena.rows("SELECT * FROM j ORDER BY id") == [
        ("50", "7", "1.5", "true", "[a, b]", "{a=1, b=x}"),
        ("51", "upper", None, None, None, None),
        ("52", '{"a":[1]}', None, None, None, None),
        (None, None, "7.0", None, None, None),
    ]


def test_a_broken_line_fails_an_openx_query_that_names_the_object(athena: Athena) -> None:
    json_table(athena, OPENX, "", ['{"id": 1}', '{"id": '])
    ran = athena.run("SELECT id FROM j")
    assert ran.reason.startswith("HIVE_CURSOR_ERROR")
    assert f"s3://{athena.bucket}/j/data.json" in ran.reason
    assert athena.rows("SELECT count(*) FROM j") == [("2",)]


@pytest.mark.duckdb_only(reason="Trino names the object alone")
def test_a_value_that_does_not_fit_names_column_type_and_object(athena: Athena) -> None:
    json_table(athena, HCATALOG, "", ['{"id": 1, "score": "x"}'])
    ran = athena.run("SELECT score FROM j")
    assert ran.reason.startswith("HIVE_CURSOR_ERROR")
    assert f"s3://{athena.bucket}/j/data.json" in ran.reason
    assert "of type double" in ran.reason
    assert athena.rows("SELECT id FROM j") == [("1",)]


def test_a_line_that_is_no_object_is_a_row_of_nulls_and_an_array_one_by_position(
    athena: Athena,
) -> None:
    lines = ['{"id": 1}', "not json", '[2, "x"]', ""]
    json_table(athena, OPENX, "", lines)
    assert athena.rows("SELECT id, name FROM j ORDER BY id") == [
        ("1", None),
        ("2", "x"),
        (None, None),
        (None, None),
    ]


def test_ignored_malformed_lines_are_rows_of_nulls(athena: Athena) -> None:
    json_table(
        athena,
        OPENX,
        "WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')",
        ['{"id": 1}', "not json", '{"id": 2'],
    )
    assert athena.rows("SELECT count(*), count(id) FROM j") == [("3", "1")]


def test_a_partition_is_read_with_its_own_serde(athena: Athena) -> None:
    athena.run(
        "CREATE EXTERNAL TABLE p (id int) PARTITIONED BY (d string) "
        f"ROW FORMAT SERDE '{OPENX}' LOCATION '{athena.location('p')}'"
    )
    descriptor = athena.glue.get_table(DatabaseName=athena.database, Name="p")["Table"][
        "StorageDescriptor"
    ]
    for value, parameters in (("strict", {}), ("lenient", {"ignore.malformed.json": "true"})):
        athena.put(f"p/{value}/1.json", b'{"id": 1}\n{"id": \n')
        athena.glue.create_partition(
            DatabaseName=athena.database,
            TableName="p",
            PartitionInput={
                "Values": [value],
                "StorageDescriptor": {
                    **descriptor,
                    "Location": athena.location(f"p/{value}"),
                    "SerdeInfo": {"SerializationLibrary": OPENX, "Parameters": parameters},
                },
            },
        )
    assert athena.rows("SELECT id FROM p WHERE d = 'lenient' ORDER BY id") == [("1",), (None,)]
    assert athena.run("SELECT id FROM p WHERE d = 'strict'").state == "FAILED"


def test_gzipped_json_is_read_and_costs_its_whole_size(athena: Athena) -> None:
    json_table(athena, HCATALOG, "", ['{"id": 1}'])
    body = gzip.compress(b'{"id": 2}\n{"id": 3}\n')
    athena.put("j/more.json.gz", body)
    ran = athena.run("SELECT sum(id) FROM j")
    assert ran.rows == [("6",)]
    assert ran.scanned == len(body) + len(b'{"id": 1}\n')


def test_delimited_text_is_read_by_position(athena: Athena) -> None:
    athena.run(
        "CREATE EXTERNAL TABLE c (a int, b string, c double) ROW FORMAT DELIMITED FIELDS "
        f"TERMINATED BY ';' LOCATION '{athena.location('c')}' "
        "TBLPROPERTIES ('skip.header.line.count' = '1')"
    )
    athena.put("c/1.csv", b"a;b;c\n1;x;1.5\n2;\\N\n")
    assert athena.rows("SELECT * FROM c ORDER BY 1") == [("1", "x", "1.5"), ("2", None, None)]


def test_quoted_csv_is_read(athena: Athena) -> None:
    athena.run(
        "CREATE EXTERNAL TABLE c (a string, b string) ROW FORMAT SERDE "
        "'org.apache.hadoop.hive.serde2.OpenCSVSerde' WITH SERDEPROPERTIES "
        f"('separatorChar' = ',', 'quoteChar' = '\"') LOCATION '{athena.location('c')}'"
    )
    athena.put("c/1.csv", b'"x, y","say ""hi"""\nplain,2\n')
    assert athena.rows("SELECT * FROM c ORDER BY 1") == [("plain", "2"), ("x, y", 'say "hi"')]


def test_iceberg_is_refused_by_name(athena: Athena) -> None:
    ran = athena.run(
        f"CREATE EXTERNAL TABLE i (a int) LOCATION '{athena.location('i')}' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    assert ran.reason.startswith("NOT_SUPPORTED: local_aws has no Iceberg")


def test_a_struct_field_with_a_hyphen_makes_its_table_unreadable(athena: Athena) -> None:
    athena.glue.create_table(
        DatabaseName=athena.database,
        TableInput={
            "Name": "hyphens",
            "StorageDescriptor": {
                "Columns": [
                    {"Name": "id", "Type": "int"},
                    {"Name": "labels", "Type": "struct<a:int,x-y:string>"},
                ],
                "Location": athena.location("hyphens"),
                "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                "SerdeInfo": {"SerializationLibrary": OPENX},
            },
        },
    )
    ran = athena.run("SELECT id FROM hyphens")
    athena.glue.delete_table(DatabaseName=athena.database, Name="hyphens")
    assert ran.reason.startswith("GENERIC_INTERNAL_ERROR")
    assert (
        "expected at the position 14 of 'struct<a:int,x-y:string>' but '-' is found." in ran.reason
    )


PROJECTED = (
    "CREATE EXTERNAL TABLE p (id int) PARTITIONED BY ({keys}) ROW FORMAT SERDE '{serde}' "
    "LOCATION '{location}' TBLPROPERTIES ('projection.enabled' = 'true', {properties})"
)


def projected_table(athena: Athena, keys: str, properties: dict[str, str]) -> None:
    given = ", ".join(f"'{name}' = '{text}'" for name, text in properties.items())
    location = athena.location("p")
    sql = PROJECTED.format(keys=keys, serde=OPENX, location=location, properties=given)
    ran = athena.run(sql.replace("{p}", location))
    assert ran.state == "SUCCEEDED", ran.reason


def test_partitions_are_projected_from_numbers_and_lists(athena: Athena) -> None:
    properties = {
        "projection.device.type": "enum",
        "projection.device.values": "a,b",
        "projection.month.type": "integer",
        "projection.month.range": "1,12",
        "projection.month.digits": "2",
    }
    projected_table(athena, "device string, month int", properties)
    for number, folder in enumerate(
        ("device=a/month=05", "device=b/month=05", "device=c/month=05")
    ):
        athena.put(f"p/{folder}/x.json", f'{{"id": {number}}}\n'.encode())
    athena.put("p/device=a/month=5/x.json", b'{"id": 9}\n')
    assert athena.rows("SELECT device, month, id FROM p ORDER BY 1") == [
        ("a", "5", "0"),
        ("b", "5", "1"),
    ]
    assert athena.rows("SELECT id FROM p WHERE device = 'b' AND month = 5") == [("1",)]
    assert athena.rows("SELECT id FROM p WHERE month > 5") == []


def test_partitions_are_projected_from_times_by_a_template(athena: Athena) -> None:
    properties = {
        "projection.datehour.type": "date",
        "projection.datehour.format": "yyyy/MM/dd/HH",
        "projection.datehour.range": "2024/05/01/00,NOW",
        "projection.datehour.interval": "1",
        "projection.datehour.interval.unit": "HOURS",
        "storage.location.template": "{p}${datehour}/",
    }
    projected_table(athena, "datehour string", properties)
    for number, folder in enumerate(("2024/04/30/23", "2024/05/01/00", "2024/05/02/07")):
        athena.put(f"p/{folder}/x.json", f'{{"id": {number}}}\n'.encode())
    query = "SELECT datehour, id FROM p WHERE datehour < '2024/05/03' ORDER BY 1"
    assert athena.rows(query) == [("2024/05/01/00", "1"), ("2024/05/02/07", "2")]


@pytest.mark.duckdb_only(reason="Trino has injected values, and other words")
@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"projection.d.type": "injected"}, "NOT_SUPPORTED: local_aws has no injected projection"),
        ({}, "INVALID_TABLE_PROPERTY: Column projection for column 'd' failed"),
        (
            {"projection.d.type": "integer", "projection.d.range": "1"},
            "INVALID_TABLE_PROPERTY: Column projection for column 'd' failed",
        ),
        (
            {
                "projection.d.type": "date",
                "projection.d.range": "2024-05-01,NOW",
                "projection.d.format": "yyyy-ww",
            },
            "INVALID_TABLE_PROPERTY: Column projection for column 'd' failed",
        ),
    ],
)
def test_a_wrong_projection_is_refused_and_not_read_as_none(
    athena: Athena, properties: dict[str, str], reason: str
) -> None:
    projected_table(athena, "d string", {"note": "x", **properties})
    ran = athena.run("SELECT * FROM p WHERE d = '1'")
    assert ran.reason.startswith(reason)


# --- DDL


def test_databases_are_made_listed_and_dropped(athena: Athena) -> None:
    name = f"{athena.database}_more"
    assert athena.run(f"CREATE DATABASE IF NOT EXISTS {name} COMMENT 'c'").state == "SUCCEEDED"
    assert athena.run(f"CREATE SCHEMA {name}").state == "FAILED"
    assert (name,) in athena.rows("SHOW DATABASES")
    assert athena.rows(f"SHOW DATABASES LIKE '{name[:-2]}*'") == [(name,)]
    athena.run(f"CREATE EXTERNAL TABLE {name}.t (a int) LOCATION '{athena.location('t')}'")
    assert "is not empty" in athena.run(f"DROP DATABASE {name}").reason
    assert athena.run(f"DROP DATABASE {name} CASCADE").state == "SUCCEEDED"
    assert athena.run(f"DROP DATABASE IF EXISTS {name}").state == "SUCCEEDED"
    assert (name,) not in athena.rows("SHOW DATABASES")


def test_a_created_table_is_in_glue_as_declared(athena: Athena) -> None:
    athena.run(
        "CREATE EXTERNAL TABLE IF NOT EXISTS `t` (`a` int COMMENT 'it''s a', b struct<c:string, "
        "d:array<bigint>>, e decimal(10, 2)) COMMENT 'all' PARTITIONED BY (p string) "
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe' "
        f"STORED AS PARQUET LOCATION '{athena.location('t')}' "
        "TBLPROPERTIES ('parquet.compression' = 'SNAPPY')"
    )
    table = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"]
    assert table["StorageDescriptor"]["Columns"] == [
        {"Name": "a", "Type": "int", "Comment": "it's a"},
        {"Name": "b", "Type": "struct<c:string,d:array<bigint>>"},
        {"Name": "e", "Type": "decimal(10,2)"},
    ]
    assert table["PartitionKeys"] == [{"Name": "p", "Type": "string"}]
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert table["Parameters"]["parquet.compression"] == "SNAPPY"
    shown = "\n".join(row[0] or "" for row in athena.rows("SHOW CREATE TABLE t"))
    athena.run("DROP TABLE t")
    again = shown.replace(f"`{athena.database}.t`", "`t`")
    assert athena.run(again).state == "SUCCEEDED"
    recreated = athena.glue.get_table(DatabaseName=athena.database, Name="t")["Table"]
    assert recreated["StorageDescriptor"]["Columns"] == table["StorageDescriptor"]["Columns"]


def test_partitions_are_added_shown_found_and_dropped(athena: Athena) -> None:
    athena.run(
        "CREATE EXTERNAL TABLE t (x bigint) PARTITIONED BY (d string, h int) STORED AS "
        f"PARQUET LOCATION '{athena.location('t')}'"
    )
    assert (
        athena.run(
            "ALTER TABLE t ADD PARTITION (d='a b', h=1) PARTITION (d='c', h='02') "
            f"LOCATION '{athena.location('far')}'"
        ).state
        == "SUCCEEDED"
    )
    assert athena.rows("SHOW PARTITIONS t") == [("d=a b/h=1",), ("d=c/h=2",)]
    assert "already exists" in athena.run("ALTER TABLE t ADD PARTITION (d='c', h=2)").reason
    assert athena.run("ALTER TABLE t ADD IF NOT EXISTS PARTITION (d='c', h=2)").state == "SUCCEEDED"
    athena.put("t/d=e/h=3/file", parquet(x=[1]))
    athena.put("t/not_a_partition/file", parquet(x=[1]))
    repaired = athena.rows("MSCK REPAIR TABLE t")
    assert repaired[1] == ("Repair: Added partition to metastore t:d=e/h=3",)
    assert athena.rows("SELECT x, d, h FROM t") == [("1", "e", "3")]
    assert athena.rows('SELECT d, h FROM "t$partitions" ORDER BY h') == [
        ("a b", "1"),
        ("c", "2"),
        ("e", "3"),
    ]
    assert (
        athena.run("ALTER TABLE t DROP PARTITION (d='c'), PARTITION (d='e')").state == "SUCCEEDED"
    )
    assert athena.rows("SHOW PARTITIONS t") == [("d=a b/h=1",)]
    assert athena.run("ALTER TABLE t DROP PARTITION (d='zzz')").state == "FAILED"


def test_a_table_is_altered(athena: Athena) -> None:
    athena.run(
        f"CREATE EXTERNAL TABLE t (a int) STORED AS PARQUET LOCATION '{athena.location('t')}'"
    )
    athena.run("ALTER TABLE t ADD COLUMNS (b string)")
    athena.run("ALTER TABLE t SET TBLPROPERTIES ('k' = 'v')")
    athena.run(f"ALTER TABLE t SET LOCATION '{athena.location('u')}'")
    athena.put("u/1", parquet(a=pa.array([1], pa.int32()), b=["x"]))
    assert athena.rows("SELECT * FROM t") == [("1", "x")]
    assert athena.rows("SHOW TBLPROPERTIES t('k')") == [("v",)]
    assert athena.rows("SHOW COLUMNS IN t") == [("a".ljust(20),), ("b".ljust(20),)]
    assert athena.rows("DESCRIBE t")[1][0].split() == ["b", "string"]
    formatted = "\n".join(row[0] or "" for row in athena.rows("DESCRIBE FORMATTED t"))
    assert athena.location("u") in formatted


def test_views_are_stored_as_athena_stores_them(athena: Athena) -> None:
    athena.run("CREATE VIEW v AS SELECT 1 AS a, 'x' AS b")
    table = athena.glue.get_table(DatabaseName=athena.database, Name="v")["Table"]
    assert table["TableType"] == "VIRTUAL_VIEW"
    assert table["Parameters"]["presto_view"] == "true"
    assert table["ViewOriginalText"].startswith("/* Presto View: ")
    assert table["StorageDescriptor"]["Columns"] == [
        {"Name": "a", "Type": "int"},
        {"Name": "b", "Type": "string"},
    ]
    assert athena.rows("SELECT b, a FROM v") == [("x", "1")]
    assert athena.run("CREATE VIEW v AS SELECT 2 AS a").reason.startswith("TABLE_ALREADY_EXISTS")
    athena.run("CREATE OR REPLACE VIEW v AS SELECT 2 AS a")
    assert athena.rows("SELECT * FROM v") == [("2",)]
    assert athena.rows("SHOW VIEWS") == [("v",)]
    assert athena.rows("SHOW CREATE VIEW v")[1] == ("SELECT 2 AS a",)
    assert athena.run("DROP VIEW v").state == "SUCCEEDED"
    assert athena.run("SELECT * FROM v").reason.startswith("TABLE_NOT_FOUND")


def test_the_information_schema_lists_tables_and_columns(athena: Athena) -> None:
    athena.run(
        "CREATE EXTERNAL TABLE t (a int, b map<string,double>) PARTITIONED BY (p bigint) "
        f"LOCATION '{athena.location('t')}'"
    )
    athena.run("CREATE VIEW v AS SELECT 1 AS a")
    where = f"WHERE table_schema = '{athena.database}'"
    assert athena.rows(
        f"SELECT table_name, table_type FROM information_schema.tables {where} ORDER BY 1"
    ) == [("t", "BASE TABLE"), ("v", "VIEW")]
    assert athena.rows(
        "SELECT column_name, ordinal_position, data_type, extra_info FROM "
        f"information_schema.columns {where} AND table_name = 't' ORDER BY 2"
    ) == [
        ("a", "1", "integer", None),
        ("b", "2", "map(varchar, double)", None),
        ("p", "3", "bigint", "partition key"),
    ]
    assert athena.rows(
        "SELECT count(*) FROM awsdatacatalog.information_schema.schemata "
        f"WHERE schema_name = '{athena.database}'"
    ) == [("1",)]


def test_statement_types_are_athenas(athena: Athena) -> None:
    create = f"CREATE EXTERNAL TABLE t (a int) LOCATION '{athena.location('t')}'"
    expected = {
        create: ("DDL", "CREATE_TABLE", ".txt"),
        "SHOW TABLES": ("UTILITY", "SHOW_TABLES", ".txt"),
        "DESCRIBE t": ("UTILITY", "DESCRIBE_TABLE", ".txt"),
        "SELECT 1": ("DML", "SELECT", ".csv"),
        "DROP TABLE t": ("DDL", "DROP_TABLE", ".txt"),
    }
    for sql, (kind, subtype, suffix) in expected.items():
        ran = athena.run(sql)
        execution = ran.execution
        assert (execution["StatementType"], execution["SubstatementType"]) == (kind, subtype)
        location = execution["ResultConfiguration"]["OutputLocation"]
        assert location == f"{athena.output}{ran.id}{suffix}"
        assert sorted(athena.keys(f"results/{ran.id}")) == [
            f"results/{ran.id}{suffix}",
            f"results/{ran.id}{suffix}.metadata",
        ]
