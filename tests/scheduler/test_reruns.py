"""Manual runs with parameters, and clearing as the UI does it: same raw, same rows."""

import json

import pytest

from tests.scheduler.api import Api
from tests.scheduler.conftest import DATA_SETS
from tests.scheduler.parcels import MONTH

HOURLY = DATA_SETS["hourly"]
# A slice of hourly partitions is four days: these are two slices.
DAYS = MONTH[2:8]
FIRST_SLICE = {str(day.day) for day in DAYS[:4]}


@pytest.fixture(autouse=True)
def unpaused(api) -> None:
    api.set_paused(HOURLY.dag_id, is_paused=False)


@pytest.fixture
def run_id(api) -> str:
    """The run that built the dates, from the command line."""
    return next(run["dag_run_id"] for run in api.runs(HOURLY.dag_id) if run["state"] == "success")


def changed(before, after) -> set[str]:
    """The days of the partitions that another generation is published for."""
    assert before.keys() == after.keys()
    return {values[2] for values in before if before[values] != after[values]}


def test_a_manual_run_builds_the_dates_of_its_parameters(cli, api, warehouse) -> None:
    conf = json.dumps({"start_date": str(DAYS[0]), "end_date": str(DAYS[-1])})
    cli("dags", "trigger", HOURLY.dag_id, "--conf", conf, "--run-id", "by-hand")

    api.wait_for_run(HOURLY.dag_id, "by-hand")

    assert api.returned(HOURLY.dag_id, "by-hand", "report")["slices"] == 2
    warehouse.assert_built(HOURLY, DAYS)


def test_a_cleared_run_builds_all_again(api, warehouse, run_id) -> None:
    before = warehouse.generations("hourly")

    api.clear_run(HOURLY.dag_id, run_id)
    api.wait_for_run(HOURLY.dag_id, run_id)

    assert changed(before, warehouse.generations("hourly")) == {str(day.day) for day in DAYS}
    warehouse.assert_built(HOURLY, DAYS)


def test_a_cleared_slice_is_built_again_alone(api, warehouse, run_id) -> None:
    before = warehouse.generations("hourly")

    slice_ = [["slice.stage", 0], ["slice.stage_quarantine", 0]]
    api.clear_tasks(HOURLY.dag_id, run_id, slice_)
    api.wait_for_run(HOURLY.dag_id, run_id)

    assert changed(before, warehouse.generations("hourly")) == FIRST_SLICE
    warehouse.assert_built(HOURLY, DAYS)


def test_a_cleared_publication_changes_nothing(api, warehouse, run_id) -> None:
    before = warehouse.account.partitions("hourly")

    api.clear_tasks(HOURLY.dag_id, run_id, [["slice.publish", 1]])
    api.wait_for_run(HOURLY.dag_id, run_id)

    assert warehouse.account.partitions("hourly") == before
    warehouse.assert_built(HOURLY, DAYS)


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"start_date": "28/03/2024"}, "'28/03/2024' is not a 'date'"),
        ({"start_date": "2024-02-30"}, "'2024-02-30' is not a 'date'"),
        ({"start_date": 20240328}, "20240328 is not of type 'null', 'string'"),
        ({"start_date": "2024-03-28", "plan_only": "yes"}, "'yes' is not of type 'boolean'"),
    ],
)
def test_wrong_parameters_are_refused_with_the_reason(api, params, reason) -> None:
    body = {"logical_date": None, "conf": params}
    before = len(api.runs(HOURLY.dag_id))

    status, answer = api.call("POST", f"dags/{HOURLY.dag_id}/dagRuns", body)

    assert status == 400
    assert reason in answer["detail"]
    assert len(api.runs(HOURLY.dag_id)) == before


IMPOSSIBLE = {
    "last before first": {"start_date": "2024-03-28", "end_date": "2024-03-27"},
    "too many": {"start_date": "2024-01-01", "end_date": "2024-03-27"},
    "only the last": {"end_date": "2024-03-27"},
    "another name": {"first_date": "2024-03-28"},
}


@pytest.fixture(scope="module")
def impossible(airflow) -> dict[str, str]:
    """The runs of all that is impossible, begun together."""
    api = Api(url=airflow.url)
    api.set_paused(HOURLY.dag_id, is_paused=False)
    return {what: api.trigger(HOURLY.dag_id, **params) for what, params in IMPOSSIBLE.items()}


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("last before first", "the last date 2024-03-27 is before the first date 2024-03-28"),
        ("too many", "more than the 40 of run.max_days"),
        ("only the last", "end_date 2024-03-27 comes without start_date"),
        ("another name", "there is no parameter 'first_date'"),
    ],
)
def test_what_a_schema_cannot_refuse_fails_the_first_task_at_once(
    api, impossible, what, reason
) -> None:
    """Airflow checks each parameter by itself, and takes those that it does not know."""
    run_id = impossible[what]

    api.wait_for_run(HOURLY.dag_id, run_id, "failed")

    first = api.tasks(HOURLY.dag_id, run_id)["wait_for_arrivals", -1]
    tries = first["try_number"]
    assert first["state"] == "failed"
    assert tries <= first["max_tries"], "it was tried until no try was left"
    assert reason in api.log(HOURLY.dag_id, run_id, "wait_for_arrivals", tries)
