"""Lines that DuckDB reads by itself are read as the readers in Python read them.

What those readers have to answer is recorded: see `test_files`. Here lines are made up by chance,
of values that one or the other could take for something else.
"""

import json
import random
from collections.abc import Callable, Sequence

import duckdb
import pytest

from local_aws.athena.functions.all import FUNCTIONS
from local_aws.athena.functions.registry import install
from local_aws.athena.lines.plan import Column, LinePlan
from local_aws.athena.run.line_rows import typed_cell
from local_aws.athena.run.plain_lines import plain_lines
from local_aws.athena.types.sqltypes import parse_type
from local_aws.athena.types.zones import quote

NAMES = ("a", "b", "c", "d", "e")
KINDS = [
    "boolean",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "float",
    "double",
    "decimal(10,2)",
    "decimal(38,10)",
    "string",
    "varchar(3)",
    "char(3)",
    "binary",
    "date",
    "timestamp",
    "array<int>",
    "map<string,int>",
    "struct<a:int,b:string>",
]
LITERALS = [
    "1",
    "-1",
    "0",
    "-0",
    "1.5",
    "1.50",
    "-0.0",
    "1e3",
    "1E400",
    "1e-400",
    "127",
    "128",
    "40000",
    "3000000000",
    "9223372036854775808",
    "1.005",
    "18446744073709551616",
    "0.1",
    "16777217",
    "0.30000000000000004",
    "123456789.12345678",
    "1711670400123",
    "true",
    "false",
    "null",
    "NaN",
    "-Infinity",
    "nan",
    "inf",
    "010",
    "0x1F",
    "+5",
    "1.",
    ".5",
    "TRUE",
    "NULL",
    "abc",
    "99999999.995",
    "59049807103.8660004",
    "0.00499999999999999999999",
    "16777217.000000000001",
    "1e22",
    "1e-7",
    "3.4028236e38",
    "[]",
    "[1,2]",
    "[1,]",
    "{}",
    '{"a":1}',
    '{"a":1,}',
    '{"A":2}',
    "'x'",
]
TEXTS = (
    *("", " 1", "1 ", "1_000", "+5", "01", "0x10", "true", "TRUE", "t", "nan", "Infinity", "1d"),
    *("2024-03-29", "2024-02-30", "2024-3-9", "0000-01-01", "2024-13-01", "1.5", "-", "9" * 19),
    *("2024-03-29 01:02:03", "2024-03-29 24:00:00", "2024-03-29T01:02:03.004Z", "12:30", "a:b"),
    *("2024-03-29T01:02:03+02:00", "2024-03-29 01:02:03.9996", "2024-03-29T01:02", "1.0E5"),
    *("{", "[1]", "é☃", "ab  ", "a\tb", "\\", '"', "</", "\x00", "😀", "\\N", "1,2", '"x"'),
)
PARAMETERS: dict[str, Sequence[dict[str, str]]] = {
    "openx": ({}, {}, {"case.insensitive": "false"}, {"mapping.a": "B"}, {"mapping.a": "b"}),
    "json": ({},),
    "text": ({"field.delim": ","}, {"field.delim": ",", "escape.delim": "\\"}),
    "opencsv": ({},),
}


def json_line(chance: random.Random) -> str:
    def value() -> str:
        text = json.dumps(chance.choice(TEXTS), ensure_ascii=chance.random() < 0.5)
        return chance.choice((chance.choice(LITERALS), text))

    names = chance.choices(NAMES, k=chance.randint(0, 5))
    if chance.random() < 0.8:
        names = list(dict.fromkeys(names))
    if chance.random() < 0.1:
        names.append(chance.choice(("other", "A", "É", "a b", "a\\u0062", "_col0", "_COL1")))
    blank = chance.choice(("", " "))
    fields = f",{blank}".join(f'"{name}":{blank}{value()}' for name in names)
    return f"{{{fields}{chance.choice(('}', '}', '}', '}', ',}', ', }', '} x', ''))}"


def delimited_line(chance: random.Random) -> str:
    return ",".join(chance.choices((*TEXTS, *LITERALS), k=chance.randint(0, 6)))


