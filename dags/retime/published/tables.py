"""The tables that Retime publishes to, and their staging tables, in the Glue catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retime import aws
from retime.calendar.partitioning import Partitioning
from retime.dataset.model import Columns, Table
from retime.errors import CatalogError
from retime.published.generations import generation_of_staging_table, staging_table_name

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import StorageDescriptorTypeDef, TableInputTypeDef

ATTEMPT = "retime.attempt"
"""The parameter of a staging table that names the attempt that created it."""

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


def has_table(glue: GlueClient, database: str, name: str) -> bool:
    """Return whether the catalog has a table."""
    return aws.get_table(glue, database, name) is not None


def ensure_table(glue: GlueClient, database: str, table: Table) -> None:
    """Create a published table, or see that it is as the data set says.

    Raises:
        CatalogError: the table is there with other columns or keys, or at another location.
    """
    wanted = table_input(table.name, table.location, table.columns, table.partitioning)
    found = aws.get_table(glue, database, table.name) or aws.create_table(glue, database, wanted)
    if found is None:
        return
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
    for part, here, there in (
        ("columns", aws.column_types(found["StorageDescriptor"]["Columns"]), table.columns),
        ("partition keys", aws.column_types(found["PartitionKeys"]), table.key_types),
    ):
        if here != there:
            raise CatalogError(
                f"the table {database}.{table.name} has the {part} {here}, the data set "
                f"says {dict(there)}; change the YAML; or drop the table, whose files stay, and "
                "rebuild its dates"
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
