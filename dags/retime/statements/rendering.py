"""Athena SQL from the files of a data set and of the package."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.slices import Slice
from retime.dataset.column_types import parse_type, trino_type
from retime.dataset.model import DataSet
from retime.errors import DataSetError
from retime.quoting import quote_literal, quote_name
from retime.raw.table import RawTable, read_raw_table
from retime.statements import fields, macros
from retime.statements.templates import Statement, render

if TYPE_CHECKING:
    from retime.dataset.deployment import Deployment


_FIELD_MACROS = (
    fields.field,
    fields.whole,
    fields.number,
    fields.string,
    fields.instant,
    fields.found,
    fields.event_time_iso8601,
    fields.event_time_timestamp,
    fields.event_time_seconds,
    fields.event_time_millis,
    fields.event_time_micros,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceSource:
    """What the statements of a slice read: event times, and arrival hours of a raw table."""

    data_set: DataSet
    raw: RawTable
    slice_: Slice
    window: ArrivalWindow


def render_stage(source: SliceSource, target: str) -> Statement:
    """Return the statement that transforms a slice into a staging table (its quoted name)."""
    return _render(source, "retime/stage.sql", target=target)


def render_quarantine(source: SliceSource, target: str) -> Statement:
    """Return the statement that puts a slice's unusable records into a staging table."""
    return _render(source, "retime/quarantine.sql", target=target)


def render_misfits(source: SliceSource) -> Statement:
    """Return the statement that finds rows of a slice whose values their columns cannot hold.

    Its result has each published column and event_count as text, and of the first, second and so
    on a boolean retime_misfit_1, retime_misfit_2 and so on.
    """
    types = source.data_set.published.staged_columns
    texts = {
        name: fields.try_text(quote_name(name), parse_type(type_)) for name, type_ in types.items()
    }
    return _render(source, "retime/misfits.sql", texts=texts)


def render_count_rows(source: SliceSource, target: str) -> Statement:
    """Return the statement that counts a table's rows by partition (its quoted name)."""
    return _render(source, "retime/count_rows.sql", target=target)


def render_audit(source: SliceSource, staging: str, quarantine_staging: str) -> Statement:
    """Return the one statement that counts a slice's events and runs its audits.

    Its result has the columns kind, name, row_count, key_count, late_count, arrived_count and
    examples; audit.py reads it.
    """
    return _render(
        source,
        "retime/audit.sql",
        staging=staging,
        quarantine_staging=quarantine_staging,
        audits=audit_files(source.data_set),
    )


def render_find_late(
    source: SliceSource,
    *,
    windows: Iterable[ArrivalWindow],
    stretches: Sequence[Any],
    step: int,
) -> Statement:
    """Return the statement that counts late events by stretch and step of event time.

    Args:
        source: of no slice in particular.
        windows: the arrival hours to read.
        stretches: late.py's.
        step: seconds.
    """
    terms = [macros.arrived_predicate(window, source.raw.partitioning) for window in windows]
    return _render(
        source,
        "retime/find_late.sql",
        arrived="(" + " OR ".join(terms) + ")",
        late_stretches=stretches,
        late_step=step,
    )


def audit_files(data_set: DataSet) -> list[dict[str, str]]:
    """Return name and template of every audit of a data set: those of the package, then its own."""
    folders = [(package_sql(), "retime"), (data_set.sql.parent, data_set.sql.name)]
    return [
        {"name": path.stem, "file": f"{folder}/audits/{path.name}"}
        for root, folder in folders
        for path in sorted((root / folder / "audits").glob("*.sql"))
    ]


def fingerprint(source: SliceSource) -> str:
    """Return a hash that changes when the transformation does, and not with the slice."""
    statement = render_stage(any_source(source.data_set, source.raw), "target")
    return hashlib.sha256(statement.encode()).hexdigest()[:16]


def slice_source(deployment: Deployment, slice_: Slice, window: ArrivalWindow) -> SliceSource:
    """Return what the statements of a slice read in an environment.

    Raises:
        CatalogError: the raw table is missing, or is not partitioned by arrival hour.
    """
    data_set = deployment.data_set
    raw = read_raw_table(deployment.clients.glue, deployment.database, data_set.raw)
    return SliceSource(data_set=data_set, raw=raw, slice_=slice_, window=window)


def any_source(data_set: DataSet, raw: RawTable) -> SliceSource:
    """Return a source of no slice in particular: what is rendered of it depends on no dates."""
    any_day, earliest = date(2000, 1, 1), data_set.events.earliest
    return SliceSource(
        data_set=data_set,
        raw=raw,
        slice_=Slice(first_date=any_day, last_date=any_day, zone=data_set.zone),
        window=ArrivalWindow(start=earliest, end=earliest),
    )


def package_sql() -> Path:
    """Return the folder of the package's own SQL.

    It is in include/sql beside dags/; inside dags/ on MWAA; or in the package where pip installed
    it.

    Raises:
        DataSetError: it is in none of these places.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package.parent, package.parent.parent, package):
        if (folder / "include" / "sql" / "retime").is_dir():
            return folder / "include" / "sql"
    raise DataSetError(
        f"there is no include/sql/retime in {package.parent} or {package.parent.parent}; deploy "
        "include/ there"
    )


def _render(source: SliceSource, template: str, **names: Any) -> Statement:
    data_set = source.data_set
    folders = {"retime": package_sql() / "retime", data_set.name: data_set.sql}
    return render(folders, template, {**_context(source), **names}, data_set.name)


def _context(source: SliceSource) -> dict[str, Any]:
    data_set, events = source.data_set, source.data_set.events
    return {
        **data_set.parameters,
        "data_set": data_set.name,
        "raw": quote_name(source.raw.database, source.raw.name),
        "arrived": macros.arrived_predicate(source.window, source.raw.partitioning),
        "arrival": macros.arrival_columns(source.raw),
        "start": int(source.slice_.start.timestamp()),
        "end": int(source.slice_.end.timestamp()),
        "look_back": int(events.look_back.total_seconds()),
        "clock_skew": int(events.clock_skew.total_seconds()),
        "max_lateness": int(events.max_lateness.total_seconds()),
        "late_after": int(events.late_after.total_seconds()),
        "earliest": int(events.earliest.timestamp()),
        "required": dict.fromkeys(c for c in (*events.key, *events.required) if c != "event_time"),
        "key": events.key,
        "latest": events.latest,
        "event_time_column": data_set.event_time,
        "columns": [(name, trino_type(t)) for name, t in data_set.published.columns.items()],
        "partition_keys": data_set.published.partitioning.names,
        "quarantine_keys": data_set.quarantine.partitioning.names,
        "partition_value": partial(macros.partition_value, data_set.published.partitioning),
        "arrival_seconds": int(data_set.raw.period.total_seconds()),
        "name": quote_name,
        "names": lambda columns: ", ".join(quote_name(column) for column in columns),
        "literal": quote_literal,
        "literals": lambda values: ", ".join(quote_literal(value) for value in values),
        "epoch": partial(macros.epoch, data_set.published.columns),
        "local_time": partial(macros.local_time, data_set.zone.key),
        "date_text": partial(macros.date_text, data_set.zone.key),
        **{macro.__name__: partial(macro, source.raw) for macro in _FIELD_MACROS},
    }
