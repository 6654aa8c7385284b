"""What the value of a key may be: each function takes it as YAML gives it, or refuses it."""

import re
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from retime.calendar.event_dates import FIRST_DATE, LAST_DATE
from retime.calendar.partitioning import (
    Partitioning,
    parse_partitioning,
    published_partitioning,
)
from retime.calendar.slices import Grain
from retime.dataset.column_types import trino_type
from retime.dataset.model import EVENT_COUNT, Columns, Layout

_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*")
_LOCATION = re.compile(r"s3://[\w.${}-]+/[\w.=${}/-]+/")
_BLANKS = re.compile(r"\s")
_SETTING = re.compile(r"\$\{[a-z_]+\}")
# What Airflow, Glue and S3 take at most, with room for what is put before and behind a name:
# a DAG's tag has 100 characters, a Glue table 255, of which a staging table adds 27.
MAX_NAME = 90
MAX_IDENTIFIER = 200
MAX_TEXT = 1_000
MAX_COUNT = 100_000
MAX_DURATION = timedelta(days=3_660)
OURS = "retime_"
"""What the names begin with that statements have besides those of the data set."""


def text(value: Any) -> str:
    """Return a text that is not blank, of at most MAX_TEXT characters, without blanks around it."""
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_TEXT:
        raise ValueError(value)
    value.encode()  # YAML can escape half a character, which no database takes
    return value.strip()


def identifier(value: Any) -> str:
    """Return a name of a-z, 0-9 and _, as Glue and Athena take it unquoted."""
    found = text(value)
    if not _IDENTIFIER.fullmatch(found) or len(found) > MAX_IDENTIFIER:
        raise ValueError(value)
    return found


def data_set_name(value: Any) -> str:
    """Return an identifier that is not retime: the package's own SQL is in include/sql/retime."""
    name = identifier(value)
    if name == "retime" or len(name) > MAX_NAME:
        raise ValueError(value)
    return name


def location(value: Any) -> str:
    """Return an S3 location that ends with a slash; it may name settings, as `${raw_bucket}`."""
    found = text(value)
    if not _LOCATION.fullmatch(found) or "$" in _SETTING.sub("", found):
        raise ValueError(value)
    # Some clients resolve them, and would be in another folder than others.
    if {".", ".."} & set(found.split("/")):
        raise ValueError(value)
    return found


def grain(value: Any) -> Grain:
    """Return the grain of partitions."""
    grains: dict[Any, Grain] = {"hour": "hour", "day": "day"}
    return grains[value]


def layout(value: Any) -> Layout:
    """Return the layout of a published table."""
    layouts: dict[Any, Layout] = {"generations": "generations", "hive": "hive"}
    return layouts[value]


def calendar_date(value: Any) -> date:
    """Return a date that is no time, from FIRST_DATE to LAST_DATE."""
    if isinstance(value, datetime) or not isinstance(value, date):
        raise TypeError
    if not FIRST_DATE <= value <= LAST_DATE:
        raise ValueError(value)
    return value


def midnight(value: Any) -> datetime:
    """Return the first instant of a date, in UTC."""
    day = calendar_date(value)
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


def time_zone(value: Any) -> ZoneInfo:
    """Return an IANA time zone."""
    try:
        return ZoneInfo(text(value))
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(value) from error


def list_of(value: Any, read: Any) -> tuple[Any, ...]:
    """Return a list, each item as `read` returns it."""
    if not isinstance(value, list):
        raise TypeError
    return tuple(read(item) for item in value)


def typed_columns(value: Any) -> Columns:
    """Return columns with types that Retime can publish, none of a name that it needs itself."""
    if not isinstance(value, dict) or not value:
        raise TypeError
    columns = {
        identifier(name): _BLANKS.sub("", text(type_)).lower() for name, type_ in value.items()
    }
    for type_ in columns.values():
        trino_type(type_)
    if reserved := [name for name in columns if name == EVENT_COUNT or name.startswith(OURS)]:
        raise ValueError(reserved)
    return columns


def raw_partitions(value: Any) -> Partitioning:
    """Return how the folders of raw events are laid out."""
    return parse_partitioning(text(value).strip("/"))


def published_partitions(value: Any) -> Partitioning:
    """Return the partition keys of a published table."""
    if not isinstance(value, dict):
        raise TypeError
    if any(name == EVENT_COUNT or str(name).startswith(OURS) for name in value):
        raise ValueError(value)
    return published_partitioning({identifier(name): text(type_) for name, type_ in value.items()})


def percent(value: Any) -> float:
    """Return a number from 0 to 100."""
    if isinstance(value, bool) or not 0 <= value <= 100:
        raise ValueError(value)
    return float(value)


def positive(value: Any) -> int:
    """Return a whole number from 1 to MAX_COUNT."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_COUNT:
        raise ValueError(value)
    return value


def whole_days(value: Any) -> timedelta:
    """Return a whole number of days, from 1 to MAX_DURATION."""
    return _bounded(timedelta(days=positive(value)))


def duration(value: Any, unit: str) -> timedelta:
    """Return a number of a unit, as hours, from 0 to MAX_DURATION."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ValueError(value)
    return _bounded(timedelta(**{unit: value}))


def _bounded(length: timedelta) -> timedelta:
    if length > MAX_DURATION:
        raise ValueError(length)
    return length
