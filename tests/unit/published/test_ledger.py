"""The ledger: what a published partition knows about itself."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retime import aws
from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.partitioning import HOURLY
from retime.published.ledger import Ledger, ledger_of, list_ledgers, other_parameters, with_ledger
from retime.published.tables import ensure_table
from tests.unit.published.builds import of_hours, publication, publish, published_table, stage
from tests.unit.samples import days, utc

LEDGER = Ledger(
    generation="20240329t000102z_1a2b3c4d",
    rows=12,
    bytes=3456,
    built_from="2024-03-27T23:00:00+00:00",
    built_through="2024-03-29T00:00:00+00:00",
    fingerprint="0123456789abcdef",
    run_id="scheduled__2024-03-28T00:00:00+00:00",
    query_id="q-1",
    published_at="2024-03-29T00:05:00+00:00",
    previous_location="s3://b/traffic/v=20240328t000102z_1a2b3c4d/year=2024/month=3/day=28/hour=7/",
    events=30,
    checked_through="2024-03-30T00:00:00+00:00",
    late=2,
    is_settled=True,
    is_pinned=True,
)
# What version 0.2 did not write.
SINCE_0_3 = {
    f"retime.{name}" for name in ("events", "checked_through", "late", "settled", "pinned")
}


def test_a_ledger_survives_as_parameters_of_a_partition():
    parameters = LEDGER.to_parameters()
    assert all(isinstance(value, str) for value in parameters.values())
    assert ledger_of(parameters) == LEDGER


@given(
    events=st.integers(min_value=0),
    late=st.integers(min_value=0),
    is_settled=st.booleans(),
    is_pinned=st.booleans(),
)
def test_a_ledger_survives_with_what_it_replaced(events, late, is_settled, is_pinned):
    before = replace(
        LEDGER, events=events, late=late, is_settled=is_settled, is_pinned=is_pinned, rows=1
    )
    whole = replace(LEDGER, is_settled=not is_settled, is_pinned=not is_pinned, previous=before)
    assert ledger_of(whole.to_parameters()) == whole


def test_parameters_of_others_stay_out_of_the_ledger():
    parameters = {"classification": "parquet", "retimed": "x", **LEDGER.to_parameters()}
    assert ledger_of(parameters) == LEDGER
    assert other_parameters(parameters) == {"classification": "parquet", "retimed": "x"}


def test_another_ledger_leaves_place_and_parameters_of_others_as_they_are():
    found = aws.CatalogPartition(
        values=(2024, 3, 28, 7),
        location="s3://b/traffic/",
        storage={"Compressed": True},
        parameters={"classification": "parquet", **LEDGER.to_parameters(), "retime.previous": "{}"},
    )
    after = with_ledger(found, replace(LEDGER, late=9))
    assert replace(after, parameters=found.parameters) == found
    assert after.parameters["classification"] == "parquet"
    assert ledger_of(after.parameters) == replace(LEDGER, late=9)


@pytest.mark.parametrize("name", sorted({*LEDGER.to_parameters()} - SINCE_0_3))
def test_an_incomplete_ledger_is_none(name):
    parameters = LEDGER.to_parameters()
    del parameters[name]
    assert ledger_of(parameters) is None


def test_a_ledger_of_version_0_2_counts_as_searched_through_what_it_was_built_through():
    written = {k: v for k, v in LEDGER.to_parameters().items() if k not in SINCE_0_3}
    assert ledger_of(written) == replace(
        LEDGER,
        events=LEDGER.rows,
        checked_through=LEDGER.built_through,
        late=0,
        is_settled=False,
        is_pinned=False,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rows", "many"),
        ("late", ""),
        ("built_from", ""),
        ("built_through", "yesterday"),
        ("checked_through", "tomorrow"),
    ],
)
def test_a_ledger_that_cannot_be_read_is_none(name, value):
    assert ledger_of({**LEDGER.to_parameters(), f"retime.{name}": value}) is None


def test_a_partition_of_another_tool_has_no_ledger():
    assert ledger_of({}) is None
    assert ledger_of({"classification": "parquet"}) is None


def test_what_was_read_is_compared_as_instants():
    local = replace(LEDGER, built_through="2024-03-29T01:00:00+01:00")
    assert local.arrivals == LEDGER.arrivals
    checked = replace(LEDGER, checked_through="2024-03-30T01:00:00+01:00")
    assert checked.checked == LEDGER.checked


@pytest.mark.parametrize(
    ("known", "found", "is_last", "is_settled"),
    [
        (0, 0, True, True),
        (0, 0, False, False),
        (0, 1, True, False),
        (2, 0, True, False),
        (2, 3, False, False),
    ],
)
def test_a_partition_settles_when_no_event_waits_and_none_can_come(
    known, found, is_last, is_settled
):
    before = replace(LEDGER, late=known, is_settled=False)
    after = before.after_check(utc(2024, 3, 31), found, is_last=is_last)
    assert after == replace(
        before,
        checked_through="2024-03-31T00:00:00+00:00",
        late=known + found,
        is_settled=is_settled,
    )


# In the catalog.


@pytest.fixture
def table(account):
    table = published_table(account)
    ensure_table(account.clients.glue, account.database, table)
    return table


def test_a_build_keeps_the_ledger_of_what_it_replaces_and_only_that(account, table):
    for number in (1, 2, 3):
        publish(account, stage(account, table, 7, number=number))
    ledgers = list_ledgers(
        account.clients.glue, account.database, "traffic", HOURLY, days("2024-03-28")
    )
    ledger = ledgers[2024, 3, 28, 7]
    second = publication(7, number=2, table=table)
    assert ledger.previous.generation == second.generation
    assert ledger.previous_location == f"{second.location}year=2024/month=3/day=28/hour=7/"
    assert ledger.previous.previous is None


def test_a_build_has_searched_as_far_as_it_has_read(account, table):
    """What lands later is looked for from there on; with all that it can get, it is settled."""
    read = ArrivalWindow(start=utc(2024, 3, 1), end=utc(2024, 3, 30, 7))
    publish(account, of_hours(stage(account, table, 7, read=read), 4, 5, 7))
    ledgers = list_ledgers(
        account.clients.glue, account.database, "traffic", HOURLY, days("2024-03-28")
    )
    found = {p[-1]: (each.checked, each.is_settled) for p, each in ledgers.items()}
    assert found == {
        4: (utc(2024, 3, 30, 5), True),
        5: (utc(2024, 3, 30, 6), True),
        7: (utc(2024, 3, 30, 7), False),
    }
    assert {each.events for each in ledgers.values()} == {72, 0}
    assert {each.late for each in ledgers.values()} == {0}
