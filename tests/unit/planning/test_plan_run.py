"""What a run does: its own dates, earlier ones with late events, and changes without a build."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from retime.calendar.arrival_hours import HOUR, ArrivalWindow
from retime.calendar.partitioning import DAILY
from retime.calendar.slices import Slice
from retime.planning.plan import Plan, PlannedChange, confirmation_of, is_build, plan_run
from retime.planning.reading import facts_today
from retime.planning.request import RunRequest, read_request
from retime.published.search import Search, Unread
from retime.published.tables import ensure_table
from retime.raw.landed import LandedUntil
from tests.unit.published.builds import of_hours, publish, published_table, stage
from tests.unit.raw.landings import Landing
from tests.unit.samples import TRAFFIC, days, utc

RUN = days("2024-03-28")
UNTIL = LandedUntil(instant=utc(2024, 3, 29, 2))
SINCE = utc(2024, 3, 28, 1)
NOW = utc(2024, 3, 29, 9)


@pytest.fixture
def landing(account) -> Landing:
    """Raw of nine days, up to two o'clock of the last; with holes, to be quick."""
    landing = Landing(account)
    landing.land(*(utc(2024, 3, 20) + n * 6 * HOUR for n in range(9 * 4)), UNTIL.instant - HOUR)
    return landing


def request(dates: Slice = RUN, *, is_manual: bool = False, **params: Any) -> RunRequest:
    given = {"start_date": str(dates.first_date), **params}
    return read_request(given, dates, is_manual=is_manual)


def unread(late: int, **changes: Any) -> Unread:
    made = Unread(
        since=SINCE,
        through=UNTIL.instant,
        known=0,
        events=100,
        is_last=False,
        is_missing=False,
        found=late,
    )
    return replace(made, **changes)


def late_on(late: Mapping[int, int]) -> Search:
    """A search that found so many late events on days of March."""
    return Search(partitions={(2024, 3, day, 7): unread(n) for day, n in late.items()})


def planned(
    landing: Landing,
    asked: RunRequest,
    late: Mapping[int, int] | None = None,
    max_slices: int | None = None,
    **events: Any,
) -> Plan:
    data_set = replace(TRAFFIC, events=replace(TRAFFIC.events, **events))
    deployment = landing.deploy(data_set)
    return plan_run(deployment, asked, late_on(late or {}), UNTIL, NOW, max_slices)


def slices(plan: Plan) -> list[str]:
    return [str(each.slice_) for each in plan.slices]


def march(*numbers: int) -> tuple[date, ...]:
    return tuple(date(2024, 3, number) for number in numbers)


# Healing.


def test_a_run_without_late_events_builds_its_own_dates(landing):
    plan = planned(landing, request())
    assert (slices(plan), plan.changes, plan.healed) == (["2024-03-28"], (), ())


def test_late_dates_next_to_the_run_s_own_share_its_slice(landing):
    plan = planned(landing, request(), {26: 1, 27: 3})
    assert slices(plan) == ["2024-03-26 to 2024-03-28"]
    assert plan.healed == march(26, 27)


def test_late_dates_apart_from_it_have_slices_of_their_own(landing):
    """What lies between is not built: it lacks nothing."""
    plan = planned(landing, request(), {22: 1, 24: 1, 25: 1})
    assert slices(plan) == ["2024-03-22", "2024-03-24 to 2024-03-25", "2024-03-28"]


def test_more_neighbours_than_a_statement_can_write_are_cut(landing):
    plan = planned(landing, request(), dict.fromkeys(range(22, 28), 1))
    assert slices(plan) == ["2024-03-22 to 2024-03-25", "2024-03-26 to 2024-03-28"]


def test_dates_with_too_small_a_share_are_left_and_their_late_events_noted(landing):
    still_open = {"rebuild_late_percent": 50, "max_lateness": timedelta(days=4)}
    plan = planned(landing, request(), {26: 1, 27: 900}, **still_open)
    assert plan.healed == march(27)
    (confirmation,) = plan.changes
    assert {p[2] for p in confirmation.search.partitions} == {26, 27}


def test_a_run_that_does_not_heal_leaves_late_dates(landing):
    plan = planned(landing, request(is_manual=True), {26: 1})
    assert (slices(plan), plan.healed) == (["2024-03-28"], ())


@pytest.mark.parametrize(
    ("max_slices", "healed", "changes"),
    [
        (5, march(22, 24, 26), 1),
        (4, march(22, 24), 1),
        (3, march(22), 1),
        (2, (), 1),
        (1, (), 0),
    ],
)
def test_what_does_not_fit_into_a_run_is_left_to_the_next_the_oldest_first(
    landing, max_slices, healed, changes
):
    """The run's own dates are built whatever fits; what was found is written if it fits too."""
    plan = planned(landing, request(), {22: 1, 24: 1, 26: 1}, max_slices)
    assert plan.healed == healed
    assert slices(plan)[-1] == "2024-03-28"
    assert len(plan.changes) == changes


def test_a_neighbour_that_takes_no_slice_more_still_fits(landing):
    plan = planned(landing, request(), {26: 1, 27: 1}, 2)
    assert slices(plan) == ["2024-03-26 to 2024-03-28"]


def test_a_date_whose_raw_is_gone_is_not_said_to_be_built_again(landing):
    """A partition that was never built, and of which a late event is all that there is."""
    early = Search(partitions={(2024, 3, 18, 7): unread(1, is_missing=True, events=0)})
    plan = plan_run(landing.deploy(TRAFFIC), request(), early, UNTIL, NOW, None)
    assert slices(plan) == ["2024-03-28"]
    assert plan.healed == ()


