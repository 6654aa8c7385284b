"""The bodies of the tasks and the sensor, against S3 and Glue, at a time that the test sets."""

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airflow.exceptions import AirflowSensorTimeout
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSkipException,
    BaseSensorOperator,
)

from retime.airflow import runtime, tasks
from retime.airflow.arrival_sensor import ArrivalSensor
from retime.calendar.partitions import HOUR, arrival_path, ceil_hour
from retime.dataset.reader import DataSet
from retime.errors import CrawlError, PublishError, RunError, SettingError
from retime.planning.plan import planned_slice
from retime.published import tables as catalog
from retime.raw import landed as arrivals
from retime.statements.macros import RawTable
from tests.unit.conftest import Account
from tests.unit.samples import TRAFFIC, days, plan, utc

DAY = {"start_date": "2024-03-28"}


class World:
    """An account with a raw table, and the time."""

    def __init__(self, account: Account, data_set: DataSet) -> None:
        self.account, self.data_set = account, data_set
        self.now = utc(2024, 3, 29, 0, 20)
        self.xcom: dict[str, Any] = {}
        location = f"s3://{account.bucket}/traffic_raw/"
        descriptor = catalog.storage_descriptor(location, {"unieke_id": "int"})
        keys = [{"Name": key, "Type": "string"} for key in ("year", "month", "day", "hour")]
        table = {"Name": "traffic_raw", "StorageDescriptor": descriptor, "PartitionKeys": keys}
        account.clients.glue.create_table(DatabaseName=account.database, TableInput=table)

    @property
    def raw(self) -> RawTable:
        return catalog.read_raw_table(
            self.account.clients.glue, self.account.database, "traffic_raw"
        )

    @property
    def location(self) -> str:
        return f"s3://{self.account.bucket}/traffic_raw/"

    def land(self, *hours: datetime) -> None:
        self.account.put(*(f"traffic_raw/{arrival_path(hour)}part-1" for hour in hours))

    def crawl(self, *hours: datetime) -> None:
        arrivals.register_hours(self.account.clients.glue, self.raw, hours, self.location)

    def pull(self, task_ids: str | list[str], key: str = "return_value") -> Any:
        """Like Airflow's: a list of ids gives a list of results, of every mapped instance."""
        if key != "return_value":
            return self.xcom.get(key)
        return self.xcom.get(task_ids if isinstance(task_ids, str) else task_ids[0])

    def context(self, **params: Any) -> dict[str, Any]:
        run = SimpleNamespace(run_type="manual", logical_date=None, data_interval_start=None)
        ti = SimpleNamespace(
            xcom_push=lambda key, value: self.xcom.update({key: value}),
            xcom_pull=self.pull,
        )
        dag = SimpleNamespace(params=["start_date", "end_date", "plan_only"])
        given = params or DAY
        return {"params": given, "dag": dag, "dag_run": run, "ti": ti, "run_id": "manual__1"}


@pytest.fixture
def world(account: Account, monkeypatch) -> World:
    world = World(account, replace(TRAFFIC, raw=replace(TRAFFIC.raw, crawler="c")))
    settings = {
        "database": account.database,
        "raw_bucket": account.bucket,
        "published_bucket": account.bucket,
    }
    monkeypatch.setattr(runtime, "lookup", settings.get)
    monkeypatch.setattr(runtime, "get_clients", lambda: account.clients)
    monkeypatch.setattr(runtime, "now", lambda: world.now)
    return world


HOURS = [utc(2024, 3, 28, hour) for hour in range(24)]
NEXT = utc(2024, 3, 29, 0)


def test_what_no_retry_can_mend_fails_for_good_and_keeps_its_sentence():
    with pytest.raises(AirflowFailException, match="RunError: mend the SQL"), runtime.no_retry():
        raise RunError("mend the SQL")


def test_what_a_retry_can_mend_is_left_to_be_retried():
    with pytest.raises(PublishError), runtime.no_retry():
        raise PublishError("again")


def test_the_hours_to_crawl_are_those_that_landed_and_are_not_known(world):
    world.land(*HOURS, NEXT)
    world.crawl(*HOURS[:20])
    assert tasks.uncrawled_hours(world.data_set, world.context()) == HOURS[20:]


def test_without_a_raw_table_every_hour_is_to_be_crawled(world):
    world.account.clients.glue.delete_table(DatabaseName=world.account.database, Name="traffic_raw")
    world.land(*HOURS, NEXT)
    assert tasks.uncrawled_hours(world.data_set, world.context()) == HOURS


def test_hours_that_a_crawl_left_out_are_told(world):
    world.land(*HOURS, NEXT)
    world.crawl(*HOURS[:20])
    with pytest.raises(CrawlError, match=r"4 arrival hours .* from 2024-03-28 20:00 UTC, are not"):
        tasks.check_raw(world.data_set, world.context())


