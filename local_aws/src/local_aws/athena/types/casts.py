"""Trino's casts in DuckDB: what is refused, how numbers round, how texts are read."""

import json
from collections.abc import Callable
from dataclasses import replace

from local_aws.athena.types.failing import fail
from local_aws.athena.types.json_casts import can_be_from_json, can_be_json, from_json, to_json
from local_aws.athena.types.labels import labelled_type
from local_aws.athena.types.once import is_cheap, once
from local_aws.athena.types.rendering import render
from local_aws.athena.types.sqltypes import Type
from local_aws.athena.types.zones import instant, quote, rounded, utc, wall_clock

_WHOLE_TEXT = r"[\x00-\x20]*[+-]?\d+[\x00-\x20]*"
_NUMBER_TEXT = r"[\x00-\x20]*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?[\x00-\x20]*"
_DECIMAL_TEXT = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
# What Trino and DuckDB read alike; everything else is looked at by a function of ours.
_DATE_TEXT = r"\s*[+-]?\d{1,6}-\d{1,2}-\d{1,2}\s*"
# Dates that there are, so that a cast of what this fits does not fail.
PLAIN_DATE = (
    r"(\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)"
    r"|02-(0[1-9]|1\d|2[0-8]))|(\d\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)"
    r"-02-29)"
)
_MOMENT_TEXT = PLAIN_DATE + r"( ([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,3})?)?)?"
_LONG = 500
_CONTROLS = "".join(map(chr, range(1, 33)))
_UUID_TEXT = "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_MOMENTS = ("date", "timestamp", "timestamp with time zone")
# What a type that is not nested can be cast to, besides itself.
_NUMBERS = ("tinyint", "smallint", "integer", "bigint", "real", "double", "decimal")
_TARGETS = {
    **dict.fromkeys(("boolean", *_NUMBERS), ("boolean", *_NUMBERS, "varchar")),
    "varchar": ("boolean", *_NUMBERS, "char", "varbinary", *_MOMENTS, "time", "uuid"),
    "char": ("varchar",),
    "varbinary": ("uuid",),
    "date": ("varchar", *_MOMENTS),
    "time": ("varchar",),
    "timestamp": ("varchar", "time", *_MOMENTS),
    "timestamp with time zone": ("varchar", "time", *_MOMENTS),
    "interval day to second": ("varchar",),
    "interval year to month": ("varchar",),
    "uuid": ("varchar", "varbinary"),
}


def can_cast(source: Type, target: Type) -> bool:
    """Does Trino know the cast?"""
    if source.name == "unknown":
        return True
    if target.name == "json":
        return can_be_json(source)
    if source.name == "json":
        return can_be_from_json(target)
    if source.items or target.items:
        return (
            source.name == target.name
            and len(source.items) == len(target.items)
            and all(map(can_cast, source.items, target.items))
        )
    return source.name == target.name or target.name in _TARGETS.get(source.name, ())


def try_cast(sql: str, source: Type, target: Type, *, is_of_file: bool = False) -> str:
    """DuckDB text of TRY_CAST(sql AS target): NULL where the cast would fail.

    DuckDB's TRY goes row by row once a row fails, so text, where failing is usual, avoids it.
    """
    if target.is_text and source.is_text:
        return cast(sql, source, target)
    if source.is_text and target.name not in ("json", "timestamp with time zone"):
        share = _repeat if is_of_file else once
        return share(sql, lambda text: _from_text(text, target, lambda *_: "NULL"))
    return f"TRY({cast(sql, source, target, is_of_file=is_of_file)})"


def cast(sql: str, source: Type, target: Type, *, is_of_file: bool = False) -> str:
    """DuckDB text of CAST(sql AS target); fails as Trino's cast does.

    Call `can_cast` first. If it `is_of_file`, the text is repeated: it is the same in all rows of a
    file, and DuckDB works it out once.
    """
    if source == target:
        return sql
    if source.name == target.name == "timestamp with time zone" and not source.zone:
        moment = cast(utc(sql, source), replace(source, zone="UTC"), replace(target, zone="UTC"))
        if target.zone:
            return moment
        return f"CASE WHEN {sql} IS NOT NULL THEN {{'t': {moment}, 'o': ({sql}).o}} END"
    if source.name == "unknown":
        return f"CAST({sql} AS {target.duckdb})"
    share = _repeat if is_of_file else once
    ways: tuple[tuple[bool, Callable[[], str]], ...] = (
        (target.name == "json", lambda: to_json(sql, source)),
        (source.name == "json", lambda: _from_json(sql, target)),
        (target.is_text, lambda: _to_text(sql, source, target)),
        (source.is_text, lambda: share(sql, lambda text: _from_text(text, target, _refuse))),
        (bool(target.items), lambda: _nested(sql, source, target)),
        (target.is_number, lambda: _to_number(sql, source, target)),
    )
    for applies, make in ways:
        if applies:
            return make()
    if {source.name, target.name} == {"uuid", "varbinary"}:
        return _uuid(sql, target)
    return _between_moments(sql, source, target)


