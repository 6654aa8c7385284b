"""What a crawler reads out of a data file: its format and its columns, in Glue's words."""

import gzip
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

HEAD_BYTES = 1 << 18
"""How much of a JSON file, unpacked, is looked at."""

UNKNOWN_TYPE = "null"
"""The type of a JSON value that was only ever null; it ends as string."""

_INT_MAX = 2**31 - 1
_NUMERIC = ("int", "bigint", "double")
_ARROW_TYPES = {
    "bool": "boolean",
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "int",
    "int64": "bigint",
    "uint8": "smallint",
    "uint16": "int",
    "uint32": "bigint",
    "uint64": "decimal(20,0)",
    "halffloat": "float",
    "float": "float",
    "double": "double",
    "string": "string",
    "large_string": "string",
    "binary": "binary",
    "large_binary": "binary",
    "date32[day]": "date",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSchema:
    """Format and columns of a file.

    `classification` is "parquet", "json" or "UNKNOWN"; `compression` "none" or "gzip"; `columns`
    pairs of lower-case name and Glue type. Of a file, a type may be, or hold, `UNKNOWN_TYPE`.
    """

    classification: str
    compression: str = "none"
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one file showed: its schema and the bytes a record takes in it."""

    schema: FileSchema
    record_bytes: float


def sample_file(path: Path, size: int) -> Sample:
    """Look into a file of `size` bytes: the footer of Parquet, the head of JSON lines."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"PAR1":
        return _sample_parquet(path, size)
    head, read = _head(path, is_gzip=magic[:2] == b"\x1f\x8b")
    lines = head.splitlines()
    if len(head) == HEAD_BYTES and len(lines) > 1:
        lines.pop()  # cut in the middle
    records = [record for line in lines if (record := _record(line)) is not None]
    if not records:
        return Sample(schema=FileSchema(classification="UNKNOWN"), record_bytes=0.0)
    columns = reduce(merge_columns, (record_columns(record) for record in records))
    schema = FileSchema(
        classification="json",
        compression="gzip" if magic[:2] == b"\x1f\x8b" else "none",
        columns=tuple((name, _spelled(kind)) for name, kind in columns),
    )
    return Sample(schema=schema, record_bytes=min(read, size) / len(lines))


def _head(path: Path, *, is_gzip: bool) -> tuple[bytes, int]:
    """The first bytes of a text file, unpacked, and how many bytes of the file they take."""
    with path.open("rb") as file:
        if not is_gzip:
            head = file.read(HEAD_BYTES)
            return head, len(head)
        try:
            with gzip.GzipFile(fileobj=file) as unpacked:
                head = unpacked.read(HEAD_BYTES)
        except (OSError, EOFError, zlib.error):
            return b"", 0
        whole = len(head) < HEAD_BYTES
        return head, path.stat().st_size if whole else file.tell()


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _sample_parquet(path: Path, size: int) -> Sample:
    import pyarrow.parquet  # a third of a second, which a server without crawls need not spend

    try:
        metadata = pyarrow.parquet.read_metadata(path)
        columns = _known_columns(metadata.schema.to_arrow_schema())
    except (pyarrow.ArrowException, OSError):
        columns = ()
    if not columns:
        return Sample(schema=FileSchema(classification="UNKNOWN"), record_bytes=0.0)
    schema = FileSchema(classification="parquet", columns=columns)
    return Sample(schema=schema, record_bytes=size / max(metadata.num_rows, 1))


def _known_columns(fields: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    """The columns whose types Glue knows: another one costs itself, not the table."""
    pairs = ((field.name.lower(), arrow_type(field.type)) for field in fields)
    return tuple((name, kind) for name, kind in pairs if kind is not None)


def arrow_type(kind: Any) -> str | None:
    """The Glue type of an Arrow type; None when there is none, as for times and only nulls."""
    from pyarrow import types

    if types.is_timestamp(kind):
        return "timestamp"
    if types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})" if kind.precision <= 38 else None
    if types.is_list(kind) or types.is_large_list(kind):
        item = arrow_type(kind.value_type)
        return item and f"array<{item}>"
    if types.is_map(kind):
        key, item = arrow_type(kind.key_type), arrow_type(kind.item_type)
        return f"map<{key},{item}>" if key and item else None
    if types.is_struct(kind):
        fields = _known_columns(kind)
        text = ",".join(f"{name}:{inner}" for name, inner in fields)
        return f"struct<{text}>" if fields else None
    if types.is_dictionary(kind):
        return arrow_type(kind.value_type)
    if types.is_fixed_size_binary(kind):
        return "binary"
    return _ARROW_TYPES.get(str(kind))


