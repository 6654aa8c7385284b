"""What a compiled query is made of: expressions, fields, scans, blocks; and what it will read.

A block is one SELECT (or set operation) as DuckDB text in which every table scan is still a
placeholder. From the blocks follow, before any file is touched, which partitions a scan can be
limited to and which columns of it are read.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, Union

from local_aws.athena.errors import Position
from local_aws.athena.types.sqltypes import Type


@dataclass(eq=False, slots=True, kw_only=True)
class Field:
    """A column that a relation offers to the query around it.

    Attributes:
        name: lower-case name; None for an expression without an alias.
        sql: the DuckDB text that refers to it, e.g. "r3.c0"; unique in the whole statement.
        inner: the fields, one level down, that its value is computed from.
        copy_of: the inner field it only passes on, if a predicate on it may move inward.
        column: the table column it reads, for a field of a scan.
        is_partition_key: is that a partition column?
        is_hidden: left out of `SELECT *`, e.g. "$path".
    """

    name: str | None
    type: Type
    sql: str
    inner: frozenset["Field"] = frozenset()
    copy_of: Union["Field", None] = None
    column: str = ""
    is_partition_key: bool = False
    is_hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expr:
    """A compiled expression.

    Attributes:
        sql: DuckDB text.
        fields: the fields it refers to.
        literal: the Python value of a literal.
        is_movable: may it be evaluated elsewhere (no subquery, nothing random)?
        has_aggregate: does it contain an aggregate outside a window?
        logic, terms: "and" / "or" over terms, so that pruning can take a part of it.
    """

    sql: str
    type: Type
    fields: frozenset[Field] = frozenset()
    literal: str | int | float | bool | None = None
    is_movable: bool = True
    has_aggregate: bool = False
    has_window: bool = False
    at: Position | None = None
    logic: Literal["and", "or", ""] = ""
    terms: tuple["Expr", ...] = ()

    def become(self, sql: str, kind: Type, **changes: object) -> "Expr":
        """The same inputs with another text and type; no longer a literal or a logic node."""
        cleared = {"literal": None, "logic": "", "terms": (), **changes}
        return replace(self, sql=sql, type=kind, **cleared)  # type: ignore[arg-type]


def merge(sql: str, kind: Type, parts: Iterable[Expr], at: Position | None = None) -> Expr:
    """An expression computed from `parts`."""
    parts = tuple(parts)
    return Expr(
        sql=sql,
        type=kind,
        fields=frozenset().union(*(part.fields for part in parts)),
        is_movable=all(part.is_movable for part in parts),
        has_aggregate=any(part.has_aggregate for part in parts),
        has_window=any(part.has_window for part in parts),
        at=at,
    )


@dataclass(eq=False, slots=True, kw_only=True)
class Scan:
    """One reference to a table whose rows come from files.

    Attributes:
        number: names the placeholder in the text.
        database, table: names in the catalog.
        alias: the name its rows have in the text.
        fields: all its columns, hidden ones included.
        predicate: what of the query's conditions is about partition columns alone.
    """

    number: int
    database: str
    table: str
    alias: str
    fields: list[Field] = field(default_factory=list)
    predicate: Expr | None = None

    @property
    def placeholder(self) -> str:
        """Its place in the text."""
        return f"<scan {self.number}>"


@dataclass(eq=False, slots=True, kw_only=True)
class Relation:
    """An item of a FROM clause, or a subquery in an expression.

    Attributes:
        alias: the name in the DuckDB text.
        names: how the statement may qualify its columns, e.g. {"t", "db.t"}.
        source: the table scan or block behind it; None for VALUES, UNNEST and the like.
        condition: the join condition that limits only this relation.
        takes_filter: does the WHERE clause filter it (not on an outer join's optional side)?
    """

    alias: str
    names: tuple[str, ...] = ()
    fields: list[Field]
    source: Union[Scan, "Block", None] = None
    condition: Expr | None = None
    takes_filter: bool = True


@dataclass(eq=False, slots=True, kw_only=True)
class Block:
    """A compiled query block.

    Attributes:
        sql: DuckDB text that gives the outputs as c0, c1, ...
        outputs: its columns.
        relations: what it reads from.
        always: inner fields that are read whichever outputs are wanted.
        where: the filter over the relations.
        by_position: a set operation: output n is field n of every relation.
        asked: for a WITH query, what each reference to it filters by (None: nothing).
    """

    sql: str
    outputs: list[Field]
    relations: list[Relation] = field(default_factory=list)
    always: frozenset[Field] = frozenset()
    where: Expr | None = None
    by_position: bool = False
    is_shared: bool = False
    asked: list[Expr | None] = field(default_factory=list)


def refer(block: Block, alias: str, names: list[str | None] | None = None) -> list[Field]:
    """The fields of a reference to a block: its outputs, perhaps under other names."""
    return [
        Field(
            name=name,
            type=one.type,
            sql=f"{alias}.c{number}",
            inner=frozenset({one}),
            copy_of=one,
        )
        for number, (one, name) in enumerate(
            zip(block.outputs, names or [one.name for one in block.outputs], strict=True)
        )
    ]


def every(terms: Iterable[Expr | None]) -> Expr | None:
    """The conjunction; None stands for true."""
    kept = [term for term in terms if term is not None]
    return _logic("and", kept) if len(kept) > 1 else next(iter(kept), None)


def either(terms: Iterable[Expr | None]) -> Expr | None:
    """The disjunction; None, true, as soon as one term is."""
    terms = list(terms)
    if not terms or any(term is None for term in terms):
        return None
    kept = [term for term in terms if term is not None]
    return _logic("or", kept) if len(kept) > 1 else kept[0]


def _logic(kind: Literal["and", "or"], terms: list[Expr]) -> Expr:
    text = f" {kind.upper()} ".join(f"({term.sql})" for term in terms)
    return replace(merge(text, terms[0].type, terms), logic=kind, terms=tuple(terms))


def limit_to(expr: Expr | None, translate: Callable[[Field], Field | None]) -> Expr | None:
    """What `expr` implies for the fields that `translate` knows, in their terms.

    Sound in one direction: every row that satisfies `expr` satisfies the answer. None: no limit.
    """
    if expr is None:
        return None
    if expr.logic:
        limited = [limit_to(term, translate) for term in expr.terms]
        return every(limited) if expr.logic == "and" else either(limited)
    renamed = {one: translate(one) for one in expr.fields}
    if not expr.is_movable or any(other is None for other in renamed.values()):
        return None
    sql = expr.sql
    for one, other in renamed.items():
        if other is not None and other is not one:
            sql = re.sub(rf"\b{re.escape(one.sql)}\b", other.sql, sql)
    kept = frozenset(other for other in renamed.values() if other is not None)
    return replace(expr, sql=sql, fields=kept)


def push_filters(block: Block, asked: Expr | None = None) -> None:
    """Move what the query filters by down to the scans, through subqueries and views."""
    for relation in block.relations:
        own = set(relation.fields)
        inward = limit_to(asked, _inward(block, relation))
        known = every(
            [
                every([block.where, inward]) if relation.takes_filter else None,
                relation.condition,
            ]
        )
        limited = limit_to(known, lambda one, own=own: one if one in own else None)  # type: ignore[misc]
        _push_into(relation, limited)


def _inward(block: Block, relation: Relation) -> Callable[[Field], Field | None]:
    if not block.by_position:
        return lambda one: one.copy_of
    return dict(zip(block.outputs, relation.fields, strict=True)).get


def _push_into(relation: Relation, limited: Expr | None) -> None:
    source = relation.source
    if isinstance(source, Scan):
        source.predicate = limit_to(limited, lambda one: one if one.is_partition_key else None)
        return
    if source is None:
        return
    through = limit_to(limited, lambda one: one.copy_of)
    if source.is_shared:
        source.asked.append(through)
    else:
        push_filters(source, through)


def push_all_filters(root: Block, shared: list[Block]) -> None:
    """Push filters through the statement; WITH queries last to first, each after its readers."""
    push_filters(root)
    for block in reversed(shared):
        push_filters(block, either(block.asked))


def columns_read(block: Block, wanted: Iterable[Field]) -> list[tuple[Scan, frozenset[str]]]:
    """Each scan with the columns it has to read, once for every reference as in Trino's plan."""
    needed = block.always.union(*(one.inner for one in wanted))
    reads: list[tuple[Scan, frozenset[str]]] = []
    for relation in block.relations:
        own = [one for one in relation.fields if one in needed]
        if isinstance(relation.source, Scan):
            reads.append((relation.source, frozenset(one.column for one in own)))
        elif relation.source is not None:
            inner = frozenset().union(*(one.inner for one in own))
            reads += columns_read(relation.source, inner)
    return reads
