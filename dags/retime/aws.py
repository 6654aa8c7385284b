"""The calls to S3, Glue and Athena; answers as plain values, failures as this package's errors."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from retime.aws_retries import READ_TOO_LONG_AGO, Backoff, passing_code
from retime.errors import DeleteError, PublishError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import (
        ColumnOutputTypeDef,
        GetPartitionsRequestPaginateTypeDef,
        GetTablesRequestPaginateTypeDef,
        PartitionInputTypeDef,
        PartitionTypeDef,
        PartitionValueListTypeDef,
        StorageDescriptorUnionTypeDef,
        TableInputTypeDef,
        TableTypeDef,
    )
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2RequestPaginateTypeDef, ObjectTypeDef

T = TypeVar("T")

# https://docs.aws.amazon.com/glue/latest/webapi/API_BatchCreatePartition.html and its siblings.
PARTITIONS_LIMIT = 100
DELETE_OBJECTS_LIMIT = 1000
FRESH = 10.0
"""For how many seconds what was read of a partition may be written over."""
# What TableInput takes of a table; a view has texts too, and is not changed.
_TABLE_INPUT = (
    *("Name", "Description", "Owner", "Retention", "StorageDescriptor", "PartitionKeys"),
    *("TableType", "Parameters"),
)
# AthenaError.ErrorCategory: 1 system, 2 user, 3 other.
_USER_ERROR = 2
# A copy of more than 5 GB must be in parts; parts of less also end before a client's patience does.
COPY_PART = 1 << 30

PartitionValues = tuple[Any, ...]
"""What the values of a partition mean, as its table's keys read them: (2024, 3, 31, 7)."""


class PartitionKeys(Protocol):
    """The partition keys of a table: Glue has their values as texts."""

    def texts(self, values: Any, /) -> list[str]:
        """Return the values as Glue has them."""

    def read(self, texts: Sequence[str], /) -> Any | None:
        """Return what the values mean; None if they are none of the keys."""


class AnyKeys:
    """Keys whose values are taken as they are."""

    def texts(self, values: Any, /) -> list[str]:
        """Return the values as a list."""
        return list(values)

    def read(self, texts: Sequence[str], /) -> tuple[str, ...]:
        """Return the values as a tuple."""
        return tuple(texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogTable:
    """A partitioned table of the catalog."""

    database: str
    name: str
    keys: PartitionKeys

    def __str__(self) -> str:
        """Database and name."""
        return f"{self.database}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The boto3 clients that a task works with."""

    s3: S3Client
    glue: GlueClient
    athena: AthenaClient


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogPartition:
    """A partition as the catalog has it, or is to have it; `storage` has its format and columns."""

    values: PartitionValues
    location: str
    storage: StorageDescriptorUnionTypeDef
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPartition:
    """A partition that the catalog did not take, and why; Glue says so inside an HTTP 200."""

    values: str
    code: str
    message: str

    @property
    def is_there(self) -> bool:
        """Whether the catalog has it already: of another run, or of a call repeated."""
        return self.code == "AlreadyExistsException"

    def __str__(self) -> str:
        """One line for an error's sentence."""
        return f"{self.values}: {self.code} {self.message}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryStatus:
    """How far a query is.

    Attributes:
        state: as SUCCEEDED.
        reason: why it is so; '' where Athena does not say.
        is_user_error: whether it failed for its statement or the data, so that a retry cannot help.
    """

    state: str
    reason: str
    is_user_error: bool


def split_location(location: str) -> tuple[str, str]:
    """Return bucket and key prefix of an S3 location."""
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    return bucket, prefix


def list_entries(
    s3: S3Client, location: str, below: str = "", *, after: str = "", page_size: int = 1000
) -> Iterator[tuple[str, ObjectTypeDef]]:
    """Yield the path below a location, and what S3 lists, of every object in order of the paths.

    Optionally only those that begin with a path, or that come after one. A caller that needs only
    the first ones asks for pages of less than the 1,000 keys that S3 gives at most.
    """
    bucket, prefix = split_location(location)
    request: ListObjectsV2RequestPaginateTypeDef = {
        "Bucket": bucket,
        "Prefix": prefix + below,
        "PaginationConfig": {"PageSize": page_size},
    }
    if after:
        request["StartAfter"] = prefix + after
    for page in s3.get_paginator("list_objects_v2").paginate(**request):
        for entry in page.get("Contents", ()):
            yield entry["Key"].removeprefix(prefix), entry


def list_objects(s3: S3Client, location: str, below: str = "") -> Iterator[tuple[str, int]]:
    """Yield the path below a location and the size in bytes of every object; optionally a part."""
    for path, entry in list_entries(s3, location, below):
        yield path, entry["Size"]


def list_level(
    s3: S3Client, location: str, below: str
) -> tuple[list[str], list[tuple[str, ObjectTypeDef]]]:
    """Return the names of the folders directly in a folder below a location, and its own objects.

    Objects as `list_entries` yields them.
    """
    bucket, prefix = split_location(location)
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix + below, Delimiter="/"
    )
    names: list[str] = []
    entries: list[tuple[str, ObjectTypeDef]] = []
    for page in pages:
        folders = (folder["Prefix"] for folder in page.get("CommonPrefixes", ()))
        names += [folder.removeprefix(prefix + below).rstrip("/") for folder in folders]
        entries += [
            (entry["Key"].removeprefix(prefix), entry) for entry in page.get("Contents", ())
        ]
    return names, entries


