"""Files of a data set, drafted from what is seen of its raw events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from retime.calendar.partitioning import parse_partitioning
from retime.dataset.column_types import ColumnType, trino_type
from retime.dataset.model import DEFAULT_FOLDERS, EVENT_COUNT
from retime.dataset.values import OURS
from retime.drafting.seen import Seen
from retime.errors import RequestError
from retime.quoting import quote_literal

_MAX_COLUMNS = 60
_TIME_NAMES = (
    *("event_time", "eventtime", "occurred", "happened", "event_ts", "timestamp", "created"),
    *("time", "_at", "date", "ts", "tijd", "zeit", "heure"),
)
_ID_NAMES = ("event_id", "eventid", "uuid", "guid", "message_id", "id")
_PATH = re.compile(r"\w[\w$@-]*(\.\w[\w$@-]*)*")  # as fields are named in templates
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2})?")
_TEXT_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2}(\.\d+)?)?")
# From 2001 to 2100, by the unit.
_RANGES = (("seconds", 1), ("millis", 1_000), ("micros", 1_000_000))
_FIRST, _LAST = 978_307_200, 4_102_444_800
_MACROS = {"bigint": "whole", "int": "whole", "double": "number", "string": "string"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The files of a data set, by their paths in an include folder; and what was taken for what.

    `left_out` are fields that the files do not name.
    """

    files: Mapping[str, str]
    event_time: str
    key: tuple[str, ...]
    left_out: tuple[str, ...]


def draft(name: str, seen: Seen, first: date, event_time: str | None = None) -> Draft:
    """Return the files of a data set.

    Args:
        name: of the data set.
        seen: its raw events.
        first: the first event date.
        event_time: the field with the event time; None to look for it.

    Raises:
        RequestError: no field looks like the event time, or like a key.
    """
    chosen, macro = _event_time(seen, event_time)
    columns = _columns(seen, chosen)
    published = {column: path for column, path in columns.items() if path != chosen}
    if not published:
        raise RequestError(f"there is no field besides {chosen!r}; give a larger sample")
    key = _key(published, seen)
    time_column = next(column for column, path in columns.items() if path == chosen)
    return Draft(
        files={
            f"datasets/{name}.yaml": _yaml(name, seen, first, published, time_column, key),
            f"sql/{name}/events.sql": _events(seen, published, chosen, macro, key),
            f"sql/{name}/transform.sql": _transform(published, time_column),
            f"sql/{name}/audits/every_row_has_its_key.sql": _audit(key, time_column),
        },
        event_time=f"{macro}({_quoted(seen, chosen)})",
        key=tuple(key),
        left_out=tuple(seen.spelled.get(p, p) for p in seen.fields if p not in columns.values()),
    )


def _event_time(seen: Seen, given: str | None) -> tuple[str, str]:
    """The field with the event time, and the macro that reads it."""
    macros = {
        path: _time_macro(path, type_, seen)
        for path, type_ in seen.fields.items()
        if _PATH.fullmatch(path)
    }
    if given is not None:
        path = given.lower()
        if macros.get(path) is None:
            raise RequestError(
                f"the field {given!r} does not look like a time; name one of "
                f"{', '.join(seen.fields)}"
            )
        return path, str(macros[path])
    likely = [path for path, macro in macros.items() if macro]
    if not likely:
        raise RequestError(
            "no field looks like the event time: ISO 8601 text, epoch seconds, milliseconds or "
            f"microseconds, or a timestamp. Name it with --event-time: {', '.join(seen.fields)}"
        )
    best = min(likely, key=lambda path: (_rank(path, _TIME_NAMES), path.count(".")))
    return best, str(macros[best])


def _time_macro(path: str, type_: ColumnType, seen: Seen) -> str | None:
    """The macro that reads a field as event time, by its type, value and name."""
    value = seen.values.get(path)
    if type_.name == "timestamp":
        return "event_time_timestamp"
    if isinstance(value, str):
        if _ISO.fullmatch(value.strip()):
            return "event_time_iso8601"
        if _TEXT_TIME.fullmatch(value.strip()):
            return "event_time_timestamp"
    if isinstance(value, bool):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return _by_name(path, type_) if value is None else None
    for unit, factor in _RANGES:
        if _FIRST * factor <= number < _LAST * factor:
            return f"event_time_{unit}"
    return None


