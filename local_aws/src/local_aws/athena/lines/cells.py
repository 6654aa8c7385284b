"""What a reader gives for a column: texts that DuckDB casts without failing.

A scalar is its text, an array a list, a row a tuple and a map a dict, of texts again.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from local_aws.athena.lines.java import text_of
from local_aws.athena.types.sqltypes import Type

Cell = str | list[Any] | tuple[Any, ...] | dict[str, Any] | None
Decoder = Callable[[Any], Cell]


def or_null(decode: Decoder) -> Decoder:
    """The same decoder, for values that may be None."""
    return lambda value: None if value is None else decode(value)


def fit_text(text: str, kind: Type) -> str:
    """A text in a varchar or char: cut, and padded."""
    text = text_of(text)
    if not kind.args:
        return text
    cut = text[: kind.args[0]]
    return cut.ljust(kind.args[0]) if kind.name == "char" else cut


def bytes_cell(value: bytes) -> str:
    """Bytes as DuckDB's text of a BLOB."""
    return "".join(f"\\x{byte:02X}" for byte in value)


def distinct_pairs(pairs: Iterable[tuple[Any, Cell]]) -> dict[str, Any]:
    """A map of pairs of key and value; of doubled keys the last one counts, and none is NULL.

    Source: DistinctMapKeys of Trino, as its JSON readers call it.
    """
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key is not None:
            found.pop(key, None)
            found[key] = value
    return found


def packed(cells: Iterable[Cell]) -> list[str | None]:
    """The cells as texts: nested ones are JSON."""
    return [
        cell if cell is None or isinstance(cell, str) else json.dumps(_fields(cell))
        for cell in cells
    ]


def _fields(cell: Any) -> Any:
    if isinstance(cell, tuple):
        return {f"f{number}": _fields(item) for number, item in enumerate(cell)}
    if isinstance(cell, list):
        return [_fields(item) for item in cell]
    if isinstance(cell, dict):
        return [{"k": key, "v": _fields(item)} for key, item in cell.items()]
    return cell


def structure(kind: Type) -> Any:
    """The shape of such JSON for DuckDB's json_transform."""
    if kind.name == "array":
        return [structure(kind.items[0])]
    if kind.name == "map":
        return [{"k": "VARCHAR", "v": structure(kind.items[1])}]
    if kind.name == "row":
        return {f"f{number}": structure(item) for number, item in enumerate(kind.items)}
    return "VARCHAR"
