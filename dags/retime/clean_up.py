"""Remove what attempts left behind and nothing references any more."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from retime import aws
from retime.dataset import Table
from retime.generations import (
    generation_location,
    generation_of_folder,
    generation_of_staging_table,
    generation_time,
)
from retime.ledger import ledger_of


def drop_staging_tables(
    glue: Any, database: str, table: Table, done: Collection[str], before: datetime
) -> int:
    """Drop the staging tables of generations that are done with, or were begun before a time.

    Returns:
        How many were dropped. Their data stays: published partitions point at it.
    """
    pages = glue.get_paginator("get_tables").paginate(
        DatabaseName=database, Expression=f"{table.name}__*"
    )
    names = [entry["Name"] for page in pages for entry in page["TableList"]]
    dropped = 0
    for name in names:
        generation = generation_of_staging_table(table.name, name)
        if generation and (generation in done or generation_time(generation) < before):
            glue.delete_table(DatabaseName=database, Name=name)
            dropped += 1
    return dropped


def delete_generations(
    clients: aws.Clients, database: str, table: Table, *, now: datetime, retention: timedelta
) -> int:
    """Delete the data of generations that no partition has used for the retention time.

    A generation is in use while a published partition lies in it, and for the retention time after
    it was replaced: queries that began before still read it, and a rollback points back to it.

    Returns:
        How many generations were deleted.
    """
    before = now - retention
    old = {
        generation
        for folder in aws.list_folders(clients.s3, table.location)
        if (generation := generation_of_folder(folder)) and generation_time(generation) < before
    }
    if not old:
        return 0
    used = _used_locations(clients.glue, database, table.name, before)
    locations = [generation_location(table.location, generation) for generation in sorted(old)]
    unused = [loc for loc in locations if not any(use.startswith(loc) for use in used)]
    for location in unused:
        aws.delete_folder(clients.s3, location)
    return len(unused)


def _used_locations(glue: Any, database: str, table: str, before: datetime) -> set[str]:
    used: set[str] = set()
    for partition in aws.get_partitions(glue, database, table):
        used.add(partition["StorageDescriptor"]["Location"])
        ledger = ledger_of(partition.get("Parameters", {}))
        if ledger and datetime.fromisoformat(ledger.published_at) >= before:
            used.add(ledger.previous_location)
    return used
