"""The partition actions of Glue: limits, errors per item, pages, expressions.

Partitions live in moto's tables, so that everything else of moto sees them.
"""

import base64
import json
import zlib
from collections.abc import Callable
from datetime import datetime, timezone
from itertools import islice
from typing import Any

from moto.glue.models import FakePartition, FakeTable

from local_aws.glue.expression import compile_expression
from local_aws.glue.partition_index import PartitionIndex, index_of
from local_aws.seam import AwsError, Values

MAX_PAGE = 1000
_ALIKE = ("Columns", "InputFormat", "OutputFormat", "SerdeInfo")

Payload = dict[str, Any]


def get_partitions(table: FakeTable, payload: Payload) -> Payload:
    """GetPartitions: a page of the partitions that meet the expression, ordered by values."""
    limit = payload.get("MaxResults", MAX_PAGE)
    if not 1 <= limit <= MAX_PAGE:
        bound = f"less than or equal to {MAX_PAGE}" if limit > 1 else "greater than or equal to 1"
        raise _invalid(limit, "maxResults", f"Member must have value {bound}")
    meets = compile_expression(payload.get("Expression") or "", partition_keys(table))
    token = payload.get("NextToken")
    after = tuple(json.loads(base64.b64decode(token))) if token else None
    segment = payload.get("Segment") or {"SegmentNumber": 0, "TotalSegments": 1}
    index = index_of(table)
    found = (
        values
        for values in index.matching(meets, after)
        if _segment(values, segment["TotalSegments"]) == segment["SegmentNumber"]
    )
    page = list(islice(found, limit))
    without_columns = payload.get("ExcludeColumnSchema", False)
    partitions = [index[str(list(values))] for values in page]
    answer: Payload = {
        "Partitions": [_described(one, without_columns=without_columns) for one in partitions]
    }
    if next(found, None) is not None:
        answer["NextToken"] = base64.b64encode(json.dumps(page[-1]).encode()).decode()
    return answer


def get_partition(table: FakeTable, payload: Payload) -> Payload:
    """GetPartition."""
    partition = existing_partition(table, payload["PartitionValues"])
    return {"Partition": _described(partition)}


def batch_get_partition(table: FakeTable, payload: Payload) -> Payload:
    """BatchGetPartition: partitions that are not there are left out."""
    wanted = payload["PartitionsToGet"]
    check_count(wanted, "partitionsToGet", 0, 1000)
    index = index_of(table)
    found = [index.find(tuple(entry["Values"])) for entry in wanted]
    described = [_described(p) for p in found if p is not None]
    return {"Partitions": described, "UnprocessedKeys": []}


def create_partition(table: FakeTable, payload: Payload) -> Payload:
    """CreatePartition."""
    _create(table, payload["PartitionInput"])
    return {}


def batch_create_partition(table: FakeTable, payload: Payload) -> Payload:
    """BatchCreatePartition: at most 100, each succeeds or fails on its own."""
    inputs = payload["PartitionInputList"]
    check_count(inputs, "partitionInputList", 0, 100)
    for given in inputs:
        _check_values(table, given)
    return _each(inputs, "PartitionValues", lambda p: p["Values"], lambda p: _create(table, p))


def update_partition(table: FakeTable, payload: Payload) -> Payload:
    """UpdatePartition: the input replaces the whole record."""
    _update(table, payload["PartitionValueList"], payload["PartitionInput"])
    return {}


def batch_update_partition(table: FakeTable, payload: Payload) -> Payload:
    """BatchUpdatePartition: at most 100, each succeeds or fails on its own."""
    entries = payload["Entries"]
    check_count(entries, "entries", 1, 100)
    return _each(
        entries,
        "PartitionValueList",
        lambda entry: entry["PartitionValueList"],
        lambda entry: _update(table, entry["PartitionValueList"], entry["PartitionInput"]),
    )


def delete_partition(table: FakeTable, payload: Payload) -> Payload:
    """DeletePartition."""
    existing_partition(table, payload["PartitionValues"])
    del index_of(table)[str(payload["PartitionValues"])]
    return {}


