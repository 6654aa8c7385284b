"""Compiles FROM: tables, views, WITH queries, subqueries, UNNEST, joins."""

from dataclasses import replace
from typing import Any

from local_aws.athena.compile.compiler import Compiler, identifier, position, qualified
from local_aws.athena.compile.operators import compare
from local_aws.athena.compile.plan import Expr, Field, Relation, Scan, both, read, refer
from local_aws.athena.compile.scope import Scope, Table
from local_aws.athena.errors import QueryError
from local_aws.athena.parse.grammar import MalformedQueryError, parse
from local_aws.athena.types.sqltypes import BIGINT, Type, common_type


def from_clause(nodes: list[Any], compiler: Compiler) -> str:
    """DuckDB text of the FROM clause; its relations are added to the compiler's scope."""
    maker = _From(compiler)
    return ", ".join(maker.relation(node)[0] for node in nodes)


class _From:
    def __init__(self, compiler: Compiler) -> None:
        self.scope = compiler.scope
        self.compiler = compiler

    def relation(self, node: Any) -> tuple[str, list[Relation]]:
        """The text of a relation node, and the relations in it."""
        if type(node).__name__ == "JoinRelationContext":
            return self._join(node)
        sampled = node.sampledRelation() if hasattr(node, "sampledRelation") else node
        pattern = sampled.patternRecognition()
        if pattern.MATCH_RECOGNIZE():
            raise QueryError("NOT_SUPPORTED", "MATCH_RECOGNIZE is not supported", position(node))
        text, relations = self._aliased(pattern.aliasedRelation())
        if sampled.sampleType():
            share = self.compiler.expr(sampled.percentage)
            text += f" TABLESAMPLE {sampled.sampleType().getText()} ({share.literal} PERCENT)"
        return text, relations

    def _add(self, relation: Relation) -> list[Relation]:
        self.scope.relations.append(relation)
        return [relation]

    def _aliased(self, node: Any) -> tuple[str, list[Relation]]:
        primary = node.relationPrimary()
        kind = type(primary).__name__.removesuffix("Context")
        if kind == "ParenthesizedRelation":
            text, relations = self.relation(primary.relation())
            return f"({text})", relations
        makers = {
            "TableName": self._table,
            "SubqueryRelation": self._subquery,
            "Unnest": self._unnest,
            "Lateral": self._lateral,
        }
        if kind not in makers:
            raise QueryError("NOT_SUPPORTED", f"{kind} is not supported", position(node))
        alias = f"r{self.scope.session.number()}"
        text, relation = makers[kind](primary, alias)
        if node.identifier():
            relation.names = (identifier(node.identifier()),)
        if node.columnAliases():
            _rename(relation, node.columnAliases())
        return text, self._add(relation)

    def _table(self, node: Any, alias: str) -> tuple[str, Relation]:
        name = qualified(node.qualifiedName())
        shared = self.scope.with_query(name[0]) if len(name) == 1 else None
        if shared is not None:
            fields = refer(shared.block, alias, shared.columns)
            relation = Relation(alias=alias, names=name, fields=fields, source=shared.block)
            return f"{shared.alias} AS {alias}", relation
        table = self.scope.session.tables.find(name, self.scope.database, position(node))
        names = (
            table.name,
            f"{table.database}.{table.name}",
            f"awsdatacatalog.{table.database}.{table.name}",
        )
        if table.view_sql:
            return self._view(table, names, alias)
        fields = [
            Field(
                name=column.name,
                type=column.type,
                sql=f"{alias}.c{number}",
                column=column.name,
                is_partition_key=column.is_partition_key,
                is_hidden=column.is_hidden,
            )
            for number, column in enumerate(table.columns)
        ]
        if table.rows_sql:
            listed = ", ".join(f"c{number}" for number in range(len(fields)))
            relation = Relation(alias=alias, names=names, fields=fields)
            return f"({table.rows_sql}) AS {alias}({listed})", relation
        scan = Scan(
            number=self.scope.session.number(),
            database=table.database,
            table=table.name,
            alias=alias,
            fields=fields,
        )
        self.scope.session.scans.append(scan)
        relation = Relation(alias=alias, names=names, fields=fields, source=scan)
        return f"{scan.name} AS {alias}", relation

    def _view(self, table: Table, names: tuple[str, ...], alias: str) -> tuple[str, Relation]:
        try:
            tree = parse(table.view_sql)
        except MalformedQueryError as error:
            raise QueryError(
                "INVALID_VIEW", f"Failed analyzing stored view 'awsdatacatalog.{names[1]}': {error}"
            ) from None
        inner = Scope(tree=tree, session=self.scope.session, database=table.database)
        block = self.compiler.language.query(tree.root.statement().query(), inner)
        columns: list[str | None] = [column.name for column in table.columns]
        if len(columns) != len(block.outputs):
            raise QueryError(
                "VIEW_IS_STALE",
                f"View 'awsdatacatalog.{names[1]}' is stale or in "
                "invalid state: column count differs; it must be re-created",
            )
        relation = Relation(
            alias=alias, names=names, fields=refer(block, alias, columns), source=block
        )
        return f"({block.sql}) AS {alias}", relation

    def _subquery(self, node: Any, alias: str) -> tuple[str, Relation]:
        # Without LATERAL a subquery does not see its neighbours.
        around = replace(self.scope, relations=[], merged={})
        block = self.compiler.language.query(node.query(), around)
        return f"({block.sql}) AS {alias}", Relation(
            alias=alias, fields=refer(block, alias), source=block
        )

    def _lateral(self, node: Any, alias: str) -> tuple[str, Relation]:
        block = self.compiler.language.query(node.query(), self.scope)
        return f"LATERAL ({block.sql}) AS {alias}", Relation(
            alias=alias, fields=refer(block, alias), source=block, takes_filter=False
        )

    def _unnest(self, node: Any, alias: str) -> tuple[str, Relation]:
        columns: list[tuple[str, Type]] = []
        used: set[Field] = set()
        lengths = []
        for one in node.expression():
            expr = self.compiler.expr(one)
            used |= expr.fields
            columns += _unnested(expr, node)
            lengths.append(f"coalesce(len({_counted(expr)}), 0)")
        if node.ORDINALITY():
            most = lengths[0] if len(lengths) == 1 else f"greatest({', '.join(lengths)})"
            columns.append((f"range(1, {most} + 1)", BIGINT))
        self.scope.correlated |= used
        texts = ", ".join(f"unnest({sql}) AS c{n}" for n, (sql, _) in enumerate(columns))
        fields = [
            Field(name=None, type=kind, sql=f"{alias}.c{number}")
            for number, (_, kind) in enumerate(columns)
        ]
        return f"LATERAL (SELECT {texts}) AS {alias}", Relation(alias=alias, fields=fields)

    def _join(self, node: Any) -> tuple[str, list[Relation]]:
        if node.NATURAL():
            raise QueryError("NOT_SUPPORTED", "Natural join not supported", position(node))
        left_text, left = self.relation(node.left)
        if node.CROSS():
            right_text, right = self.relation(node.right)
            return f"{left_text} CROSS JOIN {right_text}", left + right
        right_text, right = self.relation(node.rightRelation or node.right)
        words = [child.getText() for child in node.joinType().getChildren()]
        side = next((word for word in ("LEFT", "RIGHT", "FULL") if word in words), "INNER")
        condition = self._condition(node, left, right, side)
        if right_text.startswith("LATERAL") and condition.sql.strip("()") != "true":
            message = (
                f"{side} JOIN involving LATERAL or UNNEST is only supported with condition ON TRUE"
            )
            raise QueryError("NOT_SUPPORTED", message, position(node))
        self._note_filters(condition, left, right, side)
        return f"{left_text} {side} JOIN {right_text} ON {condition.sql}", left + right

    def _condition(self, node: Any, left: list[Relation], right: list[Relation], side: str) -> Expr:
        criteria = node.joinCriteria()
        if criteria is not None and criteria.booleanExpression():
            return self.compiler.boolean(criteria.booleanExpression(), "JOIN ON clause")
        if criteria is not None:
            names = [identifier(one) for one in criteria.identifier()]
        else:
            theirs = {one.name for relation in right for one in relation.fields}
            names = [
                one.name
                for relation in left
                for one in relation.fields
                if one.name and one.name in theirs and not one.is_hidden
            ]
        terms = [self._merge(name, left, right, side, node) for name in names]
        joined = both(terms)
        assert joined is not None
        return joined

    def _merge(
        self, name: str, left: list[Relation], right: list[Relation], side: str, node: Any
    ) -> Expr:
        one = self.scope.merged.get(name) or _column(name, left, node)
        other = _column(name, right, node)
        kind = common_type(one.type, other.type) or one.type
        chosen = {"INNER": one.sql, "LEFT": one.sql, "RIGHT": other.sql}.get(
            side, f"coalesce({one.sql}, {other.sql})"
        )
        fields = {"INNER": one.fields, "LEFT": one.fields, "RIGHT": other.fields}.get(
            side, one.fields | other.fields
        )
        self.scope.merged[name] = Expr(sql=chosen, type=kind, fields=fields)
        return compare(one, other, "=", node)

    @staticmethod
    def _note_filters(
        condition: Expr, left: list[Relation], right: list[Relation], side: str
    ) -> None:
        for relations, limited_by, optional_in in (
            (left, ("INNER", "RIGHT"), ("RIGHT", "FULL")),
            (right, ("INNER", "LEFT"), ("LEFT", "FULL")),
        ):
            for relation in relations:
                # What an earlier outer join made optional may be there as NULLs.
                if side in limited_by and relation.takes_filter:
                    relation.condition = both([relation.condition, condition])
                if side in optional_in:
                    relation.takes_filter = False


