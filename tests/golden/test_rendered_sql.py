"""The SQL that is sent to Athena: as expected to the letter, and as its own parser takes it.

The folders `parquet` and `json` hold the expected text of a slice's statements, for a raw table of
each format. After a deliberate change, RETIME_WRITE_GOLDEN=1 writes them again:

    RETIME_WRITE_GOLDEN=1 pytest tests/golden/test_rendered_sql.py
    git diff tests/golden

Read the difference before you commit it.
"""

import os
from datetime import timedelta
from pathlib import Path

import pytest
import sqlfluff
import trino_query_parser
import trino_sql_validator

from retime.calendar.partitions import partitions_of
from retime.dataset.reader import load_data_set
from retime.published.search import Search, Unread
from retime.statements import late
from retime.statements import rendering as sql
from tests.golden.cases import read_case
from tests.unit.samples import ROOT, days, raw_table, source, utc, with_grain

DATA_SETS = sorted((ROOT / "include" / "datasets").glob("*.yaml"))
KINDS = ["stage", "misfits", "quarantine", "audit", "find_late", "count_rows"]
GOLDEN = Path(__file__).parent
# The two cases that have least in common: numeric and text keys of the raw table, UTC and a zone
# with clock changes, partitions of a day and of an hour, all points and some.
CASES = {"parquet": "days_of_a_leap_february", "json": "clock_goes_back"}
TEXTS = [(folder, f"{kind}.sql") for folder in CASES for kind in KINDS]


@pytest.mark.parametrize(("folder", "name"), TEXTS)
def test_a_statement_is_as_expected(folder, name):
    statement = read_case(GOLDEN / CASES[folder]).statements()[name]
    path = GOLDEN / folder / name
    if os.environ.get("RETIME_WRITE_GOLDEN"):
        path.write_text(statement)
    assert statement == path.read_text(), f"{path} differs; {Path(__file__).name} says what to do"


def test_each_expected_text_is_of_a_case():
    assert sorted(GOLDEN.glob("*/*.sql")) == sorted(
        GOLDEN / folder / name for folder, name in TEXTS
    )


def render(kind: str, path, key_type: str, is_json: bool, grain: str) -> str:
    data_set = with_grain(load_data_set(path), grain)
    # Over the end of a year: a predicate of several terms.
    slice_ = days("2023-12-30", "2024-01-02")
    made = source(slice_, data_set=data_set, raw=raw_table(key_type=key_type, is_json=is_json))
    if kind == "stage":
        return sql.render_stage(made, '"db"."staging"')
    if kind == "misfits":
        return sql.render_misfits(made)
    if kind == "quarantine":
        return sql.render_quarantine(made, '"db"."quarantine"')
    if kind == "count_rows":
        return sql.render_count_rows(made, '"db"."staging"')
    if kind == "find_late":
        return render_find_late(data_set, made)
    return sql.render_audit(made, '"db"."staging"', '"db"."quarantine"')


def render_find_late(data_set, made) -> str:
    """The statement of a search with two stretches, over arrivals that are not in one piece."""
    partitions = {
        partition: Unread(
            since=since,
            through=since + timedelta(hours=9),
            known=0,
            events=1,
            is_last=False,
            is_missing=False,
        )
        for partition, since in zip(
            partitions_of(made.slice_, data_set.published.grain)[::2],
            (utc(2023, 12, 31, 20), utc(2024, 1, 2)),
            strict=False,
        )
    }
    search, period = Search(partitions=partitions), data_set.raw.period
    return sql.render_find_late(
        made,
        windows=late.arrivals_of(search, period),
        stretches=late.stretches_of(search, made.slice_, 1200, period),
        step=300,
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("grain", ["hour", "day"])
@pytest.mark.parametrize("is_json", [False, True], ids=["parquet", "json"])
@pytest.mark.parametrize("key_type", ["string", "bigint"])
@pytest.mark.parametrize("path", DATA_SETS, ids=lambda path: path.stem)
def test_every_statement_is_trino_s(path, key_type, is_json, grain, kind):
    statement = render(kind, path, key_type, is_json, grain)
    trino_query_parser.parse_statement(statement)
    result = trino_sql_validator.validate(statement, jinja="reject")
    assert result.valid, result.error
    assert result.warnings == ()
    assert result.statement_count == 1


@pytest.mark.parametrize("statement", ["SELEC 1", "SELECT (1", "SELECT 1 FROM"])
def test_the_parsers_refuse_what_is_no_sql(statement):
    with pytest.raises(trino_query_parser.TrinoSyntaxError):
        trino_query_parser.parse_statement(statement)
    assert not trino_sql_validator.validate(statement).valid


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", DATA_SETS, ids=lambda path: path.stem)
def test_every_statement_is_clean_to_sqlfluff(path, kind):
    statement = render(kind, path, "string", is_json=False, grain="hour")
    found = sqlfluff.lint(statement, dialect="athena", config_path=str(ROOT / "pyproject.toml"))
    told = [f"{f['code']} line {f['start_line_no']}: {f['description']}" for f in found]
    assert not told, "\n".join(told)
