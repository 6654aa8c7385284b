"""What functions take: the number of arguments, literals, and values that can be compared."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from local_aws.athena.compile.compiler import mismatch, position, unexpected
from local_aws.athena.compile.known_functions import argument_numbers
from local_aws.athena.compile.plan import Expr
from local_aws.athena.errors import QueryError
from local_aws.athena.types.failing import fail
from local_aws.athena.types.once import once
from local_aws.athena.types.sqltypes import Type

_OF_THE_GRAMMAR = {"if": (2, 3), "nullif": (2,), "try": (1,)}
_VARIADIC = ("concat", "concat_ws", "greatest", "least")


def check_number(name: str, number: int, node: Any) -> None:
    """Refuse a number of arguments that the function never takes."""
    if name in _OF_THE_GRAMMAR and number not in _OF_THE_GRAMMAR[name]:
        message = f"Invalid number of arguments for '{name}' function"
        raise QueryError("SYNTAX_ERROR", message, position(node))
    numbers = argument_numbers(name)
    is_variadic = name in _VARIADIC and number > 0
    if numbers and number not in numbers and not is_variadic:
        message = f"Unexpected number of parameters for function {name}: {number}"
        raise QueryError("FUNCTION_NOT_FOUND", message, position(node))


# Functions that look for the greatest or the least: in which argument, and in the elements of it?
_COMPARED = {
    "array_max": (0, True),
    "array_min": (0, True),
    "max": (0, False),
    "min": (0, False),
    "max_by": (1, False),
    "min_by": (1, False),
}
# Functions whose answer has another type for each type of the argument.
_TYPED = ("sum", "avg", "array_max", "array_min")


def comparable(name: str, given: list[Expr], coerced: list[Expr], node: Any) -> list[Expr]:
    """The arguments of a function, of which those that it compares can be.

    A query fails at a NULL or NaN inside of an array or a row: DuckDB has a place for them among
    others. Trino has none for a NULL, and fails too, but only where it compares that one.

    Args:
        name: of the function.
        given: the arguments.
        coerced: to the types of the function.
        node: the call.

    Raises:
        QueryError: FUNCTION_NOT_FOUND, NOT_SUPPORTED.
    """
    if name in _TYPED and given[0].type.name == "unknown":
        message = f"local_aws has no {name} of a NULL without a type"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    if name not in _COMPARED:
        return coerced
    place, is_list = _COMPARED[name]
    values = coerced[place]
    kind = values.type.items[0] if is_list else values.type
    if not kind.is_ordered:
        raise unexpected(name, [one.type for one in given], node)
    if not kind.items:
        return coerced
    checked_values = replace(values, sql=once(values.sql, _checked(values.type, is_list=is_list)))
    return [*coerced[:place], checked_values, *coerced[place + 1 :]]


def sort_key(expr: Expr, node: Any) -> str:
    """DuckDB text of what rows are ordered by. As above, arrays and rows are looked into.

    Raises:
        QueryError: TYPE_MISMATCH, it has no order.
    """
    if not expr.type.is_ordered:
        raise mismatch(f"Type {expr.type.text} is not orderable", node)
    if not expr.type.items:
        return expr.sql
    check = _checked(expr.type)
    is_plain = not (expr.has_aggregate or expr.has_window)
    return once(expr.sql, check) if is_plain else check(expr.sql)


def _checked(kind: Type, *, is_list: bool = False) -> Callable[[str], str]:
    """A text of DuckDB's that fails at a value with a NULL or NaN inside."""
    compared = kind.items[0] if is_list else kind
    reason = f"local_aws does not compare {compared.text} with a NULL or NaN inside: leave them out"
    bad = fail("NOT_SUPPORTED", f"'{reason}'", kind.duckdb)

    def checked(sql: str) -> str:
        has_odd = _has_odd_element(sql, compared) if is_list else _has_odd(sql, compared)
        return f"CASE WHEN {has_odd} THEN {bad} ELSE {sql} END"

    return checked


def _has_odd(sql: str, kind: Type) -> str:
    """DuckDB text: is an element or a field NULL or NaN, at any depth?"""
    if kind.name == "array":
        return _has_odd_element(sql, kind.items[0], takes_null=False)
    fields = (_is_odd(f"({sql}).f{number}", inner) for number, inner in enumerate(kind.items))
    return f"({sql} IS NOT NULL AND ({' OR '.join(fields)}))"


def _has_odd_element(sql: str, kind: Type, *, takes_null: bool = True) -> str:
    is_odd = _has_odd("x", kind) if takes_null else _is_odd("x", kind)
    return f"len(list_filter({sql}, lambda x: {is_odd})) > 0"


def _is_odd(sql: str, kind: Type) -> str:
    if kind.items:
        return f"{sql} IS NULL OR {_has_odd(sql, kind)}"
    is_nan = f" OR isnan({sql})" if kind.name in ("double", "real") else ""
    return f"{sql} IS NULL{is_nan}"


_UNFRAMED = (
    *("row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead"),
)


def check_aggregate(name: str, arguments: list[Expr], node: Any) -> None:
    """Refuse arguments and windows that an aggregate or window function does not take."""
    if name == "approx_distinct" and len(arguments) > 1:
        _check_standard_error(arguments[1], node)
    if node.over() and node.filter_():
        message = "Window function with FILTER is not supported"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    specification = node.over().windowSpecification() if node.over() else None
    if specification is not None and specification.windowFrame() and name in _UNFRAMED:
        message = f"Cannot specify window frame for {name} function"
        raise QueryError("INVALID_WINDOW_FRAME", message, position(node))
    has_order = specification is None or (
        specification.sortItem() or specification.existingWindowName is not None
    )
    if name in ("lag", "lead") and not has_order:
        message = f"{name} function requires an ORDER BY window clause"
        raise QueryError("MISSING_ORDER_BY", message, position(node))
    least = {"lag": 0, "lead": 0, "nth_value": 1, "ntile": 1}.get(name)
    if least is not None:
        _check_count(arguments[1:2] if name != "ntile" else arguments[:1], least, node)


def _check_standard_error(error: Expr, node: Any) -> None:
    # It changes what DuckDB estimates in nothing.
    if error.literal is None:
        message = "local_aws takes a literal as the standard error"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    bound = float(error.literal)
    if not 0.0040625 <= bound <= 0.26:
        message = f"Max standard error must be in [0.0040625, 0.26]: {bound}"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message, position(node))


_NEGATIVE = re.compile(r"\W*-\W*\d+\W*")


def _check_count(arguments: list[Expr], least: int, node: Any) -> None:
    for one in arguments:
        if isinstance(one.literal, int) and one.literal >= least:
            continue
        is_null = one.sql == "CAST(NULL AS BIGINT)"
        if is_null and len(node.expression()) == 1:
            continue  # NTILE(NULL)
        is_too_small = (is_null and least == 0) or _NEGATIVE.fullmatch(one.sql)
        if one.literal is None and not is_too_small:
            raise QueryError("NOT_SUPPORTED", "local_aws takes a literal here", position(node))
        message = f"Offset must be at least {least}"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message, position(node))


def check_nesting(parts: list[Expr], node: Any) -> None:
    """Refuse windows in aggregates, and aggregates in one another."""
    if any(one.has_window for one in parts):
        message = "Cannot nest window functions or row pattern measures inside aggregations"
        raise QueryError("NESTED_WINDOW", message, position(node))
    if not node.over() and any(one.has_aggregate for one in parts):
        message = "Cannot nest aggregations inside aggregation"
        raise QueryError("NESTED_AGGREGATION", message, position(node))
