"""Read back what landed on S3, record by record, for the oracle."""

import gzip
import io
import re
from datetime import datetime, timezone
from typing import Any

import pyarrow.parquet as pq

from tests.oracle_records import Record

_HOUR = re.compile(r"year=(\d{4})/month=(\d\d)/day=(\d\d)/hour=(\d\d)/[^/]+$")


def read_landing(client: Any, bucket: str, prefix: str) -> list[tuple[Record, datetime]]:
    """Give every record under a prefix, with the arrival hour that it landed under.

    Args:
        client: a boto3 S3 client.
        bucket: the bucket.
        prefix: of the keys, whole (with its last slash).

    Raises:
        ValueError: a key that is not under an arrival hour.
    """
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [found["Key"] for page in pages for found in page.get("Contents", [])]
    records: list[tuple[Record, datetime]] = []
    for key in keys:
        body = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        hour = arrival_hour_of(key)
        records += [(record, hour) for record in records_of(key, body)]
    return records


def arrival_path(hour: datetime) -> str:
    """Give the folder of an arrival hour, as Firehose writes it: zero-padded and in UTC."""
    return f"year={hour:%Y}/month={hour:%m}/day={hour:%d}/hour={hour:%H}/"


def arrival_hour_of(key: str) -> datetime:
    """Give the arrival hour in a key."""
    match = _HOUR.search(key)
    if match is None:
        raise ValueError(f"{key!r} is not under year=yyyy/month=MM/day=dd/hour=HH/")
    year, month, day, hour = map(int, match.groups())
    return datetime(year, month, day, hour, tzinfo=timezone.utc)


def records_of(key: str, body: bytes) -> list[Record]:
    """Give the records of an object: dicts for Parquet, lines for JSON."""
    if key.endswith(".parquet"):
        return list(pq.read_table(io.BytesIO(body)).to_pylist())
    text = (gzip.decompress(body) if key.endswith(".gz") else body).decode()
    return list(text.removesuffix("\n").split("\n"))
