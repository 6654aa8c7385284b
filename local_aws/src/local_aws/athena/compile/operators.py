"""Operators and predicates."""

from dataclasses import replace
from typing import Any

from local_aws.athena.compile.calls import apply_rule
from local_aws.athena.compile.compiler import (
    Compiler,
    Handler,
    at_instant,
    call,
    coerce,
    mismatch,
    position,
    unexpected,
    unify,
    utc_of,
)
from local_aws.athena.compile.literals import string_value
from local_aws.athena.compile.plan import Expr, Relation, both, either, merge, refer
from local_aws.athena.compile.text_functions import concatenated, like
from local_aws.athena.errors import QueryError
from local_aws.athena.functions.moments import zone_name
from local_aws.athena.types.casts import cast
from local_aws.athena.types.failing import fail
from local_aws.athena.types.sqltypes import (
    BOOLEAN,
    DAY_TO_SECOND,
    DOUBLE,
    TIMESTAMP_TZ,
    UNKNOWN,
    Type,
    array,
    as_decimal,
    coerces,
    common_type,
    decimal,
)
from local_aws.athena.types.zones import instant, quote, wall_clock


def arithmetic(compiler: Compiler, node: Any) -> Expr:
    """A + b and the like."""
    left, right = compiler.expr(node.left), compiler.expr(node.right)
    return combine(left, right, node.operator.text, node)


def combine(left: Expr, right: Expr, symbol: str, node: Any) -> Expr:
    """The result of an arithmetic operator."""
    if left.type.name == "unknown" or right.type.name == "unknown":
        left, right = _known(left, right, symbol), _known(right, left, symbol)
    if left.type.is_number and right.type.is_number:
        return _numbers(left, right, symbol, node)
    moved = _moments(left, right, symbol, node)
    if moved is None:
        raise _no_operator(left, symbol, right, node)
    return moved


def _known(one: Expr, other: Expr, symbol: str) -> Expr:
    """NULL as what it can be beside the other operand."""
    if one.type.name != "unknown":
        return one
    kind = other.type
    if kind.name.split()[0] in ("date", "timestamp", "time"):
        kind = DAY_TO_SECOND
    elif kind.name.startswith("interval") and symbol in "*/":
        kind = DOUBLE
    return coerce(one, kind)


def _numbers(left: Expr, right: Expr, symbol: str, node: Any) -> Expr:
    kind = common_type(left.type, right.type)
    assert kind is not None
    if kind.name == "decimal":
        return _decimals(left, right, symbol, node)
    left, right = coerce(left, kind), coerce(right, kind)
    if symbol in "/%" and kind.is_integer:
        sql = _checked_division(left, right, "//" if symbol == "/" else "%")
        return call(sql, kind, [left, right], node)
    return call(f"({left.sql} {symbol} {right.sql})", kind, [left, right], node)


def _checked_division(left: Expr, right: Expr, symbol: str) -> str:
    # DuckDB's / is a float division, and a zero divisor gives NULL.
    quotient = f"({left.sql} {symbol} {right.sql})"
    if right.literal and right.literal != -1:
        return quotient
    zero = fail("DIVISION_BY_ZERO", "'Division by zero'", left.type.duckdb)
    # The least number has no remainder by -1 in DuckDB.
    rest = f" WHEN {right.sql} = -1 AND {left.sql} IS NOT NULL THEN 0" if symbol == "%" else ""
    return f"CASE WHEN {right.sql} = 0 THEN {zero}{rest} ELSE {quotient} END"


def _decimals(left: Expr, right: Expr, symbol: str, node: Any) -> Expr:
    one, other = as_decimal(left.type), as_decimal(right.type)
    (p1, s1), (p2, s2) = one.args, other.args
    left, right = coerce(left, one), coerce(right, other)
    scale = max(s1, s2)
    if symbol in "+-":
        precision = max(p1 - s1, p2 - s2) + scale + 1
    elif symbol == "*":
        precision, scale = p1 + p2, s1 + s2
        if scale > 38:
            message = f"DECIMAL scale must be in range [0, precision (38)]: {scale}"
            raise QueryError("INVALID_FUNCTION_ARGUMENT", message, position(node))
    elif symbol == "/":
        precision = p1 + s2 + max(s2 - s1, 0)
    else:
        precision = min(p1 - s1, p2 - s2) + scale
    kind = decimal(precision, scale)
    return call(_decimal_text(left, right, symbol, kind, precision), kind, [left, right], node)