Columns = tuple[tuple[str, Any], ...]
"""Name and type; of JSON the type is a name, a list of one type, or a dict of types."""


def record_columns(record: dict[str, Any]) -> Columns:
    """The columns of one JSON record."""
    return tuple((name.lower(), _json_type(value)) for name, value in record.items())


def _json_type(value: Any) -> Any:
    if value is None:
        return UNKNOWN_TYPE
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int" if abs(value) <= _INT_MAX else "bigint"
    if isinstance(value, float):
        return "double"
    if isinstance(value, list):
        return [reduce(merge_types, map(_json_type, value), UNKNOWN_TYPE)]
    if isinstance(value, dict):
        return dict(merge_columns((), record_columns(value))) or UNKNOWN_TYPE
    return "string"


def merge_columns(left: Columns, right: Iterable[tuple[str, Any]]) -> Columns:
    """All columns of both, in the order in which they first appear."""
    merged = dict(left)
    for name, kind in right:
        merged[name] = merge_types(merged[name], kind) if name in merged else kind
    return tuple(merged.items())


def merge_types(left: Any, right: Any) -> Any:
    """The narrowest type for both: the wider number, else string."""
    if left == right or right == UNKNOWN_TYPE:
        return left
    if left == UNKNOWN_TYPE:
        return right
    if isinstance(left, dict) and isinstance(right, dict):
        return dict(merge_columns(tuple(left.items()), right.items()))
    if isinstance(left, list) and isinstance(right, list):
        return [merge_types(left[0], right[0])]
    if left in _NUMERIC and right in _NUMERIC:
        return max(left, right, key=_NUMERIC.index)
    return "string"


def _spelled(kind: Any, unknown: str = UNKNOWN_TYPE) -> str:
    if isinstance(kind, dict):
        fields = (f"{name}:{_spelled(inner, unknown)}" for name, inner in kind.items())
        return f"struct<{','.join(fields)}>"
    if isinstance(kind, list):
        return f"array<{_spelled(kind[0], unknown)}>"
    return unknown if kind == UNKNOWN_TYPE else str(kind)


def settled(text: str) -> str:
    """A Glue type without `UNKNOWN_TYPE`."""
    return _spelled(_structure(text), "string")


def _structure(text: str) -> Any:
    """A Glue type as `merge_types` takes it; as it is where names of fields have marks of types."""
    try:
        kind = _parse(text)
    except ValueError:
        return text
    return kind if _spelled(kind) == text else text


def _parse(text: str) -> Any:
    name, opened, rest = text.partition("<")
    if not opened or name not in ("array", "struct"):
        if not text or ":" in text.partition("<")[0]:
            raise ValueError(text)
        return text
    if name == "array":
        return [_parse(rest[:-1])]
    parts, depth = [""], 0
    for character in rest[:-1]:
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    pairs = (part.partition(":") for part in parts)
    return {field: _parse(inner) for field, _, inner in pairs}


def are_similar(left: FileSchema, right: FileSchema) -> bool:
    """May files of these schemas be one table? Same format, and 70 % of the columns in common.

    A shared column counts when one type of the two can hold the other's values.
    """
    if (left.classification, left.compression) != (right.classification, right.compression):
        return False
    a, b = ({n: _structure(kind) for n, kind in each.columns} for each in (left, right))
    shared = sum(
        merge_types(a[name], b[name]) != "string" or "string" in (a[name], b[name])
        for name in a.keys() & b.keys()
    )
    return bool(shared >= 0.7 * max(len(a), len(b)))


def combine(schemas: Iterable[FileSchema]) -> FileSchema:
    """One schema for files of several schemas of one format."""
    given = list(dict.fromkeys(schemas))
    structures = (tuple((n, _structure(kind)) for n, kind in each.columns) for each in given)
    columns = tuple((name, _spelled(kind)) for name, kind in reduce(merge_columns, structures))
    first = given[0]
    return FileSchema(
        classification=first.classification, compression=first.compression, columns=columns
    )
