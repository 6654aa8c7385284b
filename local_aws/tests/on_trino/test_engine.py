"""Athena on a real Trino: what the tests of Athena beside this folder do not show already."""

import time
from pathlib import Path
from typing import Any

import pytest
from tests.athena_client import Athena

from local_aws.athena.trino.client import TrinoServer
from local_aws.athena.trino.sql import TrinoSql
from local_aws.testing import PATIENCE, Aws
from local_aws_on_trino import athena_beside

VALUES = {
    "true": ("boolean", "true"),
    "TINYINT '1'": ("tinyint", "1"),
    "SMALLINT '-2'": ("smallint", "-2"),
    "3": ("integer", "3"),
    "BIGINT '4'": ("bigint", "4"),
    "REAL '1.5'": ("real", "1.5"),
    "1e0": ("double", "1.0"),
    "1e-5": ("double", "1.0E-5"),
    "nan()": ("double", "NaN"),
    "-infinity()": ("double", "-Infinity"),
    "DECIMAL '-0.50'": ("decimal", "-0.50"),
    "'☃ \"q\"'": ("varchar", '☃ "q"'),
    "CAST('ab' AS char(4))": ("char", "ab  "),
    "X'00FF10'": ("varbinary", "00 ff 10"),
    "DATE '2024-03-29'": ("date", "2024-03-29"),
    "TIME '01:02:03.004'": ("time", "01:02:03.004"),
    "TIMESTAMP '2024-03-29 01:02:03.004'": ("timestamp", "2024-03-29 01:02:03.004"),
    "TIMESTAMP '2024-03-29 01:02:03.123456'": ("timestamp", "2024-03-29 01:02:03.123456"),
    "TIMESTAMP '2024-03-29 01:02:03.004 Europe/Brussels'": (
        "timestamp with time zone",
        "2024-03-29 01:02:03.004 Europe/Brussels",
    ),
    "INTERVAL '1' DAY": ("interval day to second", "1 00:00:00.000"),
    "INTERVAL '14' MONTH": ("interval year to month", "1-2"),
    "JSON '{\"a\": [1, null]}'": ("json", '{"a":[1,null]}'),
    "UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59'": (
        "uuid",
        "12151fd2-7586-11e9-8f9e-2a86e4085a59",
    ),
    "IPADDRESS '10.0.0.1'": ("ipaddress", "10.0.0.1"),
    "NULL": ("unknown", None),
    "CAST(NULL AS array(integer))": ("array", None),
    "ARRAY[1, NULL]": ("array", "[1, null]"),
    "ARRAY[ROW(1, ARRAY[DATE '2024-01-01'])]": ("array", "[{field0=1, field1=[2024-01-01]}]"),
    "CAST(ROW(1, 'x') AS ROW(a integer, \"B c\" varchar))": ("row", "{a=1, B c=x}"),
    "MAP(ARRAY['a', 'b'], ARRAY[1, NULL])": ("map", "{a=1, b=null}"),
    "MAP(ARRAY[2e10], ARRAY[true])": ("map", "{2.0E10=true}"),
    "MAP(ARRAY[ARRAY[1, 2]], ARRAY[X'01'])": ("map", "{[1, 2]=01}"),
    "MAP(ARRAY[X'00ff'], ARRAY[1])": ("map", "{00 ff=1}"),
    "MAP(ARRAY[true], ARRAY[DECIMAL '1.0'])": ("map", "{true=1.0}"),
}


def test_a_value_of_every_type_is_printed_as_athena_prints_it(athena: Athena) -> None:
    cells = ", ".join(f"{value} AS c{number}" for number, value in enumerate(VALUES))
    ran = athena.run(f"SELECT {cells}")
    assert ran.state == "SUCCEEDED", ran.reason
    answers = zip((kind for _, kind in ran.columns), ran.rows[0], strict=True)
    assert dict(zip(VALUES, answers, strict=True)) == VALUES