def _decimal_text(left: Expr, right: Expr, symbol: str, kind: Type, precision: int) -> str:
    if symbol == "%" and precision <= 38:
        return f"CAST({_checked_division(left, right, '%')} AS {kind.duckdb})"
    if symbol in "+-" and precision <= 38:
        # DuckDB adds in the operands' own width.
        wide = f"CAST({left.sql} AS {kind.duckdb}) {symbol} CAST({right.sql} AS {kind.duckdb})"
        return f"CAST({wide} AS {kind.duckdb})"
    if symbol == "*" and precision <= 37:
        digits, scale = left.type.args
        wide = f"CAST({left.sql} AS DECIMAL({max(digits, 19)},{scale}))"
        is_narrow = precision <= 18 or max(digits, 19) + right.type.args[0] > 38
        return f"CAST({left.sql if is_narrow else wide} * {right.sql} AS {kind.duckdb})"
    negated = right.sql if symbol != "-" else f"(-{right.sql})"
    name = {"+": "add", "-": "add", "*": "multiply", "/": "divide", "%": "remainder"}[symbol]
    texts = f"CAST({left.sql} AS VARCHAR), CAST({negated} AS VARCHAR), {kind.args[1]}"
    return f"CAST(trino_decimal_{name}({texts}) AS {kind.duckdb})"


def _moments(left: Expr, right: Expr, symbol: str, node: Any) -> Expr | None:
    kinds = (left.type.name.split()[0], right.type.name.split()[0])
    if kinds == ("interval", "interval") and symbol in "+-" and left.type == right.type:
        return call(f"({left.sql} {symbol} {right.sql})", left.type, [left, right], node)
    if symbol == "-" and kinds[0] == kinds[1] in ("date", "timestamp", "time"):
        return _between_moments(left, right, node)
    is_turned = kinds[1] == "interval" and symbol == "*" and left.type.is_number
    if is_turned or (kinds[0] == "interval" and symbol == "+"):
        left, right = right, left
    return _with_interval(left, right, symbol, node)


def _between_moments(left: Expr, right: Expr, node: Any) -> Expr | None:
    names = (left.type.name, right.type.name)
    if names.count("timestamp with time zone") == 1:
        return None
    if "time" in names:
        one, other = (f"(DATE '1970-01-01' + {x.sql})" for x in (left, right))
    else:
        one, other = (f"CAST({utc_of(x)} AS TIMESTAMP)" for x in (left, right))
    return call(f"({one} - {other})", DAY_TO_SECOND, [left, right], node)


def _with_interval(value: Expr, other: Expr, symbol: str, node: Any) -> Expr | None:
    """A moment and an interval, or an interval and a number."""
    if value.type.name.startswith("interval") and other.type.is_number and symbol in "*/":
        return _scaled(value, other, symbol, node)
    is_moment = value.type.name.split()[0] in ("date", "timestamp", "time")
    if is_moment and other.type.name.startswith("interval") and symbol in "+-":
        return _shifted(value, other, symbol, node)
    return None


def _scaled(interval: Expr, number: Expr, symbol: str, node: Any) -> Expr:
    amount = f"CAST({number.sql} AS DOUBLE)"
    if symbol == "/":
        zero = fail("INVALID_FUNCTION_ARGUMENT", "'invalid duration'", "DOUBLE")
        amount = f"CASE WHEN {amount} = 0 THEN {zero} ELSE {amount} END"
    if interval.type.name == "interval year to month":
        months = f"(datepart('year', {interval.sql}) * 12 + datepart('month', {interval.sql}))"
        sql = f"to_months(CAST(trunc({months} {symbol} ({amount})) AS INTEGER))"
        return call(sql, interval.type, [interval, number], node)
    millis = f"CAST(trunc(epoch({interval.sql}) * 1000 {symbol} ({amount})) AS BIGINT)"
    return call(f"to_milliseconds({millis})", interval.type, [interval, number], node)


