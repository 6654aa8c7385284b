"""One server for all tests; what they work with, each with names of its own.

With LOCAL_AWS_ENGINE=trino that server has Athena on a real Trino, as `make test-trino` runs it.
"""

import os
import tempfile
import uuid
from collections.abc import Iterator

import hypothesis
import pytest
from hypothesis import configuration

from local_aws.server import LocalAws
from local_aws.testing import Aws, Control
from local_aws_on_trino import local_aws_on_trino

IS_ON_TRINO = os.environ.get("LOCAL_AWS_ENGINE") == "trino"

# Nothing is written into the repository.
configuration.set_hypothesis_home_dir(tempfile.gettempdir())
hypothesis.settings.register_profile("local_aws", database=None, deadline=None, derandomize=True)
hypothesis.settings.load_profile("local_aws")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On Trino, take out what states how DuckDB answers."""
    if IS_ON_TRINO:
        taken = [item for item in items if item.get_closest_marker("duckdb_only")]
        config.hook.pytest_deselected(items=taken)
        items[:] = [item for item in items if item not in taken]


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    """A server over HTTP, in this process."""
    with local_aws_on_trino() if IS_ON_TRINO else LocalAws() as server:
        # Opening DuckDB reads the environment, which must not change meanwhile: tests change it.
        server.hosted["athena"].result()
        yield Aws(endpoint=server.endpoint, server=server)


@pytest.fixture
def faults(aws: Aws) -> Iterator[Control]:
    """The faults of the server; all are cleared afterwards."""
    control = Control(aws.endpoint)
    yield control
    control.clear()


@pytest.fixture
def bucket(aws: Aws) -> str:
    """The name of a new, empty bucket."""
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    aws.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def database(aws: Aws) -> str:
    """The name of a new, empty Glue database."""
    name = f"db_{uuid.uuid4().hex[:12]}"
    aws.client("glue").create_database(DatabaseInput={"Name": name})
    return name
