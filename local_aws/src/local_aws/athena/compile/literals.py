"""Literals, columns and constructors."""

import re
from dataclasses import replace
from typing import Any

from local_aws.athena.compile.compiler import (
    Compiler,
    Handler,
    call,
    coerce,
    identifier,
    mismatch,
    position,
    unify,
)
from local_aws.athena.compile.plan import Expr
from local_aws.athena.errors import Position, QueryError
from local_aws.athena.functions.json_values import canonical, dump
from local_aws.athena.functions.json_values import parse as parse_json
from local_aws.athena.functions.moments import is_zone, text_to_micros, text_to_time
from local_aws.athena.parse.grammar import parse
from local_aws.athena.types.casts import can_cast, cast, try_cast
from local_aws.athena.types.sqltypes import (
    BIGINT,
    BOOLEAN,
    DATE,
    DAY_TO_SECOND,
    DOUBLE,
    INTEGER,
    TIMESTAMP,
    TIMESTAMP_TZ,
    UNKNOWN,
    VARBINARY,
    VARCHAR,
    YEAR_TO_MONTH,
    Type,
    array,
    decimal,
    parse_type,
    row,
)
from local_aws.athena.types.zones import instant, quote

_ZONED = re.compile(r"^(.*\d)\s*([+-]\d{1,2}:?\d{2}|Z|[A-Za-z][\w/+-]*)$")


def null_literal(compiler: Compiler, node: Any) -> Expr:
    """NULL."""
    del compiler
    return Expr(sql="NULL", type=UNKNOWN, at=position(node))


def boolean_literal(compiler: Compiler, node: Any) -> Expr:
    """TRUE or FALSE."""
    text = compiler.text(node).lower()
    return Expr(sql=text, type=BOOLEAN, literal=text == "true", at=position(node))


def numeric_literal(compiler: Compiler, node: Any) -> Expr:
    """A number: integer or bigint by its size, decimal with a point, double with an exponent."""
    return number(compiler.text(node).replace("_", "").replace(" ", ""), node)


def number(text: str, node: Any) -> Expr:
    """The literal of a number's text."""
    at = position(node)
    if "e" in text.lower() and not text.lower().startswith("0x"):
        return Expr(sql=f"CAST({text} AS DOUBLE)", type=DOUBLE, literal=float(text), at=at)
    if "." in text:
        whole, _, fraction = text.lstrip("+-").partition(".")
        digits = max(len(whole.lstrip("0")) + len(fraction), 1)
        if digits > 38:
            raise QueryError("INVALID_LITERAL", f"'{text}' is not a valid DECIMAL literal", at)
        kind = decimal(digits, len(fraction))
        return Expr(sql=f"CAST({text} AS {kind.duckdb})", type=kind, literal=float(text), at=at)
    is_based = text.lstrip("-")[:2].lower() in ("0x", "0o", "0b")
    value = int(text, 0 if is_based else 10)
    if not -(2**63) <= value < 2**63:
        raise QueryError("SYNTAX_ERROR", f"Invalid numeric literal: {text}", at)
    kind = INTEGER if -(2**31) <= value < 2**31 else BIGINT
    return Expr(sql=whole_text(value, kind), type=kind, literal=value, at=at)


def whole_text(value: int, kind: Type) -> str:
    """DuckDB text of a whole number; typed, as DuckDB takes the least negative for a larger one."""
    if value >= 0:
        return str(value)
    return f"CAST('{value}' AS {kind.duckdb})"


def string_literal(compiler: Compiler, node: Any) -> Expr:
    """A text: varchar of its length."""
    text = string_value(compiler, node)
    # Typed, because an untyped literal of DuckDB's would turn into whatever it is compared with.
    sql = f"CAST({quote(text)} AS VARCHAR)"
    return Expr(sql=sql, type=Type("varchar", (len(text),)), literal=text, at=position(node))


def string_value(compiler: Compiler, node: Any) -> str:
    """The value of a string node."""
    text = compiler.text(node)
    if text[:2].lower() == "u&":
        body = text[3 : text.rindex("'")].replace("''", "'")
        return re.sub(
            r"\\(?:\+([0-9a-fA-F]{6})|([0-9a-fA-F]{4}))", lambda m: chr(int(m[1] or m[2], 16)), body
        )
    return text[1:-1].replace("''", "'")


