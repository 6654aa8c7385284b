"""The calls to S3, Glue and Athena; answers as plain values, failures as this package's errors."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from retime.errors import DeleteError

T = TypeVar("T")

# https://docs.aws.amazon.com/glue/latest/webapi/API_BatchCreatePartition.html and its siblings.
CREATE_LIMIT = UPDATE_LIMIT = 100
DELETE_LIMIT = 25
DELETE_OBJECTS_LIMIT = 1000
# A copy of more than 5 GB must be in parts; parts of less also end before a client's patience does.
COPY_PART = 1 << 30

Values = tuple[str, ...]
"""The values of a Glue partition, in key order, as the catalog has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The boto3 clients that a task works with."""

    s3: Any
    glue: Any


class _Client:
    """A boto3 client that is made when it is first used: that takes 0.1 to 0.3 s."""

    def __init__(self, aws_conn_id: str, service: str) -> None:
        self._arguments = {"aws_conn_id": aws_conn_id, "client_type": service}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    @cached_property
    def _client(self) -> Any:
        from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

        return AwsBaseHook(**self._arguments).get_conn()


@lru_cache
def get_clients(aws_conn_id: str) -> Clients:
    """Return clients of an Airflow connection, made once a process, and only those it uses."""
    return Clients(s3=_Client(aws_conn_id, "s3"), glue=_Client(aws_conn_id, "glue"))


def split_location(location: str) -> tuple[str, str]:
    """Return bucket and key prefix of an S3 location."""
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    return bucket, prefix


def list_entries(
    s3: Any, location: str, below: str = "", *, after: str = "", page_size: int = 1000
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the path below a location, and what S3 lists, of every object in order of the paths.

    Optionally only those that begin with a path, or that come after one. Who stops at one of the
    first needs no pages of the 1,000 keys that S3 gives at most.
    """
    bucket, prefix = split_location(location)
    start = {"StartAfter": prefix + after} if after else {}
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket,
        Prefix=prefix + below,
        PaginationConfig={"PageSize": page_size},
        **start,
    )
    for page in pages:
        for entry in page.get("Contents", ()):
            yield entry["Key"].removeprefix(prefix), entry


def list_objects(s3: Any, location: str, below: str = "") -> Iterator[tuple[str, int]]:
    """Yield the path below a location and the size in bytes of every object; optionally a part."""
    for path, entry in list_entries(s3, location, below):
        yield path, entry["Size"]


def list_folders(s3: Any, location: str) -> Iterator[str]:
    """Yield the names of the folders directly below a location, without the slash."""
    bucket, prefix = split_location(location)
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, Delimiter="/"
    )
    for page in pages:
        for entry in page.get("CommonPrefixes", ()):
            yield entry["Prefix"].removeprefix(prefix).rstrip("/")


def put_empty(s3: Any, location: str, path: str) -> None:
    """Put an empty object below a location: its name is what it tells."""
    bucket, prefix = split_location(location)
    s3.put_object(Bucket=bucket, Key=prefix + path, Body=b"")


def delete_folder(s3: Any, location: str) -> int:
    """Delete every object under a location; return how many there were.

    Raises:
        DeleteError: S3 refused some; it says so inside an HTTP 200.
    """
    paths = [path for path, _ in list_objects(s3, location)]
    delete_objects(s3, location, paths)
    return len(paths)


def delete_objects(s3: Any, location: str, paths: Sequence[str]) -> None:
    """Delete objects by their paths below a location.

    Raises:
        DeleteError: S3 refused some; it says so inside an HTTP 200.
    """
    bucket, prefix = split_location(location)
    for chunk in _chunks(paths, DELETE_OBJECTS_LIMIT):
        keys = [{"Key": prefix + path} for path in chunk]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
        if errors := answer.get("Errors"):
            raise DeleteError(f"S3 did not delete {len(errors)} objects of {location}: {errors[0]}")


