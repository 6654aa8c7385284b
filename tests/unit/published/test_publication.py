"""Publishing: which partitions a build creates, repoints, removes and leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retime.calendar.partitions import HOUR, ArrivalWindow, Partition, partition_path, partitions_of
from retime.calendar.slices import Slice
from retime.dataset.reader import DataSet, Table
from retime.planning.plan import wanted_arrivals
from retime.published.emptied import Emptied
from retime.published.ledger import ledger_of
from retime.published.publication import Build, Change, plan_change
from retime.raw.landed import Landed
from tests.unit.samples import TRAFFIC, days, plan, utc

TABLE = Table(
    name="traffic", location="s3://b/traffic/", columns={"uniqueid": "int", "speed": "double"}
)
DAY = days("2024-03-28")
NOW = utc(2024, 4, 10)
FIRST_LANDED = utc(2024, 3, 1)
ALL_LANDED = utc(2024, 4, 2)
Records = dict[tuple[str, ...], Mapping[str, Any]]


def build(
    *hours: int,
    number: int = 1,
    slice_: Slice = DAY,
    first_hour: datetime = FIRST_LANDED,
    until: datetime = ALL_LANDED,
    data_set: DataSet = TRAFFIC,
) -> Build:
    """The `number`th generation, with rows in some hours of the slice's first date."""
    generation = f"2024040{number}t000000z_0000000{number}"
    first = slice_.first_date
    return Build(
        generation=generation,
        location=f"{TABLE.location}v={generation}/",
        slice_=slice_,
        grain="hour",
        rows={(first.year, first.month, first.day, hour): 10 * hour + 1 for hour in hours},
        wanted=wanted_arrivals(data_set, slice_),
        read=ArrivalWindow(start=first_hour, end=until),
        fingerprint="0123456789abcdef",
        run_id="manual__1",
        query_id=f"query-{number}",
    )


def change_of(made: Build, existing: Records, emptied: Sequence[Emptied] = ()) -> Change:
    return plan_change(TABLE, made, dict.fromkeys(made.rows, 512), existing, emptied, NOW)


def emptied_by(made: Build) -> Emptied:
    """The mark of a build that has no rows in some partitions."""
    start, end = made.slice_.start, made.slice_.end
    return Emptied(generation=made.generation, start=start, end=end, read=made.read)


def after(existing: Records, change: Change) -> Records:
    """The catalog once a change is made."""
    changed = {tuple(record["Values"]): record for record in (*change.create, *change.update)}
    return {
        values: record
        for values, record in {**existing, **changed}.items()
        if values not in change.remove
    }


def published(*builds: Build) -> Records:
    """The catalog after builds that were published one after the other."""
    records: Records = {}
    emptied: list[Emptied] = []
    for made in builds:
        records = after(records, change_of(made, records, emptied))
        emptied.append(emptied_by(made))
    return records


def values(*hours: int) -> list[tuple[str, ...]]:
    return [("2024", "3", "28", str(hour)) for hour in hours]


def locations(records: Records) -> dict[int, str]:
    """Where each hour is."""
    return {int(v[3]): r["StorageDescriptor"]["Location"] for v, r in records.items()}


def place(made: Build, hour: int) -> str:
    return f"{made.location}year=2024/month=3/day=28/hour={hour}/"


# What is created, repointed, removed.


def test_the_first_build_creates_its_partitions():
    change = change_of(build(7, 8), {})
    assert [tuple(record["Values"]) for record in change.create] == values(7, 8)
    assert (change.update, change.remove, change.kept) == ((), {}, ())


def test_a_partition_points_into_the_generation():
    assert locations(published(build(7))) == {7: place(build(7), 7)}


def test_a_later_build_repoints_creates_and_removes():
    first, second = build(7, 8, number=1), build(8, 9, number=2)
    change = change_of(second, published(first))
    assert [tuple(record["Values"]) for record in change.create] == values(9)
    assert [tuple(record["Values"]) for record in change.update] == values(8)
    assert list(change.remove) == values(7)
    assert locations(published(first, second)) == {8: place(second, 8), 9: place(second, 9)}


def test_a_build_without_rows_removes_what_was_published():
    assert published(build(7, 8, number=1), build(number=2)) == {}


def test_a_build_changes_nothing_beyond_its_slice():
    neighbour = published(build(7, slice_=days("2024-03-29")))
    assert set(published(build(7))).isdisjoint(neighbour)
    change = change_of(build(8, number=2), neighbour)
    assert (change.update, change.remove, change.kept) == ((), {}, ())


