"""Trino's casts in DuckDB: what is refused, how numbers round, how values become text.

Rows of the same translation table as `translate.py`, keyed by the types on both sides.
"""

import json
from collections.abc import Callable

from local_aws.athena.types.failing import fail
from local_aws.athena.types.labels import from_labels, labelled_type
from local_aws.athena.types.sqltypes import Type, common_type

_TIMESTAMP_TEXT = r"\s*\d{1,6}-\d{1,2}-\d{1,2}( \d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?)?\s*"
_DATE_TEXT = r"\s*[+-]?\d{1,6}-\d{1,2}-\d{1,2}\s*"
_WHOLE_TEXT = r"[+-]?\d+"
_NUMBER_TEXT = r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?\s*"
_DECIMAL_TEXT = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"


def quote(text: str) -> str:
    """A DuckDB text literal."""
    return "'" + text.replace("'", "''") + "'"


def can_cast(source: Type, target: Type) -> bool:
    """Does Trino know the cast?"""
    if source.name in ("unknown", target.name) and source.name != "row":
        return _items_can_cast(source, target)
    if "json" in (source.name, target.name):
        return True
    if source.items or target.items:
        return source.name == target.name and _items_can_cast(source, target)
    if target.is_text:
        return source.name != "varbinary"
    if source.is_text:
        return True
    if source.is_number or source.name == "boolean":
        return target.is_number or target.name == "boolean"
    return common_type(source, target) is not None or {source.name, target.name} <= {
        "date",
        "timestamp",
        "timestamp with time zone",
        "time",
    }


def _items_can_cast(source: Type, target: Type) -> bool:
    if source.name == "unknown" or not target.items:
        return True
    return len(source.items) == len(target.items) and all(
        can_cast(one, other) for one, other in zip(source.items, target.items, strict=True)
    )


def try_cast(sql: str, source: Type, target: Type) -> str:
    """DuckDB text of TRY_CAST(sql AS target): NULL where the cast would fail.

    DuckDB's TRY goes row by row once a row fails, so text, where failing is usual, avoids it.
    """
    if source.is_text and not target.is_text and target.name != "json":
        return _from_text(sql, target, lambda *_: "NULL")
    return f"TRY({cast(sql, source, target)})"


def cast(sql: str, source: Type, target: Type) -> str:
    """DuckDB text of CAST(sql AS target); fails as Trino's cast does.

    Call `can_cast` first.
    """
    if source == target:
        return sql
    if source.name == "unknown":
        return f"CAST({sql} AS {target.duckdb})"
    ways: tuple[tuple[bool, Callable[[], str]], ...] = (
        (target.name == "json", lambda: to_json(sql, source)),
        (source.name == "json", lambda: _from_json(sql, target)),
        (target.is_text, lambda: _to_text(sql, source, target)),
        (source.is_text, lambda: _from_text(sql, target, _refuse)),
        (bool(target.items), lambda: _nested(sql, source, target)),
        (target.is_number, lambda: _to_number(sql, source, target)),
    )
    for applies, make in ways:
        if applies:
            return make()
    return _between_moments(sql, source, target)


def _between_moments(sql: str, source: Type, target: Type) -> str:
    if source.name == "timestamp with time zone" and target.name in ("timestamp", "date", "time"):
        sql = wall_clock(sql, source)
    elif target.name == "timestamp with time zone" and source.name in ("timestamp", "date"):
        return instant(f"CAST({sql} AS TIMESTAMP)", target.zone)
    if target.is_timestamp and source.is_timestamp and target.args < source.args:
        return f"date_trunc('millisecond', {sql})"
    return f"CAST({sql} AS {target.duckdb})"


def wall_clock(sql: str, kind: Type) -> str:
    """The local time, as a naive timestamp, of an instant in its type's zone."""
    if kind.name != "timestamp with time zone" or kind.zone == "UTC":
        return sql
    return f"timezone({quote(kind.zone)}, timezone('UTC', {sql}))"


def instant(sql: str, zone: str) -> str:
    """The instant, as a naive timestamp in UTC, of a local time in `zone`."""
    if zone == "UTC":
        return sql
    return f"timezone('UTC', timezone({quote(zone)}, {sql}))"


def _to_number(sql: str, source: Type, target: Type) -> str:
    if target.is_integer and source.name in ("double", "real"):
        # Trino rounds half away from zero; DuckDB's cast rounds half to even.
        return f"CAST(round({sql}) AS {target.duckdb})"
    return f"CAST({sql} AS {target.duckdb})"


def _refuse(message: str, target: Type) -> str:
    return fail("INVALID_CAST_ARGUMENT", message, target.duckdb)


