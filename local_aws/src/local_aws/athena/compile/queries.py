"""Compiles queries: WITH, set operations, SELECT."""

import re
from dataclasses import dataclass, field
from typing import Any

from local_aws.athena.compile.arguments import sort_key
from local_aws.athena.compile.calls import ordering
from local_aws.athena.compile.compiler import Compiler, identifier, need_one_zone, position, unify
from local_aws.athena.compile.plan import Block, Expr, Field, Relation, read, refer
from local_aws.athena.compile.relations import from_clause
from local_aws.athena.compile.scope import Scope, Session, WithQuery
from local_aws.athena.errors import QueryError
from local_aws.athena.parse.grammar import Tree
from local_aws.athena.types.casts import cast
from local_aws.athena.types.sqltypes import Type, common_type


def compile_query(tree: Tree, node: Any, session: Session, database: str) -> Block:
    """Compile a query of a parsed text.

    Raises:
        QueryError: with the name, message and place that Trino gives.
    """
    return query(node, Scope(tree=tree, session=session, database=database))


def query(node: Any, outer: Scope) -> Block:
    """Compile a query node; `outer` is what a correlated subquery may refer to."""
    scope = Scope(tree=outer.tree, session=outer.session, database=outer.database, outer=outer)
    texts = []
    if node.with_() is not None:
        if node.with_().RECURSIVE():
            raise QueryError("NOT_SUPPORTED", "WITH RECURSIVE is not supported", position(node))
        texts = [_with_query(one, scope) for one in node.with_().namedQuery()]
    block = _without_with(node.queryNoWith(), scope)
    if texts:
        block.sql = f"WITH {', '.join(texts)} {block.sql}"
    return block


def _with_query(node: Any, scope: Scope) -> str:
    block = query(node.query(), scope)
    block.is_shared = True
    names: list[str | None] = [one.name for one in block.outputs]
    if node.columnAliases():
        names = [identifier(one) for one in node.columnAliases().identifier()]
        if len(names) != len(block.outputs):
            raise QueryError(
                "MISMATCHED_COLUMN_ALIASES",
                f"Column alias list has {len(names)} entries but relation has "
                f"{len(block.outputs)} columns",
                position(node),
            )
    alias = f"w{scope.session.number()}"
    if identifier(node.name) in scope.queries:
        message = f"WITH query name '{identifier(node.name)}' specified more than once"
        raise QueryError("DUPLICATE_NAMED_QUERY", message, position(node))
    scope.session.shared.append(block)
    scope.queries[identifier(node.name)] = WithQuery(block=block, alias=alias, columns=names)
    return f"{alias} AS ({block.sql})"


def _without_with(node: Any, scope: Scope) -> Block:
    tail = _Tail(node)
    term = node.queryTerm()
    simple = _specification_of(term)
    if simple is not None:
        return _Select(simple, scope, tail).block()
    block = _term(term, scope)
    if tail.is_empty:
        return block
    return _with_tail(block, tail, scope)


def _specification_of(term: Any) -> Any | None:
    if type(term).__name__ != "QueryTermDefaultContext":
        return None
    primary = term.queryPrimary()
    if type(primary).__name__ != "QueryPrimaryDefaultContext":
        return None
    return primary.querySpecification()


class _Tail:
    """ORDER BY, OFFSET and LIMIT behind a query."""

    def __init__(self, node: Any) -> None:
        self.sort_items = node.sortItem()
        self.offset = node.offset.getText() if node.offset else ""
        limit = node.limit.getText() if node.limit else ""
        if node.FETCH():
            if node.TIES():
                raise QueryError(
                    "NOT_SUPPORTED", "FETCH ... WITH TIES is not supported", position(node)
                )
            limit = node.fetchFirst.getText() if node.fetchFirst else "1"
            if limit == "0":
                message = "FETCH FIRST row count must be positive (actual value: 0)"
                raise QueryError("NUMERIC_VALUE_OUT_OF_RANGE", message, position(node))
        self.limit = "" if limit.upper() == "ALL" else limit

    @property
    def is_empty(self) -> bool:
        return not (self.sort_items or self.offset or self.limit)

    @property
    def limit_text(self) -> str:
        offset = f" OFFSET {self.offset}" if self.offset else ""
        return (f" LIMIT {self.limit}" if self.limit else "") + offset


