"""The audit statement's answer: do the counts reconcile, and are there bad rows?"""

import pytest

from retime.calendar.partitioning import HOURLY
from retime.errors import AuditError
from retime.statements.audit import check_report, read_report


def events(name, row_count, key_count=None, late=0, arrived=0):
    return {
        "kind": "events",
        "name": name,
        "row_count": str(row_count),
        "key_count": str(row_count if key_count is None else key_count),
        "late_count": str(late),
        "arrived_count": str(arrived),
        "examples": None,
    }


def rows(kind, name, row_count, key_count=0, examples=None):
    return {
        "kind": kind,
        "name": name,
        "row_count": str(row_count),
        "key_count": str(key_count),
        "late_count": "0",
        "arrived_count": "0",
        "examples": examples,
    }


# 100 events: 60 accepted for 55 keys, 20 filtered, 3 quarantined, 2 too late, 15 of other slices.
ANSWER = [
    events("accepted", 60, 55, late=7, arrived=58),
    events("filtered", 20, late=1, arrived=20),
    events("quarantined", 3, arrived=3),
    events("too_late", 2, late=2, arrived=0),
    events("outside", 15, late=9, arrived=4),
    rows("staged", "2024/3/28/9", 20, 30),
    rows("staged", "2024/3/28/10", 15, 25),
    rows("quarantined", "2024/3/28", 3),
    rows("audit", "inside_slice", 0),
    rows("audit", "in_its_partition", 0),
]


def report_of(answer, percent=5.0):
    return read_report(answer, HOURLY, max_quarantined_percent=percent)


def but(*others):
    """ANSWER with the rows that have others' kind and name replaced."""
    replaced = {(row["kind"], row["name"]): row for row in others}
    return [replaced.get((row["kind"], row["name"]), row) for row in ANSWER]


def test_an_answer_is_counted():
    counts = report_of(ANSWER).counts
    assert counts.read == 100
    assert (counts.published_from, counts.duplicates, counts.filtered) == (55, 5, 20)
    assert (counts.quarantined, counts.too_late, counts.outside) == (3, 2, 15)
    assert (counts.late, counts.arrived, counts.rows) == (8, 85, 35)


def test_a_slice_that_reconciles_passes():
    report = report_of(ANSWER)
    assert report.failures == ()
    check_report(report, "slice 2024-03-28", "q", "")


def test_rows_are_told_by_partition():
    report = report_of(ANSWER)
    assert report.staged == {(2024, 3, 28, 9): 20, (2024, 3, 28, 10): 15}
    assert report.quarantined == {(2024, 3, 28): 3}


def test_a_slice_without_events_reconciles():
    report = report_of([rows("audit", "inside_slice", 0)])
    assert report.failures == ()
    assert (report.counts.read, report.counts.rows, report.staged) == (0, 0, {})


@pytest.mark.parametrize(
    "changed",
    [
        rows("staged", "2024/3/28/9", 20, 29),  # an event got lost
        rows("staged", "2024/3/28/9", 20, 31),  # one was counted twice
        rows("quarantined", "2024/3/28", 2),  # one was not set aside
        events("accepted", 60, 54, arrived=58),  # more keys were published than there are
    ],
)
def test_counts_that_do_not_reconcile_fail(changed):
    (failure,) = report_of(but(changed)).failures
    assert failure.startswith("counts_reconcile: ")


def test_a_disposition_that_nobody_counts_does_not_reconcile():
    (failure,) = report_of([*ANSWER, events("misplaced", 1)]).failures
    assert failure.startswith("counts_reconcile: 101 events read")


def test_a_failed_reconciliation_shows_the_sum():
    (failure,) = report_of(but(rows("staged", "2024/3/28/9", 20, 29))).failures
    assert failure == (
        "counts_reconcile: 100 events read, but 54 published from + 5 duplicates + 20 filtered + "
        "3 quarantined + 2 too late + 15 outside the slice = 99; "
        "the transformation loses or doubles events, or raw data landed meanwhile"
    )


def test_a_slice_that_would_publish_nothing_of_its_events_fails():
    answer = [events("filtered", 20), rows("audit", "inside_slice", 0)]
    (failure,) = report_of(answer).failures
    assert failure == "not_empty: 20 events arrived for the slice, but no row would be published"


def test_a_slice_that_only_neighbours_have_events_of_may_be_empty():
    assert report_of([events("outside", 20)]).failures == ()


def test_as_many_quarantined_as_allowed_pass():
    # 3 of the 85 records that arrived: 3.53 percent.
    assert report_of(ANSWER, percent=3 / 85 * 100).failures == ()


def test_more_quarantined_than_allowed_fail_with_their_share():
    (failure,) = report_of(ANSWER, percent=3.5).failures
    assert failure == (
        "quarantine_share: 3 of 85 records that arrived (3.53 %) cannot be used, "
        "more than the 3.5 % of quarantine.max_percent:"
    )


def test_the_reasons_of_a_quarantine_are_told_the_most_frequent_first():
    missing = rows("reason", "event_time_missing", 1, examples="at=null")
    unreadable = rows("reason", "unreadable", 2, examples="a | b")
    (failure,) = report_of([*ANSWER, missing, unreadable], percent=3.5).failures
    assert failure.splitlines()[1:] == [
        "    unreadable: 2, for example: a | b",
        "    event_time_missing: 1, for example: at=null",
    ]


def test_nothing_quarantined_passes_even_where_nothing_is_allowed():
    answer = [row for row in ANSWER if "quarantined" not in (row["kind"], row["name"])]
    assert report_of(answer, percent=0).failures == ()


def test_an_audit_with_bad_rows_fails_with_its_name_the_number_and_three_of_them():
    bad = rows("audit", "inside_slice", 12, examples="event time 1 | event time 2 | event time 3")
    (failure,) = report_of(but(bad)).failures
    assert failure == (
        "inside_slice: 12 bad rows, for example: event time 1 | event time 2 | event time 3"
    )


def test_a_failed_report_stops_the_slice_and_lists_every_failure():
    bad = rows("audit", "inside_slice", 1, examples="event time 1")
    lost = rows("staged", "2024/3/28/9", 20, 29)
    with pytest.raises(AuditError) as stop:
        check_report(report_of(but(bad, lost), percent=1), "slice 2024-03-28", "q", "")
    first, *listed, reasons, last = str(stop.value).splitlines()
    assert first == "slice 2024-03-28 did not pass its audits and nothing of it was published:"
    assert [line.split(":")[0].strip() for line in listed] == [
        "counts_reconcile",
        "quarantine_share",
        "inside_slice",
    ]
    assert reasons == "All of what is in quarantine: q"
    assert last == "Fix the transformation or the raw data, then clear the slice"
