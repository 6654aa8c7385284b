"""Samples of raw objects: their fields, and lines that are not one JSON object each."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from retime import aws
from retime.dataset.column_types import parse_type
from retime.raw.parquet_schema import parquet_columns

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SAMPLE_BYTES = 256 * 1024
"""How much of an object is read."""

SHOWN = 200
"""How many characters of a line are shown."""

_MAGIC = b"PAR1"
_GZIP = zlib.MAX_WBITS | 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the beginning of an object shows.

    Attributes:
        records: objects of JSON, one of each line that begins with one.
        columns: of Parquet, with their types as the Glue catalog names them.
        lines: how many were looked at.
        blank: how many of them are blank.
        joined: a line that goes on after its first object; '' if there is none.
    """

    records: tuple[Mapping[str, Any], ...] = ()
    columns: Mapping[str, str] | None = None
    lines: int = 0
    blank: int = 0
    joined: str = ""

    def has_field(self, path: str) -> bool:
        """Return whether a record or column has a field, named as `visitor.user_agent`."""
        # Of an array or a map whatever is in it: what matters is whether the column is there.
        steps = path.lower().partition("[")[0].split(".")
        if self.columns is not None:
            columns = {name.lower(): type_ for name, type_ in self.columns.items()}
            return steps[0] in columns and _has_type(columns[steps[0]], steps[1:])
        return any(_has(record, steps) for record in self.records)


def read_sample(s3: S3Client, location: str, path: str, size: int) -> Sample:
    """Return a sample of an object of `size` bytes, by its path below a location."""
    return sample_of(partial(aws.read_bytes, s3, location + path), path, size)


def sample_of(read: Callable[[int, int], bytes], name: str, size: int) -> Sample:
    """Return a sample of a file.

    Args:
        read: gives its bytes from one position up to another, which is not included.
        name: of the file, which says whether lines are compressed.
        size: in bytes.
    """
    end = read(max(0, size - 8), size)
    if end[4:] == _MAGIC:
        footer = size - 8 - int.from_bytes(end[:4], "little")
        return _sample_parquet(read(max(0, footer), size - 8))
    data = read(0, min(size, SAMPLE_BYTES))
    return sample_lines(data, is_whole=size <= SAMPLE_BYTES, is_gzip=name.endswith(".gz"))


def _sample_parquet(footer: bytes) -> Sample:
    try:
        return Sample(columns=parquet_columns(footer))
    except ValueError:
        return Sample()


def sample_lines(data: bytes, *, is_whole: bool, is_gzip: bool) -> Sample:
    """Return a sample of lines.

    Args:
        data: the beginning of an object.
        is_whole: whether it is all of the object.
        is_gzip: whether it is compressed.
    """
    if is_gzip:
        try:
            unpacked = zlib.decompressobj(_GZIP)
            data = unpacked.decompress(data, 4 * SAMPLE_BYTES)
            is_whole = is_whole and unpacked.eof
        except zlib.error:
            return Sample()
    *lines, rest = data.decode("utf-8", errors="replace").split("\n")
    if rest.strip() and (is_whole or not lines):
        lines.append(rest)
    records, joined = [], ""
    for line in lines:
        record, behind = _first_object(line)
        if record is not None:
            records.append(record)
            joined = joined or (line if behind.startswith("{") else "")
    return Sample(
        records=tuple(records),
        lines=len(lines),
        blank=sum(not line.strip() for line in lines),
        joined=joined[:SHOWN],
    )


def _first_object(line: str) -> tuple[dict[str, Any] | None, str]:
    """The object that a line begins with, and what comes after it."""
    text = line.strip().removeprefix("\ufeff")
    if not text.startswith("{"):
        return None, ""
    try:
        record, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None, ""
    return record, text[end:].strip()


def _has_type(text: str, steps: list[str]) -> bool:
    type_ = parse_type(text)
    for step in steps:
        inner = type_.field(step)
        if inner is None:
            return type_.name == "map"
        type_ = inner
    return True


def _has(value: Any, steps: list[str]) -> bool:
    if not steps:
        return True
    if not isinstance(value, dict):
        return False
    return any(_has(inner, steps[1:]) for name, inner in value.items() if name.lower() == steps[0])
