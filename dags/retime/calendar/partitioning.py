"""Partitionings: how time is laid out in the keys and folders of a table, raw or published."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from retime.calendar.slices import Grain

Unit = Literal["year", "month", "day", "hour"]
UNITS: tuple[Unit, ...] = ("year", "month", "day", "hour")
ANY = "*"
"""The format of a key that is not of time, and may have any value."""

# strftime's, with the dash of glibc for what is not zero-padded.
_CODES: Mapping[str, tuple[Unit, str]] = {
    "%Y": ("year", r"\d{4}"),
    "%m": ("month", r"0[1-9]|1[0-2]"),
    "%-m": ("month", r"[1-9]|1[0-2]"),
    "%d": ("day", r"0[1-9]|[12]\d|3[01]"),
    "%-d": ("day", r"[1-9]|[12]\d|3[01]"),
    "%H": ("hour", r"[01]\d|2[0-3]"),
    "%-H": ("hour", r"\d|1\d|2[0-3]"),
}
_NUMBERS: Mapping[Unit, str] = {"year": "%Y", "month": "%-m", "day": "%-d", "hour": "%-H"}
WIDTHS: Mapping[Unit, int] = {"year": 4, "month": 2, "day": 2, "hour": 2}
"""The digits of a unit of time where it is zero-padded."""
_PIECE = re.compile(r"%-?[A-Za-z%]?|[^%]+")
_LITERAL = re.compile(r"[\w.:-]+", re.ASCII)
_FOLDER = re.compile(r"(?:([A-Za-z_][A-Za-z0-9_]*)=)?(.+)")
_TEXTS = ("string", "varchar", "char")

Partition = tuple[int, ...]
"""An hour or a date, by its units: (2024, 3, 31, 7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A partition key: of time in a format, of any value, or of one.

    Attributes:
        name: in the catalog, lower case.
        format: strftime's codes and literal text, as `%Y-%m-%d`; `*`; or literal text alone.
        type: in the catalog.
        label: what its folders begin with, as `Dt` of `Dt=2024-03-31`; '' if they are the value
            alone.
    """

    name: str
    format: str
    type: str = "string"
    label: str = ""

    @property
    def units(self) -> tuple[Unit, ...]:
        """The units of time that are in its values, in order."""
        return tuple(_CODES[piece][0] for piece in _PIECE.findall(self.format) if piece in _CODES)

    @property
    def is_text(self) -> bool:
        """Whether its values are texts in the catalog, and not numbers or dates."""
        return self.type.lower().startswith(_TEXTS)

    @property
    def positions(self) -> list[tuple[Unit, int, int]]:
        """Of each unit of time where it begins in a zero-padded value, and how long it is."""
        found, start = [], 0
        for piece in _PIECE.findall(self.format):
            width = len(piece)
            if piece in _CODES:
                unit = _CODES[piece][0]
                width = WIDTHS[unit]
                found.append((unit, start, width))
            start += width
        return found

    @property
    def is_of_digits(self) -> bool:
        """Whether its values have digits alone."""
        return all(piece in _CODES or piece.isdecimal() for piece in _PIECE.findall(self.format))

    @property
    def is_number(self) -> bool:
        """Whether its values can be numbers: their zeros have no meaning."""
        return self.is_of_digits and (len(self.units) == 1 or self.format.startswith("%Y"))

    @property
    def is_padded(self) -> bool:
        """Whether its values as texts are in the order of time."""
        return "%-" not in self.format

    def text(self, partition: Partition) -> str:
        """Return the value of a key of time, or of a literal one."""
        units = dict(zip(UNITS, partition, strict=False))
        return "".join(_write(piece, units) for piece in _PIECE.findall(self.format))

    def read(self, text: str) -> dict[Unit, int] | None:
        """Return the units of time in a value; None if it is not of the format.

        Numbers are read in any form: crawlers and MSCK REPAIR leave `05` as the value of an int.
        """
        if self.format == ANY:
            return {} if text else None
        if not self.is_text and len(self.units) == 1 and text.isascii() and text.isdecimal():
            text = _write(self.format, {self.units[0]: int(text)})
        pattern = "".join(map(_pattern, _PIECE.findall(self.format)))
        found = re.fullmatch(pattern, text, re.ASCII)
        return {unit: int(found[unit]) for unit in self.units} if found else None

    def folder(self, text: str) -> str:
        """Return the folder of a value."""
        return f"{self.label}={text}/" if self.label else f"{text}/"

    def value(self, folder: str) -> str | None:
        """Return the value that a folder's name has; None if it is another key's folder."""
        if not self.label:
            return folder
        name, sign, text = folder.partition("=")
        return text if sign and name == self.label else None


@dataclass(frozen=True, slots=True)
class Partitioning:
    """The keys of a table, in order; each unit of time that they have is in one of them."""

    keys: tuple[Key, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the keys."""
        return tuple(key.name for key in self.keys)

    @property
    def units(self) -> tuple[Unit, ...]:
        """The units of time in the keys, coarsest first."""
        return tuple(unit for key in self.keys for unit in key.units)

    @property
    def grain(self) -> Grain:
        """The size of a partition."""
        return "hour" if "hour" in self.units else "day"

    @property
    def period(self) -> timedelta:
        """How long the time of a partition is: an hour, or a day."""
        return timedelta(hours=1 if self.grain == "hour" else 24)

    @property
    def pattern(self) -> str:
        """The folders as `parse_partitioning` takes them: `year=%Y/month=%m/day=%d/hour=%H`."""
        return "".join(key.folder(key.format) for key in self.keys).rstrip("/")

    def texts(self, partition: Partition) -> list[str]:
        """Return the values of the keys, none of which may have any value."""
        return [key.text(partition) for key in self.keys]

    def folder(self, partition: Partition) -> str:
        """Return the folders of the values of the keys: `year=2024/month=03/day=31/hour=07/`."""
        texts = self.texts(partition)
        return "".join(key.folder(text) for key, text in zip(self.keys, texts, strict=True))

    def read(self, texts: Sequence[str]) -> Partition | None:
        """Return the partition that the values of the keys name; None if they name none."""
        units: dict[Unit, int] = {}
        if len(texts) != len(self.keys):
            return None
        for key, text in zip(self.keys, texts, strict=True):
            found = key.read(text)
            if found is None:
                return None
            units |= found
        return tuple(units[unit] for unit in UNITS if unit in units)

    def values(self, path: str) -> tuple[str, ...] | None:
        """Return the values in the folders of a path; None if they are no folders of these keys."""
        folders = path.split("/")[: len(self.keys)]
        values = [key.value(one) for key, one in zip(self.keys, folders, strict=False)]
        is_whole = path.count("/") >= len(self.keys) and None not in values
        return tuple(map(str, values)) if is_whole else None

    def read_path(self, path: str) -> Partition | None:
        """Return the partition that a path lies in, or None if it lies in none."""
        values = self.values(path)
        return None if values is None else self.read(values)


def published_partitioning(types: Mapping[str, str]) -> Partitioning:
    """Return the partitioning by keys of some types: by numbers, or by a date.

    Args:
        types: `year`, `month`, `day` and, if partitions are hours, `hour`, all bigint; or one key
            of any other name for the date, of type date or string, and maybe `hour`.

    Raises:
        ValueError: there is no such partitioning.
    """
    names = tuple(types)
    numbers = {
        unit: Key(name=unit, format=_NUMBERS[unit], type="bigint", label=unit) for unit in UNITS
    }
    if names in (UNITS, UNITS[:3]):
        keys = tuple(numbers[unit] for unit in UNITS if unit in types)
    elif names[1:] in ((), ("hour",)) and names and names[0] not in UNITS:
        date = Key(name=names[0], format="%Y-%m-%d", type=types[names[0]], label=names[0])
        keys = (date, numbers["hour"])[: len(names)]
    else:
        raise ValueError(names)
    for key in keys:
        if types[key.name] != key.type or key.type not in ("bigint", "date", "string"):
            raise ValueError(types[key.name])
        if len(key.units) > 1 and key.type == "bigint":
            raise ValueError(key.type)
    return Partitioning(keys)


def parse_partitioning(pattern: str) -> Partitioning:
    """Return the partitioning of folders such as `year=%Y/month=%m/day=%d/hour=%H`.

    A folder without a name has the name that a Glue crawler gives it, as partition_0.

    Raises:
        ValueError: it is none; says why.
    """
    keys = [_parse(folder, number) for number, folder in enumerate(pattern.split("/"))]
    names = [key.name for key in keys]
    if len(set(names)) < len(names):
        raise ValueError("a key comes twice")
    partitioning = Partitioning(tuple(keys))
    units = partitioning.units
    if units not in (UNITS, UNITS[:3]):
        raise ValueError(
            "the year, the month, the day and, unless a folder is of a day, the hour come once "
            "each, in this order"
        )
    return partitioning


def _parse(folder: str, number: int) -> Key:
    match = _FOLDER.fullmatch(folder)
    if match is None:
        raise ValueError(f"folder {number + 1} is empty")
    name, format_ = match.groups()
    pieces = _PIECE.findall(format_)
    if folder.startswith(("_", ".")):
        raise ValueError(f"{folder!r} is hidden: Athena reads no folder that begins with _ or .")
    for piece in pieces:
        if piece not in _CODES and format_ != ANY and not _LITERAL.fullmatch(piece):
            raise ValueError(f"{piece!r} in {folder!r} is none of {', '.join(_CODES)}, * and text")
    if "%-" in format_ and len(pieces) > 1:
        raise ValueError(f"{folder!r} is not zero-padded, and of more than one part")
    label = name or ""
    return Key(name=label.lower() or f"partition_{number}", format=format_, label=label)


def _write(piece: str, units: Mapping[Unit, int]) -> str:
    if piece not in _CODES:
        return piece
    unit, _ = _CODES[piece]
    width = 0 if "-" in piece else WIDTHS[unit]
    return f"{units[unit]:0{width}}"


def _pattern(piece: str) -> str:
    if piece not in _CODES:
        return re.escape(piece)
    unit, pattern = _CODES[piece]
    return f"(?P<{unit}>{pattern})"


HOURLY = published_partitioning(dict.fromkeys(UNITS, "bigint"))
DAILY = published_partitioning(dict.fromkeys(UNITS[:3], "bigint"))
