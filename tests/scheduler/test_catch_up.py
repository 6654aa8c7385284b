"""Unpaused, the DAG builds each date that was missed."""

from tests.scheduler.api import wait_for
from tests.scheduler.conftest import DATA_SETS
from tests.scheduler.measured import note_runs
from tests.scheduler.parcels import MONTH, YESTERDAY


def test_a_daily_run_that_defers_its_queries_builds_its_date(
    cli, api, deferring, warehouse
) -> None:
    data_set = DATA_SETS["daily"]
    cli("dags", "unpause", "--yes", data_set.dag_id)
    run = wait_for(lambda: api.runs(data_set.dag_id), "the run")[0]

    api.wait_for_run(data_set.dag_id, run["dag_run_id"])

    tasks = api.tasks(data_set.dag_id, run["dag_run_id"])
    note_runs("a daily run that defers", [list(tasks.values())])
    warehouse.assert_built(data_set, [YESTERDAY])
    # Airflow's open race around deferrals: it fails tasks whose trigger was quick.
    assert api.events(data_set.dag_id, "state mismatch") == []


def test_each_missed_date_is_built_once_oldest_first_two_at_a_time(api, warehouse) -> None:
    data_set, days = DATA_SETS["missed"], MONTH[-3:]
    api.set_paused(data_set.dag_id, is_paused=False)

    runs = api.wait_for_runs(data_set.dag_id, len(days))

    assert [run["logical_date"][:10] for run in runs] == [str(day) for day in days]
    assert {run["run_type"] for run in runs} == {"scheduled"}
    started = [run["start_date"] for run in runs]
    assert started == sorted(started)
    # Whichever of two ends first makes room for the next.
    beside = [
        sum(run["end_date"] > runs[n]["start_date"] for run in runs[:n]) for n in range(len(runs))
    ]
    assert max(beside) == 1, beside
    warehouse.assert_built(data_set, days)
    note_runs(
        "three missed dates, two at a time",
        [list(api.tasks(data_set.dag_id, run["dag_run_id"]).values()) for run in runs],
    )
