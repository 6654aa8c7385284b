"""What the server is filled with: partitions and objects by the thousand, days of raw data."""

import time
from datetime import timedelta

from bench.full_day import DATE, land_full_day, raw_files
from bench.scale_server import Calls
from demo.account import CRAWLER, RAW_PREFIX
from demo.environment import DATABASE, RAW_BUCKET

PARTITIONS = 100_000
OBJECTS = 35_000
DAYS = 6
_BATCH = 100
_COLUMNS = [{"Name": f"column_{n}", "Type": "double"} for n in range(12)]
_KEYS = [{"Name": name, "Type": "int"} for name in ("year", "month", "day", "hour")]
_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
_STORAGE = {"Columns": _COLUMNS, "SerdeInfo": {"SerializationLibrary": _SERDE}}


def create_hours(calls: Calls, table: str) -> None:
    """Create a table with a partition for each hour back from a date, and no files."""
    location = f"s3://{RAW_BUCKET}/{table}/"
    calls.ask(
        "glue",
        "CreateTable",
        DatabaseName=DATABASE,
        TableInput={
            "Name": table,
            "PartitionKeys": _KEYS,
            "StorageDescriptor": {**_STORAGE, "Location": location},
        },
    )
    for start in range(0, PARTITIONS, _BATCH):
        hours = [_hour(number) for number in range(start, start + _BATCH)]
        answer = calls.ask(
            "glue",
            "BatchCreatePartition",
            DatabaseName=DATABASE,
            TableName=table,
            PartitionInputList=[_partition(location, values) for values in hours],
        )
        if "Errors" in answer:
            raise RuntimeError(f"partitions of {table!r}: {answer['Errors']}")


def _hour(number: int) -> list[str]:
    day = DATE - timedelta(days=number // 24)
    return [str(part) for part in (day.year, day.month, day.day, number % 24)]


def _partition(location: str, values: list[str]) -> dict[str, object]:
    return {
        "Values": values,
        "StorageDescriptor": {**_STORAGE, "Location": f"{location}{'/'.join(values)}/"},
        "Parameters": {"generation": "20240328T000000-00000000"},
    }


def put_objects(calls: Calls) -> None:
    """Put small objects into a thousand folders."""
    for number in range(OBJECTS):
        calls.put(RAW_BUCKET, f"small/{number % 1000:03}/{number:05}", b"x" * 100)


def land_days(calls: Calls) -> None:
    """Land the same full day of raw events as that of several dates, and crawl it."""
    folder = land_full_day()
    for day in range(DATE.day, DATE.day + DAYS):
        for path in raw_files(folder):
            key = str(path.relative_to(folder)).replace(f"day={DATE.day}", f"day={day}")
            calls.put(RAW_BUCKET, f"{RAW_PREFIX}{key}", path.read_bytes())
    calls.ask("glue", "StartCrawler", Name=CRAWLER)
    while calls.ask("glue", "GetCrawler", Name=CRAWLER)["Crawler"]["State"] != "READY":
        time.sleep(0.1)
