"""Late events: what is searched for them, which dates may lack some, which are built again."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retime.calendar.arrival_hours import HOUR, ArrivalWindow
from retime.calendar.partitioning import Partition
from retime.calendar.slices import Slice
from retime.dataset.model import DataSet
from retime.planning.healing import (
    REACH,
    dates_to_heal,
    open_dates_of,
    plan_search,
    raw_windows,
    search_of,
    without_empty,
)
from retime.planning.request import RunRequest, read_request
from retime.published.ledger import Ledger
from retime.published.search import Search, Unread
from retime.published.tables import ensure_table
from retime.raw.landed import LandedUntil
from retime.statements.late import arrivals_of
from tests.unit.calendar.strategies import grains
from tests.unit.published.builds import a_ledger, publish, published_table, stage
from tests.unit.raw.landings import HOURS, NEXT, Landing
from tests.unit.samples import TRAFFIC, days, utc, with_grain

DAY = days("2024-03-28")
FIRST = utc(2024, 3, 1)
UNTIL = utc(2024, 3, 29, 12)
BUILT = utc(2024, 3, 29, 1)


def ledgers_of(
    *dates: Slice, built: datetime = BUILT, data_set: DataSet = TRAFFIC, **changes: Any
) -> dict[Partition, Ledger]:
    """Ledgers of every partition of dates that were built through an hour."""
    return {
        partition: a_ledger(
            built=window.intersect(ArrivalWindow(start=FIRST, end=built)), **changes
        )
        for slice_ in dates
        for partition, window in data_set.own_windows_of(slice_).items()
    }


def hour(number: int, day: int = 28) -> Partition:
    return 2024, 3, day, number


def search(ledgers: dict[Partition, Ledger], until: datetime = UNTIL, **others: Any) -> Search:
    return search_of(others.get("data_set", TRAFFIC), ledgers, until, others.get("first", FIRST))


def finding(made: Search, found: dict[Partition, int]) -> Search:
    """A search with what it found."""
    partitions = {p: replace(u, found=found.get(p, 0)) for p, u in made.partitions.items()}
    return replace(made, partitions=partitions)


# What is searched.


def test_a_partition_is_searched_from_where_it_was_searched_before_to_what_has_landed():
    found = search(ledgers_of(DAY, events=9, late=2))
    assert len(found.partitions) == 24
    assert set(found.partitions.values()) == {
        Unread(
            since=BUILT, through=UNTIL, known=2, events=9, is_last=False, is_missing=False, found=0
        )
    }


def test_a_partition_is_searched_up_to_its_max_lateness():
    found = search(ledgers_of(DAY), until=utc(2024, 4, 9))
    ends = {p[-1]: (unread.through, unread.is_last) for p, unread in found.partitions.items()}
    assert ends == {n: (utc(2024, 3, 30) + (n + 1) * HOUR, True) for n in range(24)}


def test_what_was_searched_further_than_has_landed_is_not_searched_again():
    """A run of an older date knows of less raw than the run before it."""
    found = search(ledgers_of(DAY, checked_through=UNTIL.isoformat()), until=BUILT)
    assert found == Search(partitions={})


def test_a_settled_date_is_not_searched():
    ledgers = ledgers_of(DAY, built=utc(2024, 4, 9), is_settled=True)
    assert search(ledgers, until=utc(2024, 4, 10)) == Search(partitions={})
    assert open_dates_of(TRAFFIC, ledgers) == set()


def test_what_is_final_and_not_said_to_be_is_confirmed_and_not_searched():
    """Built by version 0.2, or before the max lateness was lowered."""
    ledgers = ledgers_of(DAY, built=utc(2024, 4, 9))
    found = search(ledgers, until=utc(2024, 4, 10))
    assert all(u.is_news and u.since == u.through for u in found.partitions.values())
    assert arrivals_of(found, HOUR) == ()


def test_a_date_with_an_event_that_waits_stays_open_though_nothing_can_arrive():
    ledgers = ledgers_of(DAY, built=utc(2024, 4, 9))
    ledgers[hour(7)] = replace(ledgers[hour(7)], late=1)
    found = search(ledgers, until=utc(2024, 4, 10))
    assert found.waiting == {date(2024, 3, 28): 1}
    assert open_dates_of(TRAFFIC, ledgers) == {date(2024, 3, 28)}


def test_one_open_partition_brings_the_whole_date():
    """Its settled ones too: how much waits is a share of all events of the date."""
    ledgers = ledgers_of(DAY, built=utc(2024, 4, 9), events=5)
    ledgers[hour(7)] = replace(ledgers[hour(7)], checked_through=BUILT.isoformat())
    found = search(ledgers, until=utc(2024, 4, 10))
    assert found.events == {date(2024, 3, 28): 120}
    assert [p for p, unread in found.partitions.items() if unread.since < unread.through] == [
        hour(7)
    ]


def test_a_partition_that_a_built_date_lacks_is_searched_from_its_first_arrival():
    ledgers = ledgers_of(DAY)
    del ledgers[hour(7)]
    found = search(ledgers)
    assert found.partitions[hour(7)] == Unread(
        since=utc(2024, 3, 28, 6), through=UNTIL, known=0, events=0, is_last=False, is_missing=True
    )
    assert not replace(found.partitions[hour(7)], found=3).is_news


def test_a_date_that_was_never_built_is_left_alone():
    """It has a run of its own."""
    ledgers = ledgers_of(DAY, days("2024-03-30"), built=utc(2024, 3, 30, 1))
    found = search(ledgers, until=utc(2024, 3, 30, 12))
    assert {p[2] for p in found.partitions} == {28, 30}
    assert open_dates_of(TRAFFIC, ledgers) == {date(2024, 3, 28), date(2024, 3, 30)}


def test_a_pinned_partition_is_not_searched():
    ledgers = ledgers_of(DAY, is_pinned=True, late=3)
    assert search(ledgers) == Search(partitions={})
    assert open_dates_of(TRAFFIC, ledgers) == set()
    ledgers[hour(7)] = replace(ledgers[hour(7)], is_pinned=False)
    assert set(search(ledgers).partitions) == {hour(7)}


def test_a_partition_of_which_raw_has_expired_is_not_searched():
    """No build would replace it."""
    ledgers = ledgers_of(DAY, late=3)
    found = search(ledgers, first=utc(2024, 3, 28, 12))
    assert {p[-1] for p in found.partitions} == set(range(13, 24))
    assert search(ledgers, first=utc(2024, 3, 29)).partitions == {}


def test_without_raw_nothing_is_searched():
    assert search_of(TRAFFIC, ledgers_of(DAY), UNTIL, None) == Search(partitions={})


@given(
    built=st.lists(st.integers(min_value=-20, max_value=140), min_size=1, max_size=4),
    until=st.integers(min_value=-20, max_value=200),
    grain=grains,
    late=st.sampled_from([0, 0, 2]),
    zone=st.sampled_from(["UTC", "Europe/Brussels", "Asia/Kathmandu"]),
)
def test_what_is_searched_is_whole_dates_that_are_not_complete(built, until, grain, late, zone):
    """However far each date was searched, and whatever has landed."""
    data_set = replace(with_grain(TRAFFIC, grain), zone=ZoneInfo(zone))
    dates = [days(f"2024-03-{28 + n}", zone=data_set.zone) for n in range(4)]
    ledgers: dict[Partition, Ledger] = {}
    for slice_, hours in zip(dates, built, strict=False):
        through = utc(2024, 3, 28) + hours * HOUR
        ledgers |= ledgers_of(
            slice_,
            built=utc(2024, 4, 9),
            data_set=data_set,
            late=late,
            checked_through=through.isoformat(),
        )
    landed = utc(2024, 3, 28) + until * HOUR
    found = search_of(data_set, ledgers, landed, FIRST)
    by_date = {date(*p[:3]) for p in found.partitions}
    assert set(found.partitions) == {p for p in ledgers if date(*p[:3]) in by_date}
    unsaid = {date(*p[:3]) for p, ledger in ledgers.items() if not ledger.is_settled}
    assert by_date <= open_dates_of(data_set, ledgers) | unsaid
    for partition, unread in found.partitions.items():
        assert unread.since == ledgers[partition].checked
        assert unread.since <= unread.through
        assert unread.through == unread.since or unread.through <= landed
    for day in open_dates_of(data_set, ledgers) - by_date:
        whole = [p for p in ledgers if date(*p[:3]) == day]
        assert all(ledgers[p].checked >= landed and not ledgers[p].late for p in whole)


# What is built again.


def waiting(*, days_: Iterable[int] = (28,), late: int, events: int = 0) -> Search:
    unread = Unread(
        since=BUILT, through=UNTIL, known=late, events=events, is_last=False, is_missing=False
    )
    return Search(partitions={hour(7, day): unread for day in days_})


def with_percent(percent: float) -> DataSet:
    return replace(TRAFFIC, events=replace(TRAFFIC.events, rebuild_late_percent=percent))


@pytest.mark.parametrize(
    ("percent", "late", "events", "is_healed"),
    [
        (0, 1, 10**9, True),
        (0, 1, 0, True),
        (10, 9, 91, False),
        (10, 10, 90, False),
        (10, 11, 89, True),
        (100, 100, 0, False),
    ],
)
def test_a_date_that_may_get_more_waits_until_more_than_a_share_of_its_events_is_late(
    percent, late, events, is_healed
):
    found = dates_to_heal(with_percent(percent), waiting(late=late, events=events), UNTIL)
    assert found == ((date(2024, 3, 28),) if is_healed else ())


@pytest.mark.parametrize(
    ("until", "is_healed"), [(utc(2024, 3, 30, 23), False), (utc(2024, 3, 31), True)]
)
def test_once_its_max_lateness_is_over_one_event_is_enough(until, is_healed):
    found = dates_to_heal(with_percent(100), waiting(late=1, events=10**9), until)
    assert bool(found) is is_healed


def test_the_max_lateness_of_a_date_is_over_by_the_clock_of_its_zone():
    data_set = replace(with_percent(100), zone=ZoneInfo("Asia/Kathmandu"))
    late = waiting(late=1, events=10**9)
    end = utc(2024, 3, 30, 18) + timedelta(minutes=15)
    assert dates_to_heal(data_set, late, end - HOUR) == ()
    assert dates_to_heal(data_set, late, end) == (date(2024, 3, 28),)


def test_dates_are_built_again_in_order_and_those_without_late_events_not_at_all():
    late = {**waiting(days_=(28, 26), late=1).partitions, **waiting(days_=(27,), late=0).partitions}
    found = dates_to_heal(TRAFFIC, Search(partitions=late), UNTIL)
    assert found == (date(2024, 3, 26), date(2024, 3, 28))


def test_what_was_found_before_and_now_waits_together():
    found = finding(search(ledgers_of(DAY, late=1)), {hour(7): 4, hour(8): 2})
    assert found.waiting == {date(2024, 3, 28): 30}


# Against S3 and the catalog.


@pytest.fixture
def landing(account) -> Landing:
    return Landing(account)


def request(dates: Slice = DAY, *, is_manual: bool = False, **params: Any) -> RunRequest:
    given = {"start_date": str(dates.first_date), **params}
    return read_request(given, dates, is_manual=is_manual)


def published(landing: Landing, *hours: int) -> None:
    """Hours of the 28th, built through the first hour of the 29th."""
    table = published_table(landing.account)
    ensure_table(landing.account.clients.glue, landing.account.database, table)
    read = ArrivalWindow(start=FIRST, end=BUILT)
    publish(landing.account, stage(landing.account, table, *hours, read=read))


NEXT_RUN = days("2024-03-29")


def test_the_first_run_of_all_finds_no_table_and_nothing_to_heal(landing):
    landing.land(*HOURS, NEXT)
    deployment = landing.deploy()
    assert raw_windows(deployment, request()) == [TRAFFIC.window_of(DAY)]
    found = plan_search(deployment, request(), LandedUntil(instant=NEXT))
    assert found == (Search(partitions={}), False)


def test_a_healing_run_reads_what_its_earlier_open_dates_can_still_get(landing):
    published(landing, 7)
    deployment = landing.deploy()
    own = TRAFFIC.window_of(NEXT_RUN)
    assert raw_windows(deployment, request(NEXT_RUN)) == [TRAFFIC.window_of(DAY), own]
    assert raw_windows(deployment, request(NEXT_RUN, is_manual=True)) == [own]
    assert raw_windows(deployment, request(NEXT_RUN, action="rollback")) == []


def test_a_healing_run_searches_earlier_dates_and_not_its_own(landing):
    landing.land(*HOURS, NEXT)
    published(landing, 7)
    deployment, until = landing.deploy(), LandedUntil(instant=UNTIL)
    found, _ = plan_search(deployment, request(NEXT_RUN), until)
    assert {p[:3] for p in found.partitions} == {(2024, 3, 28)}
    for other in (request(DAY), request(NEXT_RUN, is_manual=True), request(action="unpin")):
        assert plan_search(deployment, other, until) == (Search(partitions={}), False)


def test_a_run_of_the_late_dates_searches_its_own(landing):
    landing.land(*HOURS, NEXT)
    published(landing, 7)
    found, _ = plan_search(landing.deploy(), request(only="late"), LandedUntil(instant=UNTIL))
    assert {p[:3] for p in found.partitions} == {(2024, 3, 28)}


def test_a_date_is_looked_after_for_a_month_beyond_its_max_lateness(landing):
    landing.land(*HOURS, NEXT)
    published(landing, 7)
    last = date(2024, 3, 28) + REACH + TRAFFIC.events.max_lateness + timedelta(days=1)
    until = LandedUntil(instant=UNTIL)
    for day, is_searched in ((last, True), (last + timedelta(days=1), False)):
        found, _ = plan_search(landing.deploy(), request(days(str(day))), until)
        assert bool(found.partitions) is is_searched


def test_nothing_is_asked_of_athena_where_nothing_has_arrived(landing):
    """A search of nothing that landed finds nothing: its ledgers are searched as far."""
    landing.land(utc(2024, 3, 27, 23), *HOURS, NEXT)
    published(landing, *range(24))
    until = LandedUntil(instant=UNTIL)
    found, has_arrivals = plan_search(landing.deploy(), request(NEXT_RUN), until)
    assert not has_arrivals
    assert len(found.partitions) == 24
    assert all(unread.is_news for unread in found.partitions.values())
    landing.land(utc(2024, 3, 29, 3))
    assert plan_search(landing.deploy(), request(NEXT_RUN), until) == (found, True)


def test_an_earlier_date_of_which_raw_is_archived_fails_no_run(landing):
    """Nothing could build it again; the run's own date can be built."""
    landing.land(*HOURS, NEXT)
    landing.archive(utc(2024, 3, 28, 5), "GLACIER")
    published(landing, 7)
    deployment = landing.deploy()
    own = TRAFFIC.window_of(NEXT_RUN)
    assert raw_windows(deployment, request(NEXT_RUN)) == [own]
    found, _ = plan_search(deployment, request(NEXT_RUN), LandedUntil(instant=UNTIL))
    assert found == Search(partitions={})


