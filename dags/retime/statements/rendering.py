"""Athena SQL from the files of a data set and of the package."""

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import jinja2

from retime.calendar.partitions import ArrivalWindow
from retime.calendar.slices import Slice
from retime.dataset.reader import DataSet, trino_type
from retime.errors import DataSetError
from retime.quoting import quote_literal, quote_name
from retime.statements import macros as fragments
from retime.statements.macros import RawTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What one statement is about; all statements of a slice differ in nothing else."""

    data_set: DataSet
    raw: RawTable
    slice_: Slice
    window: ArrivalWindow


def render_stage(job: Job, target: str) -> str:
    """Return the statement that transforms a slice into a staging table (its quoted name)."""
    return _render(job, "retime/stage.sql", target=target)


def render_quarantine(job: Job, target: str) -> str:
    """Return the statement that puts a slice's unusable records into a staging table."""
    return _render(job, "retime/quarantine.sql", target=target)


def render_audit(job: Job, staging: str, quarantine_staging: str) -> str:
    """Return the one statement that counts a slice's events and runs its audits.

    Its result has the columns kind, name, row_count, key_count, late_count, arrived_count and
    examples; audit.py reads it.
    """
    return _render(
        job,
        "retime/audit.sql",
        staging=staging,
        quarantine_staging=quarantine_staging,
        audits=audit_files(job.data_set),
    )


def audit_files(data_set: DataSet) -> list[dict[str, str]]:
    """Return name and template of every audit of a data set: those of the package, then its own."""
    folders = [(package_sql(), "retime"), (data_set.sql.parent, data_set.sql.name)]
    return [
        {"name": path.stem, "file": f"{folder}/audits/{path.name}"}
        for root, folder in folders
        for path in sorted((root / folder / "audits").glob("*.sql"))
    ]


def fingerprint(job: Job) -> str:
    """Return a hash that changes when the transformation does, and not with the slice."""
    window = ArrivalWindow(start=job.data_set.events.earliest, end=job.data_set.events.earliest)
    any_day = date(2000, 1, 1)
    slice_ = Slice(first_date=any_day, last_date=any_day, zone=job.slice_.zone)
    job = Job(data_set=job.data_set, raw=job.raw, slice_=slice_, window=window)
    return hashlib.sha256(render_stage(job, "target").encode()).hexdigest()[:16]


def package_sql() -> Path:
    """Return the folder of the package's own SQL: include/sql beside dags/, or inside it on MWAA.

    Raises:
        DataSetError: it is in neither place.
    """
    dags = Path(__file__).resolve().parents[2]
    for include in (dags / "include", dags.parent / "include"):
        if (include / "sql" / "retime").is_dir():
            return include / "sql"
    raise DataSetError(f"no include/sql/retime in {dags} or {dags.parent}: deploy include/ there")


def _render(job: Job, template: str, **names: Any) -> str:
    environment = jinja2.Environment(  # noqa: S701 - SQL, not HTML
        loader=jinja2.PrefixLoader(
            {
                "retime": jinja2.FileSystemLoader(package_sql() / "retime"),
                job.data_set.name: jinja2.FileSystemLoader(job.data_set.sql),
            }
        ),
        undefined=jinja2.StrictUndefined,
        trim_blocks=False,
        lstrip_blocks=True,
    )
    try:
        text = environment.get_template(template).render({**_context(job), **names})
    except jinja2.TemplateError as error:
        where = getattr(error, "filename", None) or job.data_set.sql
        raise DataSetError(f"{where}: cannot be rendered; mend the template: {error}") from error
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _context(job: Job) -> dict[str, Any]:
    data_set, events = job.data_set, job.data_set.events
    return {
        **data_set.parameters,
        "data_set": data_set.name,
        "raw": quote_name(job.raw.database, job.raw.name),
        "arrived": fragments.arrived_predicate(job.window, job.raw.keys),
        "arrival": fragments.arrival_columns(job.raw),
        "start": int(job.slice_.start.timestamp()),
        "end": int(job.slice_.end.timestamp()),
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
        "partition_keys": data_set.partition_keys,
        "name": quote_name,
        "names": lambda columns: ", ".join(quote_name(column) for column in columns),
        "literal": quote_literal,
        "literals": lambda values: ", ".join(quote_literal(value) for value in values),
        "epoch": partial(fragments.epoch, {**data_set.published.columns}),
        "local_time": partial(fragments.local_time, data_set.zone.key),
        "whole": partial(fragments.whole, job.raw),
        "number": partial(fragments.number, job.raw),
        "string": partial(fragments.string, job.raw),
        "instant": partial(fragments.instant, job.raw),
        "found": partial(fragments.found, job.raw),
    }
