"""A try of a task goes on with the query that an earlier one began, if that can be."""

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException

from demo.environment import REGION
from local_aws.testing import Aws
from retime.airflow import runtime
from retime.airflow.runtime import Attempt
from retime.airflow.statement_operator import StatementOperator
from retime.dataset.deployment import Deployment
from retime.dataset.settings import read_settings
from tests.unit.samples import TRAFFIC

BEGAN = datetime(2024, 3, 29, tzinfo=timezone.utc)
RETRIES = 3


class Query(StatementOperator):
    """A statement that a test gives."""

    statement = "SELECT 1"

    def make_query(self, deployment: Deployment, context: Any, attempt: Attempt) -> str:
        return self.statement

    def conclude(self, deployment: Deployment, query_id: str, context: Any) -> str:
        return query_id


@pytest.fixture
def athena(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An Athena with a work group of its own, and a task that is tried there."""
    client, s3, name = aws.client("athena", REGION), aws.client("s3", REGION), "attempts"
    if name not in {group["Name"] for group in client.list_work_groups()["WorkGroups"]}:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        result = {"ResultConfiguration": {"OutputLocation": f"s3://{name}/"}}
        client.create_work_group(Name=name, Configuration=result)
    settings = {"database": "default", "deferrable": "false", "poll_seconds": "0.05"}
    monkeypatch.setattr(runtime, "get_settings", lambda: read_settings(settings.get))
    deployed = SimpleNamespace(database="default", workgroup=name)
    monkeypatch.setattr(runtime, "deployment", lambda _: deployed)
    monkeypatch.setattr(runtime, "connect", lambda task, _: setattr(task.hook, "conn", client))
    path = "airflow.providers.amazon.aws.links.athena.AthenaQueryResultsLink.persist"
    monkeypatch.setattr(path, lambda **_: None)
    return client


def run_try(number: int, statement: str = "SELECT 1", **more: Any) -> str:
    """Run a try of a task; return the id of its query."""
    of_run = {"run_id": "by-hand", "max_tries": RETRIES, **more}
    run = SimpleNamespace(
        start_date=of_run.pop("began", BEGAN), clear_number=of_run.pop("clear_number", 0)
    )
    ti = SimpleNamespace(dag_id="dag", task_id="query", map_index=0, try_number=number, **of_run)
    task = Query(task_id="query", data_set=TRAFFIC, retries=RETRIES)
    task.statement = statement
    return str(task.execute({"ti": ti, "dag_run": run}))


@pytest.mark.usefixtures("athena")
def test_a_query_that_succeeded_is_not_begun_again():
    first = run_try(1, run_id="succeeded")

    assert run_try(2, run_id="succeeded") == first
    assert run_try(4, run_id="succeeded") == first


def test_a_query_that_still_runs_is_waited_for(athena, faults):
    """The first try has lost sight of it."""
    statement = "SELECT 'still running'"
    faults.set("athena.query.hang", "hang", match=statement)
    faults.set("athena.GetQueryExecution", "fail", times=1)
    with pytest.raises(AirflowException, match="ended RUNNING"):
        run_try(1, statement, run_id="running")
    (first,) = queries(athena, statement)
    assert state(athena, first) == "RUNNING"
    faults.clear()

    assert run_try(2, statement, run_id="running") == first
    assert queries(athena, statement) == [first]


@pytest.mark.usefixtures("athena")
def test_a_query_that_failed_is_begun_again(faults):
    statement = "SELECT 'fails'"
    faults.set("athena.query.hang", "fail", match=statement)
    with pytest.raises(AirflowException):
        run_try(1, statement, run_id="failed")

    second = run_try(2, statement, run_id="failed")

    assert run_try(3, statement, run_id="failed") == second


@pytest.mark.usefixtures("athena")
@pytest.mark.parametrize(
    "other",
    [
        {"statement": "SELECT 2"},
        {"max_tries": RETRIES + 2},
        {"clear_number": 1},
        {"began": BEGAN.replace(minute=1)},
        {"began": None},
    ],
)
def test_another_statement_a_cleared_task_and_another_run_begin_their_own(other):
    first = run_try(1, run_id=str(other))

    assert run_try(2, run_id=str(other)) == first
    assert run_try(2, run_id=str(other), **other) != first


def queries(athena: Any, statement: str) -> list[str]:
    ids = athena.list_query_executions(WorkGroup="attempts")["QueryExecutionIds"]
    found = athena.batch_get_query_execution(QueryExecutionIds=ids)["QueryExecutions"]
    return [query["QueryExecutionId"] for query in found if query["Query"] == statement]


def state(athena: Any, query_id: str) -> str:
    found = athena.get_query_execution(QueryExecutionId=query_id)
    return str(found["QueryExecution"]["Status"]["State"])
