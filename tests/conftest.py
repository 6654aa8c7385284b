"""One local_aws for all tests; property tests that find the same examples in every run.

With LOCAL_AWS_ENGINE=trino its Athena is on a real Trino, as `make test-trino` runs it.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import lru_cache

import hypothesis
import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import configuration

from demo.environment import REGION, ROOT, airflow_environment
from demo.processes import is_on_trino
from local_aws.server import LocalAws
from local_aws.testing import Aws, Control
from local_aws_on_trino import local_aws_on_trino
from tests.airflow_home import HOME

# Airflow reads its settings when it is first imported, by whichever test that is.
for name in [name for name in os.environ if name.startswith(("AIRFLOW", "RETIME_"))]:
    if name != "RETIME_WRITE_GOLDEN":  # a request to the tests, no setting
        del os.environ[name]
for name, value in airflow_environment(HOME, "http://127.0.0.1:1").items():
    if name.startswith("AIRFLOW_"):
        os.environ[name] = value

# A run logs a thousand lines; what fails is told.
os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"

# Each task makes an AWS session, which reads megabytes of endpoints: here once is enough.
load_file = lru_cache(JSONFileLoader().load_file)
JSONFileLoader.load_file = lambda _, path: load_file(path)  # type: ignore[method-assign]

# Nothing is written into the repository.
configuration.set_hypothesis_home_dir(tempfile.gettempdir())
hypothesis.settings.register_profile(
    "retime", max_examples=50, database=None, deadline=None, derandomize=True
)
hypothesis.settings.load_profile("retime")


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    """A server over HTTP, in this process."""
    with local_aws_on_trino(region=REGION) if is_on_trino() else LocalAws() as server:
        # Opening DuckDB reads the environment, which must not change meanwhile: tests change it.
        server.hosted["athena"].result()
        yield Aws(endpoint=server.endpoint, server=server)


@pytest.fixture
def faults(aws: Aws) -> Iterator[Control]:
    """The faults of the server; all are cleared afterwards."""
    control = Control(aws.endpoint)
    yield control
    control.clear()


@pytest.fixture(scope="session")
def airflow(aws: Aws) -> dict[str, str]:
    """Airflow's database; gives the environment that runs in this process need."""
    environment = airflow_environment(HOME, aws.endpoint)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return environment
