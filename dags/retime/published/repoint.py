"""Point the published partitions of a slice at a generation."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from retime import aws
from retime.calendar.partitioning import Partition
from retime.catalog_changes import CatalogChanges, Partitions, make_changes
from retime.errors import RunError
from retime.published.generations import generation_time
from retime.published.publication import Publication, generation_of, plan_changes
from retime.published.results import PartitionCounts

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def repoint_partitions(
    clients: aws.Clients,
    database: str,
    publication: Publication,
    *,
    now: datetime,
    retention: timedelta,
) -> PartitionCounts:
    """Give the published table the partitions of a publication; return what was changed.

    Safe to repeat and to break off: each partition is replaced by one record of the catalog.

    Raises:
        RunError: the generation is not what was audited, or is older than the retention time and
            may be deleted any moment.
        PublishError: the catalog did not take a change.
    """
    glue, table = clients.glue, publication.table.in_catalog(database)
    sizes = _staged_sizes(clients.s3, publication)

    def plan(existing: Partitions) -> CatalogChanges:
        changes = plan_changes(publication, sizes, existing, now)
        if not changes.is_done:
            _refuse_old(publication, now, retention)
        return changes

    made = make_changes(glue, table, publication.wanted, plan)
    generations = [generation_of(partition) for partition in made.partitions.values()]
    return PartitionCounts(
        created=len(made.created),
        updated=len(made.updated),
        kept=len(made.kept),
        current=generations.count(publication.generation),
    )


def _refuse_old(publication: Publication, now: datetime, retention: timedelta) -> None:
    if generation_time(publication.generation) < now - retention:
        raise RunError(
            f"generation {publication.generation} is older than {retention}, after which "
            "unpublished files are deleted; clear the slice to stage it again"
        )


def _staged_sizes(s3: S3Client, publication: Publication) -> dict[Partition, int]:
    """The bytes of each partition's files, which must be the partitions that were audited."""
    sizes: dict[Partition, int] = {}
    for path, size in aws.list_objects(s3, publication.location):
        partition = publication.table.partitioning.read_path(path)
        if partition is not None and not aws.is_hidden(path):
            sizes[partition] = sizes.get(partition, 0) + size
    if set(sizes) != set(publication.rows):
        odd = sorted(set(sizes) ^ set(publication.rows))[:3]
        raise RunError(
            f"{publication.location} holds {len(sizes)} partitions, the audit saw "
            f"{len(publication.rows)}; they differ in {odd}: clear the slice to stage it again"
        )
    return sizes
