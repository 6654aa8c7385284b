"""Dates and times: fields, units, formats, zones.

A timestamp with time zone is a naive timestamp in UTC here, with the zone in its static type; or,
where each value has an offset of its own, a row of both.
"""

from dataclasses import replace
from typing import Any

from local_aws.athena.compile.compiler import (
    Compiler,
    FunctionHandler,
    Handler,
    call,
    coerce,
    mismatch,
    position,
    unexpected,
    utc_of,
)
from local_aws.athena.compile.operators import local_instant, need_zone, rezoned, shown_in
from local_aws.athena.compile.plan import Expr
from local_aws.athena.errors import QueryError
from local_aws.athena.functions import moments as moment_functions
from local_aws.athena.functions.moment_formats import joda_parts, mysql_parts
from local_aws.athena.functions.registry import Failure
from local_aws.athena.types.casts import PLAIN_DATE, cast
from local_aws.athena.types.failing import fail
from local_aws.athena.types.once import once
from local_aws.athena.types.sqltypes import (
    BIGINT,
    DATE,
    DOUBLE,
    TIMESTAMP,
    TIMESTAMP_TZ,
    VARCHAR,
    Type,
)
from local_aws.athena.types.zones import instant, offset_text, quote, rounded, wall_clock

# Trino's name of a field -> DuckDB's function of a local time.
_FIELDS = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "day": "day",
    "hour": "hour",
    "minute": "minute",
    "second": "second",
    "week": "weekofyear",
    "day_of_month": "day",
    "day_of_week": "isodow",
    "dow": "isodow",
    "day_of_year": "dayofyear",
    "doy": "dayofyear",
    "week_of_year": "weekofyear",
    "year_of_week": "isoyear",
    "yow": "isoyear",
}
_CLOCK = ("millisecond", "second", "minute", "hour")
_UNITS = (*_CLOCK, "day", "week", "month", "quarter", "year")
# Letters that strftime prints as date_format does.
_PLAIN_MYSQL = {
    "a": "%a", "b": "%b", "c": "%-m", "d": "%d", "e": "%-d", "H": "%H", "h": "%I", "I": "%I",
    "i": "%M", "j": "%j", "k": "%-H", "l": "%-I", "M": "%B", "m": "%m", "p": "%p", "S": "%S",
    "s": "%S", "W": "%A", "Y": "%Y", "y": "%y",
}  # fmt: skip


def _text(compiler: Compiler, node: Any, what: str) -> Expr:
    expr = compiler.expr(node)
    if expr.type.name not in ("varchar", "unknown"):
        raise unexpected(what, [expr.type], node)
    return coerce(expr, VARCHAR)


def _moment(expr: Expr, node: Any, what: str, *, takes_time: bool = False) -> Expr:
    if expr.type.name == "unknown":
        return expr.become("CAST(NULL AS DATE)", DATE)
    if expr.type.name == "time" and takes_time:
        return expr
    if expr.type.name != "date" and not expr.type.is_timestamp:
        raise QueryError(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters ({expr.type.text}) for "
            f"function {what}. Expected: {what}(date), {what}(timestamp(p)), "
            f"{what}(timestamp(p) with time zone)",
            position(node),
        )
    return expr


def local(expr: Expr) -> str:
    """The local time of a date, time or timestamp, as a naive timestamp."""
    if expr.type.name == "time":
        return f"(DATE '1970-01-01' + {expr.sql})"
    return wall_clock(expr.sql, expr.type)


def _from_local(expr: Expr, sql: str) -> str:
    # A local time as a value of the type of another.
    if expr.type.name in ("date", "time"):
        return f"CAST({sql} AS {expr.type.duckdb})"
    if expr.type.name == "timestamp with time zone":
        return rezoned(expr, local_instant(expr, sql))
    return sql


def _fields_fit(name: str, kind: Type) -> bool:
    if kind.name == "date":
        return name not in ("hour", "minute", "second", "millisecond")
    if kind.name == "time":
        return name in ("hour", "minute", "second", "millisecond")
    return True


