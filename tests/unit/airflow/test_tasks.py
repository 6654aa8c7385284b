"""The bodies of the tasks and the sensor, against S3 and Glue, at a time that the test sets."""

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.exceptions import AirflowSensorTimeout
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSkipException,
    BaseSensorOperator,
)

from retime.airflow import runtime, tasks
from retime.airflow.arrival_sensor import ArrivalSensor
from retime.airflow.crawl_operators import CrawlRawOperator
from retime.airflow.run_params import PARAMS
from retime.errors import PublishError, RunError
from retime.planning.plan import PlannedSlice
from retime.published.confirm import Confirmed
from retime.published.results import LateBeyond, PartitionCounts, Published
from retime.published.rollback import Changed
from retime.published.search import Search
from retime.published.tables import ensure_table
from retime.raw.landed import LandedHour
from tests.accounts import Account
from tests.unit.published.slice_results import published
from tests.unit.raw.landings import CRAWLED, HOURS, NEXT, Landing
from tests.unit.samples import TRAFFIC, days, plan, utc

DAY = {"start_date": "2024-03-28"}
UNTIL_NEXT = {"landed_until": NEXT.isoformat()}
NOT_LATE = Search(partitions={}).to_json()


class World(Landing):
    """What a task gets from Airflow: a deployment, the time, the results of other tasks."""

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.now = utc(2024, 3, 29, 0, 20)
        self.xcom: dict[str, Any] = {}

    def pull(self, task_ids: str | list[str], key: str = "return_value") -> Any:
        """Like Airflow's: a list of ids gives a list of results, of every mapped instance."""
        if key != "return_value":
            return self.xcom.get(key)
        return self.xcom.get(task_ids if isinstance(task_ids, str) else task_ids[0])

    def ran(self, plan: list[dict[str, Any]], published: Any = None, **late: Any) -> None:
        """What the plan and the publications of a run handed on."""
        deployment = self.deploy(TRAFFIC)
        ensure_table(deployment.clients.glue, deployment.database, deployment.data_set.published)
        late_dates = {"waiting": {}, "healed": [], "scanned_bytes": 0, **late}
        self.xcom = {"plan": plan, "slice.publish": published, "late": late_dates}

    def context(self, **params: Any) -> dict[str, Any]:
        run = SimpleNamespace(run_type="manual", logical_date=None, data_interval_start=None)
        ti = SimpleNamespace(
            xcom_push=lambda key, value: self.xcom.update({key: value}),
            xcom_pull=self.pull,
        )
        dag = SimpleNamespace(params=list(PARAMS))
        given = params or DAY
        return {"params": given, "dag": dag, "dag_run": run, "ti": ti, "run_id": "manual__1"}


@pytest.fixture
def world(account: Account, monkeypatch) -> World:
    """An environment that Airflow would give by its connection and its settings."""
    world = World(account)
    monkeypatch.setattr(runtime, "deployment", account.deploy)
    monkeypatch.setattr(runtime, "now", lambda: world.now)
    return world


def test_what_no_retry_can_fix_fails_for_good_and_keeps_its_sentence():
    with pytest.raises(AirflowFailException, match="RunError: fix the SQL"), runtime.no_retry():
        raise RunError("fix the SQL")


def test_what_a_retry_can_fix_is_left_to_be_retried():
    with pytest.raises(PublishError), runtime.no_retry():
        raise PublishError("again")


def test_a_run_is_planned_through_what_has_landed_and_settled(world):
    world.land(*HOURS, NEXT)
    world.crawl(*HOURS)
    until = tasks.check_raw(CRAWLED, world.context())
    (plan,) = tasks.plan_run(CRAWLED, until, NOT_LATE, world.context())
    assert PlannedSlice.from_json(plan).window.end == utc(2024, 3, 29)
    assert world.xcom["plan"] == [plan]


def test_an_hour_that_settles_after_the_catalog_was_checked_is_not_planned(world):
    """It is no partition yet: its events would be missed, and counted as built."""
    world.land(*HOURS, NEXT)
    world.crawl(*HOURS)
    until = tasks.check_raw(CRAWLED, world.context())
    world.land(utc(2024, 3, 29, 1))
    world.now = utc(2024, 3, 29, 1, 20)
    (plan,) = tasks.plan_run(CRAWLED, until, NOT_LATE, world.context())
    assert PlannedSlice.from_json(plan).window.end == utc(2024, 3, 29)


def test_a_plan_may_be_all_that_is_asked_for(world):
    world.land(*HOURS, NEXT)
    world.crawl(*HOURS)
    assert tasks.plan_run(CRAWLED, UNTIL_NEXT, NOT_LATE, world.context(plan_only=True, **DAY)) == []
    assert len(world.xcom["plan"]) == 1


