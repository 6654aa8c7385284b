"""The layout `hive`: published objects at `year=/month=/...` directly below a table's location.

Readers of the catalog never see a folder whose objects are being replaced: a partition points at
the staged generation first, and back at its own folder when that holds the generation and nothing
else. A retry at any point does what is left. Object names carry their generation, which tells the
new from the old.

A publication that was suspended may wake up when a newer one has taken its partitions. A newer one
puts objects into a folder only once the partition points at its own generation: what was listed
before the partition was seen to be ours holds none of them, and can be deleted.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from retime import aws
from retime.aws import Values
from retime.calendar.partitions import is_hidden, partition_path
from retime.dataset.reader import Table
from retime.errors import PublishError, RunError
from retime.published import publish
from retime.published.publication import Build, Change, generation_of, partition_values

_ATTEMPTS = 4
_AT_ONCE = 8

Records = Mapping[Values, Mapping[str, Any]]
Check = Callable[[Values], bool]


def publish_build(
    clients: aws.Clients,
    database: str,
    table: Table,
    build: Build,
    *,
    now: datetime,
    retention: timedelta,
) -> dict[str, int]:
    """Publish a build as `publish.publish_build` does, and bring its objects to the plain folders.

    Returns:
        What that does, and how many partitions' objects were `replaced`.

    Raises:
        RunError: as there.
        PublishError: as there; a retry can help and is safe.
        DeleteError: S3 did not delete an object of before; the same holds.
    """
    read = partial(aws.read_partitions, clients.glue, database, table.name)
    point = partial(_point, clients.glue, database, table.name)
    wanted = [partition_values(partition) for partition in build.wanted]
    emptied: set[Values] = set()

    def is_ours(values: Values) -> bool:
        return any(generation_of(p) == build.generation for p in read([values]).values())

    def is_unread(values: Values) -> bool:
        records = read([values])
        return not records or bool(_at(build.location, records))

    def apply(change: Change) -> list[str]:
        if not change.remove:
            return publish.apply_change(clients.glue, database, table.name, change)
        # Emptied first, and only then forgotten: of a folder that still holds objects, a crawler
        # makes a partition.
        if failures := point(change.remove, build.location):
            return failures
        _each(partial(_empty, clients.s3, table, is_unread), change.remove)
        emptied.update(change.remove)
        left = _at(build.location, read(change.remove))
        return aws.delete_partitions(clients.glue, database, table.name, list(left))

    done = publish.publish_build(
        clients, database, table, build, now=now, retention=retention, apply=apply
    )
    published = read(wanted)
    staged = _at(build.location, published)
    _each(partial(_replace, clients.s3, table, build, is_ours), staged)
    others = (v for v, record in published.items() if generation_of(record) != build.generation)
    _each(partial(_take_back, clients.s3, table, build), others)
    missing = set(wanted) - published.keys() - emptied
    _each(partial(_empty, clients.s3, table, is_unread), missing)
    failures: list[str] = []
    for _ in range(_ATTEMPTS):
        # Read each time: another publication may have been faster.
        failures = point(_at(build.location, read(staged)), table.location)
        if not failures:
            return {**done, "replaced": len(staged)}
    raise PublishError(
        f"{database}.{table.name}: the catalog did not take back all partitions to "
        f"{table.location} in {_ATTEMPTS} attempts; repeat the publication: {failures[:3]}"
    )


def _replace(s3: Any, table: Table, build: Build, is_ours: Check, values: Values) -> None:
    """Let a partition's plain folder hold the objects of a build, and no others."""
    source, target = build.location + _path(values), table.location + _path(values)
    staged = {
        f"{build.generation}-{path.removesuffix('.parquet')}.parquet": (path, size)
        for path, size in aws.list_objects(s3, source)
        if not is_hidden(path)
    }
    if not staged:
        raise RunError(f"{source} holds no object; clear the slice to stage it again")
    there = dict(aws.list_objects(s3, target))
    for name, (path, size) in staged.items():
        if there.get(name) != size and is_ours(values):
            aws.copy_object(s3, source + path, target + name)
    if is_ours(values):
        old = [path for path in there if path not in staged and not is_hidden(path)]
        aws.delete_objects(s3, target, old)
    else:
        _take_back(s3, table, build, values)


def _take_back(s3: Any, table: Table, build: Build, values: Values) -> None:
    """Delete copies of a build from the plain folder of a partition that another one has taken."""
    location = table.location + _path(values)
    aws.delete_folder(s3, f"{location}{build.generation}-")


def _empty(s3: Any, table: Table, is_unread: Check, values: Values) -> None:
    """Delete the objects of a partition's plain folder."""
    location = table.location + _path(values)
    paths = [path for path, _ in aws.list_objects(s3, location) if not is_hidden(path)]
    if paths and is_unread(values):
        aws.delete_objects(s3, location, paths)


def _each(do: Callable[[Any], None], items: Iterable[Any]) -> None:
    """Do something with every item, a few at once; the first failure is raised."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(do, items):
            pass


def _at(location: str, records: Records) -> Records:
    """Those of the partitions that lie in their folder below a location."""
    return {
        values: record
        for values, record in records.items()
        if record["StorageDescriptor"]["Location"] == location + _path(values)
    }


def _point(glue: Any, database: str, table: str, records: Records, location: str) -> list[str]:
    """Point partitions at their folders below a location, and change nothing else of them."""
    inputs = [
        {
            "Values": list(values),
            "StorageDescriptor": {
                **record["StorageDescriptor"],
                "Location": location + _path(values),
            },
            "Parameters": record.get("Parameters", {}),
        }
        for values, record in records.items()
    ]
    return aws.update_partitions(glue, database, table, inputs)


def _path(values: Values) -> str:
    return partition_path(tuple(int(value) for value in values))