# The dates in one state.


def test_only_the_late_dates_of_a_range_are_built(landing):
    plan = planned(landing, request(days("2024-03-24", "2024-03-27"), only="late"), {25: 1, 27: 1})
    assert slices(plan) == ["2024-03-25", "2024-03-27"]
    assert plan.healed == march(25, 27)


def test_late_dates_that_are_asked_for_are_built_however_small_the_share(landing):
    still_open = {"rebuild_late_percent": 50, "max_lateness": timedelta(days=9)}
    asked = request(days("2024-03-24", "2024-03-27"), only="late")
    assert slices(planned(landing, asked, {25: 1}, **still_open)) == ["2024-03-25"]


def test_of_a_range_without_late_dates_nothing_is_built(landing):
    plan = planned(landing, request(days("2024-03-24", "2024-03-27"), only="late"))
    assert plan == Plan(slices=(), changes=())


@pytest.fixture
def built(landing) -> Landing:
    """The 26th is built by today's transformation, the 27th by another one, the 28th not whole."""
    account = landing.account
    table = published_table(account)
    quarantine = replace(table, name="traffic_quarantine", partitioning=DAILY)
    for each in (table, quarantine):
        ensure_table(account.clients.glue, account.database, each)
    today = facts_today(landing.deploy(TRAFFIC)).fingerprint
    read = ArrivalWindow(start=utc(2024, 3, 20), end=UNTIL.instant)
    for number, (day, fingerprint) in enumerate(((26, today), (27, "other"), (28, today)), 1):
        events = TRAFFIC.windows_of(days(f"2024-03-{day}"))
        by = {"number": number, "fingerprint": fingerprint}
        made = stage(account, table, wanted=events, own=events, read=read, **by)
        publish(account, of_hours(made, 7, 8) if day == 28 else made)
    return landing


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("missing", ["2024-03-24 to 2024-03-25", "2024-03-28"]),
        ("outdated", ["2024-03-27"]),
        (None, ["2024-03-24 to 2024-03-27", "2024-03-28"]),
    ],
)
def test_only_dates_with_a_partition_in_a_state_are_built(built, only, expected):
    asked = request(days("2024-03-24", "2024-03-28"), is_manual=True, only=only)
    assert slices(planned(built, asked)) == expected


# What changes without a build.


def test_an_unpinning_changes_slices_and_builds_nothing(landing):
    """Late events are no matter of it."""
    action = "unpin"
    asked = request(days("2024-03-22", "2024-03-27"), action=action)
    plan = planned(landing, asked, {26: 1})
    assert plan == Plan(
        slices=(),
        changes=(
            PlannedChange(action=action, slice_=days("2024-03-22", "2024-03-25")),
            PlannedChange(action=action, slice_=days("2024-03-26", "2024-03-27")),
        ),
    )
    assert not any(map(is_build, plan.to_json()))


@pytest.mark.parametrize(
    ("changes", "is_news"),
    [
        ({}, True),
        ({"found": 2}, True),
        ({"through": SINCE}, False),
        ({"through": SINCE, "known": 4}, False),
        ({"is_missing": True, "found": 2}, False),
    ],
)
def test_what_a_ledger_does_not_say_yet_is_written_into_it(changes, is_news):
    search = Search(partitions={(2024, 3, 26, 7): unread(0, **changes)})
    assert bool(confirmation_of(TRAFFIC, search)) is is_news


def test_all_that_is_new_is_one_change_over_its_dates():
    known = {"through": SINCE, "known": 4}
    search = Search(
        partitions={
            (2024, 3, 22, 7): unread(0, **known),
            (2024, 3, 24, 7): unread(0),
            (2024, 3, 27, 7): unread(3),
        }
    )
    (change,) = confirmation_of(TRAFFIC, search)
    assert (change.action, change.slice_) == ("confirm", days("2024-03-24", "2024-03-27"))
    assert {p[2] for p in change.search.partitions} == {24, 27}


def test_nothing_new_is_no_change():
    assert confirmation_of(TRAFFIC, Search(partitions={})) == ()


def changes() -> Iterable[PlannedChange]:
    yield PlannedChange(action="rollback", slice_=RUN)
    wanted = {(2024, 3, 28, hour): f"g{hour}" for hour in (7, 8)}
    yield PlannedChange(action="rollback", slice_=RUN, generations=wanted)
    yield PlannedChange(action="unpin", slice_=RUN)
    search = Search(
        partitions={(2024, 3, 27, 7): unread(3), (2024, 3, 27, 8): unread(0, is_last=True, known=9)}
    )
    yield PlannedChange(action="confirm", slice_=days("2024-03-27"), search=search)


@pytest.mark.parametrize("change", list(changes()), ids=lambda change: change.action)
def test_a_change_survives_the_way_from_task_to_task(change):
    value = json.loads(json.dumps(change.to_json()))
    assert PlannedChange.from_json(value) == change
    assert not is_build(value)


def test_a_slice_to_build_is_no_change(landing):
    (value,) = planned(landing, request()).to_json()
    assert is_build(value)
    with pytest.raises(ValueError, match="build"):
        PlannedChange.from_json(value)


def test_what_is_left_is_planned_from_what_the_catalog_knows(landing):
    """Not beyond: hours that landed later are the next run's."""
    landing.land(utc(2024, 3, 29, 2), utc(2024, 3, 29, 3))
    plan = plan_run(
        landing.deploy(TRAFFIC), request(), late_on({27: 1}), UNTIL, NOW + timedelta(days=1), None
    )
    assert [each.window.end for each in plan.slices] == [UNTIL.instant]
