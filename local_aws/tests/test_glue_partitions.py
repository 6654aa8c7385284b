"""Pages of partitions cost what they return, and hold what a look at all partitions finds."""

import itertools
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.glue.models import FakePartition

from local_aws.glue.expression import compile_expression
from local_aws.glue.partition_index import PartitionIndex, Verdict
from local_aws.seam import Values
from local_aws.testing import Aws

KEYS = [{"Name": "month", "Type": "string"}, {"Name": "day", "Type": "int"}]
PAGE = 100


def partition(*values: str) -> FakePartition:
    columns = [{"Name": "c", "Type": "int"}]
    storage = {"Location": "/".join(["s3://b", *values]), "Columns": columns}
    given = {"Values": list(values), "StorageDescriptor": storage}
    return FakePartition("database", "table", given)


def index_of_values(every: list[Values]) -> PartitionIndex:
    index = PartitionIndex({})
    for values in every:
        index[str(list(values))] = partition(*values)
    return index


class Counted(list[Values]):
    """A list that counts what is looked at."""

    looked_at = 0

    def __getitem__(self, at: Any) -> Any:
        self.looked_at += 1
        return super().__getitem__(at)


def looked_at(index: PartitionIndex, wanted: Verdict, after: Values | None) -> int:
    """How many partitions the reading of one page looks at."""
    index._order = Counted(index._order)
    page = list(itertools.islice(index.matching(wanted, after), PAGE))
    assert len(page) == PAGE
    return index._order.looked_at


@pytest.fixture(scope="module")
def large() -> PartitionIndex:
    return index_of_values([(f"{month:03}", str(day)) for month in range(250) for day in range(20)])


SEARCHES = 40
"""What bisection may look at beside a page: 5,000 partitions are halved thirteen times."""


@pytest.mark.parametrize("after", [None, ("125", "3"), ("244", "5")])
def test_a_page_looks_at_its_own_partitions_wherever_it_is(
    large: PartitionIndex, after: Values | None
):
    assert looked_at(large, lambda _: True, after) <= PAGE + SEARCHES


@pytest.mark.parametrize("after", [None, ("125", "3"), ("233", "5")])
def test_a_page_of_an_expression_looks_at_what_its_months_hold(
    large: PartitionIndex, after: Values | None
):
    # Ten of the twenty days of a month, so ten months, each searched for once.
    wanted = compile_expression("month > '000' AND day < 10", KEYS)
    assert looked_at(large, wanted, after) <= 12 * (20 + 20 * SEARCHES / 2)


def test_months_that_are_not_wanted_are_skipped_unseen(large: PartitionIndex):
    months = " OR ".join(f"month = '{month}'" for month in range(100, 250, 30))
    wanted = compile_expression(f"({months}) AND day >= 0", KEYS)
    seen: list[Values] = []

    def spied(values: Values) -> bool | None:
        seen.append(values)
        return wanted(values)

    assert len(list(large.matching(spied))) == 5 * 20
    assert sum(len(values) == 2 for values in seen) == 5 * 20
    assert sum(len(values) == 1 for values in seen) <= 250 + 5 * 20


TEXTS = st.sampled_from(["", "0", "1", "01", "2", "10", "a", "a\0", "é"])
NUMBERS = st.sampled_from(["0", "1", "01", "2", "10", "-3"])
CONDITIONS = st.one_of(
    st.builds("month {} '{}'".format, st.sampled_from(["=", "<>", "<", ">="]), TEXTS),
    st.builds("day {} {}".format, st.sampled_from(["=", "!=", ">", "<="]), NUMBERS),
    st.builds("day IN ({}, '{}')".format, NUMBERS, NUMBERS),
    st.builds("day NOT BETWEEN {} AND {}".format, NUMBERS, NUMBERS),
    st.sampled_from(["month LIKE '0%'", "month IS NULL", "day IS NOT NULL", ""]),
)
EXPRESSIONS = st.recursive(
    CONDITIONS.filter(bool),
    lambda inner: st.one_of(
        st.builds("({}) AND ({})".format, inner, inner),
        st.builds("({}) OR ({})".format, inner, inner),
        st.builds("NOT ({})".format, inner),
    ),
    max_leaves=5,
)
PARTITIONS = st.lists(st.tuples(TEXTS, NUMBERS), unique=True)


@given(every=PARTITIONS, expression=EXPRESSIONS, after=st.none() | st.tuples(TEXTS, NUMBERS))
def test_pages_hold_what_a_look_at_all_partitions_finds(
    every: list[Values], expression: str, after: Values | None
):
    wanted = compile_expression(expression, KEYS)
    expected = [v for v in sorted(every) if wanted(v) and (after is None or v > after)]
    assert list(index_of_values(every).matching(wanted, after)) == expected


@given(every=PARTITIONS, data=st.data())
def test_what_is_created_deleted_and_stored_stays_in_order(every: list[Values], data: Any):
    index = index_of_values(every)
    for values in every:
        index.find(values).column_statistics = {"c": values}
    gone = data.draw(st.sets(st.sampled_from(every)) if every else st.just(set()))
    for values in gone:
        del index[str(list(values))]
    left = sorted(set(every) - gone)
    restored = pickle.loads(pickle.dumps(index))
    for one in (index, restored):
        assert list(one.matching(lambda _: True)) == left
        assert [one.find(values).partition_input for values in left] == [
            partition(*values).partition_input for values in left
        ]
        assert [one.find(values).column_statistics["c"] for values in left] == left
        firsts = sorted({values[:1] for values in left})
        assert list(one.next_values(())) == firsts
        assert [v for first in firsts for v in one.next_values(first)] == left


def test_partitions_with_fewer_values_than_keys_hide_no_others():
    every: list[Values] = [("1",), ("1", "1"), ("1", "2"), ("2", "1")]
    index = index_of_values(every)
    assert list(index.matching(lambda _: True)) == every
    of_days = compile_expression("day > 0", KEYS)
    assert list(index.matching(of_days)) == every[1:]
    assert list(index.next_values(())) == [("1",), ("2",)]
    assert list(index.next_values(("1",))) == [("1",), ("1", "1"), ("1", "2")]


def test_partitions_share_what_they_have_alike(aws: Aws, database: str):
    glue = aws.client("glue")
    glue.create_table(DatabaseName=database, TableInput={"Name": "t", "PartitionKeys": KEYS})
    where = {"DatabaseName": database, "TableName": "t"}
    for month in ("1", "2"):
        given = partition(month, "1").partition_input
        glue.batch_create_partition(**where, PartitionInputList=[given])
    calls = aws.server._gateway.call
    one, other = calls.partitions(database, "t", region="us-east-1")
    assert one["StorageDescriptor"]["Columns"] is other["StorageDescriptor"]["Columns"]

    changed = partition("1", "1").partition_input
    changed["StorageDescriptor"]["Columns"] = [{"Name": "d", "Type": "int"}]
    glue.update_partition(**where, PartitionValueList=["1", "1"], PartitionInput=changed)
    found = glue.get_partitions(**where)["Partitions"]
    assert [p["StorageDescriptor"]["Columns"][0]["Name"] for p in found] == ["d", "c"]
