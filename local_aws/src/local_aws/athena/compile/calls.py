"""Function calls: plain, aggregate and window, by the table in `function_table.py`."""

import re
from dataclasses import replace
from typing import Any

from local_aws.athena.compile.arguments import (
    check_aggregate,
    check_nesting,
    check_number,
    comparable,
    sort_key,
)
from local_aws.athena.compile.compiler import (
    Compiler,
    Handler,
    call,
    coerce,
    identifier,
    mismatch,
    position,
    qualified,
)
from local_aws.athena.compile.function_table import ALIASES, RULES, Rule
from local_aws.athena.compile.known_functions import is_function, takes
from local_aws.athena.compile.plan import Expr
from local_aws.athena.compile.signatures import choose
from local_aws.athena.errors import QueryError
from local_aws.athena.types.once import once
from local_aws.athena.types.sqltypes import BIGINT, INTEGER, VARCHAR, Type

_HOLE = re.compile(r"\{(\d|type|nulls)(i|\.\.\.)?\}")


def function_call(compiler: Compiler, node: Any) -> Expr:
    """name(arguments) [FILTER] [OVER]."""
    name = ".".join(qualified(node.qualifiedName()))
    name = ALIASES.get(name, name)
    arguments = node.expression()
    if (name == "count" and node.ASTERISK()) or (name == "count" and not arguments):
        return _aggregate(compiler, node, replace(RULES["count"][0], text="count(*)"), [], BIGINT)
    handler = compiler.language.functions.get(name)
    if handler is not None:
        check_number(name, len(arguments), node)
        return replace(handler(compiler, arguments, node), at=position(node))
    if name not in RULES:
        if is_function(name):
            raise QueryError("NOT_SUPPORTED", f"local_aws has no function {name}", position(node))
        raise QueryError("FUNCTION_NOT_FOUND", f"Function '{name}' not registered", position(node))
    return _by_rule(compiler, name, [compiler.expr(one) for one in arguments], node)


def apply_rule(name: str, arguments: list[Expr], node: Any) -> Expr:
    """The call of a scalar function of the table with compiled arguments."""
    rule, arguments, result = _chosen(name, arguments, node)
    return call(fill(rule.text, arguments, result), result, arguments, node)


def _chosen(name: str, arguments: list[Expr], node: Any) -> tuple[Rule, list[Expr], Type]:
    rules = RULES[name]
    chosen = choose(rules, [one.type for one in arguments])
    if chosen is None:
        given = ", ".join(one.type.text for one in arguments)
        if takes(name, [one.type for one in arguments]):
            raise QueryError("NOT_SUPPORTED", f"local_aws has no {name}({given})", position(node))
        expected = ", ".join(dict.fromkeys(rule.signature for rule in rules))
        raise QueryError(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters ({given}) for function {name}. Expected: {expected}",
            position(node),
        )
    rule, wanted, result = chosen
    coerced = [coerce(one, kind) for one, kind in zip(arguments, wanted, strict=True)]
    return rule, comparable(name, arguments, coerced, node), result


def _by_rule(compiler: Compiler, name: str, arguments: list[Expr], node: Any) -> Expr:
    rule, arguments, result = _chosen(name, arguments, node)
    if rule.kind == "scalar":
        if node.over():
            message = f"Window function is not supported: {name}"
            raise QueryError("FUNCTION_NOT_WINDOW", message, position(node))
        return call(fill(rule.text, arguments, result), result, arguments, node)
    return _aggregate(compiler, node, rule, arguments, result)


def fill(text: str, arguments: list[Expr], result: Type) -> str:
    """The text with its arguments.

    {0} is the first, {1i} the digits of a literal, {1...} the second and all behind it; {type} is
    the DuckDB type of the result, {nulls} whether an argument is NULL.
    """

    def one(hole: re.Match[str]) -> str:
        if hole[1] == "type":
            return result.duckdb
        if hole[1] == "nulls":
            return " OR ".join(f"{argument.sql} IS NULL" for argument in arguments)
        index = int(hole[1])
        if hole[2] == "...":
            return ", ".join(argument.sql for argument in arguments[index:])
        if hole[2] == "i":
            return str(arguments[index].literal)
        return arguments[index].sql

    return _HOLE.sub(one, text)


