"""What a run planned and did, in words and numbers."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from retime import aws
from retime.errors import RunError
from retime.planning.plan import Plan, PlannedSlice
from retime.planning.report import (
    LateDates,
    RunReport,
    beyond_of,
    check_complete,
    current_slices,
    describe_build,
    describe_dates,
    describe_plan,
    describe_rollback,
    describe_run,
    describe_update,
    format_bytes,
    results_of,
    sum_up,
)
from retime.planning.request import RunRequest
from retime.published.ledger import Ledger
from retime.published.results import LateBeyond, PartitionCounts
from retime.published.rollback import Changed, Reversal
from retime.raw.landed import LandedHour
from tests.unit.published.slice_results import published
from tests.unit.samples import TRAFFIC, days, plan, utc

FIRST, SECOND = "2024-03-28", "2024-03-29"


def planned(*dates: str) -> list[PlannedSlice]:
    """Slices of one date, each of 2 MB of raw."""
    landed = {
        utc(2024, 3, day, 12): LandedHour(objects=1, size=10**6, folders=frozenset())
        for day in (28, 29)
    }
    return [p for date in dates for p in plan(days(date), landed)]


NOTHING_LATE = LateDates(waiting={}, healed=(), scanned_bytes=0)


def ledger(generation: str, rows: int, size: int = 0) -> Ledger:
    return Ledger(
        generation=generation,
        rows=rows,
        bytes=size,
        built_from="2024-03-27T23:00:00+00:00",
        built_through="2024-03-29T00:00:00+00:00",
        fingerprint="f",
        run_id="r",
        query_id="q",
        published_at="2024-03-29T00:05:00+00:00",
        previous_location="",
        events=rows,
        checked_through="2024-03-29T00:00:00+00:00",
    )


def report_of(totals: dict[str, int], **known: Any) -> RunReport:
    """A report in which nothing became of any date, but what is known."""
    nothing = RunReport(totals=totals, late=NOTHING_LATE, settled=(), late_beyond={}, changed=())
    return replace(nothing, **known)


def test_a_run_is_summed_up_over_its_slices():
    plans = planned(FIRST, SECOND)
    results = results_of(plans, [published(FIRST), published(SECOND)])
    totals = sum_up(plans, results, NOTHING_LATE)
    assert totals["slices"] == 2
    assert (totals["read"], totals["rows"], totals["late"]) == (200, 70, 16)
    assert (totals["stage_scanned_bytes"], totals["scanned_bytes"]) == (3_000, 8_000)
    assert totals["raw_bytes"] == sum(plan.raw_bytes for plan in plans)


def test_the_search_for_late_events_is_part_of_what_was_scanned():
    totals = sum_up([], {}, LATE)
    assert (totals["search_scanned_bytes"], totals["scanned_bytes"]) == (500, 500)


def test_only_what_is_published_is_summed_up():
    plans = planned(FIRST, SECOND)
    totals = sum_up(plans, results_of(plans, [published(SECOND)]), NOTHING_LATE)
    assert (totals["slices"], totals["raw_bytes"]) == (1, plans[1].raw_bytes)


def test_a_run_that_published_nothing_sums_up_to_nothing():
    totals = sum_up([], {}, NOTHING_LATE)
    assert set(totals.values()) == {0}
    text = describe_run(TRAFFIC, {}, report_of(totals))
    assert text.startswith("traffic: 0 slices published\n")


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
    text = describe_run(TRAFFIC, results, report_of(sum_up(plans, results, NOTHING_LATE)))
    assert "  2024-03-28: 35 rows, 2 partitions created, 0 updated, 22 kept, generation g" in text
    assert (
        "100 events read = 55 published from + 5 duplicates + 20 filtered + 3 quarantined + "
        "2 too late + 15 outside; 8 were late"
    ) in text
    assert "4.0 kB scanned, staging 1.5 kB, of 2.0 MB raw" in text


RAW = "s3://raw/traffic/"


def requested(action="build", only=None) -> RunRequest:
    return RunRequest(
        dates=days("2024-03-28"), action=action, only=only, is_healing=False, is_plan_only=True
    )


def test_a_plan_tells_arrivals_objects_bytes_and_cost_of_every_slice():
    landed = {
        utc(2024, 3, 28, hour): LandedHour(objects=2, size=10**9, folders=frozenset())
        for hour in range(24)
    }
    plans = plan(days("2024-03-28"), landed)
    assert describe_build(requested(), plans, NOTHING_LATE, RAW).splitlines() == [
        "2024-03-28: 1 slices to build",
        (
            "  2024-03-28: arrivals 2024-03-28 00:00 to 2024-03-29 00:00 UTC, 48 objects, 24.0 GB, "
            "at most $0.3600"
        ),
    ]


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ("build", "2024-03-28: 0 slices to build\n"),
        ("rollback", "2024-03-28: to point back at what was published before\n"),
        ("unpin", "2024-03-28: to unpin what is rolled back"),
    ],
)
def test_a_plan_says_what_the_run_does(action, text):
    plan_of_nothing = Plan(slices=(), changes=())
    assert describe_plan(requested(action), plan_of_nothing, NOTHING_LATE, RAW).startswith(text)


@pytest.mark.parametrize(
    ("only", "reason"), [(None, "no raw events of these dates"), ("late", "no date is late")]
)
def test_a_plan_of_nothing_says_why(only, reason):
    assert describe_build(requested(only=only), [], NOTHING_LATE, RAW).endswith(
        f"nothing to build: {reason}; raw events are read from s3://raw/traffic/"
    )


LATE = LateDates(
    waiting={date(2024, 3, 26): 3, date(2024, 3, 27): 41},
    healed=(date(2024, 3, 27),),
    scanned_bytes=500,
)
BACK = Changed(action="rollback", slice_=days("2024-03-25", "2024-03-26"), partitions=48)


def test_a_plan_has_a_line_for_each_date_with_late_events():
    lines = describe_build(requested(), [], LATE, RAW).splitlines()
    assert lines[-2:] == [
        "  2024-03-26: 3 late events, left for now",
        "  2024-03-27: 41 late events, built again",
    ]


def test_late_events_that_a_run_does_not_build_in_are_left():
    assert LATE.left == {date(2024, 3, 26): 3}


@pytest.mark.parametrize("late", [LATE, NOTHING_LATE])
def test_late_dates_survive_the_way_from_task_to_task(late):
    assert LateDates.from_json(json.loads(json.dumps(late.to_json()))) == late


# What became of dates.


def beyond(arrived: str, happened: str, events: int) -> LateBeyond:
    return LateBeyond(
        arrived=date.fromisoformat(arrived), happened=date.fromisoformat(happened), events=events
    )


def test_events_beyond_the_max_lateness_count_once_on_the_date_they_arrived():
    """A slice reads arrivals of the next dates too, whose own runs count them."""
    slices = [
        replace(
            published("2024-03-27"),
            late_beyond=(
                beyond("2024-03-27", "2024-03-20", 4),
                beyond("2024-03-28", "2024-03-21", 9),
            ),
        ),
        replace(
            published("2024-03-28"),
            late_beyond=(
                beyond("2024-03-28", "2024-03-21", 2),
                beyond("2024-03-28", "2024-03-20", 1),
                beyond("2024-03-29", "2024-03-20", 5),
            ),
        ),
    ]
    found = beyond_of(slices[1:], days("2024-03-28"))
    assert found == {date(2024, 3, 20): 1, date(2024, 3, 21): 2}
    assert list(found) == sorted(found)
    assert beyond_of(slices, days("2024-03-29")) == {date(2024, 3, 20): 5}


def test_a_run_says_what_became_of_dates_a_line_each_kind():
    done = report_of(
        sum_up([], {}, NOTHING_LATE),
        late=LATE,
        settled=(date(2024, 3, 24), date(2024, 3, 25)),
        late_beyond={date(2024, 3, 1): 7},
        changed=(BACK,),
    )
    lines = describe_run(TRAFFIC, {}, done).splitlines()
    assert lines[-5] == "  rollback of 2024-03-25 to 2024-03-26: 48 partitions changed"
    assert lines[-4:] == [
        "  built again for late events: 2024-03-27",
        "  late events left to a later run: 2024-03-26 3",
        "  settled: 2024-03-24, 2024-03-25",
        (
            "  arrived more than 48 hours late and are in no date (raise "
            "events.max_lateness_hours, then build these dates again): 2024-03-01 7"
        ),
    ]


def test_what_became_of_no_date_has_no_line():
    assert describe_dates(TRAFFIC, report_of(sum_up([], {}, NOTHING_LATE)).to_json()) == []


def test_a_report_is_plain():
    done = report_of({"rows": 3}, late=LATE, settled=(date(2024, 3, 24),), changed=(BACK,))
    assert json.loads(json.dumps(done.to_json())) == {
        "rows": 3,
        "healed": ["2024-03-27"],
        "late_left": {"2024-03-26": 3},
        "settled": ["2024-03-24"],
        "late_beyond": {},
        "changed": [
            {
                "action": "rollback",
                "slice": {
                    "first_date": "2024-03-25",
                    "last_date": "2024-03-26",
                    "zone": "UTC",
                },
                "partitions": 48,
            }
        ],
        "remarks": [],
    }


def test_the_metrics_of_a_run_count_events_and_dates():
    plans = planned(FIRST)
    totals = sum_up(plans, results_of(plans, [published(FIRST)]), LATE)
    done = report_of(
        totals, late=LATE, settled=(date(2024, 3, 24),), late_beyond={date(2024, 3, 1): 7}
    )
    assert done.metrics("traffic") == {
        "retime.traffic.rows": 35,
        "retime.traffic.scanned_bytes": 4_500,
        "retime.traffic.quarantined": 3,
        "retime.traffic.late": 44,
        "retime.traffic.late_beyond": 7,
        "retime.traffic.healed_dates": 1,
        "retime.traffic.settled_dates": 1,
    }


def test_a_rollback_names_the_rows_and_generations_of_each_date():
    found = aws.CatalogPartition(values=(), location="", storage={})

    def reversal(before: str, rows: int) -> Reversal:
        return Reversal(found=found, ledger=ledger("new", 10), previous=ledger(before, rows))

    reversals = {
        (2024, 3, 28, 7): reversal("b", 4),
        (2024, 3, 28, 8): reversal("a", 5),
        (2024, 3, 29, 7): reversal("b", 6),
    }
    assert describe_rollback(days(FIRST, SECOND), reversals).splitlines() == [
        "2024-03-28 to 2024-03-29: to point back at what was published before",
        "  2024-03-28: 20 rows now, 9 before (a, b)",
        "  2024-03-29: 10 rows now, 6 before (b)",
    ]


def test_a_slice_that_is_not_published_is_named():
    plans = planned(FIRST, SECOND)
    with pytest.raises(RunError, match="1 of 2 slices were not published: 2024-03-29; see"):
        check_complete(plans, results_of(plans, [published(FIRST)]))


def test_an_update_counts_only_what_is_of_its_own_generations():
    """Another run may have built a partition of its dates since."""
    made = [ledger("g1", rows=3, size=30), ledger("g1", rows=4, size=40), ledger("g2", 5, 50)]
    results = {
        days(FIRST): published(FIRST, generation="g1"),
        days(SECOND): published(SECOND, generation="g3"),
    }
    update = describe_update(results, made, report_of({}).to_json())
    assert update == {
        "dates": ["2024-03-28", "2024-03-29"],
        "settled": [],
        "late_beyond": {},
        "rows": 7,
        "bytes": 70,
        "generations": ["g1", "g3"],
    }


def test_an_update_names_dates_that_were_rolled_back_but_none_that_were_unpinned():
    """Of the first, readers have to know; the second changed nothing that they see."""
    unpinned = Changed(action="unpin", slice_=days("2024-03-20"), partitions=24)
    done = report_of({}, changed=(BACK, unpinned), settled=(date(2024, 3, 24),))
    update = describe_update({days(FIRST): published(FIRST)}, [], done.to_json())
    assert update["dates"] == ["2024-03-25", "2024-03-26", "2024-03-28"]
    assert update["settled"] == ["2024-03-24"]


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (5e15, "5000.0 TB")],
)
def test_a_size_is_told_for_people(size, text):
    assert format_bytes(size) == text
