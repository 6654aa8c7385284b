"""Expressions that statements are put together from: raw fields by type, and the two clocks."""

from collections.abc import Iterable, Mapping
from itertools import groupby

from retime.calendar.arrival_hours import ARRIVAL_KEYS, ArrivalWindow
from retime.dataset.model import Columns
from retime.errors import DataSetError
from retime.quoting import quote_literal, quote_name
from retime.raw.table import RawTable, is_text

_INTEGERS = frozenset({"tinyint", "smallint", "int", "integer", "bigint"})
_FRACTIONS = ("float", "double", "decimal")


# Fields of raw events: what a value is, whatever type the catalog gave its column.


def _typed(raw: RawTable, column: str, *, optional: bool) -> str | None:
    if column in raw.columns:
        return raw.columns[column].lower()
    if optional:
        return None
    known = ", ".join(raw.columns)
    raise DataSetError(
        f"the raw table {raw.database}.{raw.name} has no column {column!r}: "
        f"name one of {known}, or say optional=true where it may be missing"
    )


def whole(raw: RawTable, column: str, *, optional: bool = False) -> str:
    """Return a raw field as BIGINT: NULL where it is missing, null or no whole number."""
    type_, name = _typed(raw, column, optional=optional), quote_name(column)
    if type_ is None:
        return "CAST(NULL AS BIGINT)"
    if type_ in _INTEGERS:
        return f"CAST({name} AS BIGINT)"
    if type_.startswith(_FRACTIONS):
        return f"CASE WHEN {name} = FLOOR({name}) THEN TRY_CAST({name} AS BIGINT) END"
    return f"TRY_CAST(TRIM({name}) AS BIGINT)"


def number(raw: RawTable, column: str, *, optional: bool = False) -> str:
    """Return a raw field as DOUBLE: NULL where it is missing, null or no number."""
    type_, name = _typed(raw, column, optional=optional), quote_name(column)
    if type_ is None:
        return "CAST(NULL AS DOUBLE)"
    if type_ in _INTEGERS or type_.startswith(_FRACTIONS):
        return f"CAST({name} AS DOUBLE)"
    return f"TRY_CAST(TRIM({name}) AS DOUBLE)"


def string(raw: RawTable, column: str, *, optional: bool = False) -> str:
    """Return a raw field as VARCHAR."""
    if _typed(raw, column, optional=optional) is None:
        return "CAST(NULL AS VARCHAR)"
    return f"CAST({quote_name(column)} AS VARCHAR)"


def instant(raw: RawTable, column: str, *, optional: bool = False) -> str:
    """ISO 8601 text as epoch seconds, so that offsets do not matter to its order."""
    type_, name = _typed(raw, column, optional=optional), quote_name(column)
    if type_ is None:
        return "CAST(NULL AS DOUBLE)"
    if type_ == "timestamp":
        return f"TO_UNIXTIME({name})"
    return f"TO_UNIXTIME(TRY(FROM_ISO8601_TIMESTAMP({name})))"


def found(raw: RawTable, *columns: str) -> str:
    """The fields as they were found, for whoever looks into the quarantine."""
    parts: list[str] = []
    for position, column in enumerate(columns):
        parts.append(quote_literal(f"{', ' if position else ''}{column}="))
        parts.append(f"COALESCE({string(raw, column, optional=True)}, 'null')")
    return f"CONCAT({', '.join(parts)})"


# The two clocks.


def epoch(columns: Mapping[str, str], column: str) -> str:
    """Return a published column as epoch seconds."""
    if columns[column] == "timestamp":
        return f"CAST(FLOOR(TO_UNIXTIME({quote_name(column)})) AS BIGINT)"
    return quote_name(column)


def local_time(zone: str, epoch: str) -> str:
    """Return epoch seconds by the clock of a zone."""
    return f"FROM_UNIXTIME({epoch}) AT TIME ZONE {quote_literal(zone)}"


def date_text(zone: str, epoch: str) -> str:
    """Return the date of epoch seconds by the clock of a zone, as text: 2024-03-28."""
    return f"SUBSTR(CAST({local_time(zone, epoch)} AS VARCHAR), 1, 10)"


def arrival_columns(raw: RawTable) -> str:
    """Return the columns that every record has: arrival_time, source_file, is_unreadable."""
    year, month, day, hour = (
        f"LPAD(CAST({quote_name(key)} AS VARCHAR), {2 if key != 'year' else 4}, '0')"
        for key in ARRIVAL_KEYS
    )
    stamp = f"CONCAT({year}, '-', {month}, '-', {day}, ' ', {hour}, ':00:00')"
    # A line that is not JSON reads as a row of nothing but NULLs (ignore.malformed.json).
    nulls = " AND ".join(f"{quote_name(column)} IS NULL" for column in raw.columns)
    return (
        f"CAST(TO_UNIXTIME(CAST({stamp} AS TIMESTAMP)) AS BIGINT) AS arrival_time,\n"
        f'    "$path" AS source_file,\n'
        f"    {nulls if raw.is_json else 'FALSE'} AS is_unreadable"
    )


def arrived_predicate(window: ArrivalWindow, keys: Columns) -> str:
    """Return the literal predicate over the raw partition keys that names a window's hours.

    Whole days of a month are one range; string keys are zero-padded, as Firehose writes them.
    """
    terms: list[str] = []
    for month, month_hours in groupby(window.hours, key=lambda hour: (hour.year, hour.month)):
        whole_days: list[int] = []
        for day, day_hours in groupby(month_hours, key=lambda hour: hour.day):
            hours = [hour.hour for hour in day_hours]
            if len(hours) == 24:
                whole_days.append(day)
            else:
                terms.append(_term(keys, month, (day, day), (hours[0], hours[-1])))
        if whole_days:
            terms.append(_term(keys, month, (whole_days[0], whole_days[-1]), None))
    return "(\n        " + "\n        OR ".join(terms) + "\n    )" if terms else "FALSE"


def _term(
    keys: Columns, month: tuple[int, int], days: tuple[int, int], hours: tuple[int, int] | None
) -> str:
    bounds = {"year": (month[0],) * 2, "month": (month[1],) * 2, "day": days, "hour": hours}
    comparisons = (_compare(key, keys[key], value) for key, value in bounds.items() if value)
    return "(" + " AND ".join(comparisons) + ")"


def _compare(key: str, type_: str, bounds: Iterable[int]) -> str:
    width = 4 if key == "year" else 2
    as_text = is_text(type_)
    first, last = (quote_literal(f"{b:0{width}}") if as_text else str(b) for b in bounds)
    name = quote_name(key)
    return f"{name} = {first}" if first == last else f"{name} BETWEEN {first} AND {last}"