def test_dates_that_cannot_be_built_fail_for_good(world):
    with pytest.raises(AirflowFailException, match="RequestError: 2024-03-29 is not over"):
        tasks.plan_run(CRAWLED, UNTIL_NEXT, NOT_LATE, world.context(start_date="2024-03-29"))


def test_two_tables_at_one_place_are_refused_where_two_settings_name_one_bucket(world):
    quarantine = replace(CRAWLED.quarantine, location="s3://${raw_bucket}/traffic/")
    published = replace(CRAWLED.published, location="s3://${published_bucket}/traffic/")
    wrong = replace(CRAWLED, published=published, quarantine=quarantine)
    with pytest.raises(AirflowFailException, match=r"traffic at .* overlaps traffic_quarantine at"):
        tasks.plan_run(wrong, UNTIL_NEXT, NOT_LATE, world.context())


def test_publishing_among_the_raw_events_is_refused_where_two_settings_name_one_bucket(world):
    published = replace(CRAWLED.published, location="s3://${published_bucket}/traffic_raw/")
    wrong = replace(CRAWLED, published=published)
    with pytest.raises(AirflowFailException, match=r"overlaps the raw events at s3://.*; set"):
        tasks.plan_run(wrong, UNTIL_NEXT, NOT_LATE, world.context())


def test_an_hour_that_closed_after_the_crawl_began_is_left_to_the_next_run(world, monkeypatch):
    """`crawl_raw` hands on how far raw had landed; the catalog may lack what landed later."""
    world.land(*HOURS, NEXT)
    monkeypatch.setattr(CrawlRawOperator, "hook", SimpleNamespace(has_crawler=lambda _: False))
    monkeypatch.setattr(runtime, "connect", lambda *_: None)
    operator = CrawlRawOperator(task_id="crawl_raw", data_set=CRAWLED)
    with pytest.raises(AirflowFailException, match="there is no crawler 'c'"):
        operator.execute(world.context())
    world.crawl(*HOURS)
    world.land(utc(2024, 3, 29, 1))
    world.now = utc(2024, 3, 29, 1, 20)
    assert tasks.check_raw(CRAWLED, world.context()) == UNTIL_NEXT


def test_a_result_of_another_version_asks_for_a_clear(world):
    with pytest.raises(AirflowFailException, match="no LandedUntil: clear the run"):
        tasks.plan_run(CRAWLED, NEXT.isoformat(), NOT_LATE, world.context())


# Waiting.


def test_a_run_waits_for_its_dates_to_land(world):
    sensor = ArrivalSensor(task_id="wait", data_set=CRAWLED)
    world.land(*HOURS, NEXT)
    assert not sensor.poke(world.context())
    world.now = utc(2024, 3, 29, 2)
    assert sensor.poke(world.context())


def test_a_parameter_that_the_dag_does_not_have_is_refused(world):
    """Airflow lets it pass, and the run would build its own date instead."""
    sensor = ArrivalSensor(task_id="wait", data_set=CRAWLED)
    with pytest.raises(AirflowFailException, match="no parameter 'first_date'; give some of start"):
        sensor.poke(world.context(first_date="2024-03-28"))


def test_waiting_in_vain_tells_what_was_waited_for(world, monkeypatch):
    def wait(*_: Any) -> None:
        raise AirflowSensorTimeout("Sensor has timed out")

    monkeypatch.setattr(BaseSensorOperator, "execute", wait)
    sensor = ArrivalSensor(task_id="wait", data_set=CRAWLED)
    with pytest.raises(AirflowSensorTimeout) as failure:
        sensor.execute(world.context())
    assert "no raw event landed under s3://" in str(failure.value)
    assert "after 2024-03-29 00:00 UTC within 7:00:00; see whether" in str(failure.value)


def test_a_task_without_a_setting_is_not_tried_again(monkeypatch):
    monkeypatch.setenv("RETIME_AWS_CONN_ID", "aws_default")
    monkeypatch.setattr(runtime, "lookup", {}.get)
    with pytest.raises(AirflowFailException, match="the setting 'database' is missing"):
        tasks.clean_up_run(TRAFFIC)


# The report.


def plan_of(*dates: str) -> list[dict[str, Any]]:
    landed = {
        hour + timedelta(days=n): LandedHour(objects=1, size=1, folders=frozenset())
        for hour in HOURS
        for n in range(-5, 5)
    }
    return [p.to_json() for date in dates for p in plan(days(date), landed)]


def results(*published: Published | None) -> list[dict[str, Any] | None]:
    return [result and result.to_json() for result in published]


