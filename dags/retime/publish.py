"""Publish a staged slice: point the published partitions at its generation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from retime import aws
from retime.aws import Values
from retime.catalog import storage_descriptor
from retime.dataset import Table
from retime.errors import PublishError
from retime.layout import HOUR, Partition, partition_ends, partition_in_path, partition_path
from retime.ledger import Ledger, ledger_of, other_parameters
from retime.slices import Grain, Slice

_ATTEMPTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A generation of one slice, staged and audited; `rows` by partition are the audit's."""

    generation: str
    location: str
    slice_: Slice
    grain: Grain
    rows: Mapping[Partition, int]
    built_through: Mapping[Partition, datetime]
    fingerprint: str
    run_id: str
    query_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a publication does to the catalog; `kept` partitions are built from more, or later."""

    create: tuple[Mapping[str, Any], ...]
    update: tuple[Mapping[str, Any], ...]
    remove: tuple[Values, ...]
    kept: tuple[Values, ...]

    @property
    def is_done(self) -> bool:
        """Whether the catalog is already as the change would leave it."""
        return not (self.create or self.update or self.remove)


def publish_build(
    clients: aws.Clients, database: str, table: Table, build: Build, now: datetime
) -> dict[str, int]:
    """Give the published table the partitions of a build; return what was changed, in partitions.

    Safe to repeat and to break off: each partition is replaced by one record of the catalog, and a
    repetition does only what is left to do.

    Raises:
        PublishError: the generation is not what was audited, or the catalog did not take a change.
    """
    sizes = _staged_sizes(clients.s3, build)
    done: dict[str, set[Values]] = {"created": set(), "updated": set(), "removed": set()}
    failures: list[str] = []
    wanted = [_values(partition) for partition in build.built_through]
    for attempt in range(_ATTEMPTS + 1):
        existing = aws.read_partitions(clients.glue, database, table.name, wanted)
        change = plan_change(table, build, sizes, existing, now)
        if change.is_done:
            counts = {name: len(values) for name, values in done.items()}
            return {**counts, "kept": len(change.kept)}
        done["created"] |= {tuple(record["Values"]) for record in change.create}
        done["updated"] |= {tuple(record["Values"]) for record in change.update}
        done["removed"] |= set(change.remove)
        if attempt == _ATTEMPTS:
            break
        failures = _apply(clients.glue, database, table.name, change)
    raise PublishError(
        f"{database}.{table.name}: the catalog did not take all of generation {build.generation} "
        f"in {_ATTEMPTS} attempts; repeat the publication: {failures[:3]}"
    )


def plan_change(
    table: Table,
    build: Build,
    sizes: Mapping[Partition, int],
    existing: Mapping[Values, Mapping[str, Any]],
    now: datetime,
) -> Change:
    """Compare a build with the published partitions of its slice."""
    newer = _newer(build, existing)
    ends = partition_ends(build.slice_, build.grain)
    create, update, remove, kept = [], [], [], []
    for partition in build.built_through:
        values = _values(partition)
        record = existing.get(values)
        if _is_outdone(build, partition, ends[partition], record, newer):
            kept.append(values)
        elif partition not in build.rows:
            remove += [values] if record else []
        elif record is None:
            create.append(_record(table, build, partition, sizes[partition], None, now))
        elif _generation(record) != build.generation:
            update.append(_record(table, build, partition, sizes[partition], record, now))
    return Change(
        create=tuple(create), update=tuple(update), remove=tuple(remove), kept=tuple(kept)
    )


def built_through(
    slice_: Slice, grain: Grain, last_hour: datetime, lateness: Any
) -> dict[Partition, datetime]:
    """Return, for each partition of a slice, when the arrivals end that a build has read for it.

    Not later than its latest event may arrive, so that two builds that both saw all of it are
    equal, however their dates were cut.
    """
    ends = partition_ends(slice_, grain)
    return {partition: min(last_hour + HOUR, end + lateness) for partition, end in ends.items()}


def _staged_sizes(s3: Any, build: Build) -> dict[Partition, int]:
    sizes: dict[Partition, int] = {}
    for path, size in aws.list_objects(s3, build.location):
        partition = partition_in_path(path, build.grain)
        if partition is not None and not path.rpartition("/")[2].startswith(("_", ".")):
            sizes[partition] = sizes.get(partition, 0) + size
    if set(sizes) != set(build.rows):
        odd = sorted(set(sizes) ^ set(build.rows))[:3]
        raise PublishError(
            f"{build.location} holds {len(sizes)} partitions, the audit saw {len(build.rows)}; "
            f"they differ in {odd}: clear the slice to stage it again"
        )
    return sizes


def _newer(build: Build, existing: Mapping[Values, Mapping[str, Any]]) -> list[Ledger]:
    """The ledgers of existing partitions that stem from a later generation."""
    ledgers = (ledger_of(record.get("Parameters", {})) for record in existing.values())
    return [ledger for ledger in ledgers if ledger and ledger.generation > build.generation]


def _is_outdone(
    build: Build,
    partition: Partition,
    end: datetime,
    record: Mapping[str, Any] | None,
    newer: Iterable[Ledger],
) -> bool:
    """Tell whether what is published, or was removed, was built from more raw or after this one."""
    if record is not None:
        ledger = ledger_of(record.get("Parameters", {}))
        version = build.built_through[partition], build.generation
        return ledger is not None and ledger.version > version
    # A partition that a later generation found empty has no record; its neighbours tell of it.
    return any(ledger.slice_start < end.timestamp() <= ledger.slice_end for ledger in newer)


def _record(
    table: Table,
    build: Build,
    partition: Partition,
    size: int,
    old: Mapping[str, Any] | None,
    now: datetime,
) -> dict[str, Any]:
    location = build.location + partition_path(partition)
    ledger = Ledger(
        generation=build.generation,
        rows=build.rows[partition],
        bytes=size,
        built_through=build.built_through[partition].isoformat(),
        slice_start=int(build.slice_.start.timestamp()),
        slice_end=int(build.slice_.end.timestamp()),
        fingerprint=build.fingerprint,
        run_id=build.run_id,
        query_id=build.query_id,
        published_at=now.isoformat(timespec="seconds"),
        previous_location=old["StorageDescriptor"]["Location"] if old else "",
    )
    others = other_parameters(old.get("Parameters", {})) if old else {}
    return {
        "Values": list(_values(partition)),
        "StorageDescriptor": storage_descriptor(location, table.columns),
        "Parameters": {**others, **ledger.to_parameters()},
    }


def _apply(glue: Any, database: str, table: str, change: Change) -> list[str]:
    return [
        *aws.create_partitions(glue, database, table, change.create),
        *aws.update_partitions(glue, database, table, change.update),
        *aws.delete_partitions(glue, database, table, change.remove),
    ]


def _values(partition: Partition) -> Values:
    return tuple(str(value) for value in partition)


def _generation(record: Mapping[str, Any]) -> str | None:
    ledger = ledger_of(record.get("Parameters", {}))
    return ledger.generation if ledger else None
