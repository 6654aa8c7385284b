"""Fragments: raw fields by the type that the catalog gave them, and the two clocks."""

from dataclasses import replace
from datetime import timedelta

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retime.calendar.arrival_hours import HOUR, ArrivalWindow
from retime.calendar.partitioning import Partitioning
from retime.errors import DataSetError
from retime.raw.table import RawTable
from retime.statements import fields
from retime.statements import macros as fragments
from retime.statements.macros import arrived_predicate
from tests.unit.samples import folders, utc

KEYS = ("year", "month", "day", "hour")
STRING, BIGINT = folders(key_type="string"), folders(key_type="bigint")
RAW = RawTable(
    database="db",
    name="events",
    columns={
        "small": "tinyint",
        "count": "int",
        "big": "BIGINT",
        "ratio": "double",
        "text": "string",
        "seen": "timestamp",
    },
    partitioning=STRING,
    is_json=True,
)


# The predicate over the raw partitions.


@pytest.fixture(scope="module")
def database():
    """All hours from 2023 through 2025, a leap year among them, with keys of both types."""
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE hours AS SELECT range AS instant FROM "
        "range(TIMESTAMP '2023-01-01', TIMESTAMP '2026-01-01', INTERVAL 1 HOUR)"
    )
    formats = dict(zip(KEYS, ("%Y", "%m", "%d", "%H"), strict=True))
    for type_, key in (("bigint", "CAST({} AS BIGINT)"), ("string", "{}")):
        columns = (
            key.format(f"strftime(instant, '{format_}')") + f" AS {name}"
            for name, format_ in formats.items()
        )
        connection.execute(
            f"CREATE TABLE {type_}_keys AS SELECT instant, {', '.join(columns)} FROM hours"
        )
    return connection


