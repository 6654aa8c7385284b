"""Airflow and local_aws for the end-to-end tests: one of each for the session.

Every test has a catalog database and a published bucket of its own; the runs are real ones, and
what they published is read back through the Athena API.
"""

import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from demo.environment import ROOT, airflow_environment
from tests.conftest import HOME
from tests.end_to_end.pipeline import Pipeline

INCLUDE = Path(__file__).parent / "include"


@pytest.fixture(scope="session")
def airflow(aws) -> dict[str, str]:
    """Airflow's database; gives the environment that the runs need besides."""
    environment = airflow_environment(HOME, aws.endpoint) | {"RETIME_INCLUDE": str(INCLUDE)}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return environment


@pytest.fixture
def pipeline(aws, airflow: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """An empty account: a bucket, a database and a work group."""
    pipeline = Pipeline(aws=aws, name=f"e2e-{uuid.uuid4().hex[:10]}")
    pipeline.set_up()
    for name, value in (airflow | pipeline.settings).items():
        monkeypatch.setenv(name, value)
    # A run in this process sleeps a second whenever no task is ready at once.
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.05)))
    return pipeline
