"""The state of a partition and of a date: one of seven, the worst first."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retime.calendar.arrival_hours import HOUR, ArrivalWindow, floor_arrival
from retime.calendar.partitions import partition_windows, partitions_of
from retime.planning.state import STATES, cover, state_of, worst_of
from retime.published.facts import TableFacts, facts_of
from tests.unit.calendar.strategies import grains, ranges
from tests.unit.published.builds import a_ledger
from tests.unit.samples import TRAFFIC, days, utc, with_grain

TODAY, OTHER = "today", "other"
END = utc(2024, 3, 31)
BEFORE, AT = END - HOUR, END

# Of ledgers: pinned, fingerprint, late, searched through; and the state.
TABLE = [
    (False, TODAY, 0, BEFORE, "provisional"),
    (False, TODAY, 0, AT, "settled"),
    (False, TODAY, 1, BEFORE, "late"),
    (False, TODAY, 1, AT, "late"),
    (False, OTHER, 0, BEFORE, "outdated"),
    (False, OTHER, 0, AT, "outdated"),
    (False, OTHER, 1, BEFORE, "outdated"),
    (False, OTHER, 1, AT, "outdated"),
    *(
        (True, f, late, at, "pinned")
        for f in (TODAY, OTHER)
        for late in (0, 1)
        for at in (BEFORE, AT)
    ),
]


@pytest.mark.parametrize(("is_pinned", "fingerprint", "late", "checked", "state"), TABLE)
@pytest.mark.parametrize("has_raw", [True, False])
def test_what_was_built_is_pinned_outdated_late_settled_or_provisional(
    is_pinned, fingerprint, late, checked, state, has_raw
):
    """In this order; whether its raw is still there does not matter."""
    ledger = a_ledger(
        is_pinned=is_pinned, fingerprint=fingerprint, late=late, checked_through=checked.isoformat()
    )
    found = state_of(ledger, has_raw=has_raw, arrivals_end=END, fingerprint=TODAY)
    assert found == state


@pytest.mark.parametrize(("has_raw", "state"), [(True, "missing"), (False, "no raw")])
def test_what_was_not_built_is_missing_if_there_is_raw_for_it(has_raw, state):
    assert state_of(None, has_raw=has_raw, arrivals_end=END, fingerprint=TODAY) == state


def test_a_date_has_the_state_of_its_worst_partition():
    """What nobody built, and what is wrong, before what may change, before what is final."""
    order = ("missing", "late", "outdated", "pinned", "provisional", "settled", "no raw")
    assert order == STATES
    for number, state in enumerate(order):
        assert worst_of(reversed(order[number:])) == state


def facts(data_set) -> TableFacts:
    return facts_of(data_set, TODAY)


@st.composite
def covered(draw):
    """Facts, dates, some ledgers of their partitions, some landed hours."""
    grain = draw(grains)
    dates = draw(ranges(max_days=3))
    partitions = partitions_of(dates, grain)
    built = draw(st.lists(st.sampled_from(partitions), unique=True))
    moments = st.integers(min_value=-30, max_value=120).map(lambda n: dates.start + n * HOUR)
    ledgers = {
        partition: a_ledger(
            is_pinned=draw(st.booleans()),
            fingerprint=draw(st.sampled_from([TODAY, OTHER])),
            late=draw(st.integers(min_value=0, max_value=2)),
            checked_through=draw(moments).isoformat(),
        )
        for partition in built
    }
    landed = draw(st.sets(moments.map(lambda at: floor_arrival(at, HOUR)), max_size=6))
    return facts(replace(with_grain(TRAFFIC, grain), zone=dates.zone)), dates, ledgers, landed


@given(case=covered())
def test_every_partition_of_every_date_has_one_state_and_it_is_that_of_its_ledger(case):
    made, dates, ledgers, landed = case
    found = cover(made, dates, ledgers, landed)
    assert tuple(day.date for day in found) == dates.dates
    everything = [each for day in found for each in day.partitions]
    assert tuple(each.partition for each in everything) == partitions_of(dates, made.grain)
    windows = partition_windows(
        dates,
        made.grain,
        before=made.clock_skew,
        after=made.max_lateness,
        period=made.raw.period,
    )
    for each in everything:
        window, ledger = windows[each.partition], ledgers.get(each.partition)
        assert each.ledger == ledger
        assert each.state == state_of(
            ledger,
            has_raw=any(window.start <= hour < window.end for hour in landed),
            arrivals_end=window.end,
            fingerprint=TODAY,
        )


@given(case=covered())
def test_a_date_counts_each_of_its_partitions_in_one_state(case):
    for day in cover(*case):
        assert sum(day.count(state) for state in STATES) == len(day.partitions)
        assert day.count(day.state) > 0
        worse = STATES[: STATES.index(day.state)]
        assert not any(day.count(state) for state in worse)
        assert len(day.ledgers) == len(day.partitions) - day.count("missing") - day.count("no raw")


def test_what_can_be_an_event_of_a_partition_makes_it_missing():
    """From an hour whose clock ran ahead, up to the max lateness after its end; none beside it."""
    dates = days("2024-03-28")
    window = ArrivalWindow(start=utc(2024, 3, 28, 6), end=utc(2024, 3, 30, 8))
    hour = (2024, 3, 28, 7)
    for landed, state in (
        (window.start - HOUR, "no raw"),
        (window.start, "missing"),
        (window.end - HOUR, "missing"),
        (window.end, "no raw"),
    ):
        (day,) = cover(facts(TRAFFIC), dates, {}, [landed])
        states = {each.partition: each.state for each in day.partitions}
        assert states[hour] == state


def test_a_date_of_which_nothing_landed_for_some_hours_is_as_final_as_the_others():
    dates = days("2024-03-28")
    settled = a_ledger(
        fingerprint=TODAY, checked_through=(dates.end + timedelta(days=9)).isoformat()
    )
    (day,) = cover(facts(TRAFFIC), dates, {(2024, 3, 28, 7): settled}, [])
    assert (day.state, day.count("no raw"), day.count("settled")) == ("settled", 23, 1)


def test_records_in_quarantine_are_those_that_arrived_on_the_date():
    dates = days("2024-03-28", "2024-03-29")
    found = cover(facts(TRAFFIC), dates, {}, [], {(2024, 3, 29): 4})
    assert [day.quarantined for day in found] == [0, 4]


@pytest.mark.parametrize("grain", ["hour", "day"])
def test_the_facts_of_a_table_survive_as_its_parameter(grain):
    made = facts(with_grain(TRAFFIC, grain))
    assert TableFacts.from_text(made.to_text()) == made
