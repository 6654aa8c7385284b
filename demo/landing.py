"""Put raw events where the pipeline looks for them: on S3, or in files laid out the same way."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from demo.firehose import (
    Buffering,
    FileFormat,
    hour_prefix,
    lines_body,
    object_name,
    objects,
    parquet_body,
)
from demo.json_lines import json_line
from demo.raw_fields import RAW_FIELDS, parquet_schema
from demo.traffic import Arrivals

_INT32_MAX = 2**31 - 1


def land(
    client: Any,
    bucket: str,
    prefix: str,
    events: Iterable[Arrivals],
    *,
    file_format: FileFormat = "parquet",
    buffering: Buffering | None = None,
    error_prefix: str = "error/",
) -> list[str]:
    """Put events on S3 as Firehose does; give the keys under `prefix`, in the order of landing.

    Args:
        client: a boto3 S3 client.
        bucket: an existing bucket.
        prefix: of the keys, with or without its last slash.
        events: what `demo.traffic.generate` gives, or some successive hours of it.
        file_format: "parquet" (Snappy), "json" (lines), "gz" (lines, gzipped).
        buffering: how records are put together in objects.
        error_prefix: where the lines go that cannot be converted to Parquet.
    """
    keys = []
    for landed in objects(
        events,
        prefix,
        file_format=file_format,
        buffering=buffering or Buffering(),
        error_prefix=error_prefix,
    ):
        client.put_object(Bucket=bucket, Key=landed.key, Body=landed.body)
        if not landed.is_error:
            keys.append(landed.key)
    return keys


class DirectoryClient:
    """The one call of an S3 client that `land` makes, for a local directory of buckets."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        """Write the object as the file `<directory>/<bucket>/<key>`."""
        path = self._directory / Bucket / Key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(Body)


def land_records(
    client: Any,
    bucket: str,
    prefix: str,
    records: Sequence[Mapping[str, Any] | str],
    arrival: datetime,
    file_format: FileFormat = "parquet",
    *,
    wide_time: bool | None = None,
) -> str:
    """Put hand-made records on S3 as one object and give its key.

    Args:
        client: a boto3 S3 client.
        bucket: an existing bucket.
        prefix: of the key, with or without its last slash.
        records: dicts of raw fields; fields left out are null in Parquet and absent in JSON.
            In JSON a dict is written as the stream does it (`demo.json_lines.json_line`), and a
            str is a line as it is.
        arrival: when the oldest of them arrived, with a time zone; its hour decides the prefix.
        file_format: "parquet" (Snappy), "json" (lines), "gz" (lines, gzipped).
        wide_time: `tijd_waarneming` as int64 in Parquet; when a value needs it if not given.

    Raises:
        ValueError: a raw line or an unknown field for Parquet, no records, or no time zone.
    """
    if not records or arrival.utcoffset() is None:
        raise ValueError(f"{len(records)} records at {arrival!r}; give records and a time zone")
    if file_format == "parquet":
        body = parquet_body(_to_table(records, wide_time=wide_time))
    else:
        lines = [r if isinstance(r, str) else json_line(r) for r in records]
        body = lines_body(lines, file_format)
    oldest = int(arrival.timestamp())
    # A name of its own each time: the same records landed twice are two objects.
    key = f"{hour_prefix(prefix, oldest)}{object_name(oldest, uuid.uuid4())}.{file_format}"
    client.put_object(Bucket=bucket, Key=key, Body=body)
    return key


def _to_table(records: Sequence[Mapping[str, Any] | str], *, wide_time: bool | None) -> pa.Table:
    rows = [r for r in records if not isinstance(r, str)]
    unknown = sorted({field for row in rows for field in row} - set(RAW_FIELDS))
    if unknown or len(rows) < len(records):
        raise ValueError(
            f"Parquet cannot hold raw lines ({len(records) - len(rows)} given) or the fields "
            f"{unknown}; land such records as JSON, or give only fields of RAW_FIELDS"
        )
    if wide_time is None:
        wide_time = any(abs(row.get("tijd_waarneming") or 0) > _INT32_MAX for row in rows)
    return pa.Table.from_pylist(rows, schema=parquet_schema(wide_time=wide_time))
