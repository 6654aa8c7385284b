"""Both engines over the catalog and the objects of one server."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.athena_client import Athena

from local_aws.testing import Aws
from local_aws_on_trino import athena_beside


@pytest.fixture(scope="session", autouse=True)
def needs_trino() -> None:
    """These tests prove nothing on DuckDB."""
    if os.environ.get("LOCAL_AWS_ENGINE") != "trino":
        pytest.fail("these tests need LOCAL_AWS_ENGINE=trino: make test-trino gives it")


@pytest.fixture
def athena(aws: Aws, bucket: str, database: str) -> Athena:
    """Athena on Trino."""
    return Athena(aws, bucket, database)


@pytest.fixture
def on_duckdb(aws: Aws, bucket: str, database: str, tmp_path: Path) -> Iterator[Athena]:
    """Athena on DuckDB, with the bucket and the database of `athena`."""
    assert aws.server is not None
    with athena_beside(aws.server, tmp_path / "scratch") as api:
        yield Athena(aws, bucket, database, api=api)