# Partitions that a built date lacks.


def test_a_partition_for_which_still_nothing_has_landed_is_no_reason_to_build():
    """Else its date would be built at every run, and lack it again."""
    ledgers = ledgers_of(DAY)
    del ledgers[hour(7)]
    found = search(ledgers)
    window = ArrivalWindow(start=utc(2024, 3, 28, 6), end=UNTIL)
    for landed, is_missing in (
        ([], False),
        ([window.start - HOUR, window.end], False),
        ([window.start], True),
        ([window.end - HOUR], True),
    ):
        left = without_empty(found, landed)
        assert (hour(7) in left.partitions) is is_missing
        assert len(left.partitions) == 23 + is_missing
        assert bool(dates_to_heal(with_percent(100), left, UNTIL)) is is_missing


def test_a_build_of_a_date_makes_every_partition_that_a_search_says_is_missing():
    """What decides whether a partition is built, and whether it is missing, is one window."""
    ledgers = ledgers_of(DAY)
    for number in range(24):
        lacking = {p: each for p, each in ledgers.items() if p != hour(number)}
        unread = search(lacking, until=utc(2024, 4, 9)).partitions[hour(number)]
        own = TRAFFIC.own_windows_of(DAY)[hour(number)]
        assert (unread.since, unread.through) == (own.start, own.end)
