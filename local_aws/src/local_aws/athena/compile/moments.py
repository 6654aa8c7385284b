"""Dates and timestamps: functions whose answer depends on the zone of an instant.

An instant is a naive timestamp in UTC here (`sqltypes.py`). Its local time, which fields, texts
and truncation are about, comes from the constant zone in its type.
"""

import re
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
)
from local_aws.athena.compile.operators import shown_in
from local_aws.athena.compile.plan import Expr
from local_aws.athena.errors import QueryError
from local_aws.athena.types.casts import cast
from local_aws.athena.types.failing import fail
from local_aws.athena.types.sqltypes import (
    BIGINT,
    DATE,
    DOUBLE,
    TIMESTAMP,
    TIMESTAMP_TZ,
    VARCHAR,
)
from local_aws.athena.types.zones import instant, quote, wall_clock

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
_UNITS = ("millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year")

# MySQL's format letters, as date_format and date_parse take them -> strftime's.
_MYSQL = {
    "a": "%a",
    "b": "%b",
    "c": "%-m",
    "d": "%d",
    "e": "%-d",
    "f": "%f",
    "H": "%H",
    "h": "%I",
    "I": "%I",
    "i": "%M",
    "j": "%j",
    "k": "%-H",
    "l": "%-I",
    "M": "%B",
    "m": "%m",
    "p": "%p",
    "r": "%I:%M:%S %p",
    "S": "%S",
    "s": "%S",
    "T": "%H:%M:%S",
    "v": "%V",
    "W": "%A",
    "x": "%G",
    "Y": "%Y",
    "y": "%y",
    "%": "%%",
}
# Joda's format letters, as parse_datetime and format_datetime take them -> strftime's.
_JODA = {
    "yyyy": "%Y",
    "y": "%Y",
    "YYYY": "%Y",
    "yy": "%y",
    "xxxx": "%G",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "M": "%-m",
    "dd": "%d",
    "d": "%-d",
    "DDD": "%j",
    "HH": "%H",
    "H": "%-H",
    "hh": "%I",
    "h": "%-I",
    "mm": "%M",
    "m": "%-M",
    "ss": "%S",
    "s": "%-S",
    "SSS": "%g",
    "SSSSSS": "%f",
    "a": "%p",
    "EEEE": "%A",
    "EEE": "%a",
    "E": "%a",
    "ww": "%V",
    "Z": "%z",
    "ZZ": "%z",
    "e": "%u",
}


def _moment(compiler: Compiler, node: Any, what: str) -> Expr:
    expr = compiler.expr(node)
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
    """The local time of a date or timestamp, as a naive timestamp."""
    return wall_clock(expr.sql, expr.type)