def _with_tail(block: Block, tail: _Tail, scope: Scope) -> Block:
    alias = f"r{scope.session.number()}"
    relation = Relation(alias=alias, fields=refer(block, alias), source=block)
    inner = Scope(
        tree=scope.tree,
        session=scope.session,
        database=scope.database,
        outer=scope,
        relations=[relation],
    )
    compiler = Compiler(inner)
    texts, used = [], set[Field]()
    for item in tail.sort_items:
        expr = _ordinal(
            item,
            [read(one) for one in relation.fields],
        ) or compiler.expr(item.expression())
        used |= expr.fields
        texts.append(sort_key(expr, item) + ordering(item))
    order = f" ORDER BY {', '.join(texts)}" if texts else ""
    sql = f"SELECT * FROM ({block.sql}) AS {alias}{order}{tail.limit_text}"
    outputs = _outputs(relation.fields, scope.session, copies=not tail.limit_text)
    return Block(
        sql=sql,
        outputs=outputs,
        relations=[relation, *inner.subqueries],
        always=frozenset(used) | frozenset(inner.correlated),
    )


def _outputs(fields: list[Field], session: Session, *, copies: bool) -> list[Field]:
    number = session.number()
    return [
        Field(
            name=one.name,
            type=one.type,
            sql=f"q{number}.c{index}",
            inner=frozenset({one}),
            copy_of=one if copies else None,
        )
        for index, one in enumerate(fields)
    ]


def _ordinal(item: Any, selected: list[Expr]) -> Expr | None:
    text = item.getText() if not hasattr(item, "expression") else item.expression().getText()
    if not text.isdigit():
        return None
    if not 1 <= int(text) <= len(selected):
        raise QueryError(
            "INVALID_COLUMN_REFERENCE",
            f"ORDER BY position {text} is not in select list",
            position(item),
        )
    return selected[int(text) - 1]


def _term(node: Any, scope: Scope) -> Block:
    if type(node).__name__ == "SetOperationContext":
        return _set_operation(node, scope)
    primary = node.queryPrimary()
    kind = type(primary).__name__
    if kind == "SubqueryContext":
        return _without_with(primary.queryNoWith(), scope)
    if kind == "InlineTableContext":
        return _values(primary, scope)
    if kind == "QueryPrimaryDefaultContext":
        return _Select(primary.querySpecification(), scope, None).block()
    raise QueryError("NOT_SUPPORTED", "TABLE is not supported; write SELECT * FROM", position(node))


def _set_operation(node: Any, scope: Scope) -> Block:
    left, right = _term(node.left, scope), _term(node.right, scope)
    if len(left.outputs) != len(right.outputs):
        raise QueryError(
            "TYPE_MISMATCH",
            f"{node.operator.text} query has different number of fields: "
            f"{len(left.outputs)}, {len(right.outputs)}",
            position(node),
        )
    kinds = [
        _set_type(one, other, number, node)
        for number, (one, other) in enumerate(zip(left.outputs, right.outputs, strict=True), 1)
    ]
    is_distinct = not (node.setQuantifier() and node.setQuantifier().ALL())
    operator = node.operator.text + ("" if is_distinct else " ALL")
    sql = f"({_as_types(left, kinds)}) {operator} ({_as_types(right, kinds)})"
    relations = []
    for side in (left, right):
        alias = f"r{scope.session.number()}"
        relations.append(Relation(alias=alias, fields=refer(side, alias), source=side))
    number = scope.session.number()
    outputs = [
        Field(
            name=one.name,
            type=kind,
            sql=f"q{number}.c{index}",
            inner=frozenset(relation.fields[index] for relation in relations),
        )
        for index, (one, kind) in enumerate(zip(left.outputs, kinds, strict=True))
    ]
    is_all = not is_distinct and node.operator.text == "UNION"
    always = frozenset() if is_all else frozenset().union(*(one.inner for one in outputs))
    return Block(
        sql=f"SELECT * FROM ({sql})",
        outputs=outputs,
        relations=relations,
        always=always,
        by_position=True,
    )


