"""Airflow and local_aws for the end-to-end tests: one of each for the session.

Every test has a catalog database and a published bucket of its own; the runs are real ones, and
what they published is read back through the Athena API.
"""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.environment import ROOT, Home, airflow_environment
from tests.end_to_end.pipeline import Pipeline

INCLUDE = Path(__file__).parent / "include"


@pytest.fixture(scope="session")
def airflow(aws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Airflow's settings in this process's environment, and its database."""
    assert "airflow" not in sys.modules, "Airflow reads its settings when it is first imported"
    home = Home(path=tmp_path_factory.mktemp("airflow"))
    environment = airflow_environment(home, aws.endpoint)
    environment["RETIME_INCLUDE"] = str(INCLUDE)
    # Nothing but results and errors: a run logs a thousand lines.
    environment["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AIRFLOW", "RETIME_"))]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            check=True,
            capture_output=True,
            cwd=ROOT,
        )
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
