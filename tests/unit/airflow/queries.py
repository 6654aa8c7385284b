"""A statement about a slice, and an Athena whose queries end as a test says."""

from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from airflow.providers.amazon.aws.operators.athena import AthenaOperator

from retime.airflow import runtime
from retime.airflow.runtime import Attempt
from retime.airflow.slice_operators import SliceQuery
from retime.dataset.deployment import Deployment
from retime.dataset.settings import read_settings
from retime.raw.landed import LandedHour
from retime.statements.templates import Statement
from tests.unit.samples import TRAFFIC, days, plan, utc

ATHENA = boto3.client("athena", "eu-west-1")
REASON = (
    "TYPE_MISMATCH: line 7:9: x is an integer. If a data manifest file was generated at "
    "'s3://results/query-1-manifest.csv', you may need to manually clean the data from locations "
    "specified in the manifest. Athena will not delete data in your account."
)
CONTEXT: dict[str, Any] = {
    "ti": SimpleNamespace(
        dag_id="retime_traffic",
        run_id="by-hand",
        task_id="query",
        map_index=0,
        try_number=1,
        max_tries=0,
        xcom_push=lambda *_, **__: None,
    ),
    "dag_run": SimpleNamespace(start_date=utc(2024, 3, 29)),
    "task_instance": None,
}


class Query(SliceQuery):
    """A statement that is there already."""

    def make_query(self, deployment: Deployment, context: Any, attempt: Attempt) -> str:
        return "SELECT 1"

    def render(self, deployment: Deployment, context: Any) -> Statement:
        statement = Statement("SELECT\n" * 7)
        statement.places = tuple(f"transform.sql, line {number}" for number in range(11, 18))
        return statement

    def conclude(self, deployment: Deployment, query_id: str, context: Any) -> dict[str, Any]:
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
        return REASON

    def get_query_info(self, _: str) -> dict[str, Any]:
        reason = {"State": "FAILED", "StateChangeReason": REASON}
        return {"QueryExecution": {"Status": {**reason, "AthenaError": self.error}}}


@pytest.fixture
def athena(monkeypatch) -> SimpleNamespace:
    """How queries end; a test sets `error`."""
    ends = SimpleNamespace(error=None)
    settings = {"database": "events", "aws_conn_id": "aws_events", "deferrable": "false"}
    monkeypatch.setattr(runtime, "get_settings", lambda: read_settings(settings.get))
    deployed = SimpleNamespace(database="events", workgroup="primary")
    monkeypatch.setattr(runtime, "deployment", lambda _: deployed)
    monkeypatch.setattr(
        runtime, "connect", lambda operator, _: setattr(operator, "aws_conn_id", "aws_events")
    )
    monkeypatch.setattr(
        AthenaOperator, "hook", property(lambda self: Hook(self.aws_conn_id, ends.error))
    )
    return ends


def query() -> Query:
    landed = {utc(2024, 3, 28): LandedHour(objects=1, size=1, folders=frozenset())}
    (planned,) = plan(days("2024-03-28"), landed)
    return Query(task_id="query", data_set=TRAFFIC, planned=planned.to_json())


def run_to_its_end(task: Query) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "airflow.providers.amazon.aws.links.athena.AthenaQueryResultsLink.persist",
            lambda **_: None,
        )
        return task.execute(CONTEXT)