def _rename(relation: Relation, aliases: Any) -> None:
    names = [identifier(one) for one in aliases.identifier()]
    shown = [one for one in relation.fields if not one.is_hidden]
    if len(names) != len(shown):
        raise QueryError(
            "MISMATCHED_COLUMN_ALIASES",
            f"Column alias list has {len(names)} entries but "
            f"'{(relation.names or ('relation',))[0]}' has {len(shown)} columns "
            "available",
            position(aliases),
        )
    for one, name in zip(shown, names, strict=True):
        one.name = name


def _unnested(expr: Expr, node: Any) -> list[tuple[str, Type]]:
    kind = expr.type
    if kind.name == "map":
        return [
            (f"map_keys({expr.sql})", kind.items[0]),
            (f"map_values({expr.sql})", kind.items[1]),
        ]
    if kind.name != "array":
        message = f"Cannot unnest type: {kind.text}"
        raise QueryError("INVALID_FUNCTION_ARGUMENT", message, position(node))
    item = kind.items[0]
    if item.name != "row":
        return [(expr.sql, item)]
    return [
        (f"list_transform({expr.sql}, lambda x: x.f{number})", one)
        for number, one in enumerate(item.items)
    ]


def _counted(expr: Expr) -> str:
    return f"map_keys({expr.sql})" if expr.type.name == "map" else expr.sql


def _column(name: str, relations: list[Relation], node: Any) -> Expr:
    for relation in relations:
        for one in relation.fields:
            if one.name == name:
                return read(one)
    raise QueryError(
        "COLUMN_NOT_FOUND", f"Column '{name}' is missing from a side of the join", position(node)
    )