def moment_field(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """YEAR(x), HOUR(x) and the like: of the local time."""
    return _field(compiler, node.qualifiedName().getText().lower(), arguments[0], node)


def extract(compiler: Compiler, node: Any) -> Expr:
    """EXTRACT(field FROM x)."""
    return _field(compiler, node.identifier().getText().lower(), node.valueExpression(), node)


def _field(compiler: Compiler, name: str, argument: Any, node: Any) -> Expr:
    inner = compiler.expr(argument)
    if inner.type.name.startswith("interval"):
        return call(f"CAST(datepart({quote(name)}, {inner.sql}) AS BIGINT)", BIGINT, [inner], node)
    expr = _moment(compiler, argument, name)
    if name == "millisecond":
        sql = f"CAST(millisecond({local(expr)}) % 1000 AS BIGINT)"
    elif name in _FIELDS:
        sql = f"{_FIELDS[name]}({local(expr)})"
    else:
        raise QueryError(
            "INVALID_FUNCTION_ARGUMENT", f"Invalid EXTRACT field: {name}", position(node)
        )
    return call(sql, BIGINT, [expr], node)


def _unit(compiler: Compiler, argument: Any) -> str:
    literal = compiler.expr(argument).literal
    unit = str(literal).lower()
    if unit not in _UNITS:
        raise QueryError(
            "INVALID_FUNCTION_ARGUMENT",
            f"'{literal}' is not a valid DATE field",
            position(argument),
        )
    return unit


def date_trunc(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """DATE_TRUNC(unit, x): in local time; stays the type it is."""
    unit, expr = _unit(compiler, arguments[0]), _moment(compiler, arguments[1], "date_trunc")
    kind = expr.type
    cut = f"date_trunc({quote(unit)}, {local(expr)})"
    if kind.name == "date":
        return call(f"CAST({cut} AS DATE)", kind, [expr], node)
    if kind.name == "timestamp" or kind.zone == "UTC":
        return call(cut, kind, [expr], node)
    if unit in ("millisecond", "second", "minute", "hour"):
        # By what is cut off: a local hour that comes twice a year would be ambiguous.
        return call(f"({expr.sql} - ({local(expr)} - {cut}))", kind, [expr], node)
    return call(instant(cut, kind.zone), kind, [expr], node)


def date_add(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """DATE_ADD(unit, n, x): days and longer by the local calendar."""
    unit = _unit(compiler, arguments[0])
    count = coerce(compiler.expr(arguments[1]), BIGINT)
    expr = _moment(compiler, arguments[2], "date_add")
    kind = expr.type
    if not count.type.is_integer:
        raise mismatch("date_add takes a whole number", node)
    step = {"quarter": ("MONTH", 3), "week": ("DAY", 7)}.get(unit, (unit.upper(), 1))
    moved = f"to_{step[0].lower()}s(CAST({count.sql} * {step[1]} AS {_step_type(step[0])}))"
    if kind.name == "date":
        return call(f"CAST({expr.sql} + {moved} AS DATE)", kind, [expr, count], node)
    if kind.zone != "UTC" and unit in ("day", "week", "month", "quarter", "year"):
        sql = instant(f"({local(expr)} + {moved})", kind.zone)
        return call(sql, kind, [expr, count], node)
    return call(f"({expr.sql} + {moved})", kind, [expr, count], node)


def _step_type(unit: str) -> str:
    return (
        "INTEGER"
        if unit in ("DAY", "MONTH", "YEAR")
        else "DOUBLE"
        if unit in ("SECOND", "MILLISECOND")
        else "BIGINT"
    )


def date_diff(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """DATE_DIFF(unit, a, b): whole units between, where DuckDB's counts borders."""
    unit = _unit(compiler, arguments[0])
    low = _moment(compiler, arguments[1], "date_diff")
    high = _moment(compiler, arguments[2], "date_diff")
    short = unit in ("millisecond", "second", "minute", "hour")
    texts = [one.sql if short else local(one) for one in (low, high)]
    texts = [f"CAST({text} AS TIMESTAMP)" for text in texts]
    return call(f"date_sub({quote(unit)}, {texts[0]}, {texts[1]})", BIGINT, [low, high], node)


def date(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """DATE(x): CAST(x AS DATE)."""
    expr = compiler.expr(arguments[0])
    return call(cast(expr.sql, expr.type, DATE), DATE, [expr], node)


def from_unixtime(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """FROM_UNIXTIME(seconds[, zone]): the instant, to the millisecond."""
    seconds = compiler.expr(arguments[0])
    if not seconds.type.is_number:
        raise mismatch(f"from_unixtime takes a number, not {seconds.type.text}", node)
    if seconds.type.is_integer:
        # The factor is typed, or a product of integers would overflow.
        sql = f"make_timestamp({seconds.sql} * CAST(1000000 AS BIGINT))"
    else:
        sql = f"make_timestamp(CAST(round(CAST({seconds.sql} AS DOUBLE) * 1000) AS BIGINT) * 1000)"
    made = call(sql, TIMESTAMP_TZ, [seconds], node)
    if len(arguments) == 1:
        return made
    zone = compiler.expr(arguments[1]).literal
    if not isinstance(zone, str):
        raise QueryError(
            "NOT_SUPPORTED", "from_unixtime takes a constant zone here", position(node)
        )
    return shown_in(made, zone, node)


def to_unixtime(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """TO_UNIXTIME(x): seconds since 1970, a double."""
    expr = _moment(compiler, arguments[0], "to_unixtime")
    return call(f"epoch({expr.sql})", DOUBLE, [expr], node)


def from_iso8601_timestamp(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """FROM_ISO8601_TIMESTAMP(text): the instant; UTC where the text has no offset."""
    text = compiler.expr(arguments[0])
    if not text.type.is_text and text.type.name != "unknown":
        raise mismatch(f"from_iso8601_timestamp takes a varchar, not {text.type.text}", node)
    message = f"'Invalid format: \"' || {text.sql} || '\" is malformed'"
    bad = fail("INVALID_FUNCTION_ARGUMENT", message, "TIMESTAMP")
    # A cast to TIMESTAMP would leave the offset out, one from TIMESTAMPTZ to it is slow.
    zoned = f"TRY_CAST({text.sql} AS TIMESTAMPTZ)"
    sql = (
        f"CASE WHEN {text.sql} IS NULL THEN NULL WHEN {zoned} IS NULL "
        f"OR contains({text.sql}, ' ') THEN {bad} ELSE make_timestamp(epoch_us({zoned})) END"
    )
    kind = TIMESTAMP_TZ
    offset = re.search(r"T.*([+-]\d\d:\d\d)$", str(text.literal))
    if offset:
        kind = replace(kind, zone=offset[1])
    return call(sql, kind, [text], node)


def from_iso8601_date(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """FROM_ISO8601_DATE(text)."""
    text = compiler.expr(arguments[0])
    return call(cast(text.sql, VARCHAR, DATE), DATE, [text], node)


def to_iso8601(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """TO_ISO8601(x)."""
    expr = _moment(compiler, arguments[0], "to_iso8601")
    if expr.type.name == "date":
        return call(f"CAST({expr.sql} AS VARCHAR)", VARCHAR, [expr], node)
    text = f"strftime({local(expr)}, '%Y-%m-%dT%H:%M:%S.%g')"
    if expr.type.name == "timestamp with time zone":
        text += " || 'Z'" if expr.type.zone == "UTC" else " || " + _offset(expr)
    return call(f"({text})", VARCHAR, [expr], node)


def _offset(expr: Expr) -> str:
    minutes = f"CAST(epoch({local(expr)} - {expr.sql}) // 60 AS BIGINT)"
    return (
        f"CASE WHEN {minutes} < 0 THEN '-' ELSE '+' END || "
        f"strftime(TIMESTAMP '2000-01-01' + to_minutes(abs({minutes})), '%H:%M')"
    )


def date_format(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """DATE_FORMAT(x, format): MySQL's letters."""
    expr = _moment(compiler, arguments[0], "date_format")
    pattern = _mysql(compiler.expr(arguments[1]).literal, node)
    return call(f"strftime({local(expr)}, {quote(pattern)})", VARCHAR, [expr], node)


def date_parse(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """DATE_PARSE(text, format): MySQL's letters; a timestamp."""
    text = compiler.expr(arguments[0])
    pattern = _mysql(compiler.expr(arguments[1]).literal, node)
    return call(_parsed(text, pattern), TIMESTAMP, [text], node)


def _parsed(text: Expr, pattern: str) -> str:
    pattern = pattern.replace("%-", "%")
    message = f"'Invalid format: \"' || {text.sql} || '\"'"
    bad = fail("INVALID_FUNCTION_ARGUMENT", message, "TIMESTAMP")
    value = f"try_strptime({text.sql}, {quote(pattern)})"
    return (
        f"CASE WHEN {text.sql} IS NULL THEN NULL WHEN {value} IS NULL THEN {bad} "
        f"ELSE CAST({value} AS TIMESTAMP) END"
    )


def _mysql(pattern: object, node: Any) -> str:
    if not isinstance(pattern, str):
        raise QueryError("NOT_SUPPORTED", "the format must be a literal here", position(node))

    def one(found: re.Match[str]) -> str:
        if found[1] not in _MYSQL:
            raise QueryError(
                "INVALID_FUNCTION_ARGUMENT",
                f"{found[0]} not supported in date format string",
                position(node),
            )
        return _MYSQL[found[1]]

    return re.sub(r"%(.)", one, pattern)


def _joda(pattern: object, node: Any) -> str:
    if not isinstance(pattern, str):
        raise QueryError("NOT_SUPPORTED", "the format must be a literal here", position(node))

    def one(found: re.Match[str]) -> str:
        if found[1] is not None:
            return found[1].replace("''", "'") or "'"
        if found[2] not in _JODA:
            raise QueryError(
                "INVALID_FUNCTION_ARGUMENT",
                f"Invalid format: {pattern}: {found[2]} is not known here",
                position(node),
            )
        return _JODA[found[2]]

    return re.sub(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)", one, pattern.replace("%", "%%"))


def format_datetime(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """FORMAT_DATETIME(x, format): Joda's letters."""
    expr = _moment(compiler, arguments[0], "format_datetime")
    pattern = _joda(compiler.expr(arguments[1]).literal, node)
    return call(f"strftime({local(expr)}, {quote(pattern)})", VARCHAR, [expr], node)


def parse_datetime(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """PARSE_DATETIME(text, format): Joda's letters; an instant."""
    text = compiler.expr(arguments[0])
    pattern = _joda(compiler.expr(arguments[1]).literal, node)
    return call(_parsed(text, pattern), TIMESTAMP_TZ, [text], node)


def at_timezone(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """AT_TIMEZONE(x, zone): x AT TIME ZONE zone."""
    return shown_in(compiler.expr(arguments[0]), _zone(compiler, arguments[1]), node)


def with_timezone(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """WITH_TIMEZONE(timestamp, zone): the instant of a local time."""
    expr, zone = compiler.expr(arguments[0]), _zone(compiler, arguments[1])
    kind = replace(TIMESTAMP_TZ, zone=zone)
    return call(instant(f"CAST({expr.sql} AS TIMESTAMP)", zone), kind, [expr], node)


def _zone(compiler: Compiler, argument: Any) -> str:
    zone = compiler.expr(argument).literal
    if not isinstance(zone, str):
        raise QueryError("NOT_SUPPORTED", "a zone must be a literal here", position(argument))
    return zone


def now(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """NOW(): the start of the statement."""
    del arguments
    sql = f"make_timestamp({compiler.scope.session.now_us // 1000 * 1000})"
    return Expr(sql=sql, type=TIMESTAMP_TZ, at=position(node))


def last_day_of_month(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """LAST_DAY_OF_MONTH(x)."""
    expr = _moment(compiler, arguments[0], "last_day_of_month")
    return call(f"last_day({local(expr)})", DATE, [expr], node)


NODES: dict[str, Handler] = {
    "Extract": extract,
}
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
    "from_iso8601_timestamp_nanos": from_iso8601_timestamp,
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
