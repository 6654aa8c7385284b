"""SELECT and EXPLAIN."""

from local_aws.athena.errors import QueryError
from local_aws.athena.run.executions import Outcome
from local_aws.athena.run.job import Job
from local_aws.athena.run.results import Column, column_names, csv_bytes, metadata_bytes
from local_aws.athena.types.sqltypes import VARCHAR


def query(job: Job) -> Outcome:
    """SELECT: the rows as text, into the result CSV."""
    found = job.sql.analyse(job, job.statement.node.query())
    path = job.directory / "result.csv"
    found.read(path)
    job.execution.check_stopped()
    columns = tuple(zip(column_names(found.names), found.types, strict=True))
    header = csv_bytes([[name for name, _ in columns]])
    if path.stat().st_size < 1_000_000:
        job.put("csv", header + path.read_bytes())
    else:
        job.put_file("csv", header, path)
    job.put("csv.metadata", metadata_bytes(columns))
    return Outcome(columns=columns, is_table=True)


def explain(job: Job) -> Outcome:
    """EXPLAIN: the engine's plan."""
    inner = job.statement.node.statement()
    if not hasattr(inner, "query"):
        raise QueryError("NOT_SUPPORTED", "EXPLAIN takes a query here")
    plan = job.sql.analyse(job, inner.query()).explain()
    columns: tuple[Column, ...] = (("Query Plan", VARCHAR),)
    job.put("csv", csv_bytes([["Query Plan"], [plan]]))
    job.put("csv.metadata", metadata_bytes(columns))
    return Outcome(columns=columns, is_table=True)
