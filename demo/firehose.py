"""Firehose's way from a stream of records to objects: buffers, names, formats.

Records are buffered for some minutes. An object lies under the UTC hour in which its *oldest*
record arrived, so that it may hold records of the next hour, and has the name that Firehose gives:
`<stream>-<version>-yyyy-MM-dd-HH-mm-ss-<uuid>` and an extension. What cannot be converted to
Parquet goes to another prefix, as JSON about the failure.
"""

import base64
import gzip
import io
import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from demo.json_lines import json_lines
from demo.traffic import Arrivals, RawLine

FileFormat = Literal["parquet", "json", "gz"]
STREAM = "traffic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffering:
    """When Firehose writes the records that it holds.

    Attributes:
        least_seconds: after the first record, at the soonest.
        most_seconds: and at the latest; each object draws its own time in between.
        seed: of those times, and of the object names.
    """

    least_seconds: int = 300
    most_seconds: int = 600
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.least_seconds <= self.most_seconds:
            raise ValueError(
                f"buffers of {self.least_seconds} to {self.most_seconds} seconds; "
                "give least_seconds above 0 and most_seconds no lower"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FirehoseObject:
    """An object to put.

    Attributes:
        key: where.
        body: its bytes.
        is_error: whether it tells of a failure, and holds no data.
    """

    key: str
    body: bytes
    is_error: bool


def objects(
    events: Iterable[Arrivals],
    prefix: str,
    *,
    file_format: FileFormat,
    buffering: Buffering,
    error_prefix: str,
) -> Iterator[FirehoseObject]:
    """Give the objects that hold the events, in the order of landing.

    Args:
        events: successive hours of arrivals.
        prefix: of the keys, with or without its last slash.
        file_format: Parquet with Snappy, JSON lines, or JSON lines with gzip.
        buffering: how records are put together in objects.
        error_prefix: of the objects about lines that cannot be converted to Parquet.
    """
    rng = np.random.default_rng(buffering.seed)
    failed = f"{error_prefix.rstrip('/')}/format-conversion-failed"
    for buffer in _buffers(events, buffering, rng):
        name = object_name(int(buffer.arrived[0]), uuid.UUID(bytes=rng.bytes(16), version=4))
        key = f"{hour_prefix(prefix, int(buffer.arrived[0]))}{name}"
        if file_format == "parquet":
            body = parquet_body(buffer.table)
            yield FirehoseObject(key=f"{key}.parquet", body=body, is_error=False)
            if buffer.lines:
                body = lines_body(_failures(buffer.lines), "json")
                yield FirehoseObject(key=f"{failed}/{name}", body=body, is_error=True)
        else:
            body = lines_body(_all_lines(buffer), file_format)
            yield FirehoseObject(key=f"{key}.{file_format}", body=body, is_error=False)


def hour_prefix(prefix: str, arrived: int) -> str:
    """Give the prefix of the UTC hour of a moment in epoch seconds, with its last slash."""
    hour = datetime.fromtimestamp(arrived, timezone.utc)
    start = f"{prefix.rstrip('/')}/" if prefix else ""
    return f"{start}{hour:year=%Y/month=%m/day=%d/hour=%H/}"


def object_name(oldest: int, unique: uuid.UUID) -> str:
    """Give the name, without extension, for an object whose oldest record arrived at `oldest`."""
    return f"{STREAM}-1-{datetime.fromtimestamp(oldest, timezone.utc):%Y-%m-%d-%H-%M-%S}-{unique}"


def parquet_body(table: pa.Table) -> bytes:
    """Write Parquet with Snappy, without the schema that only Arrow reads."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="snappy", store_schema=False)
    return sink.getvalue()


def lines_body(lines: Sequence[str], file_format: FileFormat) -> bytes:
    """Write one line each, gzipped for "gz"; the same lines always give the same bytes."""
    text = "".join(f"{line}\n" for line in lines).encode()
    return gzip.compress(text, compresslevel=6, mtime=0) if file_format == "gz" else text


def _buffers(
    events: Iterable[Arrivals], buffering: Buffering, rng: np.random.Generator
) -> Iterator[Arrivals]:
    """Cut the stream of arrivals in buffers, across the borders of hours."""
    held: Arrivals | None = None
    closes = 0
    for arrivals in events:
        held = arrivals if held is None else _join(held, arrivals)
        known_until = int(arrivals.hour.timestamp()) + 3600
        while held is not None:
            wait = rng.integers(buffering.least_seconds, buffering.most_seconds + 1)
            closes = closes or int(held.arrived[0]) + int(wait)
            if closes > known_until:
                break
            full, held = _split(held, closes)
            closes = 0
            yield full
    if held is not None:
        yield held


def _join(one: Arrivals, other: Arrivals) -> Arrivals:
    return Arrivals(
        hour=one.hour,
        arrived=np.concatenate([one.arrived, other.arrived]),
        table=pa.concat_tables([one.table, other.table]),
        lines=one.lines + other.lines,
    )


def _split(arrivals: Arrivals, moment: int) -> tuple[Arrivals, Arrivals | None]:
    """Give what arrived before a moment, which is something, and the rest."""
    rows = int(np.searchsorted(arrivals.arrived, moment))
    if rows == len(arrivals.arrived):
        return arrivals, None
    before = Arrivals(
        hour=arrivals.hour,
        arrived=arrivals.arrived[:rows],
        table=arrivals.table.slice(0, rows),
        lines=tuple(line for line in arrivals.lines if line.arrived < moment),
    )
    rest = Arrivals(
        hour=arrivals.hour,
        arrived=arrivals.arrived[rows:],
        table=arrivals.table.slice(rows),
        lines=tuple(line for line in arrivals.lines if line.arrived >= moment),
    )
    return before, rest


def _all_lines(buffer: Arrivals) -> list[str]:
    """Give the rows as JSON, with the broken lines among them where they arrived."""
    lines = json_lines(buffer.table)
    for broken in reversed(buffer.lines):
        lines.insert(int(np.searchsorted(buffer.arrived, broken.arrived)), broken.text)
    return lines


def _failures(lines: Sequence[RawLine]) -> list[str]:
    return [
        json.dumps(
            {
                "attemptsMade": 1,
                "arrivalTimestamp": line.arrived * 1000,
                "lastErrorCode": "DataFormatConversion.ParseError",
                "lastErrorMessage": "Encountered malformed JSON or a value of another type",
                "rawData": base64.b64encode(line.text.encode()).decode(),
            }
        )
        for line in lines
    ]