def _shifted(moment: Expr, interval: Expr, symbol: str, node: Any) -> Expr:
    kind = moment.type
    by_calendar = interval.type.name == "interval year to month"
    if kind.name == "date":
        moved = f"CAST({moment.sql} {symbol} {interval.sql} AS DATE)"
        if not by_calendar:
            message = "'Cannot add hour, minutes or seconds to a date'"
            bad = fail("INVALID_FUNCTION_ARGUMENT", message, "DATE")
            part = f"epoch_us({interval.sql}) % 86400000000 <> 0"
            moved = f"CASE WHEN {part} THEN {bad} ELSE {moved} END"
        return call(moved, kind, [moment, interval], node)
    if kind.name == "time" and by_calendar:
        raise _no_operator(moment, symbol, interval, node)
    if not by_calendar:
        kind = replace(kind, args=(max(kind.args[0], 3),))
    if kind.name == "timestamp with time zone":
        sql = _shifted_in_zone(moment, interval.sql, symbol, by_calendar=by_calendar)
        return call(sql, kind, [moment, interval], node)
    return call(f"({moment.sql} {symbol} {interval.sql})", kind, [moment, interval], node)


def _shifted_in_zone(moment: Expr, interval: str, symbol: str, *, by_calendar: bool) -> str:
    if not by_calendar:
        return rezoned(moment, f"({utc_of(moment)} {symbol} {interval})")
    local = f"({wall_clock(moment.sql, moment.type)} {symbol} {interval})"
    return rezoned(moment, local_instant(moment, local))


def local_instant(moment: Expr, local: str) -> str:
    """The instant of another local time, in the zone of a moment."""
    if moment.type.zone:
        return instant(local, moment.type.zone)
    return f"({local} - to_minutes(({moment.sql}).o))"


def rezoned(moment: Expr, sql: str) -> str:
    """Another instant, shown as a moment is."""
    if moment.type.zone:
        return sql
    return f"CASE WHEN {moment.sql} IS NOT NULL THEN {{'t': {sql}, 'o': ({moment.sql}).o}} END"


def _no_operator(left: Expr, symbol: str, right: Expr, node: Any) -> QueryError:
    return mismatch(f"Cannot apply operator: {left.type.text} {symbol} {right.type.text}", node)


def unary(compiler: Compiler, node: Any) -> Expr:
    """-a, +a."""
    expr = compiler.expr(node.valueExpression())
    if node.operator.text == "+":
        return expr
    if not expr.type.is_number and not expr.type.name.startswith("interval"):
        raise mismatch(f"Cannot negate {expr.type.text}", node)
    return expr.become(f"(-{expr.sql})", expr.type, at=position(node))


def concatenation(compiler: Compiler, node: Any) -> Expr:
    """A || b: texts, arrays, bytes; nothing is cast by itself."""
    left, right = compiler.expr(node.left), compiler.expr(node.right)
    if left.type.name == "array" or right.type.name == "array":
        return _concat_arrays(left, right, node)
    if "unknown" in (left.type.name, right.type.name) and left.type != right.type:
        raise QueryError("NOT_SUPPORTED", "local_aws has no NULL beside ||", position(node))
    return concatenated([left, right], node)


def _concat_arrays(left: Expr, right: Expr, node: Any) -> Expr:
    left, right = joinable(left, right, node)
    (left, right), kind = unify([left, right], node, "All ARRAY elements")
    return call(f"({left.sql} || {right.sql})", kind, [left, right], node)