def _from_text(sql: str, target: Type, refuse: Callable[[str, Type], str]) -> str:
    shown = {"integer": "INT"}.get(target.name, target.text.upper())
    otherwise = refuse(f"'Cannot cast ''' || {sql} || ''' to {shown}'", target)
    value = f"TRY_CAST({sql} AS {target.duckdb})"
    if target.is_integer:
        # DuckDB also takes '12.5', ' 12', '1_000' and '1e3'.
        return _checked(sql, _WHOLE_TEXT, value, otherwise)
    if target.name in ("double", "real"):
        number = f"TRY_CAST(rtrim(trim({sql}), 'dDfF') AS {target.duckdb})"
        infinite = f"WHEN {sql} IN ('NaN', 'Infinity', '-Infinity', '+Infinity') THEN {value} "
        return _checked(sql, _NUMBER_TEXT, number, otherwise, infinite)
    if target.name == "decimal":
        return _checked(sql, _DECIMAL_TEXT, value, otherwise)
    if target.name == "boolean":
        return (
            f"CASE WHEN lower({sql}) IN ('t', 'true', '1') THEN true "
            f"WHEN lower({sql}) IN ('f', 'false', '0') THEN false "
            f"WHEN {sql} IS NOT NULL THEN {otherwise} END"
        )
    if target.name == "varbinary":
        return f"encode({sql})"
    otherwise = refuse(f"'Value cannot be cast to {target.name}: ' || {sql}", target)
    if target.name == "timestamp with time zone":
        value = f"make_timestamp(epoch_us(TRY_CAST({sql} AS TIMESTAMPTZ)))"
    pattern = {"date": _DATE_TEXT, "timestamp": _TIMESTAMP_TEXT}.get(target.name, ".*")
    return _checked(sql, pattern, value, otherwise)


def _checked(sql: str, pattern: str, value: str, otherwise: str, special: str = "") -> str:
    # A value of the right form may still be no date, or too large.
    return (
        f"CASE {special}WHEN {sql} IS NULL THEN NULL "
        f"WHEN regexp_full_match({sql}, {quote(pattern)}) AND {value} IS NOT NULL THEN {value} "
        f"ELSE {otherwise} END"
    )


def _to_text(sql: str, source: Type, target: Type) -> str:
    text = render(sql, source)
    if target.name == "char":
        return f"rpad({text}, {target.args[0]}, ' ')"
    if not target.args or (source.is_text and source.args and source.args <= target.args):
        return text
    if source.is_text:
        return f"substr({text}, 1, {target.args[0]})"
    message = f"'Value ' || {text} || ' cannot be represented as {target.text}'"
    return (
        f"CASE WHEN length({text}) > {target.args[0]} "
        f"THEN {_refuse(message, target)} ELSE {text} END"
    )


def _nested(sql: str, source: Type, target: Type) -> str:
    if source.name == "array":
        return f"list_transform({sql}, lambda x: {cast('x', source.items[0], target.items[0])})"
    if source.name == "map":
        keys = cast(f"map_keys({sql})", _array_of(source, 0), _array_of(target, 0))
        values = cast(f"map_values({sql})", _array_of(source, 1), _array_of(target, 1))
        return f"CASE WHEN {sql} IS NOT NULL THEN map({keys}, {values}) END"
    fields = ", ".join(
        f"'f{number}': {cast(f'({sql}).f{number}', one, other)}"
        for number, (one, other) in enumerate(zip(source.items, target.items, strict=True))
    )
    return f"CASE WHEN {sql} IS NOT NULL THEN {{{fields}}} END"


def _array_of(kind: Type, index: int) -> Type:
    return Type("array", items=(kind.items[index],))


def render(sql: str, kind: Type) -> str:
    """DuckDB text of a value's text form as Trino prints it (and Athena's results hold it)."""
    if kind.name in ("varchar", "char"):
        return sql
    if kind.name in ("double", "real"):
        return _render_double(sql)
    if kind.name == "timestamp":
        return _render_moment(sql, kind)
    if kind.name == "timestamp with time zone":
        return f"{_render_moment(wall_clock(sql, kind), kind)} || {quote(' ' + kind.zone)}"
    if kind.name == "time":
        return f"strftime(DATE '2000-01-01' + {sql}, '%H:%M:%S.%g')"
    if kind.name.startswith("interval"):
        return _render_interval(sql, kind)
    if kind.name == "varbinary":
        # Athena prints bytes as lower-case hex pairs.
        return f"regexp_replace(lower(hex({sql})), '(..)(?:$)?', '\\1 ', 'g').trim()"
    if kind.name == "json":
        return f"CAST({sql} AS VARCHAR)"
    if kind.items:
        return _render_nested(sql, kind)
    return f"CAST({sql} AS VARCHAR)"


def _render_moment(sql: str, kind: Type) -> str:
    digits = (kind.args or (3,))[0]
    if digits == 0:
        return f"strftime({sql}, '%Y-%m-%d %H:%M:%S')"
    if digits <= 3:
        return f"strftime({sql}, '%Y-%m-%d %H:%M:%S.%g')[:{20 + digits}]"
    return f"strftime({sql}, '%Y-%m-%d %H:%M:%S.%n')[:{20 + digits}]"


