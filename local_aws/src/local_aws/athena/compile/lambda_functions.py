"""Functions that take lambdas, over arrays and maps."""

from typing import Any

from local_aws.athena.compile.compiler import (
    Compiler,
    FunctionHandler,
    call,
    coerce,
    identifier,
    position,
)
from local_aws.athena.compile.plan import Expr
from local_aws.athena.errors import QueryError
from local_aws.athena.types.sqltypes import (
    BOOLEAN,
    UNKNOWN,
    Type,
    array,
    common_type,
    map_of,
    stores,
)


def _name(compiler: Compiler) -> str:
    """A parameter that no other lambda of the statement has."""
    return f"p{compiler.scope.session.number()}"


def _body(compiler: Compiler, argument: Any, given: dict[str, Type]) -> Expr:
    """The body of a lambda whose parameters are these DuckDB texts."""
    node = argument
    while type(node).__name__ != "LambdaContext":
        if node.getChildCount() != 1:
            raise QueryError("FUNCTION_NOT_FOUND", "Expected a lambda", position(argument))
        node = node.getChild(0)
    names = [identifier(one) for one in node.identifier()]
    if len(names) != len(given):
        message = f"Expected a lambda that takes {len(given)} argument(s) but got {len(names)}"
        raise QueryError("INVALID_PARAMETER_USAGE", message, position(node))
    inner = compiler.within(
        **{
            name: Expr(sql=text, type=kind)
            for name, (text, kind) in zip(names, given.items(), strict=True)
        }
    )
    body = inner.expr(node.expression())
    if body.has_aggregate or body.has_window:
        message = "Lambda expression cannot contain aggregations, window functions or grouping"
        raise QueryError("EXPRESSION_NOT_SCALAR", message, position(node))
    if not body.is_movable:
        message = "local_aws has no subqueries in lambda expressions"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    return body


def _entry_body(compiler: Compiler, argument: Any, kind: Type) -> tuple[str, Expr]:
    """The name of a map's entry, and the body of a lambda over its key and value."""
    entry = _name(compiler)
    given = {f"{entry}.key": kind.items[0], f"{entry}.value": kind.items[1]}
    return entry, _body(compiler, argument, given)


def _need_condition(body: Expr, node: Any) -> None:
    if body.type.name != "boolean":
        name = node.qualifiedName().getText().lower()
        message = f"Unexpected parameters for function {name}: the lambda gives {body.type.text}"
        raise QueryError("FUNCTION_NOT_FOUND", message, position(node))


def _items(compiler: Compiler, argument: Any, name: str) -> tuple[Expr, Type]:
    expr = compiler.expr(argument)
    if expr.type.name == "unknown":
        message = f"local_aws takes no NULL without a type for an {name}"
        raise QueryError("NOT_SUPPORTED", message, position(argument))
    if expr.type.name != name:
        message = f"Expected {name}, not {expr.type.text}"
        raise QueryError("FUNCTION_NOT_FOUND", message, position(argument))
    return expr, expr.type.items[0]


