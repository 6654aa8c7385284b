"""Arrival hours: where raw events are by time, in UTC."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retime.calendar.arrival_hours import (
    HOUR,
    ArrivalWindow,
    arrival_hour_in_path,
    arrival_hour_of,
    arrival_path,
    arrival_window,
    floor_hour,
)
from retime.calendar.slices import Slice
from tests.unit.calendar.strategies import ranges
from tests.unit.samples import days, utc

MINUTE = timedelta(minutes=1)
durations = st.integers(min_value=0, max_value=5000).map(lambda n: n * MINUTE)


@given(
    whole=ranges(max_days=5),
    look_back=durations,
    clock_skew=durations,
    max_lateness=durations,
    data=st.data(),
)
def test_an_arrival_window_has_every_hour_in_which_a_needed_event_can_arrive(
    whole: Slice, look_back, clock_skew, max_lateness, data
):
    window = arrival_window(
        whole, look_back=look_back, clock_skew=clock_skew, max_lateness=max_lateness
    )
    seconds = int((whole.end - whole.start + look_back).total_seconds())
    offset = data.draw(st.integers(min_value=0, max_value=seconds - 1))
    event = whole.start - look_back + timedelta(seconds=offset)
    delay = data.draw(
        st.integers(
            min_value=-int(clock_skew.total_seconds()), max_value=int(max_lateness.total_seconds())
        )
    )
    assert floor_hour(event + timedelta(seconds=delay)) in window.hours


@given(whole=ranges(max_days=5))
def test_an_arrival_window_has_no_hour_that_no_needed_event_can_arrive_in(whole: Slice):
    window = arrival_window(
        whole, look_back=20 * MINUTE, clock_skew=15 * MINUTE, max_lateness=48 * HOUR
    )
    assert window.hours[0] + HOUR > whole.start - 35 * MINUTE
    assert window.hours[-1] < whole.end + 48 * HOUR


def test_the_window_of_a_day_reaches_from_look_back_and_skew_to_the_greatest_lateness():
    window = arrival_window(
        days("2024-03-28"), look_back=20 * MINUTE, clock_skew=15 * MINUTE, max_lateness=48 * HOUR
    )
    assert window == ArrivalWindow(start=utc(2024, 3, 27, 23), end=utc(2024, 3, 31))
    assert len(window.hours) == 73


def test_a_window_that_ends_within_an_hour_has_that_hour():
    window = ArrivalWindow(start=utc(2024, 3, 28), end=utc(2024, 3, 28, 1, 30))
    assert window.hours == (utc(2024, 3, 28, 0), utc(2024, 3, 28, 1))


def test_a_window_without_length_has_no_hour():
    assert ArrivalWindow(start=utc(2024, 3, 28), end=utc(2024, 3, 28)).hours == ()


def test_an_instant_of_any_zone_is_floored_to_the_hour_of_utc():
    local = utc(2024, 3, 27, 19, 29, 59).astimezone(ZoneInfo("Asia/Kolkata"))
    assert floor_hour(local) == utc(2024, 3, 27, 19)


@given(st.datetimes(min_value=utc(1970, 1, 1).replace(tzinfo=None)))
def test_the_path_of_an_arrival_hour_leads_back_to_it(naive):
    hour = utc(naive.year, naive.month, naive.day, naive.hour)
    assert arrival_hour_in_path(arrival_path(hour) + "part-0.parquet") == hour


def test_paths_of_arrival_hours_sort_by_time():
    hours = [utc(2023, 12, 31, 23), utc(2024, 1, 1), utc(2024, 9, 30, 9), utc(2024, 10, 1, 10)]
    assert sorted(map(arrival_path, hours)) == [arrival_path(hour) for hour in hours]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "_manifest",
        "year=2024/month=03/day=28/",
        "year=2024/month=3/day=28/hour=07/x",
        "year=2024/month=03/day=28/hour=24/x",
        "year=2024/month=02/day=30/hour=00/x",
        "old/year=2024/month=03/day=28/hour=07/x",
        "processing-failed/2024/03/28/07/x",
    ],
)
def test_a_path_that_names_no_arrival_hour_gives_none(path):
    assert arrival_hour_in_path(path) is None


def test_windows_meet_in_what_both_have():
    first = ArrivalWindow(start=utc(2024, 3, 28, 0), end=utc(2024, 3, 28, 8))
    second = ArrivalWindow(start=utc(2024, 3, 28, 6), end=utc(2024, 3, 28, 12))
    assert first.intersect(second) == ArrivalWindow(start=second.start, end=first.end)
    assert not first.intersect(second).is_empty
    assert first.intersect(ArrivalWindow(start=first.end, end=second.end)).is_empty


def test_the_values_of_a_raw_partition_name_their_hour():
    assert arrival_hour_of((2024, 3, 28, 7)) == utc(2024, 3, 28, 7)


@pytest.mark.parametrize("values", [(), (2024, 3, 28), (2024, 3, 28, 99), (2024,) * 4])
def test_values_of_a_raw_partition_that_are_no_hour_give_none(values):
    assert arrival_hour_of(values) is None
