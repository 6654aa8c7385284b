"""Fields of raw events: what a value is, whatever type the catalog gave its column."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from retime.dataset.column_types import ColumnType, parse_type
from retime.errors import DataSetError
from retime.quoting import quote_literal, quote_name
from retime.raw.table import RawTable

_INTEGERS = frozenset({"tinyint", "smallint", "int", "integer", "bigint"})
_FRACTIONS = frozenset({"float", "double", "decimal"})
_STEP = re.compile(r"""\.?(\w[\w$@-]*)|\[(\d+)\]|\['([^']*)'\]""")


@dataclass(frozen=True, slots=True)
class Field:
    """The expression of a raw field, and its type."""

    sql: str
    type: ColumnType


def field(raw: RawTable, path: str, *, optional: bool = False) -> str:
    """Return a raw field as it is: an array, a map, a struct or a plain value."""
    found = _find(raw, path, optional=optional)
    return found.sql if found else "NULL"


def whole(raw: RawTable, path: str, *, optional: bool = False) -> str:
    """Return a raw field as BIGINT: NULL where it is missing, null or no whole number."""
    found = _find(raw, path, optional=optional)
    if found is None:
        return "CAST(NULL AS BIGINT)"
    if found.type.name in _INTEGERS:
        return f"CAST({found.sql} AS BIGINT)"
    if found.type.name in _FRACTIONS:
        return (
            f"CASE WHEN {found.sql} = FLOOR({found.sql}) THEN TRY_CAST({found.sql} AS BIGINT) END"
        )
    return f"TRY_CAST(TRIM({_text(raw, path, found)}) AS BIGINT)"


def number(raw: RawTable, path: str, *, optional: bool = False) -> str:
    """Return a raw field as DOUBLE: NULL where it is missing, null or no number."""
    found = _find(raw, path, optional=optional)
    if found is None:
        return "CAST(NULL AS DOUBLE)"
    if found.type.name in _INTEGERS | _FRACTIONS:
        return f"CAST({found.sql} AS DOUBLE)"
    return f"TRY_CAST(TRIM({_text(raw, path, found)}) AS DOUBLE)"


def string(raw: RawTable, path: str, *, optional: bool = False) -> str:
    """Return a raw field as VARCHAR; an array, a map or a struct as JSON."""
    found = _find(raw, path, optional=optional)
    if found is None:
        return "CAST(NULL AS VARCHAR)"
    return as_text(found.sql, found.type)


def as_text(sql: str, type_: ColumnType) -> str:
    """Return an expression of a type as VARCHAR; what is nested as JSON."""
    return f"JSON_FORMAT(CAST({sql} AS JSON))" if type_.is_nested else f"CAST({sql} AS VARCHAR)"


def try_text(sql: str, type_: ColumnType) -> str:
    """Return an expression of a type as VARCHAR; NULL where its value fails."""
    return f"TRY({as_text(sql, type_)})" if type_.is_nested else f"TRY_CAST({sql} AS VARCHAR)"


def instant(raw: RawTable, path: str, *, optional: bool = False) -> str:
    """ISO 8601 text as epoch seconds, so that offsets do not matter to its order."""
    found = _find(raw, path, optional=optional)
    if found is None:
        return "CAST(NULL AS DOUBLE)"
    if found.type.name == "timestamp":
        return f"TO_UNIXTIME({found.sql})"
    return f"TO_UNIXTIME(TRY(FROM_ISO8601_TIMESTAMP({_text(raw, path, found)})))"


def event_time_iso8601(raw: RawTable, path: str) -> str:
    """Return ISO 8601 text, as 2024-05-01T09:00:00+02:00, as epoch seconds; without offset UTC."""
    found = _need(raw, path)
    moment = f"TRY(FROM_ISO8601_TIMESTAMP(TRIM({_text(raw, path, found)})))"
    return f"CAST(FLOOR(TO_UNIXTIME({moment})) AS BIGINT)"


def event_time_timestamp(raw: RawTable, path: str) -> str:
    """Return a timestamp of UTC, or text as 2024-05-01 09:00:00, as epoch seconds."""
    found = _need(raw, path)
    moment = found.sql
    if found.type.name != "timestamp":
        moment = f"TRY_CAST(TRIM({_text(raw, path, found)}) AS TIMESTAMP)"
    return f"CAST(FLOOR(TO_UNIXTIME({moment})) AS BIGINT)"


def event_time_seconds(raw: RawTable, path: str) -> str:
    """Return epoch seconds, as numbers or text, without their fraction."""
    return f"TRY_CAST(FLOOR({number(raw, path)}) AS BIGINT)"


