"""What a publication changes in the catalog, and what it leaves: what is newer, of as much raw."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from retime.aws import Values
from retime.calendar.partitions import ArrivalWindow, Partition, partition_path, partition_spans
from retime.calendar.slices import Grain, Slice
from retime.dataset.reader import Table
from retime.published.emptied import Emptied
from retime.published.ledger import Ledger, ledger_of, other_parameters
from retime.published.tables import storage_descriptor


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A generation of one slice, staged and audited.

    `rows` by partition are the audit's. `wanted` has every partition of the slice, with the
    arrivals that can matter to it; `read` are the arrivals that there were to read.
    """

    generation: str
    location: str
    slice_: Slice
    grain: Grain
    rows: Mapping[Partition, int]
    wanted: Mapping[Partition, ArrivalWindow]
    read: ArrivalWindow
    fingerprint: str
    run_id: str
    query_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a publication does to the catalog; `kept` partitions are built from more, or later.

    What is to be removed is given as it was found.
    """

    create: tuple[Mapping[str, Any], ...]
    update: tuple[Mapping[str, Any], ...]
    remove: Mapping[Values, Mapping[str, Any]]
    kept: tuple[Values, ...]

    @property
    def is_done(self) -> bool:
        """Whether the catalog is already as the change would leave it."""
        return not (self.create or self.update or self.remove)

    @property
    def first(self) -> "Change":
        """The kind of call that is to be made first: what follows is planned again after it."""
        if self.create:
            return replace(self, update=(), remove={})
        if self.update:
            return replace(self, remove={})
        return self


def plan_change(
    table: Table,
    build: Build,
    sizes: Mapping[Partition, int],
    existing: Mapping[Values, Mapping[str, Any]],
    emptied: Iterable[Emptied],
    now: datetime,
) -> Change:
    """Compare a build with the published partitions of its slice, and what others left empty."""
    others = [mark for mark in emptied if mark.generation != build.generation]
    spans = partition_spans(build.slice_, build.grain)
    create, update, kept = [], [], []
    remove: dict[Values, Mapping[str, Any]] = {}
    for partition in build.wanted:
        values = partition_values(partition)
        record = existing.get(values)
        if _is_outdone(build, partition, spans[partition][1], record, others):
            kept.append(values)
        elif partition not in build.rows:
            remove |= {values: record} if record else {}
        elif record is None:
            create.append(_record(table, build, partition, sizes[partition], None, now))
        elif generation_of(record) != build.generation:
            update.append(_record(table, build, partition, sizes[partition], record, now))
    return Change(create=tuple(create), update=tuple(update), remove=remove, kept=tuple(kept))


def partition_values(partition: Partition) -> Values:
    """Return the values of a partition as the catalog has them."""
    return tuple(str(value) for value in partition)


def generation_of(record: Mapping[str, Any]) -> str | None:
    """Return the generation that a partition is published from; None if its ledger tells none."""
    ledger = ledger_of(record.get("Parameters", {}))
    return ledger.generation if ledger else None


def _is_outdone(
    build: Build,
    partition: Partition,
    end: datetime,
    record: Mapping[str, Any] | None,
    others: Iterable[Emptied],
) -> bool:
    """Tell whether what is published, or was removed, was built from more raw or after this one."""
    if record is not None:
        ledger = ledger_of(record.get("Parameters", {}))
        return ledger is not None and _outdoes(ledger.generation, ledger.arrivals, build, partition)
    wanted = build.wanted[partition]
    return any(
        mark.start < end <= mark.end
        and _outdoes(mark.generation, _common(wanted, mark.read), build, partition)
        for mark in others
    )


def _outdoes(generation: str, published: ArrivalWindow, build: Build, partition: Partition) -> bool:
    # What a build does not want it does not lack: a lower max lateness is no reason to keep.
    wanted = build.wanted[partition]
    read = _common(wanted, build.read)
    if published.start < read.start and wanted.start < read.start:
        return True  # raw has expired since
    if published.end > read.end and wanted.end > read.end:
        return True  # raw has landed since
    is_newer = generation > build.generation
    return is_newer and published.start <= read.start and published.end >= read.end


def _common(one: ArrivalWindow, other: ArrivalWindow) -> ArrivalWindow:
    return ArrivalWindow(start=max(one.start, other.start), end=min(one.end, other.end))


def _record(
    table: Table,
    build: Build,
    partition: Partition,
    size: int,
    old: Mapping[str, Any] | None,
    now: datetime,
) -> dict[str, Any]:
    location = build.location + partition_path(partition)
    read = _common(build.wanted[partition], build.read)
    ledger = Ledger(
        generation=build.generation,
        rows=build.rows[partition],
        bytes=size,
        built_from=read.start.isoformat(),
        built_through=read.end.isoformat(),
        fingerprint=build.fingerprint,
        run_id=build.run_id,
        query_id=build.query_id,
        published_at=now.isoformat(timespec="seconds"),
        previous_location=old["StorageDescriptor"]["Location"] if old else "",
    )
    others = other_parameters(old.get("Parameters", {})) if old else {}
    return {
        "Values": list(partition_values(partition)),
        "StorageDescriptor": storage_descriptor(location, table.columns),
        "Parameters": {**others, **ledger.to_parameters()},
    }
