"""What runs which DDL statement."""

from collections.abc import Callable, Mapping

from local_aws.athena.errors import QueryError
from local_aws.athena.parse.hive_grammar import Ddl
from local_aws.athena.run.hive import databases, partitions, shows, tables
from local_aws.athena.run.hive.context import TASK, DdlResult, Hive
from local_aws.seam import AwsError

_STATEMENTS: Mapping[str, Callable[[Hive, Ddl], DdlResult | None]] = {
    "CREATE_DATABASE": databases.create_database,
    "DROP_DATABASE": databases.drop_database,
    "CREATE_TABLE": tables.create_table,
    "DROP_TABLE": tables.drop_table,
    "DROP_VIEW": tables.drop_table,
    "ALTER_TABLE_ADD_PARTITION": partitions.add_partition,
    "ALTER_TABLE_DROP_PARTITION": partitions.drop_partition,
    "ALTER_TABLE_SET_LOCATION": partitions.set_location,
    "ALTER_TABLE_ADD_COLUMNS": tables.add_columns,
    "ALTER_TABLE_REPLACE_COLUMNS": tables.replace_columns,
    "ALTER_TABLE_SET_TBLPROPERTIES": tables.set_properties,
    "MSCK_REPAIR_TABLE": partitions.repair,
    "SHOW_DATABASES": databases.show_databases,
    "SHOW_TABLES": shows.show_tables,
    "SHOW_VIEWS": shows.show_views,
    "SHOW_COLUMNS": shows.show_columns,
    "SHOW_PARTITIONS": partitions.show_partitions,
    "SHOW_TBLPROPERTIES": shows.show_properties,
    "SHOW_CREATE_TABLE": shows.show_create_table,
    "SHOW_CREATE_VIEW": shows.show_create_view,
    "DESCRIBE_TABLE": shows.describe,
}


def run_ddl(hive: Hive, ddl: Ddl) -> DdlResult:
    """Run a DDL statement.

    Raises:
        QueryError: it fails.
    """
    try:
        return _STATEMENTS[ddl.subtype](hive, ddl) or DdlResult()
    except AwsError as error:
        raise QueryError("", f"{TASK} {error.code}: {error.message}") from None
