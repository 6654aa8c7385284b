"""Queries on DuckDB."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local_aws.athena.compile.language import TRINO
from local_aws.athena.compile.plan import Block, columns_read, push_all_filters
from local_aws.athena.compile.queries import compile_query
from local_aws.athena.compile.scope import Session
from local_aws.athena.errors import QueryCancelledError
from local_aws.athena.run.job import Job
from local_aws.athena.run.sql import Query, SqlEngine
from local_aws.athena.run.write import Output, PartFile, copy_rows
from local_aws.athena.types.rendering import render
from local_aws.athena.types.sqltypes import UNKNOWN, Type
from local_aws.athena.types.zones import quote


class DuckDbSql(SqlEngine):
    """Compiles queries to DuckDB."""

    def analyse(self, job: Job, node: Any) -> Query:
        """See `SqlEngine.analyse`."""
        block, sql = _compile(job, node)
        return DuckDbQuery(job, block, sql)


class DuckDbQuery(Query):
    """A query as DuckDB text whose columns are c0, c1, ..."""

    def __init__(self, job: Job, block: Block, sql: str) -> None:
        self.job = job
        self.sql = sql
        self._outputs = block.outputs

    @property
    def names(self) -> list[str | None]:
        """See `Query`."""
        return [one.name for one in self._outputs]

    @property
    def types(self) -> list[Type]:
        """See `Query`."""
        return [one.type for one in self._outputs]

    def read(self, path: Path) -> None:
        """See `Query.read`."""
        cells = ", ".join(
            f"{render(f'c{number}', kind)} AS r{number}" for number, kind in enumerate(self.types)
        )
        self.job.connection.execute(
            f"COPY (SELECT {cells} FROM ({self.sql})) TO {quote(str(path))} "
            "(FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR '')"
        )

    def write(
        self, output: Output, places: Sequence[int | None], directory: Path
    ) -> tuple[int, list[PartFile]]:
        """See `Query.write`."""
        cells = ", ".join(
            f"{'NULL' if place is None else f'c{place}'} AS c{number}"
            for number, place in enumerate(places)
        )
        kinds = [UNKNOWN if place is None else self.types[place] for place in places]
        sql = f"SELECT {cells} FROM ({self.sql})"
        return copy_rows(self.job.connection, sql, kinds, output, directory)

    def explain(self) -> str:
        """See `Query.explain`."""
        rows = self.job.connection.execute(f"EXPLAIN {self.sql}").fetchall()
        return "\n".join(str(row[-1]) for row in rows)


def _compile(job: Job, node: Any) -> tuple[Block, str]:
    """Compile a query; the block, and DuckDB text that is ready to run."""
    tree = job.statement.tree
    assert tree is not None
    session = Session(
        language=TRINO,
        tables=job.catalog,
        database=job.request.database,
        now_us=int(time.time() * 1_000_000),
        parameters=job.request.parameters,
    )
    block = compile_query(tree, node, session, job.request.database)
    push_all_filters(block, session.shared)
    reads = columns_read(block, block.outputs)
    text = _with_scans(job, block.sql, session, reads)
    job.execution.planned = time.time()
    return block, text


def _with_scans(
    job: Job, sql: str, session: Session, reads: list[tuple[Any, frozenset[str]]]
) -> str:
    files = {scan.number: job.scanner.files(scan) for scan in session.scans}
    columns: dict[int, frozenset[str]] = {}
    total = 0
    for scan, names in reads:
        columns[scan.number] = columns.get(scan.number, frozenset()) | names
        total += files[scan.number].scanned_bytes(names)
    job.execution.scanned_bytes = total
    if job.request.cutoff_bytes and total > job.request.cutoff_bytes:
        raise QueryCancelledError("Bytes scanned limit was exceeded")
    texts = []
    for scan in session.scans:
        wanted = columns.get(scan.number, frozenset())
        # The text may name a column that no output needs: it is there, and read by nobody.
        named = wanted | {one.column for one in scan.fields if one.is_named}
        rows = job.scanner.text(files[scan.number], named)
        texts.append(f"{scan.name} AS NOT MATERIALIZED {rows}")
    return f"WITH {', '.join(texts)} SELECT * FROM ({sql})" if texts else sql
