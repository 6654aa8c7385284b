"""The Glue catalog as queries see it: tables, views, partitions, information_schema."""

import base64
import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from local_aws.athena.compile.scope import Table, TableColumn
from local_aws.athena.errors import Position, QueryError
from local_aws.athena.run.access import check_partitions, denied
from local_aws.athena.types.sqltypes import BIGINT, VARCHAR, Type, parse_type
from local_aws.athena.types.zones import quote
from local_aws.seam import Access, AwsCalls, AwsError, Keep, Values

CATALOG = "awsdatacatalog"
_MISSING = "EntityNotFoundException"
_SEPARATOR, _NULL = "\x1f", "\x1e"
_VIEW_PREFIX = "/* Presto View: "
_HIDDEN = (
    TableColumn(name="$path", type=VARCHAR, is_hidden=True),
    TableColumn(name="$file_size", type=BIGINT, is_hidden=True),
)


class Catalog:
    """One region's Glue catalog, for one statement: a table is asked for once.

    Args:
        calls: the AWS APIs.
        region: whose catalog.
        access: what the caller may do.
    """

    def __init__(self, calls: AwsCalls, region: str, access: Access) -> None:
        self.calls = calls
        self.access = access
        self.region = region
        self._tables: dict[tuple[str, str], dict[str, Any] | None] = {}

    def glue(self, action: str, **payload: Any) -> dict[str, Any]:
        """Call Glue; an API error becomes the HIVE_METASTORE_ERROR that Athena reports."""
        try:
            return self.calls("glue", action, payload, region=self.region)
        except AwsError as error:
            if error.code == _MISSING:
                raise
            if refusal := denied(error):
                raise refusal from None
            raise QueryError("HIVE_METASTORE_ERROR", f"{error.code}: {error.message}") from None

    def pages(self, action: str, member: str, **payload: Any) -> Iterator[dict[str, Any]]:
        """The items of all pages of a Glue list call."""
        while True:
            answer = self.glue(action, **payload)
            yield from answer.get(member, [])
            if not answer.get("NextToken"):
                return
            payload["NextToken"] = answer["NextToken"]

    def has_database(self, database: str) -> bool:
        """Is there such a database?"""
        try:
            self.glue("GetDatabase", Name=database)
        except AwsError:
            return False
        return True

    def table(self, database: str, name: str) -> dict[str, Any] | None:
        """Glue's record of a table, or None."""
        key = (database, name)
        if key not in self._tables:
            try:
                answer = self.glue("GetTable", DatabaseName=database, Name=name)
                self._tables[key] = answer["Table"]
            except AwsError:
                self._tables[key] = None
        return self._tables[key]

    def need_table(self, database: str, name: str, at: Position | None = None) -> dict[str, Any]:
        """Glue's record of a table.

        Raises:
            QueryError: TABLE_NOT_FOUND or SCHEMA_NOT_FOUND.
        """
        found = self.table(database, name)
        if found is not None:
            return found
        if not self.has_database(database):
            raise QueryError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", at)
        raise QueryError(
            "TABLE_NOT_FOUND", f"Table '{CATALOG}.{database}.{name}' does not exist", at
        )

    def partitions(
        self, database: str, name: str, keep: Keep | None = None
    ) -> list[dict[str, Any]]:
        """The partitions of a table, or those whose values `keep` returns; to be read only."""
        check_partitions(self.access, self.region, database, name)
        return self.calls.partitions(database, name, region=self.region, keep=keep)

    def locations(self, database: str, name: str, wanted: Collection[Values]) -> dict[Values, str]:
        """Where those of the wanted partitions are that exist."""

        def keep(values: list[Values]) -> list[Values]:
            firsts = {one[: len(values[0])] for one in wanted} if values else set()
            return [one for one in values if one in firsts]

        return {
            tuple(one["Values"]): (one.get("StorageDescriptor") or {}).get("Location", "")
            for one in self.partitions(database, name, keep)
        }

    def resolve(
        self, name: tuple[str, ...], database: str, at: Position | None = None
    ) -> tuple[str, str]:
        """Database and table of a name of one to three parts.

        Raises:
            QueryError: CATALOG_NOT_FOUND.
        """
        if len(name) > 3 or (len(name) == 3 and name[0] != CATALOG):
            raise QueryError("CATALOG_NOT_FOUND", f"Catalog '{name[0]}' does not exist", at)
        return (name[-2] if len(name) > 1 else database), name[-1]

    def find(self, name: tuple[str, ...], database: str, at: Position) -> Table:
        """The table of a name in a query; see `scope.Tables`."""
        schema, table = self.resolve(name, database, at)
        if schema == "information_schema":
            return self._information(table, at)
        if table.endswith("$partitions"):
            return self._partitions_table(schema, table.removesuffix("$partitions"), at)
        record = self.need_table(schema, table, at)
        view = view_text(record)
        columns = view_columns(record) if view else declared_columns(record) + _HIDDEN
        return Table(database=schema, name=table, columns=columns, view_sql=view)

    def _partitions_table(self, database: str, name: str, at: Position) -> Table:
        record = self.need_table(database, name, at)
        columns = tuple(c for c in declared_columns(record) if c.is_partition_key)
        rows = [tuple(one["Values"]) for one in self.partitions(database, name)]
        return Table(
            database=database,
            name=f"{name}$partitions",
            columns=tuple(TableColumn(name=c.name, type=c.type) for c in columns),
            rows_sql=_rows_text(rows, [c.type for c in columns]),
        )

    def _information(self, table: str, at: Position) -> Table:
        makers = {
            "schemata": (("catalog_name", "schema_name"), self._schemata),
            "tables": (
                ("table_catalog", "table_schema", "table_name", "table_type"),
                self._tables_rows,
            ),
            "columns": (
                (
                    "table_catalog",
                    "table_schema",
                    "table_name",
                    "column_name",
                    "ordinal_position",
                    "column_default",
                    "is_nullable",
                    "data_type",
                    "comment",
                    "extra_info",
                ),
                self._columns_rows,
            ),
            "views": (
                ("table_catalog", "table_schema", "table_name", "view_definition"),
                self._views_rows,
            ),
        }
        if table not in makers:
            raise QueryError(
                "TABLE_NOT_FOUND",
                f"Table '{CATALOG}.information_schema.{table}' does not exist",
                at,
            )
        names, rows = makers[table]
        kinds = [BIGINT if name == "ordinal_position" else VARCHAR for name in names]
        return Table(
            database="information_schema",
            name=table,
            columns=tuple(
                TableColumn(name=name, type=kind) for name, kind in zip(names, kinds, strict=True)
            ),
            rows_sql=_rows_text(list(rows()), kinds),
        )

    def databases(self) -> list[str]:
        """The names of all databases."""
        return [one["Name"] for one in self.pages("GetDatabases", "DatabaseList")]

    def tables(self, database: str) -> list[dict[str, Any]]:
        """Glue's records of a database's tables."""
        return list(self.pages("GetTables", "TableList", DatabaseName=database))

    def _schemata(self) -> Iterator[tuple[Any, ...]]:
        for database in [*self.databases(), "information_schema"]:
            yield CATALOG, database

    def _tables_rows(self) -> Iterator[tuple[Any, ...]]:
        for database in self.databases():
            for record in self.tables(database):
                kind = "VIEW" if view_text(record) else "BASE TABLE"
                yield CATALOG, database, record["Name"], kind

    def _columns_rows(self) -> Iterator[tuple[Any, ...]]:
        for database in self.databases():
            for record in self.tables(database):
                try:
                    columns = (
                        view_columns(record) if view_text(record) else declared_columns(record)
                    )
                except QueryError:
                    continue  # a table that cannot be read takes no other away
                comments = {c["Name"]: c.get("Comment") for c in _glue_columns(record)}
                for number, column in enumerate(columns, 1):
                    extra = "partition key" if column.is_partition_key else None
                    yield (
                        CATALOG,
                        database,
                        record["Name"],
                        column.name,
                        number,
                        None,
                        "YES",
                        column.type.text,
                        comments.get(column.name),
                        extra,
                    )

    def _views_rows(self) -> Iterator[tuple[Any, ...]]:
        for database in self.databases():
            for record in self.tables(database):
                if view_text(record):
                    yield CATALOG, database, record["Name"], view_text(record)


