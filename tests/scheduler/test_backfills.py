"""Backfills by `airflow backfill create`, and all ways to build a date at once."""

import pytest

from tests.scheduler.api import wait_for
from tests.scheduler.conftest import DATA_SETS
from tests.scheduler.measured import note_runs
from tests.scheduler.parcels import MONTH, expected_partitions, land_wrong

MONTHLY = DATA_SETS["month"]
DAYS = MONTH[-5:]
MENDED = (DAYS[0], DAYS[3])
AGAIN = DAYS[2:4]


@pytest.fixture
def backfill(cli, api):
    """Backfill dates as a user does, and wait for it; gives the dates that were built again."""

    def run(dag_id: str, days, behaviour: str) -> list[str]:
        api.set_paused(dag_id, is_paused=False)
        before = api.starts(dag_id)
        dates = ("--from-date", str(days[0]), "--to-date", str(days[-1]))
        how = ("--max-active-runs", "4", "--reprocess-behavior", behaviour)
        cli("backfill", "create", "--dag-id", dag_id, *dates, *how)
        api.wait_for_backfills(dag_id)
        return [
            date for date, start in sorted(api.starts(dag_id).items()) if before.get(date) != start
        ]

    return run


@pytest.fixture(scope="module")
def dates() -> list[str]:
    return [str(day) for day in DAYS]


def test_a_backfill_builds_the_dates_that_never_ran(api, warehouse, backfill, dates) -> None:
    """Two of them fail, for want of right raw, and leave no trace."""
    land_wrong(warehouse.account, MENDED)

    assert backfill(MONTHLY.dag_id, DAYS, "none") == dates

    runs = api.runs(MONTHLY.dag_id)
    failed = [run["logical_date"][:10] for run in runs if run["state"] == "failed"]
    assert failed == [str(day) for day in MENDED]
    warehouse.assert_built(MONTHLY, [day for day in DAYS if day not in MENDED])
    tasks = [list(api.tasks(MONTHLY.dag_id, run["dag_run_id"]).values()) for run in runs]
    note_runs(f"a backfill of {len(DAYS)} dates, four at a time", tasks)


def test_the_same_backfill_again_builds_nothing(warehouse, backfill) -> None:
    before = warehouse.generations("month")

    assert backfill(MONTHLY.dag_id, DAYS, "none") == []

    assert warehouse.generations("month") == before


def test_a_backfill_of_failed_dates_builds_only_them(warehouse, backfill) -> None:
    before = warehouse.generations("month")
    land_wrong(warehouse.account, MENDED, is_mended=True)

    assert backfill(MONTHLY.dag_id, DAYS, "failed") == [str(day) for day in MENDED]

    assert before.items() <= warehouse.generations("month").items()
    warehouse.assert_built(MONTHLY, DAYS)


def test_a_backfill_of_completed_dates_builds_them_again_and_no_others(warehouse, backfill) -> None:
    before = warehouse.generations("month")

    assert backfill(MONTHLY.dag_id, AGAIN, "completed") == [str(day) for day in AGAIN]

    kept = dict(before.items() & warehouse.generations("month").items())
    others = [day for day in DAYS if day not in AGAIN]
    assert kept.keys() == expected_partitions(others, MONTHLY.grain).keys()
    warehouse.assert_built(MONTHLY, DAYS)


def test_schedule_backfill_and_manual_run_at_once_end_as_one_clean_build(
    cli, api, warehouse
) -> None:
    data_set, days = DATA_SETS["crowded"], MONTH[-3:]
    api.set_paused(data_set.dag_id, is_paused=False)
    wait_for(lambda: api.runs(data_set.dag_id), "the first run")
    # Backfill and manual run go over the dates in other orders than the schedule.
    manual = api.trigger(data_set.dag_id, start_date=str(days[0]), end_date=str(days[-1]))
    dates = ("--from-date", str(days[0]), "--to-date", str(days[-1]), "--run-backwards")
    how = ("--max-active-runs", "2", "--reprocess-behavior", "completed")
    cli("backfill", "create", "--dag-id", data_set.dag_id, *dates, *how)

    api.wait_for_backfills(data_set.dag_id)
    runs = api.wait_for_runs(data_set.dag_id, len(days) + 1)

    assert {run["state"] for run in runs} == {"success"}
    assert manual in {run["dag_run_id"] for run in runs}
    warehouse.assert_built(data_set, days)
