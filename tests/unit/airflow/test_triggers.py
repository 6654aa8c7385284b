"""The trigger of deferred queries."""

import asyncio
import sys
from collections.abc import Callable
from typing import Any
from unittest.mock import AsyncMock

import pytest
from airflow.providers.amazon.aws.triggers.athena import AthenaTrigger
from airflow.providers.common.compat.sdk import TaskDeferred
from botocore.config import Config

from retime.airflow import runtime
from retime.dataset.settings import read_settings
from retime_triggers import PatientAthenaHook, PatientAthenaTrigger
from tests.unit.airflow.queries import athena, query, run_to_its_end

assert athena, "a fixture"

FIELDS = {
    "query_execution_id": "query-1",
    "waiter_delay": 7,
    "waiter_max_attempts": 3,
    "aws_conn_id": "aws_events",
    "region_name": "eu-west-1",
}


class Athena:
    """An asynchronous client, whose query is in one state after the other."""

    def __init__(self, steps: list[Any], *states: str) -> None:
        self._steps, self._states = steps, iter(states)

    async def __aenter__(self) -> "Athena":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def get_query_execution(self, *, QueryExecutionId: str) -> dict[str, Any]:  # noqa: N803
        self._steps.append(f"look at {QueryExecutionId}")
        return {"QueryExecution": {"Status": {"State": next(self._states)}}}

    async def stop_query_execution(self, *, QueryExecutionId: str) -> None:  # noqa: N803
        self._steps.append(f"stop {QueryExecutionId}")


@pytest.fixture
def watch(monkeypatch) -> Callable[..., tuple[Any, list[Any]]]:
    """Watch a query that is in some states; gives the events, and what the trigger did."""

    def run(*states: str) -> tuple[Any, list[Any]]:
        steps: list[Any] = []

        async def sleep(seconds: float) -> None:
            steps.append(f"sleep {seconds}")

        async def connect(_: Any) -> Athena:
            return Athena(steps, *states)

        async def events() -> list[Any]:
            trigger = PatientAthenaTrigger(**FIELDS)
            if set(states) <= {"deferred", "failed"}:
                trigger._is_deferred = AsyncMock(return_value="deferred" in states)
                await trigger.on_kill()
                return []
            return [event.payload async for event in trigger.run()]

        monkeypatch.setattr(asyncio, "sleep", sleep)
        monkeypatch.setattr(PatientAthenaHook, "get_async_conn", connect)
        return asyncio.run(events()), steps

    return run


def test_a_query_is_not_looked_at_before_the_delay(watch):
    found, steps = watch("RUNNING", "SUCCEEDED")

    assert steps == ["sleep 7", "look at query-1"] * 2
    assert found == [{"status": "success", "value": "query-1"}]


@pytest.mark.parametrize("states", [["RUNNING", "FAILED"], ["CANCELLED"], ["QUEUED"] * 3])
def test_a_query_that_failed_or_does_not_end_is_an_error(watch, states):
    found, _ = watch(*states)

    message = f"query query-1 is {states[-1]}"
    assert found == [{"status": "error", "message": message, "value": "query-1"}]


def test_a_task_that_is_killed_stops_its_query(watch):
    assert watch("failed") == ([], ["stop query-1"])


def test_a_query_that_another_triggerer_watches_goes_on(watch):
    assert watch("deferred") == ([], [])


@pytest.mark.parametrize(
    ("retries", "name", "mode"),
    [
        (None, "UNRELATED", "standard"),
        ({"mode": "adaptive"}, "UNRELATED", "adaptive"),
        (None, "AWS_RETRY_MODE", None),
    ],
)
def test_refused_calls_are_repeated_as_it_was_chosen(monkeypatch, retries, name, mode):
    monkeypatch.delenv("AWS_MAX_ATTEMPTS", raising=False)
    monkeypatch.delenv("AWS_RETRY_MODE", raising=False)
    monkeypatch.setenv(name, "legacy")
    config: Any = Config(**({"retries": retries} if retries else {}))

    found: Any = PatientAthenaHook(aws_conn_id=None, config=config).config

    assert (found.retries or {}).get("mode") == mode


def test_it_is_made_again_where_the_triggerer_runs():
    path, fields = PatientAthenaTrigger(**FIELDS).serialize()

    assert path == "retime_triggers.PatientAthenaTrigger"
    assert fields == FIELDS


def test_a_query_defers_to_it_with_all_that_the_provider_gives():
    with pytest.raises(TaskDeferred) as deferral:
        query().defer(trigger=AthenaTrigger(**FIELDS), method_name="execute_complete")

    assert type(deferral.value.trigger) is PatientAthenaTrigger
    assert deferral.value.trigger.serialize()[1] == FIELDS
    assert deferral.value.method_name == "execute_complete"


def defer_if_told(monkeypatch) -> Any:
    settings = {"database": "events", "deferrable": "true"}
    monkeypatch.setattr(runtime, "get_settings", lambda: read_settings(settings.get))
    return run_to_its_end(query())


def test_where_it_is_deployed_a_query_defers(athena, monkeypatch):
    with pytest.raises(TaskDeferred):
        defer_if_told(monkeypatch)


def test_where_it_is_not_deployed_the_task_waits(athena, monkeypatch):
    monkeypatch.setitem(sys.modules, "retime_triggers", None)

    assert defer_if_told(monkeypatch)["query_id"] == "query-1"
