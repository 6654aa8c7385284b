"""Parcels as they land, in a raw table that is declared and not crawled."""

from datetime import datetime, timedelta, timezone

import pyarrow as pa
import pyarrow.parquet as pq

from tests.end_to_end.pipeline import Pipeline
from tests.landed_records import arrival_path

HOURS = [datetime(2024, 10, 26, 21, tzinfo=timezone.utc) + timedelta(hours=n) for n in range(60)]


def land(
    pipeline: Pipeline, arrival: datetime, *parcels: tuple[str, str, float | None, str]
) -> None:
    columns = ("parcel", "delivered_at", "weight_kg", "depot")
    table = pa.table(
        {
            name: list(values)
            for name, values in zip(columns, zip(*parcels, strict=True), strict=True)
        }
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    key = f"deliveries_raw/{arrival_path(arrival)}{parcels[0][0]}"
    pipeline.s3.put_object(Bucket=pipeline.name, Key=key, Body=sink.getvalue().to_pybytes())


def declare_raw_table(pipeline: Pipeline) -> None:
    """Create the raw table, with numeric keys."""
    pipeline.query(
        f"""CREATE EXTERNAL TABLE deliveries_raw (
            parcel string, delivered_at string, weight_kg double, depot string
        ) PARTITIONED BY (year bigint, month bigint, day bigint, hour bigint)
        STORED AS PARQUET LOCATION 's3://{pipeline.name}/deliveries_raw/'"""
    )