def event_time_millis(raw: RawTable, path: str) -> str:
    """Return epoch milliseconds, as numbers or text, as epoch seconds."""
    return f"TRY_CAST(FLOOR({number(raw, path)} / 1000) AS BIGINT)"


def event_time_micros(raw: RawTable, path: str) -> str:
    """Return epoch microseconds, as numbers or text, as epoch seconds."""
    return f"TRY_CAST(FLOOR({number(raw, path)} / 1000000) AS BIGINT)"


def found(raw: RawTable, *paths: str) -> str:
    """The fields as they were found, for whoever looks into the quarantine."""
    parts: list[str] = []
    # Of these it does no harm that the table lacks some.
    raw = replace(raw, absent=set())
    for position, path in enumerate(paths):
        parts.append(quote_literal(f"{', ' if position else ''}{path}="))
        parts.append(f"COALESCE({string(raw, path, optional=True)}, 'null')")
    return f"CONCAT({', '.join(parts)})"


def _text(raw: RawTable, path: str, found: Field) -> str:
    """The expression of a field of text; refuses one that is none."""
    if found.type.is_text:
        return found.sql
    raise DataSetError(
        f"{path!r} of the raw table {raw.database}.{raw.name} is {found.type.name}, which this "
        "macro does not read; name a field of text or numbers, or take field() and cast it"
    )


def _need(raw: RawTable, path: str) -> Field:
    found = _find(raw, path, optional=False)
    if found is None:
        raise TypeError  # never: it is not optional
    return found


def _find(raw: RawTable, path: str, *, optional: bool) -> Field | None:
    """The field at a path of names, in any case: `visitor.address.city`, `tags[1]`, `labels['a']`.

    Raises:
        DataSetError: there is none, and it is not optional.
    """
    columns = {name.lower(): type_ for name, type_ in raw.columns.items()}
    if path.lower() in raw.columns:
        return Field(quote_name(path.lower()), _type(raw, path, raw.columns[path.lower()]))
    steps = list(_STEP.finditer(path))
    if not steps or "".join(step[0] for step in steps) != path or not steps[0][1]:
        raise DataSetError(
            f"{path!r} is no field; name one as event_id, visitor.address.city, tags[1] or "
            "labels['colour']"
        )
    name = steps[0][1].lower()
    if name not in columns:
        lacking = f"column {name!r}" if path.lower() == name else f"field {path!r}: no {name!r}"
        _refuse_missing(raw, path, lacking, tuple(columns), optional=optional)
        return None
    found = Field(quote_name(name), _type(raw, path, columns[name]))
    for step in steps[1:]:
        inner = _step(found, step)
        if inner is None:
            known = tuple(label.lower() for label, _ in found.type.contents if label)
            if found.type.name == "array":
                known = ("an item, as [1]",)
            lacking = f"no {step[0].lstrip('.')!r}"
            if not found.type.is_nested:
                lacking = f"{path[: step.start()]} is of type {found.type.name}"
            _refuse_missing(raw, path, f"field {path!r}: {lacking}", known, optional=optional)
            return None
        found = inner
    return found


def _type(raw: RawTable, path: str, text: str) -> ColumnType:
    try:
        return parse_type(text)
    except ValueError as error:
        raise DataSetError(
            f"{path!r} of the raw table {raw.database}.{raw.name} is of type {text}, which Athena "
            "does not read; leave it out"
        ) from error


def _step(field: Field, step: re.Match[str]) -> Field | None:
    """The field that one step of a path leads to from another; None if it leads to none."""
    name, number, key = step.groups()
    kind = field.type
    if not number and kind.name == "struct":
        label = name or key
        inner = kind.field(label)
        return Field(f"{field.sql}.{quote_name(label.lower())}", inner) if inner else None
    if kind.name == "map" and not number and kind.contents[0][1].is_text:
        literal = quote_literal(key if name is None else name)
        return Field(f"ELEMENT_AT({field.sql}, {literal})", kind.contents[1][1])
    if kind.name == "array" and number and int(number):
        return Field(f"ELEMENT_AT({field.sql}, {int(number)})", kind.contents[0][1])
    return None


def _refuse_missing(
    raw: RawTable, path: str, lacking: str, known: tuple[str, ...], *, optional: bool
) -> None:
    if optional:
        raw.absent.add(path)
        return
    advice = f"name one of {', '.join(known)}" if known else "name another field"
    raise DataSetError(
        f"the raw table {raw.database}.{raw.name} has no {lacking}; {advice}, or say optional=true "
        "where it may be missing"
    )
