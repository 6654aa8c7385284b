"""Result objects: the CSV that Athena writes, its metadata, and the pages read back from it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local_aws.athena.types.sqltypes import UNBOUNDED, Type

_CELL = re.compile(rb'"((?:[^"]|"")*)"|([^",\r\n]*)')
_PRECISIONS = {
    "boolean": 1,
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "real": 17,
    "double": 17,
    "date": 0,
    "timestamp": 3,
    "timestamp with time zone": 3,
    "varbinary": 1073741824,
}

Column = tuple[str, Type]


def column_names(names: Sequence[str | None]) -> list[str]:
    """Result column names: an expression without an alias is _col<its place>."""
    return [name if name else f"_col{number}" for number, name in enumerate(names)]


def column_info(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """The ColumnInfo of ResultSetMetadata."""
    return [
        {
            "CatalogName": "hive",
            "SchemaName": "",
            "TableName": "",
            "Name": name,
            "Label": name,
            "Type": kind.athena,
            "Precision": _precision(kind),
            "Scale": kind.args[1] if kind.name == "decimal" else 0,
            "Nullable": "UNKNOWN",
            "CaseSensitive": kind.is_text,
        }
        for name, kind in columns
    ]


def _precision(kind: Type) -> int:
    if kind.name == "decimal":
        return kind.args[0]
    if kind.is_text:
        return kind.args[0] if kind.args else UNBOUNDED
    return _PRECISIONS.get(kind.name, 0)


def csv_bytes(rows: Sequence[Sequence[str | None]]) -> bytes:
    """Rows as Athena's CSV: every value quoted, NULL nothing."""
    lines = [
        ",".join("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in row)
        for row in rows
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def metadata_bytes(columns: Sequence[Column]) -> bytes:
    """The .metadata object: the columns in protocol-buffer form, as Athena's clients read them."""
    body = b""
    for info in column_info(columns):
        one = (
            _text(1, info["CatalogName"])
            + _text(4, info["Name"])
            + _text(5, info["Label"])
            + _text(6, info["Type"])
            + _number(7, info["Precision"])
            + _number(8, info["Scale"])
            + _number(9, 3)
            + _number(10, int(info["CaseSensitive"]))
        )
        body += _tag(4, 2) + _varint(len(one)) + one
    return body


def _tag(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _text(number: int, text: str) -> bytes:
    encoded = text.encode()
    return _tag(number, 2) + _varint(len(encoded)) + encoded


def _number(number: int, value: int) -> bytes:
    return _tag(number, 0) + _varint(value)


def read_rows(path: Path, offset: int, count: int) -> tuple[list[list[str | None]], int]:
    """Up to `count` rows of a result CSV from a byte offset, and the offset behind them.

    Returns:
        Rows, and where the next row begins; 0 at the end of the file.
    """
    rows: list[list[str | None]] = []
    with path.open("rb") as file:
        file.seek(offset)
        pending = b""
        for line in file:
            pending += line
            # A line break inside a value leaves an odd number of quotes.
            if pending.count(b'"') % 2:
                continue
            if len(rows) == count:
                return rows, offset
            rows.append(_cells(pending.rstrip(b"\r\n")))
            offset += len(pending)
            pending = b""
    return rows, 0


def _cells(line: bytes) -> list[str | None]:
    cells: list[str | None] = []
    index = 0
    while True:
        found = _CELL.match(line, index)
        assert found is not None
        quoted = found[1]
        cells.append(None if quoted is None else quoted.replace(b'""', b'"').decode())
        index = found.end() + 1
        if index > len(line):
            return cells


def as_rows(rows: Sequence[Sequence[str | None]]) -> list[dict[str, Any]]:
    """Rows as GetQueryResults has them: a NULL is an empty Datum."""
    return [
        {"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in rows
    ]
