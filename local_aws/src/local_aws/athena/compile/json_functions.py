"""json_extract and json_extract_scalar."""

import re
from typing import Any

from local_aws.athena.compile.compiler import (
    Compiler,
    FunctionHandler,
    call,
    coerce,
    position,
    unexpected,
)
from local_aws.athena.compile.plan import Expr
from local_aws.athena.errors import QueryError
from local_aws.athena.functions.json_paths import path_steps
from local_aws.athena.functions.registry import Failure
from local_aws.athena.types.sqltypes import JSON, VARCHAR
from local_aws.athena.types.zones import quote

# A path that DuckDB takes for the same: keys alone.
_KEYS = re.compile(r"\$(\.[A-Za-z_][A-Za-z_0-9]*)+")


def _parts(compiler: Compiler, arguments: list[Any], node: Any) -> tuple[Expr, Expr]:
    name = node.qualifiedName().getText().lower()
    values = [compiler.expr(one) for one in arguments]
    if not (values[0].type.is_text or values[0].type.name == "json"):
        given = ", ".join(one.type.text for one in values)
        is_unknown = values[0].type.name == "unknown"
        if is_unknown and name == "json_extract" and values[1].type.is_text:
            return values[0].become("CAST(NULL AS JSON)", JSON), coerce(values[1], VARCHAR)
        error = "AMBIGUOUS_FUNCTION_CALL" if is_unknown else "FUNCTION_NOT_FOUND"
        message = f"Unexpected parameters ({given}) for function {name}"
        raise QueryError(error, message, position(node))
    path = values[1]
    if not path.type.is_text and path.type.name != "unknown":
        raise unexpected(name, [one.type for one in values], node)
    if isinstance(path.literal, str):
        try:
            path_steps(path.literal)
        except Failure as failure:
            code, _, message = str(failure)[1:].partition(": ")
            raise QueryError(code, message, position(node)) from None
    return values[0], coerce(path, VARCHAR)


def json_extract(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """JSON_EXTRACT(text or json, path)."""
    document, path = _parts(compiler, arguments, node)
    sql = f"CAST(trino_json_extract(CAST({document.sql} AS VARCHAR), {path.sql}) AS JSON)"
    return call(sql, JSON, [document, path], node)


def json_extract_scalar(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """JSON_EXTRACT_SCALAR(text or json, path)."""
    document, path = _parts(compiler, arguments, node)
    kind = document.type if document.type.is_text else VARCHAR
    text = f"CAST({document.sql} AS VARCHAR)"
    slow = f"trino_json_extract_scalar({text}, {path.sql})"
    if isinstance(path.literal, str) and _KEYS.fullmatch(path.literal):
        literal = quote(path.literal)
        # Of valid JSON DuckDB gives the same, but for numbers with a fraction or exponent.
        found = f"CASE WHEN json_valid({text}) THEN json_type({text}, {literal}) END"
        slow = (
            f"CASE WHEN {found} IN ('VARCHAR', 'BOOLEAN', 'UBIGINT', 'BIGINT') "
            f"THEN json_extract_string({text}, {literal}) ELSE {slow} END"
        )
    return call(slow, kind, [document, path], node)


FUNCTIONS: dict[str, FunctionHandler] = {
    "json_extract": json_extract,
    "json_extract_scalar": json_extract_scalar,
}
"""Names -> what compiles their calls."""
