"""Read the audit statement's answer: do the counts reconcile, and are there bad rows?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from retime.calendar.partitions import Partition
from retime.errors import AuditError

Row = Mapping[str, "str | None"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the raw events that a slice read.

    read = published_from + duplicates + filtered + quarantined + too_late + outside. `late` are
    those of the slice that arrived an hour or more after their event time; `arrived` are the
    records whose arrival hour lies in the slice, of which the quarantined ones are a share.
    """

    read: int
    published_from: int
    duplicates: int
    filtered: int
    quarantined: int
    too_late: int
    outside: int
    late: int
    arrived: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The audit of a slice: counts, staged rows by partition, and why it may not be published."""

    counts: Counts
    staged: Mapping[Partition, int]
    quarantined: Mapping[Partition, int]
    failures: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the plain value that goes to the publish task."""
        return {
            "counts": asdict(self.counts),
            "staged": [[*partition, rows] for partition, rows in self.staged.items()],
            "quarantined": [[*partition, rows] for partition, rows in self.quarantined.items()],
        }


def rows_by_partition(value: Sequence[Sequence[int]]) -> dict[Partition, int]:
    """Return what `to_json` made plain lists of: rows by partition."""
    return {tuple(entry[:-1]): entry[-1] for entry in value}


def read_report(rows: Sequence[Row], *, max_quarantined_percent: float) -> Report:
    """Return the report that the rows of the audit statement make."""
    events = {str(row["name"]): row for row in rows if row["kind"] == "events"}
    staged = [row for row in rows if row["kind"] == "staged"]
    quarantined = [row for row in rows if row["kind"] == "quarantined"]
    counts = _count(events, staged, quarantined)
    failures = [
        *_reconcile(counts),
        *_check_not_empty(counts, events),
        *_check_quarantine(counts, max_quarantined_percent),
        *(_describe(row) for row in rows if row["kind"] == "audit" and _number(row, "row_count")),
    ]
    return Report(
        counts=counts,
        staged={_partition(row): _number(row, "row_count") for row in staged},
        quarantined={_partition(row): _number(row, "row_count") for row in quarantined},
        failures=tuple(failures),
    )


def check_report(report: Report, subject: str, *, quarantine: str) -> None:
    """Let a slice pass that may be published; `quarantine` is its staging table of the quarantined.

    Raises:
        AuditError: an audit found bad rows; says which, how many, and shows three.
    """
    if report.failures:
        found = "\n  ".join(report.failures)
        why = f"Why records are in quarantine: column reason of {quarantine}\n"
        raise AuditError(
            f"{subject} did not pass its audits and nothing of it was published:\n  {found}\n"
            f"{why if report.counts.quarantined else ''}"
            "Mend the transformation or the raw data, then clear the slice"
        )


def _count(events: Mapping[str, Row], staged: Sequence[Row], quarantined: Sequence[Row]) -> Counts:
    def total(column: str, *names: str) -> int:
        return sum(_number(events[n], column) for n in names or events if n in events)

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


def _check_not_empty(counts: Counts, events: Mapping[str, Row]) -> list[str]:
    of_slice = sum(_number(events[n], "row_count") for n in ("accepted", "filtered") if n in events)
    if counts.rows or not of_slice:
        return []
    return [f"not_empty: {of_slice} events arrived for the slice, but no row would be published"]


def _check_quarantine(counts: Counts, max_percent: float) -> list[str]:
    if counts.quarantined * 100 <= counts.arrived * max_percent:
        return []
    percent = counts.quarantined * 100 / max(counts.arrived, 1)
    of = f"{counts.quarantined} of {counts.arrived} records that arrived ({percent:.2f} %)"
    limit = f"the {max_percent:g} % of quarantine.max_percent"
    return [f"quarantine_share: {of} cannot be used, more than {limit}"]


def _describe(row: Row) -> str:
    return f"{row['name']}: {row['row_count']} bad rows, for example: {row['examples']}"


def _number(row: Row, column: str) -> int:
    return int(row[column] or 0)


def _partition(row: Row) -> Partition:
    return tuple(int(value) for value in str(row["name"]).split("/"))
