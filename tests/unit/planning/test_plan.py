"""The plan of a run: slices, the raw hours of each, their bytes and cost."""

import json
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from retime.calendar.arrival_hours import HOUR, ArrivalWindow
from retime.planning.plan import PlannedSlice, plan_slices
from retime.raw.landed import LandedHour, LandedRaw, LandedUntil
from tests.unit.calendar.strategies import ranges
from tests.unit.samples import TRAFFIC, days, plan, utc, with_grain


def landed(first, count: int, size: int = 1000) -> dict:
    """So many arrival hours from the first on, each with two objects."""
    return {
        first + n * HOUR: LandedHour(objects=2, size=size, folders=frozenset())
        for n in range(count)
    }


def test_a_slice_reads_from_look_back_and_skew_to_the_greatest_lateness():
    (planned,) = plan(days("2024-03-28"), landed(utc(2024, 3, 1), 60 * 24))
    assert planned.slice_ == days("2024-03-28")
    assert planned.window == ArrivalWindow(start=utc(2024, 3, 27, 23), end=utc(2024, 3, 31))
    assert (planned.raw_objects, planned.raw_bytes) == (2 * 73, 1000 * 73)


def test_a_slice_reads_no_further_than_what_has_landed():
    (planned,) = plan(days("2024-03-28"), landed(utc(2024, 3, 28), 26))
    assert planned.window.end == utc(2024, 3, 29, 2)
    assert planned.raw_objects == 2 * 26


def test_an_hour_without_objects_does_not_end_what_has_landed():
    hours = landed(utc(2024, 3, 28), 30)
    del hours[utc(2024, 3, 28, 12)]
    (planned,) = plan(days("2024-03-28"), hours)
    assert planned.window.end == utc(2024, 3, 29, 6)
    assert planned.landed == (
        ArrivalWindow(start=utc(2024, 3, 28), end=utc(2024, 3, 28, 12)),
        ArrivalWindow(start=utc(2024, 3, 28, 13), end=utc(2024, 3, 29, 6)),
    )


def test_a_slice_for_which_nothing_landed_is_left_out():
    first = utc(2024, 1, 1)
    hours = landed(utc(2024, 3, 6), 1)
    dates, until = days("2024-03-01", "2024-03-12"), utc(2024, 3, 6, 1)
    landed_raw = LandedRaw(hours=hours, until=LandedUntil(instant=until))
    plans = plan_slices(TRAFFIC, dates, landed_raw, first)
    assert [str(plan.slice_) for plan in plans] == [
        "2024-03-01 to 2024-03-04",
        "2024-03-05 to 2024-03-08",
    ]
    nothing = LandedRaw(hours={}, until=LandedUntil(instant=until))
    assert plan_slices(TRAFFIC, dates, nothing, None) == []


def test_dates_whose_raw_has_expired_are_not_built_from_what_landed_after_them():
    """Else the late events of a date would replace all that was published of it."""
    hours = landed(utc(2024, 3, 29), 48)
    assert plan(days("2024-03-28"), hours) == []


def test_the_first_date_with_raw_is_that_of_the_data_set_s_zone():
    """23:00 UTC is the next date in Brussels."""
    dates = days("2024-03-01", "2024-03-03", ZoneInfo("Europe/Brussels"))
    plans = plan(dates, landed(utc(2024, 3, 1, 23), 60))
    assert [str(plan.slice_) for plan in plans] == ["2024-03-02 to 2024-03-03"]


def test_daily_partitions_are_a_hundred_days_a_slice():
    daily = with_grain(TRAFFIC, "day")
    plans = plan(days("2024-01-01", "2024-04-10"), landed(utc(2024, 1, 1), 2500), daily)
    assert [len(plan.slice_.dates) for plan in plans] == [100, 1]


@given(whole=ranges(max_days=9))
def test_a_plan_survives_the_way_from_task_to_task(whole):
    start = whole.start.replace(minute=0, second=0)
    for planned in plan(whole, landed(start, 9 * 24 + 60)):
        assert PlannedSlice.from_json(json.loads(json.dumps(planned.to_json()))) == planned


def test_a_plan_is_plain_and_readable():
    plan = PlannedSlice(
        slice_=days("2024-03-28", "2024-03-31", ZoneInfo("Europe/Brussels")),
        window=ArrivalWindow(start=utc(2024, 3, 27, 22), end=utc(2024, 4, 2, 22)),
        landed=(ArrivalWindow(start=utc(2024, 3, 28), end=utc(2024, 3, 29)),),
        raw_objects=3,
        raw_bytes=10**12,
    )
    assert plan.to_json() == {
        "action": "build",
        "first_date": "2024-03-28",
        "last_date": "2024-03-31",
        "zone": "Europe/Brussels",
        "arrivals_from": "2024-03-27T22:00:00+00:00",
        "arrivals_before": "2024-04-02T22:00:00+00:00",
        "landed": [{"from": "2024-03-28T00:00:00+00:00", "before": "2024-03-29T00:00:00+00:00"}],
        "raw_objects": 3,
        "raw_bytes": 10**12,
        "max_cost_usd": 15.0,
    }


@pytest.mark.parametrize(
    ("raw_bytes", "usd"), [(0, 0.00015), (10**7, 0.00015), (2 * 10**7, 0.0003), (10**12, 15.0)]
)
def test_three_queries_cost_five_dollars_a_terabyte_and_at_least_ten_megabytes_each(raw_bytes, usd):
    window = ArrivalWindow(start=utc(2024, 3, 28), end=utc(2024, 3, 29))
    plan = PlannedSlice(
        slice_=days("2024-03-28"),
        window=window,
        landed=(window,),
        raw_objects=1,
        raw_bytes=raw_bytes,
    )
    assert plan.max_cost_usd == pytest.approx(usd)


def test_what_landed_is_counted_for_every_slice_that_reads_it():
    plans = plan(days("2024-03-01", "2024-03-08"), landed(utc(2024, 3, 1), 200))
    assert [plan.window.end for plan in plans] == [utc(2024, 3, 7), utc(2024, 3, 9, 8)]
    assert [plan.raw_objects for plan in plans] == [2 * 144, 2 * 105]