def binary_literal(compiler: Compiler, node: Any) -> Expr:
    """X'..': bytes."""
    digits = compiler.text(node)[2:-1].replace(" ", "")
    return Expr(sql=f"unhex({quote(digits)})", type=VARBINARY, at=position(node))


def parameter(compiler: Compiler, node: Any) -> Expr:
    """A question mark: the execution parameter at that place of the text."""
    marks = [
        token.start
        for token in node.parser.getTokenStream().tokens
        if token.type == node.parser.QUESTION_MARK
    ]
    index = marks.index(node.start.start)
    values = compiler.scope.session.parameters
    if index >= len(values):
        raise QueryError(
            "INVALID_PARAMETER_USAGE",
            f"Incorrect number of parameters: expected {len(marks)} but found {len(values)}",
            position(node),
        )
    tree = parse(values[index], "standaloneExpression")
    scope = type(compiler.scope)(
        tree=tree, session=compiler.scope.session, database=compiler.scope.database
    )
    return Compiler(scope).expr(tree.root.expression())


def type_constructor(compiler: Compiler, node: Any) -> Expr:
    """DATE '..', TIMESTAMP '..', DECIMAL '..' and the like."""
    text = string_value(compiler, node.string())
    name = identifier(node.identifier()) if node.identifier() else "double"
    at = position(node)
    if name == "decimal":
        if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text):
            raise QueryError("INVALID_LITERAL", f"'{text}' is not a valid DECIMAL literal", at)
        return number(text if "." in text else text + ".", node)
    if name == "timestamp":
        return timestamp_literal(text, node)
    if name == "json":
        return _json_literal(text, at)
    kind = readable_type(name, node)
    if kind.name == "char":
        kind = Type("char", (len(text),))
    if kind.name == "time" and re.search(r"[+-]\d", text):
        message = "local_aws has no time with time zone"
        raise QueryError("NOT_SUPPORTED", message, at)
    if kind.name == "time":
        kind = Type("time", (len(text.partition(".")[2]),))
        check_digits(kind, node)
        if text_to_time(text, 6) is None:
            raise QueryError("INVALID_LITERAL", f"'{text}' is not a valid TIME literal", at)
    sql = cast(f"CAST({quote(text)} AS VARCHAR)", VARCHAR, kind)
    if kind == DATE and re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        sql = f"CAST({quote(text)} AS DATE)"
    return Expr(sql=sql, type=kind, at=at)


def _json_literal(text: str, at: Position) -> Expr:
    try:
        value = dump(canonical(parse_json(text)))
    except (ValueError, RecursionError):
        message = f"'{text}' is not a valid JSON literal"
        raise QueryError("INVALID_LITERAL", message, at) from None
    return Expr(sql=f"CAST({quote(value)} AS JSON)", type=parse_type("json"), at=at)


_KNOWN = {
    *("boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal"),
    *("varchar", "char", "varbinary", "date", "time", "timestamp", "timestamp with time zone"),
    *("interval day to second", "interval year to month", "json", "uuid", "array", "map", "row"),
    *("unknown", "function"),
}
_OTHERS = {
    *("ipaddress", "time with time zone", "hyperloglog", "p4hyperloglog", "qdigest", "tdigest"),
    *("setdigest", "color", "geometry", "sphericalgeography", "bingtile", "kdbtree", "jsonpath"),
    *("json2016", "number", "variant", "classifier", "regressor", "model", "codepoints"),
}


def readable_type(text: str, node: Any) -> Type:
    """The type of a text.

    Raises:
        QueryError: TYPE_NOT_FOUND, or NOT_SUPPORTED for one that Trino has and this has not.
    """
    try:
        kind = parse_type(text)
    except (ValueError, IndexError) as error:
        raise QueryError("TYPE_NOT_FOUND", f"Unknown type: {error}", position(node)) from None
    _check_type(kind, node)
    return kind


