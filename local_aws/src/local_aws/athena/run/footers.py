"""Parquet footers: a file's schema and the bytes of its columns, read once per file."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_TRAILER_BYTES = 8  # the footer's length and the magic, behind every footer
_KEPT = 50_000


Schema = tuple[tuple[str, pa.DataType], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """What a Parquet file says of itself.

    Attributes:
        schema: column names as in the file, with Arrow types.
        int96: the columns of moments in Parquet's old form, which Arrow does not tell apart.
        column_bytes: compressed bytes of each top-level column over all row groups.
        footer_bytes: what has to be read to know all this.
    """

    schema: Schema
    int96: frozenset[str]
    column_bytes: dict[str, int]
    footer_bytes: int


class Footers:
    """A cache of footers. Objects are never changed in place: size and time tell versions apart."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int, int], Footer] = OrderedDict()
        self._schemas: dict[Schema, Schema] = {}

    def read(self, path: Path) -> Footer:
        """The footer of a file.

        Raises:
            FileNotFoundError: the object was replaced or deleted.
            pa.ArrowInvalid: it is not a Parquet file.
        """
        stat = path.stat()
        key = (str(path), stat.st_size, stat.st_mtime_ns)
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        footer = _read(path)
        with self._lock:
            # Files of a table have one schema, which takes several times what else is kept.
            schema = self._schemas.setdefault(footer.schema, footer.schema)
            sizes = {name: footer.column_bytes[name] for name, _ in schema}
            footer = replace(footer, schema=schema, column_bytes=sizes)
            self._kept[key] = footer
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return footer


def _read(path: Path) -> Footer:
    metadata = pq.read_metadata(path)
    schema = metadata.schema.to_arrow_schema()
    names = schema.names
    roots = [
        _root(metadata.schema.column(number).path, names) for number in range(len(metadata.schema))
    ]
    sizes = dict.fromkeys(names, 0)
    for group_number in range(metadata.num_row_groups):
        group = metadata.row_group(group_number)
        for number, root in enumerate(roots):
            sizes[root] += group.column(number).total_compressed_size
    int96 = {
        root
        for number, root in enumerate(roots)
        if metadata.schema.column(number).physical_type == "INT96"
    }
    return Footer(
        int96=frozenset(int96),
        schema=tuple((field.name, field.type) for field in schema),
        column_bytes=sizes,
        footer_bytes=metadata.serialized_size + _TRAILER_BYTES,
    )


def _root(path: str, names: list[str]) -> str:
    # A leaf's path joins its names with dots, which a name may itself contain.
    parts = path.split(".")
    for length in range(1, len(parts) + 1):
        if ".".join(parts[:length]) in names:
            return ".".join(parts[:length])
    return path
