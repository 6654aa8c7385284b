"""Optional fields that raw has by now and its table does not: NULL, without a word."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from retime.errors import DataSetError
from retime.raw.landed import LandedHour
from retime.raw.samples import read_sample
from retime.raw.table import read_raw_table
from retime.statements.rendering import any_source, render_stage

if TYPE_CHECKING:
    from retime.dataset.deployment import Deployment


def describe_absent(deployment: Deployment, landed: Mapping[datetime, LandedHour]) -> str | None:
    """Return which optional fields the newest raw object has and the raw table lacks, or None.

    Args:
        deployment: the data set in its environment.
        landed: arrival hours that hold objects.
    """
    data_set, clients = deployment.data_set, deployment.clients
    raw = read_raw_table(clients.glue, deployment.database, data_set.raw)
    # Rendering notes in `raw` which fields it lacks. A template that is wrong fails the slices that
    # it stages, and nothing before them.
    with suppress(DataSetError):
        render_stage(any_source(data_set, raw), "")
    if not raw.absent or not landed:
        return None
    path, size = landed[max(landed)].last
    sample = read_sample(clients.s3, data_set.raw.location, path, size)
    there = sorted(name for name in raw.absent if sample.has_field(name))
    if not there:
        return None
    return (
        f"the raw table {raw.in_catalog} has no column for {', '.join(there)}, which "
        f"{data_set.raw.location}{path} has: read as NULL until the crawler adds it "
        "(SchemaChangePolicy UpdateBehavior UPDATE_IN_DATABASE) or ALTER TABLE ADD COLUMNS does, "
        "and the dates are built again"
    )
