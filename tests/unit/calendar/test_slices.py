"""Slices: whole event dates, cut so that one Athena statement can write each."""

from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given

from retime.calendar.partitions import partitions_of
from retime.calendar.slices import MAX_PARTITIONS, Grain, Slice, cut_slices, days_per_slice
from retime.errors import RequestError
from tests.unit.calendar.strategies import dates, grains, ranges, zones
from tests.unit.samples import days, utc


@given(whole=ranges(), grain=grains)
def test_slices_have_every_date_once_and_in_order(whole: Slice, grain: Grain):
    cut = cut_slices(whole, grain)
    assert [day for part in cut for day in part.dates] == list(whole.dates)


@given(whole=ranges(), grain=grains)
def test_slices_meet_without_gap_or_overlap_and_keep_the_exact_bounds(whole: Slice, grain: Grain):
    cut = cut_slices(whole, grain)
    assert cut[0].start == whole.start
    assert cut[-1].end == whole.end
    assert all(here.end == there.start for here, there in pairwise(cut))


@given(whole=ranges(), grain=grains)
def test_all_slices_but_the_last_are_as_long_as_the_grain_allows(whole: Slice, grain: Grain):
    cut = cut_slices(whole, grain)
    limit = {"hour": 4, "day": 100}[grain]
    assert {len(part.dates) for part in cut[:-1]} <= {limit}
    assert 1 <= len(cut[-1].dates) <= limit


@given(whole=ranges(max_days=30), grain=grains)
def test_one_statement_can_write_all_partitions_of_a_slice(whole: Slice, grain: Grain):
    assert all(
        len(partitions_of(part, grain)) <= MAX_PARTITIONS for part in cut_slices(whole, grain)
    )


@given(day=dates, zone=zones)
def test_a_date_is_all_instants_that_its_clock_gives_that_date(day: date, zone: ZoneInfo):
    only = Slice(first_date=day, last_date=day, zone=zone)
    before = only.start - timedelta(microseconds=1)
    last = only.end - timedelta(microseconds=1)
    assert before.astimezone(zone).date() == day - timedelta(days=1)
    assert only.start.astimezone(zone).date() == day
    assert last.astimezone(zone).date() == day
    assert only.end.astimezone(zone).date() == day + timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("UTC", "2024-02-29", datetime(2024, 2, 29), 24),
        ("Europe/Brussels", "2024-03-31", datetime(2024, 3, 30, 23), 23),
        ("Europe/Brussels", "2024-10-27", datetime(2024, 10, 26, 22), 25),
        # The clock goes from 23:59 to 01:00, and from 23:59 back to 23:00 the day before.
        ("America/Sao_Paulo", "2018-11-04", datetime(2018, 11, 4, 3), 23),
        ("America/Sao_Paulo", "2018-02-17", datetime(2018, 2, 17, 2), 25),
        ("America/Sao_Paulo", "2018-02-18", datetime(2018, 2, 18, 3), 24),
        # Midnight happens twice.
        ("America/Havana", "2024-11-03", datetime(2024, 11, 3, 4), 25),
        ("Asia/Kolkata", "2024-03-28", datetime(2024, 3, 27, 18, 30), 24),
        ("Australia/Lord_Howe", "2024-04-07", datetime(2024, 4, 6, 13), 24.5),
        ("Australia/Lord_Howe", "2024-10-06", datetime(2024, 10, 5, 13, 30), 23.5),
    ],
)
def test_a_date_starts_and_ends_at_its_zone_s_midnight(zone, day, start, hours):
    only = days(day, zone=ZoneInfo(zone))
    assert only.start == start.replace(tzinfo=timezone.utc)
    assert only.end - only.start == timedelta(hours=hours)


def test_a_date_that_a_zone_skipped_is_empty_and_takes_nothing_from_its_neighbours():
    apia = ZoneInfo("Pacific/Apia")
    skipped = days("2011-12-30", zone=apia)
    assert skipped.start == skipped.end == utc(2011, 12, 30, 10)
    assert days("2011-12-29", zone=apia).end == days("2011-12-31", zone=apia).start
    assert partitions_of(skipped, "hour") == ()


@pytest.mark.parametrize("month", range(1, 13))
@pytest.mark.parametrize("year", [2023, 2024])
def test_a_slice_that_ends_with_a_month_has_the_month_s_last_days(year, month):
    """Regression: such slices ended on "day 0" of the next month and lost the last days."""
    first = date(year, month, 26)
    last = date(year + month // 12, month % 12 + 1, 2)
    cut = cut_slices(days(str(first), str(last)), "hour")
    assert [day for part in cut for day in part.dates] == [
        first + timedelta(days=n) for n in range((last - first).days + 1)
    ]
    assert all(part.start < part.end for part in cut)


def test_28_december_to_5_january_is_three_slices_that_lose_no_day():
    """Regression: this range was lost whole."""
    cut = cut_slices(days("2023-12-28", "2024-01-05"), "hour")
    assert [str(part) for part in cut] == [
        "2023-12-28 to 2023-12-31",
        "2024-01-01 to 2024-01-04",
        "2024-01-05",
    ]
    assert [(part.start, part.end) for part in cut] == [
        (utc(2023, 12, 28), utc(2024, 1, 1)),
        (utc(2024, 1, 1), utc(2024, 1, 5)),
        (utc(2024, 1, 5), utc(2024, 1, 6)),
    ]


def test_a_range_over_a_leap_day_has_it():
    cut = cut_slices(days("2024-02-26", "2024-03-02"), "hour")
    assert [str(part) for part in cut] == ["2024-02-26 to 2024-02-29", "2024-03-01 to 2024-03-02"]


def test_a_statement_writes_four_days_of_hours_or_a_hundred_days():
    assert (days_per_slice("hour"), days_per_slice("day")) == (4, 100)


def test_a_range_that_ends_before_it_starts_is_refused():
    with pytest.raises(RequestError, match="2024-03-27 is before the first date 2024-03-28: give"):
        days("2024-03-28", "2024-03-27")
