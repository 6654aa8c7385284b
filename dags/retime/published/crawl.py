"""The crawl of a published table: it may register what it finds, and change nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

from retime import aws
from retime.calendar.partitions import Partition
from retime.dataset.reader import Table
from retime.errors import CatalogError
from retime.published.ledger import ledger_of
from retime.published.publication import partition_values

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


def check_crawl(glue: Any, database: str, table: Table, partitions: Iterable[Partition]) -> None:
    """See that a crawl left a table's partitions as they were published, and made no other table.

    Args:
        glue: the client.
        database: of the table.
        table: the published one, crawled by `table.crawler`.
        partitions: those of the slices that were published.

    Raises:
        CatalogError: partitions are without their ledger, or tables were made.
    """
    values = map(partition_values, partitions)
    records = aws.read_partitions(glue, database, table.name, values)
    odd = ["/".join(v) for v, r in records.items() if not ledger_of(r.get("Parameters", {}))]
    if odd:
        raise CatalogError(
            f"the crawler {table.crawler!r} changed or made {len(odd)} partitions of "
            f"{database}.{table.name}, as {', '.join(odd[:3])}; configure it as the docs tell, "
            "then build their dates again"
        )
    pages = glue.get_paginator("get_tables").paginate(DatabaseName=database)
    made = [
        found["Name"]
        for page in pages
        for found in page["TableList"]
        if found["Name"] != table.name and _is_crawled(found, table)
    ]
    if made:
        raise CatalogError(
            f"the crawler {table.crawler!r} made the tables {', '.join(sorted(made))} of what is "
            f"below {table.location}; drop them, and configure it as the docs tell"
        )


def _is_crawled(found: Mapping[str, Any], table: Table) -> bool:
    location: str = found.get("StorageDescriptor", {}).get("Location", "")
    crawler = found.get("Parameters", {}).get("UPDATED_BY_CRAWLER")
    return crawler == table.crawler and location.startswith(table.location)
