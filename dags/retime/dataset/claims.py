"""What the file of a data set claims for itself: two that claim one place must not both run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from retime.calendar.partitioning import Partitioning
from retime.dataset import values
from retime.dataset.model import Layout, Table, overlap, overlaps_location


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Where a data set publishes, and where its raw events are, as far as that is readable.

    Also of a file that is wrong: its data is there, and once it is fixed it runs again.
    """

    name: str
    tables: tuple[Table, ...]
    raw_table: str
    raw_location: str | None

    def conflict(self, other: Claims) -> str | None:
        """Return in words what two files claim both, or None."""
        for writer, reader in ((self, other), (other, self)):
            for table in writer.tables:
                if table.name == reader.raw_table:
                    return (
                        f"{table.name!r} of {writer.name!r} is the raw table of {reader.name!r}; "
                        "publish to another table"
                    )
                if reader.raw_location and overlaps_location(table, reader.raw_location):
                    return (
                        f"{table.name!r} of {writer.name!r} at {table.location!r} overlaps the raw "
                        f"events of {reader.name!r} at {reader.raw_location!r}; publish elsewhere"
                    )
        for mine in self.tables:
            for theirs in other.tables:
                if mine.name == theirs.name:
                    return (
                        f"{other.name!r} publishes to the table {mine.name!r} too; give each table "
                        "a name of its own"
                    )
                if overlap(mine, theirs):
                    return (
                        f"{mine.name!r} at {mine.location!r} overlaps {theirs.name!r} at "
                        f"{theirs.location!r} of {other.name!r}; give each table a "
                        "location of its own"
                    )
        return None


def claims_of(given: Mapping[str, Any]) -> Claims:
    """Return what the file of a data set claims, as far as its values can be read."""
    tables = (_table(given.get(key)) for key in ("published", "quarantine"))
    raw = given.get("raw")
    raw = raw if isinstance(raw, Mapping) else {}
    return Claims(
        name=_name(given.get("name")),
        tables=tuple(table for table in tables if table),
        raw_table=_name(raw.get("table")),
        raw_location=_location(raw.get("location")),
    )


def _table(section: Any) -> Table | None:
    location = _location(section.get("location")) if isinstance(section, Mapping) else None
    if location is None:
        return None
    # Of layouts that cannot be read, the one with more places.
    is_plain = section.get("layout", "generations") != "generations"
    layout: Layout = "hive" if is_plain else "generations"
    name = _name(section.get("table"))
    return Table(
        name=name, location=location, columns={}, partitioning=Partitioning(()), layout=layout
    )


def _location(value: Any) -> str | None:
    try:
        return values.location(value)
    except (ValueError, TypeError):
        return None


def _name(value: Any) -> str:
    return str(value).strip()