def read_bytes(s3: S3Client, location: str, start: int, end: int) -> bytes:
    """Return the bytes of an object from one position up to another, which is not included."""
    bucket, key = split_location(location)
    if start >= end:
        return b""
    answer = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={start}-{end - 1}")
    return answer["Body"].read()


def put_empty(s3: S3Client, location: str, path: str) -> None:
    """Put an empty object below a location: only its name has a meaning."""
    bucket, prefix = split_location(location)
    s3.put_object(Bucket=bucket, Key=prefix + path, Body=b"")


def delete_folder(s3: S3Client, location: str) -> int:
    """Delete every object under a location; return how many there were.

    Raises:
        DeleteError: S3 refused some; it says so inside an HTTP 200.
    """
    paths = [path for path, _ in list_objects(s3, location)]
    delete_objects(s3, location, paths)
    return len(paths)


def delete_objects(s3: S3Client, location: str, paths: Sequence[str]) -> None:
    """Delete objects by their paths below a location.

    Raises:
        DeleteError: S3 refused some; it says so inside an HTTP 200.
    """
    bucket, prefix = split_location(location)
    for chunk in _chunks(paths, DELETE_OBJECTS_LIMIT):
        answer = s3.delete_objects(
            Bucket=bucket,
            Delete={"Objects": [{"Key": prefix + path} for path in chunk], "Quiet": True},
        )
        if errors := answer.get("Errors"):
            raise DeleteError(f"S3 did not delete {len(errors)} objects of {location}: {errors[0]}")


def copy_object(s3: S3Client, source: str, target: str) -> None:
    """Copy an object on the side of S3; the copy is there whole or not at all."""
    from boto3.s3.transfer import TransferConfig

    (bucket, key), (to_bucket, to_key) = split_location(source), split_location(target)
    in_parts = TransferConfig(
        multipart_threshold=COPY_PART, multipart_chunksize=COPY_PART, use_threads=False
    )
    s3.copy({"Bucket": bucket, "Key": key}, to_bucket, to_key, Config=in_parts)


def is_hidden(path: str) -> bool:
    """Return whether Athena ignores an object for its name, as it does the mark of a folder."""
    name = path.rpartition("/")[2]
    return not name or name.startswith(("_", "."))


def get_table(glue: GlueClient, database: str, name: str) -> TableTypeDef | None:
    """Return a table as the catalog has it, or None."""
    try:
        return glue.get_table(DatabaseName=database, Name=name)["Table"]
    except glue.exceptions.EntityNotFoundException:
        return None


def create_table(glue: GlueClient, database: str, table: TableInputTypeDef) -> TableTypeDef | None:
    """Create a table, or return the one that is there: of another run, or of a call repeated."""
    try:
        glue.create_table(DatabaseName=database, TableInput=table)
    except glue.exceptions.AlreadyExistsException:
        return glue.get_table(DatabaseName=database, Name=table["Name"])["Table"]
    return None


def is_projected(table: TableTypeDef) -> bool:
    """Return whether a table has partition projection."""
    return table.get("Parameters", {}).get("projection.enabled", "").lower() == "true"


