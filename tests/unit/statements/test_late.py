"""The search for late events counts for each partition what a count event by event gives."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import gcd
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retime.calendar.arrival_hours import HOUR, ArrivalWindow, ceil_arrival, floor_arrival
from retime.calendar.partitioning import Partition
from retime.calendar.partitions import partition_spans
from retime.calendar.slices import Slice
from retime.planning.healing import search_of
from retime.published.ledger import Ledger
from retime.published.search import Search, Unread
from retime.statements.late import _step, arrivals_of, count_found, stretches_of
from tests.unit.published.builds import a_ledger
from tests.unit.samples import TRAFFIC, UTC, days, utc, with_grain

# Zones, and dates about which their clocks change; Kathmandu is a quarter of an hour off.
PLACES = [
    ("Europe/Brussels", date(2024, 3, 31)),
    ("Europe/Brussels", date(2024, 10, 27)),
    ("Asia/Kathmandu", date(2024, 3, 28)),
    ("America/Sao_Paulo", date(2018, 2, 17)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
]
LOOK_BACKS = [0, 7, 20, 90, 1500]
LATENESS = timedelta(hours=30)
HOURS_AROUND = 110


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event that can be used: when it happened, and the hour it arrived in."""

    happened: datetime
    arrived: datetime


def answer(
    search: Search, dates: Slice, events: list[Event], look_back: int
) -> list[tuple[int, int, int]]:
    """What the statement answers, as find_late.sql says it."""
    windows, step = arrivals_of(search, HOUR), _step(look_back)
    counts: Counter[tuple[int, int]] = Counter()
    for event in events:
        if not any(window.start <= event.arrived < window.end for window in windows):
            continue
        if event.happened < event.arrived - LATENESS:
            continue
        happened = int(event.happened.timestamp())
        for stretch in stretches_of(search, dates, look_back, HOUR):
            is_unread = event.arrived.timestamp() >= stretch.since
            if stretch.event_start <= happened < stretch.event_end and is_unread:
                counts[stretch.number, happened - happened % step] += 1
    return [(*key, events) for key, events in counts.items()]


@st.composite
def searches(draw):
    """A data set, its dates, ledgers searched to any hour, how far raw has landed, and events."""
    zone, first = draw(st.sampled_from(PLACES))
    grain = draw(st.sampled_from(["hour", "day"]))
    first -= timedelta(days=draw(st.integers(min_value=0, max_value=1)))
    dates = Slice(
        first_date=first,
        last_date=first + timedelta(days=draw(st.integers(min_value=0, max_value=2))),
        zone=ZoneInfo(zone),
    )
    look_back = timedelta(minutes=draw(st.sampled_from(LOOK_BACKS)))
    events = replace(TRAFFIC.events, look_back=look_back, max_lateness=LATENESS)
    data_set = replace(with_grain(TRAFFIC, grain), events=events, zone=dates.zone)
    hours = st.integers(min_value=0, max_value=HOURS_AROUND).map(
        lambda n: floor_arrival(dates.start, HOUR) + n * HOUR
    )
    # Few different ones, so that there are stretches of several partitions.
    checked = st.sampled_from(draw(st.lists(hours, min_size=1, max_size=3)))
    ledgers: dict[Partition, Ledger] = {}
    windows = data_set.own_windows_of(dates)
    for partition, window in windows.items():
        if draw(st.integers(min_value=0, max_value=9)):
            through = max(window.start, min(draw(checked), window.end))
            ledgers[partition] = a_ledger(checked_through=through.isoformat())
    minutes = st.integers(min_value=-3000, max_value=60 * 24 * 4)
    happened = minutes.map(lambda n: dates.start + timedelta(minutes=n))
    delays = st.integers(min_value=0, max_value=40 * 60).map(lambda n: timedelta(minutes=n))
    found = [
        Event(happened=at, arrived=floor_arrival(at + delay, HOUR))
        for at, delay in draw(st.lists(st.tuples(happened, delays), max_size=40))
    ]
    return data_set, dates, ledgers, draw(hours), found


