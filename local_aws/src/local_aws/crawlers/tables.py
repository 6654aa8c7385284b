"""The Glue records that a crawler writes for what it found. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from local_aws.crawlers.layout import Folder
from local_aws.crawlers.schema import FileSchema, settled

Record = dict[str, Any]

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet."
_FORMATS = {
    "parquet": (
        f"{_PARQUET}MapredParquetInputFormat",
        f"{_PARQUET}MapredParquetOutputFormat",
        f"{_PARQUET}serde.ParquetHiveSerDe",
    ),
    "json": (
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "org.openx.data.jsonserde.JsonSerDe",
    ),
    "UNKNOWN": ("", "", ""),
}
_STATISTICS = ("objectCount", "sizeKey")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Whose crawl it is: what goes into the parameters beside the statistics."""

    crawler: str
    run_id: str
    exclusions: tuple[str, ...] = ()


def storage_descriptor(schema: FileSchema, location: str, parameters: Record) -> Record:
    """The StorageDescriptor of a table or a partition."""
    input_format, output_format, serde = _FORMATS[schema.classification]
    names = ",".join(name for name, _ in schema.columns)
    by_format = {"parquet": {"serialization.format": "1"}, "json": {"paths": names}}
    return {
        "Columns": columns_record(schema),
        "Location": location,
        "InputFormat": input_format,
        "OutputFormat": output_format,
        "Compressed": schema.compression != "none",
        "NumberOfBuckets": -1,
        "SerdeInfo": {
            "SerializationLibrary": serde,
            "Parameters": by_format.get(schema.classification, {}),
        },
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": parameters,
        "StoredAsSubDirectories": False,
    }


def columns_record(schema: FileSchema) -> list[Record]:
    """The columns of a schema, as Glue has them."""
    return [{"Name": name, "Type": settled(kind)} for name, kind in schema.columns]


def crawler_parameters(
    schema: FileSchema, folders: Sequence[Folder], record_bytes: int, stamp: Stamp
) -> Record:
    """The parameters that a crawler stamps on what it writes.

    Args:
        schema: what the folders hold.
        folders: all folders of the table or partition.
        record_bytes: the mean bytes of a record; 0 when not known.
        stamp: whose crawl it is.
    """
    size = sum(folder.size for folder in folders)
    parameters = {
        "CRAWL_RUN_ID": stamp.run_id,
        "CrawlerSchemaDeserializerVersion": "1.0",
        "CrawlerSchemaSerializerVersion": "1.0",
        "UPDATED_BY_CRAWLER": stamp.crawler,
        "averageRecordSize": str(record_bytes),
        "classification": schema.classification,
        "compressionType": schema.compression,
        "objectCount": str(sum(len(folder.objects) for folder in folders)),
        "recordCount": str(round(size / record_bytes) if record_bytes else 0),
        "sizeKey": str(size),
        "typeOfData": "file",
    }
    if stamp.exclusions:
        parameters["exclusions"] = json.dumps(stamp.exclusions)
    return parameters


def table_input(
    name: str, schema: FileSchema, keys: Sequence[Record], location: str, parameters: Record
) -> Record:
    """The TableInput of a table that the crawler makes."""
    return {
        "Name": name,
        "Owner": "owner",
        "Retention": 0,
        "StorageDescriptor": storage_descriptor(schema, location, parameters),
        "PartitionKeys": list(keys),
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
    }


def is_unchanged(existing: Record, folder: Folder, location: str) -> bool:
    """Was the partition written by a crawler when the folder looked as it does now?"""
    parameters = existing.get("Parameters") or {}
    found = {"objectCount": str(len(folder.objects)), "sizeKey": str(folder.size)}
    same_place = existing.get("StorageDescriptor", {}).get("Location", "").rstrip("/")
    return same_place == location.rstrip("/") and all(
        parameters.get(name) == found[name] for name in _STATISTICS
    )


def differs(existing: Record, wanted: Record) -> bool:
    """Does a record differ from the wanted one in anything but the run that wrote it?"""
    return _comparable(existing) != _comparable(wanted)


def _comparable(record: Record) -> Record:
    storage = dict(record.get("StorageDescriptor") or {})
    storage.pop("Parameters", None)
    parameters = {k: v for k, v in (record.get("Parameters") or {}).items() if k != "CRAWL_RUN_ID"}
    return {
        "storage": {k: v for k, v in storage.items() if v not in ("", [], {}, None, False, -1)},
        "parameters": parameters,
    }
