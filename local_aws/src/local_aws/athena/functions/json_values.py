"""JSON values: reading them into types, and their text as Trino keeps it."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from local_aws.athena.functions.numbers import double_text, double_to_varchar
from local_aws.athena.functions.registry import Failure, PythonFunction

_WHOLE = re.compile(r"-?\d+")


class Number(str):
    """A number's text in a document."""

    __slots__ = ()


def parse(text: str) -> Any:
    """Read a document strictly: numbers stay texts, of doubled keys the last one counts.

    Raises:
        ValueError: it is no JSON.
    """
    return json.loads(
        text,
        parse_int=Number,
        parse_float=Number,
        parse_constant=_refuse,
        object_pairs_hook=dict,
    )


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def dump(value: Any) -> str:
    """The text of a document as it was read."""
    return "".join(_pieces(value))


def _pieces(value: Any) -> Iterator[str]:
    if isinstance(value, Number):
        yield str(value)
    elif isinstance(value, dict):
        yield "{"
        for number, (key, item) in enumerate(value.items()):
            yield f"{',' if number else ''}{quoted(key)}:"
            yield from _pieces(item)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for number, item in enumerate(value):
            yield "," if number else ""
            yield from _pieces(item)
        yield "]"
    elif isinstance(value, str):
        yield quoted(value)
    else:
        yield "null" if value is None else ("true" if value else "false")


_ESCAPED = re.compile('["\\\\\x00-\x1f\ud800-\udfff\U00010000-\U0010ffff]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def quoted(text: str) -> str:
    """A text as Jackson writes it."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(found: re.Match[str]) -> str:
    letter = found[0]
    if letter in _SHORT:
        return _SHORT[letter]
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n]:02X}{units[n + 1]:02X}" for n in range(0, len(units), 2))


def in_java(value: Any) -> Any:
    """The document with numbers in Java's form, as json_extract gives it."""
    if isinstance(value, Number):
        return Number(_canonical_number(value))
    if isinstance(value, dict):
        return {key: in_java(item) for key, item in value.items()}
    return [in_java(item) for item in value] if isinstance(value, list) else value


def canonical(value: Any) -> Any:
    """The document as json_parse keeps it: keys sorted, numbers in Java's form."""
    if isinstance(value, Number):
        return Number(_canonical_number(value))
    if isinstance(value, dict):
        return {key: canonical(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [canonical(item) for item in value]
    return value


def _canonical_number(text: str) -> str:
    if _WHOLE.fullmatch(text):
        return str(int(text))
    value = double_text(float(text))
    return f'"{value}"' if value[-1] in "yN" else value


def cast_failure(text: str, kind: str) -> Failure:
    """The failure of a cast from JSON."""
    return Failure("INVALID_CAST_ARGUMENT", f"Cannot cast '{text}' to {kind}")


def _scalar(text: str, kind: str) -> Any:
    value = parse(text)
    if isinstance(value, dict | list):
        raise cast_failure(text, kind)
    return value


def to_boolean(text: str) -> bool | None:
    """CAST(json AS boolean)."""
    value = _scalar(text, "boolean")
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, Number):
        return float(value) != 0
    low = value.lower()
    if low in ("t", "true", "1"):
        return True
    if low in ("f", "false", "0"):
        return False
    raise cast_failure(text, "boolean")


def to_whole(text: str, kind: str, least: int, most: int) -> int | None:
    """CAST(json AS an integer type)."""
    value = _scalar(text, kind)
    if value is None:
        return None
    try:
        number = _whole(value)
    except (ValueError, OverflowError):
        raise cast_failure(text, kind) from None
    if not least <= number <= most:
        raise cast_failure(text, kind)
    return number


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Number) and not _WHOLE.fullmatch(value):
        number = float(value)
        return int(number + 0.5) if number >= 0 else -int(-number + 0.5)
    return int(value)


def to_double(text: str) -> str | None:
    """CAST(json AS double); its text, for DuckDB takes NaN for NULL."""
    value = _scalar(text, "double")
    if value is None:
        return None
    try:
        return repr(float(value))
    except ValueError:
        raise cast_failure(text, "double") from None


def to_decimal_text(text: str, kind: str) -> str | None:
    """CAST(json AS decimal), as text that is then cast."""
    value = _scalar(text, kind)
    if value is None:
        return None
    if isinstance(value, bool):
        return "1" if value else "0"
    try:
        return format(Decimal(value), "f")
    except (InvalidOperation, ValueError):
        raise cast_failure(text, kind) from None


def to_varchar(text: str) -> str | None:
    """CAST(json AS varchar)."""
    value = _scalar(text, "varchar")
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return str(int(value)) if _WHOLE.fullmatch(value) else double_to_varchar(float(value))
    return str(value)


def elements(text: str, kind: str) -> list[str] | None:
    """The elements of an array, as JSON."""
    value = parse(text)
    if value is None:
        return None
    if not isinstance(value, list):
        raise cast_failure(text, kind)
    return [dump(item) for item in value]


def keys(text: str, kind: str) -> list[str] | None:
    """The keys of an object, in order, as JSON texts."""
    value = parse(text)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise cast_failure(text, kind)
    return [quoted(key) for key in value]


def values(text: str) -> list[str] | None:
    """The values of an object, in the order of its keys, as JSON."""
    value = parse(text)
    return [dump(item) for item in value.values()] if isinstance(value, dict) else None


def fields(text: str, labels: list[str | None], kind: str) -> list[str] | None:
    """The fields of a row, out of an object by name or of an array by place, as JSON."""
    value = parse(text)
    if value is None:
        return None
    if isinstance(value, list):
        if len(value) != len(labels):
            raise cast_failure(text, kind)
        return [dump(item) for item in value]
    if not isinstance(value, dict):
        raise cast_failure(text, kind)
    lowered = {key.lower(): item for key, item in value.items()}
    return [dump(lowered.get((label or "").lower())) for label in labels]


FUNCTIONS = (
    PythonFunction("trino_json_to_boolean", ("VARCHAR",), "BOOLEAN", to_boolean),
    PythonFunction(
        "trino_json_to_whole", ("VARCHAR", "VARCHAR", "BIGINT", "BIGINT"), "BIGINT", to_whole
    ),
    PythonFunction("trino_json_to_double", ("VARCHAR",), "VARCHAR", to_double),
    PythonFunction("trino_json_quoted", ("VARCHAR",), "VARCHAR", quoted),
    PythonFunction("trino_json_to_decimal", ("VARCHAR", "VARCHAR"), "VARCHAR", to_decimal_text),
    PythonFunction("trino_json_to_varchar", ("VARCHAR",), "VARCHAR", to_varchar),
    PythonFunction("trino_json_elements", ("VARCHAR", "VARCHAR"), "VARCHAR[]", elements),
    PythonFunction("trino_json_keys", ("VARCHAR", "VARCHAR"), "VARCHAR[]", keys),
    PythonFunction("trino_json_values", ("VARCHAR",), "VARCHAR[]", values),
    PythonFunction("trino_json_fields", ("VARCHAR", "VARCHAR[]", "VARCHAR"), "VARCHAR[]", fields),
)