def _aggregate(
    compiler: Compiler, node: Any, rule: Rule, arguments: list[Expr], result: Type
) -> Expr:
    parts = list(arguments)
    check_aggregate(rule.name, arguments, node)
    # What stands inside the brackets in DuckDB: DISTINCT, ORDER BY, IGNORE NULLS.
    is_distinct = node.setQuantifier() and node.setQuantifier().DISTINCT()
    if is_distinct and any(one.type.has_map for one in arguments):
        raise QueryError("NOT_SUPPORTED", "local_aws has no distinct maps", position(node))
    before = "DISTINCT " if is_distinct else ""
    inside = ""
    if node.sortItem() and rule.name in _ORDERED:
        inside += f" ORDER BY {sort_items(compiler, node.sortItem(), parts)}"
    if node.nullTreatment() and node.nullTreatment().IGNORE():
        inside += " IGNORE NULLS"
    behind = ""
    if node.filter_():
        condition = compiler.boolean(node.filter_().booleanExpression(), "FILTER clause")
        parts.append(condition)
        behind += f" FILTER (WHERE {condition.sql})"
    check_nesting(parts, node)
    if node.over():
        window, used = window_text(compiler, node.over())
        parts += used
        behind += f" OVER {window}"
    elif rule.kind == "window":
        raise QueryError(
            "MISSING_OVER", f"Window function {rule.name} requires an OVER clause", position(node)
        )
    calls = []
    for text in rule.text.split(" & "):
        opening, closing = text.index("(") + 1, text.rindex(")")
        filled = fill(text[opening:closing], arguments, result)
        calls.append(f"{text[:opening]}{before}{filled}{inside}{text[closing:]}{behind}")
    made = call(_wrapped(rule.wrap, calls, result), result, parts, node)
    if node.over():
        return replace(made, has_window=True, is_movable=False)
    return replace(made, has_aggregate=True, is_movable=False)


# To the others the order means nothing.
_ORDERED = ("array_agg", "map_agg", "multimap_agg", "arbitrary", "any_value")
_WRAP_HOLE = re.compile(r"\{(type|most|scale|\d?)\}")


def _wrapped(wrap: str, calls: list[str], result: Type) -> str:
    """What is made of an aggregate's calls: {} or {0}, {1} ...; {type} the result's DuckDB type."""
    whole, scale = (result.args if result.name == "decimal" else (38, 0))[:2]
    known = {
        "type": result.duckdb,
        "scale": str(scale),
        "most": f"CAST('{'9' * (whole - scale)}.{'9' * scale}' AS {result.duckdb})",
    }

    def filled(calls: list[str]) -> str:
        return _WRAP_HOLE.sub(lambda hole: known.get(hole[1]) or calls[int(hole[1] or 0)], wrap)

    # DuckDB works out a window as often as it is named.
    return once(calls[0], lambda one: filled([one])) if wrap.count("{}") > 1 else filled(calls)


def sort_items(compiler: Compiler, nodes: list[Any], parts: list[Expr]) -> str:
    """DuckDB text of ORDER BY items; the compiled expressions are added to `parts`."""
    texts = []
    for node in nodes:
        expr = compiler.expr(node.expression())
        parts.append(expr)
        texts.append(sort_key(expr, node) + ordering(node))
    return ", ".join(texts)


def ordering(node: Any) -> str:
    """The direction of a sort item; Trino puts NULLs last in either direction."""
    direction = " DESC" if node.ordering is not None and node.ordering.text == "DESC" else ""
    first = node.nullOrdering is not None and node.nullOrdering.text == "FIRST"
    return f"{direction} NULLS {'FIRST' if first else 'LAST'}"


