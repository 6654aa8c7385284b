"""A data set: what to read, how to transform it, where to publish; one YAML file each."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from retime.calendar.partitions import partition_keys
from retime.calendar.slices import Grain
from retime.dataset.yaml_reader import Section, read_file
from retime.errors import DataSetError

# Hive's names, as the Glue catalog has them, and Trino's, as Athena casts to them.
# https://docs.aws.amazon.com/athena/latest/ug/data-types.html
TRINO_TYPES = {
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "REAL",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "string": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*")
_LOCATION = re.compile(r"s3://[\w.${}-]+/[\w.=${}/-]+/")
_SETTING = re.compile(r"\$\{[a-z_]+\}")
Columns = Mapping[str, str]
"""Column names and their types, in order, as the Glue catalog names them."""

Layout = Literal["generations", "hive"]
"""Where published objects are: in generations, or at `year=/month=/...` below the location."""

_TIME_TYPES = ("int", "bigint", "timestamp")
_GIVEN_NAMES = frozenset(
    {
        *("data_set", "raw", "arrived", "arrival", "start", "end", "look_back", "clock_skew"),
        *("max_lateness", "late_after", "earliest", "required", "key", "latest", "name", "names"),
        *("event_time_column", "partition_keys", "literal", "literals", "epoch", "local_time"),
        *("whole", "number", "string", "instant", "found", "target", "columns", "audits"),
        *("staging", "quarantine_staging"),
    }
)

EVENT_COUNT = "event_count"
"""A column of staged files only: how many raw events each row was made from."""

QUARANTINE_COLUMNS: Columns = {
    "reason": "string",
    "record": "string",
    "event_time": "bigint",
    "arrival_time": "bigint",
    "source_file": "string",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Where the raw events are; without a `crawler`, Retime registers their hours itself."""

    table: str
    location: str
    crawler: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """How raw events are told apart and placed in time."""

    required: tuple[str, ...]
    key: tuple[str, ...]
    latest: tuple[str, ...]
    earliest: datetime
    look_back: timedelta
    clock_skew: timedelta
    max_lateness: timedelta
    late_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that Retime publishes to: partitions of the grain, at locations of its own.

    A `crawler` crawls it after a publication; only a table of layout `hive` has one.
    """

    name: str
    location: str
    columns: Columns
    layout: Layout = "generations"
    crawler: str | None = None

    @property
    def generations(self) -> str:
        """Where its generations are: below its location, or out of sight of who reads paths."""
        if self.layout == "generations":
            return self.location
        return self.location.removesuffix("/") + "_generations/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Limits of a run."""

    max_days: int
    max_concurrent_slices: int
    max_active_runs: int
    arrival_timeout: timedelta
    timeout: timedelta
    retention: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """One data set; `sql` is the folder of its transformation and audits."""

    name: str
    description: str
    owner: str
    start_date: date
    zone: ZoneInfo
    grain: Grain
    raw: Raw
    events: Events
    published: Table
    event_time: str
    quarantine: Table
    max_quarantined_percent: float
    run: Run
    parameters: Mapping[str, Any]
    sql: Path

    @property
    def partition_keys(self) -> tuple[str, ...]:
        """The names of the published partition keys."""
        return partition_keys(self.grain)


def load_data_sets(includes: Iterable[Path]) -> tuple[DataSet, ...]:
    """Return the data sets of include folders, by file name.

    Raises:
        DataSetError: one of the files is wrong, or two are about one data set; names the file, the
            key, the value and the remedy.
    """
    data_sets: dict[str, DataSet] = {}
    for path in (p for include in includes for p in sorted((include / "datasets").glob("*.yaml"))):
        data_set = load_data_set(path)
        if other := data_sets.get(data_set.name):
            taken = other.sql.parent.parent / "datasets"
            raise DataSetError(
                f"{path}: name is {data_set.name!r}, which a file in {taken} has too; "
                "give each data set a name of its own"
            )
        for theirs in data_sets.values():
            _refuse_overlap(path, data_set, theirs)
        data_sets[data_set.name] = data_set
    return tuple(data_sets.values())


