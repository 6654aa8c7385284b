"""The raw table as the catalog has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retime import aws
from retime.calendar.arrival_hours import ARRIVAL_KEYS
from retime.dataset.model import Columns
from retime.errors import CatalogError

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import StorageDescriptorOutputTypeDef

_JSON_SERDE = "org.openx.data.jsonserde.JsonSerDe"
_TEXTS = ("string", "varchar", "char")
_WIDTHS = {"year": 4, "month": 2, "day": 2, "hour": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """A raw table: its columns, and the types of its partition keys."""

    database: str
    name: str
    columns: Columns
    keys: Columns
    is_json: bool

    @property
    def key_widths(self) -> tuple[int, ...]:
        """The digits of each key's values, which are zero-padded text; 0 for a number."""
        return tuple(_WIDTHS[key] if is_text(type_) else 0 for key, type_ in self.keys.items())


def is_text(type_: str) -> bool:
    """Return whether a column of the catalog is of text."""
    return type_.lower().startswith(_TEXTS)


def read_raw_table(glue: GlueClient, database: str, name: str) -> RawTable:
    """Return the raw table as the catalog has it.

    Raises:
        CatalogError: it is missing, or is not partitioned by arrival hour.
    """
    raw = find_raw_table(glue, database, name)
    if raw is None:
        raise CatalogError(
            f"the raw table {database}.{name} is not in the catalog; run the crawler, or create it"
        )
    return raw


def find_raw_table(glue: GlueClient, database: str, name: str) -> RawTable | None:
    """Return the raw table as the catalog has it, or None.

    Raises:
        CatalogError: it is not partitioned by arrival hour.
    """
    table = aws.get_table(glue, database, name)
    if table is None:
        return None
    keys = aws.column_types(table.get("PartitionKeys", ()))
    if tuple(keys) != ARRIVAL_KEYS:
        raise CatalogError(
            f"the raw table {database}.{name} has the partition keys {list(keys)}; "
            f"Retime reads tables partitioned by {list(ARRIVAL_KEYS)} of arrival"
        )
    descriptor = table["StorageDescriptor"]
    return RawTable(
        database=database,
        name=name,
        columns=aws.column_types(descriptor["Columns"]),
        keys=keys,
        is_json=is_json(descriptor),
    )


def is_json(descriptor: StorageDescriptorOutputTypeDef) -> bool:
    """Return whether a storage descriptor is of JSON lines."""
    return descriptor.get("SerdeInfo", {}).get("SerializationLibrary", "") == _JSON_SERDE
