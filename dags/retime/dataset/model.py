"""The values of a data set: what to read, how to distinguish events, where to publish."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from retime.calendar.arrival_hours import ArrivalWindow, arrival_window
from retime.calendar.partitions import Partition, partition_keys, partition_windows
from retime.calendar.slices import Grain, Slice

# Hive's names, as the Glue catalog has them, and Trino's, as Athena casts to them.
# https://docs.aws.amazon.com/athena/latest/ug/data-types.html
TRINO_TYPES = {
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "REAL",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "string": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")

Columns = Mapping[str, str]
"""Column names and their types, in order, as the Glue catalog names them."""

Layout = Literal["generations", "hive"]
"""Where published objects are: in generations, or at `year=/month=/...` below the location."""


EVENT_COUNT = "event_count"
"""A column of staged files only: how many raw events each row was made from."""

QUARANTINE_COLUMNS: Columns = {
    "reason": "string",
    "record": "string",
    "event_time": "bigint",
    "arrival_time": "bigint",
    "source_file": "string",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Where the raw events are; without a `crawler`, Retime registers their hours itself."""

    table: str
    location: str
    crawler: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """How raw events are distinguished and placed in time.

    A daily run builds its date when the arrival hours up to `build_after` the date have landed. A
    date that may get more late events is rebuilt when more than `rebuild_late_percent` of its
    events are waiting.
    """

    required: tuple[str, ...]
    key: tuple[str, ...]
    latest: tuple[str, ...]
    earliest: datetime
    look_back: timedelta
    clock_skew: timedelta
    max_lateness: timedelta
    late_after: timedelta
    build_after: timedelta
    rebuild_late_percent: float

    def window_of(self, slice_: Slice) -> ArrivalWindow:
        """Return the arrival hours in which a slice's events can be."""
        return arrival_window(
            slice_,
            look_back=self.look_back,
            clock_skew=self.clock_skew,
            max_lateness=self.max_lateness,
        )

    def windows_of(self, slice_: Slice, grain: Grain) -> dict[Partition, ArrivalWindow]:
        """Return, for each published partition of a slice, the arrivals that can matter to it."""
        before = self.look_back + self.clock_skew
        return partition_windows(slice_, grain, before=before, after=self.max_lateness)

    def own_windows_of(self, slice_: Slice, grain: Grain) -> dict[Partition, ArrivalWindow]:
        """Return, for each published partition of a slice, the arrivals that can be its events."""
        return partition_windows(slice_, grain, before=self.clock_skew, after=self.max_lateness)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that Retime publishes to: partitions of a grain, at locations of its own.

    A `crawler` crawls it after a publication; only a table of layout `hive` has one.
    """

    name: str
    location: str
    columns: Columns
    grain: Grain
    layout: Layout = "generations"
    crawler: str | None = None

    @property
    def partition_keys(self) -> tuple[str, ...]:
        """The names of its partition keys, coarsest first; all are of type bigint."""
        return partition_keys(self.grain)

    @property
    def staged_columns(self) -> Columns:
        """The columns of staged rows: its own, and of how many raw events each was made."""
        return {**self.columns, EVENT_COUNT: "bigint"}

    @property
    def generations(self) -> str:
        """Where its generations are: below its location, or out of sight of readers of paths."""
        if self.layout == "generations":
            return self.location
        return self.location.removesuffix("/") + "_generations/"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """How much a run may do at once, and how long it may take."""

    max_days: int
    max_concurrent_slices: int
    max_active_runs: int
    arrival_timeout: timedelta
    timeout: timedelta
    retention: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """One data set; `sql` is the folder of its transformation and audits."""

    name: str
    description: str
    owner: str
    start_date: date
    zone: ZoneInfo
    raw: Raw
    events: Events
    published: Table
    event_time: str
    quarantine: Table
    max_quarantined_percent: float
    limits: RunLimits
    parameters: Mapping[str, Any]
    sql: Path

    @property
    def tables(self) -> tuple[Table, Table]:
        """The tables that it publishes to."""
        return self.published, self.quarantine


def trino_type(type_: str) -> str:
    """Return Trino's name of a catalog type: 'int' is INTEGER, 'string' is VARCHAR.

    Raises:
        ValueError: Retime does not publish such a type.
    """
    if match := _DECIMAL.fullmatch(type_):
        # https://docs.aws.amazon.com/athena/latest/ug/data-types.html
        if not 0 <= int(match[2]) <= int(match[1]) <= 38 or not int(match[1]):
            raise ValueError(type_)
        return f"DECIMAL({match[1]}, {match[2]})"
    if type_ not in TRINO_TYPES:
        raise ValueError(type_)
    return TRINO_TYPES[type_]


def overlap(first: Table, second: Table) -> bool:
    """Return whether two tables would write to one place, and so delete there."""
    return any(overlaps_location(second, place) for place in (first.location, first.generations))


def overlaps_location(table: Table, location: str) -> bool:
    """Return whether publishing a table would write below a location, or around it."""
    return any(
        place.startswith(location) or location.startswith(place)
        for place in (table.location, table.generations)
    )
