"""What the corpus of answers cannot say of compiled statements: names, parameters, messages."""

import pytest
from tests.athena_sql import Trino

from local_aws.athena.errors import QueryError


@pytest.fixture(scope="module")
def trino() -> Trino:
    return Trino()


def test_unnamed_columns_are_named_by_their_place(trino: Trino) -> None:
    trino.rows("SELECT 1, 2 AS two, upper('x'), t.x FROM (VALUES 1) AS t(x)")
    assert [name for name, _ in trino.columns] == ["_col0", "two", "_col2", "x"]


def test_question_marks_take_the_execution_parameters_in_order(trino: Trino) -> None:
    assert trino.rows("SELECT ?, ? + 1", "'a'", "41") == [("a", "42")]


def test_a_missing_execution_parameter_is_told(trino: Trino) -> None:
    with pytest.raises(QueryError, match="expected 2 but found 1"):
        trino.rows("SELECT ?, ?", "1")


def test_an_ambiguous_column_is_refused(trino: Trino) -> None:
    with pytest.raises(QueryError, match="Column 'x' is ambiguous"):
        trino.rows("SELECT x FROM (VALUES 1) AS a(x), (VALUES 1) AS b(x)")


def test_a_column_outside_group_by_is_refused(trino: Trino) -> None:
    with pytest.raises(QueryError) as caught:
        trino.rows("SELECT x, count(*) FROM (VALUES (1, 2)) AS t(x, y) GROUP BY y")
    assert caught.value.name == "EXPRESSION_NOT_AGGREGATE"
