"""What stays of a query when it has ended: its answer, and little else."""

import io
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.athena_client import Athena

from local_aws.athena.run.footers import Footers
from local_aws.testing import PATIENCE, Aws


@pytest.fixture
def athena(aws: Aws, bucket: str, database: str) -> Athena:
    return Athena(aws, bucket, database)


def service(aws: Aws) -> Any:
    return aws.server.hosted["athena"].result()


@pytest.mark.parametrize(
    ("sql", "state"),
    [
        ("SELECT 1", "SUCCEEDED"),
        ("SELECT nothing", "FAILED"),
        ("SHOW TABLES", "SUCCEEDED"),
    ],
)
def test_a_statement_that_has_ended_is_no_longer_held_as_a_tree(
    athena: Athena, sql: str, state: str
):
    ran = athena.run(sql)
    assert ran.state == state
    executions = service(athena.aws).executions
    again = athena.api.get_query_execution(QueryExecutionId=ran.id)["QueryExecution"]
    assert again == ran.execution
    # The worker lets it go just after the answer is there.
    end = time.monotonic() + PATIENCE
    while (statement := executions.get(ran.id).request.statement).tree is not None:
        assert time.monotonic() < end
    assert statement.node is None


def test_no_bytes_of_files_are_kept_in_memory(athena: Athena):
    sink = io.BytesIO()
    pq.write_table(pa.table({"x": pa.array(range(200_000), pa.int64())}), sink)
    athena.s3.put_object(Bucket=athena.bucket, Key="t/file", Body=sink.getvalue())
    athena.run(
        f"CREATE EXTERNAL TABLE t (x bigint) STORED AS PARQUET LOCATION 's3://{athena.bucket}/t/'"
    )
    assert athena.rows("SELECT count(DISTINCT x) FROM t") == [("200000",)]
    with service(athena.aws).engine.connect() as connection:
        (kept,) = connection.execute(
            "SELECT sum(memory_usage_bytes) FROM duckdb_memory() WHERE tag LIKE '%FILE_CACHE'"
        ).fetchone()
    assert kept == 0


def test_files_of_one_schema_share_it(tmp_path: Path):
    footers = Footers()
    paths = [tmp_path / str(number) for number in range(3)]
    for number, path in enumerate(paths):
        rows = {"x": pa.array(range(number + 1)), "y": pa.array(["text"] * (number + 1))}
        pq.write_table(pa.table(rows) if number < 2 else pa.table({"x": rows["y"]}), path)
    one, other, unlike = map(footers.read, paths)
    assert one.schema is other.schema
    assert unlike.schema != one.schema
    assert list(other.column_bytes) == ["x", "y"]
    assert one.column_bytes != other.column_bytes
