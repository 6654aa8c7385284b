"""Tables of the Glue catalog: the raw one as found, ours as the data set says."""

from collections.abc import Mapping
from typing import Any

from retime import aws
from retime.calendar.partitions import ARRIVAL_KEYS
from retime.dataset.reader import Columns, Table
from retime.errors import CatalogError
from retime.statements.macros import RawTable

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
_JSON_SERDE = "org.openx.data.jsonserde.JsonSerDe"
IGNORE_MALFORMED = "ignore.malformed.json"


def has_table(glue: Any, database: str, name: str) -> bool:
    """Tell whether the catalog has a table."""
    return aws.get_table(glue, database, name) is not None


def read_raw_table(glue: Any, database: str, name: str) -> RawTable:
    """Return the raw table as the catalog has it.

    Raises:
        CatalogError: it is missing, or is not partitioned by arrival hour.
    """
    table = aws.get_table(glue, database, name)
    if table is None:
        raise CatalogError(
            f"the raw table {database}.{name} is not in the catalog; run the crawler, or create it"
        )
    keys = _columns(table.get("PartitionKeys", ()))
    if tuple(keys) != ARRIVAL_KEYS:
        raise CatalogError(
            f"the raw table {database}.{name} has the partition keys {list(keys)}; "
            f"Retime reads tables partitioned by {list(ARRIVAL_KEYS)} of arrival"
        )
    descriptor = table["StorageDescriptor"]
    return RawTable(
        database=database,
        name=name,
        columns=_columns(descriptor["Columns"]),
        keys=keys,
        is_json=is_json(descriptor),
    )


def is_json(descriptor: Mapping[str, Any]) -> bool:
    """Tell whether a storage descriptor is of JSON lines."""
    library: str = descriptor.get("SerdeInfo", {}).get("SerializationLibrary", "")
    return library == _JSON_SERDE


def ensure_table(glue: Any, database: str, table: Table, keys: tuple[str, ...]) -> None:
    """Create a published table, or see that it is as the data set says.

    Raises:
        CatalogError: the table is there with other columns or keys, or at another location.
    """
    wanted = table_input(table.name, table.location, table.columns, keys)
    found = aws.get_table(glue, database, table.name)
    if found is None:
        glue.create_table(DatabaseName=database, TableInput=wanted)
        return
    is_projected = found.get("Parameters", {}).get("projection.enabled", "").lower() == "true"
    if is_projected and table.layout != "hive":
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
        ("columns", found["StorageDescriptor"]["Columns"], wanted["StorageDescriptor"]["Columns"]),
        ("partition keys", found["PartitionKeys"], wanted["PartitionKeys"]),
    ):
        if _columns(here) != _columns(there):
            raise CatalogError(
                f"the table {database}.{table.name} has the {part} {_columns(here)}, the data set "
                f"says {_columns(there)}; change the YAML, or the table and rebuild its dates"
            )


def create_staging_table(
    glue: Any, database: str, name: str, location: str, columns: Columns, keys: tuple[str, ...]
) -> None:
    """Create the staging table of a generation, at a location that nobody used before."""
    table = table_input(name, location, columns, keys)
    glue.create_table(DatabaseName=database, TableInput=table)


def table_input(
    name: str, location: str, columns: Columns, keys: tuple[str, ...]
) -> dict[str, Any]:
    """Return what Glue takes to create a Parquet table that Athena can read and write."""
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "EXTERNAL": "TRUE",
            "classification": "parquet",
            "parquet.compression": "SNAPPY",
        },
        "PartitionKeys": [{"Name": key, "Type": "bigint"} for key in keys],
        "StorageDescriptor": storage_descriptor(location, columns),
    }


def storage_descriptor(location: str, columns: Columns) -> dict[str, Any]:
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


def _columns(entries: Any) -> dict[str, str]:
    return {entry["Name"]: entry["Type"] for entry in entries}
