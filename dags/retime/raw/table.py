"""The raw table as the catalog has it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from retime import aws
from retime.calendar.partitioning import Key, Partitioning
from retime.dataset.column_types import parse_type
from retime.dataset.model import Columns, Raw
from retime.errors import CatalogError
from retime.raw.projection import listed_values, projected_keys

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_glue.type_defs import StorageDescriptorOutputTypeDef, TableTypeDef

_JSON_SERDE = "org.openx.data.jsonserde.JsonSerDe"
# They end a query at the first line that is not JSON, and cannot be told not to:
# https://docs.aws.amazon.com/athena/latest/ug/hive-json-serde.html
_OTHER_JSON_SERDES = (
    "org.apache.hive.hcatalog.data.JsonSerDe",
    "org.apache.hadoop.hive.serde2.JsonSerDe",
)
_NUMBERS = ("tinyint", "smallint", "int", "integer", "bigint")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """A raw table: its columns, and its partition keys with their names and types in the catalog.

    Of one that `is_projected` Athena works out the partitions from `folders`, with no other values
    of some keys than are `listed`; the catalog has none. `absent` gets the optional fields that
    statements asked for and that it does not have.
    """

    database: str
    name: str
    columns: Columns
    partitioning: Partitioning
    is_json: bool
    is_projected: bool = False
    folders: Partitioning = field(default_factory=lambda: Partitioning(()))
    listed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set, compare=False)

    @property
    def in_catalog(self) -> aws.CatalogTable:
        """The table, as calls to the catalog name it; values of partitions are as they are."""
        return aws.CatalogTable(database=self.database, name=self.name, keys=aws.AnyKeys())


def read_raw_table(glue: GlueClient, database: str, raw: Raw) -> RawTable:
    """Return the raw table as the catalog has it.

    Raises:
        CatalogError: it is missing, is not partitioned as the data set says, or is of JSON that
            Retime does not read.
    """
    found = find_raw_table(glue, database, raw)
    if found is None:
        raise CatalogError(
            f"the raw table {database}.{raw.table} is not in the catalog; run the crawler, or "
            "create it"
        )
    return found


def find_raw_table(glue: GlueClient, database: str, raw: Raw) -> RawTable | None:
    """Return the raw table as the catalog has it, or None.

    Raises:
        CatalogError: it is not partitioned as the data set says, or Athena or Retime does not
            read it.
    """
    table = aws.get_table(glue, database, raw.table)
    if table is None:
        return None
    _check_names(table)
    is_projected = aws.is_projected(table)
    keys = projected_keys(table, raw) if is_projected else _crawled_keys(table, raw)
    descriptor = table["StorageDescriptor"]
    serde = _serde(descriptor)
    if serde in _OTHER_JSON_SERDES:
        raise CatalogError(
            f"the raw table {database}.{raw.table} is read by {serde}, which fails at the first "
            "line that is not JSON, so that no line can be quarantined; make the table with "
            f"{_JSON_SERDE}"
        )
    return RawTable(
        database=database,
        name=raw.table,
        columns=aws.column_types(descriptor["Columns"]),
        partitioning=Partitioning(tuple(_checked(table, key) for key in keys)),
        is_json=is_json(descriptor),
        is_projected=is_projected,
        folders=raw.partitioning,
        listed=listed_values(table) if is_projected else {},
    )


def _check_names(table: TableTypeDef) -> None:
    for name, text in aws.column_types(table["StorageDescriptor"]["Columns"]).items():
        with suppress(ValueError):
            if odd := parse_type(text).unreadable_name:
                raise CatalogError(
                    f"the column {name} of the raw table {table['DatabaseName']}.{table['Name']} "
                    f"has a field {odd!r}, and Athena reads no table with such a name: it takes "
                    "letters, digits and _ . $ and blanks. Change the type of the column to string "
                    "in the catalog, so that it gives JSON as text, and crawl again, so that its "
                    "partitions have it too; or rename the field in the events"
                )


def is_json(descriptor: StorageDescriptorOutputTypeDef) -> bool:
    """Return whether a storage descriptor is of JSON lines."""
    return _serde(descriptor) == _JSON_SERDE


def _serde(descriptor: StorageDescriptorOutputTypeDef) -> str:
    return descriptor.get("SerdeInfo", {}).get("SerializationLibrary", "")


def _crawled_keys(table: TableTypeDef, raw: Raw) -> tuple[Key, ...]:
    """The keys of the data set's folders, with the names and types of the table's."""
    types = aws.column_types(table.get("PartitionKeys", ()))
    keys = raw.partitioning.keys
    is_alike = len(types) == len(keys) and all(
        not key.label or key.name == name.lower() for key, name in zip(keys, types, strict=False)
    )
    if not is_alike:
        raise CatalogError(
            f"the raw table {table['DatabaseName']}.{table['Name']} has the partition keys "
            f"{list(types)}, which are not those of the folders {raw.partitioning.pattern}; say in "
            "raw.partitions how the folders below raw.location are laid out, or partition the "
            "table so"
        )
    return tuple(
        replace(key, name=name, type=type_.lower())
        for key, (name, type_) in zip(keys, types.items(), strict=True)
    )


def _checked(table: TableTypeDef, key: Key) -> Key:
    is_date = key.type == "date" and key.format == "%Y-%m-%d"
    is_number = key.type in _NUMBERS and key.is_number
    if key.units and not (key.is_text or is_date or is_number):
        raise CatalogError(
            f"the partition key {key.name} of {table['DatabaseName']}.{table['Name']} is of type "
            f"{key.type}, which cannot hold {key.format}; make it a string"
        )
    return key