def copy_object(s3: Any, source: str, target: str) -> None:
    """Copy an object on the side of S3; the copy is there whole or not at all."""
    from boto3.s3.transfer import TransferConfig

    (bucket, key), (to_bucket, to_key) = split_location(source), split_location(target)
    in_parts = TransferConfig(
        multipart_threshold=COPY_PART, multipart_chunksize=COPY_PART, use_threads=False
    )
    s3.copy({"Bucket": bucket, "Key": key}, to_bucket, to_key, Config=in_parts)


def get_table(glue: Any, database: str, name: str) -> Mapping[str, Any] | None:
    """Return a table as the catalog has it, or None."""
    try:
        table: Mapping[str, Any] = glue.get_table(DatabaseName=database, Name=name)["Table"]
    except glue.exceptions.EntityNotFoundException:
        return None
    return table


def get_partitions(
    glue: Any, database: str, table: str, expression: str | None = None
) -> Iterator[Mapping[str, Any]]:
    """Yield the partitions that an expression selects, without their columns; else all."""
    arguments = {"Expression": expression} if expression else {}
    pages = glue.get_paginator("get_partitions").paginate(
        DatabaseName=database, TableName=table, ExcludeColumnSchema=True, **arguments
    )
    for page in pages:
        yield from page["Partitions"]


def read_partitions(
    glue: Any, database: str, table: str, values: Iterable[Values]
) -> dict[Values, Mapping[str, Any]]:
    """Return those of the partitions named that exist, whole, by their values."""
    found: dict[Values, Mapping[str, Any]] = {}
    for chunk in _chunks(list(values), UPDATE_LIMIT):
        wanted = [{"Values": list(v)} for v in chunk]
        while wanted:
            answer = glue.batch_get_partition(
                DatabaseName=database, TableName=table, PartitionsToGet=wanted
            )
            found |= {tuple(p["Values"]): p for p in answer["Partitions"]}
            wanted = answer.get("UnprocessedKeys", [])
    return found


def create_partitions(
    glue: Any, database: str, table: str, inputs: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Create partitions; return what went wrong, entry by entry (HTTP 200 does not mean done)."""
    failures: list[str] = []
    for chunk in _chunks(inputs, CREATE_LIMIT):
        answer = glue.batch_create_partition(
            DatabaseName=database, TableName=table, PartitionInputList=list(chunk)
        )
        failures += [_failure(e["PartitionValues"], e) for e in answer.get("Errors", ())]
    return failures


def update_partitions(
    glue: Any, database: str, table: str, inputs: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Replace partitions' records whole; return what went wrong, entry by entry."""
    failures: list[str] = []
    entries = [{"PartitionValueList": i["Values"], "PartitionInput": i} for i in inputs]
    for chunk in _chunks(entries, UPDATE_LIMIT):
        answer = glue.batch_update_partition(
            DatabaseName=database, TableName=table, Entries=list(chunk)
        )
        failures += [_failure(e["PartitionValueList"], e) for e in answer.get("Errors", ())]
    return failures


def delete_partitions(glue: Any, database: str, table: str, values: Sequence[Values]) -> list[str]:
    """Remove partitions from the catalog; return what went wrong, entry by entry."""
    failures: list[str] = []
    for chunk in _chunks(values, DELETE_LIMIT):
        answer = glue.batch_delete_partition(
            DatabaseName=database,
            TableName=table,
            PartitionsToDelete=[{"Values": list(v)} for v in chunk],
        )
        failures += [_failure(e["PartitionValues"], e) for e in answer.get("Errors", ())]
    return failures


def get_rows(athena: Any, query_id: str) -> list[dict[str, str | None]]:
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


def get_scanned_bytes(athena: Any, query_id: str) -> int:
    """Return how many bytes a query was billed for, before Athena's minimum."""
    execution = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
    return int(execution.get("Statistics", {}).get("DataScannedInBytes", 0))


def _failure(values: Sequence[str], entry: Mapping[str, Any]) -> str:
    detail = entry.get("ErrorDetail", {})
    return f"{'/'.join(values)}: {detail.get('ErrorCode')} {detail.get('ErrorMessage', '')}".strip()


def _chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]
