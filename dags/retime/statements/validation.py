"""Have Athena check the statements of a data set, before anything is staged."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from retime import aws
from retime.calendar.arrival_hours import ArrivalWindow
from retime.dataset.column_types import trino_type
from retime.dataset.model import Table
from retime.errors import DataSetError, QueryError, SettingError
from retime.quoting import quote_name
from retime.raw.partitions import need_raw_table
from retime.statements import rendering
from retime.statements.late import Stretch
from retime.statements.templates import Statement, names_line

if TYPE_CHECKING:
    from retime.dataset.deployment import Deployment

_GIVEN = {
    "placed.sql": (
        "see that events.sql gives record, event_time, is_kept, and the columns of "
        "events.deduplicate and events.required"
    ),
    "stage.sql": "see that transform.sql gives event_count and the columns of published.columns",
}
"""What statements of the package take from those of a data set, by their files."""
_PAUSES = 0.1, 2.0
_PATIENCE = 300
"""Seconds between two looks at the queries, at first and at most; and for all of them."""


def validate_statements(deployment: Deployment) -> None:
    """See that Athena can run every statement of a data set. It plans them, and scans nothing.

    Raises:
        DataSetError: it cannot; names the statement, the file and the line.
        CatalogError: the raw table is missing, or is not partitioned as the data set says.
        SettingError: the work group takes no queries.
        QueryError: Athena did not answer; a retry can help.
    """
    statements = _statements(deployment)
    athena = deployment.clients.athena
    queries: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for name, statement in statements.items():
        # In one line: Athena's reasons name lines of the statement.
        explain = f"EXPLAIN {statement}"
        try:
            queries[name] = aws.start_query(
                athena, explain, deployment.database, deployment.workgroup
            )
        except athena.exceptions.InvalidRequestException as error:
            reasons[name] = str(error)
            if not names_line(reasons[name]):  # the statement was not read
                raise SettingError(
                    f"Athena takes no queries in the work group {deployment.workgroup!r}; fix the "
                    f"work group: {error}"
                ) from error
    reasons |= _wait(deployment, queries)
    problems = [
        f"{name}: {_advised(statement.with_place(reasons[name]))}"
        for name, statement in statements.items()
        if reasons[name]
    ]
    if problems:
        raise DataSetError(
            f"Athena cannot run the statements of {deployment.data_set.name!r}; fix its SQL, or "
            "the raw table:\n  " + "\n  ".join(problems)
        )


def _statements(deployment: Deployment) -> Mapping[str, Statement]:
    """The statements of no dates in particular, over staging tables that have no rows."""
    data_set = deployment.data_set
    source = rendering.any_source(data_set, need_raw_table(deployment))
    staging, quarantine = (
        _without_rows(table, table.staged_columns if is_staged else table.columns)
        for table, is_staged in ((data_set.published, True), (data_set.quarantine, False))
    )
    earliest = data_set.events.earliest
    anything = ArrivalWindow(start=earliest, end=earliest + data_set.raw.period)
    stretch = Stretch(number=0, event_start=0, event_end=0, since=0, spans={})
    return {
        "stage": rendering.render_stage(source, ""),
        "quarantine": rendering.render_quarantine(source, ""),
        "audit": rendering.render_audit(source, staging, quarantine),
        "find_late": rendering.render_find_late(
            source, windows=[anything], stretches=[stretch], step=1
        ),
    }


def _advised(reason: str) -> str:
    """A reason with its place, and what to look at if that is in the package's own SQL."""
    for file, what in _GIVEN.items():
        if "COLUMN_NOT_FOUND" in reason and f"/retime/{file}, line" in reason:
            return f"{reason}; {what}"
    return reason


def _without_rows(table: Table, columns: Mapping[str, str]) -> str:
    types = {**columns, **table.key_types}
    values = (f"CAST(NULL AS {trino_type(t)}) AS {quote_name(n)}" for n, t in types.items())
    return f"(SELECT {', '.join(values)} WHERE FALSE)"


def _wait(deployment: Deployment, queries: Mapping[str, str]) -> dict[str, str]:
    """Return why each query failed, or ''."""
    ended: dict[str, str] = {}
    athena = deployment.clients.athena
    pause, longest = _PAUSES
    deadline = time.monotonic() + _PATIENCE
    while len(ended) < len(queries):
        for name, query_id in queries.items():
            if name in ended:
                continue
            status = aws.get_query_status(athena, query_id)
            if status.state == "SUCCEEDED":
                ended[name] = ""
            elif status.state in ("FAILED", "CANCELLED"):
                if not status.is_user_error:
                    raise QueryError(
                        f"the query {query_id}, EXPLAIN of {name}, ended: {status.reason}"
                    )
                ended[name] = status.reason or status.state
        if len(ended) < len(queries):
            if time.monotonic() > deadline:
                for name in queries.keys() - ended.keys():
                    athena.stop_query_execution(QueryExecutionId=queries[name])
                raise QueryError(
                    f"Athena did not plan the statements of {deployment.data_set.name!r} within "
                    f"{_PATIENCE} s; see whether the work group {deployment.workgroup} has a queue"
                )
            time.sleep(pause)
            pause = min(2 * pause, longest)
    return ended
