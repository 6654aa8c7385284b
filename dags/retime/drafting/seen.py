"""What is seen of raw events: their fields with types and values, and the folders they lie in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retime import aws
from retime.calendar.partitioning import parse_partitioning
from retime.dataset.column_types import ColumnType, parse_type
from retime.dataset.model import DEFAULT_FOLDERS
from retime.errors import RequestError
from retime.raw.folders import is_data
from retime.raw.samples import Sample, read_sample, sample_of

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client

_LOOK = 1000
_MAX_DEPTH = 5
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNITS = ("%Y", "%m", "%d", "%H")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of raw events before there is a data set of them.

    Attributes:
        fields: a path as templates name it, in lower case, and its type; of structs their fields.
        values: an example of some of them.
        spelled: these paths as the events write them, where that is not in lower case.
        texts: columns that must be made strings, because Athena cannot read their structs.
        folders: how they are laid out; the default where nothing is known.
        location: where they are; '' where that is not known.
        table: their table in the catalog; '' if there is none.
    """

    fields: Mapping[str, ColumnType]
    values: Mapping[str, Any]
    spelled: Mapping[str, str] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    folders: str = DEFAULT_FOLDERS
    location: str = ""
    table: str = ""


def see_file(path: Path) -> Seen:
    """Look at a file of JSON lines or Parquet.

    Raises:
        RequestError: it is neither.
    """
    data = path.read_bytes()
    sample = sample_of(lambda start, end: data[start:end], path.name, len(data))
    return _of_samples([sample], str(path))


