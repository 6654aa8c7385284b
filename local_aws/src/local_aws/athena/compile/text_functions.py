"""Functions and operators of texts whose types or shortcuts depend on the arguments."""

from collections.abc import Callable
from typing import Any

from local_aws.athena.compile.calls import apply_rule, fill
from local_aws.athena.compile.compiler import (
    Compiler,
    FunctionHandler,
    Handler,
    call,
    mismatch,
    position,
    unexpected,
)
from local_aws.athena.compile.plan import Expr
from local_aws.athena.errors import QueryError
from local_aws.athena.types.casts import cast
from local_aws.athena.types.rendering import render
from local_aws.athena.types.sqltypes import BOOLEAN, VARBINARY, VARCHAR, Type, array
from local_aws.athena.types.zones import quote

_LONGEST_CHAR = 65536

# Literals behind the first argument -> what then needs no check.
_PLAIN: dict[tuple[str, int], tuple[Callable[..., object], str]] = {
    ("substr", 2): (lambda start: 0 < start < 2**32, "substr({0}, {1})"),
    ("substr", 3): (
        lambda start, length: 0 < start < 2**32 and 0 < length < 2**32,
        "substr({0}, {1}, {2})",
    ),
    ("lpad", 3): (lambda length, by: 0 <= length < 2**31 and by, "lpad({0}, {1}, {2})"),
    ("rpad", 3): (lambda length, by: 0 <= length < 2**31 and by, "rpad({0}, {1}, {2})"),
    ("replace", 2): (lambda part: part, "replace({0}, {1}, '')"),
    ("replace", 3): (lambda part, _: part, "replace({0}, {1}, {2})"),
    ("split", 2): (lambda delimiter: delimiter, "string_split({0}, {1})"),
    ("split_part", 3): (
        lambda delimiter, index: delimiter and index > 0,
        "string_split({0}, {1})[{2}]",
    ),
}


def plain(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """A function that DuckDB has under the same name, as far as the literals show."""
    name = {"substring": "substr"}.get(_name(node), _name(node))
    values = [compiler.expr(one) for one in arguments]
    # Texts and bytes alike have these.
    texts = {"substr": 1, "reverse": 1, "lpad": 3, "rpad": 3}.get(name, 0)
    if texts and all(one.type.name == "unknown" for one in values[:texts:2]):
        if _name(node) == "substring":
            message = "local_aws has no substring of a NULL without a type"
            raise QueryError("NOT_SUPPORTED", message, position(node))
        raise _ambiguous(node)
    made = apply_rule(name, values, node)
    is_plain, text = _PLAIN.get((name, len(values)), (None, ""))
    literals = [one.literal for one in values[1:]]
    # The second of replace's may be any text.
    if name == "replace":
        literals[1:] = [""] * (len(literals) - 1)
    if is_plain is None or not values[0].type.is_text or None in literals:
        return made
    return made.become(fill(text, values, made.type), made.type) if is_plain(*literals) else made


def _name(node: Any) -> str:
    return str(node.qualifiedName().getText()).lower()


def _ambiguous(node: Any) -> QueryError:
    message = "Could not choose a best candidate operator. Explicit type casts must be added."
    return QueryError("AMBIGUOUS_FUNCTION_CALL", message, position(node))


def concatenated(values: list[Expr], node: Any) -> Expr:
    """What is not an array, one behind the other: a || b and concat(a, b, ...)."""
    names = {one.type.name for one in values}
    if len(values) < 2:
        message = "There must be two or more concatenation arguments"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message, position(node))
    if "unknown" in names and (len(values) == 2 or len(names) == 1):
        return _with_null(values, node)
    if names <= {"varchar", "unknown"}:
        kind = VARCHAR
    elif names <= {"varbinary", "unknown"}:
        kind = VARBINARY
    elif len(values) == 2 and names <= {"varchar", "char"}:
        kind = _joined_char(values, node)
        values = [
            one.become(cast(one.sql, one.type, Type("char", one.type.args)), kind) for one in values
        ]
    else:
        raise unexpected("concat", [one.type for one in values], node)
    return call(f"({' || '.join(one.sql for one in values)})", kind, values, node)


def _with_null(values: list[Expr], node: Any) -> Expr:
    # Of all that NULL could be, Trino takes it for an array of the other.
    kind = next((one.type for one in values if one.type.name != "unknown"), VARCHAR)
    if kind in (VARCHAR, VARBINARY) or kind.name == "char":
        raise _ambiguous(node)
    return call(f"CAST(NULL AS {array(kind).duckdb})", array(kind), values, node)


def _joined_char(values: list[Expr], node: Any) -> Type:
    length = sum((one.type.args or (_LONGEST_CHAR,))[0] for one in values)
    if length > _LONGEST_CHAR:
        raise QueryError("TYPE_NOT_FOUND", f"Unknown type: char({length})", position(node))
    return Type("char", (length,))


def like(compiler: Compiler, value: Expr, node: Any) -> Expr:
    """A LIKE b [ESCAPE c]."""
    pattern = compiler.expr(node.pattern)
    parts = [value, pattern]
    if node.escape is not None:
        parts.append(compiler.expr(node.escape))
    if not (value.type.is_text or value.type.name == "unknown"):
        raise _not_text("Left side of", value, node)
    for what, one in zip(("Pattern for", "Escape for"), parts[1:], strict=False):
        if one.type.name not in ("varchar", "unknown"):
            raise _not_text(what, one, node)
    negated = "NOT " if node.NOT() else ""
    if len(parts) == 2:
        return call(f"({value.sql} {negated}LIKE {pattern.sql})", BOOLEAN, parts, node)
    return call(f"({negated}{_escaped_like(parts)})", BOOLEAN, parts, node)


