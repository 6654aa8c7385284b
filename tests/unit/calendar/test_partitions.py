"""Partitions: where published events are by time."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retime.calendar.arrival_hours import HOUR, ArrivalWindow
from retime.calendar.partitioning import DAILY, HOURLY
from retime.calendar.partitions import (
    partition_of,
    partition_spans,
    partition_windows,
    partitions_of,
)
from retime.calendar.slices import Slice
from tests.unit.calendar.strategies import grains, ranges
from tests.unit.samples import days, utc

MINUTE = timedelta(minutes=1)


def test_a_day_of_utc_has_24_partitions_in_order():
    assert partitions_of(days("2024-03-28"), "hour") == tuple((2024, 3, 28, h) for h in range(24))


def test_days_of_the_day_grain_are_a_partition_each():
    assert partitions_of(days("2024-02-28", "2024-03-01"), "day") == (
        (2024, 2, 28),
        (2024, 2, 29),
        (2024, 3, 1),
    )


def test_an_hour_that_the_clock_skips_is_no_partition():
    brussels = days("2024-03-31", zone=ZoneInfo("Europe/Brussels"))
    assert [p[3] for p in partitions_of(brussels, "hour")] == [0, 1, *range(3, 24)]


def test_an_hour_that_the_clock_repeats_is_one_partition_that_ends_after_the_repetition():
    brussels = days("2024-10-27", zone=ZoneInfo("Europe/Brussels"))
    spans = partition_spans(brussels, "hour")
    assert len(spans) == 24
    assert spans[2024, 10, 27, 1] == (utc(2024, 10, 26, 23), utc(2024, 10, 27, 0))
    assert spans[2024, 10, 27, 2] == (utc(2024, 10, 27, 0), utc(2024, 10, 27, 2))


def test_partitions_of_a_half_hour_zone_end_between_the_hours_of_utc():
    spans = partition_spans(days("2024-03-28", zone=ZoneInfo("Asia/Kolkata")), "hour")
    assert spans[2024, 3, 28, 0] == (utc(2024, 3, 27, 18, 30), utc(2024, 3, 27, 19, 30))


@pytest.mark.parametrize(("date", "hours"), [("2024-04-07", 24.5), ("2024-10-06", 23.5)])
def test_a_clock_change_of_half_an_hour_loses_nothing(date, hours):
    """Lord Howe repeats 01:30 to 02:00, and skips 02:00 to 02:30."""
    whole = days(date, zone=ZoneInfo("Australia/Lord_Howe"))
    assert whole.end - whole.start == hours * HOUR
    spans = partition_spans(whole, "hour")
    assert [partition[3] for partition in spans] == list(range(24))
    assert max(end for _, end in spans.values()) == whole.end
    assert partition_of(whole.end - MINUTE, whole, "hour")[3] == 23


@given(whole=ranges(max_days=5), grain=grains, minutes=st.integers(min_value=0, max_value=7199))
def test_every_instant_of_a_slice_lies_in_one_of_its_partitions(whole: Slice, grain, minutes):
    instant = whole.start + minutes * MINUTE
    if instant >= whole.end:
        instant = whole.end - timedelta(microseconds=1)
    start, end = partition_spans(whole, grain)[partition_of(instant, whole, grain)]
    assert start <= instant < end


@given(whole=ranges(max_days=5), grain=grains)
def test_partitions_follow_on_each_other_from_start_to_end_of_the_slice(whole: Slice, grain):
    spans = list(partition_spans(whole, grain).values())
    assert (spans[0][0], spans[-1][1]) == (whole.start, whole.end)
    assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]


def test_the_arrivals_of_a_partition_reach_before_and_after_it():
    windows = partition_windows(
        days("2024-03-28"), "hour", before=50 * MINUTE, after=48 * HOUR, period=HOUR
    )
    assert len(windows) == 24
    assert windows[2024, 3, 28, 7] == ArrivalWindow(
        start=utc(2024, 3, 28, 6), end=utc(2024, 3, 30, 8)
    )


@given(whole=ranges(max_days=2), grain=grains)
def test_the_path_of_a_partition_leads_back_to_it(whole: Slice, grain):
    for partition in partitions_of(whole, grain):
        keys = {"hour": HOURLY, "day": DAILY}[grain]
        assert keys.read_path(keys.folder(partition) + "file") == partition


def test_a_published_path_has_numbers_without_zeros_as_athena_writes_them():
    assert HOURLY.folder((2024, 3, 31, 7)) == "year=2024/month=3/day=31/hour=7/"
    assert DAILY.folder((2024, 3, 31)) == "year=2024/month=3/day=31/"


@pytest.mark.parametrize("path", ["", "_started", "year=2024/month=3/", "v=1/year=2024/month=3/"])
def test_a_path_outside_of_partitions_gives_none(path):
    assert DAILY.read_path(path) is None
