"""The values of a data set: what to read, how to distinguish events, where to publish."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from retime.aws import CatalogTable
from retime.calendar.arrival_hours import HOUR, ArrivalWindow, arrival_window
from retime.calendar.partitioning import Partition, Partitioning
from retime.calendar.partitions import partition_windows
from retime.calendar.slices import Grain, Slice

Columns = Mapping[str, str]
"""Column names and their types, in order, as the Glue catalog names them."""

Layout = Literal["generations", "hive"]
"""Where published objects are: in generations, or at `year=/month=/...` below the location."""


DEFAULT_FOLDERS = "year=%Y/month=%m/day=%d/hour=%H"
"""How raw events are laid out where the data set does not say."""

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
    """Where the raw events are, in folders of arrival time.

    Without a `crawler`, Retime registers the folders itself.
    """

    table: str
    location: str
    crawler: str | None
    partitioning: Partitioning

    @property
    def period(self) -> timedelta:
        """How long the arrivals of a folder are: an hour, or a day."""
        return self.partitioning.period


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that Retime publishes to: partitions of time, at locations of its own.

    A `crawler` crawls it after a publication; only a table of layout `hive` has one.
    """

    name: str
    location: str
    columns: Columns
    partitioning: Partitioning
    layout: Layout = "generations"
    crawler: str | None = None

    @property
    def grain(self) -> Grain:
        """The size of its partitions."""
        return self.partitioning.grain

    @property
    def key_types(self) -> Columns:
        """Its partition keys and their types, in order."""
        return {key.name: key.type for key in self.partitioning.keys}

    def in_catalog(self, database: str) -> CatalogTable:
        """Return the table, as calls to the catalog name it."""
        return CatalogTable(database=database, name=self.name, keys=self.partitioning)

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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
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

    def __repr__(self) -> str:
        # Airflow logs the arguments of callbacks.
        return f"DataSet({self.name!r})"

    @property
    def tables(self) -> tuple[Table, Table]:
        """The tables that it publishes to."""
        return self.published, self.quarantine

    @property
    def max_wait(self) -> timedelta:
        """How long after a date its last arrivals are waited for, at most."""
        return self.events.build_after + self.limits.arrival_timeout + self.raw.period - HOUR

    def window_of(self, slice_: Slice) -> ArrivalWindow:
        """Return the arrivals in which a slice's events can be."""
        return arrival_window(
            slice_,
            look_back=self.events.look_back,
            clock_skew=self.events.clock_skew,
            max_lateness=self.events.max_lateness,
            period=self.raw.period,
        )

    def windows_of(self, slice_: Slice) -> dict[Partition, ArrivalWindow]:
        """Return, for each published partition of a slice, the arrivals that can matter to it."""
        return self._windows_of(slice_, self.events.look_back + self.events.clock_skew)

    def own_windows_of(self, slice_: Slice) -> dict[Partition, ArrivalWindow]:
        """Return, for each published partition of a slice, the arrivals that can be its events."""
        return self._windows_of(slice_, self.events.clock_skew)

    def _windows_of(self, slice_: Slice, before: timedelta) -> dict[Partition, ArrivalWindow]:
        return partition_windows(
            slice_,
            self.published.grain,
            before=before,
            after=self.events.max_lateness,
            period=self.raw.period,
        )


def overlap(first: Table, second: Table) -> bool:
    """Return whether two tables would write to one place, and so delete there."""
    return any(overlaps_location(second, place) for place in (first.location, first.generations))


def overlaps_location(table: Table, location: str) -> bool:
    """Return whether publishing a table would write below a location, or around it."""
    return any(
        place.startswith(location) or location.startswith(place)
        for place in (table.location, table.generations)
    )
