"""The tables that Retime publishes to, and their staging tables, in the Glue catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retime import aws
from retime.calendar.partitioning import Partitioning
from retime.dataset.model import Columns, Table
from retime.errors import CatalogError
from retime.published.generations import generation_of_staging_table, staging_table_name

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import (
        StorageDescriptorTypeDef,
        TableInputTypeDef,
        TableTypeDef,
    )

    from retime.dataset.deployment import Deployment

ATTEMPT = "retime.attempt"
"""The parameter of a staging table that names the attempt that created it."""

_REMEDY = "drop the table, whose files stay, and rebuild its dates"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def has_table(glue: GlueClient, database: str, name: str) -> bool:
    """Return whether the catalog has a table."""
    return aws.get_table(glue, database, name) is not None


def ensure_table(glue: GlueClient, database: str, table: Table) -> None:
    """Create a published table, or give it the columns that the data set has more.

    Partitions that were published before read NULL in these.

    Raises:
        CatalogError: the table cannot become as the data set says.
    """
    wanted = table_input(table.name, table.location, table.columns, table.partitioning)
    found = aws.get_table(glue, database, table.name) or aws.create_table(glue, database, wanted)
    if found is None:
        return
    _check(database, table, found)
    columns = list(wanted["StorageDescriptor"]["Columns"])

    def add_columns(record: TableInputTypeDef) -> TableInputTypeDef | None:
        storage = record["StorageDescriptor"]
        # Those that are there keep the comments that somebody gave them.
        more = columns[len(storage["Columns"]) :]
        if not more:
            return None
        there: Any = {**storage, "Columns": [*storage["Columns"], *more]}
        return {**record, "StorageDescriptor": there}

    if len(found["StorageDescriptor"]["Columns"]) < len(columns):
        aws.change_table(glue, database, table.name, add_columns)


def check_tables(deployment: Deployment) -> None:
    """See that published tables that are there are as the data set says, or can become so.

    Raises:
        CatalogError: one cannot; says what differs, and what to do.
    """
    for table in deployment.data_set.tables:
        found = aws.get_table(deployment.clients.glue, deployment.database, table.name)
        if found is not None:
            _check(deployment.database, table, found)


def _check(database: str, table: Table, found: TableTypeDef) -> None:
    if aws.is_projected(found) and table.layout != "hive":
        raise CatalogError(
            f"the table {database}.{table.name} has partition projection, which ignores the "
            "locations that Retime publishes; remove its property projection.enabled, or give the "
            "data set published.layout: hive"
        )
    location = found["StorageDescriptor"]["Location"].rstrip("/") + "/"
    if location != table.location:
        raise CatalogError(
            f"the table {database}.{table.name} is at {location}, the data set says "
            f"{table.location}; publish to a new table there, or change the location back"
        )
    keys = aws.column_types(found["PartitionKeys"])
    if keys != table.key_types:
        raise CatalogError(
            f"the table {database}.{table.name} has the partition keys {keys}, the data set "
            f"says {dict(table.key_types)}; {_REMEDY}"
        )
    columns = aws.column_types(found["StorageDescriptor"]["Columns"])
    for number, (name, type_) in enumerate(columns.items()):
        if name not in table.columns:
            raise CatalogError(
                f"the table {database}.{table.name} has the column {name} {type_}, the data set "
                f"has not; keep it, for example as CAST(NULL AS {type_}); or {_REMEDY}"
            )
        if (wanted := table.columns[name]) != type_:
            raise CatalogError(
                f"the column {name} of {database}.{table.name} is {type_}, the data set says "
                f"{wanted}; give the values of the new type a column of their own, after the "
                f"others; or {_REMEDY}"
            )
        if (there := list(table.columns)[number]) != name:
            raise CatalogError(
                f"the table {database}.{table.name} has {name} as its column {number + 1}, the "
                f"data set has {there} there; keep the order, and put new columns after the "
                f"others; or {_REMEDY}"
            )


def create_staging_table(
    glue: GlueClient,
    database: str,
    name: str,
    location: str,
    columns: Columns,
    partitioning: Partitioning,
    *,
    attempt: str = "",
) -> None:
    """Create the staging table of a generation, at a location that nobody used before.

    Or see that it is there, from the same attempt.

    Raises:
        CatalogError: it is there, and of another one.
    """
    table = table_input(name, location, columns, partitioning)
    table["Parameters"] = {**table["Parameters"], ATTEMPT: attempt}
    found = aws.create_table(glue, database, table)
    if found and found.get("Parameters", {}).get(ATTEMPT) != attempt:
        raise CatalogError(f"{database}.{name} is another's; clear the task to stage it again")


def find_generation(glue: GlueClient, database: str, table: str, attempt: str) -> str | None:
    """Return the generation of a table whose staging table an attempt created, or None."""
    for found in aws.list_tables(glue, database, staging_table_name(table, "*")):
        if found.get("Parameters", {}).get(ATTEMPT) == attempt:
            return generation_of_staging_table(table, found["Name"])
    return None


def table_input(
    name: str, location: str, columns: Columns, partitioning: Partitioning
) -> TableInputTypeDef:
    """Return what Glue takes to create a Parquet table that Athena can read and write."""
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "EXTERNAL": "TRUE",
            "classification": "parquet",
            "parquet.compression": "SNAPPY",
        },
        "PartitionKeys": [{"Name": key.name, "Type": key.type} for key in partitioning.keys],
        "StorageDescriptor": storage_descriptor(location, columns),
    }


def storage_descriptor(location: str, columns: Columns) -> StorageDescriptorTypeDef:
    """Return the descriptor of Parquet files with such columns at a location."""
    return {
        "Columns": [{"Name": column, "Type": type_} for column, type_ in columns.items()],
        "Location": location,
        "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
        "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
        "SerdeInfo": {
            "SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe",
            "Parameters": {"serialization.format": "1"},
        },
    }
