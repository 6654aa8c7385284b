"""What has landed on S3, and what of it still grows."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from retime.calendar.arrival_hours import HOUR, ArrivalWindow, ceil_arrival
from retime.dataset.model import DataSet, Raw
from retime.errors import RunError
from retime.raw import landed
from retime.raw.landed import LandedHour, LandedUntil
from tests.accounts import Account
from tests.landed_records import arrival_path
from tests.unit.raw.landings import CRAWLED, HOURS, NEXT, Landing
from tests.unit.samples import TRAFFIC, days, utc

DAY = ArrivalWindow(start=utc(2024, 3, 28), end=utc(2024, 3, 29))


def raw_of(account: Account) -> Raw:
    return replace(TRAFFIC.raw, location=f"s3://{account.bucket}/raw/")


def land(account: Account, *hours: datetime, body: bytes = b"12345") -> None:
    account.put(*(f"raw/{arrival_path(hour)}part-1" for hour in hours), body=body)


# What has landed.


@pytest.mark.parametrize("hour", [utc(2024, 3, 29), utc(2024, 3, 29, 7), utc(2025, 1, 1)])
def test_something_has_landed_from_an_hour_on(account, hour):
    land(account, utc(2024, 3, 28, 23), hour)
    assert landed.has_landed_from(account.clients.s3, raw_of(account), utc(2024, 3, 29))


@pytest.mark.parametrize("hour", [utc(2024, 3, 28, 23), utc(2023, 12, 31, 23)])
def test_what_landed_before_an_hour_is_not_waited_for(account, hour):
    land(account, hour)
    assert not landed.has_landed_from(account.clients.s3, raw_of(account), utc(2024, 3, 29))


def test_objects_that_are_no_arrivals_are_not_waited_for(account):
    account.put("raw/year_report.csv", "raw/zzz", "raw2/year=2025/month=01/day=01/hour=00/x")
    assert not landed.has_landed_from(account.clients.s3, raw_of(account), utc(2024, 3, 29))


def test_landed_objects_and_bytes_are_counted_by_hour(account):
    land(account, utc(2024, 3, 28, 0), utc(2024, 3, 28, 23), utc(2024, 3, 27, 23), utc(2024, 3, 29))
    account.put("raw/year=2024/month=03/day=28/hour=23/part-2", body=b"1234567890")
    assert landed.list_landed(account.clients.s3, raw_of(account), DAY) == {
        utc(2024, 3, 28, 0): LandedHour(
            objects=1,
            size=5,
            folders=frozenset({arrival_path(utc(2024, 3, 28, 0))}),
            last=(arrival_path(utc(2024, 3, 28, 0)) + "part-1", 5),
        ),
        utc(2024, 3, 28, 23): LandedHour(
            objects=2,
            size=15,
            folders=frozenset({arrival_path(utc(2024, 3, 28, 23))}),
            last=("year=2024/month=03/day=28/hour=23/part-2", 10),
        ),
    }


def test_landed_hours_are_found_over_the_ends_of_months_and_years(account):
    hours = [utc(2023, 12, 31, 22) + n * HOUR for n in range(5)]
    land(account, *hours)
    window = ArrivalWindow(start=hours[1], end=hours[-1])
    found = landed.list_landed(account.clients.s3, raw_of(account), window)
    assert list(found) == hours[1:-1]


def test_empty_objects_and_other_paths_have_not_landed(account):
    account.put("raw/year=2024/month=03/day=28/hour=07/", body=b"")
    account.put("raw/year=2024/month=03/day=28/notes.txt", "raw/errors/2024/03/28/07/x")
    assert landed.list_landed(account.clients.s3, raw_of(account), DAY) == {}


# What still grows.


HOUR_7 = utc(2024, 3, 28, 7)


def is_closed(account: Account, minutes: int) -> bool:
    """Whether the hour is closed so many minutes after its end."""
    now = HOUR_7 + HOUR + timedelta(minutes=minutes)
    return landed.is_closed(account.clients.s3, raw_of(account), HOUR_7, now)


@pytest.mark.parametrize("later", [HOUR_7 + HOUR, utc(2024, 3, 29)])
def test_an_hour_that_another_follows_is_closed_once_the_stream_has_emptied_its_buffer(
    account, later
):
    land(account, HOUR_7, later)
    assert not is_closed(account, 14)
    assert is_closed(account, 15)


@pytest.mark.parametrize(("minutes", "closed"), [(-60, False), (0, False), (59, False), (60, True)])
def test_the_last_hour_is_closed_an_hour_after_its_end(account, minutes, closed):
    land(account, HOUR_7)
    assert is_closed(account, minutes) == closed


# What a run may read.

DATE = days("2024-03-28")


@pytest.fixture
def landing(account: Account) -> Landing:
    return Landing(account)


def test_what_landed_is_read_through_the_last_hour_that_no_longer_grows(landing):
    landing.land(*HOURS, NEXT)
    window = CRAWLED.window_of(DATE)
    found = landed.read_landed(landing.deploy(), window, utc(2024, 3, 29, 0, 20))
    assert list(found.hours) == HOURS
    assert found.until == LandedUntil(instant=NEXT)


def test_how_far_raw_has_landed_survives_the_way_from_task_to_task():
    until = LandedUntil(instant=NEXT)
    assert until.to_json() == {"landed_until": "2024-03-29T00:00:00+00:00"}
    assert LandedUntil.from_json(until.to_json()) == until


def test_a_slice_whose_raw_has_expired_since_its_plan_is_not_staged(landing):
    """It would find nothing, and take what is published for what has become empty."""
    landing.land(*HOURS, NEXT)
    planned = ArrivalWindow(start=HOURS[0], end=NEXT)
    landed.check_still_there(landing.deploy(), planned)
    landing.expire(HOURS[0])
    with pytest.raises(RunError, match=r"from 2024-03-28 00:00 UTC on, .* is now 2024-03-28 01:00"):
        landed.check_still_there(landing.deploy(), planned)


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_archived_raw_is_not_taken_for_empty(landing, storage_class):
    """Athena skips it, and the rows that are published of it would go."""
    landing.land(*HOURS, NEXT)
    landing.archive(HOURS[7], storage_class)
    refused = rf"hour=07/part-1 has the storage class {storage_class}, .* copy what is archived"
    window = ArrivalWindow(start=HOURS[0], end=NEXT)
    with pytest.raises(RunError, match=refused):
        landed.read_landed(landing.deploy(), window, NEXT)
    with pytest.raises(RunError, match=refused):
        landed.check_still_there(landing.deploy(), window)


def test_raw_that_is_archived_but_read_at_once_is_read(landing):
    landing.land(*HOURS, NEXT)
    landing.archive(HOURS[7], "GLACIER_IR")
    window = ArrivalWindow(start=HOURS[0], end=NEXT)
    found = landed.read_landed(landing.deploy(), window, utc(2024, 3, 29, 0, 20))
    assert list(found.hours) == HOURS


@pytest.mark.parametrize("marker", ["year=2024/", "year=2023_$folder$"])
def test_an_empty_object_that_marks_a_folder_is_no_raw(landing, marker):
    landing.land(*HOURS, NEXT)
    landing.account.put(f"traffic_raw/{marker}", body=b"")
    deployment = landing.deploy()
    s3, raw = landing.account.clients.s3, deployment.data_set.raw
    assert landed.first_landed(s3, raw) == HOURS[0]
    landed.check_still_there(deployment, ArrivalWindow(start=HOURS[0], end=NEXT))


# Waiting.


def has_landed(landing: Landing, now: datetime, data_set: DataSet = CRAWLED) -> bool:
    dates = replace(DATE, zone=data_set.zone)
    return landed.has_landed_after(landing.deploy(data_set), dates, now)


def test_a_run_waits_for_the_hour_after_its_date_to_be_complete(landing):
    """The last events of a date land in the first minutes of the next."""
    landing.land(*HOURS, NEXT)
    assert not has_landed(landing, utc(2024, 3, 29, 1, 14))
    landing.land(utc(2024, 3, 29, 1))
    now = utc(2024, 3, 29, 1, 14)
    assert not has_landed(landing, now), "the stream may still have some of its records"
    assert has_landed(landing, utc(2024, 3, 29, 1, 15))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Brussels", "Asia/Kolkata"])
@pytest.mark.parametrize("delay", [2, 14, 16, 59, 61, 400])
def test_a_run_that_need_not_wait_reads_the_hour_after_its_date(landing, zone, delay):
    """Objects of an hour land from its first minutes on, the last one `delay` minutes after it."""
    data_set = replace(CRAWLED, zone=ZoneInfo(zone))
    dates = replace(DATE, zone=data_set.zone)
    after = ceil_arrival(dates.end, HOUR)
    landing.land(*HOURS[:18], *(after + n * HOUR for n in range(-6, 1)))
    for minutes in range(60, 600):
        now = after + timedelta(minutes=minutes)
        if minutes == 60 + delay:
            landing.land(after + HOUR)
        if has_landed(landing, now, data_set):
            break
    window = data_set.window_of(dates)
    found = landed.read_landed(landing.deploy(data_set), window, now)
    assert found.until.instant >= after + HOUR


def test_an_hour_that_is_long_over_is_complete(landing):
    landing.land(*HOURS, NEXT)
    assert has_landed(landing, utc(2024, 3, 29, 2))


def test_a_run_whose_stream_has_stopped_waits(landing):
    landing.land(*HOURS)
    assert not has_landed(landing, utc(2024, 3, 29, 5))


def test_a_date_of_the_past_is_not_waited_for(landing):
    """What has not arrived within the timeout of a run at its time is not going to."""
    now = utc(2024, 3, 29, 6)
    assert not has_landed(landing, now), "the wait has only just timed out"
    assert has_landed(landing, utc(2024, 3, 30, 6))


def test_a_run_waits_until_the_hour_in_which_its_date_ends_has_settled(landing):
    """Midnight of Kolkata is half past an hour of UTC, whose first half is of the date."""
    kolkata = replace(CRAWLED, zone=ZoneInfo("Asia/Kolkata"))
    now = utc(2024, 3, 28, 20, 45)
    landing.land(*HOURS[:20])
    assert not has_landed(landing, now, kolkata)
    landing.land(HOURS[20])
    assert has_landed(landing, now, kolkata)
