"""The catalog as a crawl reads and changes it: through the Glue API, in batches."""

from collections.abc import Callable, Sequence
from typing import Any

from local_aws.crawlers.tables import Record
from local_aws.seam import AwsCalls, AwsError

_TABLE_INPUT = {
    "Name",
    "Description",
    "Owner",
    "LastAccessTime",
    "LastAnalyzedTime",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
    "TargetTable",
}


class CrawlStoppedError(Exception):
    """The crawl was asked to stop."""


class CrawlFailedError(Exception):
    """The crawl cannot go on; the message is the crawl's."""


class CrawlCatalog:
    """One database as one crawl uses it.

    Args:
        calls: the Glue API.
        region: its region.
        is_stopped: asked before every change; true ends the crawl with CrawlStoppedError.
    """

    def __init__(self, calls: AwsCalls, region: str, is_stopped: Callable[[], bool]) -> None:
        self._calls = calls
        self._region = region
        self._is_stopped = is_stopped

    def tables(self, database: str) -> list[Record]:
        """The tables of a database; a database that is not there is made."""
        try:
            return list(self._call("GetTables", DatabaseName=database)["TableList"])
        except AwsError as error:
            if error.code != "EntityNotFoundException":
                raise
            self._call("CreateDatabase", DatabaseInput={"Name": database})
            return []

    def table(self, database: str, name: str) -> Record:
        """A table; raises CrawlFailedError when there is none."""
        try:
            return dict(self._call("GetTable", DatabaseName=database, Name=name)["Table"])
        except AwsError as error:
            raise CrawlFailedError(f"catalog target {database}.{name}: {error.message}") from None

    def partitions(self, table: Record) -> list[Record]:
        """All partitions of a table."""
        place = _place(table)
        found: list[Record] = []
        page = self._call("GetPartitions", **place)
        while True:
            found += page["Partitions"]
            if "NextToken" not in page:
                return found
            page = self._call("GetPartitions", **place, NextToken=page["NextToken"])

    def create_table(self, database: str, table: Record) -> Record:
        """Make a table; returns it as the catalog has it."""
        self._call("CreateTable", DatabaseName=database, TableInput=table)
        return {**table, "DatabaseName": database}

    def update_table(self, table: Record) -> None:
        """Replace a table's definition."""
        given = {key: value for key, value in table.items() if key in _TABLE_INPUT}
        self._call("UpdateTable", DatabaseName=table["DatabaseName"], TableInput=given)

    def delete_table(self, table: Record) -> None:
        """Delete a table."""
        self._call("DeleteTable", DatabaseName=table["DatabaseName"], Name=table["Name"])

    def create_partitions(self, table: Record, partitions: Sequence[Record]) -> None:
        """Add partitions. One that someone else added meanwhile is left as it is."""
        for start in range(0, len(partitions), 100):
            self._call(
                "BatchCreatePartition",
                **_place(table),
                PartitionInputList=partitions[start : start + 100],
            )

    def update_partitions(self, table: Record, partitions: Sequence[Record]) -> None:
        """Replace partitions. One that someone else deleted meanwhile stays away."""
        for start in range(0, len(partitions), 100):
            entries = [
                {"PartitionValueList": partition["Values"], "PartitionInput": partition}
                for partition in partitions[start : start + 100]
            ]
            self._call("BatchUpdatePartition", **_place(table), Entries=entries)

    def delete_partitions(self, table: Record, values: Sequence[list[str]]) -> None:
        """Delete partitions."""
        for start in range(0, len(values), 25):
            chosen = [{"Values": value} for value in values[start : start + 25]]
            self._call("BatchDeletePartition", **_place(table), PartitionsToDelete=chosen)

    def _call(self, action: str, **payload: Any) -> dict[str, Any]:
        if self._is_stopped():
            raise CrawlStoppedError
        return self._calls("glue", action, payload, region=self._region)


def _place(table: Record) -> Record:
    return {"DatabaseName": table["DatabaseName"], "TableName": table["Name"]}
