"""Runs on Airflow 2: by date, by range, again, and what is refused."""

import json
from datetime import date

import pytest

from tests.airflow2.conftest import DAYS
from tests.end_to_end.pipeline import Pipeline, oracle
from tests.end_to_end.test_changes import PREFIX
from tests.landed_records import read_landing
from tests.oracle import assert_rows_equal, typed_row


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


def test_a_daily_run_publishes_its_date_and_a_rerun_the_same_rows(airflow, traffic) -> None:
    airflow.succeed("dags", "test", "retime_traffic", str(DAYS[1]))
    assert_published(traffic, DAYS[1], DAYS[1])
    before, built = text_of(traffic), locations_of(traffic)

    airflow.succeed("dags", "test", "retime_traffic", str(DAYS[1]))

    assert text_of(traffic) == before
    after = locations_of(traffic)
    assert after.keys() == built.keys()
    assert all(after[values] != built[values] for values in built)


def test_a_manual_range_is_built_in_slices(airflow, traffic) -> None:
    conf = {"start_date": str(DAYS[0]), "end_date": str(DAYS[-1])}

    airflow.succeed("dags", "test", "retime_traffic", "2024-06-01", "--conf", json.dumps(conf))

    assert_published(traffic, DAYS[0], DAYS[-1])
    states = airflow.states(date(2024, 6, 1))
    assert {index: states["slice.publish", index] for index in (0, 1)} == dict.fromkeys(
        (0, 1), "success"
    )
    assert ("slice.publish", 2) not in states


@pytest.mark.parametrize(
    ("conf", "reason"),
    [
        ({"start_date": "10 nov"}, "is not a 'date'"),
        ({"start_date": "2024-04-01", "end_date": "2024-03-28"}, "before the first date"),
    ],
)
def test_wrong_parameters_are_refused_with_the_reason(airflow, traffic, conf, reason) -> None:
    command = ("dags", "test", "retime_traffic", "2024-06-01", "--conf", json.dumps(conf))

    assert reason in airflow.fail(*command)
    assert traffic.tables() == []