def _check_type(kind: Type, node: Any) -> None:
    for item in kind.items:
        _check_type(item, node)
    if kind.name in _OTHERS:
        raise QueryError("NOT_SUPPORTED", f"local_aws has no type {kind.name}", position(node))
    if kind.name not in _KNOWN:
        raise QueryError("TYPE_NOT_FOUND", f"Unknown type: {kind.name}", position(node))
    check_digits(kind, node)


def check_digits(kind: Type, node: Any) -> None:
    """Refuse times of more digits than DuckDB has."""
    if (kind.is_timestamp or kind.name == "time") and kind.args and kind.args[0] > 6:
        message = f"local_aws keeps microseconds, not {kind.text}"
        raise QueryError("NOT_SUPPORTED", message, position(node))


def timestamp_literal(text: str, node: Any) -> Expr:
    """TIMESTAMP '...', with or without a zone; the precision is that of the text."""
    at = position(node)
    zoned = _ZONED.match(text.strip())
    local = zoned[1] if zoned and " " in text.strip() and ":" in zoned[1] else text.strip()
    fraction = local.partition(".")[2]
    kind = Type("timestamp", (min(len(fraction), 12),))
    check_digits(kind, node)
    if not re.fullmatch(r"\d{1,6}-\d{1,2}-\d{1,2}( \d{1,2}:\d\d(:\d\d(\.\d+)?)?)?", local):
        message = f"'{text}' is not a valid timestamp literal"
        raise QueryError("INVALID_LITERAL", message, at)
    micros = text_to_micros(local, 6)
    if micros is None:
        raise QueryError("INVALID_LITERAL", f"'{text}' is not a valid timestamp literal", at)
    sql = f"make_timestamp({micros})"
    if local == text.strip() or zoned is None:
        return Expr(sql=sql, type=kind, at=at)
    zone = "UTC" if zoned[2] == "Z" else zoned[2]
    if zone[0] in "+-" and ":" not in zone:
        zone = f"{zone[:3]}:{zone[3:]}"
    if not is_zone(zone):
        message = f"'{text}' is not a valid TIMESTAMP literal"
        raise QueryError("INVALID_LITERAL", message, at)
    sql = instant(sql, zone)
    return Expr(sql=sql, type=Type("timestamp with time zone", kind.args, zone=zone), at=at)


def interval_literal(compiler: Compiler, node: Any) -> Expr:
    """INTERVAL '3' DAY and the like."""
    interval = node.interval()
    text = string_value(compiler, interval.string())
    unit = interval.from_.getText().lower() if interval.from_ else ""
    last = interval.to.getText().lower() if interval.to else unit
    sign = "-" if interval.sign is not None and interval.sign.text == "-" else ""
    kind = YEAR_TO_MONTH if unit in ("year", "month") else DAY_TO_SECOND
    parts = re.split(r"[-: ]", text) if last != unit else [text]
    units = ["year", "month"] if kind is YEAR_TO_MONTH else ["day", "hour", "minute", "second"]
    units = units[units.index(unit) : units.index(last) + 1]
    if len(parts) != len(units) or not all(re.fullmatch(r"-?\d+(\.\d+)?", p) for p in parts):
        raise QueryError("INVALID_LITERAL", f"Invalid INTERVAL value: {text}", position(node))
    terms = " + ".join(
        f"INTERVAL {quote(f'{sign}{part} {one}')}" for part, one in zip(parts, units, strict=True)
    )
    return Expr(sql=f"({terms})", type=kind, at=position(node))


def column_reference(compiler: Compiler, node: Any) -> Expr:
    """A bare name."""
    found, _ = compiler.scope.resolve([identifier(node.identifier())], position(node))
    return found


def dereference(compiler: Compiler, node: Any) -> Expr:
    """A dotted name: a qualified column, or a field of a row."""
    parts: list[str] = []
    base = node
    while type(base).__name__ == "DereferenceContext":
        parts.insert(0, identifier(base.fieldName))
        base = base.base
    if type(base).__name__ == "ColumnReferenceContext":
        parts.insert(0, identifier(base.identifier()))
        found, rest = compiler.scope.resolve(parts, position(node))
    else:
        found, rest = compiler.expr(base), parts
    for name in rest:
        found = row_field(found, name, node)
    return found


