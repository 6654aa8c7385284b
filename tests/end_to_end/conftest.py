"""Airflow and local_aws for the end-to-end tests: one of each for the session.

Every test has a catalog database and a published bucket of its own; the runs are real ones, and
what they published is read back through the Athena API.
"""

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.environment import ROOT, airflow_environment
from tests.conftest import HOME
from tests.end_to_end.pipeline import Pipeline

INCLUDE = Path(__file__).parent / "include"


@pytest.fixture(scope="session")
def airflow(aws) -> Iterator[None]:
    """Airflow's database, the server's address, and the data sets of these tests beside ours."""
    environment = airflow_environment(HOME, aws.endpoint) | {"RETIME_INCLUDE": str(INCLUDE)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        # A run in this process sleeps a second whenever no task is ready at once.
        sleep = time.sleep
        patch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.05)))
        yield


@pytest.fixture
def pipeline(aws, airflow: None, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """An empty account: raw and published bucket, database, work group, crawlers."""
    name = f"e2e-{uuid.uuid4().hex[:10]}"
    pipeline = Pipeline(aws=aws, name=name)
    pipeline.set_up()
    for key, value in pipeline.settings.items():
        monkeypatch.setenv(key, value)
    return pipeline
