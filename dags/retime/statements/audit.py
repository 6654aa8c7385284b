"""Audit a staged slice: do the counts reconcile, and are there bad rows?"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retime import aws
from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.partitioning import DAILY, Partition, Partitioning
from retime.calendar.slices import Slice
from retime.errors import AuditError
from retime.published.generations import staging_table_name
from retime.published.results import Audited, Counts, LateBeyond, Staged
from retime.quoting import quote_name
from retime.raw.landed import list_landed
from retime.raw.lines import describe_blank_lines
from retime.statements.rendering import render_audit, slice_source
from retime.statements.templates import Statement

if TYPE_CHECKING:
    from retime.dataset.deployment import Deployment

log = logging.getLogger(__name__)

Row = Mapping[str, "str | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """The audit of a slice: counts, staged rows and events, and why it may not be published."""

    counts: Counts
    staged: Mapping[Partition, int]
    events: Mapping[Partition, int]
    late_beyond: tuple[LateBeyond, ...]
    quarantined: Mapping[Partition, int]
    failures: tuple[str, ...]


def audit_statement(
    deployment: Deployment,
    slice_: Slice,
    window: ArrivalWindow,
    staged: Staged,
    quarantined: Staged,
) -> Statement:
    """Return the statement that audits the two staging tables of a slice against the raw events."""
    data_set, database = deployment.data_set, deployment.database
    source = slice_source(deployment, slice_, window)
    tables = (
        quote_name(database, staging_table_name(table.name, each.generation.id))
        for table, each in ((data_set.published, staged), (data_set.quarantine, quarantined))
    )
    return render_audit(source, *tables)


def conclude_audit(
    deployment: Deployment,
    slice_: Slice,
    window: ArrivalWindow,
    staged: Staged,
    quarantined: Staged,
    query_id: str,
) -> Audited:
    """Return what the audit statement found.

    Raises:
        AuditError: the slice may not be published; says which audits failed, and shows bad rows.
    """
    data_set, athena = deployment.data_set, deployment.clients.athena
    report = read_report(
        aws.get_rows(athena, query_id),
        data_set.published.partitioning,
        max_quarantined_percent=data_set.max_quarantined_percent,
    )
    quarantine = staging_table_name(data_set.quarantine.name, quarantined.generation.id)
    check_report(report, f"slice {slice_}", quarantine, _find_cause(deployment, report, window))
    return Audited(
        generation=staged.generation.id,
        quarantine_generation=quarantined.generation.id,
        rows=report.staged,
        events=report.events,
        late_beyond=report.late_beyond,
        quarantined=report.quarantined,
        counts=report.counts,
        scanned_bytes=aws.get_scanned_bytes(athena, query_id),
    )


def _find_cause(deployment: Deployment, report: AuditReport, window: ArrivalWindow) -> str:
    """Look into raw for why lines are unreadable, if too many are."""
    if not any(failure.startswith("quarantine_share") for failure in report.failures):
        return ""
    s3, raw = deployment.clients.s3, deployment.data_set.raw
    try:
        found = describe_blank_lines(s3, raw, list_landed(s3, raw, window))
    except Exception:
        log.warning("cannot look into the raw objects for the cause", exc_info=True)
        return ""
    return f"{found}\n" if found else ""


def read_report(
    rows: Sequence[Row], partitioning: Partitioning, *, max_quarantined_percent: float
) -> AuditReport:
    """Return the report that the rows of the audit statement make."""
    events = [row for row in rows if row["kind"] == "events"]
    staged = [row for row in rows if row["kind"] == "staged"]
    quarantined = [row for row in rows if row["kind"] == "quarantined"]
    counts = _count(events, staged, quarantined)
    failures = [
        *_reconcile(counts),
        *_check_not_empty(counts, events),
        *_check_quarantine(counts, max_quarantined_percent, rows),
        *(_describe(row) for row in rows if row["kind"] == "audit" and _number(row, "row_count")),
    ]
    return AuditReport(
        counts=counts,
        staged={_partition(partitioning, row): _number(row, "row_count") for row in staged},
        events={_partition(partitioning, row): _number(row, "key_count") for row in staged},
        late_beyond=tuple(_beyond(row) for row in events if row["examples"]),
        quarantined={_partition(DAILY, row): _number(row, "row_count") for row in quarantined},
        failures=tuple(failures),
    )


def check_report(report: AuditReport, subject: str, quarantine: str, cause: str) -> None:
    """Let a slice pass that may be published.

    Args:
        report: of its audit.
        subject: what to call it.
        quarantine: its staging table of quarantine.
        cause: what raw shows of the failures; '' if nothing.

    Raises:
        AuditError: an audit found bad rows; says which, how many, and shows three.
    """
    if report.failures:
        found = "\n  ".join(report.failures)
        why = f"All of what is in quarantine: {quarantine}\n"
        raise AuditError(
            f"{subject} did not pass its audits and nothing of it was published:\n  {found}\n"
            f"{why if report.counts.quarantined else ''}{cause}"
            "Fix the transformation or the raw data, then clear the slice"
        )


def _count(events: Sequence[Row], staged: Sequence[Row], quarantined: Sequence[Row]) -> Counts:
    def total(column: str, *names: str) -> int:
        return sum(_number(row, column) for row in events if not names or row["name"] in names)

    return Counts(
        read=total("row_count"),
        published_from=sum(_number(row, "key_count") for row in staged),
        duplicates=total("row_count", "accepted") - total("key_count", "accepted"),
        filtered=total("row_count", "filtered"),
        quarantined=sum(_number(row, "row_count") for row in quarantined),
        too_late=total("row_count", "too_late"),
        outside=total("row_count", "outside"),
        late=total("late_count", "accepted", "filtered"),
        arrived=total("arrived_count"),
        rows=sum(_number(row, "row_count") for row in staged),
    )


def _reconcile(counts: Counts) -> list[str]:
    """Compare the raw events read with what was staged of them and set aside: contract 6."""
    parts = {
        "published from": counts.published_from,
        "duplicates": counts.duplicates,
        "filtered": counts.filtered,
        "quarantined": counts.quarantined,
        "too late": counts.too_late,
        "outside the slice": counts.outside,
    }
    if sum(parts.values()) == counts.read:
        return []
    listed = " + ".join(f"{number} {name}" for name, number in parts.items())
    hint = "the transformation loses or doubles events, or raw data landed meanwhile"
    total = sum(parts.values())
    return [f"counts_reconcile: {counts.read} events read, but {listed} = {total}; {hint}"]


def _check_not_empty(counts: Counts, events: Sequence[Row]) -> list[str]:
    of_slice = sum(
        _number(row, "row_count") for row in events if row["name"] in ("accepted", "filtered")
    )
    if counts.rows or not of_slice:
        return []
    return [f"not_empty: {of_slice} events arrived for the slice, but no row would be published"]


def _check_quarantine(counts: Counts, max_percent: float, rows: Sequence[Row]) -> list[str]:
    if counts.quarantined * 100 <= counts.arrived * max_percent:
        return []
    percent = counts.quarantined * 100 / max(counts.arrived, 1)
    of = f"{counts.quarantined} of {counts.arrived} records that arrived ({percent:.2f} %)"
    limit = f"the {max_percent:g} % of quarantine.max_percent"
    reasons = (
        f"\n    {row['name']}: {row['row_count']}, for example: {row['examples']}"
        for row in sorted(rows, key=lambda row: (-_number(row, "row_count"), str(row["name"])))
        if row["kind"] == "reason"
    )
    return [f"quarantine_share: {of} cannot be used, more than {limit}:{''.join(reasons)}"]


def _describe(row: Row) -> str:
    return f"{row['name']}: {row['row_count']} bad rows, for example: {row['examples']}"


def _beyond(row: Row) -> LateBeyond:
    arrived, happened = str(row["examples"]).split("/")
    return LateBeyond.from_json([arrived, happened, _number(row, "row_count")])


def _number(row: Row, column: str) -> int:
    return int(row[column] or 0)


def _partition(partitioning: Partitioning, row: Row) -> Partition:
    partition = partitioning.read(str(row["name"]).split("/"))
    if partition is None:
        raise AuditError(f"rows were staged for {row['name']}, which is no partition of time")
    return partition