def test_publishing_again_changes_nothing_and_keeps_where_a_rollback_goes():
    first, second = build(7, number=1), build(7, number=2)
    records = published(first, second)
    change = change_of(second, records)
    assert change.is_done
    ledger = ledger_of(after(records, change)[values(7)[0]]["Parameters"])
    assert ledger.previous_location == place(first, 7)


@settings(max_examples=15)
@given(done=st.sets(st.integers(min_value=0, max_value=23)))
def test_a_publication_that_broke_off_anywhere_ends_as_one_that_did_not(done):
    first, second = build(*range(16), number=1), build(*range(8, 24), number=2)
    before = published(first)
    whole = after(before, change_of(second, before))
    broken = {values: record for values, record in whole.items() if int(values[3]) in done}
    broken |= {values: record for values, record in before.items() if int(values[3]) not in done}
    assert after(broken, change_of(second, broken)) == whole


# What a partition knows.


def test_a_partition_tells_how_it_came_to_be():
    made = build(7, until=utc(2024, 3, 29, 6))
    record = published(made)["2024", "3", "28", "7"]
    ledger = ledger_of(record["Parameters"])
    assert (ledger.rows, ledger.bytes) == (71, 512)
    assert (ledger.generation, ledger.query_id) == (made.generation, "query-1")
    assert (ledger.run_id, ledger.fingerprint) == ("manual__1", "0123456789abcdef")
    assert ledger.built_from == "2024-03-28T06:00:00+00:00"
    assert ledger.built_through == "2024-03-29T06:00:00+00:00"
    assert ledger.published_at == "2024-04-10T00:00:00+00:00"
    assert ledger.previous_location == ""
    columns = [(c["Name"], c["Type"]) for c in record["StorageDescriptor"]["Columns"]]
    assert columns == [("uniqueid", "int"), ("speed", "double")]


def test_a_partition_of_another_tool_is_repointed_and_keeps_its_parameters():
    other = {
        "Values": list(values(7)[0]),
        "StorageDescriptor": {"Location": "s3://b/elsewhere/"},
        "Parameters": {"classification": "parquet"},
    }
    (record,) = published_over(build(7), {values(7)[0]: other}).values()
    assert record["Parameters"]["classification"] == "parquet"
    assert ledger_of(record["Parameters"]).previous_location == "s3://b/elsewhere/"


def published_over(made: Build, records: Records) -> Records:
    return after(records, change_of(made, records))


def test_parameters_of_others_survive_every_publication():
    records = published(build(7, number=1))
    record = dict(records[values(7)[0]])
    record["Parameters"] = {**record["Parameters"], "reviewed_by": "ann"}
    again = published_over(build(7, number=2), {values(7)[0]: record})
    assert again[values(7)[0]]["Parameters"]["reviewed_by"] == "ann"


# Older never replaces newer.


def test_an_earlier_attempt_that_comes_late_replaces_nothing():
    late, new = build(7, 8, number=1), build(7, number=2)
    change = change_of(late, published(new), [emptied_by(new)])
    assert change.is_done
    assert set(change.kept) == set(values(*range(24)))


def test_an_earlier_attempt_does_not_bring_back_what_a_later_one_removed():
    late, new = build(7, 8, number=1), build(7, number=2)
    assert set(published(new, late)) == set(values(7))


def test_an_earlier_attempt_does_not_bring_back_a_slice_that_a_later_one_left_empty():
    assert published(build(number=2), build(7, 8, number=1)) == {}


def test_an_earlier_attempt_for_more_dates_brings_nothing_back_either():
    both = days("2024-03-28", "2024-03-29")
    late, new = build(7, 8, number=1, slice_=both), build(7, number=2)
    change = change_of(late, published(new), [emptied_by(new)])
    assert set(values(7, 8)) <= set(change.kept)
    assert not change.create


def test_a_later_attempt_from_less_raw_does_not_bring_back_what_one_from_more_left_empty():
    more = build(number=1, until=utc(2024, 3, 28, 20))
    less = build(7, number=2, until=utc(2024, 3, 28, 12))
    assert published(more, less) == {}


def test_what_a_later_attempt_from_less_raw_left_empty_keeps_out_nothing():
    less = build(number=2, until=utc(2024, 3, 28, 12))
    more = build(7, number=1, until=utc(2024, 3, 28, 20))
    assert set(published(less, more)) == set(values(7))