def joinable(left: Expr, right: Expr, node: Any) -> tuple[Expr, Expr]:
    """Two arrays out of two, or out of one and what becomes an element of it."""
    if any(UNKNOWN in (one.type, *one.type.items) for one in (left, right)):
        message = "Could not choose a best candidate operator. Explicit type casts must be added."
        raise QueryError("AMBIGUOUS_FUNCTION_CALL", message, position(node))
    if common_type(left.type, right.type) is None:
        wrapped = [
            one.become(f"CASE WHEN {one.sql} IS NOT NULL THEN [{one.sql}] END", array(one.type))
            for one in (left, right)
        ]
        if common_type(left.type, wrapped[1].type) is not None:
            right = wrapped[1]
        elif common_type(wrapped[0].type, right.type) is not None:
            left = wrapped[0]
        else:
            raise unexpected("concat", [left.type, right.type], node)
    return left, right


def logical(compiler: Compiler, node: Any) -> Expr:
    """A chain of AND or OR, however long."""
    kind = type(node)
    terms: list[Expr] = []
    pending = [node]
    while pending:
        one = pending.pop()
        if type(one) is kind:
            pending += reversed(one.booleanExpression())
        else:
            terms.append(compiler.boolean(one, "Logical expression term"))
    joined = both(terms) if kind.__name__.startswith("And") else either(terms)
    assert joined is not None
    return replace(joined, type=BOOLEAN, sql=f"({joined.sql})", at=position(node))


def negation(compiler: Compiler, node: Any) -> Expr:
    """NOT a."""
    expr = compiler.boolean(node.booleanExpression(), "Value of logical NOT expression")
    return expr.become(f"(NOT {expr.sql})", BOOLEAN, at=position(node))


def predicated(compiler: Compiler, node: Any) -> Expr:
    """A value with a predicate behind it."""
    predicate = node.predicate()
    if predicate is None:
        return compiler.expr(node.valueExpression())
    value = compiler.expr(node.valueExpression())
    kind = type(predicate).__name__.removesuffix("Context")
    found = _PREDICATES[kind](compiler, value, predicate)
    return replace(found, at=position(node))


def compare(left: Expr, right: Expr, symbol: str, node: Any) -> Expr:
    """A comparison; refuses types that have nothing in common."""
    left, right = at_instant(left), at_instant(right)
    kind = common_type(left.type, right.type)
    is_equality = symbol not in ("<", "<=", ">", ">=")
    if kind is None or not (is_equality or kind.is_ordered):
        raise _no_operator(left, symbol, right, node)
    if kind.has_map and symbol.startswith("IS"):
        message = f"local_aws does not compare {kind.text} by {symbol}"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    left, right = coerce(left, kind), coerce(right, kind)
    sql = _compared(left, right, symbol)
    return call(sql, BOOLEAN, [left, right], node)


def _compared(left: Expr, right: Expr, symbol: str) -> str:
    kind = left.type
    if kind.items and not symbol.startswith("IS"):
        if symbol in ("=", "<>"):
            same = f"trino_equal({left.sql}, {right.sql})"
            return same if symbol == "=" else f"(NOT {same})"
        return f"(trino_order({left.sql}, {right.sql}, {quote(kind.name)}) {symbol} 0)"
    plain = f"({left.sql} {symbol} {right.sql})"
    if kind.name not in ("double", "real") or symbol.startswith("IS"):
        return plain
    # To DuckDB NaN is equal to itself and larger than everything else.
    one, other = (f"isnan({side.sql})" for side in (left, right))
    if symbol == "<>":
        both = left.literal is None and right.literal is None
        return f"({plain} OR ({one} AND {other}))" if both else plain
    beyond, than = (right, left) if symbol in ("<", "<=") else (left, right)
    if symbol == "=" and beyond.literal is not None:
        beyond, than = right, left
    if beyond.literal is not None:
        return plain
    is_beyond = f"isnan({beyond.sql})"
    if than.literal is None:
        is_beyond += f" AND {than.sql} IS NOT NULL"
    return f"(CASE WHEN {is_beyond} THEN false ELSE {plain} END)"


def _comparison(compiler: Compiler, value: Expr, node: Any) -> Expr:
    right = compiler.expr(node.right)
    symbol = node.comparisonOperator().getText().replace("!=", "<>")
    return compare(value, right, symbol, node)


