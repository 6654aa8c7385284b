"""Instants and local times in zones; texts as DuckDB's literals."""

from local_aws.athena.functions.moments import offset_minutes
from local_aws.athena.types.sqltypes import Type


def quote(text: str) -> str:
    """A DuckDB text literal."""
    return "'" + text.replace("'", "''") + "'"


def wall_clock(sql: str, kind: Type) -> str:
    """The local time, as a naive timestamp, of an instant in its type's zone."""
    if kind.name != "timestamp with time zone" or kind.zone == "UTC":
        return sql
    if not kind.zone:
        return f"(({sql}).t + to_minutes(({sql}).o))"
    minutes = offset_minutes(kind.zone)
    if minutes is not None:
        return f"({sql} + to_minutes({minutes}))"
    return f"timezone({quote(kind.zone)}, timezone('UTC', {sql}))"


def instant(sql: str, zone: str) -> str:
    """The instant, as a naive timestamp in UTC, of a local time in `zone`."""
    if zone == "UTC":
        return sql
    minutes = offset_minutes(zone)
    if minutes is not None:
        return f"({sql} - to_minutes({minutes}))"
    return f"timezone('UTC', timezone({quote(zone)}, {sql}))"


def utc(sql: str, kind: Type) -> str:
    """The instant of a timestamp with time zone, as a naive timestamp in UTC."""
    return sql if kind.zone else f"({sql}).t"


def offset_text(minutes: str) -> str:
    """DuckDB text of an offset as Trino shows it: UTC, or +02:00."""
    clock = f"strftime(TIMESTAMP '2000-01-01' + to_minutes(abs({minutes})), '%H:%M')"
    return (
        f"CASE WHEN {minutes} = 0 THEN 'UTC' WHEN {minutes} < 0 THEN '-' || {clock} "
        f"ELSE '+' || {clock} END"
    )


def rounded(sql: str, digits: int) -> str:
    """A timestamp to so many digits of its second, half up."""
    unit = 10 ** (6 - digits)
    up = f"(epoch_us({sql}) + {unit // 2})"
    return f"make_timestamp({up} - ({up} % {unit} + {unit}) % {unit})"
