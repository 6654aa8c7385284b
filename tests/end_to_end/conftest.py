"""Airflow and local_aws for the end-to-end tests: one of each for the session.

Every test has a catalog database and a published bucket of its own; the runs are real ones, and
what they published is read back through the Athena API.
"""

import uuid
from pathlib import Path

import pytest

from tests.airflow_home import sleep_briefly
from tests.end_to_end.pipeline import Pipeline

INCLUDE = Path(__file__).parent / "include"


@pytest.fixture
def pipeline(aws, airflow: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """An empty account: a bucket, a database and a work group."""
    pipeline = Pipeline(aws=aws, name=f"e2e-{uuid.uuid4().hex[:10]}")
    pipeline.set_up()
    environment = {**airflow, **pipeline.settings, "RETIME_INCLUDE": str(INCLUDE)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    sleep_briefly(monkeypatch)
    return pipeline