def _set_type(one: Field, other: Field, number: int, node: Any) -> Type:
    kind = common_type(one.type, other.type)
    if kind is None:
        raise QueryError(
            "TYPE_MISMATCH",
            f"column {number} in {node.operator.text} query has incompatible types: "
            f"{one.type.text}, {other.type.text}",
            position(node),
        )
    need_one_zone([one.type, other.type], node, f"column {number} of {node.operator.text}")
    return kind


def _as_types(block: Block, kinds: list[Type]) -> str:
    if all(one.type == kind for one, kind in zip(block.outputs, kinds, strict=True)):
        return block.sql
    columns = ", ".join(
        f"{cast(f'c{number}', one.type, kind)} AS c{number}"
        for number, (one, kind) in enumerate(zip(block.outputs, kinds, strict=True))
    )
    return f"SELECT {columns} FROM ({block.sql})"


def _values(node: Any, scope: Scope) -> Block:
    compiler = Compiler(scope)
    rows = [_cells_of(compiler, one) for one in node.expression()]
    if len({len(row) for row in rows}) != 1:
        raise QueryError("TYPE_MISMATCH", "Values rows have mismatched sizes", position(node))
    columns = [unify(list(column), node, "Values rows") for column in zip(*rows, strict=True)]
    texts = [
        f"({', '.join(column[0][index].sql for column in columns)})" for index in range(len(rows))
    ]
    names = ", ".join(f"c{number}" for number in range(len(columns)))
    number = scope.session.number()
    typed = ", ".join(
        f"CAST(c{index} AS {kind.duckdb}) AS c{index}" for index, (_, kind) in enumerate(columns)
    )
    sql = f"SELECT {typed} FROM (VALUES {', '.join(texts)}) AS v{number}({names})"
    outputs = [
        Field(name=None, type=kind, sql=f"q{number}.c{index}")
        for index, (_, kind) in enumerate(columns)
    ]
    return Block(sql=sql, outputs=outputs)


def _cells_of(compiler: Compiler, node: Any) -> list[Expr]:
    cells = _row_cells(node)
    if cells != [node]:
        return [compiler.expr(cell) for cell in cells]
    # A value that is a row has its fields as columns.
    value = compiler.expr(node)
    if value.type.name != "row":
        return [value]
    return [
        value.become(f"({value.sql}).f{number}", kind)
        for number, kind in enumerate(value.type.items)
    ]


def _row_cells(node: Any) -> list[Any]:
    # The row constructor lies under a chain of single children.
    inner = node
    while inner.getChildCount() == 1:
        inner = inner.getChild(0)
    return list(inner.expression()) if type(inner).__name__ == "RowConstructorContext" else [node]


def _need_plain_equality(key: Expr, node: Any) -> None:
    # DuckDB tells maps apart by the order of their keys.
    if key.type.has_map:
        message = f"local_aws does not group by {key.type.text}"
        raise QueryError("NOT_SUPPORTED", message, position(node))


@dataclass(slots=True, kw_only=True)
class _Grouping:
    """A GROUP BY clause: its text, its keys, whether it is plain (no grouping sets)."""

    text: str = ""
    keys: list[Expr] = field(default_factory=list)
    is_plain: bool = True


