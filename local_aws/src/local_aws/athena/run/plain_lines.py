"""Which lines DuckDB reads as `lines` does, so that none of them has to go through Python.

A JSON object without doubled names or upper-case letters in them, whose values have the plain form
of their column's type; and cells between delimiters of such a form. Who is in doubt says no.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from local_aws.athena.lines.delimited import Delimiters
from local_aws.athena.lines.plan import Column, LinePlan
from local_aws.athena.lines.quoted_csv import Marks
from local_aws.athena.lines.text_files import INVALID
from local_aws.athena.types.sqltypes import Type
from local_aws.athena.types.zones import quote

# Upper-case letters, escapes and letters beyond ASCII in a name; a comma that ends an object.
_ODD_JSON = r'[A-Z\\\x{80}-\x{10FFFF}][^"]*"\s*:|,\s*[}\]]'
# Names by which hcatalog takes the place of a column.
_PLACE_JSON = r'"_col[0-9]+"\s*:'
# A number that may have more digits than a double keeps.
_MANY_DIGITS = r":\s*-?[0-9][0-9.]{16}"
# What DuckDB takes for JSON, and the strict reader does not.
_NOT_STRICT = rf"{INVALID}|(?i:[:,\[]\s*-?(?:nan|inf))"
# A text column's value that is no text as written: objects, arrays, fractions, NaN and so on.
_ODD_TEXT = r"^(?:[{\[]|-?[0-9]+[.eE]|-?(?i:nan|inf))"
_DAY = r"[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-[0-9]{2}"
_FLOAT = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_MOMENT = _DAY + r"[ T](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,3})?"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainLines:
    """What DuckDB has to do for plain lines.

    Attributes:
        steps: columns that are computed one after the other, each a name and its DuckDB text. The
            last is `is_plain`.
        cells: DuckDB text over them: the text of each wanted column, if the line is plain.
    """

    steps: Sequence[tuple[str, str]]
    cells: Sequence[str]

    def over(self, source: str) -> str:
        """DuckDB text of a relation with the column `line`, and the steps."""
        for name, sql in self.steps:
            source = f"(SELECT *, {sql} AS {name} FROM {source})"
        return source


def plain_lines(plan: LinePlan, others: Sequence[Column]) -> PlainLines | None:
    """What DuckDB does for a table's plain lines; None if none is plain.

    Args:
        plan: how lines are read.
        others: the table's columns that are not wanted.

    Raises:
        Failure: NOT_SUPPORTED.
    """
    if plan.kind in ("openx", "json"):
        return _plain_json(plan, others)
    return _plain_csv(plan) if plan.kind == "opencsv" else _plain_delimited(plan)


def _plain_json(plan: LinePlan, others: Sequence[Column]) -> PlainLines | None:
    columns = [*plan.columns, *(one for one in others if not one.type.items)]
    is_openx = plan.kind == "openx"
    names = [_json_name(plan, one.name) for one in columns]
    has_dots = is_openx and plan.parameters.get("dots.in.keys", "").lower() == "true"
    if (
        has_dots
        or len({name.lower() for name in names}) < len(names)
        or any(not name or '"' in name or "\\" in name for name in names)
    ):
        return None
    # One pass over a line for the texts of all columns: a path for each takes twice as long.
    shape = quote(json.dumps(dict.fromkeys(names, "VARCHAR")))
    steps = [
        ("is_json", _is_json(is_openx=is_openx)),
        ("names", "CASE WHEN is_json THEN json_keys(line) END"),
        ("texts", f"CASE WHEN is_json THEN json_transform(line, {shape}) END"),
    ]
    texts = [f"struct_extract(texts, {quote(name)})" for name in names]
    cells, unread = texts[: len(plan.columns)], texts[len(plan.columns) :]
    wanted = list(zip(cells, plan.columns, strict=True))
    if is_openx:
        checks = [_is_plain_text(cell, one.type) for cell, one in wanted]
    else:
        kinds = f"json_type(line, {_paths(names[: len(cells)])})"
        steps.append(("kinds", f"CASE WHEN is_json THEN {kinds} END"))
        checks = [
            _is_plain_value(cell, f"kinds[{number}]", one.type)
            for number, (cell, one) in enumerate(wanted, 1)
        ]
    checks.append(_has_plain_names(texts, unread, is_openx=is_openx))
    if any(one.type.name in ("decimal", "real") for one in plan.columns):
        # DuckDB reads a number of JSON as double: with more digits it is another one.
        checks.append(f"NOT regexp_matches(line, {quote(_MANY_DIGITS)})")
    is_plain = f"CASE WHEN is_json THEN {' AND '.join(checks)} END"
    return PlainLines(steps=[*steps, ("is_plain", is_plain)], cells=cells)


def _is_json(*, is_openx: bool) -> str:
    # DuckDB takes a comma behind the last field.
    ends = " ".join(f"AND NOT ends_with(line, '{last}}}')" for last in ", \t")
    is_json = f"starts_with(line, '{{') AND ends_with(line, '}}') {ends}"
    is_json = f"CASE WHEN {is_json} THEN json_valid(line) END"
    if is_openx:
        return is_json
    return f"CASE WHEN NOT regexp_matches(line, {quote(_NOT_STRICT)}) THEN {is_json} END"


def _has_plain_names(texts: Sequence[str], unread: Sequence[str], *, is_openx: bool) -> str:
    """Is each name there once, in lower case, and one that means what it says?

    Args:
        texts: of the columns that are not nested.
        unread: those of them that are not wanted, and of which nothing else is checked.
        is_openx: else it is hcatalog.
    """
    # As many values as names: all are of columns. Inside of a nested value may be other names, or
    # a comma too many, which DuckDB takes; a wanted column with one is never plain.
    is_flat = f"len(names) = list_count([{', '.join(texts)}])"
    for text in unread:
        for mark in "{[":
            is_flat += f" AND NOT coalesce(starts_with({text}, '{mark}'), false)"
    odd = _ODD_JSON if is_openx else f"{_ODD_JSON}|{_PLACE_JSON}"
    has_odd = f"regexp_matches(line, {quote(odd)})"
    # Not by AND and OR, whose sides DuckDB works out for every line.
    is_once = "list_unique(names) = len(names)"
    return f"CASE WHEN {is_flat} THEN true WHEN {has_odd} THEN false ELSE {is_once} END"


def _paths(names: Sequence[str]) -> str:
    paths = (f'$."{name}"' for name in names)
    return f"[{', '.join(map(quote, paths))}]"


def _json_name(plan: LinePlan, name: str) -> str:
    if plan.kind != "openx":
        return name
    mapped = plan.parameters.get(f"mapping.{name}", name)
    is_folding = plan.parameters.get("case.insensitive", "true").lower() == "true"
    return mapped.lower() if is_folding else mapped


def _is_plain_text(cell: str, kind: Type) -> str:
    """Of the text of a value, be it a number or a text in JSON, or of a cell between delimiters."""
    if kind.is_text:
        return f"({cell} IS NULL OR NOT regexp_matches({cell}, {quote(_ODD_TEXT)}))"
    cast = f"TRY_CAST({cell} AS {kind.duckdb})"
    if kind.is_integer:
        # The one way to write a number: no sign, blank, fraction or leading zero.
        is_plain = f"CAST(TRY_CAST({cell} AS BIGINT) AS VARCHAR) = {cell}"
    elif kind.name in ("double", "real"):
        # Of the number -0 in JSON, DuckDB keeps no sign.
        has_sign = f"({cell} <> '0' OR NOT contains(line, '-0'))"
        is_plain = f"{_full(cell, _FLOAT)} AND {cast} IS NOT NULL AND {has_sign}"
        if kind.name == "real":
            is_plain = f"length({cell}) < 16 AND {is_plain}"
    elif kind.name == "decimal":
        is_plain = f"length({cell}) < 16 AND {_full(cell, '-?[0-9]+([.][0-9]+)?')}"
    elif kind.name == "boolean":
        is_plain = f"{cell} IN ('true', 'false')"
    elif kind.name == "date":
        is_plain = f"{_full(cell, _DAY)} AND {cast} IS NOT NULL"
    elif kind.name == "timestamp":
        is_plain = f"{_full(cell, _MOMENT)} AND {cast} IS NOT NULL"
    else:
        is_plain = "false"
    return f"({cell} IS NULL OR coalesce({is_plain}, false))"


def _is_plain_value(cell: str, json_kind: str, kind: Type) -> str:
    """Of a value whose type in JSON counts too, and that fails where it does not fit."""
    is_plain = _is_plain_text(cell, kind)
    if kind.is_integer:
        fits = f"TRY_CAST({cell} AS {kind.duckdb}) IS NOT NULL"
        is_plain = f"({is_plain} AND {json_kind} IN ('UBIGINT', 'BIGINT') AND {fits})"
    elif kind.name in ("double", "real"):
        is_plain = f"({is_plain} AND {json_kind} IN ('UBIGINT', 'BIGINT', 'DOUBLE'))"
    elif kind.name == "decimal":
        is_plain = f"({is_plain} AND TRY_CAST({cell} AS {kind.duckdb}) IS NOT NULL)"
    elif kind.is_text:
        is_plain = f"({is_plain} AND {json_kind} IN ('VARCHAR', 'UBIGINT', 'BOOLEAN'))"
    return f"({cell} IS NULL OR {is_plain})"


def _full(cell: str, pattern: str) -> str:
    return f"regexp_full_match({cell}, {quote(pattern)})"


def _plain_delimited(plan: LinePlan) -> PlainLines | None:
    delimiters = Delimiters(plan.parameters)
    if delimiters.last_takes_rest:
        return None
    null = quote(delimiters.null)
    pieces = ", ".join(f"nullif(pieces[{one.place + 1}], {null})" for one in plan.columns)
    separator = quote(delimiters.separators[0])
    escape = delimiters.escape
    is_split = f"NOT contains(line, {quote(escape)})" if escape else "true"
    cells = [f"given[{number}]" for number in range(1, len(plan.columns) + 1)]
    checks = [
        "true" if one.type.is_text else _is_plain_text(cell, one.type)
        for cell, one in zip(cells, plan.columns, strict=True)
    ]
    steps = [
        ("pieces", f"string_split(coalesce(line, ''), {separator})"),
        ("given", f"CASE WHEN {is_split} THEN [{pieces}] END"),
        ("is_plain", f"CASE WHEN given IS NOT NULL THEN {' AND '.join(checks)} END"),
    ]
    return PlainLines(steps=steps, cells=cells)


def _plain_csv(plan: LinePlan) -> PlainLines | None:
    marks = Marks.of(plan.parameters)
    if not all(one.type.is_text for one in plan.columns):
        return None
    is_plain = f"line <> '' AND NOT contains(line, {quote(marks.quote)})"
    is_plain = f"{is_plain} AND NOT contains(line, {quote(marks.escape)})"
    steps = [
        ("pieces", f"string_split(coalesce(line, ''), {quote(marks.separator)})"),
        ("is_plain", is_plain),
    ]
    return PlainLines(steps=steps, cells=[f"pieces[{one.place + 1}]" for one in plan.columns])
