"""Types of columns, as the Glue catalog names them: `int`, `array<struct<id:bigint>>`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from retime.quoting import quote_name

# Hive's names, and Trino's, as Athena casts to them.
# https://docs.aws.amazon.com/athena/latest/ug/data-types.html
TRINO_TYPES = {
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "REAL",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "string": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
_MAX_DEPTH = 20
_TOKEN = re.compile(r"[<>(),:]|[^<>(),:]+")
_NAME = re.compile(r"[a-z]\w*")
_FIELD = re.compile(r"[\w.$ ]*")
_OPENING = ("(", "<")
_CONTENTS = {"array": 1, "map": 2, "struct": 0}
"""Types with types in them, and how many; 0 is any number."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnType:
    """A type; `numbers` are of `decimal(10,2)`, `contents` the names and types of what is nested.

    The contents of an array and of a map have no names.
    """

    name: str
    numbers: tuple[int, ...] = ()
    contents: tuple[tuple[str, ColumnType], ...] = ()

    @property
    def is_nested(self) -> bool:
        """Whether values have values in them."""
        return bool(self.contents)

    @property
    def is_text(self) -> bool:
        """Whether values are text."""
        return self.name in ("string", "varchar", "char")

    @property
    def unreadable_name(self) -> str:
        """The first field whose name makes its table unreadable in Athena; '' if there is none.

        Trino reads types by Hive's parser: names are of letters, digits, `_`, `.`, `$` and blanks.
        """
        names = (n for n, _ in self.contents if not _FIELD.fullmatch(n))
        inner = (type_.unreadable_name for _, type_ in self.contents)
        return next(names, "") or next(filter(None, inner), "")

    def field(self, name: str) -> ColumnType | None:
        """Return the type of a field of a struct, by its name in any case; None if it has none."""
        fields = {each.lower(): type_ for each, type_ in self.contents}
        return fields.get(name.lower()) if self.name == "struct" else None


def parse_type(text: str) -> ColumnType:
    """Return the type that the catalog names.

    Raises:
        ValueError: it is no name of a type.
    """
    tokens = [token.strip() for token in reversed(_TOKEN.findall(text)) if token.strip()]
    found = _parse(tokens, 0)
    if tokens:
        raise ValueError(text)
    return found


def trino_type(text: str) -> str:
    """Return Trino's name of a type that Retime publishes: 'int' is INTEGER, 'string' is VARCHAR.

    Raises:
        ValueError: it does not publish such a type.
    """
    return _trino(parse_type(text))


def _parse(tokens: list[str], depth: int) -> ColumnType:
    """Take a type from the end of tokens in reverse order."""
    name = _take(tokens).lower()
    if depth > _MAX_DEPTH or not _NAME.fullmatch(name):
        raise ValueError(name)
    if tokens and tokens[-1] == "(":
        numbers = _listed(tokens, ")", lambda: int(_take(tokens)))
        return ColumnType(name=name, numbers=numbers)
    if name not in _CONTENTS:
        return ColumnType(name=name)
    contents = _listed(tokens, ">", lambda: _content(tokens, name, depth + 1))
    if _CONTENTS[name] not in (0, len(contents)):
        raise ValueError(name)
    return ColumnType(name=name, contents=contents)


def _content(tokens: list[str], name: str, depth: int) -> tuple[str, ColumnType]:
    label = ""
    if name == "struct":
        label = _take(tokens)
        _take(tokens, ":")
    return label, _parse(tokens, depth)


def _listed(tokens: list[str], end: str, item: Callable[[], T]) -> tuple[T, ...]:
    """Take items in brackets, with commas between them."""
    _take(tokens, *_OPENING)
    items = [item()]
    while _take(tokens, ",", end) == ",":
        items.append(item())
    return tuple(items)


def _take(tokens: list[str], *wanted: str) -> str:
    found = tokens.pop() if tokens else ""
    if not found or (wanted and found not in wanted):
        raise ValueError(found)
    return found


def _trino(type_: ColumnType) -> str:
    if type_.name == "struct":
        fields = (f"{quote_name(name.lower())} {_trino(inner)}" for name, inner in type_.contents)
        return f"ROW({', '.join(fields)})"
    if type_.is_nested:
        return f"{type_.name.upper()}({', '.join(_trino(inner) for _, inner in type_.contents)})"
    if type_.name == "decimal" and len(type_.numbers) == 2:
        precision, scale = type_.numbers
        if 0 <= scale <= precision <= 38 and precision:
            return f"DECIMAL({precision}, {scale})"
    if type_.numbers or type_.name not in TRINO_TYPES:
        raise ValueError(type_.name)
    return TRINO_TYPES[type_.name]
