"""Partitions of a table: ADD, DROP, SET LOCATION, MSCK REPAIR, SHOW."""

import re
from typing import Any

from local_aws.athena.errors import QueryError
from local_aws.athena.parse.hive_grammar import Ddl
from local_aws.athena.run.hive.context import TASK, DdlResult, Hive
from local_aws.athena.run.hive.patterns import matches
from local_aws.athena.run.hive.tables import update_table
from local_aws.athena.run.scan import split_uri
from local_aws.athena.run.write import hive_path, register
from local_aws.seam import NoSuchBucketError


def add_partition(hive: Hive, ddl: Ddl) -> None:
    """ALTER TABLE ADD [IF NOT EXISTS] PARTITION."""
    record = hive.record(ddl)
    specs = [(tuple(_values(record, spec)), at) for spec, at in ddl.options["partitions"]]
    known = hive.catalog.locations(
        record["DatabaseName"], record["Name"], {values for values, _ in specs}
    )
    names = [one["Name"] for one in record.get("PartitionKeys", [])]
    base = record["StorageDescriptor"]["Location"].rstrip("/")
    wanted = {}
    for values, location in specs:
        if values in known:
            if ddl.options["if_not_exists"]:
                continue
            raise QueryError(
                "", f"{TASK} AlreadyExistsException(message:Partition already exists.)"
            )
        wanted[values] = location or f"{base}/{hive_path(names, values)}"
    register(hive.catalog, record, wanted)


def drop_partition(hive: Hive, ddl: Ddl) -> None:
    """ALTER TABLE DROP [IF EXISTS] PARTITION; some keys of a spec may be left out."""
    record = hive.record(ddl)
    keys = [one["Name"] for one in record.get("PartitionKeys", [])]
    known = [
        one["Values"] for one in hive.catalog.partitions(record["DatabaseName"], record["Name"])
    ]
    for spec in ddl.options["partitions"]:
        found = [values for values in known if matches(keys, values, spec)]
        if not found and not ddl.options["if_exists"]:
            raise QueryError(
                "", f"FAILED: SemanticException [Error 10006]: Partition not found {spec}"
            )
        for values in found:
            hive.catalog.glue(
                "DeletePartition",
                DatabaseName=record["DatabaseName"],
                TableName=record["Name"],
                PartitionValues=values,
            )


def set_location(hive: Hive, ddl: Ddl) -> None:
    """ALTER TABLE [PARTITION (...)] SET LOCATION."""
    record = hive.record(ddl)
    location = ddl.options["location"]
    spec = ddl.options["partition"]
    if spec is None:
        update_table(hive, record, location=location)
        return
    values = _values(record, spec)
    one = hive.catalog.glue(
        "GetPartition",
        DatabaseName=record["DatabaseName"],
        TableName=record["Name"],
        PartitionValues=values,
    )["Partition"]
    hive.catalog.glue(
        "UpdatePartition",
        DatabaseName=record["DatabaseName"],
        TableName=record["Name"],
        PartitionValueList=values,
        PartitionInput={
            "Values": values,
            "Parameters": one.get("Parameters", {}),
            "StorageDescriptor": {**one["StorageDescriptor"], "Location": location},
        },
    )


def _values(record: dict[str, Any], spec: dict[str, str]) -> list[str]:
    keys = [one["Name"] for one in record.get("PartitionKeys", [])]
    if sorted(keys) != sorted(spec):
        raise QueryError(
            "",
            f"FAILED: SemanticException partition spec {spec} doesn't "
            f"contain all ({len(keys)}) partition columns",
        )
    types = {one["Name"]: one["Type"] for one in record["PartitionKeys"]}
    whole = ("int", "bigint", "smallint", "tinyint")
    return [
        str(int(spec[key]))
        if types[key] in whole and spec[key].lstrip("-").isdigit()
        else spec[key]
        for key in keys
    ]


def repair(hive: Hive, ddl: Ddl) -> DdlResult:
    """MSCK REPAIR TABLE: registers key=value directories that the catalog does not have."""
    record = hive.record(ddl)
    keys = [one["Name"] for one in record.get("PartitionKeys", [])]
    location = record["StorageDescriptor"]["Location"].rstrip("/") + "/"
    bucket, prefix = split_uri(location)
    pattern = re.compile("/".join(f"{re.escape(key)}=([^/]+)" for key in keys) + "/")
    try:
        objects = hive.store.list(bucket, prefix)
    except NoSuchBucketError:
        objects = []
    seen = {}
    for one in objects:
        found = pattern.match(one.key[len(prefix) :])
        if found:
            seen[found.groups()] = location + found[0]
    known = hive.catalog.locations(record["DatabaseName"], record["Name"], seen)
    missing = {values: uri for values, uri in seen.items() if values not in known}
    if not keys or not missing:
        return DdlResult()
    register(hive.catalog, record, missing)
    name = record["Name"]
    shown = [":".join([name, hive_path(keys, values)]) for values in missing]
    return DdlResult(
        lines=(
            f"Partitions not in metastore:\t{chr(9).join(shown)}",
            *(f"Repair: Added partition to metastore {one}" for one in shown),
        )
    )


def show_partitions(hive: Hive, ddl: Ddl) -> DdlResult:
    """SHOW PARTITIONS table [PARTITION (...)]."""
    record = hive.record(ddl)
    keys = [one["Name"] for one in record.get("PartitionKeys", [])]
    if not keys:
        raise QueryError("", f"{TASK} Table {record['Name']} is not a partitioned table")
    spec = ddl.options["partition"]
    values = [
        one["Values"] for one in hive.catalog.partitions(record["DatabaseName"], record["Name"])
    ]
    lines = sorted(hive_path(keys, one) for one in values if matches(keys, one, spec))
    return DdlResult(lines=tuple(lines), columns=("partition",))
