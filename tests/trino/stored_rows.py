"""The rows of a table, read from its objects by neither engine."""

import io
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq


def stored_rows(s3: Any, bucket: str, prefix: str) -> list[str]:
    """The rows of all Parquet objects under a prefix, with the partitions that they are in.

    A row is a text that tells every bit of every value; the rows are sorted.
    """
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    rows = []
    for key in (one["Key"] for page in pages for one in page.get("Contents", ())):
        folders = key.removeprefix(prefix).split("/")[:-1]
        values = {name: unquote(value) for name, _, value in (f.partition("=") for f in folders)}
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        table = pq.read_table(io.BytesIO(body))
        rows += [repr(sorted({**row, **values}.items())) for row in _plain(table).to_pylist()]
    return sorted(rows)


def _plain(table: pa.Table) -> pa.Table:
    """The table with timestamps of one unit: Trino stores nanoseconds and DuckDB microseconds."""
    fields = [
        field.with_type(pa.timestamp("us")) if pa.types.is_timestamp(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))