def see_location(s3: S3Client, location: str) -> Seen:
    """Look at some of the objects below a location.

    Raises:
        RequestError: there is none of JSON lines or Parquet, or no time in the folders.
    """
    location = location.rstrip("/") + "/"
    if not aws.split_location(location)[1]:
        raise RequestError(f"{location} is a whole bucket; name a folder in it")
    entries = aws.list_entries(s3, location)
    there = ((path, e["Size"]) for path, e in entries if is_data(path, e["Size"]))
    found = list(islice(there, _LOOK))
    if not found:
        raise RequestError(f"there is nothing under {location}; land some events first")
    chosen = sorted({0, len(found) // 2, len(found) - 1})
    samples = [read_sample(s3, location, *found[number]) for number in chosen]
    seen = _of_samples(samples, location)
    folders = guess_folders([path for path, _ in found])
    if folders is None:
        raise RequestError(
            f"the folders of {location}{found[0][0]} show no year, month and day; name the folder "
            "below which they begin"
        )
    return replace(seen, folders=folders, location=location)


def see_table(glue: GlueClient, database: str, name: str) -> Seen:
    """Look at a table of the catalog.

    Raises:
        RequestError: there is none.
    """
    table = aws.get_table(glue, database, name)
    if table is None:
        raise RequestError(f"there is no table {database}.{name}; name another, or a location")
    descriptor = table["StorageDescriptor"]
    columns = aws.column_types(descriptor["Columns"])
    types = {name: type_ for name, text in columns.items() if (type_ := _readable(text))}
    keys = aws.column_types(table.get("PartitionKeys", ()))
    return Seen(
        fields=dict(_flat(types)),
        values={},
        texts=_texts(types),
        folders=_folders_of_keys(tuple(keys)),
        location=descriptor.get("Location", "").rstrip("/") + "/",
        table=name,
    )


def guess_folders(paths: Sequence[str]) -> str | None:
    """Return the pattern that the folders of paths fit, as raw.partitions has it, or None."""
    depth = min(path.count("/") for path in paths)
    rows = [path.split("/")[:depth] for path in paths]
    patterns: list[str] = []
    left = list(_UNITS)
    for column in zip(*rows, strict=True):
        if not left:
            break
        patterns.append(_pattern_of(column, left))
    try:
        pattern = "/".join(patterns)
        partitioning = parse_partitioning(pattern)
    except ValueError:
        return None
    return pattern if all(partitioning.read_path(path) for path in paths) else None


def _pattern_of(folders: Sequence[str], left: list[str]) -> str:
    """The pattern of one level; takes the units of time that it has from those that are left."""
    named = [folder.partition("=") for folder in folders]
    is_named = all(sign for _, sign, _ in named)
    values = {value for _, _, value in named} if is_named else set(folders)
    name = f"{named[0][0]}=" if is_named else ""
    if len(left) == len(_UNITS) and all(map(_DATE.fullmatch, values)):
        del left[:3]
        return f"{name}%Y-%m-%d"
    widths = {4: 1, 2: 1, 8: 3, 10: 4}
    lengths = {len(value) for value in values}
    if all(value.isascii() and value.isdecimal() for value in values):
        if len(lengths) == 1 and (count := widths.get(lengths.copy().pop())):
            is_year = left[0] == "%Y"
            if count <= len(left) and is_year == (lengths != {2}):
                codes = left[:count]
                del left[:count]
                return name + "".join(codes)
        if lengths <= {1, 2} and left[0] != "%Y":
            return f"{name}%-{left.pop(0)[1]}"
    return f"{name}*"


def _of_samples(samples: Iterable[Sample], place: str) -> Seen:
    types: dict[str, ColumnType] = {}
    values: dict[str, Any] = {}
    spelled: dict[str, str] = {}
    for sample in samples:
        for name, text in (sample.columns or {}).items():
            if found := _readable(text):
                types[name] = found
        for record in sample.records:
            for name, value in record.items():
                types[name.lower()] = _joined(types.get(name.lower()), _type_of(value))
            for path, value in _flat_values(record):
                values[path.lower()] = value
                spelled[path.lower()] = path
    known = {name: type_ for name, type_ in types.items() if type_.name != "null"}
    if not known:
        raise RequestError(
            f"{place} holds no JSON lines and no Parquet that can be read; see the docs, What raw "
            "data must look like"
        )
    fields = dict(_flat(known))
    is_other = {path: text for path, text in spelled.items() if path in fields and text != path}
    return Seen(fields=fields, values=values, spelled=is_other, texts=_texts(known))


def _type_of(value: Any) -> ColumnType:
    for kind, name in ((bool, "boolean"), (int, "bigint"), (float, "double"), (str, "string")):
        if isinstance(value, kind):
            return ColumnType(name=name)
    if isinstance(value, dict) and value:
        fields = ((name.lower(), _type_of(inner)) for name, inner in value.items())
        return ColumnType(name="struct", contents=tuple(dict(fields).items()))
    if isinstance(value, list) and value:
        inner = _type_of(value[0])
        for item in value[1:]:
            inner = _joined(inner, _type_of(item))
        return ColumnType(name="array", contents=(("", inner),))
    return ColumnType(name="null")


def _joined(first: ColumnType | None, second: ColumnType) -> ColumnType:
    """A type for values of both."""
    if first is None or first.name == "null":
        return second
    if second.name == "null" or first == second:
        return first
    if {first.name, second.name} == {"bigint", "double"}:
        return ColumnType(name="double")
    if first.name == second.name == "struct":
        fields = dict(first.contents)
        for name, inner in second.contents:
            fields[name] = _joined(fields.get(name), inner)
        return ColumnType(name="struct", contents=tuple(fields.items()))
    if first.name == second.name == "array":
        inner = _joined(first.contents[0][1], second.contents[0][1])
        return ColumnType(name="array", contents=(("", inner),))
    return ColumnType(name="string")


def _texts(types: Mapping[str, ColumnType]) -> tuple[str, ...]:
    return tuple(name for name, type_ in types.items() if type_.unreadable_name)


def _flat(types: Mapping[str, ColumnType], above: str = "") -> Iterator[tuple[str, ColumnType]]:
    for name, type_ in types.items():
        path = f"{above}{name}"
        if type_.unreadable_name:
            # The column must be made a string; see `Seen.texts`.
            yield path, ColumnType(name="string")
        elif type_.name == "struct" and path.count(".") < _MAX_DEPTH:
            yield from _flat(dict(type_.contents), f"{path}.")
        elif not _has_null(type_):
            yield path, type_


def _has_null(type_: ColumnType) -> bool:
    return type_.name == "null" or any(_has_null(inner) for _, inner in type_.contents)


def _flat_values(record: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        path = f"{above}{name}"
        if isinstance(value, dict):
            yield from _flat_values(value, f"{path}.")
        else:
            yield path, value


def _readable(text: str) -> ColumnType | None:
    try:
        return parse_type(text)
    except ValueError:
        return None


def _folders_of_keys(keys: tuple[str, ...]) -> str:
    """The folders that a table's keys have most likely."""
    if all(key.startswith("partition_") for key in keys) and keys:
        return "/".join(_UNITS[: len(keys)])
    codes = dict(zip(("year", "month", "day", "hour"), _UNITS, strict=True))
    dates = {"dt": "%Y-%m-%d", "date": "%Y-%m-%d"}
    return "/".join(f"{key}={codes.get(key) or dates.get(key, '*')}" for key in keys)