def change_table(
    glue: GlueClient,
    database: str,
    name: str,
    change: Callable[[TableInputTypeDef], TableInputTypeDef | None],
) -> None:
    """Change a table's record; a change that returns None changes nothing.

    An update replaces the whole record, and takes other fields than a table has. It is refused when
    another was faster, and the change is made of what is there then.

    Raises:
        PublishError: others change it all the time.
    """
    backoff = Backoff()
    while True:
        found: Any = glue.get_table(DatabaseName=database, Name=name)["Table"]
        record: Any = {key: found[key] for key in _TABLE_INPUT if key in found}
        if (changed := change(record)) is None:
            return
        try:
            glue.update_table(
                DatabaseName=database, TableInput=changed, VersionId=found["VersionId"]
            )
        except glue.exceptions.ConcurrentModificationException as error:
            if not backoff.pause():
                raise PublishError(f"{database}.{name}: {error}; clear this task alone") from error
        else:
            return


def column_types(entries: Iterable[ColumnOutputTypeDef]) -> dict[str, str]:
    """Return columns or partition keys of a table, in order, as the catalog names their types."""
    return {entry["Name"]: entry["Type"] for entry in entries}


def list_tables(glue: GlueClient, database: str, pattern: str = "") -> Iterator[TableTypeDef]:
    """Yield the tables of a database, or those whose names match a pattern, as `traffic__*`."""
    request: GetTablesRequestPaginateTypeDef = {"DatabaseName": database}
    if pattern:
        request["Expression"] = pattern
    for page in glue.get_paginator("get_tables").paginate(**request):
        yield from page["TableList"]


def list_partitions(
    glue: GlueClient, table: CatalogTable, expression: str = "", *, page_size: int = 1000
) -> Iterator[CatalogPartition]:
    """Yield the partitions that an expression selects, without their columns; else all.

    Left out are those whose values the keys do not read. A caller that needs only the first one
    asks for small pages.
    """
    for found in _list_partitions(glue, table.database, table.name, expression, page_size):
        if (values := table.keys.read(found["Values"])) is not None:
            yield _partition(values, found)


def list_locations(glue: GlueClient, database: str, table: str) -> Iterator[str]:
    """Yield where each partition of a table is, whatever its values are."""
    for partition in _list_partitions(glue, database, table, "", 1000):
        yield partition["StorageDescriptor"].get("Location", "")


def read_partitions(
    glue: GlueClient, table: CatalogTable, partitions: Iterable[PartitionValues]
) -> dict[PartitionValues, CatalogPartition]:
    """Return those of the partitions named that exist, whole, by their values."""
    found: dict[PartitionValues, CatalogPartition] = {}
    for chunk in _chunks(list(partitions), PARTITIONS_LIMIT):
        named = {tuple(table.keys.texts(values)): values for values in chunk}
        wanted: Sequence[PartitionValueListTypeDef] = [{"Values": list(texts)} for texts in named]
        while wanted:
            answer = glue.batch_get_partition(
                DatabaseName=table.database, TableName=table.name, PartitionsToGet=wanted
            )
            for partition in answer["Partitions"]:
                values = named[tuple(partition["Values"])]
                found[values] = _partition(values, partition)
            wanted = [{"Values": key["Values"]} for key in answer.get("UnprocessedKeys", ())]
    return found


def create_partitions(
    glue: GlueClient, table: CatalogTable, partitions: Sequence[CatalogPartition]
) -> list[RefusedPartition]:
    """Create partitions; return those that the catalog refused."""
    refused: list[RefusedPartition] = []
    for chunk in _chunks(partitions, PARTITIONS_LIMIT):
        answer = glue.batch_create_partition(
            DatabaseName=table.database,
            TableName=table.name,
            PartitionInputList=[_input(table, partition) for partition in chunk],
        )
        refused += [_refused(e["PartitionValues"], e) for e in answer.get("Errors", ())]
    return refused


