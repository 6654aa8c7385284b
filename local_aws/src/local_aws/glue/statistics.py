"""Glue's column statistics, of a table and of a partition.

They are kept with moto's record of either, and so go with it.
"""

from collections.abc import Callable
from typing import Any

from moto.glue.models import FakePartition, FakeTable

from local_aws.glue.partitions import check_count, existing_partition

Payload = dict[str, Any]

_ATTRIBUTE = "column_statistics"


def _get(owner: FakeTable | FakePartition, payload: Payload) -> Payload:
    """GetColumnStatistics*: columns without statistics are left out."""
    names = payload["ColumnNames"]
    check_count(names, "columnNames", 0, 100)
    known = getattr(owner, _ATTRIBUTE, {})
    found = [known[name.lower()] for name in names if name.lower() in known]
    return {"ColumnStatisticsList": found, "Errors": []}


def _update(owner: FakeTable | FakePartition, payload: Payload) -> Payload:
    """UpdateColumnStatistics*: each replaces what there was of its column."""
    given = payload["ColumnStatisticsList"]
    check_count(given, "columnStatisticsList", 0, 25)
    known = getattr(owner, _ATTRIBUTE, {})
    setattr(owner, _ATTRIBUTE, {**known, **{one["ColumnName"].lower(): one for one in given}})
    return {"Errors": []}


def _delete(owner: FakeTable | FakePartition, payload: Payload) -> Payload:
    """DeleteColumnStatistics*: a column without statistics is no error."""
    getattr(owner, _ATTRIBUTE, {}).pop(payload["ColumnName"].lower(), None)
    return {}


def _of_partition(
    action: Callable[[FakeTable | FakePartition, Payload], Payload],
) -> Callable[[FakeTable, Payload], Payload]:
    def on_partition(table: FakeTable, payload: Payload) -> Payload:
        return action(existing_partition(table, payload["PartitionValues"]), payload)

    return on_partition


ACTIONS: dict[str, Callable[[FakeTable, Payload], Payload]] = {
    "GetColumnStatisticsForTable": _get,
    "UpdateColumnStatisticsForTable": _update,
    "DeleteColumnStatisticsForTable": _delete,
    "GetColumnStatisticsForPartition": _of_partition(_get),
    "UpdateColumnStatisticsForPartition": _of_partition(_update),
    "DeleteColumnStatisticsForPartition": _of_partition(_delete),
}
