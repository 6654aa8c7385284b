"""Read data sets from YAML files, and say of each wrong one what is wrong with it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from retime.calendar.slices import Grain
from retime.dataset import values
from retime.dataset.model import (
    QUARANTINE_COLUMNS,
    Columns,
    DataSet,
    Events,
    Raw,
    RunLimits,
    Table,
    overlap,
    overlaps_location,
)
from retime.dataset.yaml_reader import Section, read_file
from retime.errors import DataSetError

_TIME_TYPES = ("int", "bigint", "timestamp")
_GIVEN_NAMES = frozenset(
    {
        *("data_set", "raw", "arrived", "arrival", "start", "end", "look_back", "clock_skew"),
        *("max_lateness", "late_after", "earliest", "required", "key", "latest", "name", "names"),
        *("event_time_column", "partition_keys", "literal", "literals", "epoch", "local_time"),
        *("whole", "number", "string", "instant", "found", "target", "columns", "audits"),
        *("staging", "quarantine_staging", "quarantine_keys"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSets:
    """What include folders hold: the data sets that can run, and what is wrong with the others."""

    right: tuple[DataSet, ...]
    wrong: tuple[DataSetError, ...]


def load_data_sets(includes: Iterable[Path]) -> DataSets:
    """Return the data sets of include folders, in the order of the folders and file names.

    A file that is wrong takes no other with it. Of two files that cannot run beside each other, the
    second is wrong.
    """
    right: dict[Path, DataSet] = {}
    wrong: list[DataSetError] = []
    for path in (p for include in includes for p in sorted((include / "datasets").glob("*.yaml"))):
        try:
            data_set = load_data_set(path)
            for other_path, other in right.items():
                _refuse_conflict(path, data_set, other_path, other)
            right[path] = data_set
        except DataSetError as error:  # noqa: PERF203
            wrong.append(error)
    return DataSets(right=tuple(right.values()), wrong=tuple(wrong))


def _refuse_conflict(path: Path, mine: DataSet, other_path: Path, other: DataSet) -> None:
    """Refuse a data set that has the name of another one, or publishes over its data."""
    if mine.name == other.name:
        raise DataSetError(
            f"{path}: name is {mine.name!r}, which {other_path} has too; give each data set a name "
            "of its own"
        )
    for reader, writer in ((mine, other), (other, mine)):
        for table in writer.tables:
            if overlaps_location(table, reader.raw.location):
                raise DataSetError(
                    f"{path}: {table.name!r} of {writer.name!r} at {table.location!r} overlaps the "
                    f"raw events of {reader.name!r} at {reader.raw.location!r}; publish elsewhere"
                )
    # What one data set publishes, the other would take for unused, and delete.
    for table in mine.tables:
        for taken in other.tables:
            if table.name == taken.name or overlap(table, taken):
                raise DataSetError(
                    f"{path}: {table.name!r} at {table.location!r} overlaps {taken.name!r} at "
                    f"{taken.location!r} of {other.name!r}; give each table a name and a "
                    "location of its own"
                )


def load_data_set(path: Path) -> DataSet:
    """Return the data set that a YAML file describes.

    Raises:
        DataSetError: the file is wrong; names the key, the value and the remedy.
    """
    try:
        return _load(path)
    except DataSetError:
        raise
    except Exception as error:
        # Whatever it is, it must not take the other data sets with it.
        raise DataSetError(f"{path}: cannot be read; fix the file: {error!r}") from error


def _load(path: Path) -> DataSet:
    top = read_file(path)
    data_set = _read(top)
    top.finish()
    _check_columns(top, data_set)
    _check_locations(top, data_set)
    for file in ("events.sql", "transform.sql"):
        if not (data_set.sql / file).is_file():
            raise top.error("name", f"is {data_set.name!r}", f"add the file {data_set.sql / file}")
    return data_set


def _check_columns(top: Section, data_set: DataSet) -> None:
    times = [c for c, type_ in data_set.published.columns.items() if type_ in _TIME_TYPES]
    if data_set.event_time not in times:
        raise top.error(
            "published.event_time",
            f"is {data_set.event_time!r}",
            f"give a column of type {', '.join(_TIME_TYPES)}: {', '.join(times) or 'add one'}",
        )
    for parameter in data_set.parameters:
        if not str(parameter).isidentifier():
            raise top.error(
                "parameters", f"has {parameter!r}", "give names that a template can name"
            )
    if clash := _GIVEN_NAMES & set(data_set.parameters):
        names = ", ".join(sorted(clash))
        raise top.error("parameters", f"has {names}", "give other names: templates have these")


def _check_locations(top: Section, data_set: DataSet) -> None:
    for key, table in (("published", data_set.published), ("quarantine", data_set.quarantine)):
        if overlaps_location(table, data_set.raw.location):
            problem = f"is {table.location!r}, which overlaps that of raw"
            raise top.error(f"{key}.location", problem, "publish elsewhere: raw is never touched")
    if overlap(data_set.published, data_set.quarantine):
        problem = f"is {data_set.quarantine.location!r}, which overlaps that of published"
        raise top.error("quarantine.location", problem, "give each a location of its own")


def _read(top: Section) -> DataSet:
    name = top.take("name", values.data_set_name, "a name of a-z, 0-9 and _, but not retime")
    grain = top.take("grain", values.grain, "hour or day", default="hour")
    published = top.section("published")
    quarantine = top.section("quarantine")
    data_set = DataSet(
        name=name,
        description=top.take("description", values.text, "a sentence"),
        owner=top.take("owner", values.text, "who answers for it", default="airflow"),
        start_date=top.take("start_date", values.calendar_date, "a date, as 2024-03-28"),
        zone=top.take(
            "timezone",
            values.time_zone,
            "an IANA time zone, as Europe/Brussels",
            ZoneInfo("UTC"),
        ),
        raw=_read_raw(top.section("raw")),
        events=_read_events(top.section("events")),
        published=_read_published(published, grain),
        event_time=published.take("event_time", values.identifier, "a column"),
        # By day, or each date would add 24 partitions, nearly all of them empty.
        quarantine=_read_table(quarantine, QUARANTINE_COLUMNS, "day"),
        max_quarantined_percent=quarantine.take(
            "max_percent", values.percent, "0 to 100", default=1.0
        ),
        limits=_read_limits(top.section("run", optional=True)),
        parameters=dict(top.section("parameters", optional=True).values),
        sql=top.path.parent.parent / "sql" / name,
    )
    published.finish()
    quarantine.finish()
    return data_set


def _read_raw(section: Section) -> Raw:
    raw = Raw(
        table=section.take("table", values.identifier, "a table name of a-z, 0-9 and _"),
        location=section.take("location", values.location, "s3://bucket/prefix/"),
        crawler=section.take("crawler", values.text, "the name of a Glue crawler", default=None),
    )
    section.finish()
    return raw


def _read_events(section: Section) -> Events:
    identifiers = partial(values.list_of, read=values.identifier)
    deduplicate = section.section("deduplicate")
    minutes = partial(values.duration, unit="minutes")
    hours = partial(values.duration, unit="hours")
    events = Events(
        required=section.take("required", identifiers, "a list of columns", default=()),
        key=deduplicate.take("by", identifiers, "a list of columns of events.sql"),
        latest=deduplicate.take("latest", identifiers, "a list of columns of events.sql"),
        earliest=section.take("earliest", values.midnight, "a date, as 2010-01-01"),
        look_back=section.take("look_back_minutes", minutes, "minutes", timedelta(0)),
        clock_skew=section.take("clock_skew_minutes", minutes, "minutes", timedelta(minutes=15)),
        max_lateness=section.take("max_lateness_hours", hours, "hours"),
        late_after=section.take("late_after_minutes", minutes, "minutes", timedelta(hours=1)),
    )
    for required, given in (("by", events.key), ("latest", events.latest)):
        if not given:
            raise deduplicate.error(required, "is empty", "name at least one column of events.sql")
    if "event_time" not in events.key:
        remedy = "add event_time: copies of other times may be in another slice"
        raise deduplicate.error("by", f"is {list(events.key)}", remedy)
    deduplicate.finish()
    section.finish()
    return events


def _read_table(section: Section, columns: Columns, grain: Grain) -> Table:
    return Table(
        name=section.take("table", values.identifier, "a table name of a-z, 0-9 and _"),
        location=section.take("location", values.location, "s3://bucket/prefix/"),
        columns=columns,
        grain=grain,
    )


def _read_published(section: Section, grain: Grain) -> Table:
    columns = section.take("columns", values.typed_columns, "a mapping of column to type")
    table = replace(
        _read_table(section, columns, grain),
        layout=section.take("layout", values.layout, "generations or hive", default="generations"),
        crawler=section.take("crawler", values.text, "the name of a Glue crawler", default=None),
    )
    if table.crawler and table.layout != "hive":
        raise section.error(
            "crawler",
            f"is {table.crawler!r}, but the layout is {table.layout}, of which a crawler would "
            "make other tables",
            "remove it, or give layout: hive",
        )
    return table


def _read_limits(section: Section) -> RunLimits:
    hours = partial(values.duration, unit="hours")
    limits = RunLimits(
        max_days=section.take("max_days", values.positive, "a whole number from 1", default=366),
        max_concurrent_slices=section.take(
            "max_concurrent_slices", values.positive, "a whole number from 1", default=2
        ),
        max_active_runs=section.take(
            "max_active_runs", values.positive, "a whole number from 1", default=1
        ),
        arrival_timeout=section.take("arrival_timeout_hours", hours, "hours", timedelta(hours=6)),
        timeout=section.take("timeout_hours", hours, "hours", timedelta(hours=24)),
        retention=section.take(
            "retention_days", values.whole_days, "days from 1", timedelta(days=7)
        ),
    )
    section.finish()
    return limits
