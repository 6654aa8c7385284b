"""Say which values kept a slice from being staged: their columns cannot hold them.

A cast that fails ends the statement at the first such value, in the engine's words and without its
row. So the rows are asked for, when that has happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from retime import aws
from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.slices import Slice
from retime.statements.rendering import render_misfits, slice_source

if TYPE_CHECKING:
    from retime.dataset.deployment import Deployment

_MAX_TEXT = 100


def is_misfit(reason: str) -> bool:
    """Return whether a statement ended, by Athena's reason, at a value that could not be cast."""
    return reason.startswith(("INVALID_CAST_ARGUMENT", "NUMERIC_VALUE_OUT_OF_RANGE"))


def misfits_statement(deployment: Deployment, slice_: Slice, window: ArrivalWindow) -> str:
    """Return the statement that finds rows with values that their columns cannot hold."""
    return render_misfits(slice_source(deployment, slice_, window))


def describe_misfits(deployment: Deployment, query_id: str) -> str:
    """Return the columns, values and rows that the statement found, a line each."""
    columns = deployment.data_set.published.staged_columns
    lines = []
    for row in aws.get_rows(deployment.clients.athena, query_id):
        texts = {name: str(row[name] or "null")[:_MAX_TEXT] for name in columns}
        in_row = ", ".join(f"{name}={text}" for name, text in texts.items())
        lines += [
            f"  {name} is {type_}, which cannot hold {texts[name]}, in the row {in_row}\n"
            for number, (name, type_) in enumerate(columns.items(), 1)
            if row[f"retime_misfit_{number}"] == "true"
        ]
    return "\n" + "".join(lines) if lines else ""