def with_short_way(text: str, target: Type, long_way: str) -> str:
    """DuckDB text of the cast of a text to a whole number: a short way for the plain ones.

    Args:
        text: DuckDB text of the text; blanks around it may be there still.
        target: an integer type.
        long_way: DuckDB text of the cast, right for all texts.
    """
    if not is_cheap(text):
        return long_way
    number = f"TRY_CAST({text} AS {target.duckdb})"
    return f"CASE WHEN CAST({number} AS VARCHAR) = {text} THEN {number} ELSE {long_way} END"


def _repeat(sql: str, make: Callable[[str], str]) -> str:
    """As `once`, for what is the same in a whole file: DuckDB works that out once by itself.

    But not in a lambda. Casts in casts would make a long text of it.
    """
    return make(sql) if len(sql) < _LONG else once(sql, make)


def _from_json(sql: str, target: Type) -> str:
    value = from_json(sql, target)
    return _fitted(value, target) if target.name == "varchar" and target.args else value


def _uuid(sql: str, target: Type) -> str:
    if target.name == "varbinary":
        return f"unhex(replace(CAST({sql} AS VARCHAR), '-', ''))"
    message = "'Invalid UUID binary length: ' || octet_length(" + sql + ")"
    bad = fail("INVALID_CAST_ARGUMENT", message, "UUID")
    return f"CASE WHEN octet_length({sql}) <> 16 THEN {bad} ELSE CAST(hex({sql}) AS UUID) END"


def _between_moments(sql: str, source: Type, target: Type) -> str:
    digits = (target.args or (3,))[0]
    if source.name == "timestamp with time zone" and target.name != source.name:
        sql = wall_clock(sql, source)
    is_finer = bool(source.args) and (source.args or (3,))[0] > digits
    if target.name == "time":
        if is_finer:
            sql = rounded(f"(DATE '2000-01-01' + {sql})" if source.name == "time" else sql, digits)
        return f"CAST({sql} AS TIME)"
    if target.name == "timestamp with time zone" and source.name in ("timestamp", "date"):
        sql = rounded(sql, digits) if is_finer else f"CAST({sql} AS TIMESTAMP)"
        return instant(sql, target.zone)
    if target.is_timestamp and source.is_timestamp and is_finer:
        return rounded(sql, digits)
    return f"CAST({sql} AS {target.duckdb})"


_SINGLE_OVERFLOW = "3.4028235677973366e38"


def _to_number(sql: str, source: Type, target: Type) -> str:
    if source.name not in ("double", "real"):
        return f"CAST({sql} AS {target.duckdb})"
    if target.name == "decimal":
        return once(sql, lambda value: _float_to_decimal(value, source, target))
    if target.name == "real":
        infinite = f"CAST(CASE WHEN {sql} > 0 THEN 'inf' ELSE '-inf' END AS FLOAT)"
        return (
            f"CASE WHEN abs({sql}) >= {_SINGLE_OVERFLOW} AND NOT isnan({sql}) THEN {infinite} "
            f"ELSE CAST({sql} AS FLOAT) END"
        )
    if target.is_integer:
        # Trino rounds half away from zero; DuckDB's cast rounds half to even.
        whole = f"CAST(round({sql}) AS {target.duckdb})"
        if target.name == "bigint" and source.name == "real":
            return (
                f"CASE WHEN isnan({sql}) THEN {whole} "
                f"WHEN {sql} >= 9223372036854775807 THEN 9223372036854775807 "
                f"WHEN {sql} <= -9223372036854775807 THEN -9223372036854775808 ELSE {whole} END"
            )
        return whole
    return f"CAST({sql} AS {target.duckdb})"


