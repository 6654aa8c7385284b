"""JSON texts by path: json_extract and its kin, which read only as far as they must."""

import re
from functools import lru_cache
from typing import Any

from local_aws.athena.functions.json_values import Number, canonical, dump, in_java, parse
from local_aws.athena.functions.registry import Failure, PythonFunction

_STEP = re.compile(r"\.([^\W\d]\w*|\d+)|\[(\d+)\]|\[\"((?:[^\"\\]|\\.)*)\"\]")
_BLANK = re.compile(r"[ \t\r\n]*")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BARE = re.compile(r"-?\d[\d.eE+-]*|true|false|null")


# A surrogate without its other half, which DuckDB refuses.
_LONE = re.compile(
    r"\\uD[89AB][0-9A-F]{2}(?!\\uD[C-F])|(?<!\\uD[89AB][0-9A-F]{2})\\uD[C-F][0-9A-F]{2}"
)


class _BrokenError(ValueError):
    """The text is no JSON where it was read."""


@lru_cache(maxsize=500)
def path_steps(path: str) -> tuple[str, ...]:
    """The keys and places of a path.

    Raises:
        Failure: it is none that Trino knows.
    """
    steps, at = [], 1
    while path[:1] == "$" and at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            break
        quoted = found[3]
        steps.append(
            found[1] or found[2] or re.sub(r"\\(.)", r"\1", quoted if quoted is not None else "")
        )
        at = found.end()
    if path[:1] != "$" or at < len(path):
        raise Failure("INVALID_FUNCTION_ARGUMENT", f"Invalid JSON path: '{path}'")
    return tuple(steps)


def found_at(text: str, path: str) -> str | None:
    """The text of the value at a path; None if there is none, or it is broken before."""
    at = 0
    try:
        for step in path_steps(path):
            inside = _step_into(text, _skip_blank(text, at), step)
            if inside is None:
                return None
            at = inside
        at = _skip_blank(text, at)
        return text[at : _end(text, at)]
    except (_BrokenError, IndexError):
        return None


def _skip_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _step_into(text: str, at: int, step: str) -> int | None:
    if text[at] == "{":
        return _in_object(text, at, step)
    if text[at] == "[":
        return _in_array(text, at, int(step)) if step.isdigit() else None
    _end(text, at)
    return None


def _in_object(text: str, at: int, step: str) -> int | None:
    at = _skip_blank(text, at + 1)
    while text[at] != "}":
        key = _TEXT.match(text, at)
        if key is None:
            raise _BrokenError(text)
        at = _skip_blank(text, key.end())
        if text[at] != ":":
            raise _BrokenError(text)
        at = _skip_blank(text, at + 1)
        if parse(key[0]) == step:
            return at
        at = _next(text, _end(text, at), "}")
    return None


def _in_array(text: str, at: int, place: int) -> int | None:
    at = _skip_blank(text, at + 1)
    while text[at] != "]":
        if place == 0:
            return at
        place -= 1
        at = _next(text, _end(text, at), "]")
    return None


def _next(text: str, at: int, closing: str) -> int:
    at = _skip_blank(text, at)
    if text[at] == ",":
        at = _skip_blank(text, at + 1)
        if text[at] == closing:
            raise _BrokenError(text)
        return at
    if text[at] != closing:
        raise _BrokenError(text)
    return at


def _end(text: str, at: int) -> int:
    """Where the value that begins at a place ends."""
    if text[at] in "{[":
        closing = "}" if text[at] == "{" else "]"
        is_object, at = text[at] == "{", _skip_blank(text, at + 1)
        while text[at] != closing:
            if is_object:
                key = _TEXT.match(text, at)
                at = _skip_blank(text, key.end()) if key else len(text)
                if text[at] != ":":
                    raise _BrokenError(text)
                at = _skip_blank(text, at + 1)
            at = _next(text, _end(text, at), closing)
        return at + 1
    found = _TEXT.match(text, at) or _BARE.match(text, at)
    if found is None:
        raise _BrokenError(text)
    return found.end()


def extract_scalar(text: str, path: str) -> str | None:
    """JSON_EXTRACT_SCALAR: numbers as they are written; NULL for objects, arrays and null."""
    raw = found_at(text, path)
    value = _read(raw)
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _read(raw: str | None) -> Any:
    try:
        return parse(raw) if raw is not None else None
    except ValueError:
        return None


def extract(text: str, path: str) -> str | None:
    """JSON_EXTRACT: the value without blanks."""
    raw = found_at(text, path)
    try:
        return dump(in_java(parse(raw))) if raw is not None else None
    except ValueError:
        return None


def size(text: str, path: str) -> int | None:
    """JSON_SIZE: members of an object or array, 0 for a scalar; NULL if there is nothing."""
    raw = found_at(text, path)
    if raw is None:
        return None
    value = _read(raw)
    return len(value) if isinstance(value, dict | list) else 0


def array_length(text: str) -> int | None:
    """JSON_ARRAY_LENGTH."""
    value = _read(text)
    return len(value) if isinstance(value, list) else None


def parse_text(text: str) -> str:
    """JSON_PARSE: keys sorted, of doubled ones the last, numbers in Java's form."""
    try:
        made = dump(canonical(parse(text)))
    except (ValueError, RecursionError):
        raise Failure(
            "INVALID_FUNCTION_ARGUMENT", f"Cannot convert value to JSON: '{text}'"
        ) from None
    if _LONE.search(made):
        raise Failure("NOT_SUPPORTED", "local_aws has no JSON with half of a letter in it")
    return made


def array_contains(text: str, wanted: str, kind: str) -> bool | None:
    """JSON_ARRAY_CONTAINS: of a text, number or boolean, given as text with its kind."""
    value = _read(text)
    if not isinstance(value, list):
        return None
    return any(_is(item, wanted, kind) for item in value)


def _is(item: Any, wanted: str, kind: str) -> bool:
    if isinstance(item, bool):
        return kind == "boolean" and wanted == ("true" if item else "false")
    if isinstance(item, Number):
        if kind == "bigint":
            return str(item) == wanted
        return kind == "double" and float(item) == float(wanted)
    return isinstance(item, str) and kind == "varchar" and item == wanted


_TWO = ("VARCHAR", "VARCHAR")
FUNCTIONS = (
    PythonFunction("trino_json_extract", _TWO, "VARCHAR", extract),
    PythonFunction("trino_json_extract_scalar", _TWO, "VARCHAR", extract_scalar),
    PythonFunction("trino_json_size", _TWO, "BIGINT", size),
    PythonFunction("trino_json_array_length", ("VARCHAR",), "BIGINT", array_length),
    PythonFunction("trino_json_parse", ("VARCHAR",), "VARCHAR", parse_text),
    PythonFunction("trino_json_array_contains", ("VARCHAR",) * 3, "BOOLEAN", array_contains),
)
