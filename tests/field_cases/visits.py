"""A visit with nested fields, as JSON and as Parquet."""

import io

import pyarrow as pa
import pyarrow.parquet as pq

HOUR_7 = "year=2024/month=05/day=01/hour=07/"
AT = 1714547400
VISIT = {
    "eventId": "e1",
    "occurredAt": "2024-05-01T09:10:00.250+02:00",
    "Visitor": {"userAgent": "Mozilla", "address": {"City": "Gent", "tags": ["a", "b"]}},
    "labels": {"Colour": "red", "x_y": "z"},
    "screen": {"Pixel Ratio": 2},
    "items": [{"sku": "s1", "price": 2.5}, {"sku": "s2", "price": 1}],
}


def parquet(*rows: dict) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), sink)
    return sink.getvalue()