def window_text(compiler: Compiler, over: Any) -> tuple[str, list[Expr]]:
    """DuckDB text of an OVER clause, and the expressions in it."""
    specification = over.windowSpecification()
    if specification is None:
        specification = _named_window(compiler, over.windowName)
    parts: list[Expr] = []
    pieces = [_partition_text(compiler, specification, parts)]
    items = specification.sortItem()
    base = specification.existingWindowName
    if base is not None:
        inherited = _named_window(compiler, base)
        pieces.append(_partition_text(compiler, inherited, parts))
        items = items or inherited.sortItem()
    if items:
        pieces.append("ORDER BY " + sort_items(compiler, items, parts))
    if specification.windowFrame():
        pieces.append(_frame(compiler, specification.windowFrame(), parts))
    return f"({' '.join(piece for piece in pieces if piece)})", parts


def _named_window(compiler: Compiler, node: Any) -> Any:
    found = compiler.scope.window(identifier(node))
    if found is None:
        raise QueryError(
            "INVALID_WINDOW_REFERENCE",
            f"Cannot resolve WINDOW name {identifier(node)}",
            position(node),
        )
    return found


def _partition_text(compiler: Compiler, specification: Any, parts: list[Expr]) -> str:
    keys = [compiler.expr(one) for one in specification.partition]
    parts += keys
    return f"PARTITION BY {', '.join(key.sql for key in keys)}" if keys else ""


def _frame(compiler: Compiler, node: Any, parts: list[Expr]) -> str:
    extent = node.frameExtent()
    kind = extent.frameType.text
    start = _bound(compiler, extent.start, parts, kind)
    if extent.end is None:
        return f"{kind} {start}"
    return f"{kind} BETWEEN {start} AND {_bound(compiler, extent.end, parts, kind)}"


def _bound(compiler: Compiler, node: Any, parts: list[Expr], frame: str) -> str:
    if type(node).__name__ != "BoundedFrameContext":
        return " ".join(child.getText() for child in node.getChildren())
    offset = compiler.expr(node.expression())
    if not offset.type.is_number and not offset.type.name.startswith("interval"):
        raise mismatch(
            f"Window frame offset value type must be INTEGER or BIGINT (actual {offset.type.text})",
            node,
        )
    if offset.type.name in ("decimal", "double", "real") and frame == "ROWS":
        raise mismatch(f"Window frame ROWS offset must be whole, not {offset.type.text}", node)
    if isinstance(offset.literal, int) and offset.literal < 0:
        message = "Window frame offset value must not be negative or null"
        raise QueryError("INVALID_WINDOW_FRAME", message, position(node))
    parts.append(offset)
    return f"{offset.sql} {node.boundType.text}"


def listagg(compiler: Compiler, node: Any) -> Expr:
    """LISTAGG(x, ',') WITHIN GROUP (ORDER BY y)."""
    expr = compiler.expr(node.expression())
    separator = compiler.text(node.string()) if node.string() else "''"
    parts = [expr]
    items = sort_items(compiler, node.sortItem(), parts)
    if not expr.type.is_text:
        raise mismatch(f"LISTAGG takes varchar, not {expr.type.text}", node)
    if node.listAggOverflowBehavior() is not None and "TRUNCATE" in compiler.text(
        node.listAggOverflowBehavior()
    ):
        message = "local_aws has no LISTAGG with ON OVERFLOW TRUNCATE"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    is_distinct = node.setQuantifier() and node.setQuantifier().DISTINCT()
    distinct = "DISTINCT " if is_distinct else ""
    sql = f"string_agg({distinct}{expr.sql}, {separator} ORDER BY {items})"
    return replace(call(sql, VARCHAR, parts, node), has_aggregate=True, is_movable=False)


def grouping(compiler: Compiler, node: Any) -> Expr:
    """GROUPING(a, b): which columns a grouping set leaves out."""
    parts = [
        compiler.scope.resolve(list(qualified(one)), position(one))[0]
        for one in node.qualifiedName()
    ]
    sql = f"CAST(grouping({', '.join(one.sql for one in parts)}) AS INTEGER)"
    return replace(call(sql, INTEGER, parts, node), has_aggregate=True, is_movable=False)


NODES: dict[str, Handler] = {
    "FunctionCall": function_call,
    "Listagg": listagg,
    "GroupingOperation": grouping,
}
"""Alternatives of the grammar -> what compiles them."""