def _render_double(sql: str) -> str:
    # Java's Double.toString: 1.0, 1.0E7, 1.0E-5, NaN, Infinity.
    text = f"CAST({sql} AS VARCHAR)"
    exponent = f"CAST(floor(log10(abs({sql}))) AS INTEGER)"
    shortest = (
        f"CASE WHEN contains({text}, 'e') THEN regexp_replace(regexp_replace({text}, "
        f"'^(-?\\d)e', '\\1.0e'), 'e[+]?(-?)0*(\\d+)$', 'E\\1\\2') "
        f"ELSE regexp_replace(regexp_extract({text}, '^-?') || "
        f"regexp_extract(ltrim(replace(replace({text}, '-', ''), '.', ''), '0'), '^.') || '.' || "
        f"rtrim(ltrim(replace(replace({text}, '-', ''), '.', ''), '0')[2:], '0') || 'E' || "
        f"CAST({exponent} AS VARCHAR), '\\.E', '.0E') END"
    )
    return (
        f"CASE WHEN isnan({sql}) THEN 'NaN' "
        f"WHEN isinf({sql}) THEN CASE WHEN {sql} > 0 THEN 'Infinity' ELSE '-Infinity' END "
        f"WHEN {sql} = 0 OR abs({sql}) >= 1e-3 AND abs({sql}) < 1e7 THEN {text} "
        f"ELSE {shortest} END"
    )


def _render_interval(sql: str, kind: Type) -> str:
    if kind.name == "interval year to month":
        months = f"CAST(datepart('year', {sql}) * 12 + datepart('month', {sql}) AS BIGINT)"
        return f"CAST({months} // 12 AS VARCHAR) || '-' || CAST({months} % 12 AS VARCHAR)"
    milliseconds = f"CAST(round(epoch({sql}) * 1000) AS BIGINT)"
    return (
        f"CASE WHEN {milliseconds} < 0 THEN '-' ELSE '' END || "
        f"CAST(abs({milliseconds}) // 86400000 AS VARCHAR) || ' ' || strftime("
        f"epoch_ms(abs({milliseconds}) % 86400000), '%H:%M:%S.%g')"
    )


def _render_nested(sql: str, kind: Type) -> str:
    if kind.name == "array":
        item = f"coalesce({render('x', kind.items[0])}, 'null')"
        joined = f"array_to_string(list_transform({sql}, lambda x: {item}), ', ')"
        return f"CASE WHEN {sql} IS NOT NULL THEN '[' || {joined} || ']' END"
    if kind.name == "map":
        value = f"coalesce({render('e.value', kind.items[1])}, 'null')"
        item = f"{render('e.key', kind.items[0])} || '=' || {value}"
        joined = f"array_to_string(list_transform(map_entries({sql}), lambda e: {item}), ', ')"
        return f"CASE WHEN {sql} IS NOT NULL THEN '{{' || {joined} || '}}' END"
    fields = " || ', ' || ".join(
        f"{quote((label or f'field{number}') + '=')} || "
        f"coalesce({render(f'({sql}).f{number}', item)}, 'null')"
        for number, (label, item) in enumerate(zip(kind.labels, kind.items, strict=True))
    )
    return f"CASE WHEN {sql} IS NOT NULL THEN '{{' || {fields} || '}}' END"


def to_json(sql: str, kind: Type) -> str:
    """DuckDB text of CAST(sql AS JSON)."""
    if kind.name in ("bigint", "integer", "smallint", "tinyint", "boolean", "double", "real"):
        return f"to_json({sql})"
    if kind.name == "varchar" or kind.name == "char":
        return f"to_json({sql})"
    if kind.name == "decimal":
        return f"CAST(CAST({sql} AS VARCHAR) AS JSON)"
    if kind.name == "array":
        item = to_json("x", kind.items[0])
        return f"to_json(list_transform({sql}, lambda x: {item}))"
    if kind.name == "row":
        fields = ", ".join(
            f"{quote(label or '')}, {to_json(f'({sql}).f{number}', item)}"
            for number, (label, item) in enumerate(zip(kind.labels, kind.items, strict=True))
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN json_object({fields}) END"
    if kind.name == "map":
        keys = f"list_transform(map_keys({sql}), lambda k: {render('k', kind.items[0])})"
        values = f"list_transform(map_values({sql}), lambda v: {to_json('v', kind.items[1])})"
        # Trino writes a map's keys sorted.
        pairs = f"list_sort(list_zip({keys}, {values}))"
        return f"CASE WHEN {sql} IS NOT NULL THEN to_json(map_from_entries({pairs})) END"
    return f"to_json({render(sql, kind)})"


def _from_json(sql: str, target: Type) -> str:
    if target.is_text:
        return f"json_extract_string({sql}, '$')"
    value = f"json_transform_strict({sql}, {quote(json_structure(target))})"
    return f"CAST({from_labels(value, target)} AS {target.duckdb})"


def json_structure(kind: Type) -> str:
    """The shape that DuckDB's json_transform takes, as JSON text, with rows' own labels."""
    if kind.name == "array":
        return f"[{json_structure(kind.items[0])}]"
    if kind.name == "row":
        fields = ", ".join(
            f"{json.dumps(label or '')}: {json_structure(item)}"
            for label, item in zip(kind.labels, kind.items, strict=True)
        )
        return f"{{{fields}}}"
    return json.dumps(labelled_type(kind))