@pytest.mark.parametrize(
    ("sql", "parameters", "reason"),
    [
        ("SELECT\n 1 + 'a'", (), "TYPE_MISMATCH: line 2:4: Cannot apply operator: integer + "),
        ("WITH t AS (SELECT 1 AS x)\nSELECT y FROM t", (), "COLUMN_NOT_FOUND: line 2:8: Column"),
        ("EXPLAIN SELECT nosuch", (), "COLUMN_NOT_FOUND: line 1:16: Column 'nosuch' cannot"),
        ("SELECT ?,\n nosuch", ("'it''s'",), "COLUMN_NOT_FOUND: line 2:2: Column 'nosuch'"),
        ("CREATE VIEW v AS\nSELECT nosuch", (), "COLUMN_NOT_FOUND: line 2:8: Column 'nosuch'"),
        ("CREATE TABLE t AS\nSELECT nosuch", (), "COLUMN_NOT_FOUND: line 2:8: Column 'nosuch'"),
        ("SELECT CASE WHEN rand() < 2 THEN fail('boom') END", (), "GENERIC_USER_ERROR: boom"),
    ],
)
def test_an_error_has_the_place_in_the_statement_that_was_given(
    athena: Athena, sql: str, parameters: tuple[str, ...], reason: str
) -> None:
    more = {"ExecutionParameters": list(parameters)} if parameters else {}
    assert athena.run(sql, **more).reason.startswith(reason)


@pytest.mark.parametrize("is_reversed", [False, True], ids=["by Trino", "by DuckDB"])
def test_a_view_that_one_engine_creates_is_read_by_the_other(
    athena: Athena, on_duckdb: Athena, is_reversed: bool
) -> None:
    writer, reader = (on_duckdb, athena) if is_reversed else (athena, on_duckdb)
    created = writer.run(
        "CREATE VIEW v AS SELECT x, CAST(x AS varchar) AS s, TIMESTAMP '2024-03-29 01:02:03.004' "
        "AS t, DECIMAL '1.50' AS d, ARRAY[CAST(x AS double)] AS a FROM UNNEST(ARRAY[1, 2]) AS u(x)"
    )
    assert created.state == "SUCCEEDED", created.reason
    rows = [(f"{x}", f"{x}", "2024-03-29 01:02:03.004", "1.50", f"[{x}.0]") for x in (1, 2)]
    for one in (reader, writer):
        assert one.rows("SELECT * FROM v ORDER BY x") == rows


STORED = {
    "Parquet": "STORED AS PARQUET",
    "JSON": "ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'",
    "text": "ROW FORMAT DELIMITED FIELDS TERMINATED BY ','",
}


@pytest.mark.parametrize("is_reversed", [False, True], ids=["by Trino", "by DuckDB"])
@pytest.mark.parametrize("stored", STORED.values(), ids=STORED)
def test_rows_that_one_engine_inserts_are_read_by_the_other(
    athena: Athena, on_duckdb: Athena, stored: str, is_reversed: bool
) -> None:
    writer, reader = (on_duckdb, athena) if is_reversed else (athena, on_duckdb)
    created = writer.run(
        "CREATE EXTERNAL TABLE t (a bigint, b string, c double, d decimal(10,2), e boolean, "
        "f date, g timestamp, h float, i tinyint) PARTITIONED BY (p string, q bigint) "
        f"{stored} LOCATION '{athena.location('t')}'"
    )
    assert created.state == "SUCCEEDED", created.reason
    inserted = writer.run(
        "INSERT INTO t VALUES (1, 'a \"q\" ☃', 1.5e-7, 2.50, true, DATE '2024-03-29', "
        "TIMESTAMP '2024-03-29 01:02:03.004', REAL '1.5', TINYINT '7', 'it''s a/b', 3), "
        "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
    )
    assert inserted.state == "SUCCEEDED", inserted.reason
    rows = [
        (
            *("1", 'a "q" ☃', "1.5E-7", "2.50", "true", "2024-03-29", "2024-03-29 01:02:03.004"),
            *("1.5", "7", "it's a/b", "3"),
        ),
        (None,) * 11,
    ]
    for one in (reader, writer):
        assert one.rows("SELECT * FROM t ORDER BY a") == rows


@pytest.mark.parametrize("name", ["PARQUET", "JSON", "TEXTFILE"])
def test_a_table_that_trino_creates_from_a_query_is_read_by_both(
    athena: Athena, on_duckdb: Athena, name: str
) -> None:
    ran = athena.run(
        f"CREATE TABLE t WITH (format = '{name}', partitioned_by = ARRAY['p']) AS "
        "SELECT 1 AS x, 'a' AS s, ARRAY[1] AS l, 'p1' AS p UNION ALL SELECT 2, 'b', ARRAY[], 'p2'"
    )
    if name == "TEXTFILE":
        assert ran.state == "SUCCEEDED", ran.reason
        columns, rows = "x, s, p", [("1", "a", "p1"), ("2", "b", "p2")]
    else:
        columns, rows = "*", [("1", "a", "[1]", "p1"), ("2", "b", "[]", "p2")]
    for one in (athena, on_duckdb):
        assert one.rows(f"SELECT {columns} FROM t ORDER BY x") == rows


