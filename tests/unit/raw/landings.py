"""An account with a raw table, and a data set that reads it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from retime.dataset.deployment import Deployment
from retime.dataset.model import DataSet
from retime.published.tables import storage_descriptor
from retime.raw.partitions import missing_folders, register_folders
from retime.raw.table import read_raw_table
from tests.accounts import Account
from tests.landed_records import arrival_path
from tests.unit.samples import TRAFFIC, landed_hours, raw_table, utc

CRAWLED = replace(TRAFFIC, raw=replace(TRAFFIC.raw, crawler="c"))
UNCRAWLED = replace(TRAFFIC, raw=replace(TRAFFIC.raw, crawler=None))
HOURS = [utc(2024, 3, 28, hour) for hour in range(24)]
NEXT = utc(2024, 3, 29, 0)


class Landing:
    """A raw table whose hours land, are crawled, expire and are archived as a test says."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.location = f"s3://{account.bucket}/traffic_raw/"
        table: dict[str, Any] = {
            "Name": "traffic_raw",
            "StorageDescriptor": storage_descriptor(self.location, raw_table().columns),
            "PartitionKeys": [
                {"Name": key, "Type": "string"} for key in TRAFFIC.raw.partitioning.names
            ],
        }
        account.clients.glue.create_table(DatabaseName=account.database, TableInput=table)

    def deploy(self, data_set: DataSet = CRAWLED) -> Deployment:
        return self.account.deploy(data_set)

    def land(self, *hours: datetime) -> None:
        self.account.put(*(_key(hour) for hour in hours))

    def crawl(self, *hours: datetime) -> None:
        glue, database = self.account.clients.glue, self.account.database
        table = read_raw_table(glue, database, TRAFFIC.raw)
        missing = missing_folders(glue, table, landed_hours(hours))
        register_folders(glue, table, missing, self.location)

    def expire(self, hour: datetime) -> None:
        self.account.clients.s3.delete_object(Bucket=self.account.bucket, Key=_key(hour))

    def archive(self, hour: datetime, storage_class: str) -> None:
        place = {"Bucket": self.account.bucket, "Key": _key(hour)}
        self.account.clients.s3.put_object(**place, Body=b"1", StorageClass=storage_class)


def _key(hour: datetime) -> str:
    return f"traffic_raw/{arrival_path(hour)}part-1"
