"""What a publication changes in the catalog, and what it keeps: newer builds from as much raw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from retime.aws import CatalogPartition
from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.partitioning import Partition
from retime.catalog_changes import CatalogChanges, Partitions
from retime.dataset.model import Table
from retime.published.ledger import Ledger, ledger_of, other_parameters
from retime.published.tables import storage_descriptor


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A generation of one slice, staged and audited, that is to be published.

    `rows` by partition are the audit's, and `events` the raw events that they were made from; a
    partition without rows is not among them. `wanted` has
    every partition of the slice, with the arrivals that can matter to it; `own` those that can be
    its events, without the look-back. `read` are the arrivals that there were to read, and `landed`
    the hours of them that held objects.
    """

    table: Table
    generation: str
    location: str
    rows: Mapping[Partition, int]
    events: Mapping[Partition, int]
    wanted: Mapping[Partition, ArrivalWindow]
    own: Mapping[Partition, ArrivalWindow]
    read: ArrivalWindow
    landed: tuple[ArrivalWindow, ...]
    fingerprint: str
    run_id: str
    query_id: str

    def read_of(self, partition: Partition) -> ArrivalWindow:
        """Return the arrivals that were read of those that can matter to a partition."""
        return self.wanted[partition].intersect(self.read)

    def is_unbuilt(self, partition: Partition) -> bool:
        """Return whether nothing that can be of a partition has landed, and it has no rows."""
        own = self.own[partition]
        return partition not in self.rows and all(own.intersect(w).is_empty for w in self.landed)


def plan_changes(
    publication: Publication, sizes: Mapping[Partition, int], existing: Partitions, now: datetime
) -> CatalogChanges:
    """Compare a publication with the published partitions of its slice.

    A partition without rows is published too: empty, with its ledger. One of which nothing that can
    hold its events has landed is left as it is.

    Args:
        publication: what is to be published.
        sizes: the bytes of its files, by partition.
        existing: the partitions of the slice that the catalog has.
        now: the time.
    """
    create, update, kept = [], [], []
    for partition in publication.wanted:
        found = existing.get(partition)
        if found is None:
            if not publication.is_unbuilt(partition):
                create.append(_record(publication, partition, sizes, None, now))
        elif publication.is_unbuilt(partition) or _is_outdone(publication, partition, found):
            kept.append(partition)
        elif generation_of(found) != publication.generation:
            update.append(_record(publication, partition, sizes, found, now))
    return CatalogChanges(create=tuple(create), update=tuple(update), kept=tuple(kept))


def generation_of(partition: CatalogPartition) -> str | None:
    """Return the generation that a partition is published from; None if it has no ledger."""
    ledger = ledger_of(partition.parameters)
    return ledger.generation if ledger else None


def _is_outdone(publication: Publication, partition: Partition, found: CatalogPartition) -> bool:
    """Return whether what is published is pinned, from more raw, or built later from as much."""
    ledger = ledger_of(found.parameters)
    if ledger is None:
        return False
    if ledger.is_pinned:
        return ledger.generation != publication.generation
    # What a build does not want it does not lack: a lower max lateness is no reason to keep.
    wanted, read = publication.wanted[partition], publication.read_of(partition)
    built = ledger.arrivals
    if built.start < read.start and wanted.start < read.start:
        return True  # raw has expired since
    if built.end > read.end and wanted.end > read.end:
        return True  # raw has landed since
    is_newer = ledger.generation > publication.generation
    return is_newer and built.start <= read.start and built.end >= read.end


def _record(
    publication: Publication,
    partition: Partition,
    sizes: Mapping[Partition, int],
    found: CatalogPartition | None,
    now: datetime,
) -> CatalogPartition:
    location = publication.location + publication.table.partitioning.folder(partition)
    read = publication.read_of(partition)
    before = ledger_of(found.parameters) if found else None
    ledger = Ledger(
        generation=publication.generation,
        rows=publication.rows.get(partition, 0),
        bytes=sizes.get(partition, 0),
        built_from=read.start.isoformat(),
        built_through=read.end.isoformat(),
        fingerprint=publication.fingerprint,
        run_id=publication.run_id,
        query_id=publication.query_id,
        published_at=now.isoformat(timespec="seconds"),
        previous_location=found.location if found else "",
        events=publication.events.get(partition, 0),
        checked_through=read.end.isoformat(),
        is_settled=read.end >= publication.wanted[partition].end,
        previous=before and replace(before, previous=None),
    )
    others = other_parameters(found.parameters) if found else {}
    return CatalogPartition(
        values=partition,
        location=location,
        storage=storage_descriptor(location, publication.table.columns),
        parameters={**others, **ledger.to_parameters()},
    )
