"""The layout `hive`: published objects at `year=/month=/...` directly below a table's location.

Readers of the catalog never see a folder whose objects are being replaced: a partition points at
the staged generation first, and back at its own folder when that holds the generation and nothing
else. A retry at any point does what is left. Object names carry their generation, so that the new
can be distinguished from the old.

A publication that was suspended may wake up when a newer one has taken its partitions. A newer one
puts objects into a folder only once the partition points at its own generation: what was listed
before the partition was seen to be ours holds none of them, and can be deleted. A copy that was on
its way then lands beside the newer one's objects: each publication, and each clean-up, deletes what
it finds in a folder of another generation than the ledger's.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from retime import aws
from retime.calendar.partitioning import Partition
from retime.catalog_changes import CatalogChanges, Partitions, make_changes
from retime.dataset.model import Table
from retime.errors import RunError
from retime.published.generations import GENERATION
from retime.published.ledger import ledger_of
from retime.published.publication import Publication, generation_of
from retime.published.repoint import repoint_partitions
from retime.published.results import PartitionCounts

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")
Objects = dict[str, int]
"""The bytes of objects, by their names in a folder."""

_AT_ONCE = 8
_COPY = re.compile(f"{GENERATION}-")
log = logging.getLogger(__name__)

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
    place, table = publication.table, publication.table.in_catalog(database)
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

    def point_back(existing: Partitions) -> CatalogChanges:
        # Another publication may have been faster.
        left = _located_at(publication, existing).items()
        return CatalogChanges(update=[replace(p, location=_plain(place, v)) for v, p in left])

    make_changes(clients.glue, table, staged, point_back)
    folders = _each(partial(_names_in, clients.s3, place), publication.wanted)
    found = dict(zip(publication.wanted, folders, strict=True))
    _delete_foreign(clients.s3, place, found, read(publication.wanted))
    return replace(counts, replaced=len(staged))


def delete_foreign_objects(clients: aws.Clients, database: str, table: Table) -> int:
    """Delete from the plain folders of a table what is not of their ledgers' generations.

    Returns:
        How many objects there were.

    Raises:
        DeleteError: S3 did not delete some.
    """
    found: dict[Partition, Objects] = {}
    for path, size in aws.list_objects(clients.s3, table.location):
        partition = table.partitioning.read_path(path)
        folder = table.partitioning.folder(partition) if partition else ""
        if partition and path.startswith(folder) and not aws.is_hidden(path):
            found.setdefault(partition, {})[path.removeprefix(folder)] = size
    # After the objects, as above.
    catalogued = table.in_catalog(database)
    partitions = {p.values: p for p in aws.list_partitions(clients.glue, catalogued)}
    return _delete_foreign(clients.s3, table, found, partitions)


def _delete_foreign(
    s3: S3Client, table: Table, found: Mapping[Partition, Objects], partitions: Partitions
) -> int:
    """Delete what was found before the partitions were read, and is not of their generations.

    Only copies of ours, which are named after one. A folder that lacks what its ledger says is left
    alone: there the ledger is wrong.
    """
    foreign: dict[Partition, list[str]] = {}
    for values, objects in found.items():
        partition = partitions.get(values)
        ledger = ledger_of(partition.parameters) if partition else None
        if not partition or not ledger or partition.location != _plain(table, values):
            continue
        own = f"{ledger.generation}-"
        names = [name for name in objects if _COPY.match(name) and not name.startswith(own)]
        size = sum(size for name, size in objects.items() if name.startswith(own))
        if names and size == ledger.bytes:
            foreign[values] = names
        elif names:
            log.warning(
                "%s holds %s, but not the %d bytes of generation %s: build its date again",
                *(partition.location, names[0], ledger.bytes, ledger.generation),
            )
    _each(lambda each: aws.delete_objects(s3, _plain(table, each[0]), each[1]), foreign.items())
    return sum(map(len, foreign.values()))


def _names_in(s3: S3Client, table: Table, partition: Partition) -> Objects:
    objects = aws.list_objects(s3, _plain(table, partition))
    return {name: size for name, size in objects if not aws.is_hidden(name)}


def _replace_folder(
    s3: S3Client, publication: Publication, is_ours: OwnershipCheck, partition: Partition
) -> None:
    """Let a partition's plain folder hold the objects of a publication, and no others."""
    source = publication.location + publication.table.partitioning.folder(partition)
    target = _plain(publication.table, partition)
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
    aws.delete_folder(s3, f"{_plain(publication.table, partition)}{publication.generation}-")


def _plain(table: Table, partition: Partition) -> str:
    """The location of a partition's plain folder."""
    return table.location + table.partitioning.folder(partition)


def _each(do: Callable[[Any], T], items: Iterable[Any]) -> list[T]:
    """Do something with every item, a few at once; the first failure is raised."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(do, items))


def _located_at(publication: Publication, partitions: Partitions) -> Partitions:
    """Return those of the partitions that lie in their folder of the staged generation."""
    folder = publication.table.partitioning.folder
    return {
        values: found
        for values, found in partitions.items()
        if found.location == publication.location + folder(values)
    }