FIRST, LAST = utc(2023, 1, 1), utc(2026, 1, 1)
starts = st.integers(min_value=0, max_value=(LAST - FIRST) // HOUR).map(lambda n: FIRST + n * HOUR)
lengths = st.one_of(
    st.integers(min_value=0, max_value=72),
    st.integers(min_value=0, max_value=24 * 800),
    # Whole days, months and years are where ranges could be cut wrong.
    st.sampled_from([24 * n for n in (1, 2, 28, 29, 30, 31, 365, 366)]),
)


@pytest.mark.parametrize("type_", ["string", "bigint"])
@given(start=starts, length=lengths)
def test_the_predicate_selects_exactly_the_hours_of_its_window(database, type_, start, length):
    window = ArrivalWindow(start=start, end=min(start + length * HOUR, LAST))
    predicate = arrived_predicate(window, folders(key_type=type_))
    found = database.execute(
        f"SELECT instant FROM {type_}_keys WHERE {predicate} ORDER BY instant"
    ).fetchall()
    assert [row[0] for row in found] == [hour.replace(tzinfo=None) for hour in window.hours(HOUR)]


def test_the_predicate_of_string_keys_names_padded_text():
    window = ArrivalWindow(start=utc(2024, 2, 28, 23), end=utc(2024, 3, 2, 5))
    assert arrived_predicate(window, STRING).split("\n        ")[1:] == [
        """("year" = '2024' AND "month" = '02' AND "day" = '28' AND "hour" = '23')""",
        """OR ("year" = '2024' AND "month" = '02' AND "day" = '29')""",
        """OR ("year" = '2024' AND "month" = '03' AND "day" = '01')""",
        (
            """OR ("year" = '2024' AND "month" = '03' AND "day" = '02' """
            """AND "hour" BETWEEN '00' AND '04')\n    )"""
        ),
    ]


def test_the_predicate_of_bigint_keys_names_numbers():
    window = ArrivalWindow(start=utc(2024, 3, 1), end=utc(2024, 3, 8, 1))
    assert arrived_predicate(window, BIGINT).split("\n        ")[1:] == [
        '("year" = 2024 AND "month" = 3 AND "day" BETWEEN 1 AND 7)',
        'OR ("year" = 2024 AND "month" = 3 AND "day" = 8 AND "hour" = 0)\n    )',
    ]


def test_keys_of_different_types_are_each_compared_in_their_own():
    types = ("int", "string", "bigint", "STRING")
    keys = Partitioning(
        tuple(replace(key, type=type_) for key, type_ in zip(STRING.keys, types, strict=True))
    )
    window = ArrivalWindow(start=utc(2024, 3, 1), end=utc(2024, 3, 1, 1))
    assert """("year" = 2024 AND "month" = '03' AND "day" = 1 AND "hour" = '00')""" in (
        arrived_predicate(window, keys)
    )


def test_a_window_without_hours_selects_nothing():
    assert arrived_predicate(ArrivalWindow(start=FIRST, end=FIRST), STRING) == "FALSE"


def test_a_month_costs_a_handful_of_terms_whatever_its_hours():
    """Athena's statements have a limit of 256 kB."""
    window = ArrivalWindow(start=FIRST + 5 * HOUR, end=FIRST + timedelta(days=366, hours=7))
    assert arrived_predicate(window, STRING).count(" OR ") <= 2 + 12


# Fields.


@pytest.mark.parametrize(
    ("column", "sql"),
    [
        ("small", 'CAST("small" AS BIGINT)'),
        ("count", 'CAST("count" AS BIGINT)'),
        ("big", 'CAST("big" AS BIGINT)'),
        ("ratio", 'CASE WHEN "ratio" = FLOOR("ratio") THEN TRY_CAST("ratio" AS BIGINT) END'),
        ("text", 'TRY_CAST(TRIM("text") AS BIGINT)'),
    ],
)
def test_a_whole_number_is_read_from_any_type_of_column(column, sql):
    assert fields.whole(RAW, column) == sql


@pytest.mark.parametrize(
    ("type_", "value", "whole"),
    [
        ("string", "' 50 '", 50),
        ("string", "''", None),
        ("string", "'fifty'", None),
        ("string", "NULL", None),
        ("double", "50.0", 50),
        ("double", "50.5", None),
        ("double", "'nan'::DOUBLE", None),
        ("double", "1e300", None),
        ("int", "50", 50),
        ("int", "NULL", None),
    ],
)
def test_what_is_no_whole_number_is_null(type_, value, whole):
    raw = RawTable(
        database="db", name="r", columns={"x": type_}, partitioning=STRING, is_json=False
    )
    query = f"SELECT {fields.whole(raw, 'x')} FROM (SELECT {value} AS x)"
    assert duckdb.execute(query).fetchall() == [(whole,)]


@pytest.mark.parametrize(
    ("column", "sql"),
    [
        ("count", 'CAST("count" AS DOUBLE)'),
        ("ratio", 'CAST("ratio" AS DOUBLE)'),
        ("text", 'TRY_CAST(TRIM("text") AS DOUBLE)'),
    ],
)
def test_a_number_is_read_from_any_type_of_column(column, sql):
    assert fields.number(RAW, column) == sql


@pytest.mark.parametrize(
    ("column", "sql"),
    [
        ("text", 'TO_UNIXTIME(TRY(FROM_ISO8601_TIMESTAMP("text")))'),
        ("seen", 'TO_UNIXTIME("seen")'),
    ],
)
def test_an_instant_is_read_as_epoch_seconds_from_text_and_timestamps(column, sql):
    assert fields.instant(RAW, column) == sql


def test_a_string_is_any_column_as_text():
    assert fields.string(RAW, "count") == 'CAST("count" AS VARCHAR)'


READERS = [fields.whole, fields.number, fields.string, fields.instant]


@pytest.mark.parametrize("read", READERS)
def test_a_column_that_the_raw_table_does_not_have_is_told_with_those_it_has(read):
    with pytest.raises(DataSetError) as refusal:
        read(RAW, "lane")
    assert str(refusal.value) == (
        "the raw table db.events has no column 'lane'; name one of small, count, big, ratio, text, "
        "seen, or say optional=true where it may be missing"
    )


@pytest.mark.parametrize(
    ("read", "type_"), [*zip(READERS, ["BIGINT", "DOUBLE", "VARCHAR", "DOUBLE"], strict=True)]
)
def test_an_optional_column_that_is_missing_is_a_null_of_its_type(read, type_):
    assert read(RAW, "lane", optional=True) == f"CAST(NULL AS {type_})"


def test_the_fields_found_are_shown_with_null_for_those_that_are_not():
    raw = RawTable(
        database="db",
        name="r",
        columns={"a": "int", "b": "string"},
        partitioning=STRING,
        is_json=False,
    )
    query = f"SELECT {fields.found(raw, 'a', 'b', 'c')} FROM (SELECT 1 AS a, NULL AS b)"
    assert duckdb.execute(query).fetchall() == [("a=1, b=null, c=null",)]


# Clocks.


def test_a_published_time_is_epoch_seconds_whatever_its_type():
    columns = {"at": "timestamp", "second": "bigint"}
    assert fragments.epoch(columns, "second") == '"second"'
    assert fragments.epoch(columns, "at") == 'CAST(FLOOR(TO_UNIXTIME("at")) AS BIGINT)'


def test_a_local_time_is_by_the_clock_of_its_zone():
    assert fragments.local_time("Europe/Brussels", "t") == (
        "FROM_UNIXTIME(t) AT TIME ZONE 'Europe/Brussels'"
    )


def test_a_json_line_is_unreadable_when_all_its_fields_are_null():
    lines = fragments.arrival_columns(RAW).splitlines()
    assert lines[-1].strip() == (
        '"small" IS NULL AND "count" IS NULL AND "big" IS NULL AND "ratio" IS NULL '
        'AND "text" IS NULL AND "seen" IS NULL AS is_unreadable'
    )


def test_a_parquet_record_is_never_unreadable():
    parquet = RawTable(
        database="db", name="r", columns={"a": "int"}, partitioning=STRING, is_json=False
    )
    assert fragments.arrival_columns(parquet).splitlines()[-1].strip() == "FALSE AS is_unreadable"


@pytest.mark.parametrize(
    "keys",
    [
        "'2024' AS year, '03' AS month, '05' AS day, '07' AS hour",
        "2024 AS year, 3 AS month, 5 AS day, 7 AS hour",
    ],
)
def test_the_arrival_time_is_the_hour_of_the_partition_in_utc(keys):
    expression = fragments.arrival_columns(RAW).split(" AS arrival_time")[0]
    expression = expression.replace("TO_UNIXTIME", "EPOCH")
    query = f"SELECT {expression} FROM (SELECT {keys})"
    assert duckdb.execute(query).fetchall() == [(int(utc(2024, 3, 5, 7).timestamp()),)]
