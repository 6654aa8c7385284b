"""What the runs have published, read through the catalog and the Athena API."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tests.end_to_end.pipeline import Pipeline
from tests.scheduler.parcels import DataSet, expected_partitions, expected_rows

COLUMNS = ("parcel", "depot", "delivered_at", "weight_kg", "is_heavy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """The account that the runs publish to."""

    account: Pipeline

    def rows(self, name: str) -> list[tuple[str | None, ...]]:
        """Return every row of a table, in order."""
        found = self.account.query(f'SELECT * FROM "{name}"')
        return sorted(tuple(row[c] for c in COLUMNS) for row in found)

    def generations(self, name: str) -> dict[tuple[str, ...], str]:
        """Return which generation each partition is published from."""
        return {
            values: partition["Parameters"]["retime.generation"]
            for values, partition in self.account.partitions(name).items()
        }

    def assert_built(self, data_set: DataSet, days: Sequence[date]) -> None:
        """See that a table is what one clean build of these dates makes of it, and its ledger."""
        assert self.rows(data_set.name) == expected_rows(days)
        ledgers = self.account.ledgers(data_set.name)
        rows = {values: ledger.rows for values, ledger in ledgers.items()}
        assert rows == expected_partitions(days, data_set.grain)
        # Of each date one parcel has no name.
        quarantined = dict.fromkeys(expected_partitions(days, "day"), 1)
        assert self.account.rows_by_ledger(f"{data_set.name}_quarantine") == quarantined
        assert len(self._quarantined(data_set)) == len(days)
        for values, partition in self.account.partitions(data_set.name).items():
            location = partition["StorageDescriptor"]["Location"]
            assert f"/v={ledgers[values].generation}/" in location
            assert self._size(location) == ledgers[values].bytes
            assert (ledgers[values].bytes > 0) == (ledgers[values].rows > 0)

    def _quarantined(self, data_set: DataSet) -> list[Any]:
        return self.account.query(f'SELECT * FROM "{data_set.name}_quarantine"')

    def _size(self, location: str) -> int:
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        # Where nothing is there, the listing has no contents.
        listed = self.account.s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
        return sum(entry["Size"] for entry in listed.get("Contents", ()))

    def queries(self, match: str) -> dict[str, str]:
        """Return the states of the queries whose text has a match in it, by their ids."""
        athena = self.account.athena
        pages = athena.get_paginator("list_query_executions").paginate(WorkGroup=self.account.name)
        return {
            execution["QueryExecutionId"]: execution["Status"]["State"]
            for page in pages
            for execution in athena.batch_get_query_execution(
                QueryExecutionIds=page["QueryExecutionIds"]
            )["QueryExecutions"]
            if match in execution["Query"]
        }
