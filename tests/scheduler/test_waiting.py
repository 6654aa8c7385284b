"""Slices overlap; nothing that waits holds a slot."""

from itertools import combinations

import pytest

from tests.scheduler.api import wait_for
from tests.scheduler.conftest import DATA_SETS
from tests.scheduler.parcels import MONTH, YESTERDAY, land

HELD = 'INSERT INTO "scheduler"."hourly'


@pytest.fixture
def until_idle(api):
    """Wait until tasks of a run are in a state and no task of any DAG holds a slot."""

    def wait(dag_id: str, run_id: str, states) -> None:
        def is_idle() -> bool:
            tasks = api.tasks(dag_id, run_id)
            waiting = all(tasks.get(key, {}).get("state") == s for key, s in states.items())
            slots = api.slots()
            return waiting and slots["running"] == slots["queued"] == 0

        wait_for(is_idle, f"{states} and no slot in use")

    return wait


def test_slices_stage_at_the_same_time_and_hold_no_slot(
    api, deferring, faults, warehouse, until_idle
) -> None:
    data_set, days = DATA_SETS["hourly"], MONTH[2:8]
    api.set_paused(data_set.dag_id, is_paused=False)
    faults.set("athena.query.hang", "hang", match=HELD, times=4)
    run_id = api.trigger(data_set.dag_id, start_date=str(days[0]), end_date=str(days[-1]))

    stages = [(f"slice.{name}", n) for name in ("stage", "stage_quarantine") for n in (0, 1)]
    until_idle(data_set.dag_id, run_id, dict.fromkeys(stages, "deferred"))

    assert api.slots()["deferred"] == 4
    assert list(warehouse.queries(HELD).values()).count("RUNNING") == 4
    tasks = api.tasks(data_set.dag_id, run_id)
    faults.clear()
    api.wait_for_run(data_set.dag_id, run_id)
    after = api.tasks(data_set.dag_id, run_id)
    for one, other in combinations(stages, 2):
        assert tasks[one]["start_date"] < after[other]["end_date"]
    warehouse.assert_built(data_set, days)


def test_a_crawl_under_way_holds_no_slot(api, faults, warehouse, until_idle) -> None:
    data_set, days, account = DATA_SETS["crawled"], MONTH[-3:], warehouse.account
    land(account.s3, account.name, days, "crawled_raw/")
    account.crawl_from("crawled_raw", account.name, "crawled_raw/")
    api.set_variable("retime_poll_seconds", "10")
    api.set_paused(data_set.dag_id, is_paused=False)
    faults.set("glue.crawl", "hang")
    run_id = api.trigger(data_set.dag_id, start_date=str(days[0]), end_date=str(days[-1]))

    waiting = {("crawl_raw", -1): "success", ("wait_for_crawl", -1): "up_for_reschedule"}
    until_idle(data_set.dag_id, run_id, waiting)

    faults.clear()
    api.wait_for_run(data_set.dag_id, run_id)
    warehouse.assert_built(data_set, days)


def test_a_wait_for_raw_holds_no_slot_and_ends_when_it_lands(api, warehouse, until_idle) -> None:
    data_set, account = DATA_SETS["awaited"], warehouse.account
    api.set_paused(data_set.dag_id, is_paused=False)
    run = wait_for(lambda: api.runs(data_set.dag_id), "the run")[0]

    waiting = {("wait_for_arrivals", -1): "up_for_reschedule"}
    until_idle(data_set.dag_id, run["dag_run_id"], waiting)

    land(account.s3, account.name, [YESTERDAY], "awaited_raw/")
    api.wait_for_run(data_set.dag_id, run["dag_run_id"])
    warehouse.assert_built(data_set, [YESTERDAY])