@pytest.mark.parametrize("before", ["2024-03-27", "2024-03-28"])
def test_what_a_cleared_run_no_longer_plans_is_not_reported(world, before):
    """Nor the last time of a slice that has another place in the plan now."""
    stale = published(before, scanned_bytes=1_000_000)
    world.ran(plan_of("2024-03-28"), results(published("2024-03-28"), stale))
    totals = tasks.report_run(TRAFFIC, world.context())
    assert (totals["slices"], totals["scanned_bytes"]) == (1, 4_000)


def test_a_run_whose_slices_are_published_is_summed_up(world):
    world.ran(
        plan_of("2024-03-27", "2024-03-28"),
        results(published("2024-03-27"), published("2024-03-28")),
    )
    assert tasks.report_run(TRAFFIC, world.context())["slices"] == 2


def test_a_run_without_every_slice_fails_and_names_those_it_lacks(world):
    world.ran(
        plan_of("2024-03-26", "2024-03-27", "2024-03-28"), results(published("2024-03-27"), None)
    )
    with pytest.raises(
        AirflowFailException, match=r"2 of 3 slices were not published: 2024-03-26, 2024-03-28;"
    ):
        tasks.report_run(TRAFFIC, world.context())


def test_a_run_that_planned_nothing_to_do_is_green(world):
    world.ran([])
    assert tasks.report_run(TRAFFIC, world.context())["slices"] == 0


def test_a_run_whose_plan_failed_is_not_green(world):
    with pytest.raises(AirflowFailException, match="nothing was planned; see the first task"):
        tasks.report_run(TRAFFIC, world.context())


def test_a_run_reports_what_became_of_dates(world):
    """Of slices, of late events, of what was changed without a build."""
    back = Changed(action="rollback", slice_=days("2024-03-25"), partitions=24)
    confirmed = Confirmed(updated=24, settled=(date(2024, 3, 20),))
    beyond = [
        LateBeyond(arrived=date(2024, 3, day), happened=date(2024, 3, 1), events=2)
        for day in (27, 28)
    ]
    built = replace(published("2024-03-28"), late_beyond=tuple(beyond))
    world.ran(
        plan_of("2024-03-28"),
        [built.to_json(), confirmed.to_json(), back.to_json()],
        waiting={"2024-03-26": 3, "2024-03-27": 4},
        healed=["2024-03-27"],
    )
    done = tasks.report_run(TRAFFIC, world.context())
    assert done["slices"] == 1
    assert (done["healed"], done["late_left"]) == (["2024-03-27"], {"2024-03-26": 3})
    assert done["late_beyond"] == {"2024-03-01": 2}
    assert done["changed"] == [back.to_json()]


def test_a_result_of_another_version_counts_as_none(world):
    """Its slice is named, and a clear of it makes a new one."""
    world.ran(plan_of("2024-03-28"), [{"slice": "2024-03-28", "counts": {}, "partitions": {}}])
    with pytest.raises(AirflowFailException, match="1 of 1 slices were not published: 2024-03-28"):
        tasks.report_run(TRAFFIC, world.context())


# The announcement.

KEPT = PartitionCounts(kept=24)
NOTHING_BECAME: dict[str, Any] = {
    "settled": [],
    "healed": [],
    "late_left": {},
    "late_beyond": {},
    "changed": [],
}


def test_what_a_run_left_as_it_was_is_not_announced(world):
    """Every partition of its slice is there from a later build, or from more raw."""
    world.ran(plan_of("2024-03-27"), results(published("2024-03-27", KEPT)))
    world.xcom["report"] = NOTHING_BECAME
    with pytest.raises(AirflowSkipException, match="nothing was published"):
        tasks.announce_run(TRAFFIC, world.context())


def test_only_what_the_run_built_is_announced(world):
    """A date that lost its last row, too: readers of the table have to know."""
    emptied = PartitionCounts(updated=3, kept=1, current=3)
    world.ran(
        plan_of("2024-03-26", "2024-03-27"),
        results(published("2024-03-26", KEPT), published("2024-03-27", emptied)),
    )
    world.xcom["report"] = NOTHING_BECAME
    told = tasks.announce_run(TRAFFIC, world.context())
    assert told["dates"] == ["2024-03-27"]
    assert told["generations"] == ["g"]
    assert (told["rows"], told["bytes"]) == (0, 0)


def test_dates_that_settled_are_announced_though_nothing_was_built(world):
    world.ran([])
    world.xcom["report"] = {**NOTHING_BECAME, "settled": ["2024-03-25"]}
    told = tasks.announce_run(TRAFFIC, world.context())
    assert (told["dates"], told["settled"]) == ([], ["2024-03-25"])


def test_dates_that_were_rolled_back_are_announced(world):
    world.ran([])
    back = Changed(action="rollback", slice_=days("2024-03-25"), partitions=24)
    world.xcom["report"] = {**NOTHING_BECAME, "changed": [back.to_json()]}
    assert tasks.announce_run(TRAFFIC, world.context())["dates"] == ["2024-03-25"]
