"""Both engines of local_aws's Athena over the catalog and the objects of one server."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from demo.environment import REGION
from demo.processes import is_on_trino
from local_aws.testing import Aws
from local_aws_on_trino import athena_beside


@pytest.fixture(scope="session", autouse=True)
def needs_trino() -> None:
    """These tests prove nothing on DuckDB alone."""
    if not is_on_trino():
        pytest.fail("these tests need LOCAL_AWS_ENGINE=trino: make test-trino gives it")


@pytest.fixture(scope="session")
def engines(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Clients of the server by the engine that Athena has: "trino" or "duckdb"."""
    assert aws.server is not None
    shared = {"s3": aws.client("s3"), "glue": aws.client("glue", REGION)}
    scratch = tmp_path_factory.mktemp("duckdb") / "scratch"
    with athena_beside(aws.server, scratch, region=REGION) as athena:
        yield {
            "trino": SimpleNamespace(**shared, athena=aws.client("athena", REGION)),
            "duckdb": SimpleNamespace(**shared, athena=athena),
        }
