"""Queries on Trino: analysed and read there, written through a table that nobody else sees."""

import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from local_aws.athena.errors import QueryCancelledError, QueryError
from local_aws.athena.parse.grammar import Tree
from local_aws.athena.run.job import Job
from local_aws.athena.run.results import csv_bytes
from local_aws.athena.run.scan import split_uri
from local_aws.athena.run.sql import Query, SqlEngine
from local_aws.athena.run.targets import table_record
from local_aws.athena.run.write import Output, PartFile
from local_aws.athena.trino.client import CATALOG, TrinoRun, TrinoServer
from local_aws.athena.types.sqltypes import Type
from local_aws.athena.types.texts import text_of
from local_aws.athena.types.zones import quote

_ROWS_OF = "SELECT * FROM ("
_EXPLAIN = "EXPLAIN "


class TrinoSql(SqlEngine):
    """Hands queries to a Trino server."""

    def __init__(self, server: TrinoServer) -> None:
        self.server = server

    def analyse(self, job: Job, node: Any) -> Query:
        """See `SqlEngine.analyse`."""
        tree = job.statement.tree
        assert tree is not None
        return TrinoQuery(job, self.server, _in_place(tree, node))


class TrinoQuery(Query):
    """A query that Trino runs."""

    def __init__(self, job: Job, server: TrinoServer, text: str) -> None:
        self.job = job
        self.server = server
        self.text = text

    @property
    def names(self) -> list[str | None]:
        """See `Query`."""
        return [
            # What has no name is _col<its place>.
            None if name == f"_col{number}" else name
            for number, (name, _) in enumerate(self._columns)
        ]

    @property
    def types(self) -> list[Type]:
        """See `Query`."""
        return [kind for _, kind in self._columns]

    @cached_property
    def _columns(self) -> list[tuple[str, Type]]:
        run = self._run(f"{_ROWS_OF}{self.text}\n) LIMIT 0")
        _rows(run, _ROWS_OF)
        return _typed(run)

    def read(self, path: Path) -> None:
        """See `Query.read`."""
        run = self._run(self.text)
        with path.open("wb") as target:
            for page in run.pages():
                self._note(run)
                if page:
                    self._columns = _typed(run)
                    target.write(csv_bytes([self._cells(row) for row in page]))
        self._columns = _typed(run)
        self._note(run)

    def write(
        self, output: Output, places: Sequence[int | None], directory: Path
    ) -> tuple[int, list[PartFile]]:
        """See `Query.write`: into a table of its own, whose objects are then taken over."""
        scratch = f"local_aws_{self.job.execution.id.replace('-', '_')}"
        location = f"{self.job.request.output}{self.job.execution.id}-rows/"
        self._create(scratch, location, output)
        try:
            run = self._insert(scratch, output, places)
            for _ in run.pages():
                self._note(run)
            return run.rows_written, self._take_over(location, output, directory)
        finally:
            self._drop(scratch, location)

    def explain(self) -> str:
        """See `Query.explain`."""
        rows = _rows(self._run(f"{_EXPLAIN}{self.text}"), _EXPLAIN)
        return "\n".join(str(row[0]) for row in rows)

    def _run(self, sql: str, **settings: str) -> TrinoRun:
        given = self.job.request.parameters
        if given:
            sql = f"EXECUTE IMMEDIATE {quote(sql)} USING {', '.join(given)}"
        run = self.server.run(sql, self.job.request.database, settings)
        with self.job.execution.lock:
            self.job.execution.connection = run
        self.job.execution.check_stopped()
        return run

    def _note(self, run: TrinoRun) -> None:
        self.job.execution.scanned_bytes = run.scanned_bytes
        cutoff = self.job.request.cutoff_bytes
        if cutoff and run.scanned_bytes > cutoff:
            run.interrupt()
            raise QueryCancelledError("Bytes scanned limit was exceeded")

    def _cells(self, row: Iterable[Any]) -> list[str | None]:
        return [text_of(value, kind) for value, kind in zip(row, self.types, strict=True)]

    def _create(self, name: str, location: str, output: Output) -> None:
        made = table_record(self.job.request.database, name, output)
        made["StorageDescriptor"]["Location"] = location
        del made["DatabaseName"]
        self.job.catalog.glue(
            "CreateTable", DatabaseName=self.job.request.database, TableInput=made
        )

    def _insert(self, name: str, output: Output, places: Sequence[int | None]) -> TrinoRun:
        columns = ", ".join(f"c{number}" for number in range(len(self.types)))
        cells = ", ".join("NULL" if place is None else f"c{place}" for place in places)
        sql = (
            f'INSERT INTO {CATALOG}."{self.job.request.database}"."{name}" '
            f"SELECT {cells} FROM (\n{self.text}\n) AS q ({columns})"
        )
        # Text is gzip here whatever a table says, as it is when DuckDB writes it.
        codec = output.compression if output.format == "PARQUET" else "GZIP"
        codec = "NONE" if codec == "UNCOMPRESSED" else codec
        settings = {f"{CATALOG}.compression_codec": codec}
        return self._run(sql, **settings)

    def _take_over(self, location: str, output: Output, directory: Path) -> list[PartFile]:
        bucket, prefix = split_uri(location)
        files = []
        for number, one in enumerate(self.job.services.store.list(bucket, prefix)):
            folders = one.key[len(prefix) :].split("/")[: output.keys]
            values = tuple(unquote(folder.partition("=")[2]) for folder in folders)
            path = directory / f"part-{number}"
            shutil.copyfile(one.path, path)
            files.append(PartFile(path=path, values=values))
        return files

    def _drop(self, name: str, location: str) -> None:
        self.job.catalog.glue("DeleteTable", DatabaseName=self.job.request.database, Name=name)
        bucket, prefix = split_uri(location)
        for one in self.job.services.store.list(bucket, prefix):
            self.job.services.store.delete(bucket, one.key)


def _rows(run: TrinoRun, prefix: str) -> list[list[Any]]:
    """All rows; a failure has the place in the text behind the prefix."""
    try:
        return run.all_rows()
    except QueryError as error:
        at = error.at
        if at is not None and at.line == 1:
            at = replace(at, column=at.column - len(prefix))
        raise QueryError(error.name, error.message, at) from None


def _typed(run: TrinoRun) -> list[tuple[str, Type]]:
    return [(name, kind) for (name, _), kind in zip(run.columns, run.types, strict=True)]


def _in_place(tree: Tree, node: Any) -> str:
    """The text of a node where it stands: all before it is blank, so that places stay the same."""
    before = tree.sql[: node.start.start]
    return re.sub(r"[^\n]", " ", before) + tree.text(node)
