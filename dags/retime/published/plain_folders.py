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
from dataclasses import dataclass, replace
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
_COPY = re.compile(f"({GENERATION})-")
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
    _delete_foreign(clients, table, place, found, _owners(read(publication.wanted).values()))
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
    # After the objects: what was found of another generation than the ledger's is not on its way.
    catalogued = table.in_catalog(database)
    owners = _owners(aws.list_partitions(clients.glue, catalogued))
    return _delete_foreign(clients, catalogued, table, found, owners)


@dataclass(frozen=True, slots=True)
class _Owner:
    """Where a partition lies, the generation that owns the folder there, and the bytes of it."""

    location: str
    generation: str
    size: int

    def foreign(self, objects: Objects) -> list[str] | None:
        """Return the objects of older generations; None if the others are not the owner's, whole.

        Then the ledger is wrong: that of an older generation, say, that was written over a newer
        one, whose objects must not be deleted.
        """
        copies = {name: found[1] for name in objects if (found := _COPY.match(name))}
        others = {name: of for name, of in copies.items() if of != self.generation}
        size = sum(objects[name] for name, of in copies.items() if of == self.generation)
        if others and (size != self.size or max(others.values()) > self.generation):
            return None
        return list(others)


def _owners(partitions: Iterable[aws.CatalogPartition]) -> dict[Partition, _Owner]:
    found = ((p, ledger_of(p.parameters)) for p in partitions)
    return {p.values: _Owner(p.location, of.generation, of.bytes) for p, of in found if of}


def _delete_foreign(
    clients: aws.Clients,
    catalogued: aws.CatalogTable,
    table: Table,
    found: Mapping[Partition, Objects],
    owners: Mapping[Partition, _Owner],
) -> int:
    """Delete what was found before the owners were read, and is of older generations.

    Only copies of ours, which are named after theirs.
    """
    foreign: dict[Partition, list[str]] = {}
    for values, objects in found.items():
        owner = owners.get(values)
        if owner is None or owner.location != _plain(table, values):
            continue
        names = owner.foreign(objects)
        if names is None:
            _warn_if_still(clients, catalogued, table, values)
        elif names:
            foreign[values] = names
    _each(
        lambda each: aws.delete_objects(clients.s3, _plain(table, each[0]), each[1]),
        foreign.items(),
    )
    return sum(map(len, foreign.values()))


def _warn_if_still(
    clients: aws.Clients, catalogued: aws.CatalogTable, table: Table, values: Partition
) -> None:
    """Say that a folder is not as its ledger says, unless it was being published just then."""
    objects = _names_in(clients.s3, table, values)
    read = aws.read_partitions(clients.glue, catalogued, [values])
    owner = _owners(read.values()).get(values)
    if owner and owner.location == _plain(table, values) and owner.foreign(objects) is None:
        log.warning(
            "%s is not as its ledger says, %d bytes of generation %s: build its date again",
            *(owner.location, owner.size, owner.generation),
        )


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
