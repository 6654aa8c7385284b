"""The layout `hive`: published objects at `year=/month=/...` directly below a table's location.

Readers of the catalog never see a folder whose objects are being replaced: a partition points at
the staged generation first, and back at its own folder when that holds the generation and nothing
else. A retry at any point does what is left. Object names carry their generation, so that the new
can be distinguished from the old.

A publication that was suspended may wake up when a newer one has taken its partitions. A newer one
puts objects into a folder only once the partition points at its own generation: what was listed
before the partition was seen to be ours holds none of them, and can be deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from retime import aws
from retime.calendar.partitioning import Partition
from retime.dataset.model import Table
from retime.errors import PublishError, RunError
from retime.published.publication import Partitions, Publication, generation_of
from retime.published.repoint import repoint_partitions
from retime.published.results import PartitionCounts

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

_ATTEMPTS = 4
_AT_ONCE = 8

OwnershipCheck = Callable[[Partition], bool]


def replace_folders(
    clients: aws.Clients,
    database: str,
    publication: Publication,
    *,
    now: datetime,
    retention: timedelta,
) -> PartitionCounts:
    """Publish as `repoint_partitions` does, and bring the objects to the plain folders.

    Returns:
        What that changed, and how many partitions' objects were `replaced`.

    Raises:
        RunError: as there.
        PublishError: as there; a retry can help and is safe.
        DeleteError: S3 did not delete a replaced object; the same holds.
    """
    table = publication.table.in_catalog(database)
    read = partial(aws.read_partitions, clients.glue, table)

    def is_ours(partition: Partition) -> bool:
        found = read([partition]).get(partition)
        return found is not None and generation_of(found) == publication.generation

    counts = repoint_partitions(clients, database, publication, now=now, retention=retention)
    published = read(publication.wanted)
    staged = _located_at(publication, published)
    _each(partial(_replace_folder, clients.s3, publication, is_ours), staged)
    taken = [v for v, found in published.items() if generation_of(found) != publication.generation]
    _each(partial(_take_back, clients.s3, publication), taken)
    refused: list[aws.RefusedPartition] = []
    for _ in range(_ATTEMPTS):
        # Read each time: another publication may have been faster.
        left = _located_at(publication, read(staged))
        refused = _point(clients.glue, table, publication.table, left)
        if not refused:
            return replace(counts, replaced=len(staged))
    raise PublishError(
        f"{table}: the catalog did not take back all partitions to "
        f"{publication.table.location} in {_ATTEMPTS} attempts; repeat the publication: "
        f"{', '.join(map(str, refused[:3]))}"
    )


def _replace_folder(
    s3: S3Client, publication: Publication, is_ours: OwnershipCheck, partition: Partition
) -> None:
    """Let a partition's plain folder hold the objects of a publication, and no others."""
    path = publication.table.partitioning.folder(partition)
    source, target = publication.location + path, publication.table.location + path
    staged = {
        f"{publication.generation}-{name.removesuffix('.parquet')}.parquet": (name, size)
        for name, size in aws.list_objects(s3, source)
        if not aws.is_hidden(name)
    }
    if not staged and publication.rows.get(partition):
        raise RunError(f"{source} holds no object; clear the slice to stage it again")
    there = dict(aws.list_objects(s3, target))
    for name, (staged_name, size) in staged.items():
        if there.get(name) != size and is_ours(partition):
            aws.copy_object(s3, source + staged_name, target + name)
    if is_ours(partition):
        old = [name for name in there if name not in staged and not aws.is_hidden(name)]
        aws.delete_objects(s3, target, old)
    else:
        _take_back(s3, publication, partition)


def _take_back(s3: S3Client, publication: Publication, partition: Partition) -> None:
    """Delete copies of a publication from the folder of a partition that another one has taken."""
    folder = publication.table.location + publication.table.partitioning.folder(partition)
    aws.delete_folder(s3, f"{folder}{publication.generation}-")


def _each(do: Callable[[Any], None], items: Iterable[Any]) -> None:
    """Do something with every item, a few at once; the first failure is raised."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(do, items):
            pass


def _located_at(publication: Publication, partitions: Partitions) -> Partitions:
    """Return those of the partitions that lie in their folder of the staged generation."""
    folder = publication.table.partitioning.folder
    return {
        values: found
        for values, found in partitions.items()
        if found.location == publication.location + folder(values)
    }


def _point(
    glue: GlueClient, table: aws.CatalogTable, place: Table, partitions: Partitions
) -> list[aws.RefusedPartition]:
    """Point partitions at their plain folders, and change nothing else of them."""
    moved = [
        replace(found, location=place.location + place.partitioning.folder(values))
        for values, found in partitions.items()
    ]
    return aws.update_partitions(glue, table, moved)
