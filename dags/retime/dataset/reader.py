"""Read data sets from YAML files, and say of each wrong one what is wrong with it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

from retime.calendar.event_dates import FIRST_DATE, LAST_DATE
from retime.calendar.partitioning import DAILY, HOURLY, Partitioning, parse_partitioning
from retime.calendar.slices import Grain
from retime.dataset import values
from retime.dataset.claims import Claims, claims_of
from retime.dataset.column_types import TRINO_TYPES
from retime.dataset.model import (
    DEFAULT_FOLDERS,
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

_NAME = f"a name of a-z, 0-9 and _, of at most {values.MAX_NAME} characters, but not retime"
_TABLE = f"a table name of a-z, 0-9 and _, of at most {values.MAX_IDENTIFIER} characters"
_SENTENCE = f"a sentence of at most {values.MAX_TEXT} characters"
_COLUMNS = (
    f"a mapping of column to type: {', '.join(TRINO_TYPES)}, decimal(p,s), "
    "array<type>, map<type,type> or struct<name:type,...>; event_count and "
    "names that begin with retime_ are taken"
)
_PARTITIONS = (
    "year, month, day and maybe hour, each of type bigint; or one key of any other name, of type "
    "date or string, and maybe hour of type bigint"
)
_FOLDERS = (
    f"how the folders below the location are laid out, as {DEFAULT_FOLDERS}: of the codes "
    "%Y %m %d %H, with a dash where they are not zero-padded (%-m), and * for any value"
)
_DATE = f"a date, as 2024-03-28, from {FIRST_DATE} to {LAST_DATE}"
_COUNT = f"a whole number from 1 to {values.MAX_COUNT}"
_DAYS = f"days from 1 to {values.MAX_DURATION.days}"
_HOURS = f"hours from 0 to {values.MAX_DURATION.days * 24}"
_MINUTES = f"minutes from 0 to {values.MAX_DURATION.days * 24 * 60}"

_JINJA_WORDS = frozenset(
    {
        *("and", "else", "if", "in", "is", "not", "or", "loop", "self"),
        *("true", "false", "none", "True", "False", "None"),
    }
)
_TIME_TYPES = ("int", "bigint", "timestamp")
_GIVEN_NAMES = frozenset(
    {
        *("data_set", "raw", "arrived", "arrival", "start", "end", "look_back", "clock_skew"),
        *("max_lateness", "late_after", "earliest", "required", "key", "latest", "name", "names"),
        *("event_time_column", "partition_keys", "literal", "literals", "epoch", "local_time"),
        *(
            "date_text",
            "late_stretches",
            "late_step",
            "partition_value",
            "arrival_seconds",
            "event_time_iso8601",
            "event_time_timestamp",
            "event_time_seconds",
            "event_time_millis",
            "event_time_micros",
        ),
        *(
            "field",
            "whole",
            "number",
            "string",
            "instant",
            "found",
            "target",
            "texts",
            "columns",
            "audits",
        ),
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

    A file that is wrong takes no other with it. But of two that would publish to one place neither
    is right: whichever ran would take what the other has published for unused, and delete it.
    """
    found: dict[Path, DataSet] = {}
    wrong: dict[Path, DataSetError] = {}
    claims: dict[Path, Claims] = {}
    paths: list[Path] = []
    for include in dict.fromkeys(include.resolve() for include in includes):
        folder = include / "datasets"
        paths += sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
        if not folder.is_dir():
            wrong[include] = DataSetError(
                f"{include}: has no folder datasets; name another folder, as in RETIME_INCLUDE"
            )
    for path in paths:
        try:
            top = read_file(path)
            claims[path] = claims_of(top.values)
            found[path] = _read(top)
        except DataSetError as error:  # noqa: PERF203
            wrong[path] = error
        except Exception as error:  # noqa: BLE001 - whatever it is, it takes no other file with it
            wrong[path] = DataSetError(f"{path}: cannot be read; fix the file: {error!r}")
    wrong |= {**_conflicts(claims, found), **_namesakes(paths, claims, found)}
    return DataSets(
        right=tuple(data_set for path, data_set in found.items() if path not in wrong),
        wrong=tuple(wrong[path] for path in sorted(wrong)),
    )


def _conflicts(
    claims: Mapping[Path, Claims], found: Mapping[Path, DataSet]
) -> dict[Path, DataSetError]:
    """The data sets that publish to a place that another file claims too."""
    conflicts = {}
    for path, other in product(found, claims):
        mine, theirs = claims[path], claims[other]
        # A namesake does not run: `_namesakes`.
        if path != other and mine.name != theirs.name and (problem := mine.conflict(theirs)):
            conflicts[path] = DataSetError(f"{path}: {problem}. See {other}")
    return conflicts


def _namesakes(
    paths: Iterable[Path], claims: Mapping[Path, Claims], found: Mapping[Path, DataSet]
) -> dict[Path, DataSetError]:
    """The files that have the name of another data set.

    The file that is named after its data set keeps the name, or else the first; also one that is
    wrong, or else an old copy would run in its place. If a file is no YAML, its own name counts.
    """
    by_name: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        by_name[claims[path].name if path in claims else path.stem].append(path)
    namesakes = {}
    for name, rivals in by_name.items():
        keeper = next((path for path in rivals if path.stem == name), rivals[0])
        for path in rivals:
            if path in found and path != keeper:
                namesakes[path] = DataSetError(
                    f"{path}: name is {name!r}, which {keeper} has too; give each data set a name "
                    "of its own"
                )
    return namesakes


