"""Small Parquet files, one for each way of storing values."""

import io
from collections.abc import Sequence
from datetime import date, datetime, time, timezone
from decimal import Decimal
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

MOMENTS = [datetime(2024, 3, 29, 1, 2, 3, 4567), datetime(1969, 12, 31, 23, 59, 59, 999999), None]
IN_ZONE = [one and one.replace(tzinfo=timezone.utc) for one in MOMENTS]
DAYS = [date(2024, 3, 29), date(1582, 10, 4), None]
TIMES = [time(1, 2, 3, 4567), time(0), None]
AMOUNTS = [Decimal("1.50"), Decimal("-99999.99"), None]

# The name in the corpus, the type in Arrow, and the values; None is NULL.
STORED: dict[str, tuple[pa.DataType, list[Any]]] = {
    "boolean": (pa.bool_(), [True, False, None]),
    "int8": (pa.int8(), [1, -128, None]),
    "int16": (pa.int16(), [1, -32768, 300, None]),
    "int32": (pa.int32(), [1, -1, 70000, None]),
    "int32 small": (pa.int32(), [1, -1, None]),
    "int64": (pa.int64(), [1, -1, 3000000000, None]),
    "int64 small": (pa.int64(), [1, -1, None]),
    "uint8": (pa.uint8(), [1, 255, None]),
    "uint16": (pa.uint16(), [1, 65535, None]),
    "uint32": (pa.uint32(), [1, 4294967295, None]),
    "uint64": (pa.uint64(), [1, 18446744073709551615, None]),
    "float": (pa.float32(), [1.5, -0.1, float("nan"), None]),
    "double": (pa.float64(), [1.5, 1e-7, float("inf"), None]),
    "decimal in int32": (pa.decimal128(7, 2), AMOUNTS),
    "decimal in int64": (pa.decimal128(12, 2), AMOUNTS),
    "decimal in bytes": (pa.decimal128(30, 2), AMOUNTS),
    "decimal of scale 4": (pa.decimal128(10, 4), [Decimal("1.5051"), None]),
    "string": (pa.string(), ["text", "12", "", "é☃ and more", None]),
    "string of numbers": (pa.string(), ["12", "-1.50", None]),
    "string of a day": (pa.string(), ["2024-03-29", None]),
    "string dictionary": (pa.dictionary(pa.int32(), pa.string()), ["a", "b", "a", None]),
    "binary": (pa.binary(), [b"text", b"\x00\xff", None]),
    "fixed bytes": (pa.binary(16), [b"0123456789abcdef", None]),
    "date": (pa.date32(), DAYS),
    "timestamp millis": (pa.timestamp("ms"), MOMENTS),
    "timestamp micros": (pa.timestamp("us"), MOMENTS),
    "timestamp nanos": (pa.timestamp("ns"), MOMENTS),
    "timestamp millis of UTC": (pa.timestamp("ms", "UTC"), IN_ZONE),
    "timestamp micros of UTC": (pa.timestamp("us", "UTC"), IN_ZONE),
    "int96": (pa.timestamp("ns"), MOMENTS),
    "time millis": (pa.time32("ms"), TIMES),
    "time micros": (pa.time64("us"), TIMES),
    "null": (pa.null(), [None, None]),
    "list of int32": (pa.list_(pa.int32()), [[1, None], [], None]),
    "list of int64": (pa.list_(pa.int64()), [[1, None], [], None]),
    "list of string": (pa.list_(pa.string()), [["a", None], [], None]),
    "list of struct": (
        pa.list_(pa.struct([("a", pa.int32()), ("b", pa.string())])),
        [[{"a": 1, "b": "x"}, None], [], None],
    ),
    "map of string to int32": (pa.map_(pa.string(), pa.int32()), [[("k", 1)], [], None]),
    "map of int32 to string": (pa.map_(pa.int32(), pa.string()), [[(1, "v")], [], None]),
    "struct a b": (
        pa.struct([("a", pa.int32()), ("b", pa.string())]),
        [{"a": 1, "b": "x"}, {"a": None, "b": None}, None],
    ),
    "struct b A more": (
        pa.struct([("b", pa.string()), ("A", pa.int32()), ("more", pa.int32())]),
        [{"b": "x", "A": 1, "more": 2}, None],
    ),
    "struct a long": (
        pa.struct([("a", pa.int64()), ("b", pa.int32())]),
        [{"a": 1, "b": 2}, None],
    ),
    "struct without them": (pa.struct([("other", pa.int32())]), [{"other": 1}, None]),
}


@cache
def file_of(name: str, columns: Sequence[str]) -> bytes:
    """The bytes of a file that has the values of that name in each of some columns."""
    kind, values = STORED[name]
    if pa.types.is_timestamp(kind) and kind.unit == "ms":
        array = pa.array(values, pa.timestamp("us", kind.tz)).cast(kind, safe=False)
    elif kind == pa.time32("ms"):
        array = pa.array(values, pa.time64("us")).cast(kind, safe=False)
    else:
        array = pa.array(values, kind)
    out = io.BytesIO()
    pq.write_table(
        pa.table(dict.fromkeys(columns, array)),
        out,
        store_decimal_as_integer=name.startswith("decimal in int"),
        use_deprecated_int96_timestamps=name == "int96",
        coerce_timestamps=None,
        version="2.6",
    )
    return out.getvalue()
