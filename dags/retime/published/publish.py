"""Publish a staged slice: point the published partitions at its generation."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from retime import aws
from retime.aws import Values
from retime.calendar.partitions import Partition, is_hidden, partition_in_path
from retime.dataset.reader import Table
from retime.errors import PublishError, RunError
from retime.published.emptied import Emptied, mark_emptied, read_emptied
from retime.published.generations import generation_time
from retime.published.publication import Build, Change, partition_values, plan_change

# Creations, updates and removals, each with what the catalog refused three times.
_STEPS = 12


def publish_build(
    clients: aws.Clients,
    database: str,
    table: Table,
    build: Build,
    *,
    now: datetime,
    retention: timedelta,
    apply: Callable[[Change], list[str]] | None = None,
) -> dict[str, int]:
    """Give the published table the partitions of a build; return what was changed, in partitions.

    Safe to repeat and to break off: each partition is replaced by one record of the catalog, and a
    repetition does only what is left to do. `apply` makes a change; else `apply_change` does.

    Raises:
        RunError: the generation is not what was audited, or is older than the retention time and
            may be deleted any moment.
        PublishError: the catalog did not take a change.
    """
    apply = apply or partial(apply_change, clients.glue, database, table.name)
    sizes = _staged_sizes(clients.s3, build)
    if build.wanted.keys() - build.rows.keys():
        # Before the partitions go: a mark too many does no harm.
        mark_emptied(clients.s3, table.generations, build.generation, build.slice_, build.read)
    done: dict[str, set[Values]] = {"created": set(), "updated": set(), "removed": set()}
    failures: list[str] = []
    for _ in range(_STEPS):
        existing, emptied = _read_published(clients, database, table, build)
        change = plan_change(table, build, sizes, existing, emptied, now)
        if change.is_done:
            counts = {name: len(values) for name, values in done.items()}
            return {**counts, "kept": len(change.kept)}
        if generation_time(build.generation) < now - retention:
            raise RunError(
                f"generation {build.generation} is older than {retention}, after which unpublished "
                "files are deleted; clear the slice to stage it again"
            )
        change = change.first
        done["created"] |= {tuple(record["Values"]) for record in change.create}
        done["updated"] |= {tuple(record["Values"]) for record in change.update}
        done["removed"] |= set(change.remove)
        failures = apply(change)
    raise PublishError(
        f"{database}.{table.name}: the catalog did not take all of generation {build.generation} "
        f"in {_STEPS} steps; repeat the publication: {failures[:3]}"
    )


def _read_published(
    clients: aws.Clients, database: str, table: Table, build: Build
) -> tuple[Mapping[Values, Mapping[str, Any]], list[Emptied]]:
    """Return the partitions of a build's slice as they are, and the marks that go with them.

    Another publication may be under way. It marks what it leaves empty before it removes that, so
    the marks are read last; and while they are read, the partitions must not change.
    """
    wanted = [partition_values(partition) for partition in build.wanted]
    existing = aws.read_partitions(clients.glue, database, table.name, wanted)
    while True:
        emptied = read_emptied(clients.s3, table.generations)
        again = aws.read_partitions(clients.glue, database, table.name, wanted)
        if again == existing:
            return existing, emptied
        existing = again


def _staged_sizes(s3: Any, build: Build) -> dict[Partition, int]:
    sizes: dict[Partition, int] = {}
    for path, size in aws.list_objects(s3, build.location):
        partition = partition_in_path(path, build.grain)
        if partition is not None and not is_hidden(path):
            sizes[partition] = sizes.get(partition, 0) + size
    if set(sizes) != set(build.rows):
        odd = sorted(set(sizes) ^ set(build.rows))[:3]
        raise RunError(
            f"{build.location} holds {len(sizes)} partitions, the audit saw {len(build.rows)}; "
            f"they differ in {odd}: clear the slice to stage it again"
        )
    return sizes


def apply_change(glue: Any, database: str, table: str, change: Change) -> list[str]:
    """Make a change in the catalog; return what went wrong, entry by entry."""
    return [
        *aws.create_partitions(glue, database, table, change.create),
        *aws.update_partitions(glue, database, table, change.update),
        *aws.delete_partitions(glue, database, table, list(change.remove)),
    ]
