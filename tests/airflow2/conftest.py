"""Airflow 2 on PostgreSQL with the executor of a small installation, over a local AWS.

This process, its local AWS and its clients are of the ordinary environment: the two meet only at
the API of AWS.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from demo.environment import Home, airflow_environment
from demo.landing import land_records
from demo.processes import process_environment
from tests.airflow2.commands import PYTHON, Airflow2
from tests.end_to_end.events import CRAWLER, PREFIX, event
from tests.end_to_end.pipeline import Pipeline
from tests.scheduler import parcels
from tests.scheduler.parcels import MONTH, DataSet
from tests.scheduler.postgres import Postgres
from tests.scheduler.warehouse import Warehouse

DAYS = [date(2024, 3, 28) + timedelta(days=n) for n in range(6)]
MIDNIGHT = datetime(2024, 3, 28, tzinfo=timezone.utc)
AT_ONCE = (("max_active_runs", 3),)
DATA_SETS = {
    data_set.name: data_set
    for data_set in (
        DataSet(name="backfilled", grain="hour", first=MONTH[0], run=AT_ONCE),
        DataSet(name="failing", grain="hour", first=MONTH[0], run=AT_ONCE),
        DataSet(name="scheduled", grain="hour", first=MONTH[-2], run=AT_ONCE),
    )
}
AIRFLOW = {
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    # Its workers close the pooled connections that they inherit, in the middle of a query of the
    # backfill that starts them (LocalWorkerBase.run in airflow/executors/local_executor.py).
    "AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_ENABLED": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    "PATH": f"{PYTHON.parent}{os.pathsep}/usr/bin:/bin",
}

# With a log of what the triggerer does.
DEFERRING = {
    "RETIME_DEFERRABLE": "true",
    "RETIME_POLL_SECONDS": "1",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A cluster of its own."""
    with Postgres() as postgres:
        yield postgres


@pytest.fixture(scope="session")
def warehouse(aws) -> Warehouse:
    """An account with a month of raw parcels."""
    account = Pipeline(aws=aws, name="airflow2")
    account.set_up()
    account.query(
        f"""CREATE EXTERNAL TABLE parcels_raw (
            parcel string, delivered_at string, weight_kg double, depot string
        ) PARTITIONED BY (year bigint, month bigint, day bigint, hour bigint)
        STORED AS PARQUET LOCATION 's3://{account.name}/parcels_raw/'"""
    )
    parcels.land(account.s3, account.name, MONTH)
    return Warehouse(account=account)


@pytest.fixture(scope="session")
def airflow(aws, postgres: Postgres, warehouse: Warehouse) -> Iterator[Airflow2]:
    """Airflow, with the settings of the account of the parcels."""
    assert PYTHON.exists(), f"there is no {PYTHON}: run `make test-airflow2`"
    home = Home(path=Path(tempfile.mkdtemp(prefix="retime-airflow2-")))
    parcels.write_data_sets(home.path / "include", DATA_SETS.values())
    environment = airflow_environment(home, aws.endpoint) | AIRFLOW | warehouse.account.settings
    environment["RETIME_INCLUDE"] = str(home.path / "include")
    environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = postgres.url
    airflow = Airflow2(environment=process_environment(environment), folder=home.path)
    airflow.succeed("db", "migrate")
    yield airflow
    shutil.rmtree(home.path, ignore_errors=True)


@pytest.fixture
def traffic(aws) -> Pipeline:
    """An account with the raw traffic of six days, a point's every four hours."""
    pipeline = Pipeline(aws=aws, name=f"airflow2-{uuid.uuid4().hex[:10]}")
    pipeline.set_up()
    before = (date(2024, 3, 29) - DAYS[0]).days * 24 * 60
    for hour in range(0, len(DAYS) * 24 + 1, 4):
        records: list[Any] = [event(60 * hour + minute - before) for minute in range(0, 60, 10)]
        land_records(pipeline.s3, pipeline.name, PREFIX, records, MIDNIGHT + timedelta(hours=hour))
    pipeline.crawl_from(CRAWLER, pipeline.name, PREFIX)
    return pipeline


@pytest.fixture
def on_traffic(airflow: Airflow2, traffic: Pipeline) -> Airflow2:
    """Airflow, with the settings of that account."""
    return airflow.given(traffic.settings)
