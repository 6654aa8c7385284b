"""The rules of the OpenX JSON SerDe, type by type.

Source: OpenXJsonDeserializer in Trino's lib/trino-hive-formats. Athena's own reader may be the Java
SerDe of the same name, which differs in corners that nobody has written down.

    a line that is no object or array   a row of NULLs; so are blank lines
    a line that is broken JSON          fails, or with ignore.malformed.json is a row of NULLs
    an array                            a row by position
    an object or array for a scalar     fails; but is the JSON text as text, and false as boolean
    a scalar that does not fit          NULL; for a map or a row it fails
    a scalar for an array               an array of one
"""

import base64
import binascii
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
    BLANKS,
    decimal_text,
    double_text,
    parse_decimal,
    parse_long_of_any_radix,
    whole_of,
)
from local_aws.athena.lines.json_form import shown
from local_aws.athena.lines.lenient_json import Bare, Fields, InvalidJsonError, read_json
from local_aws.athena.lines.moments import (
    MomentFormat,
    date_text,
    moment_text,
    openx_date,
    openx_moment,
)
from local_aws.athena.lines.plan import Column
from local_aws.athena.types.sqltypes import Type

_BITS = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63}


class OpenxReader:
    """Reads lines.

    Args:
        parameters: the SerDe's.
        columns: the wanted columns.
    """

    def __init__(self, parameters: Mapping[str, str], columns: Sequence[Column]) -> None:
        self._ignores = _is_true(parameters, "ignore.malformed.json")
        self._rules = _Rules(parameters)
        self._columns = columns
        self._names = [self._rules.column_key(one.name) for one in columns]
        self._decoders = [self._rules.decoder(one.type) for one in columns]

    def cells(self, line: str) -> list[Cell]:
        """The cells of the wanted columns.

        Raises:
            Failure: HIVE_CURSOR_ERROR.
        """
        text = line.strip(BLANKS)
        value = None
        if text.startswith(("{", "[")):
            try:
                value = read_json(text, self._rules.fold)
            except InvalidJsonError as error:
                if not self._ignores:
                    raise _failure(f"Row is not a valid JSON object: {error}") from None
        if value is None:
            return [None] * len(self._columns)
        found: list[Cell] = []
        for column, name, decode in zip(self._columns, self._names, self._decoders, strict=True):
            item = _at(value, column.place) if isinstance(value, list) else name.of(value)
            try:
                found.append(None if item is None else decode(item))
            except Failure as failure:
                raise failure.in_column(column.name, column.type.text) from None
        return found


class _Key:
    """Finds the value of a field in an object."""

    def __init__(self, folded: str, dotted: str | None, fold: Callable[[str], str]) -> None:
        self.folded, self.dotted, self.fold = folded, dotted, fold

    def of(self, fields: Fields) -> Any:
        if self.folded in fields:
            return fields[self.folded][1]
        if self.dotted is not None:
            for name, value in fields.values():
                if "." in name and self.fold(name.replace(".", "_")) == self.dotted:
                    return value
        return None


