"""Arrival hours: where raw events are by time, in UTC."""

from datetime import datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retime.calendar.arrival_hours import (
    HOUR,
    ArrivalWindow,
    arrival_window,
    ceil_arrival,
    floor_arrival,
    partition_of_arrival,
    span_of,
    windows_of_hours,
)
from retime.calendar.slices import Slice
from tests.unit.calendar.strategies import ranges, zones
from tests.unit.samples import days, utc

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
periods = st.sampled_from([HOUR, DAY])
durations = st.integers(min_value=0, max_value=5000).map(lambda n: n * MINUTE)


@given(
    whole=ranges(max_days=5),
    look_back=durations,
    clock_skew=durations,
    max_lateness=durations,
    period=periods,
    data=st.data(),
)
def test_an_arrival_window_has_every_hour_in_which_a_needed_event_can_arrive(
    whole: Slice, look_back, clock_skew, max_lateness, period, data
):
    window = arrival_window(
        whole, look_back=look_back, clock_skew=clock_skew, max_lateness=max_lateness, period=period
    )
    seconds = int((whole.end - whole.start + look_back).total_seconds())
    offset = data.draw(st.integers(min_value=0, max_value=seconds - 1))
    event = whole.start - look_back + timedelta(seconds=offset)
    delay = data.draw(
        st.integers(
            min_value=-int(clock_skew.total_seconds()), max_value=int(max_lateness.total_seconds())
        )
    )
    assert floor_arrival(event + timedelta(seconds=delay), period) in window.hours(period)


@given(whole=ranges(max_days=5), period=periods)
def test_an_arrival_window_has_no_hour_that_no_needed_event_can_arrive_in(whole: Slice, period):
    window = arrival_window(
        whole, look_back=20 * MINUTE, clock_skew=15 * MINUTE, max_lateness=48 * HOUR, period=period
    )
    assert window.hours(period)[0] + period > whole.start - 35 * MINUTE
    assert window.hours(period)[-1] < whole.end + 48 * HOUR


def test_the_window_of_a_day_reaches_from_look_back_and_skew_to_the_greatest_lateness():
    window = arrival_window(
        days("2024-03-28"),
        look_back=20 * MINUTE,
        clock_skew=15 * MINUTE,
        max_lateness=48 * HOUR,
        period=HOUR,
    )
    assert window == ArrivalWindow(start=utc(2024, 3, 27, 23), end=utc(2024, 3, 31))
    assert len(window.hours(HOUR)) == 73


def test_where_raw_has_a_folder_a_day_a_window_begins_with_a_whole_one():
    window = arrival_window(
        days("2024-03-28"),
        look_back=20 * MINUTE,
        clock_skew=15 * MINUTE,
        max_lateness=47 * HOUR,
        period=DAY,
    )
    assert window == ArrivalWindow(start=utc(2024, 3, 27), end=utc(2024, 3, 30, 23))
    assert window.hours(DAY) == tuple(utc(2024, 3, day) for day in (27, 28, 29, 30))


def test_a_window_that_ends_within_an_hour_has_that_hour():
    window = ArrivalWindow(start=utc(2024, 3, 28), end=utc(2024, 3, 28, 1, 30))
    assert window.hours(HOUR) == (utc(2024, 3, 28, 0), utc(2024, 3, 28, 1))


def test_a_window_without_length_has_no_hour():
    assert ArrivalWindow(start=utc(2024, 3, 28), end=utc(2024, 3, 28)).hours(HOUR) == ()


def test_a_window_that_begins_within_an_hour_has_what_begins_in_it():
    window = ArrivalWindow(start=utc(2024, 3, 28, 0, 30), end=utc(2024, 3, 29))
    assert window.hours(HOUR)[0] == utc(2024, 3, 28, 1)
    assert window.hours(DAY) == ()


def test_an_instant_of_any_zone_is_floored_to_the_hour_and_to_the_day_of_utc():
    local = utc(2024, 3, 27, 19, 29, 59).astimezone(ZoneInfo("Asia/Kolkata"))
    assert floor_arrival(local, HOUR) == utc(2024, 3, 27, 19)
    assert floor_arrival(local, DAY) == utc(2024, 3, 27)


@given(st.datetimes(timezones=zones), periods)
def test_an_instant_lies_in_its_arrival_hour_and_before_the_next(instant, period):
    floor, ceil = floor_arrival(instant, period), ceil_arrival(instant, period)
    assert floor <= instant < floor + period
    assert ceil in (floor, floor + period)
    assert (ceil == floor) == (instant == floor)
    assert floor.utcoffset() == ceil.utcoffset() == timedelta()


@given(st.sets(st.integers(0, 60)), periods)
def test_hours_are_as_few_windows_as_have_them_and_no_others(numbers, period):
    hours = {utc(2024, 2, 28) + number * period for number in numbers}
    windows = windows_of_hours(hours, period)
    assert [hour for window in windows for hour in window.hours(period)] == sorted(hours)
    assert all(before.end < after.start for before, after in pairwise(windows))


def test_windows_meet_in_what_both_have():
    first = ArrivalWindow(start=utc(2024, 3, 28, 0), end=utc(2024, 3, 28, 8))
    second = ArrivalWindow(start=utc(2024, 3, 28, 6), end=utc(2024, 3, 28, 12))
    assert first.intersect(second) == ArrivalWindow(start=second.start, end=first.end)
    assert not first.intersect(second).is_empty
    assert first.intersect(ArrivalWindow(start=first.end, end=second.end)).is_empty


@pytest.mark.parametrize(
    ("units", "start", "end"),
    [
        ((2024, 3, 28, 7), utc(2024, 3, 28, 7), utc(2024, 3, 28, 8)),
        ((2024, 2, 29), utc(2024, 2, 29), utc(2024, 3, 1)),
        ((2024, 2), utc(2024, 2, 1), utc(2024, 3, 1)),
        ((2023, 12), utc(2023, 12, 1), utc(2024, 1, 1)),
        ((2024,), utc(2024, 1, 1), utc(2025, 1, 1)),
    ],
)
def test_units_of_time_name_their_hour_date_month_or_year(units, start, end):
    assert span_of(units) == ArrivalWindow(start=start, end=end)


@pytest.mark.parametrize(
    "units", [(2024, 3, 28, 99), (2024,) * 4, (2024, 2, 30), (2024, 13), (0,), (9999, 12, 31, 23)]
)
def test_units_of_time_that_are_none_give_none(units):
    assert span_of(units) is None


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2199, 12, 31)), periods)
def test_the_partition_of_an_arrival_hour_has_its_time(naive, period):
    hour = floor_arrival(naive.replace(tzinfo=timezone.utc), period)
    assert span_of(partition_of_arrival(hour, period)) == ArrivalWindow(
        start=hour, end=hour + period
    )
