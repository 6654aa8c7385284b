"""What a run planned and did, in words and numbers."""

from dataclasses import fields

import pytest

from retime.planning.plan import PlannedSlice
from retime.planning.report import (
    current_slices,
    describe_plan,
    describe_run,
    describe_update,
    format_bytes,
    results_of,
    sum_up,
)
from retime.published.ledger import Ledger
from retime.published.results import PartitionCounts
from retime.raw.landed import LandedHour
from tests.unit.published.slice_results import published
from tests.unit.samples import days, plan, utc

FIRST, SECOND = "2024-03-28", "2024-03-29"


def planned(*dates: str) -> list[PlannedSlice]:
    """Slices of one date, each of 2 MB of raw."""
    landed = {utc(2024, 3, day, 12): LandedHour(objects=1, size=10**6) for day in (28, 29)}
    return [p for date in dates for p in plan(days(date), landed)]


def ledger(generation: str, rows: int, size: int) -> Ledger:
    texts = {f.name: "" for f in fields(Ledger)}
    made = {**texts, "generation": generation, "rows": rows, "bytes": size}
    return Ledger(**made)  # type: ignore[arg-type]


def test_a_run_is_summed_up_over_its_slices():
    plans = planned(FIRST, SECOND)
    results = results_of(plans, [published(FIRST), published(SECOND)])
    totals = sum_up(plans, results)
    assert totals["slices"] == 2
    assert (totals["read"], totals["rows"], totals["late"]) == (200, 70, 16)
    assert (totals["stage_scanned_bytes"], totals["scanned_bytes"]) == (3_000, 8_000)
    assert totals["raw_bytes"] == sum(plan.raw_bytes for plan in plans)


def test_only_what_is_published_is_summed_up():
    plans = planned(FIRST, SECOND)
    totals = sum_up(plans, results_of(plans, [published(SECOND)]))
    assert (totals["slices"], totals["raw_bytes"]) == (1, plans[1].raw_bytes)


def test_a_run_that_published_nothing_sums_up_to_nothing():
    totals = sum_up([], {})
    assert set(totals.values()) == {0}
    assert describe_run("traffic", {}, totals).startswith("traffic: 0 slices published\n")


def test_the_first_of_several_results_of_a_slice_counts():
    """Those of a longer plan, before the run was cleared, come after the current ones."""
    current, old = published(FIRST, generation="new"), published(FIRST, generation="old")
    assert results_of(planned(FIRST), [current, old])[days(FIRST)] == current


def test_a_slice_whose_partitions_all_stayed_is_not_current():
    kept = {days(FIRST): published(FIRST, PartitionCounts(kept=24))}
    assert current_slices(kept) == {}


def test_a_slice_that_an_earlier_try_published_is_current():
    again = {days(FIRST): published(FIRST, PartitionCounts(current=24))}
    assert list(current_slices(again)) == [days(FIRST)]


def test_a_run_tells_every_slice_and_that_its_events_reconcile():
    plans = planned(FIRST)
    results = results_of(plans, [published(FIRST, PartitionCounts(created=2, kept=22))])
    text = describe_run("traffic", results, sum_up(plans, results))
    assert "  2024-03-28: 35 rows, 2 partitions created, 0 updated, 22 kept, generation g" in text
    assert (
        "100 events read = 55 published from + 5 duplicates + 20 filtered + 3 quarantined + "
        "2 too late + 15 outside; 8 were late"
    ) in text
    assert "4.0 kB scanned, staging 1.5 kB, of 2.0 MB raw" in text


def test_a_plan_tells_arrivals_objects_bytes_and_cost_of_every_slice():
    landed = {utc(2024, 3, 28, hour): LandedHour(objects=2, size=10**9) for hour in range(24)}
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
    results = {
        days(FIRST): published(FIRST, generation="g1"),
        days(SECOND): published(SECOND, generation="g3"),
    }
    update = describe_update(results, made)
    assert update == {
        "dates": ["2024-03-28", "2024-03-29"],
        "rows": 7,
        "bytes": 70,
        "generations": ["g1", "g3"],
    }


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (5e15, "5000.0 TB")],
)
def test_a_size_is_told_for_people(size, text):
    assert format_bytes(size) == text
