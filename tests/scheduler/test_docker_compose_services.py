"""The services of docker-compose.yaml come up, run the DAG, and their data survives them."""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator

import pytest

from demo.environment import DATABASE, REGION, WORKGROUP
from local_aws.testing import Aws
from tests.scheduler.api import Api, wait_for
from tests.scheduler.compose import SERVICES, Compose
from tests.scheduler.postgres import Postgres

DAG = "retime_traffic"


@pytest.fixture(scope="module")
def compose(tmp_path_factory) -> Iterator[Compose]:
    """All services, up, with secrets as .env.example tells to make them."""
    given = {
        "AIRFLOW_FERNET_KEY": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW_SECRET": secrets.token_hex(48),
    }
    folder = tmp_path_factory.mktemp("compose")
    with Postgres() as postgres, Compose(folder, postgres, given) as compose:
        compose.up()
        yield compose


def rows(compose: Compose) -> int:
    """How many rows of the first date are published, by the Athena API."""
    athena = Aws(endpoint=compose.aws).client("athena", REGION)
    started = athena.start_query_execution(
        QueryString="SELECT count(*) FROM traffic WHERE year = 2024 AND month = 3 AND day = 28",
        WorkGroup=WORKGROUP,
        QueryExecutionContext={"Database": DATABASE},
    )
    while True:
        done = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])
        status = done["QueryExecution"]["Status"]
        if status["State"] == "SUCCEEDED":
            break
        assert status["State"] in ("QUEUED", "RUNNING"), status
    result = athena.get_query_results(QueryExecutionId=started["QueryExecutionId"])
    return int(result["ResultSet"]["Rows"][1]["Data"][0]["VarCharValue"])


def test_all_components_are_healthy_and_the_health_checks_say_so(compose):
    health = Api(url=compose.api).do("GET", "monitor/health")
    assert {part: told["status"] for part, told in health.items()} == {
        "metadatabase": "healthy",
        "scheduler": "healthy",
        "triggerer": "healthy",
        "dag_processor": "healthy",
    }
    checked = {name: compose.check(name) for name in SERVICES if "healthcheck" in SERVICES[name]}
    assert checked == dict.fromkeys(checked, 0)


def test_the_dag_runs_over_the_demo_s_data_which_survive_a_restart(compose):
    api = Api(url=compose.api)
    api.wait_for_dags([DAG])
    api.set_paused(DAG, is_paused=False)
    run = wait_for(lambda: api.runs(DAG), "the run of the first date")[0]
    api.wait_for_run(DAG, run["dag_run_id"])
    api.set_paused(DAG, is_paused=True)
    published = rows(compose)
    assert published > 0

    compose.stop("local-aws")
    assert compose.check("local-aws") != 0
    compose.start("local-aws")
    compose.wait_for("local-aws")
    assert rows(compose) == published


def test_a_component_that_is_gone_is_told_to_be_unhealthy(compose):
    gone = ("scheduler", "triggerer", "dag-processor", "api-server")
    for name in gone:
        compose.stop(name)
    for name in gone:
        wait_for(lambda name=name: compose.check(name), f"{name} to be missed")
