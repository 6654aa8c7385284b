"""Partition projection: the keys of a raw table whose partitions are in no catalog.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from retime import aws
from retime.calendar.partitioning import Key
from retime.dataset.model import Raw
from retime.errors import CatalogError

if TYPE_CHECKING:
    from mypy_boto3_glue.type_defs import TableTypeDef

_TEMPLATE = "storage.location.template"
_JAVA = {"%Y": "yyyy", "%m": "MM", "%-m": "M", "%d": "dd", "%-d": "d", "%H": "HH", "%-H": "H"}
_UNIT_NAMES = {"hour": "HOURS", "day": "DAYS", "month": "MONTHS", "year": "YEARS"}
_KEY = re.compile(r"\$\{(\w+)\}")


def projected_keys(table: TableTypeDef, raw: Raw) -> tuple[Key, ...]:
    """Return the keys of a table with partition projection, with the formats of their values.

    Raises:
        CatalogError: its properties are not of the data set's folders.
    """
    properties = table.get("Parameters", {})
    types = {
        name.lower(): type_
        for name, type_ in aws.column_types(table.get("PartitionKeys", ())).items()
    }
    template = properties.get(_TEMPLATE) or raw.location + "".join(
        f"{name}=${{{name}}}/" for name in types
    )
    formats = _formats(template.rstrip("/") + "/", raw, properties)
    if formats is None or set(formats) != set(types):
        raise CatalogError(
            f"the raw table {table['DatabaseName']}.{table['Name']} has partition projection on "
            f"{template}, which are not the folders {raw.location}{raw.partitioning.pattern}/; "
            f"fix its {_TEMPLATE}, or raw.location and raw.partitions"
        )
    keys = tuple(
        Key(name=name, format=formats[name], type=type_.lower()) for name, type_ in types.items()
    )
    for key in keys:
        if problem := _problem(key, properties):
            raise CatalogError(
                f"the raw table {table['DatabaseName']}.{table['Name']} has partition projection, "
                f"and {problem}: Athena would leave out folders of {raw.partitioning.pattern} "
                "without a word"
            )
    return keys


def listed_values(table: TableTypeDef) -> dict[str, frozenset[str]]:
    """Return the values of the keys of a table whose projection lists them."""
    properties = table.get("Parameters", {})
    found = {}
    for name in map(str.lower, aws.column_types(table.get("PartitionKeys", ()))):
        given = _given(name, properties)
        if given.get("type", "").lower() == "enum":
            values = given.get("values", "").split(",")
            found[name] = frozenset(value.strip() for value in values)
    return found


def _given(name: str, properties: Mapping[str, str]) -> dict[str, str]:
    """What the properties of a table say of a key, as `type` and `interval.unit`."""
    prefix = f"projection.{name}."
    return {
        each.removeprefix(prefix): text
        for each, text in properties.items()
        if each.startswith(prefix)
    }


def _formats(template: str, raw: Raw, properties: Mapping[str, str]) -> dict[str, str] | None:
    """The part of the data set's pattern that each key of a template stands for."""
    if not template.startswith(raw.location):
        return None
    pieces = _KEY.split(template.removeprefix(raw.location))
    pattern = "".join(
        f"(?P<{piece.lower()}>{_expected(piece, properties)})" if number % 2 else re.escape(piece)
        for number, piece in enumerate(pieces)
    )
    try:
        found = re.fullmatch(pattern, raw.partitioning.pattern + "/")
    except re.error:  # a key that comes twice
        return None
    return found.groupdict() if found else None


def _expected(name: str, properties: Mapping[str, str]) -> str:
    """A regular expression for the part of the pattern that a key stands for."""
    java = _given(name.lower(), properties).get("format", "")
    for code, text in sorted(_JAVA.items(), key=lambda pair: -len(pair[1])):
        java = re.sub(rf"(?<![%A-Za-z-]){text}(?![A-Za-z])", code, java)
    return f"{re.escape(java)}|.+?" if "%" in java else ".+?"


def _problem(key: Key, properties: Mapping[str, str]) -> str | None:
    """What of a key's projection does not fit its format; None if nothing."""
    prefix, given = f"projection.{key.name}.", _given(key.name, properties)
    kind = given.get("type", "").lower()
    if kind == "injected":
        return f"{prefix}type is injected, which needs one value in each query"
    if not key.units or kind == "enum":
        return None
    if len(key.units) > 1 and not key.is_padded:
        return f"{key.name} is of more than one unit of time and not zero-padded"
    if kind not in ("date", "integer"):
        return f"{prefix}type is {kind!r}"
    if given.get("interval", "1") != "1":
        return f"{prefix}interval is {given['interval']!r}, and not '1'"
    return _date_problem(key, given) if kind == "date" else _number_problem(key, given)


def _date_problem(key: Key, given: Mapping[str, str]) -> str | None:
    java, unit = _java(key.format), _UNIT_NAMES[key.units[-1]]
    if given.get("format") != java:
        return f"projection.{key.name}.format is {given.get('format')!r}, and not {java!r}"
    if given.get("interval.unit", unit).upper() != unit:
        return f"projection.{key.name}.interval.unit is not {unit}"
    return None


def _number_problem(key: Key, given: Mapping[str, str]) -> str | None:
    if len(key.units) > 1 or key.units == ("year",):
        return None
    digits = "" if "-" in key.format else "2"
    if given.get("digits", "") != digits:
        return f"projection.{key.name}.digits is {given.get('digits')!r}, and not {digits!r}"
    return None


def _java(format_: str) -> str:
    """The format as Java's DateTimeFormatter has it; letters between codes are in quotes."""
    pieces = re.findall(r"%-?[A-Za-z]|[^%]+", format_)
    return "".join(
        _JAVA.get(piece) or re.sub(r"[A-Za-z]+", lambda text: f"'{text[0]}'", piece)
        for piece in pieces
    )
