"""Change records of published partitions, in the lane of publications: one change at a time.

An update replaces the whole record of a partition, and Glue has no condition for it. So each record
is read just before it is written, and again until nothing is left to change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from retime import aws
from retime.aws import CatalogPartition
from retime.calendar.partitioning import Partition
from retime.dataset.deployment import Deployment
from retime.errors import PublishError
from retime.published.ledger import Ledger, ledger_of

Change = Callable[[CatalogPartition, Ledger], "CatalogPartition | None"]
"""Gives a partition as it is to be; None if it is so already, or is to stay."""

_ATTEMPTS = 4


def change_partitions(
    deployment: Deployment, partitions: Iterable[Partition], change: Change
) -> int:
    """Change those of the published partitions that have a ledger; return how many were changed.

    Raises:
        PublishError: the catalog did not take a change; a repetition does what is left.
    """
    glue, database = deployment.clients.glue, deployment.database
    table, wanted = deployment.data_set.published.in_catalog(database), list(partitions)
    done: set[Partition] = set()
    refused: list[aws.RefusedPartition] = []
    for _ in range(_ATTEMPTS):
        existing = aws.read_partitions(glue, table, wanted).values()
        built = [(found, ledger_of(found.parameters)) for found in existing]
        changed = [c for found, ledger in built if ledger and (c := change(found, ledger))]
        if not changed:
            return len(done)
        done |= {partition.values for partition in changed}
        refused = aws.update_partitions(glue, table, changed)
    if not refused:
        return len(done)
    raise PublishError(
        f"{table}: the catalog did not take all changes in {_ATTEMPTS} attempts; clear "
        f"this task alone: {', '.join(map(str, refused[:3]))}"
    )
