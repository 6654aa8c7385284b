"""The results of a slice's tasks, as values and as what goes from task to task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from retime.calendar.partitioning import Partition
from retime.calendar.slices import Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A generation that is being staged: its id, and the fingerprint of the SQL that stages it."""

    id: str
    fingerprint: str

    def to_json(self) -> dict[str, Any]:
        """Return the plain value that is kept while the query runs."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Generation:
        """Return what `to_json` made a plain value of."""
        return cls(**value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A generation that was staged, by which query, and what that scanned."""

    generation: Generation
    query_id: str
    scanned_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return the plain value that goes to audit and publish."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Staged:
        """Return what `to_json` made a plain value of."""
        return cls(**{**value, "generation": Generation.from_json(value["generation"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the raw events that a slice read.

    read = published_from + duplicates + filtered + quarantined + too_late + outside. `late` are
    those of the slice that arrived an hour or more after their event time; `arrived` are the
    records whose arrival hour lies in the slice, of which the quarantined ones are a share.
    """

    read: int
    published_from: int
    duplicates: int
    filtered: int
    quarantined: int
    too_late: int
    outside: int
    late: int
    arrived: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LateBeyond:
    """Events that arrived on one date later than the max lateness, by the date they happened."""

    arrived: date
    happened: date
    events: int

    def to_json(self) -> list[Any]:
        """Return the plain value that goes from task to task."""
        return [str(self.arrived), str(self.happened), self.events]

    @classmethod
    def from_json(cls, value: Sequence[Any]) -> LateBeyond:
        """Return what `to_json` made a plain value of."""
        arrived, happened, events = value
        return cls(
            arrived=date.fromisoformat(arrived),
            happened=date.fromisoformat(happened),
            events=events,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """A slice that passed its audits: the two generations, their rows by partition, the counts.

    `events` are the raw events that the rows of each partition were made from.
    """

    generation: str
    quarantine_generation: str
    rows: Mapping[Partition, int]
    events: Mapping[Partition, int]
    quarantined: Mapping[Partition, int]
    late_beyond: tuple[LateBeyond, ...]
    counts: Counts
    scanned_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return the plain value that goes to publish."""
        return {
            "generation": self.generation,
            "quarantine_generation": self.quarantine_generation,
            **{name: _by_list(getattr(self, name)) for name in _BY_PARTITION},
            "late_beyond": [each.to_json() for each in self.late_beyond],
            "counts": asdict(self.counts),
            "scanned_bytes": self.scanned_bytes,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Audited:
        """Return what `to_json` made a plain value of."""
        return cls(
            **{
                **value,
                **{name: _by_partition(value[name]) for name in _BY_PARTITION},
                "late_beyond": _late_beyond(value),
                "counts": Counts(**value["counts"]),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionCounts:
    """What a publication did, in partitions.

    `created` and `updated` are what this try changed. `kept` are from a newer build, or from more
    raw. `current` are of the generation now, whichever try published them. `replaced` are those
    whose objects were brought to their plain folders: layout `hive` only.
    """

    created: int = 0
    updated: int = 0
    kept: int = 0
    current: int = 0
    replaced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A slice that was published: what of, how many partitions it changed, what it scanned."""

    slice_: Slice
    generation: str
    counts: Counts
    late_beyond: tuple[LateBeyond, ...]
    partitions: PartitionCounts
    stage_scanned_bytes: int
    scanned_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return the plain value that goes to the report."""
        return {
            "slice": self.slice_.to_json(),
            "generation": self.generation,
            "counts": asdict(self.counts),
            "late_beyond": [each.to_json() for each in self.late_beyond],
            "partitions": asdict(self.partitions),
            "stage_scanned_bytes": self.stage_scanned_bytes,
            "scanned_bytes": self.scanned_bytes,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Published:
        """Return what `to_json` made a plain value of."""
        return cls(
            slice_=Slice.from_json(value["slice"]),
            generation=value["generation"],
            counts=Counts(**value["counts"]),
            late_beyond=_late_beyond(value),
            partitions=PartitionCounts(**value["partitions"]),
            stage_scanned_bytes=value["stage_scanned_bytes"],
            scanned_bytes=value["scanned_bytes"],
        )


_BY_PARTITION = ("rows", "events", "quarantined")


def _by_list(values: Mapping[Partition, int]) -> list[list[int]]:
    # JSON has no mappings by partition.
    return [[*partition, number] for partition, number in values.items()]


def _late_beyond(value: Mapping[str, Any]) -> tuple[LateBeyond, ...]:
    return tuple(LateBeyond.from_json(each) for each in value["late_beyond"])


def _by_partition(value: Sequence[Sequence[int]]) -> dict[Partition, int]:
    return {tuple(entry[:-1]): entry[-1] for entry in value}
