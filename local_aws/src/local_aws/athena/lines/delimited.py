"""The rules of LazySimpleSerDe, type by type: what does not fit is NULL.

Source: SimpleDeserializer and the text encodings in Trino's lib/trino-hive-formats.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local_aws.athena.functions.registry import Failure
from local_aws.athena.lines.cells import Cell, bytes_cell, distinct_pairs, fit_text
from local_aws.athena.lines.java import decimal_text, double_text, parse_decimal
from local_aws.athena.lines.moments import MomentFormat, date_text, hive_date, read_moment
from local_aws.athena.lines.plan import Column
from local_aws.athena.types.sqltypes import Type

Decoder = Callable[[str], Cell]
_SEPARATORS = "\x01\x02\x03\x04\x05\x06\x07\x08"  # no more levels by default
_BITS = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}
_WHOLE = re.compile(r"([-+]?)0*([0-9]{0,19})(?:\.[0-9]*)?")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_SIXTHS = {letter: number for number, letter in enumerate(_ALPHABET)}
_SIXTHS |= {"+": 62, "-": 62, "/": 63, "_": 63}
_LEAST_MOMENT = 8  # shorter texts are no timestamps, says Hive


class Delimiters:
    """How cells are told apart.

    Args:
        parameters: the SerDe's.

    Raises:
        Failure: NOT_SUPPORTED, for a delimiter that is no ASCII.
    """

    def __init__(self, parameters: Mapping[str, str]) -> None:
        fields = parameters.get("field.delim", parameters.get("serialization.format"))
        # Hive 1 spells it wrong.
        items = parameters.get("collection.delim", parameters.get("colelction.delim"))
        given = (fields, items, parameters.get("mapkey.delim"))
        firsts = (_letter(one, other) for one, other in zip(given, _SEPARATORS[:3], strict=True))
        self.separators = "".join(firsts) + _SEPARATORS[3:]
        escape = parameters.get("escape.delim")
        self.escape = "" if escape is None else _letter(escape, "\\")
        self.null = parameters.get("serialization.null.format", "\\N")
        rest = parameters.get("serialization.last.column.takes.rest", "")
        self.last_takes_rest = rest.lower() == "true"

    def split(self, text: str, separator: str) -> list[str]:
        """The pieces between separators, with the escapes in them."""
        if not self.escape or self.escape not in text:
            return text.split(separator)
        pieces, start, at = [], 0, 0
        while at < len(text):
            if text[at] == separator:
                pieces.append(text[start:at])
                start = at + 1
            at += 2 if text[at] == self.escape != separator else 1
        return [*pieces, text[start:]]

    def plain(self, text: str) -> str:
        """A text without escapes."""
        if not self.escape or self.escape not in text:
            return text
        return re.sub(f"{re.escape(self.escape)}(.)", r"\1", text, flags=re.DOTALL)


def _letter(given: str | None, default: str) -> str:
    """The delimiter of a parameter: a number is a byte, of a text the first letter counts."""
    if not given:
        return default
    is_byte = re.fullmatch("[-+]?[0-9]+", given) and -128 <= int(given) <= 127
    code = int(given) if is_byte else ord(given[0])
    if not 0 <= code <= 127:
        raise Failure("NOT_SUPPORTED", f"local_aws takes no delimiter beyond ASCII: {given!r}")
    return chr(code)


class DelimitedReader:
    """Reads lines.

    Args:
        parameters: the SerDe's.
        columns: the wanted columns.
        width: how many columns the table has.
    """

    def __init__(
        self, parameters: Mapping[str, str], columns: Sequence[Column], width: int
    ) -> None:
        self._delimiters = Delimiters(parameters)
        self._rules = _Rules(parameters, self._delimiters)
        self._columns = columns
        self._width = width
        self._decoders = [self._rules.decoder(one.type, 1) for one in columns]

    def cells(self, line: str) -> list[Cell]:
        """The cells of the wanted columns; missing ones are NULL.

        Raises:
            Failure: a date that local_aws cannot hold.
        """
        separator = self._delimiters.separators[0]
        pieces = self._delimiters.split(line, separator)
        if self._delimiters.last_takes_rest and len(pieces) > self._width:
            rest = separator.join(pieces[self._width - 1 :])
            pieces = [*pieces[: self._width - 1], rest]
        found: list[Cell] = []
        for column, decode in zip(self._columns, self._decoders, strict=True):
            is_there = column.place < len(pieces)
            try:
                found.append(decode(pieces[column.place]) if is_there else None)
            except Failure as failure:
                raise failure.in_column(column.name, column.type.text) from None
        return found


class _Rules:
    """A decoder for each type; the text of NULL is NULL in all of them."""

    def __init__(self, parameters: Mapping[str, str], delimiters: Delimiters) -> None:
        self._delimiters = delimiters
        self._formats = MomentFormat.several(parameters, needs_time=False)

    def decoder(self, kind: Type, depth: int) -> Decoder:
        """The decoder of a type whose separator is the one of a depth."""
        nested = {"array": self._array, "map": self._map, "row": self._row}
        if kind.name in nested and depth + 1 >= len(_SEPARATORS):
            raise Failure("NOT_SUPPORTED", "Only 8 levels of nesting have a delimiter")
        rule = nested[kind.name](kind, depth) if kind.name in nested else self._scalar(kind)
        null = self._delimiters.null
        return lambda text: None if text == null else rule(text)

    def _scalar(self, kind: Type) -> Decoder:
        if kind.is_text:
            return lambda text: fit_text(self._delimiters.plain(text), kind)
        if kind.name in _BITS:
            return lambda text: _whole(text, _BITS[kind.name])
        rules: dict[str, Decoder] = {
            "boolean": lambda text: text.lower() if text.lower() in ("true", "false") else None,
            "decimal": lambda text: _decimal(text, kind),
            "real": lambda text: double_text(text, is_single=True),
            "double": double_text,
            "date": _date,
            "timestamp": lambda text: self._moment(text, kind.args[0]),
            "varbinary": lambda text: bytes_cell(_bytes(text)),
        }
        if kind.name not in rules:
            raise Failure("NOT_SUPPORTED", f"local_aws reads no {kind.text} out of text")
        return rules[kind.name]

    def _moment(self, text: str, digits: int) -> Cell:
        if len(text) < _LEAST_MOMENT:
            return None
        return read_moment(text, self._formats, digits)

    def _array(self, kind: Type, depth: int) -> Decoder:
        item = self.decoder(kind.items[0], depth + 1)
        separator = self._delimiters.separators[depth]
        return lambda text: (
            [item(one) for one in self._delimiters.split(text, separator)] if text else []
        )

    def _map(self, kind: Type, depth: int) -> Decoder:
        key = self.decoder(kind.items[0], depth + 2)
        item = self.decoder(kind.items[1], depth + 2)
        between = self._delimiters.separators[depth]
        behind = self._delimiters.separators[depth + 1]

        def pair(entry: str) -> tuple[Any, Cell]:
            name, *values = self._delimiters.split(entry, behind)
            return key(name), item(behind.join(values)) if values else None

        def decode(text: str) -> Cell:
            entries = self._delimiters.split(text, between) if text else []
            # Of doubled keys the first one counts here.
            return dict(reversed(distinct_pairs(map(pair, reversed(entries))).items()))

        return decode

    def _row(self, kind: Type, depth: int) -> Decoder:
        items = [self.decoder(one, depth + 1) for one in kind.items]
        separator = self._delimiters.separators[depth]

        def decode(text: str) -> Cell:
            pieces = self._delimiters.split(text, separator)
            if self._delimiters.last_takes_rest and len(pieces) > len(items):
                rest = separator.join(pieces[len(items) - 1 :])
                pieces = [*pieces[: len(items) - 1], rest]
            return tuple(
                item(pieces[place]) if place < len(pieces) else None
                for place, item in enumerate(items)
            )

        return decode


def _whole(text: str, bits: int) -> Cell:
    found = _WHOLE.fullmatch(text)
    if found is None or text in ("", "-", "+"):
        return None
    value = int(found[2] or 0) * (-1 if found[1] == "-" else 1)
    return str(value) if -(2**bits) <= value < 2**bits else None


def _decimal(text: str, kind: Type) -> Cell:
    value = parse_decimal(text)
    return None if value is None else decimal_text(value, *kind.args)


def _date(text: str) -> Cell:
    day = hive_date(text)
    return None if day is None else date_text(day)


def _bytes(text: str) -> bytes:
    """Base64 as Apache's codec decodes it; a text with any other letter stands for itself."""
    if not all(letter in _SIXTHS or letter in "= \t\r\n" for letter in text):
        return text.encode()
    sixths = [_SIXTHS[letter] for letter in text.split("=", 1)[0] if letter in _SIXTHS]
    bits = "".join(f"{sixth:06b}" for sixth in sixths)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8))
