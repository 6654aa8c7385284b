"""What a compiled query is made of: expressions, fields, scans, blocks; and what it will read.

A block is one SELECT (or set operation) as DuckDB text that names its table scans; their texts are
put before it once it is known what they read. From the blocks follow, before any file is touched,
which partitions a scan can be limited to and which columns of it are read. Text that is compiled is
never edited: a pattern cannot tell a name from a literal.
"""

from collections.abc import Callable, Iterable, Mapping
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
        is_named: does a text refer to it?
    """

    name: str | None
    type: Type
    sql: str
    inner: frozenset["Field"] = frozenset()
    copy_of: Union["Field", None] = None
    column: str = ""
    is_partition_key: bool = False
    is_hidden: bool = False
    is_named: bool = False


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
        instant: of a timestamp with an offset of its own, DuckDB text of the instant alone, which
            is less work; or nothing.
        untrimmed: of a text that is trimmed of blanks, DuckDB text of what it was; or nothing.
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
    instant: str = ""
    untrimmed: str = ""

    @property
    def is_of_file(self) -> bool:
        """Whether it is the same in every row of a file: it depends on partition keys alone."""
        is_plain = self.is_movable and not self.has_aggregate and not self.has_window
        return is_plain and bool(self.fields) and all(f.is_partition_key for f in self.fields)

    def become(self, sql: str, kind: Type, **changes: object) -> "Expr":
        """The same inputs with another text and type; no longer a literal or a logic node."""
        cleared = {"literal": None, "logic": "", "terms": (), "instant": "", "untrimmed": ""}
        return replace(self, sql=sql, type=kind, **{**cleared, **changes})  # type: ignore[arg-type]


def read(one: Field, at: Position | None = None) -> Expr:
    """The expression that a field is."""
    one.is_named = True
    return Expr(sql=one.sql, type=one.type, fields=frozenset({one}), at=at)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicate:
    """A condition of a query, as it limits a relation further inside.

    Attributes:
        sql: the text as it was compiled.
        columns: each field that the text names -> the field of the relation that it stands for.
        logic, terms: instead of a text, "and" / "or" over terms.
    """

    sql: str = ""
    columns: Mapping[Field, Field] = field(default_factory=dict)
    logic: Literal["and", "or", ""] = ""
    terms: tuple["Predicate", ...] = ()


@dataclass(eq=False, slots=True, kw_only=True)
class Scan:
    """One reference to a table whose rows come from files.

    Attributes:
        number: in the statement.
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
    predicate: Predicate | None = None

    @property
    def name(self) -> str:
        """What the text calls its rows; `r...` and `w...` are relations and WITH queries."""
        return f"s{self.number}"


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
    asked: list[Predicate | None] = field(default_factory=list)


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


def both(terms: Iterable[Expr | None]) -> Expr | None:
    """The conjunction of conditions; None stands for true."""
    kept = [term for term in terms if term is not None]
    return _logic("and", kept) if len(kept) > 1 else next(iter(kept), None)


def either(terms: list[Expr]) -> Expr:
    """The disjunction of conditions, of which there is one at least."""
    return _logic("or", terms) if len(terms) > 1 else terms[0]


def _logic(kind: Literal["and", "or"], terms: list[Expr]) -> Expr:
    text = f" {kind.upper()} ".join(f"({term.sql})" for term in terms)
    return replace(merge(text, terms[0].type, terms), logic=kind, terms=tuple(terms))


def _all_of(terms: Iterable[Predicate | None]) -> Predicate | None:
    kept = tuple(term for term in terms if term is not None)
    return Predicate(logic="and", terms=kept) if len(kept) > 1 else next(iter(kept), None)


def _any_of(terms: Iterable[Predicate | None]) -> Predicate | None:
    # None, true, as soon as one term is.
    terms = tuple(terms)
    kept = tuple(term for term in terms if term is not None)
    if not terms or len(kept) < len(terms):
        return None
    return Predicate(logic="or", terms=kept) if len(kept) > 1 else kept[0]


def _predicate(expr: Expr | None) -> Predicate | None:
    """What a condition says that can be evaluated elsewhere; every row that meets it meets this."""
    if expr is None:
        return None
    if expr.logic:
        terms = [_predicate(term) for term in expr.terms]
        return _all_of(terms) if expr.logic == "and" else _any_of(terms)
    if not expr.is_movable:
        return None
    return Predicate(sql=expr.sql, columns={one: one for one in expr.fields})


def _limit(
    predicate: Predicate | None, inward: Callable[[Field], Field | None]
) -> Predicate | None:
    """What a predicate implies for the fields that `inward` knows, one relation further in.

    Sound in one direction: every row that meets `predicate` meets the answer. None: no limit.
    """
    if predicate is None:
        return None
    if predicate.logic:
        terms = [_limit(term, inward) for term in predicate.terms]
        return _all_of(terms) if predicate.logic == "and" else _any_of(terms)
    columns = {}
    for named, one in predicate.columns.items():
        other = inward(one)
        if other is None:
            return None
        columns[named] = other
    return replace(predicate, columns=columns)


def push_filters(block: Block, asked: Predicate | None = None) -> None:
    """Move what the query filters by down to the scans, through subqueries and views."""
    for relation in block.relations:
        own = set(relation.fields)
        known = [_predicate(relation.condition)]
        if relation.takes_filter:
            known += [_predicate(block.where), _limit(asked, _inward(block, relation))]
        limited = _limit(_all_of(known), lambda one, own=own: one if one in own else None)  # type: ignore[misc]
        _push_into(relation, limited)


def _inward(block: Block, relation: Relation) -> Callable[[Field], Field | None]:
    if not block.by_position:
        return lambda one: one.copy_of
    return dict(zip(block.outputs, relation.fields, strict=True)).get


def _push_into(relation: Relation, limited: Predicate | None) -> None:
    source = relation.source
    if isinstance(source, Scan):
        source.predicate = _limit(limited, lambda one: one if one.is_partition_key else None)
        return
    if source is None:
        return
    through = _limit(limited, lambda one: one.copy_of)
    if source.is_shared:
        source.asked.append(through)
    else:
        push_filters(source, through)


def push_all_filters(root: Block, shared: list[Block]) -> None:
    """Push filters through the statement; WITH queries last to first, each after its readers."""
    push_filters(root)
    for block in reversed(shared):
        push_filters(block, _any_of(block.asked))


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
