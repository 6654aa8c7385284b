"""What a run planned and did, in words and numbers."""

from dataclasses import fields

import pytest

from retime.planning.report import (
    describe_plan,
    describe_run,
    describe_update,
    format_bytes,
    sum_up,
)
from retime.published.ledger import Ledger
from retime.raw.landed import Landed
from tests.unit.samples import days, plan, utc

COUNTS = {
    "read": 100,
    "published_from": 55,
    "duplicates": 5,
    "filtered": 20,
    "quarantined": 3,
    "too_late": 2,
    "outside": 15,
    "late": 8,
    "arrived": 85,
    "rows": 35,
}
RESULT = {
    "slice": "2024-03-28",
    "generation": "20240329t000102z_1a2b3c4d",
    "counts": COUNTS,
    "partitions": {"created": 2, "updated": 0, "removed": 0, "kept": 0},
    "stage_scanned_bytes": 1_500,
    "scanned_bytes": 4_000,
    "raw_bytes": 2_000_000,
}


def ledger(generation: str, rows: int, size: int) -> Ledger:
    texts = {f.name: "" for f in fields(Ledger)}
    made = {**texts, "generation": generation, "rows": rows, "bytes": size}
    return Ledger(**made)  # type: ignore[arg-type]


def test_a_run_is_summed_up_over_its_slices():
    totals = sum_up([RESULT, RESULT])
    assert totals["slices"] == 2
    assert (totals["read"], totals["rows"], totals["late"]) == (200, 70, 16)
    assert (totals["stage_scanned_bytes"], totals["scanned_bytes"]) == (3_000, 8_000)
    assert totals["raw_bytes"] == 4_000_000


def test_a_run_that_published_nothing_sums_up_to_nothing():
    totals = sum_up([])
    assert set(totals.values()) == {0}
    assert describe_run("traffic", [], totals).startswith("traffic: 0 slices published\n")


def test_a_run_tells_every_slice_and_that_its_events_reconcile():
    text = describe_run("traffic", [RESULT], sum_up([RESULT]))
    assert "  2024-03-28: 35 rows, partitions {'created': 2," in text
    assert (
        "100 events read = 55 published from + 5 duplicates + 20 filtered + 3 quarantined + "
        "2 too late + 15 outside; 8 were late"
    ) in text
    assert "4.0 kB scanned, staging 1.5 kB, of 2.0 MB raw" in text


def test_a_plan_tells_arrivals_objects_bytes_and_cost_of_every_slice():
    landed = {utc(2024, 3, 28, hour): Landed(objects=2, size=10**9) for hour in range(24)}
    plans = plan(days("2024-03-28"), landed)
    assert describe_plan(days("2024-03-28"), plans).splitlines() == [
        "2024-03-28: 1 slices to build",
        (
            "  2024-03-28: arrivals 2024-03-28 00:00 to 2024-03-29 00:00 UTC, 48 objects, 24.0 GB, "
            "at most $0.3600"
        ),
    ]


def test_a_plan_of_nothing_says_why():
    assert describe_plan(days("2024-03-28"), []).endswith(
        "no raw events have landed for these dates: nothing is changed"
    )


def test_an_update_counts_only_what_is_of_its_own_generations():
    """Another run may have built a partition of its dates since."""
    made = [ledger("g1", rows=3, size=30), ledger("g1", rows=4, size=40), ledger("g2", 5, 50)]
    update = describe_update([days("2024-03-28", "2024-03-29")], ["g1"], made)
    assert update == {
        "dates": ["2024-03-28", "2024-03-29"],
        "rows": 7,
        "bytes": 70,
        "generations": ["g1"],
    }


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (5e15, "5000.0 TB")],
)
def test_a_size_is_told_for_people(size, text):
    assert format_bytes(size) == text