def _by_name(path: str, type_: ColumnType) -> str | None:
    if _rank(path, _TIME_NAMES) == len(_TIME_NAMES):
        return None
    return {"string": "event_time_iso8601", "bigint": "event_time_seconds"}.get(type_.name)


def _rank(path: str, names: tuple[str, ...]) -> int:
    last = path.rpartition(".")[2]
    return next((number for number, name in enumerate(names) if name in last), len(names))


def _columns(seen: Seen, chosen: str) -> dict[str, str]:
    """Names of columns, and the fields that they are of; that of the event time is the first."""
    columns: dict[str, str] = {}
    # A crawler leaves out what has the name of a partition key.
    keys = set() if seen.table else {key.name for key in parse_partitioning(seen.folders).keys}
    others = (path for path, type_ in seen.fields.items() if _is_published(path, type_))
    for path in [chosen, *(path for path in others if path != chosen and path not in keys)]:
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", seen.spelled.get(path, path))
        name = re.sub(r"[^a-z0-9_]+", "_", words.lower()).strip("_") or "field"
        name = f"f_{name}" if name[0].isdigit() or name.startswith(OURS) else name
        # The published column of the event time may be called event_time.
        is_free = name not in _TAKEN or (path == chosen and name == "event_time")
        name = name if is_free else f"{name}_of_raw"
        while name in columns:
            name = f"{name}_more"
        columns[name] = path
    return dict(list(columns.items())[:_MAX_COLUMNS])


# Words that Athena reserves in SELECT, and that YAML takes for true or false.
# https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html
_RESERVED = """
    alter and as between by case cast constraint create cross cube current_catalog current_date
    current_path current_schema current_time current_timestamp current_user deallocate delete
    describe distinct drop else end escape except execute exists extract false first for from full
    group grouping having in inner insert intersect into is join json_array json_exists json_object
    json_query json_table json_value last left like listagg localtime localtimestamp natural
    normalize not null of off on or order outer prepare recursive right rollup select skip table
    then trim true uescape union unnest using values when where with no yes
"""
_TAKEN = {
    *("year", "month", "day", "hour", EVENT_COUNT, "record", "event_time", "is_kept"),
    *("arrival_time", "source_file", "is_unreadable"),
    *re.findall(r"\w+", _RESERVED),
}


def _is_published(path: str, type_: ColumnType) -> bool:
    try:
        trino_type(_text(type_))
    except ValueError:
        return False
    return _PATH.fullmatch(path) is not None


def _text(type_: ColumnType) -> str:
    """A type as the catalog names it."""
    if type_.numbers:
        return f"{type_.name}({','.join(map(str, type_.numbers))})"
    if not type_.contents:
        return type_.name
    inner = (f"{n}:{_text(t)}" if n else _text(t) for n, t in type_.contents)
    return f"{type_.name}<{','.join(inner)}>"


def _key(columns: Mapping[str, str], seen: Seen) -> list[str]:
    """The columns that tell events apart, besides the event time."""
    scalar = [
        column
        for column, path in columns.items()
        if seen.fields[path].name in ("string", "bigint", "int")
    ]
    named = [column for column in scalar if _rank(column, _ID_NAMES) < len(_ID_NAMES)]
    best = sorted(named, key=lambda column: (_rank(column, _ID_NAMES), len(column)))
    if not scalar:
        raise RequestError(
            "no field of text or whole numbers tells events apart, besides the event time; give a "
            f"larger sample. There are {', '.join(seen.fields)}"
        )
    return best[:1] or scalar[:3]


def crawler_of(name: str) -> str:
    """Return the crawler of a data set's raw events."""
    return f"retime_{name}_raw"


def raw_table_of(name: str, seen: Seen) -> str:
    """Return the raw table: a crawler names it after the last folder of the location."""
    return seen.table or table_prefix_of(name, seen) + (_last_folder(seen) or f"{name}_raw")