def test_text_files_and_json_count_as_bytes_scanned(athena: Athena) -> None:
    athena.run(
        "CREATE EXTERNAL TABLE t (a int) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' "
        f"LOCATION '{athena.location('t')}'"
    )
    body = b'{"a": 1}\n' * 1000
    athena.put("t/1.json", body)
    ran = athena.run("SELECT count(*) FROM t WHERE a = 1")
    assert (ran.rows, ran.scanned) == ([("1000",)], len(body))
    assert athena.run("SELECT 1").scanned == 0


def ask(aws: Aws, sql: str) -> list[list[Any]]:
    """The rows of a statement that Trino runs by itself."""
    assert aws.server is not None
    run = TrinoServer(str(aws.server._trino_url)).run(sql, "default", {})
    return run.all_rows()


def test_a_stopped_query_is_stopped_on_trino_too(athena: Athena, aws: Aws) -> None:
    started = athena.start(
        "SELECT count(*) AS stopped_early FROM UNNEST(sequence(1, 10000)) AS a(x), "
        "UNNEST(sequence(1, 10000)) AS b(y), UNNEST(sequence(1, 10000)) AS c(z) "
        "WHERE x * y * z % 7 = 8"
    )
    states = "SELECT state FROM system.runtime.queries WHERE query LIKE 'SELECT%stopped\\_early%' "
    states += "ESCAPE '\\' AND query NOT LIKE '%LIMIT 0'"
    deadline = time.monotonic() + PATIENCE
    for wanted in ("RUNNING", "FAILED"):
        while not (found := ask(aws, states)) or found != [[wanted]]:
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
        athena.api.stop_query_execution(QueryExecutionId=started)
    assert athena.wait(started)["Status"]["State"] == "CANCELLED"


@pytest.mark.parametrize("point", ["before_write", "during_write", "after_write"])
def test_a_write_leaves_nothing_of_its_own_behind(athena: Athena, faults: Any, point: str) -> None:
    athena.run(
        "CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (p int) STORED AS PARQUET "
        f"LOCATION '{athena.location('t')}'"
    )
    faults.set(f"athena.query.{point}", "fail", match="INSERT INTO t")
    for state in ("FAILED", "SUCCEEDED"):
        ran = athena.run("INSERT INTO t VALUES (1, 1), (2, 2)")
        assert ran.state == state
        tables = athena.glue.get_tables(DatabaseName=athena.database)["TableList"]
        assert [one["Name"] for one in tables] == ["t"]
        assert not athena.keys(f"results/{ran.id}-rows/")
    assert athena.run("INSERT INTO t VALUES (1, 1 / 0)").reason.startswith("DIVISION_BY_ZERO")
    assert len(athena.glue.get_tables(DatabaseName=athena.database)["TableList"]) == 1


def test_a_trino_that_does_not_answer_fails_the_query_with_its_url(
    aws: Aws, bucket: str, database: str, tmp_path: Path
) -> None:
    assert aws.server is not None
    nobody = TrinoSql(TrinoServer("http://127.0.0.1:9"))
    with athena_beside(aws.server, tmp_path / "scratch", sql=nobody) as api:
        ran = Athena(aws, bucket, database, api=api).run("SELECT 1")
    assert ran.state == "FAILED"
    assert ran.reason.startswith("GENERIC_INTERNAL_ERROR: Trino at http://127.0.0.1:9 does not ")


def test_trino_keeps_statistics_of_columns_in_glue(athena: Athena, aws: Aws) -> None:
    athena.run(
        "CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (p int) STORED AS PARQUET "
        f"LOCATION '{athena.location('t')}'"
    )
    table = f'awsdatacatalog."{athena.database}".t'
    ask(aws, f"INSERT INTO {table} VALUES (1, 7), (2, 7), (2, 7)")
    found = athena.glue.get_column_statistics_for_partition(
        DatabaseName=athena.database, TableName="t", PartitionValues=["7"], ColumnNames=["a"]
    )
    (column,) = found["ColumnStatisticsList"]
    assert column["StatisticsData"]["LongColumnStatisticsData"]["MaximumValue"] == 2
    assert ask(aws, f"SHOW STATS FOR {table}")[0] == ["a", None, 2.0, 0.0, None, "1", "2"]
