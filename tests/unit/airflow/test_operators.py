"""The provider's operators, told what only a data set knows: which connection, and what failed."""

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
)

from retime.airflow.crawl_operators import CrawlPublishedOperator
from retime.airflow.run_params import TASK_TIMEOUT
from retime.airflow.slice_operators import AuditOperator, PublishOperator, StageOperator
from retime.planning.plan import PlannedChange
from retime.published.results import PartitionCounts
from retime.raw.landed import LandedHour
from tests.unit.airflow.queries import ATHENA, CONTEXT, Hook, Query, athena, query, run_to_its_end
from tests.unit.published.slice_results import published
from tests.unit.samples import TRAFFIC, days, plan, utc

__all__ = ["athena"]

SYSTEM, USER = 1, 2


def resume(task: Query, status: str) -> Any:
    """Go on after a deferral, in another process: nothing of the operator's state is left."""
    event = {"status": status, "value": "query-1", "message": "Error while waiting"}
    return task.execute_complete(CONTEXT, event)


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
    with pytest.raises(AirflowFailException, match="A retry cannot help; fix the SQL"):
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
    assert "TYPE_MISMATCH: line 7:9" in str(failure.value)


@ENDINGS
def test_a_failure_names_the_line_of_the_data_set_and_that_nothing_is_to_be_cleaned(athena, end):
    athena.error = {"ErrorCategory": USER, "Retryable": False}
    with pytest.raises(AirflowException) as failure:
        end(query())
    assert "(line 7 of the statement is of transform.sql, line 17)" in str(failure.value)
    assert "Nothing has to be cleaned by hand" in str(failure.value)


@pytest.mark.parametrize("operator", [StageOperator, AuditOperator])
def test_what_comes_from_other_tasks_is_filled_in(operator):
    assert "planned" in operator.template_fields
    assert "query" in operator.template_fields
    if operator is AuditOperator:
        assert {"staged", "quarantined"} <= set(operator.template_fields)


def test_a_rollback_that_no_audit_has_counted_changes_nothing(athena):
    """As when somebody marks the audit as a success."""
    change = PlannedChange(
        action="rollback", slice_=days("2024-03-28"), generations={(2024, 3, 28, 7): "g"}
    )
    task = PublishOperator(
        task_id="publish",
        data_set=TRAFFIC,
        planned=change.to_json(),
        staged=None,
        quarantined=None,
        audited=None,
    )
    with pytest.raises(AirflowFailException, match="no PlannedChange: clear the run"):
        task.execute(CONTEXT)


NOTHING: list[list[Any] | None] = [None, [], [published("2024-03-28", PartitionCounts(kept=24))]]


@pytest.mark.parametrize("results", NOTHING, ids=["no slice", "none published", "kept newer ones"])
@pytest.mark.filterwarnings("ignore:GlueCrawlerOperator is deprecated")
def test_a_run_that_changed_nothing_of_the_table_crawls_nothing(athena, results):
    landed = {utc(2024, 3, 28): LandedHour(objects=1, size=1, folders=frozenset())}
    planned = [plan_.to_json() for plan_ in plan(days("2024-03-28"), landed)]

    def xcom_pull(*, task_ids: Any) -> Any:
        return planned if task_ids == "plan" else results and [r.to_json() for r in results]

    task = CrawlPublishedOperator(task_id="crawl_published", data_set=TRAFFIC)
    with pytest.raises(AirflowSkipException, match="there is nothing to crawl"):
        task.execute({"ti": SimpleNamespace(xcom_pull=xcom_pull)})