class _Select:
    """Compiles one SELECT."""

    def __init__(self, node: Any, outer: Scope, tail: _Tail | None) -> None:
        self.node = node
        self.tail = tail
        self.scope = Scope(
            tree=outer.tree,
            session=outer.session,
            database=outer.database,
            outer=outer,
            is_grouped=node.groupBy() is not None,
        )
        self.compiler = Compiler(self.scope)
        self.used: list[Expr] = []

    def block(self) -> Block:
        node = self.node
        from_text = from_clause(node.relation(), self.compiler)
        self.scope.windows = {
            identifier(one.name): one.windowSpecification() for one in node.windowDefinition()
        }
        where = self.compiler.boolean(node.where, "WHERE clause") if node.where else None
        if where is not None and (where.has_aggregate or where.has_window):
            raise QueryError(
                "EXPRESSION_NOT_SCALAR",
                "WHERE clause cannot contain aggregations, window functions or grouping operations",
                position(node.where),
            )
        selected = self._selected()
        grouping = self._grouping(selected)
        having = self.compiler.boolean(node.having, "HAVING clause") if node.having else None
        order = self._order(selected)
        is_distinct = bool(node.setQuantifier() and node.setQuantifier().DISTINCT())
        columns = ", ".join(f"{expr.sql} AS c{n}" for n, (_, expr) in enumerate(selected))
        sql = "".join(
            [
                "SELECT ",
                "DISTINCT " if is_distinct else "",
                columns,
                f" FROM {from_text}" if from_text else "",
                f" WHERE {where.sql}" if where else "",
                grouping.text,
                f" HAVING {having.sql}" if having else "",
                order,
                self.tail.limit_text if self.tail else "",
            ]
        )
        self.used += [one for one in (where, having) if one is not None] + grouping.keys
        if is_distinct:
            for _, expr in selected:
                _need_plain_equality(expr, node)
            self.used += [expr for _, expr in selected]
        return self._made(sql, selected, where, grouping)

    def _made(
        self,
        sql: str,
        selected: list[tuple[str | None, Expr]],
        where: Expr | None,
        grouping: _Grouping,
    ) -> Block:
        is_grouped = bool(grouping.text) or any(one.has_aggregate for _, one in selected)
        may_copy = not (
            (self.tail and self.tail.limit_text)
            or any(one.has_window for _, one in selected)
            or (is_grouped and not grouping.is_plain)
        )
        keys = {one.sql for one in grouping.keys}
        number = self.scope.session.number()
        outputs = []
        for index, (name, expr) in enumerate(selected):
            one = next(iter(expr.fields)) if len(expr.fields) == 1 else None
            is_copy = (
                one is not None
                and expr.sql == one.sql
                and may_copy
                and (not is_grouped or one.sql in keys)
            )
            outputs.append(
                Field(
                    name=name,
                    type=expr.type,
                    sql=f"q{number}.c{index}",
                    inner=expr.fields,
                    copy_of=one if is_copy else None,
                )
            )
        always = frozenset(self.scope.correlated).union(*(one.fields for one in self.used))
        always = always.union(
            *(one.condition.fields for one in self.scope.relations if one.condition is not None)
        )
        always = always.union(*(frozenset(one.fields) for one in self.scope.subqueries))
        return Block(
            sql=sql,
            outputs=outputs,
            relations=self.scope.relations + self.scope.subqueries,
            always=always,
            where=where,
        )

    def _selected(self) -> list[tuple[str | None, Expr]]:
        selected: list[tuple[str | None, Expr]] = []
        for item in self.node.selectItem():
            if type(item).__name__ == "SelectSingleContext":
                expr = self.compiler.expr(item.expression())
                if expr.type.name == "unknown":
                    expr = expr.become(f"CAST({expr.sql} AS INTEGER)", expr.type)
                selected.append((self._name(item), expr))
            else:
                selected += self._star(item)
        return selected

    def _name(self, item: Any) -> str | None:
        if item.identifier():
            return identifier(item.identifier())
        node = item.expression()
        while node.getChildCount() == 1 and not hasattr(node, "nonReserved"):
            if type(node).__name__ == "ColumnReferenceContext":
                return identifier(node.identifier())
            node = node.getChild(0)
        if type(node).__name__ == "DereferenceContext":
            return identifier(node.fieldName)
        return None

    def _star(self, item: Any) -> list[tuple[str | None, Expr]]:
        if item.primaryExpression() is None:
            if not self.scope.relations:
                raise QueryError(
                    "COLUMN_NOT_FOUND",
                    "SELECT * not allowed in queries without FROM clause",
                    position(item),
                )
            return self._all_columns()
        name = self.compiler.text(item.primaryExpression()).lower().replace('"', "")
        for relation in self.scope.relations:
            if name in relation.names:
                return [(one.name, read(one)) for one in relation.fields if not one.is_hidden]
        is_name = re.fullmatch(r'[\w.$"() ]+', self.compiler.text(item.primaryExpression()))
        row = None if is_name and "." not in name else self.compiler.expr(item.primaryExpression())
        if row is None or row.type.name != "row":
            raise QueryError(
                "TABLE_NOT_FOUND", f"Unable to resolve reference {name}", position(item)
            )
        labels = row.type.labels
        if item.columnAliases():
            labels = tuple(identifier(one) for one in item.columnAliases().identifier())
        if len(labels) != len(row.type.items):
            message = f"Column alias list has {len(labels)} entries but row has other columns"
            raise QueryError("MISMATCHED_COLUMN_ALIASES", message, position(item))
        return [
            (label, row.become(f"({row.sql}).f{index}", kind))
            for index, (label, kind) in enumerate(zip(labels, row.type.items, strict=True))
        ]

    def _all_columns(self) -> list[tuple[str | None, Expr]]:
        merged = self.scope.merged
        return list(merged.items()) + [
            (one.name, read(one))
            for relation in self.scope.relations
            for one in relation.fields
            if not one.is_hidden and one.name not in merged
        ]

    def _grouping(self, selected: list[tuple[str | None, Expr]]) -> _Grouping:
        if self.node.groupBy() is None:
            return _Grouping()
        grouping = _Grouping()
        texts = []
        quantifier = self.node.groupBy().setQuantifier()
        if quantifier is not None and quantifier.DISTINCT():
            raise QueryError(
                "NOT_SUPPORTED", "local_aws has no GROUP BY DISTINCT", position(quantifier)
            )
        for element in self.node.groupBy().groupingElement():
            kind = type(element).__name__.removesuffix("Context")
            sets = element.groupingSet()
            parts = [
                self._grouping_set(
                    one, selected, grouping, is_of_columns=kind != "SingleGroupingSet"
                )
                for one in (sets if isinstance(sets, list) else [sets])
            ]
            if kind == "SingleGroupingSet":
                texts.append(
                    parts[0].removeprefix("(").removesuffix(")")
                    if parts[0] != "()" and "," not in parts[0]
                    else parts[0]
                )
                continue
            grouping.is_plain = False
            word = {"Rollup": "ROLLUP", "Cube": "CUBE"}.get(kind, "GROUPING SETS")
            texts.append(f"{word} ({', '.join(parts)})")
        grouping.text = f" GROUP BY {', '.join(texts)}"
        return grouping

    def _grouping_set(
        self,
        node: Any,
        selected: list[tuple[str | None, Expr]],
        grouping: _Grouping,
        *,
        is_of_columns: bool,
    ) -> str:
        keys = []
        for one in node.expression():
            key = _ordinal(one, [expr for _, expr in selected]) or self.compiler.expr(one)
            if key.has_aggregate or key.has_window:
                raise QueryError(
                    "EXPRESSION_NOT_SCALAR",
                    "GROUP BY clause cannot contain "
                    "aggregations, window functions or grouping operations",
                    position(one),
                )
            _need_plain_equality(key, one)
            if is_of_columns and key.sql not in {field.sql for field in key.fields}:
                message = f"GROUP BY expression must be a column reference: {one.getText()}"
                raise QueryError("INVALID_COLUMN_REFERENCE", message, position(one))
            keys.append(key)
        grouping.keys += keys
        # DuckDB finds a key by its text. An instant depends on the moment that it is of.
        texts = (text for key in keys for text in (key.sql, key.instant) if text)
        return f"({', '.join(texts)})"

    def _order(self, selected: list[tuple[str | None, Expr]]) -> str:
        if self.tail is None or not self.tail.sort_items:
            return ""
        named = [(name, expr) for name, expr in selected if name]
        self.scope.outputs = dict(named)
        names = [name for name, _ in named]
        self.scope.ambiguous = {name for name in names if names.count(name) > 1}
        is_distinct = self.node.setQuantifier() and self.node.setQuantifier().DISTINCT()
        texts = []
        positions = {expr.sql: number for number, (_, expr) in enumerate(selected, 1)}
        for item in self.tail.sort_items:
            expr = _ordinal(item, [one for _, one in selected])
            expr = expr or self.compiler.expr(item.expression())
            key = sort_key(expr, item)
            if is_distinct and expr.sql not in positions:
                message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
                raise QueryError("EXPRESSION_NOT_IN_DISTINCT", message, position(item))
            self.used.append(expr)
            texts.append(f"{positions.get(key, key)}{ordering(item)}")
        self.scope.outputs, self.scope.ambiguous = {}, set()
        return f" ORDER BY {', '.join(texts)}"