def _refuse_overlap(path: Path, one: DataSet, other: DataSet) -> None:
    """What one data set publishes, another would take for unused and delete."""
    for reader, writer in ((one, other), (other, one)):
        for table in (writer.published, writer.quarantine):
            if overlaps_raw(table, reader.raw.location):
                raise DataSetError(
                    f"{path}: {table.name!r} of {writer.name!r} at {table.location!r} overlaps the "
                    f"raw events of {reader.name!r} at {reader.raw.location!r}; publish elsewhere"
                )
    for mine in (one.published, one.quarantine):
        for theirs in (other.published, other.quarantine):
            if mine.name == theirs.name or overlap(mine, theirs):
                raise DataSetError(
                    f"{path}: {mine.name!r} at {mine.location!r} overlaps {theirs.name!r} at "
                    f"{theirs.location!r} of {other.name!r}; give each table a name and a "
                    "location of its own"
                )


def overlap(one: Table, other: Table) -> bool:
    """Tell whether two tables would write to one place, and so delete there."""
    return any(
        _meet(mine, theirs)
        for mine in (one.location, one.generations)
        for theirs in (other.location, other.generations)
    )


def overlaps_raw(table: Table, raw_location: str) -> bool:
    """Tell whether publishing a table would write among raw events, and delete there."""
    return any(_meet(place, raw_location) for place in (table.location, table.generations))


