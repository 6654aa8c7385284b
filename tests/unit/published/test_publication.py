"""Publishing: which partitions a build creates, repoints and keeps; what it leaves empty."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retime.aws import CatalogPartition
from retime.calendar.arrival_hours import HOUR, ArrivalWindow
from retime.calendar.partitioning import HOURLY, Partition
from retime.calendar.partitions import partitions_of
from retime.calendar.slices import Slice
from retime.dataset.model import DataSet
from retime.published.ledger import Ledger, ledger_of
from retime.published.publication import CatalogChanges, Publication, plan_changes
from retime.raw.landed import LandedHour
from tests.unit.published.builds import ALL_LANDED, DAY, EVERY_HOUR, FIRST_LANDED, NOW, publication
from tests.unit.samples import TRAFFIC, days, plan, utc, with_grain

Published = dict[Partition, CatalogPartition]


def changes_of(made: Publication, existing: Published) -> CatalogChanges:
    return plan_changes(made, dict.fromkeys(made.rows, 512), existing, NOW)


def after(existing: Published, changes: CatalogChanges) -> Published:
    """The catalog once changes are made."""
    return {**existing, **{p.values: p for p in (*changes.create, *changes.update)}}


def published(*builds: Publication) -> Published:
    """The catalog after builds that were published one after the other."""
    records: Published = {}
    for made in builds:
        records = after(records, changes_of(made, records))
    return records


def at(hour: int) -> Partition:
    return 2024, 3, 28, hour


def ledger(records: Published, hour: int) -> Ledger:
    found = ledger_of(records[at(hour)].parameters)
    assert found
    return found


def rows(records: Published) -> dict[int, int]:
    """How many rows the ledgers of the hours tell of, but for the empty ones."""
    counts = {values[-1]: ledger_of(p.parameters).rows for values, p in records.items()}
    return {hour: count for hour, count in counts.items() if count}


def locations(records: Published) -> dict[int, str]:
    """Where each hour is that has rows."""
    return {hour: records[at(hour)].location for hour in rows(records)}


def place(made: Publication, hour: int) -> str:
    return f"{made.location}year=2024/month=3/day=28/hour={hour}/"


# What is created, repointed, left empty.


def test_the_first_build_creates_every_partition_of_its_slice():
    changes = changes_of(publication(7, 8), {})
    assert {p.values for p in changes.create} == {at(hour) for hour in EVERY_HOUR}
    assert (changes.update, changes.kept) == ((), ())


def test_a_partition_points_into_the_generation():
    assert locations(published(publication(7))) == {7: place(publication(7), 7)}


def test_a_partition_without_rows_is_there_and_empty():
    """So that "built and empty" can be told from "never built"."""
    made = publication(7)
    records = published(made)
    assert set(records) == {at(hour) for hour in EVERY_HOUR}
    assert records[at(9)].location == place(made, 9)
    assert (ledger(records, 9).rows, ledger(records, 9).bytes) == (0, 0)
    assert ledger(records, 9).generation == made.generation
    assert rows(records) == {7: 71}


def test_a_partition_of_which_nothing_has_landed_is_not_made():
    """Whatever lands later for it, nobody has built it yet."""
    records = published(publication(7, until=utc(2024, 3, 28, 12)))
    # An event of the first half hour after 12:00 can have landed before, by its clock.
    assert set(records) == {at(hour) for hour in range(13)}


def test_what_a_partition_only_looks_back_at_does_not_make_it_built():
    """Nothing that can be of it has landed, and so nothing can say that it is empty."""
    events = replace(TRAFFIC.events, look_back=timedelta(hours=6))
    data_set = replace(TRAFFIC, events=events)
    records = published(publication(7, until=utc(2024, 3, 28, 12), data_set=data_set))
    assert set(records) == {at(hour) for hour in range(13)}


# Raw whose hours from 6 to 20 are gone, as after a part of it was copied back.
HOLE = (
    ArrivalWindow(start=FIRST_LANDED, end=utc(2024, 3, 28, 6)),
    ArrivalWindow(start=utc(2024, 3, 30, 23), end=ALL_LANDED),
)


def test_a_partition_whose_own_hours_are_a_hole_in_raw_is_not_made():
    """However the dates are cut: a date alone in the hole would not be planned at all."""
    records = published(publication(3, landed=HOLE))
    # Of 23:00, late events can have landed after the hole.
    assert set(records) == {at(hour) for hour in (*range(7), 23)}


def test_what_was_published_of_hours_that_are_a_hole_in_raw_now_stays():
    whole = publication(3, 9, 23, number=1)
    again = publication(3, number=2, landed=HOLE)
    records = published(whole, again)
    assert rows(records) == {3: 31, 9: 91}
    assert locations(records) == {3: place(again, 3), 9: place(whole, 9)}


def test_what_others_made_of_a_partition_of_which_nothing_has_landed_stays():
    theirs = CatalogPartition(values=at(20), location="s3://b/elsewhere/", storage={})
    changes = changes_of(publication(7, until=utc(2024, 3, 28, 12)), {at(20): theirs})
    assert at(20) in changes.kept
    assert at(20) not in {p.values for p in changes.update}


def test_rows_are_published_whatever_has_landed():
    """A transformation may place them elsewhere than their events."""
    records = published(publication(7, 20, until=utc(2024, 3, 28, 12)))
    assert rows(records) == {7: 71, 20: 201}


def test_a_later_build_repoints_every_partition():
    first, second = publication(7, 8, number=1), publication(8, 9, number=2)
    changes = changes_of(second, published(first))
    assert changes.create == ()
    assert {p.values for p in changes.update} == {at(hour) for hour in EVERY_HOUR}
    records = published(first, second)
    assert locations(records) == {8: place(second, 8), 9: place(second, 9)}
    assert records[at(7)].location == place(second, 7)
    assert ledger(records, 7).previous_location == place(first, 7)


def test_a_build_without_rows_empties_what_was_published():
    records = published(publication(7, 8, number=1), publication(number=2))
    assert rows(records) == {}
    assert len(records) == 24


def test_a_build_changes_nothing_beyond_its_slice():
    neighbour = published(publication(7, slice_=days("2024-03-29")))
    assert set(published(publication(7))).isdisjoint(neighbour)
    changes = changes_of(publication(8, number=2), neighbour)
    assert (changes.update, changes.kept) == ((), ())


def test_publishing_again_changes_nothing_and_keeps_where_a_rollback_goes():
    first, second = publication(7, number=1), publication(7, number=2)
    records = published(first, second)
    changes = changes_of(second, records)
    assert changes.is_done
    assert ledger(after(records, changes), 7).previous_location == place(first, 7)


@settings(max_examples=15)
@given(done=st.sets(st.integers(min_value=0, max_value=23)))
def test_a_publication_that_broke_off_anywhere_ends_as_one_that_did_not(done):
    first, second = publication(*range(16), number=1), publication(*range(8, 24), number=2)
    before = published(first)
    whole = after(before, changes_of(second, before))
    broken = {values: (whole if values[3] in done else before)[values] for values in whole}
    assert after(broken, changes_of(second, broken)) == whole


# What a partition knows.


def test_a_partition_tells_how_it_came_to_be():
    made = publication(7, until=utc(2024, 3, 29, 6))
    records = published(made)
    found = ledger(records, 7)
    assert (found.rows, found.bytes) == (71, 512)
    assert (found.generation, found.query_id) == (made.generation, "query-1")
    assert (found.run_id, found.fingerprint) == ("manual__1", "0123456789abcdef")
    assert found.built_from == "2024-03-28T06:00:00+00:00"
    assert found.built_through == "2024-03-29T06:00:00+00:00"
    assert found.published_at == "2024-04-10T00:00:00+00:00"
    assert found.previous_location == ""
    columns = [(c["Name"], c["Type"]) for c in records[at(7)].storage["Columns"]]
    assert columns == [("uniqueid", "int"), ("speed", "double")]


def test_a_partition_of_another_tool_is_repointed_and_keeps_its_parameters():
    other = CatalogPartition(
        values=at(7),
        location="s3://b/elsewhere/",
        storage={},
        parameters={"classification": "parquet"},
    )
    records = published_over(publication(7), {at(7): other})
    assert records[at(7)].parameters["classification"] == "parquet"
    assert ledger(records, 7).previous_location == "s3://b/elsewhere/"


def published_over(made: Publication, records: Published) -> Published:
    return after(records, changes_of(made, records))


def test_parameters_of_others_survive_every_publication():
    records = published(publication(7, number=1))
    noted = {**records[at(7)].parameters, "reviewed_by": "ann"}
    again = published_over(
        publication(7, number=2), {at(7): replace(records[at(7)], parameters=noted)}
    )
    assert again[at(7)].parameters["reviewed_by"] == "ann"


# Older never replaces newer.


def test_an_earlier_attempt_that_comes_late_replaces_nothing():
    late, new = publication(7, 8, number=1), publication(7, number=2)
    changes = changes_of(late, published(new))
    assert changes.is_done
    assert set(changes.kept) == {at(hour) for hour in EVERY_HOUR}


def test_an_earlier_attempt_does_not_bring_back_what_a_later_one_left_empty():
    late, new = publication(7, 8, number=1), publication(7, number=2)
    assert rows(published(new, late)) == {7: 71}
    assert ledger(published(new, late), 8).generation == new.generation


def test_an_earlier_attempt_does_not_bring_back_a_slice_that_a_later_one_left_empty():
    assert rows(published(publication(number=2), publication(7, 8, number=1))) == {}


def test_an_earlier_attempt_for_more_dates_brings_nothing_back_either():
    both = days("2024-03-28", "2024-03-29")
    late, new = publication(7, 8, number=1, slice_=both), publication(7, number=2)
    changes = changes_of(late, published(new))
    assert {at(7), at(8)} <= set(changes.kept)
    assert {p.values[2] for p in changes.create} == {29}


def test_a_later_attempt_from_less_raw_does_not_bring_back_what_one_from_more_left_empty():
    more = publication(number=1, until=utc(2024, 3, 28, 20))
    less = publication(7, number=2, until=utc(2024, 3, 28, 12))
    assert rows(published(more, less)) == {}


def test_what_a_later_attempt_from_less_raw_left_empty_keeps_out_nothing():
    less = publication(number=2, until=utc(2024, 3, 28, 12))
    more = publication(7, number=1, until=utc(2024, 3, 28, 20))
    assert rows(published(less, more)) == {7: 71}


def test_what_a_later_attempt_emptied_keeps_out_nothing_beside_its_slice():
    beside = publication(7, number=1, slice_=days("2024-03-29"))
    records = published(publication(number=2), beside)
    assert ledger_of(records[2024, 3, 29, 7].parameters).rows == 71


def test_a_build_from_less_raw_does_not_replace_one_from_more():
    more = publication(7, number=1, until=utc(2024, 3, 28, 21))
    less = publication(7, number=2, until=utc(2024, 3, 28, 13))
    changes = changes_of(less, published(more))
    assert changes.is_done
    assert {at(7)} <= set(changes.kept)


def test_a_build_from_more_raw_replaces_one_from_less():
    less = publication(7, number=1, until=utc(2024, 3, 28, 13))
    more = publication(7, number=2, until=utc(2024, 3, 28, 21))
    assert locations(published(less, more)) == {7: place(more, 7)}


def test_a_later_build_from_the_same_raw_replaces():
    first, second = publication(7, number=1), publication(7, number=2)
    assert locations(published(first, second)) == {7: place(second, 7)}


def with_lateness(hours: int) -> DataSet:
    events = replace(TRAFFIC.events, max_lateness=timedelta(hours=hours))
    return replace(TRAFFIC, events=events)


def test_what_is_published_of_raw_that_has_expired_stays():
    whole = publication(7, 11, 12, 16, number=1)
    rest = publication(11, 12, 16, 20, number=2, first_hour=utc(2024, 3, 28, 12))
    found = locations(published(whole, rest))
    assert found[7] == place(whole, 7)
    assert found[12] == place(whole, 12)  # it lacks its look-back
    assert found[16] == place(rest, 16)
    assert found[20] == place(rest, 20)


def test_whichever_is_published_first_what_was_built_from_raw_that_has_expired_stays():
    whole = publication(7, number=1)
    rest = publication(7, number=2, first_hour=utc(2024, 3, 28, 7))
    for order in ((whole, rest), (rest, whole)):
        assert locations(published(*order)) == {7: place(whole, 7)}


def test_raw_that_never_was_is_nothing_that_has_expired():
    first, second = (publication(7, number=n, first_hour=utc(2024, 3, 28, 7)) for n in (1, 2))
    assert locations(published(first, second)) == {7: place(second, 7)}


def test_raw_that_lands_before_the_first_is_built_in():
    first = publication(7, number=1, first_hour=utc(2024, 3, 28, 7))
    second = publication(7, number=2)
    assert locations(published(first, second)) == {7: place(second, 7)}


@pytest.mark.parametrize("hours", [24, 72])
def test_a_change_of_the_max_lateness_keeps_no_later_build_out(hours):
    first, second = (
        publication(7, number=1),
        publication(7, number=2, data_set=with_lateness(hours)),
    )
    assert locations(published(first, second)) == {7: place(second, 7)}


# What a partition was built from.


def arrivals_of(dates: Slice, landed: Mapping[datetime, LandedHour]) -> dict[Partition, tuple]:
    """What each partition of some dates is built from, by its ledger."""
    found: dict[Partition, tuple] = {}
    for planned in plan(dates, landed):
        every = partitions_of(planned.slice_, "hour")
        made = publication(slice_=planned.slice_)
        made = replace(
            made, rows=dict.fromkeys(every, 1), read=planned.window, landed=planned.landed
        )
        for partition, record in published(made).items():
            told = ledger_of(record.parameters)
            found[partition] = told.built_from, told.built_through
    return found


def hours_from(first: datetime, count: int) -> dict[datetime, LandedHour]:
    return {
        first + n * HOUR: LandedHour(objects=1, size=1, folders=frozenset()) for n in range(count)
    }


@pytest.mark.parametrize("count", [24, 30, 72, 80, 200])
@pytest.mark.parametrize("first", [utc(2024, 3, 27), utc(2024, 3, 28, 5)])
def test_however_the_dates_are_cut_a_partition_is_built_from_as_much(first, count):
    landed = hours_from(first, count)
    whole = arrivals_of(days("2024-03-28", "2024-03-31"), landed)
    alone = arrivals_of(DAY, landed)
    assert alone
    assert {partition: whole[partition] for partition in alone} == alone


def test_however_the_dates_are_cut_a_partition_is_built_as_far_when_hours_have_no_objects():
    """Else a date that was built with others would never again be replaced when built alone."""
    landed = hours_from(utc(2024, 3, 27), 200)
    for hour in range(3):
        del landed[utc(2024, 3, 30, 21 + hour)]  # the last hours that the 28th looks at
    whole = arrivals_of(days("2024-03-28", "2024-03-31"), landed)
    alone = arrivals_of(DAY, landed)
    assert {partition: whole[partition] for partition in alone} == alone


def test_every_partition_that_a_build_can_have_has_a_location_of_its_own():
    made = publication(*range(24))
    found = locations(published(made))
    assert len(set(found.values())) == 24
    expected = {made.location + HOURLY.folder(p) for p in partitions_of(DAY, "hour")}
    assert set(found.values()) == expected


def test_a_day_grain_publishes_a_partition_a_date():
    data_set = with_grain(TRAFFIC, "day")
    daily = replace(
        publication(),
        table=data_set.published,
        rows={(2024, 3, 28): 5},
        wanted=data_set.windows_of(DAY),
        own=data_set.own_windows_of(DAY),
    )
    (record,) = published(daily).values()
    assert record.values == (2024, 3, 28)
    assert record.location == f"{daily.location}year=2024/month=3/day=28/"
