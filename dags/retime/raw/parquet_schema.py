"""The columns of a Parquet file, read from its footer alone.

The footer is a struct of Thrift's compact protocol, of which the schema is one field:
https://parquet.apache.org/docs/file-format/metadata/ and
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SCHEMA = 2
_TYPE, _LENGTH, _REPETITION, _NAME, _CHILDREN, _CONVERTED, _SCALE, _PRECISION, _LOGICAL = (
    *(1, 2, 3, 4, 5, 6, 7, 8),
    10,
)
_REPEATED = 2
_PHYSICAL = ("boolean", "int", "bigint", "timestamp", "float", "double", "binary", "binary")
# ConvertedType, for what is not of its physical type.
_CONVERTED_TYPES: Mapping[int, str] = {
    0: "string",
    4: "string",
    6: "date",
    9: "timestamp",
    10: "timestamp",
    15: "tinyint",
    16: "smallint",
    17: "int",
    18: "bigint",
    19: "string",
}
_MAP, _MAP_KEY_VALUE, _LIST, _DECIMAL = 1, 2, 3, 5
_LOGICAL_DATE, _LOGICAL_TIMESTAMP = 6, 8


@dataclass(frozen=True, slots=True)
class _Element:
    """A column of the schema, with those inside of it."""

    fields: Mapping[int, Any]
    inner: tuple[_Element, ...]


def parquet_columns(footer: bytes) -> dict[str, str]:
    """Return the columns of a file and their types as the Glue catalog names them.

    Args:
        footer: the file's metadata, without its length and the magic number.

    Raises:
        ValueError: it is none.
    """
    try:
        elements = _Reader(footer).struct()[_SCHEMA]
        root, _ = _tree(elements, 0)
        return {_name(each): _type(each) for each in root.inner}
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ValueError("not the footer of a Parquet file") from error


def _tree(elements: list[Mapping[int, Any]], at: int) -> tuple[_Element, int]:
    inner = []
    following = at + 1
    for _ in range(elements[at].get(_CHILDREN, 0)):
        child, following = _tree(elements, following)
        inner.append(child)
    return _Element(elements[at], tuple(inner)), following


def _name(element: _Element) -> str:
    name: bytes = element.fields[_NAME]
    return name.decode()


def _type(element: _Element) -> str:
    converted = element.fields.get(_CONVERTED)
    if not element.inner:
        plain = _plain_type(element)
        return f"array<{plain}>" if element.fields.get(_REPETITION) == _REPEATED else plain
    if converted == _LIST:
        return f"array<{_type(_item(element.inner[0]))}>"
    if converted in (_MAP, _MAP_KEY_VALUE):
        key, value = element.inner[0].inner
        return f"map<{_type(key)},{_type(value)}>"
    fields = ",".join(f"{_name(each).lower()}:{_type(each)}" for each in element.inner)
    return f"struct<{fields}>"


def _item(repeated: _Element) -> _Element:
    """What a list is of: the one field of its repeated group."""
    return repeated.inner[0] if len(repeated.inner) == 1 else repeated


def _plain_type(element: _Element) -> str:
    fields = element.fields
    converted, logical = fields.get(_CONVERTED, -1), fields.get(_LOGICAL, {})
    if converted == _DECIMAL:
        return f"decimal({fields.get(_PRECISION, 10)},{fields.get(_SCALE, 0)})"
    if converted in _CONVERTED_TYPES:
        return _CONVERTED_TYPES[converted]
    if _LOGICAL_TIMESTAMP in logical:
        return "timestamp"
    return "date" if _LOGICAL_DATE in logical else _PHYSICAL[fields[_TYPE]]


class _Reader:
    """Reads Thrift's compact protocol; structs as mappings by the number of a field."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def struct(self) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else _signed(self._varint())
            kind = head & 15
            fields[number] = kind == 1 if kind in (1, 2) else self._value(kind)
        return fields

    def _value(self, kind: int) -> Any:
        if kind in (1, 2, 3):
            return self._byte()
        if kind in (4, 5, 6):
            return _signed(self._varint())
        if kind == 7:
            return self._bytes(8)
        if kind == 8:
            return self._bytes(self._varint())
        if kind in (9, 10):
            head = self._byte()
            size = head >> 4 if head >> 4 < 15 else self._varint()
            return [self._value(head & 15) for _ in range(size)]
        if kind == 12:
            return self.struct()
        raise LookupError(kind)

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, size: int) -> bytes:
        found = self.data[self.at : self.at + size]
        if len(found) < size:
            raise LookupError(size)
        self.at += size
        return found

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7


def _signed(number: int) -> int:
    return (number >> 1) ^ -(number & 1)