def _meet(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def load_data_set(path: Path) -> DataSet:
    """Return the data set that a YAML file describes.

    Raises:
        DataSetError: the file is wrong; names the key, the value and the remedy.
    """
    top = read_file(path)
    data_set = _read(top, path)
    top.finish()
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
    for key, table in (("published", data_set.published), ("quarantine", data_set.quarantine)):
        if overlaps_raw(table, data_set.raw.location):
            problem = f"is {table.location!r}, which overlaps that of raw"
            raise top.error(f"{key}.location", problem, "publish elsewhere: raw is never touched")
    if overlap(data_set.published, data_set.quarantine):
        problem = f"is {data_set.quarantine.location!r}, which overlaps that of published"
        raise top.error("quarantine.location", problem, "give each a location of its own")
    if clash := _GIVEN_NAMES & set(data_set.parameters):
        names = ", ".join(sorted(clash))
        raise top.error("parameters", f"has {names}", "give other names: templates have these")
    for file in ("events.sql", "transform.sql"):
        if not (data_set.sql / file).is_file():
            raise top.error("name", f"is {data_set.name!r}", f"add the file {data_set.sql / file}")
    return data_set


def trino_type(type_: str) -> str:
    """Return Trino's name of a catalog type: 'int' is INTEGER, 'string' is VARCHAR.

    Raises:
        ValueError: Retime does not publish such a type.
    """
    if match := _DECIMAL.fullmatch(type_):
        return f"DECIMAL({match[1]}, {match[2]})"
    if type_ not in TRINO_TYPES:
        raise ValueError(type_)
    return TRINO_TYPES[type_]


def _read(top: Section, path: Path) -> DataSet:
    name = top.take("name", _data_set_name, "a name of a-z, 0-9 and _, but not retime")
    grain: Grain = top.take("grain", _grain, "hour or day", default="hour")
    published = top.section("published")
    quarantine = top.section("quarantine")
    data_set = DataSet(
        name=name,
        description=top.take("description", _text, "a sentence"),
        owner=top.take("owner", _text, "who answers for it", default="airflow"),
        start_date=top.take("start_date", _date, "a date, as 2024-03-28"),
        zone=top.take("timezone", _zone, "an IANA time zone, as Europe/Brussels", ZoneInfo("UTC")),
        grain=grain,
        raw=_read_raw(top.section("raw")),
        events=_read_events(top.section("events")),
        published=_read_published(published),
        event_time=published.take("event_time", _identifier, "a column"),
        quarantine=_read_table(quarantine, QUARANTINE_COLUMNS),
        max_quarantined_percent=quarantine.take("max_percent", _percent, "0 to 100", default=1.0),
        run=_read_run(top.section("run", optional=True)),
        parameters=dict(top.section("parameters", optional=True).values),
        sql=path.parent.parent / "sql" / name,
    )
    published.finish()
    quarantine.finish()
    return data_set


def _read_raw(section: Section) -> Raw:
    raw = Raw(
        table=section.take("table", _identifier, "a table name of a-z, 0-9 and _"),
        location=section.take("location", _location, "s3://bucket/prefix/"),
        crawler=section.take("crawler", _text, "the name of a Glue crawler", default=None),
    )
    section.finish()
    return raw


def _read_events(section: Section) -> Events:
    identifiers = partial(_list_of, read=_identifier)
    deduplicate = section.section("deduplicate")
    minutes, hours = partial(_duration, unit="minutes"), partial(_duration, unit="hours")
    events = Events(
        required=section.take("required", identifiers, "a list of columns", default=()),
        key=deduplicate.take("by", identifiers, "a list of columns of events.sql"),
        latest=deduplicate.take("latest", identifiers, "a list of columns of events.sql"),
        earliest=section.take("earliest", _midnight, "a date, as 2010-01-01"),
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


def _read_table(section: Section, columns: Columns) -> Table:
    return Table(
        name=section.take("table", _identifier, "a table name of a-z, 0-9 and _"),
        location=section.take("location", _location, "s3://bucket/prefix/"),
        columns=columns,
    )


def _read_published(section: Section) -> Table:
    table = replace(
        _read_table(section, section.take("columns", _columns, "a mapping of column to type")),
        layout=section.take("layout", _layout, "generations or hive", default="generations"),
        crawler=section.take("crawler", _text, "the name of a Glue crawler", default=None),
    )
    if table.crawler and table.layout != "hive":
        raise section.error(
            "crawler",
            f"is {table.crawler!r}, but the layout is {table.layout}, of which a crawler would "
            "make other tables",
            "remove it, or give layout: hive",
        )
    return table


def _read_run(section: Section) -> Run:
    hours = partial(_duration, unit="hours")
    run = Run(
        max_days=section.take("max_days", _positive, "a whole number from 1", default=366),
        max_concurrent_slices=section.take(
            "max_concurrent_slices", _positive, "a whole number from 1", default=2
        ),
        max_active_runs=section.take(
            "max_active_runs", _positive, "a whole number from 1", default=1
        ),
        arrival_timeout=section.take("arrival_timeout_hours", hours, "hours", timedelta(hours=6)),
        timeout=section.take("timeout_hours", hours, "hours", timedelta(hours=24)),
        retention=section.take("retention_days", _days, "days from 1", timedelta(days=7)),
    )
    section.finish()
    return run


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(value)
    return value.strip()


def _identifier(value: Any) -> str:
    text = _text(value)
    if not _IDENTIFIER.fullmatch(text):
        raise ValueError(value)
    return text


def _data_set_name(value: Any) -> str:
    # The package's own SQL is in include/sql/retime.
    name = _identifier(value)
    if name == "retime":
        raise ValueError(value)
    return name


def _location(value: Any) -> str:
    text = _text(value)
    if not _LOCATION.fullmatch(text) or "$" in _SETTING.sub("", text):
        raise ValueError(value)
    return text


def _grain(value: Any) -> Grain:
    grains: dict[Any, Grain] = {"hour": "hour", "day": "day"}
    return grains[value]


def _layout(value: Any) -> Layout:
    layouts: dict[Any, Layout] = {"generations": "generations", "hive": "hive"}
    return layouts[value]


def _date(value: Any) -> date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise TypeError
    return value


def _midnight(value: Any) -> datetime:
    day = _date(value)
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


def _zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(_text(value))
    except (ZoneInfoNotFoundError, IsADirectoryError) as error:
        raise ValueError(value) from error


def _list_of(value: Any, read: Any) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(read(item) for item in value)


def _columns(value: Any) -> Columns:
    if not isinstance(value, dict) or not value:
        raise TypeError
    columns = {_identifier(name): _text(type_) for name, type_ in value.items()}
    for type_ in columns.values():
        trino_type(type_)
    reserved = {EVENT_COUNT, "local_time", *partition_keys("hour")} & set(columns)
    if reserved:
        raise ValueError(reserved)
    return columns


def _percent(value: Any) -> float:
    if isinstance(value, bool) or not 0 <= value <= 100:
        raise ValueError(value)
    return float(value)


def _positive(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(value)
    return value


def _days(value: Any) -> timedelta:
    return timedelta(days=_positive(value))


def _duration(value: Any, unit: str) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(value)
    return timedelta(**{unit: value})
