"""Expressions that statements are put together from: the two clocks, and what has arrived."""

from collections.abc import Mapping

from retime.calendar.arrival_hours import ArrivalWindow, partition_of_arrival
from retime.calendar.partitioning import WIDTHS, Key, Partitioning, Unit
from retime.calendar.selection import Condition, compare, literal, select
from retime.quoting import quote_literal, quote_name
from retime.raw.table import RawTable


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


def partition_value(partitioning: Partitioning, name: str, local_time: str) -> str:
    """Return the value of a published table's partition key for a time by the clock of its zone."""
    key = next(key for key in partitioning.keys if key.name == name)
    if len(key.units) == 1:
        return f"{key.units[0].upper()}({local_time})"
    if key.type == "date":
        return f"CAST({local_time} AS DATE)"
    return f"SUBSTR(CAST({local_time} AS VARCHAR), 1, 10)"


def arrival_columns(raw: RawTable) -> str:
    """Return the columns that every record has: arrival_time, source_file, is_unreadable."""
    units = {unit: text for key in raw.partitioning.keys for unit, text in _units(key).items()}
    day = f"{units['year']}, '-', {units['month']}, '-', {units['day']}"
    hour = f"' ', {units['hour']}, ':00:00'" if "hour" in units else "' 00:00:00'"
    # A line that is not JSON reads as a row of nothing but NULLs (ignore.malformed.json).
    nulls = " AND ".join(f"{quote_name(column)} IS NULL" for column in raw.columns)
    return (
        f"CAST(TO_UNIXTIME(CAST(CONCAT({day}, {hour}) AS TIMESTAMP)) AS BIGINT) AS arrival_time,\n"
        f'    "$path" AS source_file,\n'
        f"    {nulls if raw.is_json else 'FALSE'} AS is_unreadable"
    )


def _units(key: Key) -> dict[Unit, str]:
    """The units of time in the values of a raw partition key, each as text with its zeros."""
    text = f"CAST({quote_name(key.name)} AS VARCHAR)"
    if len(key.units) == 1 and key.is_of_digits:
        return {unit: f"LPAD({text}, {WIDTHS[unit]}, '0')" for unit in key.units}
    return {unit: f"SUBSTR({text}, {start + 1}, {width})" for unit, start, width in key.positions}


def arrived_predicate(window: ArrivalWindow, partitioning: Partitioning) -> str:
    """Return the literal predicate over the raw partition keys that names a window's hours.

    Whole days are one range; text is as the folders have it.
    """
    period = partitioning.period
    hours = [partition_of_arrival(hour, period) for hour in window.hours(period)]
    terms = [
        "(" + " AND ".join(_comparison(condition) for condition in term) + ")"
        for term in select(partitioning, hours)
    ]
    return "(\n        " + "\n        OR ".join(terms) + "\n    )" if terms else "FALSE"


def _comparison(condition: Condition) -> str:
    key = condition.key
    literals = [_literal(key, value) for value in condition.values]
    return compare(quote_name(key.name), literals, is_range=condition.is_range)


def _literal(key: Key, value: str) -> str:
    return f"DATE {literal(key, value)}" if key.type == "date" else literal(key, value)
