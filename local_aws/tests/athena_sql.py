"""Compiling and running Trino expressions without a server, for tests of the translation."""

from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from local_aws.athena.compile.language import TRINO
from local_aws.athena.compile.queries import compile_query
from local_aws.athena.compile.scope import Session, Table
from local_aws.athena.errors import Position, QueryError
from local_aws.athena.parse.grammar import parse
from local_aws.athena.run.engine import Engine, translate_error
from local_aws.athena.run.results import column_names
from local_aws.athena.types.rendering import render

NOW_US = 1711670400_000000  # 2024-03-29 00:00:00 UTC


class NoTables:
    """A catalog without tables."""

    def find(self, name: tuple[str, ...], database: str, at: Position) -> Table:
        raise QueryError("TABLE_NOT_FOUND", f"Table '{'.'.join(name)}' does not exist", at)


class Trino:
    """Runs queries over no tables, as Athena would print them."""

    def __init__(self) -> None:
        self._scratch = TemporaryDirectory(ignore_cleanup_errors=True)
        self._engine = Engine(Path(self._scratch.name, "duckdb"))
        self._connection = self._engine.connect()

    def rows(self, sql: str, *parameters: str) -> list[tuple[str | None, ...]]:
        """The rows as text; raises QueryError."""
        tree = parse(sql)
        session = Session(
            language=TRINO,
            tables=NoTables(),
            database="default",
            now_us=NOW_US,
            parameters=parameters,
        )
        block = compile_query(tree, tree.root.statement().query(), session, "default")
        names = column_names([one.name for one in block.outputs])
        self.columns = [
            (name, one.type.text) for name, one in zip(names, block.outputs, strict=True)
        ]
        cells = ", ".join(
            render(f"c{number}", one.type) for number, one in enumerate(block.outputs)
        )
        try:
            answer = self._connection.execute(f"SELECT {cells} FROM ({block.sql})")
            return [
                tuple(None if cell is None else str(cell) for cell in row)
                for row in answer.fetchall()
            ]
        except duckdb.Error as error:
            raise translate_error(error, None) from error

    def value(self, expression: str) -> str | None:
        """The text of one expression's value; raises QueryError."""
        return self.rows(f"SELECT {expression}")[0][0]

    def kind(self, expression: str) -> str:
        """The type of an expression."""
        self.rows(f"SELECT {expression}")
        return self.columns[0][1]
