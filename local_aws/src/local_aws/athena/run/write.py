"""Writing query results as table data: files by partition, and the partitions in the catalog."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb

from local_aws.athena.errors import QueryError
from local_aws.athena.run.access import check_partitions
from local_aws.athena.run.catalog import Catalog
from local_aws.athena.run.links import DEFAULT_PARTITION
from local_aws.athena.run.scan import split_uri
from local_aws.athena.types.casts import cast
from local_aws.athena.types.labels import to_labels
from local_aws.athena.types.rendering import render
from local_aws.athena.types.sqltypes import Type
from local_aws.athena.types.zones import quote
from local_aws.seam import AwsError, NoSuchBucketError, ObjectStore

MAX_OPEN_PARTITIONS = 100
_BATCH = 100
_HIVE_ESCAPED = re.compile("[\x01-\x1f\x7f\"#%'*/:=?\\\\{\\[\\]^]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """How and where rows are written.

    Attributes:
        columns: names and types, partition columns last.
        keys: how many of them are partition columns.
        format: "PARQUET", "JSON" or "TEXTFILE".
        compression: e.g. "SNAPPY".
        location: s3:// URI of the table's or the result's directory.
        delimiter: of TEXTFILE.
    """

    columns: tuple[tuple[str, Type], ...]
    keys: int
    format: str
    compression: str
    location: str
    delimiter: str = "\x01"


@dataclass(slots=True, kw_only=True)
class Written:
    """What a write left: rows and objects; new partitions by their values."""

    rows: int = 0
    uris: list[str] = field(default_factory=list)
    partitions: dict[tuple[str, ...], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFile:
    """A written file, not yet an object."""

    path: Path
    values: tuple[str, ...]


def copy_rows(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    kinds: Sequence[Type],
    output: Output,
    directory: Path,
) -> tuple[int, list[PartFile]]:
    """Run the query and write its rows under `directory`.

    Args:
        connection: runs it.
        sql: DuckDB text whose columns are c0, c1, ...
        kinds: their types; each coerces to the output's.
        output: the names, types and form of what is written.
        directory: an empty directory.

    Returns:
        The number of rows, and the files.
    """
    cells = []
    names = [name for name, _ in output.columns]
    for number, (kind, (name, target)) in enumerate(zip(kinds, output.columns, strict=True)):
        value = cast(f"c{number}", kind, target)
        is_key = number >= len(names) - output.keys
        cells.append(f"{_stored(value, target, output, is_key=is_key)} AS {_name(name)}")
    text = f"SELECT {', '.join(cells)} FROM ({sql})"
    options = _options(output)
    if output.format != "PARQUET":
        text = _lines(text, output)
    if output.keys:
        keys = ", ".join(_name(name) for name in names[-output.keys :])
        options += f", PARTITION_BY ({keys})"
        target_path = directory / "rows"
    else:
        target_path = directory / "rows" / "data"
        target_path.parent.mkdir()
    answer = connection.execute(f"COPY ({text}) TO {quote(str(target_path))} ({options})")
    rows = int(answer.fetchall()[0][0])
    if rows == 0:
        return 0, []
    return rows, _part_files(directory / "rows", output.keys)


def _stored(value: str, kind: Type, output: Output, *, is_key: bool) -> str:
    if is_key:
        return value if kind.is_integer or kind.is_text else render(value, kind)
    if output.format == "TEXTFILE":
        return render(value, kind)
    if output.format == "JSON" and kind.name in ("timestamp", "date", "decimal", "varbinary"):
        return render(value, kind)
    if kind.name == "json":
        return f"CAST({value} AS VARCHAR)"
    return to_labels(f"CAST({value} AS {kind.duckdb})", kind)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _options(output: Output) -> str:
    if output.format == "PARQUET":
        codec = {"NONE": "uncompressed"}.get(output.compression, output.compression.lower())
        return f"FORMAT parquet, COMPRESSION {codec}, FILE_EXTENSION 'parquet'"
    return (
        "FORMAT csv, HEADER false, DELIMITER '\x02', QUOTE '', ESCAPE '', NULLSTR '', "
        "COMPRESSION gzip, FILE_EXTENSION 'gz'"
    )


def _lines(text: str, output: Output) -> str:
    data = [name for name, _ in output.columns[: len(output.columns) - output.keys]]
    if output.format == "JSON":
        fields = ", ".join(f"{quote(name)}: {_name(name)}" for name in data)
        cells = f"CAST(to_json({{{fields}}}) AS VARCHAR)"
    else:
        cells = f" || {quote(output.delimiter)} || ".join(
            f"coalesce({_name(name)}, '\\N')" for name in data
        )
    keys = "".join(f", {_name(name)}" for name, _ in output.columns[len(data) :])
    return f"SELECT {cells} AS line{keys} FROM ({text})"


def _part_files(base: Path, keys: int) -> list[PartFile]:
    found = []
    for path in sorted(base.rglob("*")):
        if path.is_dir():
            continue
        folders = path.relative_to(base).parts[:-1][:keys]
        values = tuple(unquote(folder.partition("=")[2]) for folder in folders)
        found.append(PartFile(path=path, values=values))
    return found


def hive_path(names: Sequence[str], values: Sequence[str]) -> str:
    """The directories of a partition, escaped as Hive does."""
    return "/".join(
        f"{name}={_HIVE_ESCAPED.sub(lambda m: f'%{ord(m[0]):02X}', value) or DEFAULT_PARTITION}"
        for name, value in zip(names, values, strict=True)
    )


def store_files(
    store: ObjectStore,
    files: Sequence[PartFile],
    output: Output,
    query_name: str,
    locations: dict[tuple[str, ...], str],
    written: Written,
) -> None:
    """Make the files objects, each in its partition's directory.

    Args:
        store: takes the files over.
        files: as `copy_rows` returns them.
        output: where to.
        query_name: begins every object's name.
        locations: where partitions that exist already are.
        written: what is stored is added to it, file by file.
    """
    names = [name for name, _ in output.columns[len(output.columns) - output.keys :]]
    base = output.location.rstrip("/")
    for one in files:
        location = locations.get(one.values)
        if location is None:
            location = f"{base}/{hive_path(names, one.values)}" if names else base
        suffix = "" if output.format == "PARQUET" else ".gz"
        uri = f"{location.rstrip('/')}/{query_name}_{uuid.uuid4()}{suffix}"
        bucket, key = split_uri(uri)
        try:
            store.put_file(bucket, key, one.path)
        except NoSuchBucketError:
            raise QueryError(
                "HIVE_FILESYSTEM_ERROR", f"The specified bucket does not exist: {bucket}"
            ) from None
        written.uris.append(uri)
        if names and one.values not in locations:
            written.partitions[one.values] = f"{location.rstrip('/')}/"


def within_limit(files: Sequence[PartFile]) -> tuple[list[PartFile], bool]:
    """The files of the first 100 partitions, and whether those are all."""
    values = list(dict.fromkeys(one.values for one in files))
    if len(values) <= MAX_OPEN_PARTITIONS:
        return list(files), True
    kept = set(values[:MAX_OPEN_PARTITIONS])
    return [one for one in files if one.values in kept], False


def too_many_partitions() -> QueryError:
    """The failure of a write to more than 100 partitions."""
    return QueryError(
        "HIVE_TOO_MANY_OPEN_PARTITIONS",
        f"Exceeded limit of {MAX_OPEN_PARTITIONS} open writers for partitions/buckets",
    )


def register(
    catalog: Catalog, record: dict[str, Any], partitions: dict[tuple[str, ...], str]
) -> None:
    """Put partitions into the catalog, with the table's columns and SerDe.

    Raises:
        QueryError: HIVE_METASTORE_ERROR; some may be registered.
    """
    database, name = record["DatabaseName"], record["Name"]
    check_partitions(catalog.access, catalog.region, database, name, adds=True)
    descriptor = dict(record["StorageDescriptor"])
    inputs = [
        {"Values": list(values), "StorageDescriptor": {**descriptor, "Location": location}}
        for values, location in partitions.items()
    ]
    for start in range(0, len(inputs), _BATCH):
        try:
            answer = catalog.glue(
                "BatchCreatePartition",
                DatabaseName=database,
                TableName=name,
                PartitionInputList=inputs[start : start + _BATCH],
            )
        except AwsError as error:
            raise QueryError("HIVE_METASTORE_ERROR", error.message) from None
        for failure in answer.get("Errors", []):
            detail = failure.get("ErrorDetail", {})
            # Another writer may have been first.
            if detail.get("ErrorCode") != "AlreadyExistsException":
                raise QueryError("HIVE_METASTORE_ERROR", str(detail.get("ErrorMessage")))