def table_prefix_of(name: str, seen: Seen) -> str:
    """Return what the crawler puts before the table's name, so that no other table has it."""
    folder = _last_folder(seen)
    return "raw_" if folder in (name, f"{name}_quarantine") or folder[:1].isdigit() else ""


def _last_folder(seen: Seen) -> str:
    return re.sub(r"[^a-z0-9_]", "_", seen.location.rstrip("/").rpartition("/")[2].lower())


def _yaml(
    name: str, seen: Seen, first: date, columns: Mapping[str, str], time_column: str, key: list[str]
) -> str:
    types = {column: _text(seen.fields[path]) for column, path in columns.items()}
    latest = [c for c in columns if c not in key and not seen.fields[columns[c]].is_nested] or key
    location = seen.location or f"s3://${{raw_bucket}}/{name}_raw/"
    raw = [f"  table: {raw_table_of(name, seen)}", f"  location: {location}"]
    if not seen.table:
        raw.append(f"  crawler: {crawler_of(name)}")
    if seen.folders != DEFAULT_FOLDERS:
        raw.append(f'  partitions: "{seen.folders}"')
    listed = "\n".join(f"    {column}: {type_}" for column, type_ in types.items())
    joined = "\n".join(raw)
    return f"""# Drafted by `python -m retime new`. docs/adding-a-dataset.md describes every key.
name: {name}
description: {name} by event time
start_date: {first}
timezone: UTC
grain: hour

raw:
{joined}

events:
  # Events with the same values of `by` are copies of one another; the one with the greatest
  # `latest` is kept. Arrays and structs are left out: Athena does not compare nulls inside of them.
  deduplicate:
    by: [{", ".join([*key, "event_time"])}]
    latest: [{", ".join(latest)}]
  earliest: 2000-01-01
  max_lateness_hours: 48

published:
  table: {name}
  location: s3://${{published_bucket}}/{name}/
  event_time: {time_column}
  columns:
    {time_column}: timestamp
{listed}

quarantine:
  table: {name}_quarantine
  location: s3://${{published_bucket}}/{name}_quarantine/
  max_percent: 1
"""


def _events(seen: Seen, columns: Mapping[str, str], chosen: str, macro: str, key: list[str]) -> str:
    shown = dict.fromkeys([*(columns[c] for c in key if c in columns), chosen])
    fields = ""
    for column, path in columns.items():
        read = _MACROS.get(seen.fields[path].name, "field")
        fields += f"    {{{{ {read}({_quoted(seen, path)}) }}}} AS {column},\n"
    record = ", ".join(_quoted(seen, path) for path in shown)
    return f"""-- The fields of a raw event that the published table needs.
SELECT
    {{{{ arrival }}}},
    {{{{ found({record}) }}}} AS record,
    {{{{ {macro}({_quoted(seen, chosen)}) }}}} AS event_time,
{fields}    TRUE AS is_kept
FROM {{{{ raw }}}}
WHERE {{{{ arrived }}}}
"""  # noqa: S608 - a file that its owner reads


def _transform(columns: Mapping[str, str], time_column: str) -> str:
    listed = "".join(f"    {column},\n" for column in columns)
    return f"""-- One row an event.
SELECT
    DATE_ADD('second', event_time, TIMESTAMP '1970-01-01 00:00:00.000') AS {time_column},
{listed}    1 AS event_count
FROM events
"""  # noqa: S608


def _audit(key: list[str], time_column: str) -> str:
    missing = "\n    OR ".join(f"TRIM(CAST({column} AS VARCHAR)) = ''" for column in key)
    told = quote_literal("no key at ")
    return f"""-- Protects queries that join or count by {", ".join(key)}.
SELECT CONCAT({told}, CAST({time_column} AS VARCHAR)) AS bad_row
FROM staged
WHERE
    {missing}
"""  # noqa: S608


def _quoted(seen: Seen, path: str) -> str:
    return f'"{seen.spelled.get(path, path)}"'
