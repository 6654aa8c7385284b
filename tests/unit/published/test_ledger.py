"""The ledger: what a published partition knows about itself."""

from dataclasses import replace

import pytest

from retime.published.ledger import Ledger, ledger_of, other_parameters

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
)


def test_a_ledger_survives_as_parameters_of_a_partition():
    parameters = LEDGER.to_parameters()
    assert all(isinstance(value, str) for value in parameters.values())
    assert ledger_of(parameters) == LEDGER


def test_parameters_of_others_stay_out_of_the_ledger():
    parameters = {"classification": "parquet", "retimed": "x", **LEDGER.to_parameters()}
    assert ledger_of(parameters) == LEDGER
    assert other_parameters(parameters) == {"classification": "parquet", "retimed": "x"}


@pytest.mark.parametrize("name", sorted(LEDGER.to_parameters()))
def test_an_incomplete_ledger_is_none(name):
    parameters = LEDGER.to_parameters()
    del parameters[name]
    assert ledger_of(parameters) is None


@pytest.mark.parametrize(
    ("name", "value"), [("rows", "many"), ("built_from", ""), ("built_through", "yesterday")]
)
def test_a_ledger_that_cannot_be_read_is_none(name, value):
    assert ledger_of({**LEDGER.to_parameters(), f"retime.{name}": value}) is None


def test_a_partition_of_another_tool_has_no_ledger():
    assert ledger_of({}) is None
    assert ledger_of({"classification": "parquet"}) is None


def test_what_was_read_is_compared_as_instants():
    local = replace(LEDGER, built_through="2024-03-29T01:00:00+01:00")
    assert local.arrivals == LEDGER.arrivals
