"""Functions whose answer depends on more than a row of the table can say."""

from dataclasses import replace
from typing import Any

from local_aws.athena.compile.calls import apply_rule
from local_aws.athena.compile.compiler import (
    Compiler,
    FunctionHandler,
    call,
    coerce,
    position,
    unexpected,
    unify,
)
from local_aws.athena.compile.operators import combine, compare, joinable
from local_aws.athena.compile.plan import Expr
from local_aws.athena.compile.text_functions import concatenated
from local_aws.athena.errors import QueryError
from local_aws.athena.types.casts import can_cast, cast
from local_aws.athena.types.failing import fail
from local_aws.athena.types.sqltypes import (
    DOUBLE,
    TINYINT,
    UNKNOWN,
    VARCHAR,
    Type,
    as_decimal,
    common_type,
    decimal,
)
from local_aws.athena.types.zones import quote


def if_(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """IF(condition, then, else): a CASE."""
    condition = compiler.boolean(arguments[0], "IF condition")
    values = [compiler.expr(one) for one in arguments[1:]]
    values, kind = unify(values, node, "Result types for IF")
    otherwise = f" ELSE {values[1].sql}" if len(values) > 1 else ""
    sql = f"CASE WHEN {condition.sql} THEN {values[0].sql}{otherwise} END"
    return call(sql, kind, [condition, *values], node)


def coalesce(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """COALESCE: the first that is not NULL, of their common type."""
    if len(arguments) < 2:
        message = "The 'coalesce' function must have at least two arguments"
        raise QueryError("SYNTAX_ERROR", message, position(node))
    values, kind = unify([compiler.expr(one) for one in arguments], node, "All COALESCE operands")
    return call(f"coalesce({', '.join(one.sql for one in values)})", kind, values, node)


def nullif(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """NULLIF(a, b): of the type of a."""
    left, right = (compiler.expr(one) for one in arguments)
    same = compare(left, right, "=", node)
    return call(
        f"CASE WHEN {same.sql} THEN NULL ELSE {left.sql} END", left.type, [left, right], node
    )


def try_(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """TRY(x): NULL where x fails."""
    expr = compiler.expr(arguments[0])
    if expr.has_aggregate or not expr.is_movable:
        message = "local_aws has no TRY over aggregates and subqueries"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    instant = f"TRY({expr.instant})" if expr.instant else ""
    return expr.become(f"TRY({expr.sql})", expr.type, at=position(node), instant=instant)


def extreme(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """GREATEST, LEAST: NULL if any argument is, where DuckDB leaves NULLs out."""
    values, kind = unify([compiler.expr(one) for one in arguments], node, "All arguments")
    if not kind.is_ordered:
        raise unexpected("greatest", [kind], node)
    if kind.items or kind.name.startswith("interval"):
        message = f"local_aws has no greatest or least of {kind.text}"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    name = node.qualifiedName().getText().lower()
    nulls = " OR ".join(f"{one.sql} IS NULL" for one in values)
    listed = ", ".join(one.sql for one in values)
    if kind.name in ("double", "real"):
        # NaN only if there is nothing else.
        kept = f"list_filter([{listed}], lambda x: NOT isnan(x))"
        listed = f"coalesce(list_{'max' if name == 'greatest' else 'min'}({kept}), {values[0].sql})"
        return call(f"CASE WHEN {nulls} THEN NULL ELSE {listed} END", kind, values, node)
    return call(f"CASE WHEN {nulls} THEN NULL ELSE {name}({listed}) END", kind, values, node)


def typeof(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """TYPEOF(x): the name of the static type."""
    del node
    expr = compiler.expr(arguments[0])
    name = quote(expr.type.text)
    if expr.has_aggregate or expr.has_window:
        return expr.become(f"CASE WHEN ({expr.sql}) IS NULL THEN {name} ELSE {name} END", VARCHAR)
    return Expr(sql=name, type=VARCHAR, literal=expr.type.text)


def concat(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """CONCAT(a, b, ...): as ||, NULL if any part is."""
    values = [compiler.expr(one) for one in arguments]
    if any(one.type.name == "array" for one in values):
        if len(values) == 1:
            message = "There must be two or more arguments to concat"
            raise QueryError("INVALID_FUNCTION_ARGUMENT", message, position(node))
        if len(values) == 2:
            values = list(joinable(values[0], values[1], node))
        values, kind = unify(values, node, "All ARRAY elements")
        return call(f"({' || '.join(one.sql for one in values)})", kind, values, node)
    return concatenated(values, node)


def mod(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """MOD(a, b): a % b."""
    left, right = (compiler.expr(one) for one in arguments)
    return combine(left, right, "%", node)


def rounding(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """Rounding keeps integers and decimals what they are."""
    values = [compiler.expr(one) for one in arguments]
    name = {"ceiling": "ceil"}.get(
        node.qualifiedName().getText().lower(), node.qualifiedName().getText().lower()
    )
    kind = values[0].type
    places = ("tinyint", "smallint", "integer", "unknown")
    if any(one.type.name not in places for one in values[1:]):
        raise unexpected(name, [one.type for one in values], node)
    if kind.name == "unknown":
        if name == "truncate":
            message = "local_aws does not truncate a NULL without a type"
            raise QueryError("NOT_SUPPORTED", message, position(node))
        return values[0].become("CAST(NULL AS TINYINT)", TINYINT)
    if name == "sign":
        return _sign(values[0], node)
    if kind.is_integer and name == "truncate":
        values[0] = coerce(values[0], as_decimal(kind))
        kind = values[0].type
    if kind.is_integer:
        if len(values) == 1:
            return values[0]
        sql = f"CAST(round(CAST({values[0].sql} AS HUGEINT), {values[1].sql}) AS {kind.duckdb})"
        return call(sql, kind, values, node)
    if kind.name == "decimal":
        return _round_decimal(name, values, node)
    made = apply_rule(name, values, node)
    if kind.name == "real":
        return made.become(f"CAST({made.sql} AS FLOAT)", kind)
    return made


def _sign(value: Expr, node: Any) -> Expr:
    kind = value.type
    if kind.name == "decimal":
        return call(f"CAST(sign({value.sql}) AS DECIMAL(1,0))", decimal(1, 0), [value], node)
    if kind.name in ("double", "real"):
        sql = f"CASE WHEN {value.sql} = 0 OR isnan({value.sql}) THEN {value.sql} "
        sql += f"ELSE CAST(sign({value.sql}) AS {kind.duckdb}) END"
        return call(sql, kind, [value], node)
    if not kind.is_integer:
        return apply_rule("sign", [value], node)
    return call(f"CAST(sign({value.sql}) AS {kind.duckdb})", kind, [value], node)


def _round_decimal(name: str, values: list[Expr], node: Any) -> Expr:
    precision, scale = values[0].type.args
    duckdb_name = {"truncate": "trunc"}.get(name, name)
    if len(values) == 2:
        kind = decimal(precision + (name != "truncate"), scale)
        if name == "round" and precision - scale > 17:
            raise QueryError("NOT_SUPPORTED", "local_aws rounds 17 digits", position(node))
        if name in ("round", "truncate"):
            digits = f"CAST({values[1].sql} AS INTEGER)"
            wide = f"CAST({values[0].sql} AS DECIMAL(38,{scale}))"
            sql = f"trino_{name}_decimal(CAST({wide} AS VARCHAR), {digits})"
            return call(f"CAST({sql} AS {kind.duckdb})", kind, values, node)
        sql = f"CAST({duckdb_name}({values[0].sql}, {values[1].sql}) AS {kind.duckdb})"
        return call(sql, kind, values, node)
    grows = name != "truncate" and scale > 0
    kind = decimal(max(precision - scale + grows, 1), 0)
    return call(f"CAST({duckdb_name}({values[0].sql}) AS {kind.duckdb})", kind, values, node)


def random(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """RANDOM(), RANDOM(n), RANDOM(low, high)."""
    values = [compiler.expr(one) for one in arguments]
    if not values:
        return Expr(sql="random()", type=DOUBLE, is_movable=False, at=position(node))
    values, kind = unify(values, node, "Bounds of random")
    if not kind.is_integer:
        raise unexpected("random", [kind], node)
    low, high = "0" if len(values) == 1 else values[0].sql, values[-1].sql
    bad = fail("INVALID_FUNCTION_ARGUMENT", "'bound must be positive'", kind.duckdb)
    sql = (
        f"CASE WHEN {high} <= {low} THEN {bad} "
        f"ELSE CAST({low} + floor(random() * ({high} - {low})) AS {kind.duckdb}) END"
    )
    return replace(call(sql, kind, values, node), is_movable=False)


def element_at(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """ELEMENT_AT: NULL for what is not there."""
    return apply_rule("element_at", [compiler.expr(one) for one in arguments], node)


def array_join(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """ARRAY_JOIN takes elements of any type, as text."""
    values = [compiler.expr(one) for one in arguments]
    kind = values[0].type
    if kind.name == "array" and kind.items[0].name != "varchar" and kind.items[0] != UNKNOWN:
        if not can_cast(kind.items[0], VARCHAR):
            message = f"Cannot cast {kind.items[0].text} to varchar"
            raise QueryError("OPERATOR_NOT_FOUND", message, position(node))
        texts = f"list_transform({values[0].sql}, lambda x: {cast('x', kind.items[0], VARCHAR)})"
        values[0] = values[0].become(texts, Type("array", items=(VARCHAR,)))
    return apply_rule("array_join", values, node)


def array_sort(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """ARRAY_SORT without a lambda."""
    values = [compiler.expr(one) for one in arguments[:1]]
    kind = values[0].type
    if len(arguments) > 1:
        message = "local_aws has no array_sort with a lambda"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    if kind.name == "array" and not kind.is_ordered:
        raise unexpected("array_sort", [kind], node)
    if kind.items and kind.items[0].items:
        message = f"local_aws does not sort {kind.text}"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    return apply_rule("array_sort", values, node)


def map_(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """MAP(keys, values)."""
    values = [compiler.expr(one) for one in arguments]
    if values and values[0].type.items and values[0].type.items[0].items:
        message = f"local_aws has no maps by {values[0].type.items[0].text}"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    return apply_rule("map", values, node)


def contains(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """CONTAINS(array, x)."""
    values = [compiler.expr(one) for one in arguments]
    item = values[0].type.items[0] if values[0].type.name == "array" else UNKNOWN
    if item.items or item.name in ("double", "real", "char", "unknown"):
        return apply_rule("contains", values, node)
    found = apply_rule("contains", values, node)
    items, value = values[0].sql, coerce(values[1], item).sql
    if common_type(item, values[1].type) != item:
        return found
    sql = (
        f"CASE WHEN {value} IS NULL THEN NULL WHEN list_contains({items}, {value}) THEN true "
        f"WHEN list_count({items}) = len({items}) THEN false END"
    )
    return found.become(sql, found.type)


def width_bucket(compiler: Compiler, arguments: list[Any], node: Any) -> Expr:
    """WIDTH_BUCKET(x, low, high, n)."""
    return apply_rule("width_bucket", [compiler.expr(one) for one in arguments], node)


FUNCTIONS: dict[str, FunctionHandler] = {
    "if": if_,
    "coalesce": coalesce,
    "nullif": nullif,
    "try": try_,
    "greatest": extreme,
    "least": extreme,
    "typeof": typeof,
    "concat": concat,
    "mod": mod,
    "ceil": rounding,
    "floor": rounding,
    "round": rounding,
    "truncate": rounding,
    "sign": rounding,
    "random": random,
    "element_at": element_at,
    "array_join": array_join,
    "array_sort": array_sort,
    "map": map_,
    "contains": contains,
    "width_bucket": width_bucket,
}
"""Names -> what compiles their calls."""
