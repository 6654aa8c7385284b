"""Glue's rules for names, tables and partitions, where moto has none."""

from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.glue.models import FakeTable, glue_backends

from local_aws.glue import partitions as glue_partitions
from local_aws.glue import statistics
from local_aws.messages import ACCOUNT
from local_aws.seam import AwsError, Service

Payload = dict[str, Any]


def update_table(table: FakeTable, payload: Payload) -> Payload:
    """UpdateTable: VersionId is an optimistic lock, SkipArchive keeps no old version."""
    current = str(table.as_dict()["VersionId"])
    wanted = payload.get("VersionId")
    if wanted is not None and wanted != current:
        raise AwsError(
            "ConcurrentModificationException",
            "Update table failed due to concurrent modifications.",
        )
    table.update(payload["TableInput"])
    if payload.get("SkipArchive"):
        table.delete_version(current)
    return {}


def get_user_defined_functions(payload: Payload, region: str) -> Payload:
    """GetUserDefinedFunctions: there are none, in a database or in all."""
    if "DatabaseName" in payload:
        try:
            glue_backends[ACCOUNT][region].get_database(payload["DatabaseName"])
        except JsonRESTError as error:
            raise AwsError(error.error_type, error.message) from None
    return {"UserDefinedFunctions": []}


_ACTIONS: dict[str, Callable[[FakeTable, Payload], Payload]] = {
    "UpdateTable": update_table,
    "GetPartition": glue_partitions.get_partition,
    "GetPartitions": glue_partitions.get_partitions,
    "BatchGetPartition": glue_partitions.batch_get_partition,
    "CreatePartition": glue_partitions.create_partition,
    "BatchCreatePartition": glue_partitions.batch_create_partition,
    "UpdatePartition": glue_partitions.update_partition,
    "BatchUpdatePartition": glue_partitions.batch_update_partition,
    "DeletePartition": glue_partitions.delete_partition,
    "BatchDeletePartition": glue_partitions.batch_delete_partition,
    **statistics.ACTIONS,
}


class GlueCatalog(Service):
    """Answers what moto does not do as Glue does, over moto's own tables."""

    actions = frozenset({*_ACTIONS, "GetUserDefinedFunctions"})

    def handle(self, action: str, payload: Payload, *, region: str) -> tuple[int, Payload]:
        """See `Service.handle`."""
        if action == "GetUserDefinedFunctions":
            return 200, get_user_defined_functions(payload, region)
        given = payload["TableInput"]["Name"] if action == "UpdateTable" else None
        table = find_table(payload["DatabaseName"], given or payload["TableName"], region)
        return 200, _ACTIONS[action](table, payload)

    def close(self) -> None:
        """Nothing runs in the background."""


def find_table(database: str, name: str, region: str) -> FakeTable:
    """The table as moto has it; raises AwsError when there is none."""
    try:
        return glue_backends[ACCOUNT][region].get_table(database, name)
    except JsonRESTError as error:
        raise AwsError(error.error_type, error.message) from None


def lower_names(action: str, payload: Payload) -> Payload:
    """The payload with the names of databases and tables in lower case, as Glue stores them."""
    lowered = {
        key: value.lower() if key in {"DatabaseName", "TableName"} else value
        for key, value in payload.items()
    }
    if action.endswith(("Database", "Table")) and isinstance(payload.get("Name"), str):
        lowered["Name"] = payload["Name"].lower()
    for key in ("DatabaseInput", "TableInput"):
        if "Name" in payload.get(key, {}):
            lowered[key] = {**payload[key], "Name": payload[key]["Name"].lower()}
    if "TablesToDelete" in payload:
        lowered["TablesToDelete"] = [name.lower() for name in payload["TablesToDelete"]]
    return lowered
