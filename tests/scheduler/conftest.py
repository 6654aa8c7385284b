"""Airflow as users have it, once for the session, over a local AWS in a process of its own.

Tests drive it through its command line and its REST API only, each with data sets of its own, and
read what was published through the Athena API.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.environment import Home, airflow_environment
from demo.processes import free_port, process_environment, start_aws, stop_aws
from demo.stack import api_environment
from local_aws.testing import Aws, Control
from tests.end_to_end.pipeline import Pipeline
from tests.scheduler import parcels
from tests.scheduler.api import Api
from tests.scheduler.measured import MEASURED
from tests.scheduler.parcels import DataSet
from tests.scheduler.postgres import Postgres
from tests.scheduler.processes import Airflow, run_to_end
from tests.scheduler.warehouse import Warehouse

DATA_SETS = {
    data_set.name: data_set
    for data_set in (
        DataSet(name="daily", first=parcels.YESTERDAY),
        DataSet(name="missed", first=parcels.MONTH[-3], run=(("max_active_runs", 2),)),
        DataSet(name="month", run=(("max_active_runs", 3),)),
        DataSet(name="crowded", first=parcels.MONTH[-3], run=(("max_active_runs", 2),)),
        DataSet(name="hourly", grain="hour", run=(("max_days", 40), ("max_active_runs", 5))),
        DataSet(name="interrupted", grain="hour"),
        DataSet(name="crawled", raw="crawled", crawler="crawled_raw"),
        DataSet(name="awaited", raw="awaited", first=parcels.YESTERDAY),
        DataSet(name="told", grain="hour"),
        DataSet(
            name="healed",
            raw="healed",
            first=parcels.YESTERDAY,
            grain="hour",
            # One is of the date that is not over.
            run=(("max_active_runs", 3),),
        ),
        DataSet(name="covered", grain="hour"),
    )
}
OTHERS = Path(__file__).with_name("others")
BUNDLE = {"classpath": "airflow.dag_processing.bundles.local.LocalDagBundle"}
AIRFLOW = {
    # The package's DAGs, and those of somebody else.
    "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(
        [
            {**BUNDLE, "name": "dags-folder", "kwargs": {}},
            {**BUNDLE, "name": "others", "kwargs": {"path": str(OTHERS)}},
        ]
    ),
    "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
    "AIRFLOW__CORE__PARALLELISM": "4",
    # A callback that comes while its file is being read waits so long.
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
    # What dies is missed within seconds.
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "10",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "10",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "3",
}


@pytest.fixture(scope="session")
def home() -> Iterator[Home]:
    """A folder for all that the processes write; kept if KEEP_SCHEDULER_HOME is set."""
    home = Home(path=Path(tempfile.mkdtemp(prefix="retime-scheduler-")))
    yield home
    if "KEEP_SCHEDULER_HOME" not in os.environ:
        shutil.rmtree(home.path, ignore_errors=True)


@pytest.fixture(scope="session")
def endpoint(home: Home) -> Iterator[str]:
    """`python -m local_aws`."""
    yield start_aws(home, keep=False)
    stop_aws(home)


@pytest.fixture(scope="session")
def warehouse(endpoint: str) -> Warehouse:
    """An account with a month of raw parcels."""
    account = Pipeline(aws=Aws(endpoint=endpoint), name="scheduler")
    account.set_up()
    for raw in ("parcels", "awaited", "healed"):
        account.query(
            f"""CREATE EXTERNAL TABLE {raw}_raw (
                parcel string, delivered_at string, weight_kg double, depot string
            ) PARTITIONED BY (year bigint, month bigint, day bigint, hour bigint)
            STORED AS PARQUET LOCATION 's3://{account.name}/{raw}_raw/'"""
        )
    parcels.land(account.s3, account.name, parcels.MONTH)
    return Warehouse(account=account)


@pytest.fixture(scope="session")
def airflow(home: Home, endpoint: str, warehouse: Warehouse) -> Iterator[Airflow]:
    """Airflow's components on PostgreSQL."""
    include = home.path / "include"
    parcels.write_data_sets(include, DATA_SETS.values())
    port = free_port()
    environment = airflow_environment(home, endpoint) | api_environment(port) | AIRFLOW
    # How to wait for queries is told by Variables, which tests change.
    for name in ("RETIME_DEFERRABLE", "RETIME_POLL_SECONDS"):
        del environment[name]
    environment |= warehouse.account.settings | {"RETIME_INCLUDE": str(include)}
    with Postgres() as postgres:
        environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = postgres.url
        with Airflow(home, environment, port) as airflow:
            yield airflow


@pytest.fixture
def api(airflow: Airflow) -> Iterator[Api]:
    """The REST API; tasks wait for their queries in their process unless a test defers them."""
    api = Api(url=airflow.url)
    api.set_variable("retime_deferrable", "false")
    api.set_variable("retime_poll_seconds", "0.2")
    api.wait_for_dags([data_set.dag_id for data_set in DATA_SETS.values()])
    yield api
    # Their schedules wait for the date that is not over.
    api.pause_all()


@pytest.fixture
def deferring(api: Api) -> None:
    """Tasks defer while a query runs."""
    api.set_variable("retime_deferrable", "true")
    api.set_variable("retime_poll_seconds", "3")


@pytest.fixture
def faults(endpoint: str) -> Iterator[Control]:
    """Faults of local_aws; what hangs goes on after the test."""
    control = Control(endpoint)
    yield control
    control.clear()


@pytest.fixture(scope="session")
def cli(airflow: Airflow) -> Callable[..., str]:
    """The `airflow` command; gives what it prints."""

    def run(*arguments: str) -> str:
        done = run_to_end(
            [sys.executable, "-W", "ignore", "-m", "airflow", *arguments],
            seconds=300,
            env=process_environment(airflow.environment),
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what was measured on the way."""
    if MEASURED:
        terminalreporter.section("measured, with the load of the machine")
        terminalreporter.write_line("\n".join(MEASURED))
