"""The JSON-lines landing: one object a line, most numbers as text, empty classes left out."""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from demo.raw_fields import COUNT_OF_FIELD, RAW_FIELDS

# The few numbers that the stream does not turn into text.
PLAIN_NUMBERS = frozenset({"actueel_publicatie", "beschikbaar", "geldig"})


def json_line(record: Mapping[str, Any]) -> str:
    """Write one record, given as its raw fields, as it lands; what it lacks stays absent."""
    return json.dumps({k: _value(k, v) for k, v in record.items() if not _is_empty(k, record)})


def json_lines(table: pa.Table) -> list[str]:
    """Write every row of a table of all raw fields; the same as `json_line` of each, but fast."""
    pieces = [_pieces(table, field) for field in RAW_FIELDS]
    lines: list[str] = pc.binary_join_element_wise(*pieces, "}", "").to_pylist()
    return lines


def _is_empty(field: str, record: Mapping[str, Any]) -> bool:
    return field in COUNT_OF_FIELD and record.get(COUNT_OF_FIELD[field]) == 0


def _value(field: str, value: Any) -> Any:
    return str(value) if isinstance(value, int) and field not in PLAIN_NUMBERS else value


def _pieces(table: pa.Table, field: str) -> pa.ChunkedArray:
    """Give the part of every line that is about one field."""
    start = f'{"{" if field == RAW_FIELDS[0] else ", "}"{field}": '
    quote = "" if field in PLAIN_NUMBERS else '"'
    text = pc.cast(table[field], pa.string())
    pieces = pc.binary_join_element_wise(f"{start}{quote}", text, quote, "")
    pieces = pc.fill_null(pieces, f"{start}null")
    if field in COUNT_OF_FIELD:
        is_empty = pc.fill_null(pc.equal(table[COUNT_OF_FIELD[field]], 0), False)  # noqa: FBT003
        pieces = pc.if_else(is_empty, "", pieces)
    return pieces