def _between(compiler: Compiler, value: Expr, node: Any) -> Expr:
    low, high = compiler.expr(node.lower), compiler.expr(node.upper)
    for bound in (low, high):
        if common_type(value.type, bound.type) is None:
            raise mismatch(
                f"Cannot check if {value.type.text} is BETWEEN {low.type.text} "
                f"and {high.type.text}",
                node,
            )
    parts = [at_instant(one) for one in (value, low, high)]
    parts, kind = unify(parts, node, "BETWEEN values", is_compared=True)
    negated = "NOT " if node.NOT() else ""
    if kind.items or kind.name in ("double", "real", "char"):
        above = compare(parts[0], parts[1], ">=", node)
        below = compare(parts[0], parts[2], "<=", node)
        return call(f"({negated}({above.sql} AND {below.sql}))", BOOLEAN, parts, node)
    sql = f"({parts[0].sql} {negated}BETWEEN {parts[1].sql} AND {parts[2].sql})"
    return call(sql, BOOLEAN, parts, node)


def _in_list(compiler: Compiler, value: Expr, node: Any) -> Expr:
    items = [compiler.expr(one) for one in node.expression()]
    parts = [at_instant(one) for one in (value, *items)]
    parts, kind = unify(parts, node, "IN value and list items", is_compared=True)
    negated = "NOT " if node.NOT() else ""
    if kind.items or kind.name in ("double", "real", "char"):
        tests = [compare(parts[0], one, "=", node).sql for one in parts[1:]]
        if kind.name in ("double", "real") and not parts[0].fields:
            # Trino finds a constant NaN among constants, if the list has others besides.
            constants = [one for one in parts[1:] if not one.fields]
            if len(constants) < len(tests):
                tests += [f"(isnan({parts[0].sql}) AND isnan({one.sql}))" for one in constants]
        return call(f"({negated}({' OR '.join(tests)}))", BOOLEAN, parts, node)
    listed = ", ".join(one.sql for one in parts[1:])
    return call(f"({parts[0].sql} {negated}IN ({listed}))", BOOLEAN, parts, node)


def _null(compiler: Compiler, value: Expr, node: Any) -> Expr:
    del compiler
    negated = "NOT " if node.NOT() else ""
    return value.become(f"({value.sql} IS {negated}NULL)", BOOLEAN)


def _distinct(compiler: Compiler, value: Expr, node: Any) -> Expr:
    right = compiler.expr(node.right)
    symbol = "IS NOT DISTINCT FROM" if node.NOT() else "IS DISTINCT FROM"
    return compare(value, right, symbol, node)


def subquery(compiler: Compiler, node: Any) -> Relation:
    """Compile a subquery of an expression; all its columns are read."""
    block = compiler.query(node)
    alias = f"r{compiler.scope.session.number()}"
    relation = Relation(alias=alias, fields=refer(block, alias), source=block, takes_filter=False)
    compiler.scope.subqueries.append(relation)
    return relation


def _from_subquery(sql: str, kind: Type, parts: list[Expr], node: Any) -> Expr:
    return replace(merge(sql, kind, parts, position(node)), is_movable=False)


def _in_subquery(compiler: Compiler, value: Expr, node: Any) -> Expr:
    relation = subquery(compiler, node.query())
    column = relation.fields[0]
    kind = common_type(value.type, column.type)
    if value.type.name == "row":
        message = "local_aws does not look for rows in subqueries"
        raise QueryError("NOT_SUPPORTED", message, position(node))
    if kind is None or len(relation.fields) != 1:
        raise mismatch(
            f"value and result of subquery must be of the same type for IN "
            f"expression: {value.type.text} vs {column.type.text}",
            node,
        )
    negated = "NOT " if node.NOT() else ""
    inner = f"SELECT {cast('c0', column.type, kind)} FROM ({_text(relation)})"
    sql = f"({coerce(value, kind).sql} {negated}IN ({inner}))"
    return _from_subquery(sql, BOOLEAN, [value], node)


def _quantified(compiler: Compiler, value: Expr, node: Any) -> Expr:
    relation = subquery(compiler, node.query())
    symbol = node.comparisonOperator().getText().replace("!=", "<>")
    word = node.comparisonQuantifier().getText().upper().replace("SOME", "ANY")
    sql = f"({value.sql} {symbol} {word} ({_text(relation)}))"
    return _from_subquery(sql, BOOLEAN, [value], node)