@given(case=searches())
@settings(max_examples=300, deadline=None)
def test_each_partition_lacks_what_arrived_since_it_was_searched_and_can_matter_to_it(case):
    data_set, dates, ledgers, until, events = case
    found = search_of(data_set, ledgers, until, utc(2010, 1, 1))
    look_back = int(data_set.events.look_back.total_seconds())
    counted = count_found(
        stretches_of(found, dates, look_back, HOUR),
        answer(found, dates, events, look_back),
        look_back,
    )
    spans = partition_spans(dates, data_set.published.grain)
    expected = {}
    for partition, unread in found.partitions.items():
        start, end = spans[partition]
        expected[partition] = sum(
            start - data_set.events.look_back <= event.happened < end
            and event.arrived >= ceil_arrival(unread.since, HOUR)
            and event.arrived < unread.through
            and event.happened >= event.arrived - LATENESS
            for event in events
        )
    assert counted == {partition: n for partition, n in expected.items() if n}


@given(case=searches())
@settings(deadline=None)
def test_stretches_have_every_partition_once_and_neighbours_only(case):
    data_set, dates, ledgers, until, _ = case
    found = search_of(data_set, ledgers, until, utc(2010, 1, 1))
    look_back = int(data_set.events.look_back.total_seconds())
    stretches = stretches_of(found, dates, look_back, HOUR)
    assert [each.number for each in stretches] == list(range(len(stretches)))
    named = [partition for each in stretches for partition in each.spans]
    assert len(named) == len(set(named))
    unread = {p for p, u in found.partitions.items() if u.since < u.through}
    assert set(named) == unread
    for each in stretches:
        sinces = {found.partitions[partition].since for partition in each.spans}
        assert [int(ceil_arrival(since, HOUR).timestamp()) for since in sinces] == [each.since]
        spans = sorted(each.spans.values())
        assert all(end == start for (_, end), (start, _) in pairwise(spans))
        assert each.event_start == spans[0][0] - look_back
        assert each.event_end == spans[-1][1]


@given(case=searches())
@settings(deadline=None)
def test_a_search_reads_the_hours_that_some_partition_has_not_seen_and_no_others(case):
    data_set, _, ledgers, until, _ = case
    found = search_of(data_set, ledgers, until, utc(2010, 1, 1))
    wanted = {
        hour
        for unread in found.partitions.values()
        for hour in ArrivalWindow(start=ceil_arrival(unread.since, HOUR), end=unread.through).hours(
            HOUR
        )
    }
    read = [hour for window in arrivals_of(found, HOUR) for hour in window.hours(HOUR)]
    assert sorted(read) == sorted(wanted)


@pytest.mark.parametrize("minutes", [*LOOK_BACKS, 1, 13, 15, 45])
def test_no_step_of_event_time_lies_on_both_sides_of_where_a_partition_or_its_look_back_begins(
    minutes,
):
    look_back = 60 * minutes
    assert _step(look_back) == gcd(900, look_back)
    for zone in (UTC, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Australia/Lord_Howe")):
        spans = partition_spans(days("2024-04-07", zone=zone), "hour").values()
        instants = [int(instant.timestamp()) for span in spans for instant in span]
        assert not any(instant % _step(look_back) for instant in instants)
        assert not any((instant - look_back) % _step(look_back) for instant in instants)


def test_nothing_to_search_makes_no_stretch_and_reads_nothing():
    nothing = Search(partitions={})
    assert stretches_of(nothing, days("2024-03-28"), 1200, HOUR) == []
    assert arrivals_of(nothing, HOUR) == ()


def test_an_answer_without_rows_finds_nothing():
    unread = Unread(
        since=utc(2024, 3, 29),
        through=utc(2024, 3, 30),
        known=0,
        events=0,
        is_last=False,
        is_missing=False,
    )
    search = Search(partitions={(2024, 3, 28, 7): unread})
    assert count_found(stretches_of(search, days("2024-03-28"), 1200, HOUR), [], 1200) == {}
