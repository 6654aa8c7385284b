"""Change the ledgers of published partitions, in the lane of publications: one change at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from retime.aws import CatalogPartition
from retime.calendar.partitioning import Partition
from retime.catalog_changes import CatalogChanges, Partitions, make_changes
from retime.dataset.deployment import Deployment
from retime.published.ledger import Ledger, ledger_of

Change = Callable[[CatalogPartition, Ledger], "CatalogPartition | None"]
"""Gives a partition as it is to be; None if it is so already, or is to stay."""


def change_partitions(
    deployment: Deployment, partitions: Iterable[Partition], change: Change
) -> int:
    """Change those of the published partitions that have a ledger; return how many were changed.

    Raises:
        PublishError: the catalog did not take a change; a repetition does what is left.
    """

    def plan(existing: Partitions) -> CatalogChanges:
        built = [(found, ledger_of(found.parameters)) for found in existing.values()]
        changed = [c for found, ledger in built if ledger and (c := change(found, ledger))]
        return CatalogChanges(update=changed)

    table = deployment.data_set.published.in_catalog(deployment.database)
    return len(make_changes(deployment.clients.glue, table, partitions, plan).updated)
