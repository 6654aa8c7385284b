"""Daily runs in any order, some missing or failing: after the last the table is complete."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from retime.calendar.arrival_hours import HOUR, floor_arrival
from retime.calendar.slices import Grain
from retime.dataset.model import DataSet
from tests.unit.planning.world import Event, World
from tests.unit.samples import TRAFFIC, with_grain

FIRST = date(2024, 3, 28)
DATES = [FIRST + timedelta(days=n) for n in range(6)]
MIDNIGHT = datetime(2024, 3, 28, tzinfo=timezone.utc)
ZONES = ("UTC", "Europe/Brussels", "Asia/Kathmandu", "America/Sao_Paulo")


@st.composite
def data_sets(draw) -> DataSet:
    grain: Grain = draw(st.sampled_from(("hour", "day")))
    data_set = with_grain(TRAFFIC, grain)
    return replace(
        data_set,
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        events=replace(
            data_set.events,
            look_back=timedelta(minutes=draw(st.sampled_from((0, 20, 90)))),
            max_lateness=timedelta(hours=draw(st.sampled_from((1, 26, 48)))),
            rebuild_late_percent=draw(st.sampled_from((0.0, 60.0))),
        ),
    )


@st.composite
def events(draw) -> tuple[Event, ...]:
    """Events of the dates and around them, at most two days late; some later than the lateness."""
    made = draw(
        st.lists(
            st.tuples(st.integers(-60, 60 * 24 * 6), st.integers(0, 55)), min_size=1, max_size=40
        )
    )
    found = []
    for number, (minute, late) in enumerate(made):
        happened = MIDNIGHT + timedelta(minutes=minute)
        arrived = floor_arrival(happened, HOUR) + late * HOUR
        found.append(Event(number=number, happened=happened, arrived=arrived))
    # A run waits until something has landed in the hour after its date.
    for day in range(1, len(DATES) + 1):
        for hour in (-6, 0, 1, 3):
            at = MIDNIGHT + timedelta(days=day) + hour * HOUR
            found.append(Event(number=-1, happened=at, arrived=at, is_kept=False))
    return tuple(found)


@st.composite
def run_orders(draw) -> list[tuple[date, int, bool]]:
    """The runs of all dates but the newest: the date, hours since the run before, whether it fails.

    Some are caught up some dates later; what failed is run again.
    """
    order = []
    for number, day in enumerate(DATES[:-1]):
        delay, fails = draw(st.integers(0, 3)), draw(st.booleans())
        order.append((number + delay, day, fails))
        if fails:
            order.append((number + delay + draw(st.integers(0, 3)), day, False))
    order.sort(key=lambda run: (run[0], not run[2]))
    return [(day, draw(st.integers(0, 20)), fails) for _, day, fails in order]


@settings(max_examples=100, deadline=None)
@given(data_set=data_sets(), events=events(), order=run_orders())
def test_after_the_last_run_the_table_is_that_of_one_full_rebuild(data_set, events, order):
    world = World(data_set=data_set, events=events)
    now = MIDNIGHT
    for day, hours, fails in order:
        ends = MIDNIGHT + timedelta(days=(day - FIRST).days + 1)
        now = max(now + hours * HOUR, ends + HOUR)
        world.run(day, now, fails=[day] if fails else ())

    world.run(DATES[-1], max(now, MIDNIGHT + timedelta(days=20)))

    assert world.content() == world.rebuild(DATES)
    assert all(ledger.is_settled for ledger in world.ledgers.values())
