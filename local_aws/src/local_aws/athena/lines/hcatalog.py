"""The rules of the hcatalog JSON SerDe, type by type.

Source: JsonDeserializer in Trino's lib/trino-hive-formats. A line has to begin with a strict JSON
object; what is behind it is ignored. Values have to fit, or the query fails, but for

    boolean   any scalar: true if its text is "true"
    text      the text of any scalar, numbers as written
    decimal   NULL for a scalar that is no number; too large fails
    integers  fractions are cut off; 128 to 255 are negative as tinyint
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local_aws.athena.functions.registry import Failure
from local_aws.athena.lines.cells import (
    Cell,
    Decoder,
    bytes_cell,
    distinct_pairs,
    fit_text,
    or_null,
)
from local_aws.athena.lines.java import (
    decimal_text,
    double_text,
    parse_decimal,
    parse_long,
    text_of,
)
from local_aws.athena.lines.moments import MomentFormat, date_text, hive_date, read_moment
from local_aws.athena.lines.plan import Column
from local_aws.athena.lines.text_files import INVALID
from local_aws.athena.types.sqltypes import Type

_BITS = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}


class _Number(str):
    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """An object, with doubled names."""

    __slots__ = ()


def _no_constant(name: str) -> Any:
    raise ValueError(f"Non-standard token {name!r}")


_DECODER = json.JSONDecoder(
    parse_int=_Number,
    parse_float=_Number,
    parse_constant=_no_constant,
    object_pairs_hook=_Pairs,
)


class HcatalogReader:
    """Reads lines.

    Args:
        parameters: the SerDe's.
        columns: the wanted columns.
    """

    def __init__(self, parameters: Mapping[str, str], columns: Sequence[Column]) -> None:
        self._rules = _Rules(parameters)
        self._columns = columns
        self._decoders = [or_null(self._rules.decoder(one.type)) for one in columns]
        self._places = {one.name: number for number, one in enumerate(columns)}
        self._places |= {f"_col{one.place}": number for number, one in enumerate(columns)}

    def cells(self, line: str) -> list[Cell]:
        """The cells of the wanted columns.

        Raises:
            Failure: HIVE_CURSOR_ERROR.
        """
        text = line.lstrip(" \t\r\n")
        if INVALID in text:
            raise _failure("Invalid JSON: the line is not in UTF-8")
        try:
            value = _DECODER.raw_decode(text)[0]
        except (ValueError, RecursionError) as error:
            raise _failure(f"Invalid JSON: {error}") from None
        if not isinstance(value, _Pairs):
            raise _failure("Invalid JSON: start of object expected")
        found: dict[int, Cell] = {}
        for name, item in value:
            place = self._places.get(name.lower())
            if place is None:
                continue
            column = self._columns[place]
            try:
                if place in found:
                    raise _failure(f"the field {name!r} is there twice")
                found[place] = self._decoders[place](item)
            except Failure as failure:
                raise failure.in_column(column.name, column.type.text) from None
        return [found.get(place) for place in range(len(self._columns))]


class _Rules:
    """A decoder for each type, none of which gets a null."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._formats = MomentFormat.several(parameters, needs_time=False)

    def decoder(self, kind: Type) -> Decoder:
        nested = {"array": self._array, "map": self._map, "row": self._row}
        return nested[kind.name](kind) if kind.name in nested else _scalar(kind, self._rule(kind))

    def _rule(self, kind: Type) -> Callable[[Any], Cell]:
        """From a scalar of JSON: a text, `_Number` or bool."""
        if kind.is_text:
            return lambda value: fit_text(_text(value), kind)
        if kind.name in _BITS:
            return lambda value: _whole(value, kind.name)
        rules: dict[str, Callable[[Any], Cell]] = {
            "boolean": lambda value: "true" if _text(value).lower() == "true" else "false",
            "decimal": lambda value: _decimal(_text(value), kind),
            "real": lambda value: double_text(_number(value), is_single=True),
            "double": lambda value: double_text(_number(value)),
            "date": lambda value: _date(_text(value)),
            "timestamp": lambda value: self._moment(_text(value), kind.args[0]),
            "varbinary": lambda value: bytes_cell(text_of(_text(value)).encode()),
        }
        if kind.name not in rules:
            raise Failure("NOT_SUPPORTED", f"local_aws reads no {kind.text} out of JSON")
        return rules[kind.name]

    def _moment(self, text: str, digits: int) -> Cell:
        moment = read_moment(text, self._formats, digits)
        if moment is None:
            raise _failure(f"Text {text!r} could not be parsed")
        return moment

    def _array(self, kind: Type) -> Decoder:
        item = or_null(self.decoder(kind.items[0]))

        def decode(value: Any) -> Cell:
            if not isinstance(value, list) or isinstance(value, _Pairs):
                raise _failure("Invalid JSON: start of array expected")
            return [item(one) for one in value]

        return decode

    def _map(self, kind: Type) -> Decoder:
        key, item = self._key(kind.items[0]), or_null(self.decoder(kind.items[1]))

        def decode(value: Any) -> Cell:
            pairs = _object(value)
            return distinct_pairs((key(name), item(one)) for name, one in pairs)

        return decode

    def _key(self, kind: Type) -> Callable[[Any], Cell]:
        rule = self._rule(kind)
        is_number = kind.name in (*_BITS, "real", "double")
        return (lambda name: rule(_key_number(name, kind))) if is_number else rule

    def _row(self, kind: Type) -> Decoder:
        labels = [(label or "").lower() for label in kind.labels]
        items = [or_null(self.decoder(one)) for one in kind.items]

        def decode(value: Any) -> Cell:
            fields = {name.lower(): one for name, one in _object(value)}
            return tuple(item(fields.get(label)) for item, label in zip(items, labels, strict=True))

        return decode


def _failure(message: str) -> Failure:
    return Failure("HIVE_CURSOR_ERROR", message)


def _object(value: Any) -> _Pairs:
    if not isinstance(value, _Pairs):
        raise _failure("Invalid JSON: start of object expected")
    return value


def _scalar(kind: Type, rule: Callable[[Any], Cell]) -> Decoder:
    def decode(value: Any) -> Cell:
        if isinstance(value, list):
            raise _failure(f"Invalid JSON: {kind.text} value must be a scalar json value")
        return rule(value)

    return decode


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(value: Any) -> str:
    if not isinstance(value, _Number):
        raise _failure(f"Current token is no number: {_text(value)!r}")
    return str(value)


def _key_number(name: str, kind: Type) -> _Number:
    is_number = double_text(name) if kind.name in ("real", "double") else parse_long(name)
    if is_number is None:
        raise _failure(f'For input string: "{name}"')
    return _Number(name)


def _whole(value: Any, name: str) -> Cell:
    text = _number(value)
    least = -(2 ** _BITS[name])
    whole = parse_long(text)
    if whole is None:
        number = float(text)
        whole = int(number) if abs(number) < 2**64 else 2**64
    most = 255 if name == "tinyint" else -least - 1
    if not least <= whole <= most:
        raise _failure(f"Numeric value ({text}) out of range of {name}")
    return str(whole - 256 if name == "tinyint" and whole > 127 else whole)


def _decimal(text: str, kind: Type) -> Cell:
    value = parse_decimal(text)
    if value is None:
        return None
    fitted = decimal_text(value, *kind.args)
    if fitted is None:
        raise _failure(f"Cannot convert '{text}' to {kind.text}. Value too large.")
    return fitted


def _date(text: str) -> Cell:
    day = hive_date(text)
    if day is None:
        raise _failure(f"Text {text!r} could not be parsed")
    return date_text(day)