def _float_to_decimal(sql: str, source: Type, target: Type) -> str:
    # Of the shortest digits, which DuckDB prints where it needs no exponent.
    if source.name == "real":
        text = f"trino_plain_real_text({sql})"
    else:
        is_plain = f"abs({sql}) >= 1e-4 AND abs({sql}) < 1e15"
        text = f"CASE WHEN {is_plain} THEN CAST({sql} AS VARCHAR) ELSE trino_plain_text({sql}) END"
    message = (
        f"'Cannot cast {source.name.upper()} ''' || CAST({sql} AS VARCHAR) || "
        f"''' to {target.text.upper()}'"
    )
    bad = _refuse(message, target)
    value = f"TRY_CAST({text} AS {target.duckdb})"
    precision, scale = target.args
    quick = ""
    if source.name == "double" and precision > 18 and 1 <= scale <= 17:
        # DuckDB takes 5 microseconds to read a text as a decimal of more than 18 digits, and a
        # thirtieth of that to read it as one of 18.
        narrow = f"CAST(CAST(CAST({sql} AS VARCHAR) AS DECIMAL(18, {scale})) AS {target.duckdb})"
        quick = (
            f"WHEN ({sql} = 0 OR abs({sql}) >= 1e-4) AND abs({sql}) < 1e{18 - scale} - 1 "
            f"THEN {narrow} "
        )
    return (
        f"CASE {quick}WHEN NOT isfinite({sql}) THEN {bad} "
        f"WHEN {sql} IS NOT NULL AND {value} IS NULL THEN {bad} ELSE {value} END"
    )


def _refuse(message: str, target: Type) -> str:
    return fail("INVALID_CAST_ARGUMENT", message, target.duckdb)


def _from_text(sql: str, target: Type, refuse: Callable[[str, Type], str]) -> str:
    shown = {"integer": "INT"}.get(target.name, target.text.upper())
    otherwise = refuse(f"'Cannot cast ''' || {sql} || ''' to {shown}'", target)
    value = f"TRY_CAST({sql} AS {target.duckdb})"
    if target.is_integer:
        # DuckDB also takes '12.5', '1_000' and '1e3', and trims fewer characters.
        value = f"TRY_CAST(trim({sql}, {quote(_CONTROLS)}) AS {target.duckdb})"
        return _checked(sql, _WHOLE_TEXT, value, otherwise)
    if target.name in ("double", "real"):
        trimmed = f"rtrim(trim({sql}, {quote(_CONTROLS)}), 'dDfF')"
        number = f"TRY_CAST({trimmed} AS {target.duckdb})"
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
    if target.name == "date":
        return _checked(sql, _DATE_TEXT, value, otherwise)
    if target.name == "uuid":
        return _checked(sql, _UUID_TEXT, value, otherwise)
    return _moment_from_text(sql, target, value, otherwise)


def _moment_from_text(sql: str, target: Type, value: str, otherwise: str) -> str:
    digits = (target.args or (3,))[0]
    if target.name == "time":
        micros = f"trino_text_to_time({sql}, {digits})"
        read = f"CAST(make_timestamp({micros}) AS TIME)"
    else:
        name = "text" if target.name == "timestamp" else "zoned_text"
        micros = f"trino_{name}_to_micros({sql}, {digits})"
        read = f"make_timestamp({micros})"
    fast = ""
    if target.is_timestamp and digits >= 3:
        is_plain = f"regexp_full_match({sql}, {quote(_MOMENT_TEXT)})"
        fast = f"WHEN {is_plain} THEN {value} "
    return (
        f"CASE WHEN {sql} IS NULL THEN NULL {fast}WHEN {micros} IS NULL THEN {otherwise} "
        f"ELSE {read} END"
    )


def _checked(sql: str, pattern: str, value: str, otherwise: str, special: str = "") -> str:
    # A value of the right form may still be no date, or too large.
    read = f"CASE {special}WHEN regexp_full_match({sql}, {quote(pattern)}) THEN {value} END"
    if otherwise == "NULL":
        return read
    return f"coalesce({read}, CASE WHEN {sql} IS NOT NULL THEN {otherwise} END)"


def _to_text(sql: str, source: Type, target: Type) -> str:
    if source.is_text:
        if target.name == "char":
            # Cut, then padded; blanks at the end of a char mean nothing.
            return f"rpad({sql}, {target.args[0]}, ' ')"
        if not target.args or (source.args and source.args <= target.args):
            return sql
        return f"substr({sql}, 1, {target.args[0]})"
    return _fitted(_shown(sql, source), target)


def _shown(sql: str, source: Type) -> str:
    if source.name in ("double", "real"):
        return f"trino_{source.name}_to_varchar({sql})"
    return render(sql, source)


def _fitted(text: str, target: Type) -> str:
    if not target.args:
        return text
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
