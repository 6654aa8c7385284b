"""What is killed or paused in the middle of a slice, the run completes, and the table is right."""

import signal
import time
from urllib.parse import quote

import pytest

from tests.scheduler.api import wait_for
from tests.scheduler.conftest import DATA_SETS
from tests.scheduler.parcels import MONTH
from tests.scheduler.processes import parent_of, signal_all

INTERRUPTED = DATA_SETS["interrupted"]
DAYS = MONTH[12:14]
STAGE = 'INSERT INTO "scheduler"."interrupted__'
TABLE = '"TableName": "interrupted"'
PUBLISH = "slice.publish"
# Longer than a heartbeat of a component may be missing: AIRFLOW in conftest.py.
LONG = 12
# Until the triggerer has begun what it has taken over.
WATCHED = 3


@pytest.fixture
def begin(api, faults, warehouse):
    """Start a run that hangs in the middle of its slice, at a fault."""

    def run(point: str, match: str, states) -> str:
        dates = {"start_date": str(DAYS[0]), "end_date": str(DAYS[-1])}
        api.set_paused(INTERRUPTED.dag_id, is_paused=False)
        if "interrupted" not in warehouse.account.tables():
            api.wait_for_run(INTERRUPTED.dag_id, api.trigger(INTERRUPTED.dag_id, **dates))
        faults.set(point, "hang", match=match)
        run_id = api.trigger(INTERRUPTED.dag_id, **dates)
        wait_for(
            lambda: (
                not faults.listed()
                and all(api.state(INTERRUPTED.dag_id, run_id, t, 0) == s for t, s in states.items())
            ),
            f"{states}",
        )
        return run_id

    return run


@pytest.fixture
def finish(api, faults, warehouse):
    """See the run through, and that exactly its generation is published."""

    def run(run_id: str, *, tries: dict[str, int] | None = None) -> None:
        api.wait_for_run(INTERRUPTED.dag_id, run_id)
        check(run_id)
        # What was interrupted goes on after all: too late to do harm.
        faults.clear()
        wait_for(lambda: "RUNNING" not in warehouse.queries(STAGE).values(), "the queries")
        check(run_id)
        tasks = api.tasks(INTERRUPTED.dag_id, run_id)
        for task_id, number in (tries or {}).items():
            # More on a machine so busy that Airflow gave a living worker up for lost.
            assert tasks[task_id, 0]["try_number"] >= number

    def check(run_id: str) -> None:
        partitions = warehouse.account.partitions("interrupted")
        ledgers = [partition["Parameters"] for partition in partitions.values()]
        assert {ledger["retime.run_id"] for ledger in ledgers} == {run_id}
        assert len({ledger["retime.generation"] for ledger in ledgers}) == 1
        warehouse.assert_built(INTERRUPTED, DAYS)

    return run


def again(api, run_id: str, task_id: str) -> tuple[int, str]:
    """Which try of a task instance is in which state."""
    ti = api.tasks(INTERRUPTED.dag_id, run_id)[task_id, 0]
    return ti["try_number"], ti["state"]


def running(api, run_id: str, task_id: str, airflow) -> int:
    """The process of a task instance."""
    return airflow.task_process(api.tasks(INTERRUPTED.dag_id, run_id)[task_id, 0]["id"])


@pytest.mark.parametrize("component", ["scheduler", "triggerer"])
def test_a_killed_component_is_missed_by_no_deferred_slice(
    airflow, api, deferring, faults, begin, finish, component
) -> None:
    run_id = begin("athena.query.during_write", STAGE, {"slice.stage": "deferred"})

    airflow.kill(component)
    faults.clear()
    airflow.start(component)

    finish(run_id)


def test_a_paused_triggerer_goes_on_where_it_was(
    airflow, api, deferring, faults, begin, finish
) -> None:
    run_id = begin("athena.query.during_write", STAGE, {"slice.stage": "deferred"})

    airflow.pause("triggerer")
    faults.clear()
    time.sleep(LONG)
    airflow.resume("triggerer")

    finish(run_id)


@pytest.mark.parametrize("dies", ["scheduler", "worker"])
def test_the_query_of_a_worker_that_died_is_gone_on_with(
    airflow, api, faults, warehouse, begin, finish, dies
) -> None:
    """Nothing is paid for twice: the second try waits for what the first began."""
    run_id = begin("athena.query.during_write", STAGE, {"slice.stage": "running"})
    begun = warehouse.queries(STAGE)

    if dies == "scheduler":
        airflow.kill("scheduler")
        airflow.start("scheduler")
    else:
        signal_all([running(api, run_id, "slice.stage", airflow)], signal.SIGKILL)
    wait_for(lambda: again(api, run_id, "slice.stage") == (2, "running"), "the second try")
    faults.clear()

    finish(run_id, tries={"slice.stage": 2})
    assert warehouse.queries(STAGE).keys() == begun.keys()


@pytest.mark.parametrize("state", ["failed", "cleared"])
def test_a_deferred_query_is_stopped_when_its_task_is_marked_or_cleared(
    api, deferring, faults, warehouse, begin, state
) -> None:
    run_id = begin("athena.query.during_write", STAGE, {"slice.stage": "deferred"})
    (query_id,) = (id_ for id_, s in warehouse.queries(STAGE).items() if s == "RUNNING")
    dag_id = INTERRUPTED.dag_id

    # A triggerer stops what it watches, from the first second after it has taken it over.
    wait_for(lambda: api.tasks(dag_id, run_id)["slice.stage", 0]["triggerer_job"], "the triggerer")
    time.sleep(WATCHED)
    if state == "failed":
        path = f"dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/slice.stage/0"
        api.do("PATCH", path, {"new_state": "failed"})
    else:
        api.clear_tasks(dag_id, run_id, [["slice.stage", 0]])

    wait_for(lambda: warehouse.queries(STAGE)[query_id] == "CANCELLED", "the end of the query")
    api.wait_for_run(dag_id, run_id, "failed" if state == "failed" else "success")
    faults.clear()


def test_a_worker_killed_in_the_middle_of_a_publication_publishes_the_rest(
    airflow, api, begin, finish
) -> None:
    """The call that was cut off is answered later, when all is published."""
    run_id = begin("glue.BatchUpdatePartition", TABLE, {PUBLISH: "running"})

    signal_all([running(api, run_id, PUBLISH, airflow)], signal.SIGKILL)

    finish(run_id, tries={PUBLISH: 2})


def test_a_worker_that_is_paused_too_long_does_no_harm_when_it_wakes_up(
    airflow, api, begin, finish
) -> None:
    """It is given up for lost, and wakes up when another has published the slice."""
    run_id = begin("glue.BatchUpdatePartition", TABLE, {PUBLISH: "running"})
    task = running(api, run_id, PUBLISH, airflow)
    worker = [task, parent_of(task)]

    signal_all(worker, signal.SIGSTOP)
    try:
        api.wait_for_run(INTERRUPTED.dag_id, run_id)
    finally:
        signal_all(worker, signal.SIGCONT)

    finish(run_id, tries={PUBLISH: 2})
