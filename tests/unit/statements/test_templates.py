"""Statements whose lines know of which line of which file they are."""

import pytest

from retime.errors import DataSetError
from retime.statements.templates import render


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "main.sql").write_text(
        "{%- macro twice(x) -%}\n{{ x }} +\n{{ x }}\n{%- endmacro -%}\n"
        "SELECT\n"
        "    {%- for n in [1, 2] %}\n"
        "    {{ n }} AS c{{ n }},\n"
        "    {%- endfor %}\n"
        "    {{ lines }}\n"
        "FROM (\n"
        '{% filter indent(4, first=true) %}{% include "set/inner.sql" %}{% endfilter %}\n'
        ")\n"
        "WHERE {{ twice('a') }} > 0\n"
    )
    (tmp_path / "inner.sql").write_text("SELECT '\ue000' AS x,\n    1 AS y\nFROM t\n")
    return {"set": tmp_path}


def rendered(folders, **names):
    return render(folders, "set/main.sql", {"lines": "a,\nb", **names}, "set")


def test_each_line_is_of_the_line_of_a_file_that_made_it(folders):
    statement = rendered(folders)
    places = [place.rpartition("/")[2] for place in statement.places]
    assert list(zip(statement.splitlines(), places, strict=True)) == [
        ("SELECT", "main.sql, line 5"),
        ("    1 AS c1,", "main.sql, line 7"),
        ("    2 AS c2,", "main.sql, line 7"),
        ("    a,", "main.sql, line 9"),
        ("b", "main.sql, line 9"),
        ("FROM (", "main.sql, line 10"),
        ("    SELECT '\ue000' AS x,", "inner.sql, line 1"),
        ("        1 AS y", "inner.sql, line 2"),
        ("    FROM t", "inner.sql, line 3"),
        (")", "main.sql, line 12"),
        ("WHERE a +", "main.sql, line 13"),
        ("a > 0", "main.sql, line 13"),
    ]


def test_a_reason_gets_the_place_of_the_line_that_it_names(folders):
    statement = rendered(folders)
    told = statement.with_place("COLUMN_NOT_FOUND: line 8:9: Column 'y' cannot be resolved")
    assert told.startswith("COLUMN_NOT_FOUND: line 8:9: Column 'y' cannot be resolved (line 8 of")
    assert told.endswith("/inner.sql, line 2)")


@pytest.mark.parametrize("reason", ["Query exhausted resources", "line 99:1: no such line", ""])
def test_a_reason_that_names_no_line_of_it_stays_as_it_is(folders, reason):
    assert rendered(folders).with_place(reason) == reason


def test_a_template_that_cannot_be_rendered_names_its_line(folders):
    with pytest.raises(DataSetError, match=r"main\.sql, line 9: cannot be rendered for 'set'"):
        render(folders, "set/main.sql", {}, "set")


@pytest.mark.parametrize(
    ("template", "sql"),
    [
        (
            "{% set mode %}full{% endset %}SELECT {% if mode == 'full' %}1{% else %}2{% endif %}",
            "SELECT 1",
        ),
        (
            "{% macro path(n) %}props.{{ n }}{% endmacro %}SELECT {{ path('x') | upper }}",
            "SELECT PROPS.X",
        ),
        ("{% set cols %}a,b{% endset %}SELECT {{ cols.split(',') | length }}", "SELECT 2"),
        ("{% set n = 'ab' %}SELECT {{ n | length }}", "SELECT 2"),
        (
            "{% macro m() %}{{ caller() | length }}{% endmacro %}{% call m() %}abc{% endcall %}",
            "3",
        ),
    ],
)
def test_texts_that_are_values_have_no_marks(tmp_path, template, sql):
    (tmp_path / "x.sql").write_text(template)
    assert render({"set": tmp_path}, "set/x.sql", {}, "set") == sql + "\n"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{{ cycler.__init__.__globals__.os.popen('touch broken-out') }}", "unsafe"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{% set _ = names.append('x') %}", "unsafe"),
        ("{% for n in range(10 ** 9) %}{{ n }}{% endfor %}", "range"),
        ("{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}", "recursion"),
        ("{{ names + 1 }}", "list"),
    ],
)
def test_a_template_reaches_what_it_is_given_and_fails_with_its_line(tmp_path, line, told):
    (tmp_path / "main.sql").write_text(f"SELECT 1\n{line}\n")

    with pytest.raises(DataSetError, match=rf"main\.sql, line 2: cannot be .* {told}"):
        render({"set": tmp_path}, "set/main.sql", {"names": ["a"]}, "set")


@pytest.mark.parametrize("text", ["'a\n  b'", '"a\nb"', "{{ given }}"])
def test_a_text_of_two_lines_is_refused(tmp_path, text):
    (tmp_path / "main.sql").write_text(f"-- it's\nSELECT /* it's */ 'it''s',\n    {text}\n")

    with pytest.raises(DataSetError, match=r"main\.sql, line 3: the text or name .*CHR\(10\)"):
        render({"set": tmp_path}, "set/main.sql", {"given": "'a\nb'"}, "set")