def test_an_hour_that_was_closed_after_the_crawl_began_is_left_to_the_next_run(world):
    world.land(*HOURS, NEXT)
    tasks.uncrawled_hours(world.data_set, world.context())
    world.crawl(*HOURS)
    world.land(utc(2024, 3, 29, 1))
    world.now = utc(2024, 3, 29, 1, 20)
    assert tasks.check_raw(world.data_set, world.context()) == NEXT.isoformat()


def test_without_a_crawler_the_hours_are_registered(world):
    world.land(*HOURS, NEXT)
    without = replace(TRAFFIC, raw=replace(TRAFFIC.raw, crawler=None))
    assert tasks.check_raw(without, world.context()) == NEXT.isoformat()
    assert tasks.uncrawled_hours(without, world.context()) == []


def test_a_run_is_planned_through_what_has_landed_and_settled(world):
    world.land(*HOURS, NEXT)
    world.crawl(*HOURS)
    until = tasks.check_raw(world.data_set, world.context())
    (plan,) = tasks.plan_run(world.data_set, until, world.context())
    assert planned_slice(plan).window.end == utc(2024, 3, 29)
    assert world.xcom["plan"] == [plan]


def test_an_hour_that_settles_after_the_catalog_was_checked_is_not_planned(world):
    """It is no partition yet: its events would be missed, and counted as built."""
    world.land(*HOURS, NEXT)
    world.crawl(*HOURS)
    until = tasks.check_raw(world.data_set, world.context())
    world.land(utc(2024, 3, 29, 1))
    world.now = utc(2024, 3, 29, 1, 20)
    (plan,) = tasks.plan_run(world.data_set, until, world.context())
    assert planned_slice(plan).window.end == utc(2024, 3, 29)


def test_a_plan_may_be_all_that_is_asked_for(world):
    world.land(*HOURS, NEXT)
    world.crawl(*HOURS)
    assert (
        tasks.plan_run(world.data_set, NEXT.isoformat(), world.context(plan_only=True, **DAY)) == []
    )
    assert len(world.xcom["plan"]) == 1


def test_dates_that_cannot_be_built_fail_for_good(world):
    with pytest.raises(AirflowFailException, match="RequestError: 2024-03-29 is not over"):
        tasks.plan_run(world.data_set, NEXT.isoformat(), world.context(start_date="2024-03-29"))


def test_a_slice_whose_raw_has_expired_since_its_plan_is_not_staged(world):
    """It would find nothing, and take what is published for what has become empty."""
    world.land(*HOURS, NEXT)
    world.crawl(*HOURS)
    until = tasks.check_raw(world.data_set, world.context())
    (plan,) = tasks.plan_run(world.data_set, until, world.context())
    tasks.check_raw_is_there(world.data_set, plan)
    expired = f"traffic_raw/{arrival_path(HOURS[0])}part-1"
    world.account.clients.s3.delete_object(Bucket=world.account.bucket, Key=expired)
    with pytest.raises(RunError, match=r"from 2024-03-28 00:00 UTC on, .* is now 2024-03-28 01:00"):
        tasks.check_raw_is_there(world.data_set, plan)


def archive(world: World, hour: datetime, storage_class: str) -> None:
    key = f"traffic_raw/{arrival_path(hour)}part-1"
    place = {"Bucket": world.account.bucket, "Key": key}
    world.account.clients.s3.put_object(**place, Body=b"1", StorageClass=storage_class)


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_archived_raw_is_not_taken_for_empty(world, storage_class):
    """Athena passes over it, and the rows published of it would go."""
    world.land(*HOURS, NEXT)
    world.crawl(*HOURS)
    until = tasks.check_raw(world.data_set, world.context())
    (planned,) = tasks.plan_run(world.data_set, until, world.context())
    archive(world, HOURS[7], storage_class)
    refused = rf"hour=07/part-1 has the storage class {storage_class}, .* copy what is archived"
    with pytest.raises(RunError, match=refused):
        tasks.uncrawled_hours(world.data_set, world.context())
    with pytest.raises(AirflowFailException, match=refused):
        tasks.check_raw(world.data_set, world.context())
    with pytest.raises(RunError, match=refused):
        tasks.check_raw_is_there(world.data_set, planned)


def test_raw_that_is_archived_but_read_at_once_is_read(world):
    world.land(*HOURS, NEXT)
    archive(world, HOURS[7], "GLACIER_IR")
    world.crawl(*HOURS)
    assert tasks.check_raw(world.data_set, world.context()) == NEXT.isoformat()


