"""CREATE, DROP and ALTER TABLE."""

from typing import Any

from local_aws.athena.errors import QueryError
from local_aws.athena.parse.hive_grammar import Ddl
from local_aws.athena.run.hive.context import TASK, Hive
from local_aws.athena.run.serdes import FORMATS


def create_table(hive: Hive, ddl: Ddl) -> None:
    """CREATE EXTERNAL TABLE."""
    database, table = hive.target(ddl)
    if hive.catalog.table(database, table) is not None:
        if ddl.options["if_not_exists"]:
            return
        raise QueryError("", f"{TASK} AlreadyExistsException(message:Table {table} already exists)")
    if not hive.catalog.has_database(database):
        raise QueryError(
            "", f"{TASK} NoSuchObjectException(message:Database {database} not found.)"
        )
    options = ddl.options
    parameters = {"EXTERNAL": "TRUE", **options.get("properties", {})}
    if "comment" in options:
        parameters["comment"] = options["comment"]
    if parameters.get("table_type", "").upper() == "ICEBERG":
        raise QueryError("NOT_SUPPORTED", "local_aws has no Iceberg tables")
    hive.catalog.glue(
        "CreateTable",
        DatabaseName=database,
        TableInput={
            "Name": table,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "PartitionKeys": options.get("partition_keys", []),
            "StorageDescriptor": _descriptor(options),
        },
    )


def _descriptor(options: dict[str, Any]) -> dict[str, Any]:
    stored = options.get("stored_as", {})
    name = stored.get("format", "TEXTFILE")
    if name not in FORMATS:
        raise QueryError(
            "", f"FAILED: SemanticException Unrecognized file format in STORED AS clause: {name}"
        )
    input_format, output_format, serde = FORMATS[name]
    serde = options.get("serde", serde)
    parameters = {**options.get("delimited", {}), **options.get("serde_properties", {})}
    buckets = options.get("buckets", {})
    return {
        "Columns": options["columns"],
        "Location": options["location"],
        "InputFormat": stored.get("input", input_format),
        "OutputFormat": stored.get("output", output_format),
        "SerdeInfo": {
            "SerializationLibrary": serde,
            "Parameters": parameters or {"serialization.format": "1"},
        },
        "BucketColumns": buckets.get("columns", []),
        "NumberOfBuckets": buckets.get("count", -1),
    }


def drop_table(hive: Hive, ddl: Ddl) -> None:
    """DROP TABLE, DROP VIEW: the data stays."""
    database, table = hive.target(ddl)
    if hive.catalog.table(database, table) is None:
        if ddl.options["if_exists"]:
            return
        raise QueryError(
            "", f"FAILED: SemanticException [Error 10001]: Table not found {database}.{table}"
        )
    hive.catalog.glue("DeleteTable", DatabaseName=database, Name=table)


def add_columns(hive: Hive, ddl: Ddl) -> None:
    """ALTER TABLE ADD COLUMNS."""
    record = hive.record(ddl)
    columns = record["StorageDescriptor"].get("Columns", [])
    known = {one["Name"] for one in [*columns, *record.get("PartitionKeys", [])]}
    for one in ddl.options["columns"]:
        if one["Name"] in known:
            raise QueryError("", f"{TASK} Duplicate column name: {one['Name']}")
    update_table(hive, record, columns=[*columns, *ddl.options["columns"]])


def replace_columns(hive: Hive, ddl: Ddl) -> None:
    """ALTER TABLE REPLACE COLUMNS."""
    update_table(hive, hive.record(ddl), columns=ddl.options["columns"])


def set_properties(hive: Hive, ddl: Ddl) -> None:
    """ALTER TABLE SET TBLPROPERTIES."""
    update_table(hive, hive.record(ddl), parameters=ddl.options["properties"])


def update_table(
    hive: Hive,
    record: dict[str, Any],
    *,
    location: str = "",
    columns: list[dict[str, str]] | None = None,
    parameters: dict[str, str] | None = None,
) -> None:
    """Change a table's record: its location, columns or parameters."""
    descriptor = dict(record["StorageDescriptor"])
    if location:
        descriptor["Location"] = location
    if columns is not None:
        descriptor["Columns"] = columns
    kept = (
        "Name",
        "Description",
        "Owner",
        "Retention",
        "PartitionKeys",
        "ViewOriginalText",
        "ViewExpandedText",
        "TableType",
    )
    hive.catalog.glue(
        "UpdateTable",
        DatabaseName=record["DatabaseName"],
        TableInput={
            **{member: record[member] for member in kept if member in record},
            "StorageDescriptor": descriptor,
            "Parameters": {**record.get("Parameters", {}), **(parameters or {})},
        },
    )
