"""One local_aws for all tests; property tests that find the same examples in every run."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis import configuration

from demo.environment import Home, airflow_environment
from local_aws.server import LocalAws
from tests.local_aws.servers import Aws

# Airflow reads its settings when it is first imported, by whichever test that is.
HOME = Home(path=Path(tempfile.mkdtemp(prefix="retime-tests-")))
for name in [name for name in os.environ if name.startswith(("AIRFLOW", "RETIME_"))]:
    del os.environ[name]
for name, value in airflow_environment(HOME, "http://127.0.0.1:1").items():
    if name.startswith("AIRFLOW_"):
        os.environ[name] = value

# A run logs a thousand lines; what fails is told.
os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"

# Nothing is written into the repository.
configuration.set_hypothesis_home_dir(tempfile.gettempdir())
hypothesis.settings.register_profile("retime", database=None, deadline=None, derandomize=True)
hypothesis.settings.load_profile("retime")


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    """A server over HTTP, in this process."""
    with LocalAws() as server:
        # Opening DuckDB reads the environment, which must not change meanwhile: tests change it.
        server.hosted["athena"].result()
        yield Aws(endpoint=server.endpoint, server=server)
