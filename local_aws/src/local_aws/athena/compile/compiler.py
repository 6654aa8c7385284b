"""Compiles Trino expressions to typed DuckDB text: the dispatch, and what all parts need.

What compiles which kind of node is in `language.py`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from local_aws.athena.compile.plan import Block, Expr, merge
from local_aws.athena.compile.scope import Scope
from local_aws.athena.errors import Position, QueryError
from local_aws.athena.types.casts import cast
from local_aws.athena.types.sqltypes import Type, coerces, common_type
from local_aws.athena.types.zones import utc

Handler = Callable[["Compiler", Any], Expr]
FunctionHandler = Callable[["Compiler", list[Any], Any], Expr]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What compiles what; see `language.py`.

    Attributes:
        nodes: alternatives of the grammar, without "Context".
        functions: functions that need more than a row of the table.
        query: compiles a query in a scope.
    """

    nodes: Mapping[str, Handler]
    functions: Mapping[str, FunctionHandler]
    query: Callable[[Any, Scope], Block]


class Compiler:
    """Compiles the expressions of one scope.

    Args:
        scope: the names in sight.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.language: Language = scope.session.language

    def query(self, node: Any) -> Block:
        """Compile a subquery, which sees what this scope sees."""
        return self.language.query(node, self.scope)

    def expr(self, node: Any) -> Expr:
        """Compile a node of the tree.

        Raises:
            QueryError: the expression is wrong, or nothing here can run it.
        """
        while True:
            handler = self.language.nodes.get(type(node).__name__.removesuffix("Context"))
            if handler is not None:
                return handler(self, node)
            if node.getChildCount() != 1 or not hasattr(node.getChild(0), "start"):
                kind = type(node).__name__.removesuffix("Context")
                raise QueryError(
                    "NOT_SUPPORTED", f"{kind} is not supported: {self.text(node)}", position(node)
                )
            node = node.getChild(0)

    def boolean(self, node: Any, clause: str) -> Expr:
        """Compile a condition; refuses what is not boolean."""
        expr = self.expr(node)
        if expr.type.name not in ("boolean", "unknown"):
            raise mismatch(
                f"{clause} must evaluate to a boolean: actual type {expr.type.text}", node
            )
        return expr

    def text(self, node: Any) -> str:
        """The node's text as it was submitted."""
        return self.scope.tree.text(node)

    def within(self, **lambdas: Expr) -> "Compiler":
        """The same with lambda parameters in sight."""
        inner = replace(self.scope, lambdas={**self.scope.lambdas, **lambdas})
        return Compiler(inner)


def position(node: Any) -> Position:
    """Where a node or token begins."""
    token = getattr(node, "start", node)
    if isinstance(token, int):
        token = node
    return Position(line=token.line, column=token.column + 1)


def identifier(node: Any) -> str:
    """The name that an identifier node means: lower case, without quotes."""
    text = str(node.getText())
    if text[0] in '"`':
        text = text[1:-1].replace(text[0] * 2, text[0])
    return text.lower()


def qualified(node: Any) -> tuple[str, ...]:
    """The parts of a qualified name."""
    return tuple(identifier(part) for part in node.identifier())


def mismatch(message: str, node: Any) -> QueryError:
    """A TYPE_MISMATCH at a node."""
    return QueryError("TYPE_MISMATCH", message, position(node))


def unexpected(name: str, given: Iterable[Type], node: Any) -> QueryError:
    """A FUNCTION_NOT_FOUND at a call: no function of the name takes these types."""
    listed = ", ".join(one.text for one in given)
    message = f"Unexpected parameters ({listed}) for function {name}"
    return QueryError("FUNCTION_NOT_FOUND", message, position(node))


def utc_of(expr: Expr) -> str:
    """DuckDB text of the instant of a timestamp with time zone, as a naive timestamp in UTC."""
    return expr.instant or utc(expr.sql, expr.type)


def coerce(expr: Expr, target: Type) -> Expr:
    """The expression as `target`, which it must coerce to."""
    if target.name == "char" and expr.type.is_text and expr.type != target:
        return expr.become(cast(expr.sql, expr.type, target), target, literal=expr.literal)
    if expr.type == target or (expr.type.is_text and target.is_text):
        return replace(expr, type=target)
    if expr.type.is_integer and target.is_integer and isinstance(expr.literal, int):
        return replace(expr, type=target)
    return expr.become(cast(expr.sql, expr.type, target), target, literal=expr.literal)


def unify(
    exprs: list[Expr], node: Any, what: str, *, is_compared: bool = False
) -> tuple[list[Expr], Type]:
    """All expressions as their common type; refuses when there is none.

    The zones of moments mean nothing where they are only compared.
    """
    kind = exprs[0].type
    for expr in exprs[1:]:
        both = common_type(kind, expr.type)
        if both is None:
            raise mismatch(
                f"{what} must be the same type or coercible to a common type. "
                f"Cannot find common type between {kind.text} and {expr.type.text}, "
                f"all types (without duplicates): "
                f"[{', '.join(dict.fromkeys(one.type.text for one in exprs))}]",
                node,
            )
        kind = both
    if not is_compared:
        need_one_zone([expr.type for expr in exprs], node, what)
    return [coerce(expr, kind) for expr in exprs], kind


def need_one_zone(kinds: Sequence[Type], node: Any, what: str) -> None:
    """Refuse values in different time zones: the zone is part of a column's type."""
    if _has_zones(kinds):
        message = f"local_aws does not bring values in different time zones together in {what}"
        raise QueryError("NOT_SUPPORTED", message, position(node))


def _has_zones(kinds: Sequence[Type]) -> bool:
    """Are values of these types, which have a common one, in different time zones?"""
    zones = {kind.zone for kind in kinds if kind.name == "timestamp with time zone"}
    is_mixed = any(kind.name in ("date", "timestamp") for kind in kinds)
    nested = [kind.items for kind in kinds if kind.items]
    return (
        len(zones) > 1
        or bool(zones - {"UTC"} and is_mixed)
        or any(map(_has_zones, zip(*nested, strict=True)))
    )


def at_instant(expr: Expr) -> Expr:
    """A timestamp with time zone for comparisons, to which its zone means nothing."""
    if expr.type.name != "timestamp with time zone":
        return expr
    return expr.become(utc_of(expr), replace(expr.type, zone="UTC"), literal=expr.literal)


def can_coerce(expr: Expr, target: Type) -> bool:
    """May the expression stand where `target` is expected?"""
    return coerces(expr.type, target)


def call(sql: str, kind: Type, parts: list[Expr], node: Any) -> Expr:
    """An expression over `parts` at a node."""
    return merge(sql, kind, parts, position(node))
