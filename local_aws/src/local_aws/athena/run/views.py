"""CREATE VIEW."""

from local_aws.athena.compile.compiler import position, qualified
from local_aws.athena.errors import QueryError
from local_aws.athena.run.catalog import encode_view
from local_aws.athena.run.executions import Outcome
from local_aws.athena.run.job import Job
from local_aws.athena.types.sqltypes import unbounded


def create_view(job: Job) -> Outcome:
    """CREATE [OR REPLACE] VIEW."""
    node = job.statement.node
    database, name = job.catalog.resolve(qualified(node.qualifiedName()), job.request.database)
    known = job.catalog.table(database, name)
    if known is not None and (not node.REPLACE() or known.get("TableType") != "VIRTUAL_VIEW"):
        raise QueryError(
            "TABLE_ALREADY_EXISTS",
            f"line 1:1: View already exists: 'awsdatacatalog.{database}.{name}'",
        )
    found = job.sql.analyse(job, node.query())
    columns = [(n or "", unbounded(k)) for n, k in zip(found.names, found.types, strict=True)]
    if any(not column for column, _ in columns):
        raise QueryError(
            "COLUMN_NAME_NOT_SPECIFIED",
            f"Column name not specified at position {[c for c, _ in columns].index('') + 1}",
            position(node),
        )
    assert job.statement.tree is not None
    text = job.statement.tree.text(node.query())
    job.catalog.glue(
        "UpdateTable" if known is not None else "CreateTable",
        DatabaseName=database,
        TableInput={
            "Name": name,
            "TableType": "VIRTUAL_VIEW",
            "Owner": "hadoop",  # as whom it reads its tables; Trino asks for one
            "PartitionKeys": [],
            "Parameters": {"presto_view": "true", "comment": "Presto View"},
            "ViewOriginalText": encode_view(text, database, columns),
            "ViewExpandedText": "/* Presto View */",
            "StorageDescriptor": {
                "Columns": [{"Name": n, "Type": kind.hive} for n, kind in columns],
                "Location": "",
                "SerdeInfo": {},
            },
        },
    )
    job.execution.scanned_bytes = 0
    job.put("txt", b"")
    return Outcome()
