"""Marks of what publications left without partitions.

A partition that a build found empty is not in the catalog, and so has no ledger that could keep an
older build from bringing it back. A mark on S3 does, for as long as an older build can come.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from retime import aws
from retime.calendar.partitions import ArrivalWindow
from retime.calendar.slices import Slice
from retime.published.generations import GENERATION, generation_time

# Athena takes no notice of names that begin with an underscore.
_MARKS = "_emptied/"
_MARK = re.compile(rf"{_MARKS}({GENERATION})/(\d+)-(\d+)_read_(\d+)-(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Emptied:
    """A generation, the range of event time in which it left partitions out, and what it read."""

    generation: str
    start: datetime
    end: datetime
    read: ArrivalWindow


def mark_emptied(
    s3: Any, location: str, generation: str, slice_: Slice, read: ArrivalWindow
) -> None:
    """Put on record that a generation has no rows for some partitions of its slice."""
    instants = (slice_.start, slice_.end, read.start, read.end)
    start, end, first, last = (int(instant.timestamp()) for instant in instants)
    aws.put_empty(s3, location, f"{_MARKS}{generation}/{start}-{end}_read_{first}-{last}")


def read_emptied(s3: Any, location: str) -> list[Emptied]:
    """Return all marks of a table."""
    matches = (_MARK.fullmatch(path) for path, _ in aws.list_objects(s3, location, _MARKS))
    return [
        Emptied(
            generation=match[1],
            start=_instant(match[2]),
            end=_instant(match[3]),
            read=ArrivalWindow(start=_instant(match[4]), end=_instant(match[5])),
        )
        for match in matches
        if match
    ]


def remove_marks(s3: Any, location: str, before: datetime) -> None:
    """Remove the marks of generations that were begun before a time."""
    for generation in {mark.generation for mark in read_emptied(s3, location)}:
        if generation_time(generation) < before:
            aws.delete_folder(s3, f"{location}{_MARKS}{generation}/")


def _instant(text: str) -> datetime:
    return datetime.fromtimestamp(int(text), timezone.utc)