def _glue_columns(record: dict[str, Any]) -> list[dict[str, Any]]:
    descriptor = record.get("StorageDescriptor") or {}
    return [*descriptor.get("Columns", []), *record.get("PartitionKeys", [])]


def declared_columns(record: dict[str, Any]) -> tuple[TableColumn, ...]:
    """A table's columns, partition columns last."""
    columns = (record.get("StorageDescriptor") or {}).get("Columns", [])
    keys = record.get("PartitionKeys") or []
    return tuple(
        TableColumn(name=one["Name"].lower(), type=_column_type(one), is_partition_key=is_key)
        for part, is_key in ((columns, False), (keys, True))
        for one in part
    )


def _column_type(column: dict[str, Any]) -> Type:
    text = column.get("Type") or "string"
    # As Hive's TypeInfoParser, which Trino has too: it takes no other characters in names of
    # fields, and then no column of the table can be read.
    if odd := re.search(r"[^\w.$ <>(),:]", text):
        raise QueryError(
            "GENERIC_INTERNAL_ERROR",
            "java.lang.IllegalArgumentException: Error: : expected at the position "
            f"{odd.start()} of '{text}' but '{odd[0]}' is found.",
        )
    try:
        return parse_type(text)
    except (ValueError, IndexError):
        raise QueryError(
            "HIVE_INVALID_METADATA",
            f"Glue column {column['Name']!r} has the type "
            f"{column.get('Type')!r}, which is no Hive type",
        ) from None


