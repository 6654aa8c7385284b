"""Change records of partitions in the catalog: each is read just before it is written.

An update replaces the whole record, and Glue has no condition for it. So a call that was refused is
not repeated as it was: the records are read again, and what there is to do is planned again, until
nothing is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from retime import aws
from retime.aws import CatalogPartition, CatalogTable, PartitionValues
from retime.aws_retries import READ_TOO_LONG_AGO, Backoff, is_passing
from retime.errors import PublishError

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

Partitions = Mapping[PartitionValues, CatalogPartition]
"""Partitions of a table, by their values."""

_ATTEMPTS = 4
# Rounds without a pause: others may change partitions at the same time.
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


@dataclass(slots=True, kw_only=True)
class Made:
    """What was created, updated and kept, and how the partitions are now."""

    created: set[PartitionValues] = field(default_factory=set)
    updated: set[PartitionValues] = field(default_factory=set)
    kept: set[PartitionValues] = field(default_factory=set)
    partitions: dict[PartitionValues, CatalogPartition] = field(default_factory=dict)


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
    made = Made()
    wanted = list(partitions)
    # As many as one call takes: what was read of the others would be old when they are written.
    for first in range(0, len(wanted), aws.PARTITIONS_LIMIT):
        _change_some(glue, table, wanted[first : first + aws.PARTITIONS_LIMIT], plan, made)
    return made


def _change_some(
    glue: GlueClient, table: CatalogTable, wanted: list[PartitionValues], plan: Plan, made: Made
) -> None:
    some, backoff, failures, rounds = set(wanted), Backoff(), 0, 0
    while True:
        read_at = time.monotonic()
        existing = aws.read_partitions(glue, table, wanted)
        changes = plan(existing)
        create = [partition for partition in changes.create if partition.values in some]
        update = [partition for partition in changes.update if partition.values in some]
        if not create and not update:
            made.kept |= some.intersection(changes.kept)
            made.partitions |= existing
            return
        if create:
            made.created |= {partition.values for partition in create}
            refused = aws.create_partitions(glue, table, create)
            # Another publication created it; the next read finds it.
            refused = [each for each in refused if not each.is_there]
        else:
            made.updated |= {partition.values for partition in update}
            refused = aws.update_partitions(glue, table, update, read_at=read_at)
        rounds += 1
        failures += any(not is_passing(each.code) for each in refused)
        is_slow = rounds > _AT_ONCE or any(each.code != READ_TOO_LONG_AGO for each in refused)
        if failures == _ATTEMPTS or (is_slow and not backoff.pause()):
            raise PublishError(
                f"{table}: the catalog did not take all changes; clear this task alone: "
                f"{', '.join(map(str, refused[:3])) or 'others change them all the time'}"
            )