def moment_field(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """YEAR(x), HOUR(x) and the like: of the local time."""
    name = node.qualifiedName().getText().lower()
    expr = compiler.expr(arguments[0])
    if expr.type.name.startswith("interval"):
        return _interval_field(name, expr, "FUNCTION_NOT_FOUND", node)
    expr = _moment(expr, arguments[0], name, takes_time=True)
    if expr.type.name == "time" and not _fields_fit(name, expr.type):
        raise unexpected(name, [expr.type], node)
    return _field(name, expr, node)


def extract(compiler: Compiler, node: Any) -> Expr:
    """EXTRACT(field FROM x)."""
    name = node.identifier().getText().lower()
    expr = compiler.expr(node.valueExpression())
    if name not in (*_FIELDS, "timezone_hour", "timezone_minute"):
        message = f"Invalid EXTRACT field: {name}"
        raise QueryError("SYNTAX_ERROR", message, position(node))
    if expr.type.name.startswith("interval"):
        return _interval_field(name, expr, "TYPE_MISMATCH", node)
    is_zoned = expr.type.name == "timestamp with time zone"
    is_moment = expr.type.name in ("date", "time", "unknown") or expr.type.is_timestamp
    if (
        not is_moment
        or not _fields_fit(name, expr.type)
        or (name.startswith("timezone") and not is_zoned)
    ):
        raise mismatch(f"Cannot extract {name.upper()} from {expr.type.text}", node)
    if name.startswith("timezone"):
        minutes = _offset_minutes(expr)
        sql = f"{minutes} // 60" if name == "timezone_hour" else f"{minutes} % 60"
        return call(f"CAST({sql} AS BIGINT)", BIGINT, [expr], node)
    return _field(name, _moment(expr, node.valueExpression(), name, takes_time=True), node)


def _offset_minutes(expr: Expr) -> str:
    if not expr.type.zone:
        return f"({expr.sql}).o"
    return f"CAST(epoch({local(expr)} - {utc_of(expr)}) // 60 AS BIGINT)"


def _field(name: str, expr: Expr, node: Any) -> Expr:
    if name == "millisecond":
        return call(f"CAST(millisecond({local(expr)}) % 1000 AS BIGINT)", BIGINT, [expr], node)
    return call(f"{_FIELDS[name]}({local(expr)})", BIGINT, [expr], node)


def _interval_field(name: str, expr: Expr, error: str, node: Any) -> Expr:
    months = f"(datepart('year', {expr.sql}) * 12 + datepart('month', {expr.sql}))"
    millis = f"CAST(round(epoch({expr.sql}) * 1000) AS BIGINT)"
    known = (
        {"year": f"{months} // 12", "month": f"{months} % 12"}
        if expr.type.name == "interval year to month"
        else {
            "day": f"{millis} // 86400000",
            "day_of_month": f"{millis} // 86400000",
            "hour": f"{millis} // 3600000 % 24",
            "minute": f"{millis} // 60000 % 60",
            "second": f"{millis} // 1000 % 60",
            "millisecond": f"{millis} % 1000",
        }
    )
    if name not in known:
        raise QueryError(
            error, f"Cannot extract {name.upper()} from {expr.type.text}", position(node)
        )
    return call(f"CAST({known[name]} AS BIGINT)", BIGINT, [expr], node)


def _unit(compiler: Compiler, argument: Any, kind: Type) -> str:
    expr = compiler.expr(argument)
    if not isinstance(expr.literal, str):
        if expr.type.name == "unknown":
            return ""
        message = "local_aws takes a literal for a unit of time"
        raise QueryError("NOT_SUPPORTED", message, position(argument))
    unit = expr.literal.lower()
    is_known = unit in _UNITS and not (kind.name == "date" and unit in _CLOCK)
    if not is_known or (kind.name == "time" and unit not in _CLOCK):
        message = f"'{expr.literal}' is not a valid {kind.name.upper()} field"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message, position(argument))
    return unit


