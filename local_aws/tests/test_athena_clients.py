"""The clients that people use: awswrangler and PyAthena work unchanged."""

import datetime
import decimal
import uuid
from collections.abc import Iterator
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pyathena
import pytest
from pyathena.pandas.cursor import PandasCursor
from tests.athena_client import Athena

from local_aws.testing import REGION, Aws


@pytest.fixture
def athena(aws: Aws, bucket: str, database: str) -> Athena:
    return Athena(aws, bucket, database)


@pytest.fixture
def session(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    for service in ("s3", "athena", "glue", "sts"):
        monkeypatch.setattr(wr.config, f"{service}_endpoint_url", aws.endpoint)
    return boto3.Session(
        region_name=REGION, aws_access_key_id="local", aws_secret_access_key="local"
    )


@pytest.fixture
def frame(athena: Athena, session: boto3.Session) -> pd.DataFrame:
    """A frame, written as the partitioned table `sold`."""
    frame = pd.DataFrame(
        {
            "id": pd.array([1, 2, 3], dtype="Int64"),
            "name": ["a", 'b"c', None],
            "price": [decimal.Decimal("1.50"), None, decimal.Decimal("3.25")],
            "at": pd.to_datetime(["2024-03-29 01:02:03.004", None, "2024-03-30 00:00:00.000"]),
            "on_day": [datetime.date(2024, 3, 29), None, datetime.date(2024, 3, 30)],
            "ratio": [0.5, None, 1e10],
            "day": ["29", "29", "30"],
        }
    )
    wr.s3.to_parquet(
        frame,
        path=athena.location("sold"),
        dataset=True,
        database=athena.database,
        table="sold",
        partition_cols=["day"],
        dtype={"price": "decimal(10,2)"},
        boto3_session=session,
    )
    return frame


WAYS: list[dict[str, Any]] = [
    {"ctas_approach": True},
    {"ctas_approach": False},
    {"ctas_approach": False, "unload_approach": True},
]


@pytest.mark.parametrize("way", WAYS, ids=["ctas", "csv", "unload"])
def test_awswrangler_reads_back_what_it_wrote(
    athena: Athena, session: boto3.Session, frame: pd.DataFrame, way: dict[str, Any]
) -> None:
    if "unload_approach" in way:
        way = {**way, "s3_output": f"{athena.location('unloaded')}{uuid.uuid4()}/"}
    read = (
        wr.athena.read_sql_query(
            "SELECT * FROM sold ORDER BY id",
            database=athena.database,
            boto3_session=session,
            **{"s3_output": athena.output, **way},
        )
        .sort_values("id")
        .reset_index(drop=True)
    )
    assert read["id"].tolist() == [1, 2, 3]
    assert read["name"].tolist()[:2] == ["a", 'b"c']
    assert pd.isna(read["name"][2])
    assert read["price"].tolist()[::2] == [decimal.Decimal("1.50"), decimal.Decimal("3.25")]
    assert read["at"].tolist()[::2] == frame["at"].tolist()[::2]
    assert pd.isna(read["at"][1])
    assert read["on_day"].tolist()[0] == datetime.date(2024, 3, 29)
    assert read["ratio"].tolist()[::2] == [0.5, 1e10]
    assert read["day"].tolist() == ["29", "29", "30"]


def test_awswrangler_reads_in_chunks(
    athena: Athena, session: boto3.Session, frame: pd.DataFrame
) -> None:
    chunks = wr.athena.read_sql_query(
        "SELECT x FROM UNNEST(sequence(1, 25)) AS t(x)",
        database=athena.database,
        ctas_approach=False,
        chunksize=10,
        s3_output=athena.output,
        boto3_session=session,
    )
    assert sum(len(chunk) for chunk in chunks) == 25


def connect(athena: Athena, **arguments: Any) -> Any:
    return pyathena.connect(
        s3_staging_dir=athena.output,
        region_name=REGION,
        schema_name=athena.database,
        endpoint_url=athena.aws.endpoint,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        poll_interval=0.01,
        **arguments,
    )


def test_pyathena_converts_values_and_pages(athena: Athena) -> None:
    with connect(athena) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1, CAST(2 AS bigint), 1.50, 2e0, 'x', true, DATE '2024-03-29', "
            "TIMESTAMP '2024-03-29 01:02:03.004', CAST(NULL AS varchar), "
            "from_unixtime(0), ARRAY[1, 2]"
        )
        row = cursor.fetchone()
        assert row[:9] == (
            1,
            2,
            decimal.Decimal("1.50"),
            2.0,
            "x",
            True,
            datetime.date(2024, 3, 29),
            datetime.datetime(2024, 3, 29, 1, 2, 3, 4000),
            None,
        )
        assert row[9] == datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        assert row[10] == [1, 2]
        cursor.execute("SELECT x FROM UNNEST(sequence(1, 2345)) AS t(x) ORDER BY x")
        assert [row[0] for row in cursor] == list(range(1, 2346))


def test_pyathena_runs_statements_with_parameters_and_reports_failures(athena: Athena) -> None:
    with connect(athena) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT %(a)s, %(b)d", {"a": "it's", "b": 3})
        assert cursor.fetchall() == [("it's", 3)]
        cursor.execute("SELECT ?", ["'q'"], paramstyle="qmark")
        assert cursor.fetchall() == [("q",)]
        with pytest.raises(pyathena.OperationalError, match="DIVISION_BY_ZERO"):
            cursor.execute("SELECT 1 / 0")
        with pytest.raises(pyathena.DatabaseError, match="mismatched input"):
            cursor.execute("SELEC 1")
        cursor.execute(f"CREATE EXTERNAL TABLE t (x bigint) LOCATION '{athena.location('t')}'")
        cursor.execute("INSERT INTO t VALUES 1, 2")
        assert cursor.rowcount == 2
        cursor.execute("SHOW TABLES")
        assert cursor.fetchall() == [("t",)]


def test_pyathenas_pandas_cursor_reads_the_result_object(athena: Athena) -> None:
    with connect(athena, cursor_class=PandasCursor) as connection, connection.cursor() as cursor:
        frame = cursor.execute(
            "SELECT x, CAST(x AS double) / 2 AS h, IF(x > 1, 'b,\"c') AS s "
            "FROM (VALUES 1, 2) AS t(x) ORDER BY x"
        ).as_pandas()
    assert frame["x"].tolist() == [1, 2]
    assert frame["h"].tolist() == [0.5, 1.0]
    assert frame["s"].tolist()[1] == 'b,"c'
    assert pd.isna(frame["s"][0])


def test_pyathena_describes_tables_from_the_catalog(athena: Athena) -> None:
    athena.run(f"CREATE EXTERNAL TABLE t (x bigint) LOCATION '{athena.location('t')}'")
    with connect(athena) as connection, connection.cursor() as cursor:
        assert cursor.get_table_metadata("t").columns[0].name == "x"
        assert [one.name for one in cursor.list_table_metadata()] == ["t"]
