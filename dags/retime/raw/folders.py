"""What lies in the folders of raw events on S3, and what lies beside them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from retime import aws
from retime.calendar.arrival_hours import ArrivalWindow, span_of
from retime.calendar.partitioning import UNITS, Partition
from retime.dataset.model import Raw

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

_AT_ONCE = 8
_MISFITS = 10
_LOOK = 100
"""How many objects are asked for where one is enough."""


@dataclass(slots=True)
class Strays:
    """Objects that hold data and lie in no folder of the data set's; `paths` are a few of them."""

    paths: list[str] = field(default_factory=list)

    def note(self, path: str) -> None:
        """Note the path of one below the raw location."""
        if not self.is_full and path not in self.paths:
            self.paths.append(path)

    @property
    def is_full(self) -> bool:
        """Whether no more are noted."""
        return len(self.paths) >= _MISFITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An object of raw events: its arrival hour, its folder and its path below the location."""

    hour: datetime
    folder: str
    path: str
    entry: ObjectTypeDef


@dataclass(frozen=True, slots=True)
class _Level:
    """A folder on the way to those of arrival hours; `units` of time are known, and so a `span`."""

    path: str = ""
    depth: int = 0
    units: Partition = ()
    span: ArrivalWindow | None = None


def is_data(path: str, size: int) -> bool:
    """Return whether an object is one that Athena reads: not empty, and not hidden by its name.

    Tools put empty objects where they see folders, and marks of theirs beside the data. Whatever
    lies in a hidden folder is hidden.

    Args:
        path: below the location of the table.
        size: in bytes.
    """
    return size > 0 and not any(part.startswith(("_", ".")) for part in path.split("/"))


def list_arrivals(
    s3: S3Client, raw: Raw, window: ArrivalWindow, strays: Strays | None = None
) -> Iterator[Arrival]:
    """Yield the objects of raw events that landed in a window, in no order.

    Folders are gone through down to those of a day, which are listed whole.

    Args:
        s3: the client.
        raw: where raw events are.
        window: the arrival hours.
        strays: gets what is seen besides.
    """
    return _list(s3, raw, window, _Level(), Strays() if strays is None else strays)


def first_arrivals(
    s3: S3Client, raw: Raw, hour: datetime | None, strays: Strays | None = None
) -> Iterator[datetime]:
    """Yield the first arrival hour that holds raw events: where keys may have any value, of each.

    Args:
        s3: the client.
        raw: where raw events are.
        hour: earlier ones do not count; None if all do.
        strays: gets what is seen besides.
    """
    return _firsts(s3, raw, hour, _Level(), Strays() if strays is None else strays)


def _list(
    s3: S3Client, raw: Raw, window: ArrivalWindow, level: _Level, strays: Strays
) -> Iterator[Arrival]:
    if level.depth == len(raw.partitioning.keys) or len(level.units) >= len(UNITS) - 1:
        yield from _list_flat(s3, raw, window, level, strays)
        return
    inside = [
        each
        for each in _folders(s3, raw, level, strays)
        if each.span is None or not each.span.intersect(window).is_empty
    ]
    if raw.partitioning.keys[level.depth].units:
        for each in inside:
            yield from _list(s3, raw, window, each, strays)
        return
    # There may be many, and their number does not depend on the window.
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for found in pool.map(lambda each: list(_list(s3, raw, window, each, strays)), inside):
            yield from found


def _list_flat(
    s3: S3Client, raw: Raw, window: ArrivalWindow, level: _Level, strays: Strays
) -> Iterator[Arrival]:
    for path, entry in aws.list_entries(s3, raw.location, level.path):
        if not is_data(path, entry["Size"]):
            continue
        partition = raw.partitioning.read_path(path)
        span = partition and span_of(partition)
        if not span:
            strays.note(path)
        elif window.start <= span.start < window.end:
            folder = "/".join(path.split("/")[: len(raw.partitioning.keys)]) + "/"
            yield Arrival(hour=span.start, folder=folder, path=path, entry=entry)


def _firsts(
    s3: S3Client, raw: Raw, hour: datetime | None, level: _Level, strays: Strays
) -> Iterator[datetime]:
    if len(level.units) == len(raw.partitioning.units):
        # Whatever keys are left: an object is enough.
        entries = aws.list_entries(s3, raw.location, level.path, page_size=_LOOK)
        objects = (path for path, entry in entries if is_data(path, entry["Size"]))
        if level.span and any(raw.partitioning.read_path(path) for path in objects):
            yield level.span.start
        return
    is_of_time = bool(raw.partitioning.keys[level.depth].units)
    for each in sorted(_folders(s3, raw, level, strays), key=lambda each: each.units):
        if hour is not None and each.span is not None and each.span.end <= hour:
            continue
        is_empty = True
        for first in _firsts(s3, raw, hour, each, strays):
            is_empty = False
            yield first
        if is_of_time and not is_empty:
            return


def _folders(s3: S3Client, raw: Raw, level: _Level, strays: Strays) -> list[_Level]:
    """The folders of the next key in a folder."""
    key = raw.partitioning.keys[level.depth]
    names, entries = aws.list_level(s3, raw.location, level.path)
    for path, entry in entries:
        if is_data(path, entry["Size"]):
            strays.note(path)
    found = []
    for name in names:
        if name.startswith(("_", ".")):
            continue
        value = key.value(name)
        units = None if value is None else key.read(value)
        path = f"{level.path}{name}/"
        if units is not None:
            whole = (*level.units, *units.values())
            span = span_of(whole) if whole else None
            if span or not whole:
                found.append(_Level(path, level.depth + 1, whole, span))
                continue
        _note_first(s3, raw, path, strays)
    return found


def _note_first(s3: S3Client, raw: Raw, folder: str, strays: Strays) -> None:
    if strays.is_full:
        return
    entries = aws.list_entries(s3, raw.location, folder, page_size=_LOOK)
    if first := next((path for path, entry in entries if is_data(path, entry["Size"])), None):
        strays.note(first)