def date_trunc(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """DATE_TRUNC(unit, x): in local time; stays the type it is."""
    expr = _moment(compiler.expr(arguments[1]), arguments[1], "date_trunc", takes_time=True)
    unit = _unit(compiler, arguments[0], expr.type)
    kind = expr.type
    if not unit:
        return call(f"CAST(NULL AS {kind.duckdb})", kind, [expr], node)
    cut = f"date_trunc({quote(unit)}, {local(expr)})"
    if kind.name == "timestamp with time zone" and kind.zone != "UTC" and unit in _CLOCK:
        # By what is cut off: a local hour that comes twice a year would be ambiguous.
        moved = f"({utc_of(expr)} - ({local(expr)} - {cut}))"
        return call(rezoned(expr, moved), kind, [expr], node)
    return call(_from_local(expr, cut), kind, [expr], node)


def date_add(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """DATE_ADD(unit, n, x): days and longer by the local calendar."""
    expr = compiler.expr(arguments[2])
    if expr.type.name == "unknown":
        message = "local_aws adds nothing to a NULL without a type"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    expr = _moment(expr, arguments[2], "date_add", takes_time=True)
    unit = _unit(compiler, arguments[0], expr.type)
    count = compiler.expr(arguments[1])
    kind = expr.type
    if not count.type.is_integer and count.type.name != "unknown":
        raise unexpected("date_add", [count.type], node)
    count = coerce(count, BIGINT)
    if not unit:
        return call(f"CAST(NULL AS {kind.duckdb})", kind, [expr, count], node)
    step = {"quarter": ("MONTH", 3), "week": ("DAY", 7)}.get(unit, (unit.upper(), 1))
    moved = f"to_{step[0].lower()}s(CAST({count.sql} * {step[1]} AS {_step_type(step[0])}))"
    if kind.name == "timestamp with time zone" and unit in _CLOCK:
        return call(rezoned(expr, f"({utc_of(expr)} + {moved})"), kind, [expr, count], node)
    return call(_from_local(expr, f"({local(expr)} + {moved})"), kind, [expr, count], node)


def _step_type(unit: str) -> str:
    if unit in ("DAY", "MONTH", "YEAR"):
        return "INTEGER"
    return "DOUBLE" if unit in ("SECOND", "MILLISECOND") else "BIGINT"


def date_diff(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """DATE_DIFF(unit, a, b): whole units between, where DuckDB's counts borders."""
    low = _moment(compiler.expr(arguments[1]), arguments[1], "date_diff", takes_time=True)
    high = _moment(compiler.expr(arguments[2]), arguments[2], "date_diff", takes_time=True)
    unit = _unit(compiler, arguments[0], low.type if low.type.name != "date" else high.type)
    if not unit:
        return call("CAST(NULL AS BIGINT)", BIGINT, [low, high], node)
    short = unit in _CLOCK
    # Days and longer by the local calendar of the first.
    texts = [
        utc_of(one) if short and one.type.name != "time" else local(one) for one in (low, high)
    ]
    if not short and "timestamp with time zone" in (low.type.name, high.type.name):
        same = low.type == high.type and low.type.zone
        texts = [local(one) if same else _beside(one, low) for one in (low, high)]
    texts = [f"CAST({text} AS TIMESTAMP)" for text in texts]
    if unit == "millisecond":
        texts = [f"date_trunc('millisecond', {text})" for text in texts]
    return call(f"date_sub({quote(unit)}, {texts[0]}, {texts[1]})", BIGINT, [low, high], node)


def _beside(one: Expr, first: Expr) -> str:
    if one.type.name != "timestamp with time zone":
        return local(one)
    if first.type.zone or first.type.name != "timestamp with time zone":
        return wall_clock(utc_of(one), replace(one.type, zone=first.type.zone))
    return f"({utc_of(one)} + to_minutes(({first.sql}).o))"


def date(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """DATE(x): CAST(x AS DATE)."""
    expr = compiler.expr(arguments[0])
    if expr.type.name != "varchar":
        expr = _moment(expr, arguments[0], "date")
    return call(cast(expr.sql, expr.type, DATE), DATE, [expr], node)


def from_unixtime(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """FROM_UNIXTIME(seconds[, zone]): the instant, to the millisecond."""
    seconds = compiler.expr(arguments[0])
    if len(arguments) > 2:
        raise QueryError("NOT_SUPPORTED", "local_aws takes a zone's name here", position(node))
    if not seconds.type.is_number and seconds.type.name != "unknown":
        raise unexpected("from_unixtime", [seconds.type], node)
    made = call(_from_seconds(seconds), TIMESTAMP_TZ, [seconds], node)
    if len(arguments) == 1:
        return made
    return shown_in(made, _zone(compiler, arguments[1]), node)


def _from_seconds(seconds: Expr) -> str:
    if seconds.type.name == "unknown":
        return "CAST(NULL AS TIMESTAMP)"
    if seconds.type.is_integer:
        # The factor is typed, or a product of integers would overflow.
        return f"make_timestamp({seconds.sql} * CAST(1000000 AS BIGINT))"
    number = f"CAST({seconds.sql} AS DOUBLE)"
    far = fail("INVALID_FUNCTION_ARGUMENT", "'Millis overflow'", "TIMESTAMP")
    millis = f"CAST(floor({number} * 1000 + 0.5) AS BIGINT)"
    return (
        f"CASE WHEN isnan({number}) THEN TIMESTAMP '1970-01-01' WHEN abs({number}) > 7.3e13 "
        f"THEN {far} ELSE make_timestamp({millis} * 1000) END"
    )


def to_unixtime(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """TO_UNIXTIME(x): seconds since 1970, a double."""
    expr = _moment(compiler.expr(arguments[0]), arguments[0], "to_unixtime")
    return call(f"epoch({utc_of(expr)})", DOUBLE, [expr], node)


# DuckDB takes the hour 24 for the next day.
_ISO_TEXT = (
    PLAIN_DATE + r"T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-](0\d|1[0-3]):[0-5]\d)?"
)


def from_iso8601_timestamp(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """FROM_ISO8601_TIMESTAMP(text): the instant, shown with the offset that the text has."""
    text = compiler.expr(arguments[0])
    if not text.type.is_text and text.type.name != "unknown":
        raise unexpected("from_iso8601_timestamp", [text.type], node)
    if isinstance(text.literal, str):
        known = _iso_literal(text.literal, node)
        if known is not None:
            return known
    kind = replace(TIMESTAMP_TZ, zone="")
    if text.type.name == "unknown":
        return call(f"CAST(NULL AS {kind.duckdb})", kind, [text], node)
    made = call(once(text.sql, _iso_moment), kind, [text], node)
    return replace(made, instant=once(text.sql, _iso_instant))


def _iso_instant(text: str) -> str:
    return _iso_read(text, _whole_millis(text), f"make_timestamp((trino_iso_moment({text})).t)")


def _iso_moment(text: str) -> str:
    end = f"{text}[-6:]"
    minutes = f"CAST({end}[2:3] AS INTEGER) * 60 + CAST({end}[5:6] AS INTEGER)"
    offset = f"CASE {end}[1] WHEN '+' THEN {minutes} WHEN '-' THEN -({minutes}) ELSE 0 END"
    moment = f"{{'t': {_whole_millis(text)}, 'o': CAST({offset} AS INTEGER)}}"
    other = once(
        f"trino_iso_moment({text})",
        lambda row: f"{{'t': make_timestamp(({row}).t), 'o': ({row}).o}}",
    )
    return _iso_read(text, moment, other)


def _iso_read(text: str, plain: str, other: str) -> str:
    """DuckDB text of `plain` where DuckDB reads the text as Trino does, else of `other`.

    The pattern alone says where: it fits no text that DuckDB cannot cast.
    """
    is_plain = f"regexp_full_match({text}, {quote(_ISO_TEXT)})"
    # Not by coalesce: DuckDB 1.5 crashed where a function of Python's stood in one.
    return f"CASE WHEN {is_plain} THEN {plain} ELSE {other} END"


def _whole_millis(text: str) -> str:
    # Cut downwards: epoch_ms cuts towards 1970. A cast to TIMESTAMP would leave the offset out, and
    # what DuckDB does with a TIMESTAMPTZ is slow.
    micros = f"epoch_us(TRY_CAST({text} AS TIMESTAMPTZ))"
    return f"date_trunc('millisecond', make_timestamp({micros}))"


def _iso_literal(text: str, node: Any) -> Expr | None:
    try:
        moment, minutes = moment_functions.iso_moment(text)
    except Failure:
        return None  # it fails when it is run, or not at all
    sign = "-" if minutes < 0 else "+"
    zone = f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}" if minutes else "UTC"
    sql = f"make_timestamp({moment})"
    return Expr(sql=sql, type=replace(TIMESTAMP_TZ, zone=zone), at=position(node))


def from_iso8601_date(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """FROM_ISO8601_DATE(text)."""
    text = _text(compiler, arguments[0], "from_iso8601_date")
    return call(f"trino_iso_date({text.sql})", DATE, [text], node)


def to_iso8601(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """TO_ISO8601(x)."""
    expr = _moment(compiler.expr(arguments[0]), arguments[0], "to_iso8601")
    if expr.type.name == "date":
        text = f"strftime({expr.sql}, '%Y-%m-%d')"
        return call(text, Type("varchar", (16,)), [expr], node)
    digits = expr.type.args[0]
    length = 22 + (digits + 1 if digits else 0)
    cut = f"[:{20 + digits}]" if digits else "[:19]"
    text = f"strftime({local(expr)}, '%Y-%m-%dT%H:%M:%S.%f'){cut}"
    if expr.type.name == "timestamp with time zone":
        length += 6
        text += f" || {_iso_offset(expr)}"
    return call(f"({text})", Type("varchar", (length,)), [expr], node)


def _iso_offset(expr: Expr) -> str:
    if expr.type.zone == "UTC":
        return "'Z'"
    return f"replace({offset_text(_offset_minutes(expr))}, 'UTC', 'Z')"


def _pattern(compiler: Compiler, argument: Any, parts: Any) -> str:
    pattern = compiler.expr(argument)
    if not isinstance(pattern.literal, str):
        message = "local_aws takes a literal for a format"
        raise QueryError("NOT_SUPPORTED", message, position(argument))
    try:
        parts(pattern.literal)
    except Failure as failure:
        name, _, message = str(failure)[1:].partition(": ")
        raise QueryError(name, message, position(argument)) from None
    return pattern.literal


def date_format(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """DATE_FORMAT(x, format): MySQL's letters."""
    expr = _moment(compiler.expr(arguments[0]), arguments[0], "date_format")
    pattern = _pattern(compiler, arguments[1], mysql_parts)
    plain = _strftime_pattern(pattern)
    sql = (
        f"strftime({local(expr)}, {quote(plain)})"
        if plain is not None
        else f"trino_mysql_format({_to_millis(expr)}, {quote(pattern)})"
    )
    return call(sql, VARCHAR, [expr], node)


def _to_millis(expr: Expr) -> str:
    sql = f"CAST({local(expr)} AS TIMESTAMP)"
    return rounded(sql, 3) if expr.type.is_timestamp and expr.type.args[0] > 3 else sql


def _strftime_pattern(pattern: str) -> str | None:
    """The same for strftime; None if that has not all of it."""
    made, letters = "", iter(pattern)
    for letter in letters:
        if letter != "%":
            made += letter
            continue
        known = _PLAIN_MYSQL.get(next(letters, ""))
        if known is None:
            return None
        made += known
    return made


def date_parse(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """DATE_PARSE(text, format): MySQL's letters; a timestamp."""
    text = _text(compiler, arguments[0], "date_parse")
    pattern = _pattern(compiler, arguments[1], mysql_parts)
    sql = f"trino_mysql_parse({text.sql}, {quote(pattern)})"
    return call(sql, TIMESTAMP, [text], node)


def format_datetime(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """FORMAT_DATETIME(x, format): Joda's letters."""
    expr = _moment(compiler.expr(arguments[0]), arguments[0], "format_datetime")
    pattern = _pattern(compiler, arguments[1], joda_parts)
    zone = quote("UTC")
    is_zoned = expr.type.name == "timestamp with time zone"
    if not is_zoned and any(letter in ("z", "Z") for letter, _, _ in joda_parts(pattern)):
        message = "format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z' in format"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message, position(node))
    if expr.type.name == "timestamp with time zone":
        zone = quote(expr.type.zone) if expr.type.zone else offset_text(f"({expr.sql}).o")
    sql = f"trino_joda_format({_to_millis(expr)}, {zone}, {quote(pattern)})"
    return call(sql, VARCHAR, [expr], node)


def parse_datetime(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """PARSE_DATETIME(text, format): Joda's letters; an instant, with the offset of the text."""
    text = _text(compiler, arguments[0], "parse_datetime")
    pattern = _pattern(compiler, arguments[1], joda_parts)
    parsed = f"trino_joda_parse({text.sql}, {quote(pattern)})"
    if any(letter in ("z", "Z") for letter, _, _ in joda_parts(pattern)):
        return call(parsed, replace(TIMESTAMP_TZ, zone=""), [text], node)
    return call(f"({parsed}).t", TIMESTAMP_TZ, [text], node)


def at_timezone(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """AT_TIMEZONE(x, zone): x AT TIME ZONE zone."""
    return shown_in(compiler.expr(arguments[0]), _zone(compiler, arguments[1]), node)


def with_timezone(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """WITH_TIMEZONE(timestamp, zone): the instant of a local time."""
    expr = compiler.expr(arguments[0])
    zone = need_zone(_zone(compiler, arguments[1]), node)
    if expr.type.name == "unknown":
        expr = coerce(expr, TIMESTAMP)
    expr = expr if expr.type == TIMESTAMP else _moment(expr, arguments[0], "with_timezone")
    digits = expr.type.args[0] if expr.type.is_timestamp else 0
    kind = Type("timestamp with time zone", (digits,), zone=zone)
    return call(instant(f"CAST({expr.sql} AS TIMESTAMP)", zone), kind, [expr], node)


def _zone(compiler: Compiler, argument: Any) -> str:
    zone = compiler.expr(argument).literal
    if not isinstance(zone, str):
        message = "local_aws takes a literal for a zone"
        raise QueryError("NOT_SUPPORTED", message, position(argument))
    return zone


def now(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """NOW(): the start of the statement."""
    del arguments
    sql = f"make_timestamp({compiler.scope.session.now_us // 1000 * 1000})"
    return Expr(sql=sql, type=TIMESTAMP_TZ, at=position(node))


def last_day_of_month(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """LAST_DAY_OF_MONTH(x)."""
    expr = _moment(compiler.expr(arguments[0]), arguments[0], "last_day_of_month")
    return call(f"last_day({local(expr)})", DATE, [expr], node)


NODES: dict[str, Handler] = {"Extract": extract}
"""Alternatives of the grammar -> what compiles them."""

FUNCTIONS: dict[str, FunctionHandler] = {
    **dict.fromkeys(_FIELDS, moment_field),
    "millisecond": moment_field,
    "date_trunc": date_trunc,
    "date_add": date_add,
    "date_diff": date_diff,
    "date": date,
    "from_unixtime": from_unixtime,
    "to_unixtime": to_unixtime,
    "from_iso8601_timestamp": from_iso8601_timestamp,
    "from_iso8601_date": from_iso8601_date,
    "to_iso8601": to_iso8601,
    "date_format": date_format,
    "date_parse": date_parse,
    "format_datetime": format_datetime,
    "parse_datetime": parse_datetime,
    "at_timezone": at_timezone,
    "with_timezone": with_timezone,
    "now": now,
    "last_day_of_month": last_day_of_month,
}
"""Names -> what compiles their calls."""