LINES: dict[str, Callable[[random.Random], str]] = {
    "openx": json_line,
    "json": json_line,
    "text": delimited_line,
    "opencsv": delimited_line,
}


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    opened = duckdb.connect()
    install(opened, FUNCTIONS)
    return opened


def plan_by_chance(kind: str, chance: random.Random) -> tuple[LinePlan, list[Column]]:
    """A plan, and the columns that are not wanted."""
    columns = [
        Column(
            name=name,
            type=parse_type("string" if kind == "opencsv" else chance.choice(KINDS)),
            place=place,
        )
        for place, name in enumerate(NAMES[: chance.randint(1, 5)])
    ]
    wanted = [one for one in columns if chance.random() < 0.7] or columns[:1]
    parameters = chance.choice(PARAMETERS[kind])
    plan = LinePlan(kind=kind, parameters=parameters, columns=wanted, width=len(columns))
    return plan, [one for one in columns if one not in wanted]


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("kind", LINES)
def test_plain_lines_are_read_as_python_reads_them(
    connection: duckdb.DuckDBPyConnection, kind: str, seed: int
) -> None:
    chance = random.Random(f"{kind} {seed}")
    plain = None
    while plain is None:
        plan, others = plan_by_chance(kind, chance)
        plain = plain_lines(plan, others)
    lines = [LINES[kind](chance) for _ in range(150)]
    source = plain.over("(SELECT unnest(CAST(? AS VARCHAR[])) AS line)")

    def row(cells: Sequence[str]) -> str:
        fields = (
            f"'{one.name}': {typed_cell(cell, one.type)}"
            for cell, one in zip(cells, plan.columns, strict=True)
        )
        return f"CAST({{{', '.join(fields)}}} AS VARCHAR)"

    own = f"trino_read_line(line, {quote(plan.text())}, 'file')"
    own_cells = [f"own[{number}]" for number in range(1, len(plan.columns) + 1)]
    found = connection.execute(
        f"SELECT line, {row(plain.cells)}, {row(own_cells)} "
        f"FROM (SELECT {own} AS own, * FROM {source} WHERE is_plain)",
        [lines],
    ).fetchall()
    assert [one for one in found if one[1] != one[2]] == []


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("boolean", "true"),
        ("tinyint", "-12"),
        ("smallint", "300"),
        ("int", "70000"),
        ("bigint", "1711670400123"),
        ("float", "1.5"),
        ("double", "-0.25"),
        ("decimal(10,2)", "12.34"),
        ("string", '"text"'),
        ("varchar(3)", '"text"'),
        ("char(3)", '"text"'),
        ("date", '"2024-03-29"'),
        ("timestamp", '"2024-03-29T01:02:03.004"'),
    ],
)
@pytest.mark.parametrize("kind", ["openx", "json", "text"])
def test_usual_values_need_no_python(
    connection: duckdb.DuckDBPyConnection, kind: str, column: str, text: str
) -> None:
    wanted = [Column(name="a", type=parse_type(column), place=0)]
    parameters = {"field.delim": ","} if kind == "text" else {}
    plan = LinePlan(kind=kind, parameters=parameters, columns=wanted, width=2)
    plain = plain_lines(plan, [Column(name="b", type=parse_type("int"), place=1)])
    assert plain is not None
    source = plain.over("(SELECT CAST(? AS VARCHAR) AS line)")
    line = text.strip('"') + ",1" if kind == "text" else f'{{"a": {text}, "b": 1}}'
    assert connection.execute(f"SELECT is_plain FROM {source}", [line]).fetchall() == [(True,)]


@pytest.mark.parametrize("kind", ["openx", "json"])
def test_a_line_of_many_columns_needs_no_python(
    connection: duckdb.DuckDBPyConnection, kind: str
) -> None:
    columns = [
        Column(name=f"c{place}", type=parse_type("int"), place=place) for place in range(2_000)
    ]
    plan = LinePlan(kind=kind, parameters={}, columns=columns[:2], width=len(columns))
    plain = plain_lines(plan, columns[2:])
    assert plain is not None
    source = plain.over("(SELECT CAST(? AS VARCHAR) AS line)")
    line = json.dumps({one.name: one.place for one in columns})
    asked = f"SELECT is_plain, {', '.join(plain.cells)} FROM {source}"
    assert connection.execute(asked, [line]).fetchall() == [(True, "0", "1")]
