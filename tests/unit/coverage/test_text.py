"""The states of dates on a terminal."""

from dataclasses import replace
from datetime import date

from retime.coverage import text
from retime.planning.state import STATES
from tests.covered_tables import EACH_STATE, coverage_of, dates_of, hours_of, ledger, week


def rows(**options: bool) -> list[str]:
    return list(text.describe(week(), **options))


def test_each_date_has_a_row_with_its_state():
    _, *days, _ = rows()
    assert {row[:10]: row[11:23].strip() for row in days} == EACH_STATE


def test_a_row_sums_up_the_partitions_of_its_date():
    (row,) = [row for row in rows() if row.startswith("2024-03-27")]
    generation = "20240327t000000z_1a2b3c4d"
    assert row.split()[2:] == ["516", "98.3", "kB", "7", "5", "2024-03-31", generation]


def test_a_date_that_was_never_built_has_no_numbers():
    (row,) = [row for row in rows() if row.startswith("2024-03-26")]
    assert row.split() == ["2024-03-26", "missing", "-", "-", "-", "0", "-", "-"]


def test_a_row_fits_100_columns_whatever_the_numbers_are():
    dates = dates_of(last=date(2024, 3, 25))
    ledgers = {
        partition: replace(ledger(partition), rows=10**12, bytes=10**15, late=999_999 // 24)
        for partition in hours_of(dates)
    }
    quarantined = {(2024, 3, 25): 999_999_999}
    lines = list(text.describe(coverage_of(ledgers, dates, quarantined=quarantined)))
    assert max(map(len, [*lines, *rows()])) <= 100


def test_the_last_line_counts_dates_by_state():
    *_, last = rows()
    assert last == f"retime.traffic, 7 dates: {', '.join(f'1 {state}' for state in STATES)}"


def test_colours_are_on_request_and_change_no_width():
    assert "\033[" not in "".join(rows())
    coloured = rows(is_coloured=True)
    assert "\033[31mmissing\033[0m" in coloured[2]
    assert [len(a) - len(b) for a, b in zip(coloured[1:-1], rows()[1:-1], strict=True)] == [9] * 7
