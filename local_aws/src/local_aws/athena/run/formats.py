"""How a table's or partition's files are written, from its SerDe."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local_aws.athena.errors import QueryError


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How a table's or partition's files are written.

    Attributes:
        kind: "parquet", "json", "openx", "text" or "opencsv".
        parameters: the SerDe's.
    """

    kind: str
    parameters: tuple[tuple[str, str], ...] = ()

    def lines(self, name: str) -> int:
        """A parameter that counts lines."""
        count = self.get(name, "0")
        return int(count) if count.isdecimal() else 0

    def get(self, name: str, default: str = "") -> str:
        """A SerDe parameter."""
        return dict(self.parameters).get(name, default)


HEADER_LINES = "skip.header.line.count"
FOOTER_LINES = "skip.footer.line.count"
_KINDS = (
    ("parquet", "parquet"),
    ("openx", "openx"),
    ("jsonserde", "json"),
    ("opencsvserde", "opencsv"),
    ("lazysimpleserde", "text"),
)


def storage_of(
    descriptor: Mapping[str, Any], table: str, properties: Mapping[str, str] | None = None
) -> Storage:
    """The storage of a Glue StorageDescriptor.

    Args:
        descriptor: of a table or a partition.
        table: named in the error.
        properties: the table's, for those that are about its files.

    Raises:
        QueryError: HIVE_UNSUPPORTED_FORMAT.
    """
    serde = descriptor.get("SerdeInfo") or {}
    library = str(serde.get("SerializationLibrary", ""))
    for part, kind in _KINDS:
        if part in library.lower():
            parameters = {**(serde.get("Parameters") or {})}
            for name in (HEADER_LINES, FOOTER_LINES):
                if name in (properties or {}):
                    parameters[name] = (properties or {})[name]
            return Storage(kind=kind, parameters=tuple(sorted(parameters.items())))
    raise QueryError(
        "HIVE_UNSUPPORTED_FORMAT",
        f"table {table} has the SerDe {library!r}; local_aws reads Parquet, JSON (hcatalog, "
        "openx) and text (LazySimple, OpenCSV)",
    )