def transform(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """TRANSFORM(array, x -> y)."""
    expr, item = _items(compiler, arguments[0], "array")
    name = _name(compiler)
    body = _body(compiler, arguments[1], {name: item})
    sql = f"list_transform({expr.sql}, lambda {name}: {body.sql})"
    return call(sql, array(body.type), [expr, body], node)


def filter_(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """FILTER(array, x -> condition)."""
    expr, item = _items(compiler, arguments[0], "array")
    name = _name(compiler)
    body = _body(compiler, arguments[1], {name: item})
    _need_condition(body, node)
    sql = f"list_filter({expr.sql}, lambda {name}: {body.sql})"
    return call(sql, expr.type, [expr, body], node)


def match(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """ANY_MATCH, ALL_MATCH, NONE_MATCH."""
    expr, item = _items(compiler, arguments[0], "array")
    name = _name(compiler)
    body = _body(compiler, arguments[1], {name: item})
    _need_condition(body, node)
    hits = f"list_transform({expr.sql}, lambda {name}: {body.sql})"
    which = node.qualifiedName().getText().lower()
    # One that decides, else a NULL, else all are the other.
    decides = "false" if which == "all_match" else "true"
    answer = "true" if which == "any_match" else "false"
    otherwise = "false" if which == "any_match" else "true"
    sql = (
        f"CASE WHEN list_contains({hits}, {decides}) THEN {answer} "
        f"WHEN list_count({hits}) < len({hits}) THEN NULL "
        f"WHEN {expr.sql} IS NOT NULL THEN {otherwise} END"
    )
    return call(sql, BOOLEAN, [expr, body], node)


def reduce(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """REDUCE(array, start, (state, x) -> state, state -> result)."""
    expr, item = _items(compiler, arguments[0], "array")
    start = compiler.expr(arguments[1])
    if UNKNOWN in (start.type, *start.type.items):
        message = f"local_aws does not reduce to {start.type.text}"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    a, b = _name(compiler), _name(compiler)
    probe = _body(compiler, arguments[2], {f"{a}.s": start.type, f"{b}.e": item})
    state = common_type(start.type, probe.type) or start.type
    step = _body(compiler, arguments[2], {f"{a}.s": state, f"{b}.e": item})
    if UNKNOWN in (state, *state.items) or not stores(step.type, state):
        message = f"local_aws does not reduce to {state.text} by {step.type.text}"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    # DuckDB reduces values of one type, so the elements travel in rows beside the state.
    packed = (
        f"list_transform({expr.sql}, lambda {a}: {{'s': CAST(NULL AS {state.duckdb}), 'e': {a}}})"
    )
    first = (
        f"{{'s': CAST({coerce(start, state).sql} AS {state.duckdb}), "
        f"'e': CAST(NULL AS {item.duckdb})}}"
    )
    folded = (
        f"list_reduce({packed}, lambda {a}, {b}: {{'s': CAST({step.sql} AS {state.duckdb}), "
        f"'e': CAST(NULL AS {item.duckdb})}}, {first}).s"
    )
    result = _body(compiler, arguments[3], {folded: state})
    sql = f"CASE WHEN {expr.sql} IS NOT NULL THEN {result.sql} END"
    return call(sql, result.type, [expr, start, step, result], node)


def zip_with(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """ZIP_WITH(a, b, (x, y) -> z)."""
    left, one = _items(compiler, arguments[0], "array")
    right, other = _items(compiler, arguments[1], "array")
    pair = _name(compiler)
    body = _body(compiler, arguments[2], {f"{pair}[1]": one, f"{pair}[2]": other})
    pairs = f"list_transform(list_zip({left.sql}, {right.sql}), lambda {pair}: {body.sql})"
    nulls = f"{left.sql} IS NULL OR {right.sql} IS NULL"
    sql = f"CASE WHEN {nulls} THEN NULL ELSE {pairs} END"
    return call(sql, array(body.type), [left, right, body], node)


def zip_(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """ZIP(a, b, ...): an array of rows."""
    parts = [_items(compiler, one, "array")[0] for one in arguments]
    fields = ", ".join(f"'f{number}': z[{number + 1}]" for number in range(len(parts)))
    listed = ", ".join(one.sql for one in parts)
    kind = Type("row", items=tuple(one.type.items[0] for one in parts), labels=(None,) * len(parts))
    nulls = " OR ".join(f"{one.sql} IS NULL" for one in parts)
    rows = f"list_transform(list_zip({listed}), lambda z: {{{fields}}})"
    sql = f"CASE WHEN {nulls} THEN NULL ELSE {rows} END"
    return call(sql, array(kind), parts, node)


def map_filter(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """MAP_FILTER(map, (k, v) -> condition)."""
    expr, _ = _items(compiler, arguments[0], "map")
    entry, body = _entry_body(compiler, arguments[1], expr.type)
    _need_condition(body, node)
    sql = f"map_from_entries(list_filter(map_entries({expr.sql}), lambda {entry}: {body.sql}))"
    return call(sql, expr.type, [expr, body], node)


def transform_values(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """TRANSFORM_VALUES(map, (k, v) -> value)."""
    expr, kind = _items(compiler, arguments[0], "map")
    entry, body = _entry_body(compiler, arguments[1], expr.type)
    values = f"list_transform(map_entries({expr.sql}), lambda {entry}: {body.sql})"
    sql = f"map(map_keys({expr.sql}), {values})"
    return call(sql, map_of(kind, body.type), [expr, body], node)


def transform_keys(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """TRANSFORM_KEYS(map, (k, v) -> key)."""
    expr, _ = _items(compiler, arguments[0], "map")
    entry, body = _entry_body(compiler, arguments[1], expr.type)
    keys = f"list_transform(map_entries({expr.sql}), lambda {entry}: {body.sql})"
    sql = f"map({keys}, map_values({expr.sql}))"
    return call(sql, map_of(body.type, expr.type.items[1]), [expr, body], node)


FUNCTIONS: dict[str, FunctionHandler] = {
    "transform": transform,
    "filter": filter_,
    "any_match": match,
    "all_match": match,
    "none_match": match,
    "reduce": reduce,
    "zip_with": zip_with,
    "zip": zip_,
    "map_filter": map_filter,
    "transform_values": transform_values,
    "transform_keys": transform_keys,
}
"""Names -> what compiles their calls."""
