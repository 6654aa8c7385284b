"""Stage a slice: a generation of its own, in a table and at a location that nobody used before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retime import aws
from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.slices import Slice
from retime.published.generations import generation_location, staging_table_name
from retime.published.results import Generation, Staged
from retime.published.tables import create_staging_table
from retime.quoting import quote_name
from retime.raw.landed import check_still_there
from retime.raw.lines import check_lines
from retime.statements.rendering import (
    SliceSource,
    fingerprint,
    render_quarantine,
    render_stage,
    slice_source,
)
from retime.statements.templates import Statement

if TYPE_CHECKING:
    from retime.dataset.deployment import Deployment


def stage_statement(
    deployment: Deployment,
    slice_: Slice,
    window: ArrivalWindow,
    target: str,
    *,
    is_quarantine: bool,
) -> Statement:
    """Return the statement that writes a slice into a staging table, `target` in its database.

    Raises:
        CatalogError: the raw table is missing, or is not partitioned as the data set says.
        DataSetError: a template of the data set is wrong.
    """
    source = slice_source(deployment, slice_, window)
    return _statement(deployment, source, target, is_quarantine=is_quarantine)


def begin_stage(
    deployment: Deployment,
    slice_: Slice,
    window: ArrivalWindow,
    generation: str,
    *,
    is_quarantine: bool,
    attempt: str = "",
) -> tuple[Statement, Generation]:
    """Create the staging table of a generation; return the statement that writes it, and what of.

    Args:
        deployment: the data set in its environment.
        slice_: what to stage.
        window: the arrival hours to read.
        generation: a new one.
        is_quarantine: whether to stage what cannot be used, instead of the transformed events.
        attempt: what `find_generation` will find the staging table by.

    Raises:
        RunError: raw events that the slice was planned on have expired or been archived, or lines
            of them have more than one JSON object.
        CatalogError: the raw table is missing, or is not partitioned by arrival hour.
        DataSetError: a template of the data set is wrong.
    """
    landed = check_still_there(deployment, window)
    data_set, glue = deployment.data_set, deployment.clients.glue
    source = slice_source(deployment, slice_, window)
    if source.raw.is_json and not is_quarantine:
        check_lines(deployment.clients.s3, data_set.raw, landed)
    table = data_set.quarantine if is_quarantine else data_set.published
    name = staging_table_name(table.name, generation)
    statement = _statement(deployment, source, name, is_quarantine=is_quarantine)
    location = generation_location(table.generations, generation)
    columns = table.columns if is_quarantine else table.staged_columns
    create_staging_table(
        glue, deployment.database, name, location, columns, table.partitioning, attempt=attempt
    )
    # Of the SQL that is asked, which a deployment may change before it is published.
    return statement, Generation(id=generation, fingerprint=fingerprint(source))


def conclude_stage(deployment: Deployment, generation: Generation, query_id: str) -> Staged:
    """Return what a statement staged that has succeeded."""
    scanned = aws.get_scanned_bytes(deployment.clients.athena, query_id)
    return Staged(generation=generation, query_id=query_id, scanned_bytes=scanned)


def _statement(
    deployment: Deployment, source: SliceSource, target: str, *, is_quarantine: bool
) -> Statement:
    render = render_quarantine if is_quarantine else render_stage
    return render(source, quote_name(deployment.database, target))
