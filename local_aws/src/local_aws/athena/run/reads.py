"""SELECT and EXPLAIN; compiling a query for whatever statement holds it."""

import time
from typing import Any

from local_aws.athena.compile.language import TRINO
from local_aws.athena.compile.plan import Block, columns_read, push_all_filters
from local_aws.athena.compile.queries import compile_query
from local_aws.athena.compile.scope import Session
from local_aws.athena.errors import QueryCancelledError, QueryError
from local_aws.athena.run.executions import Outcome
from local_aws.athena.run.job import Job
from local_aws.athena.run.results import Column, column_names, csv_bytes, metadata_bytes
from local_aws.athena.types.casts import quote, render
from local_aws.athena.types.sqltypes import VARCHAR


def compile_statement(job: Job, node: Any) -> tuple[Block, str]:
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


def query(job: Job) -> Outcome:
    """SELECT: the rows as text, into the result CSV."""
    block, sql = compile_statement(job, job.statement.node.query())
    columns = _columns(block)
    cells = ", ".join(
        f"{render(f'c{number}', kind)} AS r{number}" for number, (_, kind) in enumerate(columns)
    )
    path = job.directory / "result.csv"
    job.connection.execute(
        f"COPY (SELECT {cells} FROM ({sql})) TO {quote(str(path))} "
        "(FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR '')"
    )
    job.execution.check_stopped()
    header = csv_bytes([[name for name, _ in columns]])
    if path.stat().st_size < 1_000_000:
        job.put("csv", header + path.read_bytes())
    else:
        job.put_file("csv", header, path)
    job.put("csv.metadata", metadata_bytes(columns))
    return Outcome(columns=columns, is_table=True)


def explain(job: Job) -> Outcome:
    """EXPLAIN: DuckDB's plan of the translated text."""
    inner = job.statement.node.statement()
    if not hasattr(inner, "query"):
        raise QueryError("NOT_SUPPORTED", "EXPLAIN takes a query here")
    _, sql = compile_statement(job, inner.query())
    rows = job.connection.execute(f"EXPLAIN {sql}").fetchall()
    lines = "\n".join(str(row[-1]) for row in rows)
    columns: tuple[Column, ...] = (("Query Plan", VARCHAR),)
    job.put("csv", csv_bytes([["Query Plan"], [lines]]))
    job.put("csv.metadata", metadata_bytes(columns))
    return Outcome(columns=columns, is_table=True)


def _columns(block: Block) -> tuple[Column, ...]:
    names = column_names([one.name for one in block.outputs])
    return tuple((name, one.type) for name, one in zip(names, block.outputs, strict=True))