def _text(relation: Relation) -> str:
    return getattr(relation.source, "sql", "")


def scalar_subquery(compiler: Compiler, node: Any) -> Expr:
    """A subquery that stands for one value."""
    relation = subquery(compiler, node.query())
    if len(relation.fields) != 1:
        count = len(relation.fields)
        raise QueryError(
            "NOT_SUPPORTED",
            f"Multiple columns returned by subquery are not yet supported. Found {count}",
            position(node),
        )
    return _from_subquery(f"({_text(relation)})", relation.fields[0].type, [], node)


def exists(compiler: Compiler, node: Any) -> Expr:
    """EXISTS (query)."""
    return _from_subquery(f"EXISTS ({_text(subquery(compiler, node.query()))})", BOOLEAN, [], node)


def searched_case(compiler: Compiler, node: Any) -> Expr:
    """CASE WHEN condition THEN ..."""
    conditions = [compiler.boolean(one.condition, "CASE WHEN clause") for one in node.whenClause()]
    return _case(compiler, conditions, node)


def simple_case(compiler: Compiler, node: Any) -> Expr:
    """CASE value WHEN other THEN ..."""
    operand = compiler.expr(node.operand)
    conditions = [
        compare(operand, compiler.expr(one.condition), "=", one) for one in node.whenClause()
    ]
    return _case(compiler, conditions, node)


def _case(compiler: Compiler, conditions: list[Expr], node: Any) -> Expr:
    results = [compiler.expr(one.result) for one in node.whenClause()]
    if node.elseExpression is not None:
        results.append(compiler.expr(node.elseExpression))
    results, kind = unify(results, node, "All CASE results")
    branches = " ".join(
        f"WHEN {condition.sql} THEN {result.sql}"
        for condition, result in zip(conditions, results, strict=False)
    )
    otherwise = f" ELSE {results[-1].sql}" if node.elseExpression is not None else ""
    return call(f"CASE {branches}{otherwise} END", kind, conditions + results, node)


def substring(compiler: Compiler, node: Any) -> Expr:
    """SUBSTRING(text FROM start FOR length)."""
    return apply_rule("substr", [compiler.expr(one) for one in node.valueExpression()], node)


def position_of(compiler: Compiler, node: Any) -> Expr:
    """POSITION(part IN text)."""
    part, text = (compiler.expr(one) for one in node.valueExpression())
    return apply_rule("strpos", [text, part], node)


def trim(compiler: Compiler, node: Any) -> Expr:
    """TRIM([BOTH | LEADING | TRAILING] [letters] FROM text)."""
    if node.FROM() and not node.trimsSpecification() and node.trimChar is None:
        raise QueryError("SYNTAX_ERROR", "TRIM(FROM text) says nothing to trim", position(node))
    side = node.trimsSpecification().getText() if node.trimsSpecification() else "BOTH"
    name = {"LEADING": "ltrim", "TRAILING": "rtrim", "BOTH": "trim"}[side]
    parts = [compiler.expr(one) for one in (node.trimSource, node.trimChar) if one is not None]
    made = apply_rule(name, parts, node)
    # Where groups are of trimmed texts, there are no others.
    is_known = not node.trimChar and not compiler.scope.is_grouped
    return replace(made, untrimmed=parts[0].sql) if is_known else made