class _Rules:
    """A decoder for each type, none of which gets a null."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        is_folding = _is_true(parameters, "case.insensitive", default="true")
        self.fold: Callable[[str], str] = str.lower if is_folding else str
        self._dots = _is_true(parameters, "dots.in.keys")
        self._mapping = {
            name.removeprefix("mapping."): self.fold(value)
            for name, value in parameters.items()
            if name.startswith("mapping.")
        }
        self._formats = MomentFormat.several(parameters, needs_time=True)

    def column_key(self, name: str) -> _Key:
        name = name.lower()
        folded = self.fold(self._mapping.get(name, name))
        return _Key(folded, name if self._dots and "_" in name else None, self.fold)

    def decoder(self, kind: Type) -> Decoder:
        nested = {"array": self._array, "map": self._map, "row": self._row}
        if kind.name in nested:
            return nested[kind.name](kind)
        if kind.name == "boolean":
            return lambda value: str(shown(value).lower() == "true").lower()
        if kind.is_text:
            return lambda value: fit_text(shown(value), kind)
        if kind.name in _BITS:
            return _scalar(kind, _whole_rule(_BITS[kind.name]))
        if kind.name == "timestamp":
            return _scalar(kind, lambda text: self._moment(text, kind.args[0]))
        if kind.name == "varbinary":
            return _bytes
        rules: dict[str, Callable[[str], Cell]] = {
            "decimal": lambda text: _decimal(text, kind),
            "real": lambda text: double_text(text, is_single=True),
            "double": double_text,
            "date": _date,
        }
        if kind.name not in rules:
            raise Failure("NOT_SUPPORTED", f"local_aws reads no {kind.text} out of JSON")
        return _scalar(kind, rules[kind.name])

    def _moment(self, text: str, digits: int) -> Cell:
        for form in self._formats:
            nanos = form.nanos(text)
            if nanos is not None:
                return moment_text(nanos, digits)
        nanos = openx_moment(text)
        return None if nanos is None else moment_text(nanos, digits)

    def _array(self, kind: Type) -> Decoder:
        item = or_null(self.decoder(kind.items[0]))

        def decode(value: Any) -> Cell:
            if value == "":
                return None
            return [item(one) for one in value] if isinstance(value, list) else [item(value)]

        return decode

    def _map(self, kind: Type) -> Decoder:
        key, item = self.decoder(kind.items[0]), or_null(self.decoder(kind.items[1]))

        def decode(value: Any) -> Cell:
            if isinstance(value, Fields):
                pairs = ((key(name), one) for name, one in value.values())
                return distinct_pairs((name, item(one)) for name, one in pairs)
            if isinstance(value, list) or _is_filled(value):
                raise _failure("Primitive or array can not be coerced to a MAP")
            return None

        return decode

    def _row(self, kind: Type) -> Decoder:
        keys = [self.column_key(label or "") for label in kind.labels]
        items = [or_null(self.decoder(one)) for one in kind.items]

        def decode(value: Any) -> Cell:
            if isinstance(value, Fields):
                found = [key.of(value) for key in keys]
            elif isinstance(value, list):
                found = [_at(value, place) for place in range(len(keys))]
            elif _is_filled(value):
                raise _failure("Primitive can not be coerced to a ROW")
            else:
                found = [None] * len(keys)
            return tuple(item(one) for item, one in zip(items, found, strict=True))

        return decode


def _is_true(parameters: Mapping[str, str], name: str, default: str = "false") -> bool:
    return parameters.get(name, default).lower() == "true"


def _failure(message: str) -> Failure:
    return Failure("HIVE_CURSOR_ERROR", message)


def _at(values: list[Any], place: int) -> Any:
    return values[place] if place < len(values) else None


def _is_filled(value: Any) -> bool:
    return isinstance(value, bool) or bool(value.strip(BLANKS))


def _scalar(kind: Type, rule: Callable[[str], Cell]) -> Decoder:
    def decode(value: Any) -> Cell:
        if isinstance(value, list | dict):
            what = "an array" if isinstance(value, list) else "an object"
            raise _failure(f"{what} can not be coerced to {kind.text}")
        return None if isinstance(value, bool) else rule(value)

    return decode


def _whole_rule(bits: int) -> Callable[[str], Cell]:
    def rule(text: str) -> Cell:
        whole = parse_long_of_any_radix(text)
        if whole is None:
            value = parse_decimal(text)
            whole = None if value is None else whole_of(value)
        fits = whole is not None and -(2**bits) <= whole < 2**bits
        return str(whole) if fits else None

    return rule


def _decimal(text: str, kind: Type) -> Cell:
    value = parse_decimal(text)
    return None if value is None else decimal_text(value, *kind.args)


def _date(text: str) -> Cell:
    day = openx_date(text)
    if day is None:
        day = parse_long_of_any_radix(text)
        if day is None or not -(2**31) <= day < 2**31:
            return None
    return date_text(day)


def _bytes(value: Any) -> Cell:
    if isinstance(value, Bare | list | dict | bool):
        raise _failure("only a text in quotes can be coerced to varbinary")
    try:
        return bytes_cell(decode_base64(value))
    except (ValueError, binascii.Error):
        raise _failure(f"{value!r} is no Base64") from None


def decode_base64(text: str) -> bytes:
    """Base64 as Java decodes it: padding may lack.

    Raises:
        ValueError: it is none.
    """
    if "=" in text:
        return base64.b64decode(text, validate=True)
    if len(text) % 4 == 1:
        raise ValueError(text)
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
