"""Airflow 2 on PostgreSQL with the executor of a small installation, over a local AWS.

This process, its local AWS and its clients are of the ordinary environment: the two meet only at
the API of AWS.
"""

import os
import tempfile
import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from demo.environment import Home, airflow_environment
from demo.landing import land_records
from demo.processes import process_environment
from tests.airflow2.commands import PYTHON, Airflow2
from tests.end_to_end.pipeline import Pipeline
from tests.end_to_end.test_changes import CRAWLER, PREFIX, event
from tests.scheduler.postgres import Postgres

DAYS = [date(2024, 3, 28) + timedelta(days=n) for n in range(6)]
MIDNIGHT = datetime(2024, 3, 29, tzinfo=timezone.utc)
AIRFLOW = {
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    "PATH": f"{PYTHON.parent}{os.pathsep}/usr/bin:/bin",
}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A cluster of its own."""
    with Postgres() as postgres:
        yield postgres


@pytest.fixture(scope="session")
def installed(aws, postgres: Postgres) -> Airflow2:
    """Airflow with an empty database, of which each test gets a copy."""
    assert PYTHON.exists(), f"there is no {PYTHON}: run `make test-airflow2`"
    home = Home(path=Path(tempfile.mkdtemp(prefix="retime-airflow2-")))
    environment = airflow_environment(home, aws.endpoint) | AIRFLOW
    environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = postgres.url
    airflow = Airflow2(environment=process_environment(environment), folder=home.path)
    airflow.succeed("db", "migrate")
    return airflow


@pytest.fixture
def traffic(aws) -> Pipeline:
    """An account with the raw events of six days, a point's every four hours."""
    pipeline = Pipeline(aws=aws, name=f"airflow2-{uuid.uuid4().hex[:10]}")
    pipeline.set_up()
    start = (DAYS[0] - MIDNIGHT.date()).days * 24
    for hour in range(start, start + len(DAYS) * 24 + 1, 4):
        records: list[Any] = [event(60 * hour + minute) for minute in range(0, 60, 10)]
        land_records(pipeline.s3, pipeline.name, PREFIX, records, MIDNIGHT + timedelta(hours=hour))
    pipeline.crawl_from(CRAWLER, pipeline.name, PREFIX)
    return pipeline


@pytest.fixture
def airflow(installed: Airflow2, postgres: Postgres, traffic: Pipeline) -> Airflow2:
    """Airflow without any runs, for the test's own account."""
    name = traffic.database
    connection = psycopg2.connect(postgres.url.replace("+psycopg2", ""))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE postgres")
    connection.close()
    url = f"{postgres.url.rpartition('/')[0]}/{name}"
    environment = {**installed.environment, **traffic.settings}
    environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = url
    return Airflow2(environment=environment, folder=installed.folder)
