"""Quoting: no name and no value gets out of its quotes."""

from datetime import date, datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retime.quoting import quote_literal, quote_name

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("parts", "quoted"),
    [
        (("events",), '"events"'),
        (("db", "events"), '"db"."events"'),
        (("a.b",), '"a.b"'),
        (('a" FROM secrets --',), '"a"" FROM secrets --"'),
    ],
)
def test_a_name_is_in_double_quotes_and_its_own_are_doubled(parts, quoted):
    assert quote_name(*parts) == quoted


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("it", "'it'"),
        ("it's", "'it''s'"),
        ("'; DROP TABLE events; --", "'''; DROP TABLE events; --'"),
        ("\\'", "'\\'''"),
        (7, "7"),
        (-7, "-7"),
        (0.5, "0.5"),
        (True, "TRUE"),
        (False, "FALSE"),
        (date(2024, 3, 28), "DATE '2024-03-28'"),
    ],
)
def test_a_value_is_a_literal_of_its_type(value, quoted):
    assert quote_literal(value) == quoted


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), [1], datetime(2024, 3, 28)])
def test_what_is_no_literal_is_refused(value):
    """Else a null in the YAML would be the text 'None', and a time of day an invalid DATE."""
    with pytest.raises((TypeError, ValueError)):
        quote_literal(value)


@given(texts)
def test_any_text_comes_out_of_its_literal_as_it_went_in(text):
    assert duckdb.execute(f"SELECT {quote_literal(text)}").fetchall() == [(text,)]


@given(texts.filter(bool))
def test_any_name_comes_out_of_its_quotes_as_it_went_in(name):
    assert duckdb.execute(f"SELECT 1 AS {quote_name(name)}").description[0][0] == name
