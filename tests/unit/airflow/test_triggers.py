"""The trigger of deferred queries."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from airflow.providers.amazon.aws.triggers.athena import AthenaTrigger
from airflow.providers.common.compat.sdk import AirflowException, TaskDeferred
from airflow.triggers.base import TriggerEvent

from retime.airflow import runtime
from retime.dataset.settings import read_settings
from retime_triggers import PatientAthenaTrigger
from tests.unit.airflow.queries import athena, query, run_to_its_end

assert athena, "a fixture"

FIELDS = {
    "query_execution_id": "query-1",
    "waiter_delay": 7,
    "waiter_max_attempts": 3,
    "aws_conn_id": "aws_events",
    "region_name": "eu-west-1",
}


@pytest.fixture
def steps(monkeypatch) -> list[Any]:
    """What a trigger does, in order; the query has ended by the first look."""
    done: list[Any] = []

    async def sleep(seconds: float) -> None:
        done.append(f"sleep {seconds}")

    async def look(self: AthenaTrigger) -> AsyncIterator[TriggerEvent]:
        done.append("look")
        yield TriggerEvent({"status": "success", "value": self.return_value})

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(AthenaTrigger, "run", look)
    return done


async def events(trigger: AthenaTrigger) -> list[Any]:
    return [event.payload async for event in trigger.run()]


def test_a_query_is_not_looked_at_before_the_delay(steps):
    found = asyncio.run(events(PatientAthenaTrigger(**FIELDS)))

    assert steps == ["sleep 7", "look"]
    assert found == [{"status": "success", "value": "query-1"}]


def test_a_failed_query_is_an_event_also_where_the_provider_raises(steps, monkeypatch):
    """As that of Airflow 2.11 does."""

    async def look(_: AthenaTrigger) -> AsyncIterator[TriggerEvent]:
        raise AirflowException("FAILED: TYPE_MISMATCH")
        yield

    monkeypatch.setattr(AthenaTrigger, "run", look)

    assert asyncio.run(events(PatientAthenaTrigger(**FIELDS))) == [
        {"status": "error", "message": "FAILED: TYPE_MISMATCH", "value": "query-1"}
    ]


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
