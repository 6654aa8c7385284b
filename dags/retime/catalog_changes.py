"""Change records of partitions in the catalog: each is read just before it is written.

An update replaces the whole record, and Glue has no condition for it. So a call that was refused is
not repeated as it was: the records are read again, and what there is to do is planned again, until
nothing is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retime import aws
from retime.aws import CatalogPartition, CatalogTable, PartitionValues
from retime.aws_retries import Backoff, is_passing
from retime.errors import PublishError

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

Partitions = Mapping[PartitionValues, CatalogPartition]
"""Partitions of a table, by their values."""

_ATTEMPTS = 4
# So often without a pause: others may change partitions at the same time.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogChanges:
    """What is to be done to the catalog; `kept` partitions are pinned, from more or later."""

    create: Collection[CatalogPartition] = ()
    update: Collection[CatalogPartition] = ()
    kept: Collection[PartitionValues] = ()

    @property
    def is_done(self) -> bool:
        """Whether the catalog is already as the changes would leave it."""
        return not (self.create or self.update)


Plan = Callable[[Partitions], CatalogChanges]
"""What is to be done, of partitions as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was created and updated, and how the partitions are now."""

    created: Collection[PartitionValues]
    updated: Collection[PartitionValues]
    kept: Collection[PartitionValues]
    partitions: Partitions


def adding(partitions: Collection[CatalogPartition]) -> Plan:
    """Return the plan that a table has some partitions, whatever they are like."""

    def plan(existing: Partitions) -> CatalogChanges:
        return CatalogChanges(create=[p for p in partitions if p.values not in existing])

    return plan


def make_changes(
    glue: GlueClient,
    table: CatalogTable,
    partitions: Iterable[PartitionValues],
    plan: Plan,
) -> Made:
    """Make the changes that a plan makes of partitions as they are, until it has none.

    Safe to repeat and to break off: a repetition does only what is left to do.

    Raises:
        PublishError: the catalog did not take all changes.
    """
    wanted = list(partitions)
    created: set[PartitionValues] = set()
    updated: set[PartitionValues] = set()
    backoff, failures, rounds = Backoff(), 0, 0
    while True:
        read_at = time.monotonic()
        existing = aws.read_partitions(glue, table, wanted)
        changes = plan(existing)
        if changes.is_done:
            return Made(created=created, updated=updated, kept=changes.kept, partitions=existing)
        if changes.create:
            created |= {partition.values for partition in changes.create}
            refused = aws.create_partitions(glue, table, list(changes.create))
            # Of another publication: it is seen when they are read again.
            refused = [each for each in refused if not each.is_there]
        else:
            updated |= {partition.values for partition in changes.update}
            refused = aws.update_partitions(glue, table, list(changes.update), read_at=read_at)
        failures += any(not is_passing(each.code) for each in refused)
        rounds += 1
        is_slow = refused or rounds > _AT_ONCE
        if failures == _ATTEMPTS or (is_slow and not backoff.pause()):
            raise PublishError(
                f"{table}: the catalog did not take all changes; clear this task alone: "
                f"{', '.join(map(str, refused[:3])) or 'others change them all the time'}"
            )
