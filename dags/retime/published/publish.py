"""Publish a staged and audited slice: its quarantine, and then its events."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.partitioning import Partition
from retime.calendar.partitions import partition_windows
from retime.calendar.slices import Slice
from retime.dataset.deployment import Deployment
from retime.dataset.model import Table
from retime.errors import RunError
from retime.published import plain_folders
from retime.published.facts import describe_table
from retime.published.generations import generation_location
from retime.published.publication import Publication
from retime.published.repoint import repoint_partitions
from retime.published.results import Audited, PartitionCounts, Published, Staged
from retime.published.tables import ensure_table

log = logging.getLogger(__name__)


def publish_slice(
    deployment: Deployment,
    slice_: Slice,
    read: ArrivalWindow,
    landed: tuple[ArrivalWindow, ...],
    staged: Staged,
    quarantined: Staged,
    audited: Audited,
    *,
    run_id: str,
    now: datetime,
) -> Published:
    """Point the published tables at the staged generations; safe to repeat.

    Args:
        deployment: the data set in its environment.
        slice_: what was staged.
        read: the arrival hours that it was staged from.
        landed: those of them that held objects.
        staged: the generation of the events.
        quarantined: the generation of what cannot be used.
        audited: what the audit saw of both.
        run_id: of the run, for the ledger.
        now: the time.

    Raises:
        RunError: a generation is not the one that was audited, or is gone.
        CatalogError: a published table is not as the data set says.
        PublishError: the catalog did not take a change.
        DeleteError: S3 did not delete replaced objects of a table of layout `hive`.
    """
    generations = staged.generation.id, quarantined.generation.id
    if (audited.generation, audited.quarantine_generation) != generations:
        raise RunError("the slice was staged again after its audit; clear the audit")
    data_set = deployment.data_set
    by_arrival = partition_windows(
        slice_,
        data_set.quarantine.grain,
        before=timedelta(0),
        after=timedelta(0),
        period=data_set.raw.period,
    )
    by_event = data_set.windows_of(slice_)
    own = data_set.own_windows_of(slice_)

    def publication(
        table: Table,
        stage: Staged,
        rows: Mapping[Partition, int],
        events: Mapping[Partition, int],
        wanted: Mapping[Partition, ArrivalWindow],
        own: Mapping[Partition, ArrivalWindow],
    ) -> Publication:
        return Publication(
            table=table,
            generation=stage.generation.id,
            location=generation_location(table.generations, stage.generation.id),
            rows=rows,
            events=events,
            wanted=wanted,
            own=own,
            read=read,
            landed=landed,
            fingerprint=stage.generation.fingerprint,
            run_id=run_id,
            query_id=stage.query_id,
        )

    # The quarantine first: once the events are published, what they lack can be looked up.
    _publish(
        deployment,
        publication(
            data_set.quarantine,
            quarantined,
            audited.quarantined,
            audited.quarantined,
            by_arrival,
            by_arrival,
        ),
        now,
    )
    partitions = _publish(
        deployment,
        publication(data_set.published, staged, audited.rows, audited.events, by_event, own),
        now,
    )
    describe_table(deployment, staged.generation.fingerprint)
    return Published(
        slice_=slice_,
        generation=staged.generation.id,
        counts=audited.counts,
        late_beyond=audited.late_beyond,
        partitions=partitions,
        stage_scanned_bytes=staged.scanned_bytes,
        scanned_bytes=staged.scanned_bytes + quarantined.scanned_bytes + audited.scanned_bytes,
    )


def _publish(deployment: Deployment, publication: Publication, now: datetime) -> PartitionCounts:
    clients, database, table = deployment.clients, deployment.database, publication.table
    ensure_table(clients.glue, database, table)
    is_plain = table.layout == "hive"
    publish = plain_folders.replace_folders if is_plain else repoint_partitions
    retention = deployment.data_set.limits.retention
    counts = publish(clients, database, publication, now=now, retention=retention)
    log.info("%s.%s: %s", database, table.name, counts)
    return counts
