"""The crawl of a published table: it may register what it finds, and change nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from retime import aws
from retime.calendar.partitioning import Partition
from retime.calendar.partitions import partitions_of
from retime.calendar.slices import Slice
from retime.dataset.deployment import Deployment
from retime.dataset.model import Table
from retime.errors import CatalogError
from retime.published.ledger import ledger_of
from retime.published.tables import ensure_table

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import TableTypeDef

_BEHAVIORS = ("UpdateBehavior", "DeleteBehavior")


def check_crawler(crawler: Mapping[str, Any]) -> None:
    """Refuse a crawler that would change or remove what is published.

    Raises:
        CatalogError: one of its two behaviours is not LOG.
    """
    policy = crawler.get("SchemaChangePolicy", {})
    if wrong := {name: policy.get(name) for name in _BEHAVIORS if policy.get(name) != "LOG"}:
        raise CatalogError(
            f"the crawler {crawler['Name']!r} has the SchemaChangePolicy {wrong}, with which it "
            "would overwrite what is published; set both behaviours to LOG, then clear this task"
        )


def check_published(deployment: Deployment, slices: Iterable[Slice]) -> None:
    """See that a crawl left slices of the published table as the run published them.

    Raises:
        CatalogError: it did not; names what it changed and what to do.
    """
    glue, table = deployment.clients.glue, deployment.data_set.published
    ensure_table(glue, deployment.database, table)
    partitions = [p for slice_ in slices for p in partitions_of(slice_, table.grain)]
    check_crawl(glue, deployment.database, table, partitions)


def check_crawl(
    glue: GlueClient, database: str, table: Table, partitions: Iterable[Partition]
) -> None:
    """See that a crawl left a table's partitions as they were published, and made no other table.

    Args:
        glue: the client.
        database: of the table.
        table: the published one, crawled by `table.crawler`.
        partitions: those of the slices that were published.

    Raises:
        CatalogError: partitions are without their ledger, or tables were made.
    """
    found = aws.read_partitions(glue, table.in_catalog(database), partitions)
    odd = ["/".join(map(str, v)) for v, p in found.items() if not ledger_of(p.parameters)]
    if odd:
        raise CatalogError(
            f"the crawler {table.crawler!r} changed or made {len(odd)} partitions of "
            f"{database}.{table.name}, as {', '.join(odd[:3])}; configure it as the docs say, "
            "then build their dates again"
        )
    made = [
        other["Name"]
        for other in aws.list_tables(glue, database)
        if other["Name"] != table.name and _is_crawled(other, table)
    ]
    if made:
        raise CatalogError(
            f"the crawler {table.crawler!r} made the tables {', '.join(sorted(made))} of what is "
            f"below {table.location}; drop them, and configure it as the docs say"
        )


def _is_crawled(other: TableTypeDef, table: Table) -> bool:
    location = other.get("StorageDescriptor", {}).get("Location", "")
    crawler = other.get("Parameters", {}).get("UPDATED_BY_CRAWLER")
    return crawler == table.crawler and location.startswith(table.location)
