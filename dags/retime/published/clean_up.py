"""Remove what attempts left behind and nothing references any more."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import chain
from typing import TYPE_CHECKING

from retime import aws
from retime.dataset.deployment import Deployment
from retime.dataset.model import Table, overlaps_location
from retime.published.generations import (
    generation_location,
    generation_of_folder,
    generation_of_staging_table,
    generation_time,
)
from retime.published.plain_folders import delete_foreign_objects
from retime.published.tables import has_table

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

# Athena ignores names that begin with an underscore.
_MARKS = "_unused/"
_GRACE = timedelta(hours=1)
_STAMP = "%Y%m%dT%H%M%SZ"
_MARK = re.compile(_MARKS + r"([^/]+)/(\d{8}T\d{6}Z)")


def clean_up(deployment: Deployment, now: datetime) -> dict[str, int]:
    """Drop staging tables, and delete data that nothing uses any more, after the retention time.

    Raises:
        DeleteError: S3 did not delete some objects.
    """
    clients, database = deployment.clients, deployment.database
    retention = deployment.data_set.limits.retention
    dropped = deleted = foreign = 0
    for table in deployment.data_set.tables:
        dropped += drop_staging_tables(clients.glue, database, table, now - retention)
        if has_table(clients.glue, database, table.name):
            deleted += delete_generations(clients, database, table, now=now, retention=retention)
            if table.layout == "hive":
                foreign += delete_foreign_objects(clients, database, table)
    return {
        "staging_tables_dropped": dropped,
        "generations_deleted": deleted,
        "foreign_objects_deleted": foreign,
    }


def drop_staging_tables(glue: GlueClient, database: str, table: Table, before: datetime) -> int:
    """Drop the staging tables of generations that were begun before a time.

    Until then a slice's audit can be cleared and run again.

    Returns:
        How many were dropped. Their data stays: published partitions point at it.
    """
    names = [found["Name"] for found in aws.list_tables(glue, database, f"{table.name}__*")]
    dropped = 0
    for name in names:
        generation = generation_of_staging_table(table.name, name)
        if generation and generation_time(generation) < before:
            # Another run may have dropped it meanwhile.
            with suppress(glue.exceptions.EntityNotFoundException):
                glue.delete_table(DatabaseName=database, Name=name)
                dropped += 1
    return dropped


def delete_generations(
    clients: aws.Clients, database: str, table: Table, *, now: datetime, retention: timedelta
) -> int:
    """Delete the data of generations that no partition has used for the retention time.

    Queries that planned on a generation before it was replaced still read it, and one that is
    being staged is not used yet. So a generation is marked when it is first found unused, and
    deleted when the mark is older than the retention time. A generation that old is not published
    any more; the grace is for a publication under way.

    Returns:
        How many generations were deleted.
    """
    # Those of the other layout stay below the location until their dates are built again.
    places = dict.fromkeys((table.location, table.generations))
    return sum(
        _delete_generations_at(clients, database, replace(table, location=place), now, retention)
        for place in places
    )


def _delete_generations_at(
    clients: aws.Clients, database: str, table: Table, now: datetime, retention: timedelta
) -> int:
    folders = map(generation_of_folder, aws.list_level(clients.s3, table.location, "")[0])
    generations = sorted(generation for generation in folders if generation)
    used = _used_generations(clients.glue, database, table) if generations else set()
    marks = read_marks(clients.s3, table.location)
    deleted = 0
    for generation in generations:
        mark = marks.get(generation)
        if generation in used:
            _remove_mark(clients.s3, table.location, generation, mark)
        elif mark is None:
            path = f"{_MARKS}{generation}/{now:{_STAMP}}"
            aws.put_empty(clients.s3, table.location, path)
        elif mark < now - retention - _GRACE:
            aws.delete_folder(clients.s3, generation_location(table.location, generation))
            _remove_mark(clients.s3, table.location, generation, mark)
            deleted += 1
    return deleted


def _used_generations(glue: GlueClient, database: str, table: Table) -> set[str]:
    """The generations that a published partition lies in, of this table or of another one.

    No other table should be there. But whatever the data sets say, its data is not deleted.
    """
    names, places = {table.name}, []
    for found in aws.list_tables(glue, database):
        place = found.get("StorageDescriptor", {}).get("Location")
        is_staging = generation_of_staging_table(table.name, found["Name"])
        if place and not is_staging and overlaps_location(table, place):
            names.add(found["Name"])
            places.append(place)
    locations = chain(places, *(aws.list_locations(glue, database, name) for name in names))
    folders = (location.removeprefix(table.location).partition("/")[0] for location in locations)
    return {generation for folder in folders if (generation := generation_of_folder(folder))}


def read_marks(s3: S3Client, location: str) -> dict[str, datetime]:
    """Since when each generation that is marked is known to be unused."""
    marks = {}
    for path, _ in aws.list_objects(s3, location, _MARKS):
        if match := _MARK.fullmatch(path):
            when = datetime.strptime(match[2], _STAMP).replace(tzinfo=timezone.utc)
            marks[match[1]] = when
    return marks


def _remove_mark(s3: S3Client, location: str, generation: str, mark: datetime | None) -> None:
    if mark is not None:
        aws.delete_folder(s3, f"{location}{_MARKS}{generation}/")