@pytest.mark.parametrize("marker", ["year=2024/", "year=2023_$folder$"])
def test_an_empty_object_that_marks_a_folder_is_no_raw(world, marker):
    world.land(*HOURS, NEXT)
    world.account.put(f"traffic_raw/{marker}", body=b"")
    world.crawl(*HOURS)
    until = tasks.check_raw(world.data_set, world.context())
    (planned,) = tasks.plan_run(world.data_set, until, world.context())
    assert planned_slice(planned).window.start == HOURS[0]
    tasks.check_raw_is_there(world.data_set, planned)


def test_two_tables_at_one_place_are_refused_where_two_settings_name_one_bucket(world):
    quarantine = replace(world.data_set.quarantine, location="s3://${raw_bucket}/traffic/")
    published = replace(world.data_set.published, location="s3://${published_bucket}/traffic/")
    wrong = replace(world.data_set, published=published, quarantine=quarantine)
    with pytest.raises(AirflowFailException, match=r"traffic at .* overlaps traffic_quarantine at"):
        tasks.plan_run(wrong, NEXT.isoformat(), world.context())


def test_publishing_among_the_raw_events_is_refused_where_two_settings_name_one_bucket(world):
    published = replace(world.data_set.published, location="s3://${published_bucket}/traffic_raw/")
    wrong = replace(world.data_set, published=published)
    with pytest.raises(AirflowFailException, match=r"overlaps the raw events at s3://.*; set"):
        tasks.plan_run(wrong, NEXT.isoformat(), world.context())


# Waiting.


def has_arrived(world: World, data_set: DataSet) -> bool:
    return ArrivalSensor(task_id="wait", data_set=data_set).poke(world.context())


def test_a_run_waits_for_the_hour_after_its_date_to_be_complete(world):
    """The last events of a date land in the first minutes of the next."""
    world.land(*HOURS, NEXT)
    world.now = utc(2024, 3, 29, 1, 14)
    assert not has_arrived(world, world.data_set)
    world.land(utc(2024, 3, 29, 1))
    assert not has_arrived(world, world.data_set), "the stream may still have some of its records"
    world.now = utc(2024, 3, 29, 1, 15)
    assert has_arrived(world, world.data_set)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Brussels", "Asia/Kolkata"])
@pytest.mark.parametrize("delay", [2, 14, 16, 59, 61, 400])
def test_a_run_that_need_not_wait_reads_the_hour_after_its_date(world, zone, delay):
    """Objects of an hour land from its first minutes on, the last one `delay` minutes after it."""
    data_set = replace(world.data_set, zone=ZoneInfo(zone))
    after = ceil_hour(days(DAY["start_date"], zone=data_set.zone).end)
    world.land(*HOURS[:18], *(after + n * HOUR for n in range(-6, 1)))
    for minutes in range(60, 600):
        world.now = after + timedelta(minutes=minutes)
        if minutes == 60 + delay:
            world.land(after + HOUR)
        if has_arrived(world, data_set):
            break
    tasks.uncrawled_hours(data_set, world.context())
    assert datetime.fromisoformat(world.xcom["until"]) >= after + HOUR


def test_an_hour_that_is_long_over_is_complete(world):
    world.land(*HOURS, NEXT)
    world.now = utc(2024, 3, 29, 2)
    assert has_arrived(world, world.data_set)


def test_a_run_whose_stream_has_stopped_waits(world):
    world.land(*HOURS)
    world.now = utc(2024, 3, 29, 5)
    assert not has_arrived(world, world.data_set)


def test_a_date_of_the_past_is_not_waited_for(world):
    """What has not arrived within the timeout of a run at its time is not going to."""
    world.now = utc(2024, 3, 29, 6)
    assert not has_arrived(world, world.data_set), "the wait has only just timed out"
    world.now = utc(2024, 3, 30, 6)
    assert has_arrived(world, world.data_set)


def test_a_run_waits_until_the_hour_in_which_its_date_ends_has_settled(world):
    """Midnight of Kolkata is half past an hour of UTC, whose first half is of the date."""
    kolkata = replace(world.data_set, zone=ZoneInfo("Asia/Kolkata"))
    world.land(*HOURS[:20])
    world.now = utc(2024, 3, 28, 20, 45)
    assert not has_arrived(world, kolkata)
    world.land(HOURS[20])
    assert has_arrived(world, kolkata)


def test_a_parameter_that_the_dag_does_not_have_is_refused(world):
    """Airflow lets it pass, and the run would build its own date instead."""
    sensor = ArrivalSensor(task_id="wait", data_set=world.data_set)
    with pytest.raises(AirflowFailException, match="no parameter 'first_date'; give some of start"):
        sensor.poke(world.context(first_date="2024-03-28"))


