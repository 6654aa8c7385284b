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
from local_aws.athena.functions.moments import (
    moment_parts,
    text_to_micros,
    text_to_time,
    zone_name,
    zoned_micros,
)
from local_aws.athena.parse.grammar import parse
from local_aws.athena.types.casts import can_cast, cast, try_cast, with_short_way
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
from local_aws.athena.types.zones import quote


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
        return _unicode_value(text, node)
    return text[1:-1].replace("''", "'")


_UNICODE = re.compile(r"u&'((?:[^']|'')*)'(?:\s*uescape\s*'(.)')?", re.IGNORECASE | re.DOTALL)


def _unicode_value(text: str, node: Any) -> str:
    found = _UNICODE.fullmatch(text)
    escape = (found[2] if found else None) or "\\"
    if found is None or escape in "+'\" " or escape in "0123456789abcdefABCDEF":
        raise QueryError("SYNTAX_ERROR", f"Invalid Unicode escape: {text}", position(node))
    mark = re.escape(escape)

    def one(letter: re.Match[str]) -> str:
        if letter[1]:
            return escape
        digits = letter[2] or letter[3]
        if not digits or int(digits, 16) > 0x10FFFF or 0xD800 <= int(digits, 16) < 0xE000:
            raise QueryError("SYNTAX_ERROR", f"Invalid escape in {text}", position(node))
        return chr(int(digits, 16))

    pattern = rf"{mark}(?:({mark})|\+([0-9a-fA-F]{{6}})|([0-9a-fA-F]{{4}})|)"
    return re.sub(pattern, one, found[1].replace("''", "'"))


def binary_literal(compiler: Compiler, node: Any) -> Expr:
    """X'..': bytes."""
    digits = re.sub(r"\s", "", compiler.text(node)[2:-1])
    if len(digits) % 2 or not re.fullmatch("[0-9a-fA-F]*", digits):
        message = "Binary literal must contain an even number of hexadecimal digits"
        raise QueryError("SYNTAX_ERROR", message, position(node))
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
        text = re.sub(r"(?<=\d)_(?=\d)", "", text)
        if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text):
            raise QueryError("INVALID_LITERAL", f"'{text}' is not a valid DECIMAL literal", at)
        return number(text if "." in text else text + ".", node)
    if name == "timestamp":
        return timestamp_literal(text, node)
    if name == "json":
        return _json_literal(text, at)
    return _typed_literal(name, text, node)


def _typed_literal(name: str, text: str, node: Any) -> Expr:
    at = position(node)
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
    if kind == DATE and text.startswith("+"):
        sql = cast(f"CAST({quote(text[1:])} AS VARCHAR)", VARCHAR, kind)
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
    text = " ".join(text.split())
    text = re.sub(r"(?i)\bdouble precision\b", "double", text)
    text = re.sub(r"(?i)\bdecimal\b(?!\s*\()", "decimal(38,0)", text)
    text = re.sub(r"(?i)\bchar\b(?!\s*\()", "char(1)", text)
    in_array = re.fullmatch(r"(?i)(.*\S) array(?:\s*\[\d*\])?", text)
    text = f"array({in_array[1]})" if in_array else text
    hive = re.search(r"(?i)(?<![\w\"])(string|float|binary|long|struct)(?![\w\"])", text)
    if hive and '"' not in text:
        raise mismatch(f"Unknown type: {hive[1]}", node)
    too_wide = re.search(r"(?i)\bdecimal\s*\(\s*(\d+)", text)
    if too_wide and int(too_wide[1]) > 38:
        message = f"DECIMAL precision must be in range [1, 38]: {too_wide[1]}"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message, position(node))
    too_long = re.search(r"(?i)(?<!var)char\s*\(\s*(\d+)", text)
    if too_long and int(too_long[1]) > 65536:
        raise mismatch(f"CHAR length must be in range [0, 65536], got {too_long[1]}", node)
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
    bad = QueryError("INVALID_LITERAL", f"'{text}' is not a valid TIMESTAMP literal", at)
    parts = moment_parts(text)
    if parts is None:
        raise bad
    local, fraction, zone = parts
    if local.startswith("-"):
        raise QueryError("NOT_SUPPORTED", "local_aws has no times before the year 1", at)
    kind = Type("timestamp", (len(fraction),))
    check_digits(kind, node)
    micros = text_to_micros(local, 6)
    if micros is not None and zone:
        known = zone_name(zone)
        micros = zoned_micros(micros, known) if known else None
        kind = Type("timestamp with time zone", kind.args, zone=known or "UTC")
    if micros is None:
        raise bad
    return Expr(sql=f"make_timestamp({micros})", type=kind, at=at)


def interval_literal(compiler: Compiler, node: Any) -> Expr:
    """INTERVAL '3' DAY and the like."""
    interval = node.interval()
    text = string_value(compiler, interval.string())
    unit = interval.from_.getText().lower() if interval.from_ else ""
    last = interval.to.getText().lower() if interval.to else unit
    sign = "-" if interval.sign is not None and interval.sign.text == "-" else ""
    if text.startswith("-"):
        text, sign = text[1:], "" if sign else "-"
    if not text:
        text = "0" if last == unit else text
    kind = YEAR_TO_MONTH if unit in ("year", "month") else DAY_TO_SECOND
    parts = re.split(r"[-: ]", text) if last != unit else [text]
    units = ["year", "month"] if kind is YEAR_TO_MONTH else ["day", "hour", "minute", "second"]
    units = units[units.index(unit) : units.index(last) + 1]
    if len(parts) != len(units) or not all(
        re.fullmatch(r"\d+(\.\d{1,3})?" if one == "second" else r"\d+", part)
        for part, one in zip(parts, units, strict=True)
    ):
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
    sql = make(expr.sql, expr.type, target, is_of_file=expr.is_of_file)
    if expr.type.is_text and target.is_integer:
        # A text that reads as its own number has no blanks to trim.
        sql = with_short_way(expr.untrimmed or expr.sql, target, sql)
    return expr.become(sql, target, at=position(node))


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