def view_text(record: dict[str, Any]) -> str:
    """The query of a view as Athena stores it in Glue; "" for a table."""
    if record.get("TableType") != "VIRTUAL_VIEW":
        return ""
    return str(_view(record).get("originalSql", ""))


def _view(record: dict[str, Any]) -> dict[str, Any]:
    text = record.get("ViewOriginalText", "")
    encoded = text.removeprefix(_VIEW_PREFIX).removesuffix(" */")
    decoded: dict[str, Any] = json.loads(base64.b64decode(encoded))
    return decoded


def view_columns(record: dict[str, Any]) -> tuple[TableColumn, ...]:
    """The columns of a view."""
    return tuple(
        TableColumn(name=one["name"], type=parse_type(one["type"]))
        for one in _view(record).get("columns", [])
    )


def encode_view(sql: str, database: str, columns: list[tuple[str, Type]]) -> str:
    """A view's text as Athena stores it in ViewOriginalText."""
    body = {
        "originalSql": sql,
        "catalog": CATALOG,
        "schema": database,
        "columns": [{"name": name, "type": kind.text} for name, kind in columns],
    }
    return _VIEW_PREFIX + base64.b64encode(json.dumps(body).encode()).decode() + " */"


def _rows_text(rows: list[tuple[Any, ...]], kinds: list[Type]) -> str:
    names = [f"c{number}" for number in range(len(kinds))]
    if not rows:
        empty = ", ".join(
            f"CAST(NULL AS {kind.duckdb}) AS {name}"
            for name, kind in zip(names, kinds, strict=True)
        )
        return f"SELECT {empty} WHERE false"
    columns = [
        [_NULL if cell is None else str(cell) for cell in column]
        for column in zip(*rows, strict=True)
    ]
    if not any(_SEPARATOR in cell for column in columns for cell in column):
        # DuckDB parses a text a column in a tenth of the time of a row a partition.
        cells = ", ".join(
            f"CAST(nullif(unnest(string_split({quote(_SEPARATOR.join(column))}, '{_SEPARATOR}')),"
            f" '{_NULL}') AS {kind.duckdb}) AS {name}"
            for column, name, kind in zip(columns, names, kinds, strict=True)
        )
        return f"SELECT {cells}"
    texts = ", ".join(
        "(" + ", ".join("NULL" if cell is None else quote(str(cell)) for cell in row) + ")"
        for row in rows
    )
    typed = ", ".join(
        f"CAST({name} AS {kind.duckdb})" for name, kind in zip(names, kinds, strict=True)
    )
    return f"SELECT {typed} FROM (VALUES {texts}) AS v({', '.join(names)})"
