"""Values of JSON as text, in the one form that the OpenX reader gives them.

Source: JsonWriter in Trino's lib/trino-hive-formats.
"""

from typing import Any

from local_aws.athena.lines.java import parse_decimal, parse_long_of_any_radix
from local_aws.athena.lines.lenient_json import Bare, Fields


def shown(value: Any) -> str:
    """A value as text: numbers and booleans in one form, objects and arrays as JSON."""
    if isinstance(value, Bare):
        return _canonical(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{','.join(map(_json, value))}]"
    if isinstance(value, Fields):
        fields = (f"{_json(name)}:{_json(item)}" for name, item in value.values())
        return f"{{{','.join(fields)}}}"
    return str(value)


def _json(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        is_literal = isinstance(value, Bare) and _literal(value) is not None
        return _canonical(value) if is_literal else _quoted(value)
    return shown(value)


def _canonical(value: str) -> str:
    found = _literal(value)
    return str(value) if found is None else found


def _literal(value: str) -> str | None:
    if value.lower() in ("true", "false"):
        return value.lower()
    whole = parse_long_of_any_radix(value)
    if whole is not None:
        return str(whole)
    number = parse_decimal(value)
    return None if number is None else str(number)


_SHORT = {'"': '\\"', "\\": "\\\\", "\t": "\\t", "\b": "\\b", "\n": "\\n", "\r": "\\r", "\f": "\\f"}


def _quoted(text: str) -> str:
    pieces = []
    previous = ""
    for letter in text:
        if letter == "/" and previous == "<":
            pieces.append("\\/")
        elif letter in _SHORT:
            pieces.append(_SHORT[letter])
        else:
            pieces.append(f"\\u{ord(letter):04x}" if letter < " " else letter)
        previous = letter
    return f'"{"".join(pieces)}"'
