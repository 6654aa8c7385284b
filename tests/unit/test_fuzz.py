"""Whatever is given, what comes of it is right, or a refusal that says what is wrong.

Never another exception, and nothing of what was given is executed.
"""

import copy
import json
import math
import shutil
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.environment import ROOT
from retime.airflow import runtime
from retime.calendar.event_dates import RunFacts, event_dates
from retime.calendar.partitioning import DAILY, HOURLY, parse_partitioning
from retime.dataset.reader import load_data_sets
from retime.errors import RequestError, RunError
from retime.planning.plan import PlannedChange, PlannedSlice
from retime.planning.request import read_request
from retime.published.confirm import Confirmed
from retime.published.facts import facts_in
from retime.published.ledger import ledger_of
from retime.published.results import Audited, Generation, Published, Staged
from retime.published.search import Search
from retime.raw.landed import LandedUntil
from tests.covered_tables import ledger

UTC = ZoneInfo("UTC")
NOW = datetime(2024, 4, 1, tzinfo=timezone.utc)
GIVEN = yaml.safe_load((ROOT / "include" / "datasets" / "traffic.yaml").read_text())
NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([10**30, -1, math.inf, math.nan, 1e308])
)
HOSTILE = st.sampled_from(
    [
        *("{{ 1 }}", "{% raw %}", "${raw_bucket}", "${", "'; DROP TABLE x --", '"', "\\", "\0"),
        *("../..", "s3://", "s3://b/../c/", "s3://${raw_bucket}/", "a" * 6000, "year", "retime_x"),
        *(
            "2024-13-45",
            "0001-01-01",
            "9999-12-31",
            "Etc/../UTC",
            "decimal(99,98)",
            "array<",
            "é",
            "",
        ),
    ]
)
TEXTS = st.one_of(st.text(max_size=40), HOSTILE)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.dates(), st.datetimes())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(TEXTS, NUMBERS), inner, max_size=4)
    ),
    max_leaves=8,
)
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=8,
)


@given(
    params=st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("start_date", "end_date", "only", "heal", "action", "plan_only"), PLAIN
        ),
    ),
    is_manual=st.booleans(),
)
def test_parameters_are_a_request_or_refused(params, is_manual):
    facts = RunFacts(params=params, is_manual=is_manual, logical_date=NOW, interval_start=NOW)
    try:
        dates = event_dates(facts, zone=UTC, max_days=31, now=NOW + timedelta(days=9))
        request = read_request(params, dates, is_manual=is_manual)
    except RequestError:
        return
    assert 1 <= len(request.dates.dates) <= 31


def paths_of(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every place in nested mappings."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += paths_of(inner, (*path, key))
    return found


@pytest.fixture(scope="module")
def include(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("include")
    shutil.copytree(ROOT / "include" / "sql", folder / "sql")
    (folder / "datasets").mkdir()
    return folder


@settings(max_examples=120)
@given(
    path=st.sampled_from(paths_of(GIVEN)),
    change=st.sampled_from(["replace", "remove", "rename", "add"]),
    value=VALUES,
    name=TEXTS,
)
def test_a_data_set_with_one_thing_changed_is_right_or_refused(include, path, change, value, name):
    described = copy.deepcopy(GIVEN)
    inner = described
    for key in path[:-1]:
        inner = inner[key]
    if change == "replace":
        inner[path[-1]] = value
    elif change == "remove":
        del inner[path[-1]]
    elif change == "rename":
        inner[name] = inner.pop(path[-1])
    else:
        inner[name] = value
    file = include / "datasets" / "traffic.yaml"
    file.write_text(yaml.safe_dump(described, allow_unicode=True), errors="replace")

    loaded = load_data_sets([include])

    assert len(loaded.right) + len(loaded.wrong) == 1
    for refusal in loaded.wrong:
        assert str(file) in str(refusal)
        assert "cannot be read; fix the file: " not in str(refusal), "of no known cause"


@settings(max_examples=100)
@given(text=st.one_of(st.text(max_size=200), st.binary(max_size=200)))
def test_a_file_of_anything_is_refused(include, text):
    file = include / "datasets" / "traffic.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode(errors="replace"))
    loaded = load_data_sets([include])
    assert not loaded.right
    assert [str(file) in str(refusal) for refusal in loaded.wrong] == [True]


KEYS = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.one_of(
            st.text(max_size=8),
            st.sampled_from(["year=", "month=", "day=", "hour=", "v=", "=", "..", "%"]),
            st.builds("{}={}".format, st.sampled_from(["year", "month", "day", "hour"]), TEXTS),
            st.builds("{}={}".format, st.sampled_from(["year", "hour"]), st.integers()),
        ),
        max_size=6,
    ).map("/".join),
)


@settings(max_examples=100)
@given(key=KEYS)
@pytest.mark.parametrize(
    "layout",
    [HOURLY, DAILY, parse_partitioning("%Y/%m/%d/%H"), parse_partitioning("dt=%Y-%m-%d/hour=%H")],
    ids=lambda each: each.pattern,
)
def test_a_key_lies_in_a_partition_that_can_be_or_in_none(layout, key):
    partition = layout.read_path(key)
    if partition is not None:
        # A month 13 is no date, and those who reckon with it ask for it: span_of gives None.
        assert all(isinstance(unit, int) for unit in partition)


LEDGER = ledger((2024, 3, 28, 7)).to_parameters()


@settings(max_examples=120)
@given(
    name=st.sampled_from([*LEDGER, "retime.previous", "retime.data_set"]),
    text=st.one_of(TEXTS, PLAIN.map(json.dumps), st.integers().map(str), st.datetimes().map(str)),
)
def test_parameters_of_a_partition_are_a_ledger_or_none(name, text):
    found = ledger_of({**LEDGER, name: text})
    if found:
        assert found.arrivals.start.tzinfo
        assert found.checked.tzinfo
        assert ledger_of(found.to_parameters()) == found
    facts_in({name: text, "retime.data_set": text})


@settings(max_examples=100)
@given(value=PLAIN)
@pytest.mark.parametrize(
    "kind",
    [
        *(Audited, Confirmed, Generation, LandedUntil, PlannedChange, PlannedSlice, Published),
        *(Search, Staged),
    ],
)
def test_what_another_task_hands_on_is_read_or_refused(kind, value):
    with suppress(RunError):
        assert isinstance(runtime.received(kind, value), kind)
