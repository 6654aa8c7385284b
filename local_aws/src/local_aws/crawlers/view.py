"""A crawl target as it is: its folders with data, and what they hold.

A folder that the catalog already describes as it is now is not looked into. Of very many others
only some are, evenly spread, and of each its largest file: the rest is taken for like them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from local_aws.crawlers.layout import Folder, FoundTable, Path, data_folders
from local_aws.crawlers.schema import FileSchema, Sample, combine, sample_file
from local_aws.crawlers.settings import S3Target
from local_aws.crawlers.tables import Record, is_unchanged
from local_aws.seam import ObjectStore

MAX_SAMPLED_FOLDERS = 500


@dataclass(slots=True, kw_only=True)
class TargetView:
    """The folders of a target; `schemas` has those of the folders that are known or sampled."""

    target: S3Target
    store: ObjectStore
    folders: list[Folder]
    schemas: dict[Path, FileSchema] = field(default_factory=dict)
    samples: dict[Path, Sample] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The folders from the bucket down to the target."""
        return tuple(self.target.prefix.split("/")[:-1])

    def location(self, path: Path) -> str:
        """The S3 URL of a folder."""
        return "/".join(("s3:/", self.target.bucket, *path, ""))

    def sample(self, folder: Folder) -> None:
        """Look into the largest file of a folder; one that just went away tells nothing."""
        largest = max(folder.objects, key=lambda stored: stored.size)
        self.store.check_read(self.target.bucket, [largest])
        try:
            sample = sample_file(largest.path, largest.size)
        except FileNotFoundError:
            return
        self.samples[folder.path] = sample
        self.schemas[folder.path] = sample.schema

    def schema_of(self, table: FoundTable) -> FileSchema:
        """One schema for a table, without its partition keys."""
        if not any(folder.path in self.schemas for folder in table.folders):
            self.sample(table.folders[0])
        known = [self.schemas[f.path] for f in table.folders if f.path in self.schemas]
        return without(combine(known or [FileSchema(classification="UNKNOWN")]), table.keys)

    def record_bytes(self, folders: Sequence[Folder]) -> float:
        """The mean bytes a record takes in the sampled folders; 0 when none was sampled."""
        sizes = [self.samples[f.path].record_bytes for f in folders if f.path in self.samples]
        return sum(sizes) / len(sizes) if sizes else 0.0


def look(
    store: ObjectStore, target: S3Target, described: dict[str, Record], *, trust: bool
) -> TargetView:
    """List a target and look into its files.

    Args:
        store: S3.
        target: what to crawl.
        described: the catalog's records of tables and partitions, by location.
        trust: is a folder that has a record at all not worth a look?

    Raises:
        NoSuchBucketError: there is no such bucket.
    """
    objects = store.list(target.bucket, target.prefix)
    view = TargetView(
        target=target, store=store, folders=data_folders(objects, target.exclusions, target.prefix)
    )
    unknown: list[Folder] = []
    for folder in view.folders:
        location = view.location(folder.path)
        record = described.get(location.rstrip("/"))
        if record is not None and (trust or is_unchanged(record, folder, location)):
            view.schemas[folder.path] = _recorded_schema(record)
        else:
            unknown.append(folder)
    for folder in _spread(unknown, MAX_SAMPLED_FOLDERS):
        view.sample(folder)
    return view


def without(schema: FileSchema, names: Sequence[str]) -> FileSchema:
    """A schema without the columns of these names."""
    return FileSchema(
        classification=schema.classification,
        compression=schema.compression,
        columns=tuple(column for column in schema.columns if column[0] not in names),
    )


def _recorded_schema(record: Record) -> FileSchema:
    storage, parameters = record.get("StorageDescriptor") or {}, record.get("Parameters") or {}
    serde = (storage.get("SerdeInfo") or {}).get("SerializationLibrary", "")
    guess = "parquet" if "parquet" in serde.lower() else "json" if "json" in serde else "UNKNOWN"
    return FileSchema(
        classification=parameters.get("classification", guess),
        compression=parameters.get("compressionType", "none"),
        columns=tuple((column["Name"], column["Type"]) for column in storage.get("Columns") or ()),
    )


def _spread(folders: Sequence[Folder], limit: int) -> list[Folder]:
    """At most `limit` of the folders, first and last among them."""
    if len(folders) <= limit:
        return list(folders)
    step = (len(folders) - 1) / (limit - 1)
    return [folders[round(number * step)] for number in range(limit)]