def subscript(compiler: Compiler, node: Any) -> Expr:
    """array[i], map[key], row[i]: what is not there is an error."""
    value, index = compiler.expr(node.value), compiler.expr(node.index)
    if value.type.name == "row" and isinstance(index.literal, int):
        position_in_row = index.literal - 1
        if not 0 <= position_in_row < len(value.type.items):
            message = f"ROW subscript {index.literal} is out of bounds"
            raise QueryError("INVALID_FUNCTION_ARGUMENT", message, position(node))
        return value.become(f"({value.sql}).f{position_in_row}", value.type.items[position_in_row])
    if value.type.name == "map":
        both = common_type(index.type, value.type.items[0])
        if both is None:
            raise mismatch(f"Cannot use {index.type.text} for subscript of {value.type.text}", node)
        if not coerces(index.type, value.type.items[0]):
            message = f"local_aws takes no {index.type.text} for subscript of {value.type.text}"
            raise QueryError("NOT_SUPPORTED", message, position(node))
        key = coerce(index, value.type.items[0])
        message = f"'Key not present in map: ' || CAST({key.sql} AS VARCHAR)"
        missing = fail("INVALID_FUNCTION_ARGUMENT", message, value.type.items[1].duckdb)
        sql = (
            f"CASE WHEN NOT map_contains({value.sql}, {key.sql}) THEN {missing} "
            f"ELSE {value.sql}[{key.sql}] END"
        )
        return call(sql, value.type.items[1], [value, key], node)
    if value.type.name != "array" or not index.type.is_integer:
        raise mismatch(f"Cannot use {index.type.text} for subscript of {value.type.text}", node)
    item = value.type.items[0].duckdb
    message = (
        f"'Array subscript must be less than or equal to array length: ' || "
        f"CAST({index.sql} AS VARCHAR) || ' > ' || CAST(len({value.sql}) AS VARCHAR)"
    )
    beyond = fail("INVALID_FUNCTION_ARGUMENT", message, item)
    low = fail("INVALID_FUNCTION_ARGUMENT", "'SQL array indices start at 1'", item)
    sql = (
        f"CASE WHEN {index.sql} > len({value.sql}) THEN {beyond} "
        f"WHEN {index.sql} < 1 THEN {low} ELSE {value.sql}[{index.sql}] END"
    )
    return call(sql, value.type.items[0], [value, index], node)


def at_time_zone(compiler: Compiler, node: Any) -> Expr:
    """X AT TIME ZONE 'zone': the same instant, shown in the zone."""
    value = compiler.expr(node.valueExpression())
    specifier = node.timeZoneSpecifier()
    if type(specifier).__name__ != "TimeZoneStringContext":
        raise QueryError("NOT_SUPPORTED", "AT TIME ZONE takes a zone's name here", position(node))
    return shown_in(value, string_value(compiler, specifier.string()), node)


def shown_in(value: Expr, zone: str, node: Any) -> Expr:
    """The instant of a timestamp, shown in `zone` from here on."""
    if value.type.name == "unknown":
        value = value.become("CAST(NULL AS TIMESTAMP)", TIMESTAMP_TZ)
    if value.type.name == "time":
        raise QueryError("NOT_SUPPORTED", "local_aws has no time with time zone", position(node))
    if not value.type.is_timestamp:
        raise mismatch(
            f"Type of value must be a time or timestamp with or without time zone "
            f"(actual {value.type.text})",
            node,
        )
    kind = Type("timestamp with time zone", value.type.args, zone=need_zone(zone, node))
    return value.become(utc_of(value), kind, at=position(node))


def need_zone(zone: str, node: Any) -> str:
    """A zone as Trino names it; refuses one that it does not know."""
    known = zone_name(zone)
    if known is None:
        message = f"'{zone}' is not a valid time zone"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message, position(node))
    return known


_PREDICATES = {
    "Comparison": _comparison,
    "Between": _between,
    "InList": _in_list,
    "InSubquery": _in_subquery,
    "QuantifiedComparison": _quantified,
    "Like": like,
    "NullPredicate": _null,
    "DistinctFrom": _distinct,
}


NODES: dict[str, Handler] = {
    "ArithmeticBinary": arithmetic,
    "ArithmeticUnary": unary,
    "Concatenation": concatenation,
    "And": logical,
    "Or": logical,
    "LogicalNot": negation,
    "Predicated": predicated,
    "SubqueryExpression": scalar_subquery,
    "Exists": exists,
    "SearchedCase": searched_case,
    "SimpleCase": simple_case,
    "Substring": substring,
    "Position": position_of,
    "Trim": trim,
    "Subscript": subscript,
    "AtTimeZone": at_time_zone,
}
"""Alternatives of the grammar -> what compiles them."""