def _not_text(what: str, expr: Expr, node: Any) -> QueryError:
    return mismatch(
        f"{what} LIKE expression must evaluate to a varchar (actual: {expr.type.text})", node
    )


def _escaped_like(parts: list[Expr]) -> str:
    value, pattern, escape = (one.sql for one in parts)
    letter, rest = parts[2].literal, parts[1].literal
    if isinstance(letter, str) and isinstance(rest, str) and len(letter.encode()) == 1:
        for known in (letter * 2, f"{letter}%", f"{letter}_"):
            rest = rest.replace(known, "")
        if letter not in rest:
            return f"{value} LIKE {pattern} ESCAPE {quote(letter)}"
    return f"trino_like({value}, {pattern}, {escape})"


def normalize(compiler: Compiler, node: Any) -> Expr:
    """NORMALIZE(text, form)."""
    value = compiler.expr(node.valueExpression())
    form = node.normalForm().getText().upper() if node.normalForm() else "NFC"
    if value.type.name not in ("varchar", "unknown"):
        raise unexpected("normalize", [value.type, Type("varchar", (3,))], node)
    if node.normalForm() and compiler.text(node.normalForm()).islower():
        message = "Normalization form must be one of [NFD, NFC, NFKD, NFKC]"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message, position(node))
    text = f"CAST({value.sql} AS VARCHAR)"
    # ASCII is normal in every form.
    sql = (
        f"CASE WHEN strlen({text}) = length({text}) THEN {text} "
        f"ELSE trino_normalize({text}, {quote(form)}) END"
    )
    return call(sql, VARCHAR, [value], node)


def concat_ws(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """CONCAT_WS(separator, a, b, ...): NULLs are left out."""
    values = [compiler.expr(one) for one in arguments]
    if len(values) == 1:
        is_unknown = values[0].type.name == "unknown"
        error = "NOT_SUPPORTED" if is_unknown else "INVALID_FUNCTION_ARGUMENT"
        raise QueryError(error, "There must be two or more arguments", position(node))
    return apply_rule("concat_ws", values, node)


_FORMAT_KINDS = {
    "boolean": "b",
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), "d"),
    "double": "f",
    "real": "r",
    "decimal": "n",
    "date": "D",
    "time": "M",
    "timestamp": "T",
    "timestamp with time zone": "Z",
    **dict.fromkeys(
        ("unknown", "varchar", "char", "json", "uuid", "ipaddress"),
        "s",
    ),
    "interval day to second": "s",
    "interval year to month": "s",
}


def format_(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """FORMAT('%s', x): Java's Formatter."""
    values = [compiler.expr(one) for one in arguments]
    if len(values) < 2:
        message = "The 'format' function must have at least two arguments"
        raise QueryError("SYNTAX_ERROR", message, position(node))
    if values[0].type.name != "varchar":
        given = values[0].type.text
        raise mismatch(
            f"Type of first argument to format() must be VARCHAR (actual: {given})", node
        )
    kinds = []
    for one in values[1:]:
        kind = _FORMAT_KINDS.get(one.type.name)
        if kind is None:
            message = f"Type not supported for formatting: {one.type.text}"
            raise QueryError("NOT_SUPPORTED", message, position(node))
        kinds.append(f"Z:{one.type.zone}" if kind == "Z" else kind)
    texts = [_format_argument(one, kind) for one, kind in zip(values[1:], kinds, strict=True)]
    sql = _simple_format(values[0].literal, kinds, texts) or (
        f"trino_format({values[0].sql}, {quote('|'.join(kinds))}, [{', '.join(texts)}])"
    )
    return call(sql, VARCHAR, values, node)


def _format_argument(value: Expr, kind: str) -> str:
    if kind[0] in "TZ":
        return f"strftime({value.sql}, '%Y-%m-%d %H:%M:%S.%f')"
    if kind == "M":
        return f"strftime(DATE '2000-01-01' + {value.sql}, '%H:%M:%S.%f')"
    if kind == "r":
        return f"CAST(CAST({value.sql} AS DOUBLE) AS VARCHAR)"
    return render(value.sql, value.type) if kind in "ns" else f"CAST({value.sql} AS VARCHAR)"


def _simple_format(pattern: object, kinds: list[str], texts: list[str]) -> str:
    """The common case of %s and %d alone, which needs no function of Python's."""
    if not isinstance(pattern, str):
        return ""
    pieces = pattern.split("%")
    letters = {"s": "bds", "d": "d"}
    if len(pieces) != len(kinds) + 1 or any(
        kind not in letters.get(piece[:1], "")
        for piece, kind in zip(pieces[1:], kinds, strict=True)
    ):
        return ""
    joined = [quote(pieces[0])]
    for piece, text in zip(pieces[1:], texts, strict=True):
        joined += [f"coalesce({text}, 'null')", quote(piece[1:])]
    return f"({' || '.join(joined)})"


NODES: dict[str, Handler] = {"Normalize": normalize}
"""Alternatives of the grammar -> what compiles them."""

FUNCTIONS: dict[str, FunctionHandler] = {
    **dict.fromkeys(("substr", "substring", "reverse", "lpad", "rpad", "replace"), plain),
    **dict.fromkeys(("split", "split_part"), plain),
    "concat_ws": concat_ws,
    "format": format_,
}
"""Names -> what compiles their calls."""
