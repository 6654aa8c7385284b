"""The provider's operators, told what only a data set knows: which connection, and what failed."""

from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
)

from retime.airflow import runtime
from retime.airflow.crawl_operators import CrawlPublishedOperator
from retime.airflow.slice_operators import TASK_TIMEOUT, AuditOperator, SliceQuery, StageOperator
from retime.dataset.settings import read_settings
from retime.raw.landed import Landed
from tests.unit.samples import TRAFFIC, days, plan, utc

SYSTEM, USER = 1, 2
ATHENA = boto3.client("athena", "eu-west-1")


class Query(SliceQuery):
    """A statement that is there already."""

    def make_query(self, context: Any, job: Any) -> str:
        return "SELECT 1"

    def conclude(self, context: Any, query_id: str) -> dict[str, Any]:
        return {"query_id": query_id, "connection": self.hook.connection}


class Hook:
    """Athena's, whose queries end as a test says."""

    conn_region_name, conn_partition = "us-east-1", "aws"

    def __init__(self, connection: str, error: dict[str, Any] | None) -> None:
        self.connection, self.error = connection, error

    def get_conn(self) -> Any:
        return ATHENA

    def run_query(self, *_: Any) -> str:
        return "query-1"

    def poll_query_status(self, *_: Any, **__: Any) -> str:
        return "FAILED" if self.error else "SUCCEEDED"

    def get_state_change_reason(self, _: str) -> str:
        return "TYPE_MISMATCH: line 7"

    def get_query_info(self, _: str) -> dict[str, Any]:
        reason = {"State": "FAILED", "StateChangeReason": "TYPE_MISMATCH: line 7"}
        return {"QueryExecution": {"Status": {**reason, "AthenaError": self.error}}}


@pytest.fixture
def athena(monkeypatch) -> SimpleNamespace:
    """How queries end; a test sets `error`."""
    ends = SimpleNamespace(error=None)
    settings = {"database": "events", "aws_conn_id": "aws_events", "deferrable": "false"}
    monkeypatch.setattr(runtime, "get_settings", lambda: read_settings(settings.get))
    monkeypatch.setattr("retime.airflow.tasks.job_of", lambda *_: None)
    monkeypatch.setattr(
        AthenaOperator, "hook", property(lambda self: Hook(self.aws_conn_id, ends.error))
    )
    return ends


def context() -> dict[str, Any]:
    return {"ti": SimpleNamespace(xcom_push=lambda *_, **__: None), "task_instance": None}


def query() -> Query:
    return Query(task_id="query", data_set=TRAFFIC, planned={})


def run_to_its_end(task: Query) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "airflow.providers.amazon.aws.links.athena.AthenaQueryResultsLink.persist",
            lambda **_: None,
        )
        return task.execute(context())


def resume(task: Query, status: str) -> Any:
    """Go on after a deferral, in another process: nothing of the operator's state is left."""
    event = {"status": status, "value": "query-1", "message": "Error while waiting"}
    return task.execute_complete(context(), event)


ENDINGS = pytest.mark.parametrize(
    "end",
    [run_to_its_end, lambda task: resume(task, "error")],
    ids=["waited", "deferred"],
)


def test_a_query_is_waited_for_with_the_environment_s_connection(athena):
    assert run_to_its_end(query()) == {"query_id": "query-1", "connection": "aws_events"}


def test_a_deferred_query_is_concluded_with_the_environment_s_connection(athena):
    assert resume(query(), "success") == {"query_id": "query-1", "connection": "aws_events"}


def test_a_query_is_not_waited_for_longer_than_a_task_may_take(athena):
    """Airflow 3 counts a deferral towards no execution_timeout."""
    task = query()
    run_to_its_end(task)
    assert task.max_polling_attempts * task.sleep_time == TASK_TIMEOUT.total_seconds()


@ENDINGS
def test_a_query_that_fails_for_good_is_not_tried_again(athena, end):
    athena.error = {"ErrorCategory": USER, "Retryable": False}
    with pytest.raises(AirflowFailException, match="A retry cannot help; mend the SQL"):
        end(query())


@pytest.mark.parametrize(
    ("code", "is_tried_again"),
    [("InvalidRequestException", False), ("TooManyRequestsException", True)],
)
def test_a_statement_that_athena_cannot_parse_is_not_tried_again(
    athena, monkeypatch, code, is_tried_again
):
    def refuse(*_: Any) -> str:
        answer = {"Error": {"Code": code, "Message": "line 7:1: mismatched input"}}
        raise ATHENA.exceptions.from_code(code)(answer, "StartQueryExecution")

    monkeypatch.setattr(Hook, "run_query", refuse)
    with pytest.raises(Exception, match="mismatched input") as failure:
        run_to_its_end(query())
    assert isinstance(failure.value, AirflowFailException) is not is_tried_again


@ENDINGS
@pytest.mark.parametrize(
    "error",
    [{"ErrorCategory": SYSTEM, "Retryable": True}, {"ErrorCategory": USER, "Retryable": True}],
)
def test_a_query_that_may_succeed_the_next_time_is_tried_again(athena, end, error):
    athena.error = error
    with pytest.raises(AirflowException, match="A retry may help") as failure:
        end(query())
    assert not isinstance(failure.value, AirflowFailException)


@ENDINGS
def test_a_failure_tells_the_query_and_athena_s_reason(athena, end):
    athena.error = {"ErrorCategory": USER, "Retryable": False}
    with pytest.raises(AirflowException) as failure:
        end(query())
    assert "query-1" in str(failure.value)
    assert "TYPE_MISMATCH: line 7" in str(failure.value)


@pytest.mark.parametrize("operator", [StageOperator, AuditOperator])
def test_what_comes_from_other_tasks_is_filled_in(operator):
    assert "planned" in operator.template_fields
    assert "query" in operator.template_fields
    if operator is AuditOperator:
        assert {"staged", "quarantined"} <= set(operator.template_fields)


@pytest.mark.parametrize(
    "published",
    [None, [], [{"created": 0, "updated": 0, "removed": 0, "kept": 24, "replaced": 0}]],
    ids=["no slice", "none published", "kept what is newer"],
)
@pytest.mark.filterwarnings("ignore:GlueCrawlerOperator is deprecated")
def test_a_run_that_changed_nothing_of_the_table_crawls_nothing(published):
    results = published and [{"slice": "2024-03-28", "partitions": done} for done in published]
    landed = {utc(2024, 3, 28): Landed(objects=1, size=1)}
    planned = [plan_.to_json() for plan_ in plan(days("2024-03-28"), landed)]

    def xcom_pull(*, task_ids: Any) -> Any:
        return planned if task_ids == "plan" else results

    task = CrawlPublishedOperator(task_id="crawl_published", data_set=TRAFFIC)
    with pytest.raises(AirflowSkipException, match="there is nothing to crawl"):
        task.execute({"ti": SimpleNamespace(xcom_pull=xcom_pull)})
