"""Selections: the terms that name a stretch of time, and no other time."""

from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retime.calendar.partitioning import ANY, DAILY, HOURLY, Partition, published_partitioning
from retime.calendar.selection import Condition, Term, catalog_expression, compare, select
from tests.unit.samples import folders

FIRST = datetime(2023, 1, 1)
PARTITIONINGS = {
    "numbers of text": folders("year=%Y/month=%m/day=%d/hour=%H"),
    "numbers": folders("year=%Y/month=%m/day=%d/hour=%H", key_type="bigint"),
    "unpadded text": folders("year=%Y/month=%-m/day=%-d/hour=%-H"),
    "unpadded numbers": HOURLY,
    "a date and an hour": folders("dt=%Y-%m-%d/hour=%H"),
    "a date and an unpadded hour": folders("dt=%Y-%m-%d/hour=%-H"),
    "a month, and a day with its hour": folders("month=%Y%m/at=%d-%H"),
    "one key": folders("at=%Y-%m-%d-%H"),
    "one key, and any value": folders("device=*/at=%Y-%m-%d-%H"),
    "any value between": folders("year=%Y/device=*/month=%m/day=%d/hour=%H"),
    "one value first": folders("kind=click/year=%Y/month=%m/day=%d/hour=%H"),
    "one value between": folders("year=%Y/month=%m/kind=click/day=%d/hour=%H"),
    "one value last": folders("dt=%Y-%m-%d/hour=%H/kind=click"),
    "a folder a day": folders("year=%Y/month=%m/day=%d"),
    "an unpadded folder a day": folders("year=%Y/month=%-m/day=%-d"),
    "a date": folders("dt=%Y-%m-%d"),
    "a date as a number": folders("dt=%Y%m%d", key_type="int"),
    "a published date": published_partitioning({"dt": "date"}),
}
starts = st.integers(min_value=0, max_value=24 * 800)
lengths = st.one_of(
    st.integers(min_value=1, max_value=72),
    st.integers(min_value=1, max_value=24 * 800),
    # Whole days, months and years are where ranges could be cut wrong.
    st.sampled_from([24 * n for n in (1, 2, 28, 29, 30, 31, 365, 366)]),
)


def fits(term: Term, partition: Partition) -> bool:
    """Whether a partition has values that a query with the term selects."""
    return all(is_selected(condition, condition.key.text(partition)) for condition in term)


def is_selected(condition: Condition, text: str) -> bool:
    """Compare as a query does: numbers as numbers, the rest as texts, of a range the ends alone."""
    if not condition.is_range:
        return text in condition.values
    first, last = condition.values[0], condition.values[-1]
    if condition.key.is_text or condition.key.type == "date":
        return first <= text <= last
    return int(first) <= int(text) <= int(last)


def partitions_around(start: int, length: int, size: int) -> list[Partition]:
    """Partitions at and near both ends of a stretch, and some of the years around it."""
    ends = (start, start + length)
    numbers = {end + n for end in ends for n in range(-50, 51)}
    numbers |= set(range(start - 24 * 400, start + length + 24 * 400, 97))
    return sorted({partition_at(number, size) for number in numbers})


def partition_at(number: int, size: int) -> Partition:
    at = FIRST + timedelta(hours=number)
    return (at.year, at.month, at.day, at.hour)[:size]


@pytest.mark.parametrize("partitioning", PARTITIONINGS.values(), ids=PARTITIONINGS)
@given(start=starts, length=lengths)
@example(start=24 * 365, length=24 * 366)
@example(start=24 * 365, length=24 * 365)
@example(start=24 * 365 - 1, length=24 * 366 + 2)
@example(start=24 * 31, length=24 * 28)
def test_terms_select_a_stretch_of_time_and_nothing_else(partitioning, start, length):
    size = len(partitioning.units)
    wanted = list(dict.fromkeys(partition_at(start + n, size) for n in range(length)))
    terms = select(partitioning, wanted)
    inside = set(wanted)
    for partition in partitions_around(start, length, size):
        assert sum(fits(term, partition) for term in terms) == (partition in inside), partition


@pytest.mark.parametrize("partitioning", PARTITIONINGS.values(), ids=PARTITIONINGS)
@given(start=starts, length=lengths)
def test_a_term_names_every_key_of_one_value_and_none_of_any_value(partitioning, start, length):
    size = len(partitioning.units)
    wanted = list(dict.fromkeys(partition_at(start + n, size) for n in range(length)))
    literals = {key.name for key in partitioning.keys if not key.units and key.format != ANY}
    for term in select(partitioning, wanted):
        named = [condition.key.name for condition in term]
        assert len(named) == len(set(named))
        assert literals <= set(named)
        assert ANY not in {condition.key.format for condition in term}
        for condition in term:
            assert condition.values == tuple(dict.fromkeys(condition.values))


@given(start=starts, length=lengths)
def test_a_stretch_costs_a_handful_of_terms_whatever_its_length(start, length):
    """GetPartitions takes an expression of 2,048 characters."""
    hours = [partition_at(start + n, 4) for n in range(length)]
    for name, partitioning in PARTITIONINGS.items():
        if len(partitioning.units) == 4:
            terms = select(partitioning, hours)
            assert len(terms) <= 7, name
            assert len(catalog_expression(terms, is_canonical=True)) <= 2048, name