def test_waiting_in_vain_tells_what_was_waited_for(world, monkeypatch):
    def wait(*_: Any) -> None:
        raise AirflowSensorTimeout("Sensor has timed out")

    monkeypatch.setattr(BaseSensorOperator, "execute", wait)
    sensor = ArrivalSensor(task_id="wait", data_set=world.data_set)
    with pytest.raises(AirflowSensorTimeout) as failure:
        sensor.execute(world.context())
    assert "no raw event landed under s3://" in str(failure.value)
    assert "after 2024-03-29 00:00 UTC within 6:00:00; see whether" in str(failure.value)


def test_a_clean_up_without_a_setting_is_not_tried_again(world, monkeypatch):
    def fail() -> None:
        raise SettingError("the setting 'database' is missing")

    monkeypatch.setattr(runtime, "get_settings", fail)
    with pytest.raises(AirflowFailException, match="the setting 'database' is missing"):
        tasks.clean_up_run(TRAFFIC)


# The report.


def published(first_date: str) -> dict[str, Any]:
    counts = dict.fromkeys(
        ("read", "published_from", "duplicates", "filtered", "quarantined", "too_late", "outside"),
        1,
    )
    return {
        "slice": first_date,
        "generation": "g",
        "counts": {**counts, "late": 0, "rows": 1},
        "partitions": {},
        "stage_scanned_bytes": 1,
        "scanned_bytes": 2,
        "raw_bytes": 3,
    }


def plan_of(*dates: str) -> list[dict[str, Any]]:
    landed = {
        hour + timedelta(days=n): arrivals.Landed(objects=1, size=1)
        for hour in HOURS
        for n in range(-5, 5)
    }
    return [p.to_json() for date in dates for p in plan(days(date), landed)]


@pytest.mark.parametrize("before", ["2024-03-27", "2024-03-28"])
def test_what_a_cleared_run_no_longer_plans_is_not_reported(world, before):
    """Nor the last time of a slice that has another place in the plan now."""
    stale = {**published(before), "raw_bytes": 1000}
    world.xcom = {
        "plan": plan_of("2024-03-28"),
        "slice.publish": [published("2024-03-28"), stale],
    }
    totals = tasks.report_run(TRAFFIC, world.context())
    assert (totals["slices"], totals["raw_bytes"]) == (1, 3)


def test_a_run_whose_slices_are_published_is_summed_up(world):
    world.xcom = {
        "plan": plan_of("2024-03-27", "2024-03-28"),
        "slice.publish": [published("2024-03-27"), published("2024-03-28")],
    }
    assert tasks.report_run(TRAFFIC, world.context())["slices"] == 2


def test_a_run_without_every_slice_fails_and_names_those_it_lacks(world):
    world.xcom = {
        "plan": plan_of("2024-03-26", "2024-03-27", "2024-03-28"),
        "slice.publish": [published("2024-03-27"), None],
    }
    with pytest.raises(
        AirflowFailException, match=r"2 of 3 slices were not published: 2024-03-26, 2024-03-28;"
    ):
        tasks.report_run(TRAFFIC, world.context())


def test_a_run_that_planned_nothing_to_do_is_green(world):
    world.xcom = {"plan": []}
    assert tasks.report_run(TRAFFIC, world.context())["slices"] == 0


def test_a_run_whose_plan_failed_is_not_green(world):
    with pytest.raises(AirflowFailException, match="nothing was planned; see the first task"):
        tasks.report_run(TRAFFIC, world.context())


# The announcement.


def test_what_a_run_left_as_it_was_is_not_announced(world):
    """Every partition of its slice is there from a later build, or from more raw."""
    kept = {**published("2024-03-27"), "partitions": {"kept": 24}}
    world.xcom = {"plan": plan_of("2024-03-27"), "slice.publish": [kept]}
    with pytest.raises(AirflowSkipException, match="nothing was published"):
        tasks.announce_run(TRAFFIC, world.context())


def test_only_what_the_run_built_is_announced(world):
    """A date that lost its last row, too: who reads the table has to know."""
    keys = ("year", "month", "day", "hour")
    table = runtime.resolve_table(TRAFFIC.published)
    catalog.ensure_table(world.account.clients.glue, world.account.database, table, keys)
    kept = {**published("2024-03-26"), "partitions": {"kept": 24}}
    removed = {**published("2024-03-27"), "partitions": {"removed": 3, "kept": 1}}
    world.xcom = {
        "plan": plan_of("2024-03-26", "2024-03-27"),
        "slice.publish": [kept, removed],
    }
    told = tasks.announce_run(TRAFFIC, world.context())
    assert told["dates"] == ["2024-03-27"]
    assert told["generations"] == ["g"]
    assert (told["rows"], told["bytes"]) == (0, 0)
