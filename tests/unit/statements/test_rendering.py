"""Statements: what they are rendered from, and what tells that a transformation changed."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.partitioning import DAILY
from retime.dataset.model import DataSet
from retime.errors import DataSetError
from retime.statements import rendering as sql
from tests.unit.samples import ROOT, TRAFFIC, days, raw_table, source, utc

DAY = days("2024-03-28")


@pytest.fixture
def own(tmp_path: Path) -> DataSet:
    """A data set of another include folder, with SQL that a test may change."""
    shutil.copytree(ROOT / "include" / "sql" / "traffic", tmp_path / "sql" / "own")
    return replace(TRAFFIC, name="own", sql=tmp_path / "sql" / "own")


def rewrite(data_set: DataSet, file: str, text: str) -> None:
    (data_set.sql / file).write_text(text)


def test_the_package_s_sql_is_found():
    assert (sql.package_sql() / "retime" / "stage.sql").is_file()


def test_a_slice_is_named_by_literals_in_every_statement():
    statements = [
        sql.render_stage(source(DAY), '"db"."t"'),
        sql.render_quarantine(source(DAY), '"db"."q"'),
        sql.render_audit(source(DAY), '"db"."t"', '"db"."q"'),
    ]
    for statement in statements:
        assert "1711584000" in statement
        assert "1711670400" in statement
        assert """"year" = '2024' AND "month" = '03'""" in statement
        assert "{{" not in statement


def test_all_statements_of_a_slice_read_the_same_arrival_hours():
    where = [
        statement[statement.index("WHERE (") : statement.index("records AS")]
        for statement in (
            sql.render_stage(source(DAY), "t"),
            sql.render_quarantine(source(DAY), "q"),
            sql.render_audit(source(DAY), "t", "q"),
        )
    ]
    assert len(set(where)) == 1


def test_a_data_set_s_sql_is_its_own_also_where_the_package_has_one_of_its_name(own):
    namesake = replace(own, name="traffic", sql=own.sql.rename(own.sql.parent / "traffic"))
    rewrite(namesake, "transform.sql", "SELECT 'its own'")
    assert "SELECT 'its own'" in sql.render_stage(source(DAY, data_set=namesake), "t")


def test_only_the_raw_columns_that_are_used_are_named():
    statement = sql.render_stage(source(DAY), "t")
    assert '"tijd_waarneming"' in statement
    assert "harmonisch" not in statement
    assert "klasse1" not in statement


# Audits.


def test_every_audit_file_of_the_package_and_of_the_data_set_is_run():
    names = [audit["name"] for audit in sql.audit_files(TRAFFIC)]
    assert names == [
        "in_its_partition",
        "inside_slice",
        "one_row_per_section_and_minute",
        "values_in_their_domains",
    ]
    statement = sql.render_audit(source(DAY), "t", "q")
    for name in names:
        assert f'"audit_{name}" AS (' in statement
        assert f"'{name}' AS name" in statement


@pytest.mark.parametrize("folder", ["retime", "traffic"])
def test_every_audit_begins_with_what_it_protects(folder):
    files = sorted((ROOT / "include" / "sql" / folder / "audits").glob("*.sql"))
    assert files
    for file in files:
        assert file.read_text().startswith("-- Protects "), f"{file}: say what it protects"


def test_a_data_set_without_audits_has_the_package_s(own):
    shutil.rmtree(own.sql / "audits")
    assert [audit["name"] for audit in sql.audit_files(own)] == ["in_its_partition", "inside_slice"]


def test_an_audit_may_have_any_file_name(own):
    rewrite(own, "audits/no-jams.sql", "SELECT 'x' AS bad_row FROM staged")
    statement = sql.render_audit(source(DAY, data_set=own), "t", "q")
    assert '"audit_no-jams"' in statement


# Fingerprints.


def test_a_fingerprint_does_not_change_with_the_slice():
    others = [
        source(days("2024-03-28", "2024-03-31")),
        source(days("2023-12-31")),
        source(DAY, window=ArrivalWindow(start=utc(2024, 3, 28), end=utc(2024, 3, 28, 7))),
    ]
    assert {sql.fingerprint(other) for other in others} == {sql.fingerprint(source(DAY))}


def test_a_fingerprint_does_not_change_with_the_first_date_of_the_data_set():
    earlier = replace(TRAFFIC, start_date=days("2020-01-01").first_date)
    assert sql.fingerprint(source(DAY, data_set=earlier)) == sql.fingerprint(source(DAY))


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": {"points": [32]}},
        {"published": replace(TRAFFIC.published, partitioning=DAILY)},
        {"published": replace(TRAFFIC.published, columns={"recordtimestamp": "bigint"})},
        {"events": replace(TRAFFIC.events, latest=("changed_at",))},
        {"events": replace(TRAFFIC.events, look_back=TRAFFIC.events.late_after)},
    ],
)
def test_a_fingerprint_changes_with_the_data_set(changes):
    changed = replace(TRAFFIC, **changes)
    assert sql.fingerprint(source(DAY, data_set=changed)) != sql.fingerprint(source(DAY))


@pytest.mark.parametrize("file", ["events.sql", "transform.sql"])
def test_a_fingerprint_changes_with_the_sql(own, file):
    before = sql.fingerprint(source(DAY, data_set=own))
    rewrite(own, file, (own.sql / file).read_text() + " -- changed\n")
    assert sql.fingerprint(source(DAY, data_set=own)) != before


def test_a_fingerprint_changes_with_the_types_of_the_raw_columns():
    as_json = source(DAY, raw=raw_table(is_json=True))
    assert sql.fingerprint(as_json) != sql.fingerprint(source(DAY))


# Wrong templates.


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SELECT {{ lanes }}", "'lanes' is undefined"),
        ("SELECT {{ start", "expected 'end of print statement'"),
        ("{% for x in [1] %}", "Unexpected end of template"),
        ("{% include 'own/other.sql' %}", "own/other.sql"),
    ],
)
def test_a_template_that_cannot_be_rendered_is_told(own, text, problem):
    rewrite(own, "transform.sql", text)
    with pytest.raises(
        DataSetError, match="cannot be rendered for 'own'; fix the template: "
    ) as refusal:
        sql.render_stage(source(DAY, data_set=own), "t")
    assert problem in str(refusal.value)
    assert "own" in str(refusal.value).split(":", maxsplit=1)[0]


def test_a_raw_column_that_is_not_there_is_told_with_those_that_are(own):
    raw = raw_table()
    bare = replace(raw, columns={k: v for k, v in raw.columns.items() if k != "lve_nr"})
    with pytest.raises(DataSetError, match=r"db\.traffic_raw has no column 'lve_nr'; name one of"):
        sql.render_stage(source(DAY, raw=bare), "t")


def test_parameters_are_quoted_where_the_template_asks_for_literals():
    hostile = replace(TRAFFIC, parameters={"points": ["1'); DROP TABLE x; --"]})
    statement = sql.render_stage(source(DAY, data_set=hostile), "t")
    assert "IN ('1''); DROP TABLE x; --')" in statement
