"""The statement that counts the rows of what a rollback points at."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from retime.calendar.slices import Slice
from retime.published.rollback import Generations, prepare_count
from retime.quoting import quote_name
from retime.raw.table import read_raw_table
from retime.statements.rendering import any_source, render_count_rows
from retime.statements.templates import Statement

if TYPE_CHECKING:
    from retime.dataset.deployment import Deployment


def count_statement(
    deployment: Deployment,
    slice_: Slice,
    generation: str,
    now: datetime,
    wanted: Generations,
    *,
    attempt: str = "",
) -> Statement:
    """Return the statement that counts the rows of a slice's previous generations, by partition.

    Raises:
        RunError: the slice cannot be rolled back.
    """
    data_set, database = deployment.data_set, deployment.database
    raw = read_raw_table(deployment.clients.glue, database, data_set.raw)
    name = prepare_count(deployment, slice_, generation, now, wanted, attempt=attempt)
    return render_count_rows(any_source(data_set, raw), quote_name(database, name))