def test_of_nothing_there_is_no_term():
    assert select(HOURLY, []) == []


def test_dates_are_selected_of_a_table_of_hours_without_naming_hours():
    days = [(2024, 3, day) for day in (5, 6, 7)]
    assert catalog_expression(select(HOURLY, days), is_canonical=True) == (
        "year = 2024 AND month = 3 AND day BETWEEN 5 AND 7"
    )


# Expressions of GetPartitions.


def hours_from(*first: int, count: int) -> list[Partition]:
    start = datetime(*first)
    hours = (start + timedelta(hours=n) for n in range(count))
    return [(hour.year, hour.month, hour.day, hour.hour) for hour in hours]


@pytest.mark.parametrize(
    ("name", "hours", "expression"),
    [
        (
            "numbers of text",
            hours_from(2024, 3, 5, 7, count=1),
            "year = '2024' AND month = '03' AND day = '05' AND hour = '07'",
        ),
        (
            "numbers of text",
            hours_from(2024, 2, 28, 22, count=28),
            (
                "(year = '2024' AND month = '02' AND day = '28' AND hour BETWEEN '22' AND '23') OR "
                "(year = '2024' AND month = '02' AND day = '29') OR "
                "(year = '2024' AND month = '03' AND day = '01' AND hour BETWEEN '00' AND '01')"
            ),
        ),
        (
            "unpadded text",
            hours_from(2024, 3, 5, 8, count=3),
            "year = '2024' AND month = '3' AND day = '5' AND hour IN ('8', '9', '10')",
        ),
        (
            "unpadded numbers",
            hours_from(2024, 3, 1, 0, count=24 * 31),
            "year = 2024 AND month = 3",
        ),
        (
            "numbers",
            hours_from(2023, 12, 31, 23, count=2 + 24 * 366),
            (
                "(year = 2023 AND month = 12 AND day = 31 AND hour = 23) OR (year = 2024) OR "
                "(year = 2025 AND month = 1 AND day = 1 AND hour = 0)"
            ),
        ),
        (
            "a date and an hour",
            hours_from(2024, 3, 30, 0, count=49),
            "(dt BETWEEN '2024-03-30' AND '2024-03-31') OR (dt = '2024-04-01' AND hour = '00')",
        ),
        (
            "one key, and any value",
            hours_from(2024, 3, 5, 23, count=2),
            "at BETWEEN '2024-03-05-23' AND '2024-03-06-00'",
        ),
        (
            "one value last",
            hours_from(2024, 3, 5, 7, count=1),
            "dt = '2024-03-05' AND hour = '07' AND kind = 'click'",
        ),
    ],
)
def test_an_expression_names_the_hours(name, hours, expression):
    assert catalog_expression(select(PARTITIONINGS[name], hours), is_canonical=True) == expression


@pytest.mark.parametrize(
    ("partitioning", "expression"),
    [
        (DAILY, "year = 2024 AND month = 3 AND day BETWEEN 5 AND 6"),
        (PARTITIONINGS["a published date"], "dt BETWEEN '2024-03-05' AND '2024-03-06'"),
        (PARTITIONINGS["a date as a number"], "dt BETWEEN 20240305 AND 20240306"),
        (
            PARTITIONINGS["an unpadded folder a day"],
            "year = '2024' AND month = '3' AND day IN ('5', '6')",
        ),
    ],
)
def test_an_expression_names_dates(partitioning, expression):
    days = [(2024, 3, 5), (2024, 3, 6)]
    assert catalog_expression(select(partitioning, days), is_canonical=True) == expression


@pytest.mark.parametrize(
    ("name", "expression"),
    [
        ("numbers of text", "year = '2024' AND month = '03' AND day = '05' AND hour = '07'"),
        ("numbers", "year = 2024"),
        ("a date and an hour", "dt = '2024-03-05' AND hour = '07'"),
    ],
)
def test_numbers_in_any_form_are_selected_by_what_has_one_form(name, expression):
    """Glue may compare 05 with 5 as texts. A year has four digits in either form."""
    terms = select(PARTITIONINGS[name], hours_from(2024, 3, 5, 7, count=1))
    assert catalog_expression(terms, is_canonical=False) == expression


def test_terms_that_select_the_same_are_said_once():
    terms = select(PARTITIONINGS["numbers"], hours_from(2024, 3, 5, 7, count=40))
    assert len(terms) == 2
    assert catalog_expression(terms, is_canonical=False) == "year = 2024"


def test_where_nothing_has_one_form_everything_is_selected():
    (term,) = select(PARTITIONINGS["numbers"], [(2024, 3, 5, 7)])
    assert catalog_expression([term[1:]], is_canonical=False) == ""
    assert catalog_expression([], is_canonical=True) == ""


@pytest.mark.parametrize(
    ("literals", "is_range", "text"),
    [
        (["1"], False, "k = 1"),
        (["1"], True, "k = 1"),
        (["1", "2", "3"], True, "k BETWEEN 1 AND 3"),
        (["1", "2", "3"], False, "k IN (1, 2, 3)"),
    ],
)
def test_a_key_is_compared_with_one_literal_a_range_or_each(literals, is_range, text):
    assert compare("k", literals, is_range=is_range) == text
