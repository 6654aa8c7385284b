"""What writing statements write: the columns, format and place of their files."""

from typing import Any

from local_aws.athena.compile.compiler import position
from local_aws.athena.errors import QueryError
from local_aws.athena.run.catalog import CATALOG, declared_columns
from local_aws.athena.run.formats import storage_of
from local_aws.athena.run.serdes import FORMATS
from local_aws.athena.run.sql import Query
from local_aws.athena.run.write import Output
from local_aws.athena.types.sqltypes import Type, stores, unbounded


def insert_output(record: dict[str, Any]) -> Output:
    """What an INSERT into the table of a Glue record writes.

    Raises:
        QueryError: NOT_SUPPORTED for a table that takes no inserts.
    """
    descriptor = record["StorageDescriptor"]
    name = f"{record['DatabaseName']}.{record['Name']}"
    if (record.get("Parameters") or {}).get("table_type", "").upper() == "ICEBERG":
        raise QueryError("NOT_SUPPORTED", f"local_aws has no Iceberg: table {name}")
    if record.get("TableType") == "VIRTUAL_VIEW":
        raise QueryError("NOT_SUPPORTED", f"Inserting into views is not supported: {name}")
    if descriptor.get("NumberOfBuckets", -1) > 0 and descriptor.get("BucketColumns"):
        raise QueryError("NOT_SUPPORTED", f"Cannot insert into bucketed table {name}")
    storage = storage_of(descriptor, name)
    formats = {"parquet": "PARQUET", "json": "JSON", "text": "TEXTFILE"}
    if storage.kind not in formats:
        raise QueryError(
            "NOT_SUPPORTED",
            f"Cannot insert into table {name}: the SerDe "
            f"{descriptor['SerdeInfo']['SerializationLibrary']} is not supported "
            "for INSERT",
        )
    parameters = {key.lower(): value for key, value in (record.get("Parameters") or {}).items()}
    compression = parameters.get("parquet.compression") or parameters.get("write.compression")
    columns = declared_columns(record)
    return Output(
        columns=tuple((one.name, one.type) for one in columns),
        keys=sum(one.is_partition_key for one in columns),
        format=formats[storage.kind],
        compression=(compression or "SNAPPY").upper(),
        location=descriptor["Location"],
        delimiter=storage.get("field.delim", "\x01"),
    )


def check_types(kinds: list[Type], wanted: list[Type], node: Any) -> None:
    """Refuse types that do not go into the table's columns (TYPE_MISMATCH)."""
    fits = len(kinds) == len(wanted) and all(map(stores, kinds, wanted))
    if not fits:
        table = ", ".join(kind.text for kind in wanted)
        query = ", ".join(kind.text for kind in kinds)
        raise QueryError(
            "TYPE_MISMATCH",
            f"Insert query has mismatched column types: Table: [{table}], Query: [{query}]",
            position(node),
        )


def spread_columns(names: list[str], given: int, output: Output, node: Any) -> list[int | None]:
    """Return for each column of the table the place of its name among those of an INSERT.

    Raises:
        QueryError: a name is not the table's, or there are not as many as the query has columns.
    """
    known = [name for name, _ in output.columns]
    for name in names:
        if name not in known:
            raise QueryError(
                "COLUMN_NOT_FOUND",
                f"Insert column name does not exist in target table: {name}",
                position(node),
            )
    if len(names) != given:
        raise QueryError(
            "MISMATCHED_COLUMN_ALIASES",
            f"Insert query has {given} expression(s) but expected {len(names)} target column(s)",
            position(node),
        )
    return [names.index(name) if name in names else None for name in known]


def _written_columns(
    query: Query, partitioned_by: list[str], node: Any
) -> tuple[tuple[str, Type], ...]:
    names = [name or "" for name in query.names]
    for number, name in enumerate(names, 1):
        if not name:
            raise QueryError(
                "COLUMN_NAME_NOT_SPECIFIED",
                f"Column name not specified at position {number}",
                position(node) if node is not None else None,
            )
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise QueryError("DUPLICATE_COLUMN_NAME", f"Column name '{twice}' specified more than once")
    wanted = [name.lower() for name in partitioned_by]
    if wanted and names[-len(wanted) :] != wanted:
        raise QueryError(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns "
            f"in the table and in the same order as the table properties: {wanted}",
        )
    for kind in query.types:
        if kind.name in ("unknown", "timestamp with time zone", "json", "uuid", "time"):
            raise QueryError("NOT_SUPPORTED", f"Unsupported Hive type: {kind.text}")
    return tuple(zip(names, map(unbounded, query.types), strict=True))


def _format(properties: dict[str, Any]) -> str:
    name = str(properties.get("format", "PARQUET")).upper()
    if name not in ("PARQUET", "JSON", "TEXTFILE"):
        raise QueryError(
            "NOT_SUPPORTED", f"local_aws writes PARQUET, JSON and TEXTFILE, not {name}"
        )
    return name


def ctas_output(query: Query, properties: dict[str, Any], location: str, node: Any) -> Output:
    """What a CREATE TABLE AS writes; refuses unknown properties and columns without names."""
    known = {
        "format",
        "write_compression",
        "parquet_compression",
        "compression_level",
        "partitioned_by",
        "external_location",
        "field_delimiter",
        "is_external",
        "table_type",
    }
    for name in properties:
        if name not in known:
            raise QueryError(
                "INVALID_TABLE_PROPERTY" if not name.startswith("bucket") else "NOT_SUPPORTED",
                f"Catalog '{CATALOG}' table property '{name}' does not exist "
                "or is not supported by local_aws",
            )
    if str(properties.get("table_type", "HIVE")).upper() == "ICEBERG":
        raise QueryError("NOT_SUPPORTED", "local_aws has no Iceberg tables")
    keys = list(properties.get("partitioned_by", []))
    compression = properties.get("write_compression") or properties.get("parquet_compression")
    return Output(
        columns=_written_columns(query, keys, node),
        keys=len(keys),
        format=_format(properties),
        compression=str(compression or "GZIP").upper(),
        location=location,
        delimiter=str(properties.get("field_delimiter", "\x01")),
    )


def unload_output(query: Query, properties: dict[str, Any], target: str) -> Output:
    """What an UNLOAD writes."""
    keys = list(properties.get("partitioned_by", []))
    return Output(
        columns=_written_columns(query, keys, None),
        keys=len(keys),
        format=_format(properties),
        compression=str(properties.get("compression", "GZIP")).upper(),
        location=target,
        delimiter=str(properties.get("field_delimiter", "\x01")),
    )


def table_record(database: str, name: str, output: Output) -> dict[str, Any]:
    """Glue's record of the table that a CREATE TABLE AS makes."""
    input_format, output_format, serde = FORMATS[output.format]
    data = output.columns[: len(output.columns) - output.keys]
    parameters = {"EXTERNAL": "TRUE", "auto.purge": "false", "has_encrypted_data": "false"}
    if output.format == "PARQUET":
        parameters["parquet.compression"] = output.compression
    delimited = {"field.delim": output.delimiter, "serialization.format": output.delimiter}
    return {
        "DatabaseName": database,
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": [
            {"Name": n, "Type": kind.hive} for n, kind in output.columns[len(data) :]
        ],
        "StorageDescriptor": {
            "Columns": [{"Name": n, "Type": kind.hive} for n, kind in data],
            "Location": output.location,
            "InputFormat": input_format,
            "OutputFormat": output_format,
            "SerdeInfo": {
                "SerializationLibrary": serde,
                "Parameters": delimited
                if output.format == "TEXTFILE"
                else {"serialization.format": "1"},
            },
        },
    }
