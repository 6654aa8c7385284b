"""Which column a name means: the relations in sight of an expression."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from local_aws.athena.compile.plan import Block, Expr, Field, Relation, Scan, read
from local_aws.athena.errors import Position, QueryError
from local_aws.athena.parse.grammar import Tree
from local_aws.athena.types.sqltypes import Type


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumn:
    """A column as the catalog declares it."""

    name: str
    type: Type
    is_partition_key: bool = False
    is_hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What the catalog says of a table that a query names.

    Attributes:
        view_sql: a view's text.
        rows_sql: DuckDB text of the rows of a table without files, e.g. information_schema.
    """

    database: str
    name: str
    columns: tuple[TableColumn, ...]
    view_sql: str = ""
    rows_sql: str = ""


class Tables(Protocol):
    """The catalog as the compiler asks it."""

    def find(self, name: tuple[str, ...], database: str, at: Position) -> Table:
        """The table of a (qualified) name; raises QueryError when there is none."""
        ...


@dataclass(slots=True, kw_only=True)
class Session:
    """What the compilation of one statement shares.

    Attributes:
        language: a `compiler.Language`.
        database: where unqualified tables are.
        parameters: the texts for the question marks, in order.
        now_us: the statement's start, microseconds since 1970.
        shared: WITH queries in order of definition.
        scans: all scans.
    """

    language: Any
    tables: Tables
    database: str
    now_us: int
    parameters: tuple[str, ...] = ()
    shared: list[Block] = field(default_factory=list)
    scans: list[Scan] = field(default_factory=list)
    last_number: int = 0

    def number(self) -> int:
        """A number no other part of the statement has."""
        self.last_number += 1
        return self.last_number


@dataclass(slots=True, kw_only=True)
class WithQuery:
    """A WITH query in sight: its block and the names of its columns."""

    block: Block
    alias: str
    columns: list[str | None]


@dataclass(slots=True, kw_only=True)
class Scope:
    """The names in sight of an expression.

    Attributes:
        tree: the text that the expression stands in.
        database: where this text's unqualified tables are (a view has its own).
        outer: the scope of the query around, for correlated subqueries.
        queries: WITH queries by name.
        merged: columns joined by USING.
        lambdas: the parameters of the lambdas around.
        outputs: the aliases that ORDER BY may use.
        ambiguous: those of them that two columns have.
        windows: named window specifications.
        subqueries: the subqueries of its expressions.
        correlated: its fields that inner queries refer to.
        is_grouped: does the query have GROUP BY?
    """

    tree: Tree
    session: Session
    database: str
    outer: "Scope | None" = None
    relations: list[Relation] = field(default_factory=list)
    queries: dict[str, WithQuery] = field(default_factory=dict)
    merged: dict[str, Expr] = field(default_factory=dict)
    lambdas: dict[str, Expr] = field(default_factory=dict)
    outputs: dict[str, Expr] = field(default_factory=dict)
    ambiguous: set[str] = field(default_factory=set)
    windows: dict[str, Any] = field(default_factory=dict)
    subqueries: list[Relation] = field(default_factory=list)
    correlated: set[Field] = field(default_factory=set)
    is_grouped: bool = False

    def resolve(self, parts: list[str], at: Position) -> tuple[Expr, list[str]]:
        """The expression that the longest leading part of a dotted name means, and the rest.

        Raises:
            QueryError: COLUMN_NOT_FOUND, AMBIGUOUS_NAME.
        """
        for qualifiers in range(min(3, len(parts) - 1), -1, -1):
            found = self.lookup(".".join(parts[:qualifiers]), parts[qualifiers], at)
            if found is not None:
                return found, parts[qualifiers + 1 :]
        raise QueryError("COLUMN_NOT_FOUND", f"Column '{'.'.join(parts)}' cannot be resolved", at)

    def lookup(self, qualifier: str, name: str, at: Position) -> Expr | None:
        """The column, lambda parameter or alias of that name, here or further out."""
        if not qualifier and name in self.ambiguous:
            raise QueryError("AMBIGUOUS_NAME", f"Column '{name}' is ambiguous", at)
        if qualifier and name in self.merged:
            return None  # USING leaves one of both, which is neither's
        if not qualifier:
            named = self.lambdas.get(name) or self.outputs.get(name) or self.merged.get(name)
            if named is not None:
                return named
        found = [
            (relation, one)
            for relation in self.relations
            if not qualifier or qualifier in relation.names
            for one in relation.fields
            if one.name == name
        ]
        if len(found) > 1:
            raise QueryError("AMBIGUOUS_NAME", f"Column '{name}' is ambiguous", at)
        if found:
            return read(found[0][1], at)
        if self.outer is None:
            return None
        beyond = self.outer.lookup(qualifier, name, at)
        if beyond is not None:
            self.outer.correlated |= beyond.fields
        return beyond

    def with_query(self, name: str) -> WithQuery | None:
        """The WITH query of that name in sight."""
        if name in self.queries:
            return self.queries[name]
        return self.outer.with_query(name) if self.outer else None

    def window(self, name: str) -> Any | None:
        """The named window specification."""
        return self.windows.get(name)