def update_partitions(
    glue: GlueClient,
    table: CatalogTable,
    partitions: Sequence[CatalogPartition],
    *,
    read_at: float,
) -> list[RefusedPartition]:
    """Replace partitions' records whole; return those that the catalog refused, or gave no answer.

    The catalog has no condition for it: what another has changed since the records were read, at
    `read_at` of the monotonic clock, is lost. So nothing is sent when that is too long ago, as
    after a process was suspended, and a refused call is not repeated.
    """
    refused: list[RefusedPartition] = []
    for chunk in _chunks(partitions, PARTITIONS_LIMIT):
        inputs = [_input(table, partition) for partition in chunk]
        if (age := time.monotonic() - read_at) > FRESH:
            refused += _all_refused(inputs, READ_TOO_LONG_AGO, f"{age:.0f} seconds")
            continue
        try:
            answer = glue.batch_update_partition(
                DatabaseName=table.database,
                TableName=table.name,
                Entries=[{"PartitionValueList": i["Values"], "PartitionInput": i} for i in inputs],
            )
        except Exception as error:
            if (code := passing_code(error)) is None:
                raise
            refused += _all_refused(inputs, code, str(error))
            continue
        refused += [_refused(e["PartitionValueList"], e) for e in answer.get("Errors", ())]
    return refused


def get_rows(athena: AthenaClient, query_id: str) -> list[dict[str, str | None]]:
    """Return the result of a SELECT by column name; values as Athena prints them, NULL as None."""
    pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=query_id)
    rows = [
        [datum.get("VarCharValue") for datum in row["Data"]]
        for page in pages
        for row in page["ResultSet"]["Rows"]
    ]
    # The first row of the first page holds the names.
    header = [str(name) for name in rows[0]]
    return [dict(zip(header, row, strict=True)) for row in rows[1:]]


def start_query(athena: AthenaClient, statement: str, database: str, workgroup: str) -> str:
    """Start a statement; return the query's id."""
    answer = athena.start_query_execution(
        QueryString=statement,
        QueryExecutionContext={"Database": database},
        WorkGroup=workgroup,
    )
    return answer["QueryExecutionId"]


def get_query_status(athena: AthenaClient, query_id: str) -> QueryStatus:
    """Return how far a query is."""
    return query_status(athena.get_query_execution(QueryExecutionId=query_id))


def query_status(answer: Any) -> QueryStatus:
    """Return how far a query is, as an answer of GetQueryExecution says."""
    status = answer["QueryExecution"]["Status"]
    failure = status.get("AthenaError") or {}
    return QueryStatus(
        state=status["State"],
        reason=status.get("StateChangeReason") or "",
        is_user_error=failure.get("ErrorCategory") == _USER_ERROR and not failure.get("Retryable"),
    )


def get_scanned_bytes(athena: AthenaClient, query_id: str) -> int:
    """Return how many bytes a query was billed for, before Athena's minimum."""
    execution = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
    return execution.get("Statistics", {}).get("DataScannedInBytes", 0)


def _list_partitions(
    glue: GlueClient, database: str, table: str, expression: str, page_size: int
) -> Iterator[PartitionTypeDef]:
    request: GetPartitionsRequestPaginateTypeDef = {
        "PaginationConfig": {"PageSize": page_size},
        "DatabaseName": database,
        "TableName": table,
        "ExcludeColumnSchema": True,
    }
    if expression:
        request["Expression"] = expression
    for page in glue.get_paginator("get_partitions").paginate(**request):
        yield from page["Partitions"]


def _partition(values: PartitionValues, found: PartitionTypeDef) -> CatalogPartition:
    return CatalogPartition(
        values=values,
        location=found["StorageDescriptor"].get("Location", ""),
        storage=found["StorageDescriptor"],
        parameters=found.get("Parameters", {}),
    )


def _input(table: CatalogTable, partition: CatalogPartition) -> PartitionInputTypeDef:
    return {
        "Values": table.keys.texts(partition.values),
        "StorageDescriptor": {**partition.storage, "Location": partition.location},
        "Parameters": partition.parameters,
    }


def _all_refused(
    inputs: Sequence[PartitionInputTypeDef], code: str, message: str
) -> list[RefusedPartition]:
    return [
        RefusedPartition(values="/".join(each["Values"]), code=code, message=message)
        for each in inputs
    ]


def _refused(values: Sequence[str], entry: Any) -> RefusedPartition:
    detail = entry.get("ErrorDetail", {})
    return RefusedPartition(
        values="/".join(values),
        code=str(detail.get("ErrorCode")),
        message=detail.get("ErrorMessage", ""),
    )


def _chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]