def row_field(expr: Expr, name: str, node: Any) -> Expr:
    """The field of a row."""
    if expr.type.name != "row":
        raise mismatch(f"Expression {name} is not of type ROW", node)
    labels = [(label or "").lower() for label in expr.type.labels]
    if name not in labels:
        message = f"Column '{name}' cannot be resolved"
        raise QueryError("INVALID_COLUMN_REFERENCE", message, position(node))
    index = labels.index(name)
    return expr.become(f"({expr.sql}).f{index}", expr.type.items[index])


def parenthesized(compiler: Compiler, node: Any) -> Expr:
    """(expression)."""
    return compiler.expr(node.expression())


def row_constructor(compiler: Compiler, node: Any) -> Expr:
    """ROW(a, b) or (a, b)."""
    items = [compiler.expr(one) for one in node.expression()]
    fields = ", ".join(f"'f{number}': {item.sql}" for number, item in enumerate(items))
    return call(f"{{{fields}}}", row(tuple(item.type for item in items)), items, node)


def array_constructor(compiler: Compiler, node: Any) -> Expr:
    """ARRAY[...]."""
    items = [compiler.expr(one) for one in node.expression()]
    if not items:
        return Expr(sql="CAST([] AS INTEGER[])", type=array(UNKNOWN), at=position(node))
    items, kind = unify(items, node, "All ARRAY elements")
    return call(f"[{', '.join(item.sql for item in items)}]", array(kind), items, node)


def special_moment(compiler: Compiler, node: Any) -> Expr:
    """CURRENT_DATE, CURRENT_TIMESTAMP, LOCALTIMESTAMP: the start of the statement, UTC."""
    sql = f"make_timestamp({compiler.scope.session.now_us // 1000 * 1000})"
    name = node.name.text.lower()
    if name == "current_date":
        return Expr(sql=f"CAST({sql} AS DATE)", type=DATE, at=position(node))
    if node.precision is not None or name == "current_time":
        message = f"local_aws has no {compiler.text(node)}"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    if name == "localtime":
        return Expr(sql=f"CAST({sql} AS TIME)", type=parse_type("time"), at=position(node))
    kind = TIMESTAMP_TZ if name == "current_timestamp" else TIMESTAMP
    return Expr(sql=sql, type=kind, at=position(node))


def cast_expression(compiler: Compiler, node: Any) -> Expr:
    """CAST and TRY_CAST."""
    expr = compiler.expr(node.expression())
    target = readable_type(compiler.text(node.type_()), node)
    if expr.type.name == "timestamp with time zone" == target.name:
        target = replace(target, zone=expr.type.zone)
    if expr.type.name == "time" and target.is_timestamp:
        message = f"local_aws does not cast {expr.type.text} to {target.text}"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    if not can_cast(expr.type, target):
        raise mismatch(f"Cannot cast {expr.type.text} to {target.text}", node)
    if expr.literal is not None and target == VARCHAR and expr.type.is_text:
        return coerce(expr, VARCHAR)
    make = try_cast if node.TRY_CAST() else cast
    return expr.become(make(expr.sql, expr.type, target), target, at=position(node))


NODES: dict[str, Handler] = {
    "NullLiteral": null_literal,
    "BooleanLiteral": boolean_literal,
    "NumericLiteral": numeric_literal,
    "BasicStringLiteral": string_literal,
    "UnicodeStringLiteral": string_literal,
    "BinaryLiteral": binary_literal,
    "Parameter": parameter,
    "TypeConstructor": type_constructor,
    "IntervalLiteral": interval_literal,
    "ColumnReference": column_reference,
    "Dereference": dereference,
    "ParenthesizedExpression": parenthesized,
    "RowConstructor": row_constructor,
    "ArrayConstructor": array_constructor,
    "SpecialDateTimeFunction": special_moment,
    "Cast": cast_expression,
}
"""Alternatives of the grammar -> what compiles them."""
