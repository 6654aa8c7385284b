"""Runs on Airflow 2: by date, by range, again, by the schedule, and what is refused."""

import json
import time
from datetime import date

import pytest

from tests.airflow2.commands import Airflow2
from tests.airflow2.conftest import DATA_SETS, DAYS, DEFERRING
from tests.end_to_end.events import PREFIX
from tests.end_to_end.pipeline import Pipeline, oracle
from tests.landed_records import read_landing
from tests.oracle import assert_rows_equal, typed_row
from tests.scheduler.parcels import MONTH
from tests.scheduler.warehouse import Warehouse

LATER = date(2024, 6, 1)
RETIME = "retime_traffic"


def assert_published(traffic: Pipeline, first: date, last: date) -> None:
    """The table has exactly the rows of some dates."""
    expected = oracle(read_landing(traffic.s3, traffic.name, PREFIX), first, last).all_rows
    rows = [typed_row(row) for row in traffic.query("SELECT * FROM traffic")]
    assert rows
    assert_rows_equal(rows, expected)


def text_of(traffic: Pipeline) -> list[str]:
    """Every published row, as Athena prints it."""
    return sorted(map(str, traffic.query("SELECT * FROM traffic")))


def locations_of(traffic: Pipeline) -> dict[tuple[str, ...], str]:
    """Where the published partitions are: in a generation of their build."""
    partitions = traffic.partitions("traffic").items()
    return {values: record["StorageDescriptor"]["Location"] for values, record in partitions}


def test_a_daily_run_publishes_its_date_and_a_rerun_the_same_rows(on_traffic, traffic) -> None:
    on_traffic.succeed("dags", "test", RETIME, str(DAYS[1]))
    assert_published(traffic, DAYS[1], DAYS[1])
    before, built = text_of(traffic), locations_of(traffic)

    on_traffic.succeed("dags", "test", RETIME, str(DAYS[1]))

    assert text_of(traffic) == before
    after = locations_of(traffic)
    assert after.keys() == built.keys()
    assert all(after[values] != built[values] for values in built)


def test_a_manual_range_is_built_in_slices(on_traffic, traffic) -> None:
    conf = {"start_date": str(DAYS[0]), "end_date": str(DAYS[-1])}

    on_traffic.succeed("dags", "test", RETIME, str(LATER), "--conf", json.dumps(conf))

    assert_published(traffic, DAYS[0], DAYS[-1])
    states = on_traffic.states(RETIME, LATER)
    published = {index for task, index in states if task == "slice.publish"}
    assert published == {0, 1}


@pytest.mark.parametrize(
    ("conf", "reason"),
    [
        ({"start_date": "10 nov"}, "is not a 'date'"),
        ({"start_date": "2024-04-01", "end_date": "2024-03-28"}, "before the first date"),
    ],
)
def test_wrong_parameters_are_refused_with_the_reason(on_traffic, traffic, conf, reason) -> None:
    command = ("dags", "test", RETIME, str(LATER), "--conf", json.dumps(conf))

    assert reason in on_traffic.fail(*command)
    assert traffic.tables() == []


def test_the_schedule_catches_up_deferring_and_a_cleared_run_is_built_again(
    airflow: Airflow2, warehouse: Warehouse
) -> None:
    data_set, days = DATA_SETS["scheduled"], MONTH[-2:]
    airflow = airflow.given(DEFERRING)
    airflow.succeed("dags", "reserialize")
    airflow.succeed("dags", "unpause", data_set.dag_id)
    with airflow.running("triggerer") as triggers, airflow.running("scheduler"):
        wait_for_runs(airflow, data_set.dag_id, len(days))
        warehouse.assert_built(data_set, days)
        built = warehouse.generations(data_set.name)
        assert "/slice.stage/0/" in triggers.read_text(), "a task waited in its process"

        command = ("tasks", "clear", "--yes", "--downstream", "-t", "^plan$")
        airflow.succeed(*command, "-s", str(days[0]), "-e", str(days[0]), data_set.dag_id)
        wait_for_runs(airflow, data_set.dag_id, len(days))

    warehouse.assert_built(data_set, days)
    again = warehouse.generations(data_set.name)
    assert {values for values in built if built[values] != again[values]} == {
        values for values in built if values[:3] == key_of(days[0])
    }


def key_of(day: date) -> tuple[str, str, str]:
    """The keys of a date's partitions, without the hour."""
    return str(day.year), str(day.month), str(day.day)


def wait_for_runs(airflow: Airflow2, dag_id: str, count: int) -> None:
    """Wait until so many runs succeeded; one of a date that has just ended may wait for its raw."""
    deadline = time.monotonic() + 400
    while True:
        states = [run["state"] for run in airflow.rows("dags", "list-runs", "-d", dag_id)]
        if states.count("success") == count:
            return
        assert "failed" not in states, states
        assert time.monotonic() < deadline, states
        time.sleep(1)
