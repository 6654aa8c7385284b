"""What a DDL statement works on, and what it prints."""

from dataclasses import dataclass
from typing import Any

from local_aws.athena.errors import QueryError
from local_aws.athena.parse.hive_grammar import Ddl
from local_aws.athena.run.catalog import Catalog
from local_aws.seam import ObjectStore

TASK = "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."


@dataclass(frozen=True, slots=True, kw_only=True)
class DdlResult:
    """What a DDL statement prints: one text a line, with the columns' names."""

    lines: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hive:
    """What one DDL statement works on.

    Attributes:
        catalog: the catalog it reads and changes.
        store: where MSCK looks for partitions.
        database: the execution's database.
    """

    catalog: Catalog
    store: ObjectStore
    database: str

    def target(self, ddl: Ddl) -> tuple[str, str]:
        """Return database and name of the statement's table."""
        return self.catalog.resolve(ddl.name, self.database)

    def record(self, ddl: Ddl) -> dict[str, Any]:
        """Return Glue's record of the statement's table; raises QueryError if there is none."""
        database, table = self.target(ddl)
        found = self.catalog.table(database, table)
        if found is None:
            raise QueryError(
                "", f"FAILED: SemanticException [Error 10001]: Table not found {database}.{table}"
            )
        return found