def test_what_a_later_attempt_emptied_keeps_out_nothing_beside_its_slice():
    beside = build(7, number=1, slice_=days("2024-03-29"))
    assert set(published(build(number=2), beside)) == {("2024", "3", "29", "7")}


def test_a_build_from_less_raw_does_not_replace_one_from_more():
    more = build(7, number=1, until=utc(2024, 3, 28, 21))
    less = build(7, number=2, until=utc(2024, 3, 28, 13))
    change = change_of(less, published(more))
    assert change.is_done
    assert set(values(7)) <= set(change.kept)


def test_a_build_from_more_raw_replaces_one_from_less():
    less = build(7, number=1, until=utc(2024, 3, 28, 13))
    more = build(7, number=2, until=utc(2024, 3, 28, 21))
    assert locations(published(less, more)) == {7: place(more, 7)}


def test_a_later_build_from_the_same_raw_replaces():
    first, second = build(7, number=1), build(7, number=2)
    assert locations(published(first, second)) == {7: place(second, 7)}


def with_lateness(hours: int) -> DataSet:
    events = replace(TRAFFIC.events, max_lateness=timedelta(hours=hours))
    return replace(TRAFFIC, events=events)


def test_what_is_published_of_raw_that_has_expired_stays():
    whole = build(7, 11, 12, 16, number=1)
    rest = build(11, 12, 16, 20, number=2, first_hour=utc(2024, 3, 28, 12))
    found = locations(published(whole, rest))
    assert found[7] == place(whole, 7)
    assert found[12] == place(whole, 12)  # it lacks its look-back
    assert found[16] == place(rest, 16)
    assert found[20] == place(rest, 20)


def test_whichever_is_published_first_what_was_built_from_raw_that_has_expired_stays():
    whole = build(7, number=1)
    rest = build(7, number=2, first_hour=utc(2024, 3, 28, 7))
    for order in ((whole, rest), (rest, whole)):
        assert locations(published(*order)) == {7: place(whole, 7)}


def test_raw_that_never_was_is_nothing_that_has_expired():
    first, second = (build(7, number=n, first_hour=utc(2024, 3, 28, 7)) for n in (1, 2))
    assert locations(published(first, second)) == {7: place(second, 7)}


def test_raw_that_lands_before_the_first_is_built_in():
    first = build(7, number=1, first_hour=utc(2024, 3, 28, 7))
    second = build(7, number=2)
    assert locations(published(first, second)) == {7: place(second, 7)}


@pytest.mark.parametrize("hours", [24, 72])
def test_a_change_of_the_max_lateness_keeps_no_later_build_out(hours):
    first, second = build(7, number=1), build(7, number=2, data_set=with_lateness(hours))
    assert locations(published(first, second)) == {7: place(second, 7)}


# What a partition was built from.


def arrivals_of(dates: Slice, landed: Mapping[datetime, Landed]) -> dict[Partition, tuple]:
    """What each partition of some dates is built from, by its ledger."""
    found: dict[Partition, tuple] = {}
    for planned in plan(dates, landed):
        every = partitions_of(planned.slice_, "hour")
        rows = dict.fromkeys(every, 1)
        made = replace(build(slice_=planned.slice_), rows=rows, read=planned.window)
        for values_, record in published(made).items():
            ledger = ledger_of(record["Parameters"])
            partition = tuple(int(value) for value in values_)
            found[partition] = ledger.built_from, ledger.built_through
    return found


def hours_from(first: datetime, count: int) -> dict[datetime, Landed]:
    return {first + n * HOUR: Landed(objects=1, size=1) for n in range(count)}


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
    made = build(*range(24))
    found = locations(published(made))
    assert len(set(found.values())) == 24
    expected = {made.location + partition_path(p) for p in partitions_of(DAY, "hour")}
    assert set(found.values()) == expected


def test_a_day_grain_publishes_a_partition_a_date():
    daily = replace(
        build(),
        grain="day",
        rows={(2024, 3, 28): 5},
        wanted=wanted_arrivals(replace(TRAFFIC, grain="day"), DAY),
    )
    (record,) = published(daily).values()
    assert record["Values"] == ["2024", "3", "28"]
    assert record["StorageDescriptor"]["Location"] == f"{daily.location}year=2024/month=3/day=28/"