def batch_delete_partition(table: FakeTable, payload: Payload) -> Payload:
    """BatchDeletePartition: at most 25, each succeeds or fails on its own."""
    entries = payload["PartitionsToDelete"]
    check_count(entries, "partitionsToDelete", 0, 25)
    return _each(
        entries,
        "PartitionValues",
        lambda entry: entry["Values"],
        lambda entry: delete_partition(table, {"PartitionValues": entry["Values"]}),
    )


def partition_keys(table: FakeTable) -> list[dict[str, str]]:
    """The partition keys of a table's current version."""
    return list(table.as_dict().get("PartitionKeys") or [])


def _each(
    entries: list[Payload],
    name: str,
    values_of: Callable[[Payload], list[str]],
    apply: Callable[[Payload], Any],
) -> Payload:
    errors = [
        {name: values_of(entry), "ErrorDetail": detail}
        for entry in entries
        if (detail := _failure(apply, entry))
    ]
    return {"Errors": errors} if errors else {}


def _failure(apply: Callable[[Payload], Any], entry: Payload) -> Payload | None:
    try:
        apply(entry)
    except AwsError as error:
        return {"ErrorCode": error.code, "ErrorMessage": error.message}
    return None


def _create(table: FakeTable, given: Payload) -> None:
    _check_values(table, given)
    index, key = index_of(table), str(given["Values"])
    if key in index:
        raise AwsError("AlreadyExistsException", "Partition already exists.")
    index[key] = FakePartition(table.database_name, table.name, _sparing(index, given))


def _update(table: FakeTable, values: list[str], given: Payload) -> None:
    partition = existing_partition(table, values)
    if given.get("Values", values) != values:
        raise AwsError(
            "InvalidInputException",
            "The Values property can't be changed. Delete the partition and create it anew.",
        )
    partition.partition_input = {**_sparing(index_of(table), given), "Values": values}


def _sparing(index: PartitionIndex, given: Payload) -> Payload:
    """The input of a partition, with one object for what all partitions of a table have alike."""
    storage = given.get("StorageDescriptor")
    if not storage:
        return given
    alike = {name: index.shared(storage[name]) for name in _ALIKE if name in storage}
    return {**given, "StorageDescriptor": {**storage, **alike}}


def existing_partition(table: FakeTable, values: list[str]) -> FakePartition:
    """The partition with these values; raises AwsError if there is none."""
    partition = index_of(table).find(tuple(values))
    if partition is None:
        raise AwsError("EntityNotFoundException", "Cannot find partition.")
    return partition


def _described(partition: FakePartition, *, without_columns: bool = False) -> Payload:
    described = {
        "DatabaseName": partition.database_name,
        "TableName": partition.table_name,
        "CreationTime": _epoch(partition.creation_time),
        **partition.partition_input,
    }
    if without_columns and "StorageDescriptor" in described:
        storage = described["StorageDescriptor"]
        described["StorageDescriptor"] = {k: v for k, v in storage.items() if k != "Columns"}
    return described


def _epoch(moment: datetime) -> float:
    return moment.replace(tzinfo=timezone.utc).timestamp()


def _segment(values: Values, total: int) -> int:
    return zlib.crc32("\0".join(values).encode()) % total if total > 1 else 0


def _check_values(table: FakeTable, given: Payload) -> None:
    if len(given.get("Values", [])) != len(partition_keys(table)):
        raise AwsError(
            "InvalidInputException",
            "The number of partition keys do not match the number of partition values",
        )


def check_count(entries: list[Any], name: str, low: int, high: int) -> None:
    """See that a list of a request has a length that Glue takes; raises AwsError."""
    if not low <= len(entries) <= high:
        bound = f"less than or equal to {high}" if entries else f"greater than or equal to {low}"
        shown = f"[{len(entries)} entries]"
        raise _invalid(shown, name, f"Member must have length {bound}")


def _invalid(value: Any, name: str, constraint: str) -> AwsError:
    return AwsError(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint:"
        f" {constraint}",
    )