def load_data_set(path: Path) -> DataSet:
    """Return the data set that a YAML file describes.

    Raises:
        DataSetError: the file is wrong; names the key, the value and the remedy.
    """
    return _read(read_file(path))


def _read(top: Section) -> DataSet:
    data_set = _read_data_set(top)
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
        is_name = isinstance(parameter, str) and parameter.isidentifier()
        if not is_name or parameter in _JINJA_WORDS:
            raise top.error(
                "parameters", f"has {parameter!r}", "give names that a template can name"
            )
    if clash := _GIVEN_NAMES & set(data_set.parameters):
        names = ", ".join(sorted(clash))
        raise top.error("parameters", f"has {names}", "give other names: templates have these")


def _check_locations(top: Section, data_set: DataSet) -> None:
    names = {"raw": data_set.raw.table, "published": data_set.published.name}
    for key, other in (("published", "raw"), ("quarantine", "raw"), ("quarantine", "published")):
        name = data_set.quarantine.name if key == "quarantine" else names[key]
        if name == names[other]:
            problem = f"is {name!r}, which is that of {other} too"
            raise top.error(f"{key}.table", problem, "give each table a name of its own")
    for key, table in (("published", data_set.published), ("quarantine", data_set.quarantine)):
        if overlaps_location(table, data_set.raw.location):
            problem = f"is {table.location!r}, which overlaps that of raw"
            raise top.error(f"{key}.location", problem, "publish elsewhere: raw is never touched")
    if overlap(data_set.published, data_set.quarantine):
        problem = f"is {data_set.quarantine.location!r}, which overlaps that of published"
        raise top.error("quarantine.location", problem, "give each a location of its own")


def _read_data_set(top: Section) -> DataSet:
    name = top.take("name", values.data_set_name, _NAME)
    grain = top.take("grain", values.grain, "hour or day", default=None)
    published = top.section("published")
    quarantine = top.section("quarantine")
    data_set = DataSet(
        name=name,
        description=top.take("description", values.text, _SENTENCE),
        owner=top.take("owner", values.text, "who answers for it", default="airflow"),
        start_date=top.take("start_date", values.calendar_date, _DATE),
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
        quarantine=_read_table(quarantine, QUARANTINE_COLUMNS, DAILY),
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
        table=section.take("table", values.identifier, _TABLE),
        location=section.take("location", values.location, "s3://bucket/prefix/"),
        crawler=section.take("crawler", values.text, "the name of a Glue crawler", default=None),
        partitioning=section.take(
            "partitions",
            values.raw_partitions,
            _FOLDERS,
            default=parse_partitioning(DEFAULT_FOLDERS),
        ),
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
        earliest=section.take("earliest", values.midnight, _DATE),
        look_back=section.take("look_back_minutes", minutes, _MINUTES, timedelta(0)),
        clock_skew=section.take("clock_skew_minutes", minutes, _MINUTES, timedelta(minutes=15)),
        max_lateness=section.take("max_lateness_hours", hours, _HOURS),
        build_after=section.take("build_after_hours", hours, _HOURS, timedelta(hours=1)),
        rebuild_late_percent=section.take(
            "rebuild_late_percent", values.percent, "0 to 100", default=0.0
        ),
        late_after=section.take("late_after_minutes", minutes, _MINUTES, timedelta(hours=1)),
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


def _read_table(section: Section, columns: Columns, partitioning: Partitioning) -> Table:
    return Table(
        name=section.take("table", values.identifier, _TABLE),
        location=section.take("location", values.location, "s3://bucket/prefix/"),
        columns=columns,
        partitioning=partitioning,
    )


def _read_published(section: Section, grain: Grain | None) -> Table:
    partitioning = section.take(
        "partitions",
        values.published_partitions,
        _PARTITIONS,
        default=DAILY if grain == "day" else HOURLY,
    )
    columns = section.take("columns", values.typed_columns, _COLUMNS)
    if taken := set(partitioning.names) & set(columns):
        raise section.error(
            "columns", f"has {', '.join(sorted(taken))}", "give other names: partition keys are"
        )
    table = replace(
        _read_table(section, columns, partitioning),
        layout=section.take("layout", values.layout, "generations or hive", default="generations"),
        crawler=section.take("crawler", values.text, "the name of a Glue crawler", default=None),
    )
    if grain and grain != table.grain:
        raise section.error(
            "partitions",
            f"are of {table.grain}s, but grain is {grain!r}",
            "remove grain: the partitions say it",
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
        max_days=section.take("max_days", values.positive, _COUNT, default=366),
        max_concurrent_slices=section.take(
            "max_concurrent_slices", values.positive, _COUNT, default=2
        ),
        max_active_runs=section.take("max_active_runs", values.positive, _COUNT, default=1),
        arrival_timeout=section.take("arrival_timeout_hours", hours, _HOURS, timedelta(hours=6)),
        timeout=section.take("timeout_hours", hours, _HOURS, timedelta(hours=24)),
        retention=section.take("retention_days", values.whole_days, _DAYS, timedelta(days=7)),
    )
    section.finish()
    return limits
