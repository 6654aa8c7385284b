"""Event dates: which dates a run is about, in every way that Airflow can say so."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from retime.calendar.event_dates import RunFacts, event_dates
from retime.errors import RequestError
from tests.unit.samples import UTC, days, utc

BRUSSELS, KOLKATA = ZoneInfo("Europe/Brussels"), ZoneInfo("Asia/Kolkata")
NOW = utc(2024, 4, 2, 9)


def dates_of(
    *,
    params: dict[str, Any] | None = None,
    is_manual: bool = True,
    logical_date: datetime | None = None,
    interval_start: datetime | None = None,
    zone: ZoneInfo = UTC,
    max_days: int = 366,
    now: datetime = NOW,
):
    facts = RunFacts(
        params=params or {},
        is_manual=is_manual,
        logical_date=logical_date,
        interval_start=interval_start,
    )
    return event_dates(facts, zone=zone, max_days=max_days, now=now)


# Scheduled runs, backfills and cleared runs: the data interval.


def test_a_scheduled_run_is_about_the_date_of_its_data_interval():
    start = utc(2024, 3, 28)
    assert dates_of(is_manual=False, logical_date=start, interval_start=start) == days("2024-03-28")


def test_a_scheduled_run_is_about_the_date_by_the_data_set_s_clock():
    start = utc(2024, 3, 30, 23)  # midnight of the 31st in Brussels
    found = dates_of(is_manual=False, logical_date=start, interval_start=start, zone=BRUSSELS)
    assert found == days("2024-03-31", zone=BRUSSELS)


def test_the_first_scheduled_date_after_a_clock_change_is_right():
    start = utc(2024, 3, 31, 22)  # midnight in summer time
    found = dates_of(is_manual=False, logical_date=start, interval_start=start, zone=BRUSSELS)
    assert found == days("2024-04-01", zone=BRUSSELS)


def test_a_run_with_empty_params_is_about_its_own_date():
    params = {"start_date": None, "end_date": "", "plan_only": False}
    found = dates_of(params=params, is_manual=False, interval_start=utc(2024, 3, 28))
    assert found == days("2024-03-28")


# Manual runs.


def test_a_manual_run_takes_both_dates_as_inclusive():
    params = {"start_date": "2024-03-28", "end_date": "2024-04-01"}
    assert dates_of(params=params) == days("2024-03-28", "2024-04-01")


def test_a_manual_run_with_only_a_start_date_is_about_that_date():
    assert dates_of(params={"start_date": "2024-03-28"}) == days("2024-03-28")


def test_dates_asked_for_outrank_the_run_s_own():
    found = dates_of(params={"start_date": "2024-03-01"}, interval_start=utc(2024, 3, 28))
    assert found == days("2024-03-01")


def test_a_manual_run_of_airflow_3_without_dates_asks_for_them():
    with pytest.raises(RequestError, match="no event date; give start_date and end_date"):
        dates_of(logical_date=None, interval_start=None)


def test_a_manual_run_of_airflow_3_without_a_logical_date_takes_dates():
    found = dates_of(params={"start_date": "2024-03-28"}, logical_date=None, interval_start=None)
    assert found == days("2024-03-28")


@pytest.mark.parametrize("zone", [UTC, BRUSSELS, KOLKATA, ZoneInfo("America/New_York")])
def test_dags_test_with_a_date_is_about_that_very_date(zone):
    """`airflow dags test DAG 2024-03-30` gives midnight of UTC, and the interval before it."""
    found = dates_of(logical_date=utc(2024, 3, 30), interval_start=utc(2024, 3, 28, 20), zone=zone)
    assert found == days("2024-03-30", zone=zone)


def test_a_manual_run_at_midnight_of_the_data_set_s_zone_is_about_the_date_that_begins():
    found = dates_of(
        logical_date=utc(2024, 3, 29, 23), interval_start=utc(2024, 3, 28, 23), zone=BRUSSELS
    )
    assert found == days("2024-03-30", zone=BRUSSELS)


def test_a_manual_run_in_the_middle_of_a_day_is_about_the_last_complete_date():
    found = dates_of(logical_date=utc(2024, 4, 2, 9), interval_start=utc(2024, 4, 1))
    assert found == days("2024-04-01")


# Refusals.


def test_a_range_the_wrong_way_round_is_refused():
    with pytest.raises(RequestError, match="2024-03-27 is before the first date 2024-03-28"):
        dates_of(params={"start_date": "2024-03-28", "end_date": "2024-03-27"})


def test_an_end_date_alone_is_refused():
    with pytest.raises(RequestError, match="end_date 2024-03-28 comes without start_date; give"):
        dates_of(params={"end_date": "2024-03-28"})


@pytest.mark.parametrize("value", ["0001-01-01", "1969-12-31", "9999-12-31"])
def test_a_date_that_cannot_be_reckoned_with_is_refused(value):
    with pytest.raises(RequestError, match=f"'{value}'; give a date from 1970-01-01 to 2199-12-31"):
        dates_of(params={"start_date": value})


@pytest.mark.parametrize("name", ["start_date", "end_date"])
@pytest.mark.parametrize(
    "value", ["28/03/2024", "2024-02-30", "2024-3-28", "yesterday", "2024-03-28T00:00:00", 2024]
)
def test_what_is_no_date_is_refused_and_quoted(name, value):
    params = {"start_date": "2024-03-28", "end_date": "2024-03-28", name: value}
    with pytest.raises(RequestError) as refusal:
        dates_of(params=params)
    assert str(refusal.value) == f"{name} is {value!r}; give a date as 2024-03-28"


def test_today_is_refused_and_the_last_complete_date_named():
    with pytest.raises(RequestError, match=r"2024-04-02 is not over.*in UTC is 2024-04-01; give"):
        dates_of(params={"start_date": "2024-04-02"})


def test_yesterday_is_complete_from_midnight_on():
    midnight = utc(2024, 4, 2)
    assert dates_of(params={"start_date": "2024-04-01"}, now=midnight) == days("2024-04-01")


def test_a_date_that_is_over_in_utc_but_not_in_the_data_set_s_zone_is_refused():
    honolulu = ZoneInfo("Pacific/Honolulu")
    with pytest.raises(RequestError, match="in Pacific/Honolulu is 2024-03-31"):
        dates_of(params={"start_date": "2024-04-01"}, zone=honolulu, now=utc(2024, 4, 2, 9))


def test_a_range_of_more_dates_than_allowed_is_refused():
    params = {"start_date": "2024-03-01", "end_date": "2024-03-11"}
    with pytest.raises(RequestError, match=r"is 11 dates, more than the 10 of run\.max_days; give"):
        dates_of(params=params, max_days=10)


def test_a_range_of_exactly_the_dates_allowed_is_built():
    params = {"start_date": "2024-03-01", "end_date": "2024-03-10"}
    assert len(dates_of(params=params, max_days=10).dates) == 10
