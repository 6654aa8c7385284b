"""One crawl: list, look into files, compare with the catalog, write what is new or changed.

Chosen where AWS does not say:
* A table is known by its location, whoever made it and whatever its name. Its partition keys stay
  as they are, bigint too; partitions are added with the values as the folders have them ('07').
* A partition whose location is not the folder found for its values has changed: a crawler that may
  update points it back.
"""

import hashlib
import time
from dataclasses import dataclass
from typing import Any

from local_aws.crawlers.catalog import CrawlCatalog, CrawlFailedError
from local_aws.crawlers.layout import (
    Folder,
    FoundTable,
    column_name,
    group_tables,
    partition_values,
)
from local_aws.crawlers.schema import FileSchema
from local_aws.crawlers.settings import CrawlSettings, S3Target, s3_target
from local_aws.crawlers.tables import (
    Record,
    Stamp,
    columns_record,
    crawler_parameters,
    differs,
    is_unchanged,
    storage_descriptor,
    table_input,
)
from local_aws.crawlers.view import TargetView, look, without
from local_aws.seam import NoSuchBucketError, ObjectStore


@dataclass(slots=True, kw_only=True)
class Counts:
    """How many tables and partitions a crawl touched."""

    tables_created: int = 0
    tables_updated: int = 0
    tables_deleted: int = 0
    partitions_created: int = 0
    partitions_updated: int = 0
    partitions_deleted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A table that a target shows, and what it holds."""

    view: TargetView
    table: FoundTable
    schema: FileSchema

    @property
    def location(self) -> str:
        return self.view.location(self.table.root)


class Crawl:
    """A crawl under way. `run` does it; `counts` tells what it did so far."""

    def __init__(
        self, settings: CrawlSettings, store: ObjectStore, catalog: CrawlCatalog, run_id: str
    ) -> None:
        self.counts = Counts()
        self._settings = settings
        self._store = store
        self._catalog = catalog
        self._run_id = run_id
        self._writes = settings.updates and not settings.new_folders_only

    def run(self) -> None:
        """Crawl all targets; raises CrawlFailedError or CrawlStoppedError."""
        settings = self._settings
        if settings.targets:
            self._crawl_targets(self._catalog.tables(settings.database))
        for database, name in settings.catalog_tables:
            self._crawl_catalog_table(self._catalog.table(database, name))

    def _crawl_targets(self, tables: list[Record]) -> None:
        by_location = {_location(table): table for table in tables}
        partitions = self._partitions_of(tables)
        found = [
            group
            for target in self._settings.targets
            for group in self._groups(self._look(target, tables, partitions))
        ]
        self._check_threshold(len(found))
        names = {table["Name"] for table in tables}
        for group in found:
            table = by_location.pop(group.location.rstrip("/"), None)
            if table is None:
                table = self._create_table(group, names)
                names.add(table["Name"])
            else:
                table = self._update_table(group, table)
            self._sync_partitions(group, table, partitions.get(table["Name"], []))
        self._handle_vanished(by_location)

    def _crawl_catalog_table(self, table: Record) -> None:
        partitions = self._partitions_of([table])
        view = self._look(s3_target({"Path": _location(table)}), [table], partitions)
        keys = tuple(key["Name"] for key in table.get("PartitionKeys") or ())
        depth = len(view.root) + len(keys)
        folders = tuple(folder for folder in view.folders if len(folder.path) == depth)
        if folders:
            shown = FoundTable(root=view.root, keys=keys, folders=folders)
            group = _Found(view=view, table=shown, schema=view.schema_of(shown))
            table = self._update_table(group, table)
            self._sync_partitions(group, table, partitions.get(table["Name"], []))

    def _partitions_of(self, tables: list[Record]) -> dict[str, list[Record]]:
        """The partitions of the tables in a target, by the table's name."""
        return {
            table["Name"]: self._catalog.partitions(table)
            for table in tables
            if table.get("PartitionKeys") and self._is_in_a_target(_location(table))
        }

    def _is_in_a_target(self, location: str) -> bool:
        settings = self._settings
        return bool(settings.catalog_tables) or any(
            _is_inside(location, target) for target in settings.targets
        )

    def _groups(self, view: TargetView) -> list[_Found]:
        settings = self._settings
        tables = group_tables(
            view.folders,
            view.schemas,
            view.root,
            combine_compatible=settings.combines_schemas,
            level=settings.table_level,
        )
        return [_Found(view=view, table=t, schema=view.schema_of(t)) for t in tables]

    def _look(
        self, target: S3Target, tables: list[Record], partitions: dict[str, list[Record]]
    ) -> TargetView:
        described = {_location(table): table for table in tables if not table.get("PartitionKeys")}
        for held in partitions.values():
            described.update((_location(partition), partition) for partition in held)
        try:
            return look(self._store, target, described, trust=not self._writes)
        except NoSuchBucketError:
            raise CrawlFailedError(
                f"The S3 location: s3://{target.bucket}/{target.prefix} is not accessible: the"
                " specified bucket does not exist."
            ) from None

    def _create_table(self, found: _Found, names: set[str]) -> Record:
        root = found.table.root
        folder_name = root[-1] if root else found.view.target.bucket
        name = column_name(self._settings.table_prefix + folder_name)
        if name in names:
            digest = hashlib.md5(found.location.encode(), usedforsecurity=False).hexdigest()
            name = f"{name[:95]}_{digest}"
        parameters = self._parameters(found, found.schema, found.table.folders, {})
        keys = [{"Name": key, "Type": "string"} for key in found.table.keys]
        self.counts.tables_created += 1
        return self._catalog.create_table(
            self._settings.database,
            table_input(name, found.schema, keys, found.location, parameters),
        )

    def _update_table(self, found: _Found, table: Record) -> Record:
        """Bring a table up to date, if the crawler may; returns it as it is then."""
        keys = table.get("PartitionKeys") or []
        if len(keys) != len(found.table.keys):
            raise CrawlFailedError(
                f"The folders below {found.location} make the keys {list(found.table.keys)}, but"
                f" the table {table['Name']!r} there has {[key['Name'] for key in keys]}."
            )
        if not self._writes:
            return table
        schema = without(found.schema, [key["Name"] for key in keys])
        parameters = self._parameters(found, schema, found.table.folders, table)
        if self._settings.merges_new_columns:
            wanted = _with_new_columns(table, schema, parameters)
        else:
            given = table_input(table["Name"], schema, keys, found.location, parameters)
            wanted = {**given, "DatabaseName": table["DatabaseName"]}
        if not differs(table, wanted):
            return table
        self._catalog.update_table(wanted)
        self.counts.tables_updated += 1
        return wanted

    def _sync_partitions(self, found: _Found, table: Record, existing: list[Record]) -> None:
        if not table.get("PartitionKeys"):
            return
        left = {tuple(partition["Values"]): partition for partition in existing}
        new: list[Record] = []
        changed: list[Record] = []
        for folder in found.table.folders:
            values = partition_values(found.table, folder)
            old = left.pop(tuple(values), None)
            if old is None:
                new.append(self._partition(found, table, folder, {"Values": values}))
            elif self._writes and self._may_differ(found, folder, old):
                wanted = self._partition(found, table, folder, old)
                if differs(old, wanted):
                    changed.append(wanted)
        self._catalog.create_partitions(table, new)
        self.counts.partitions_created += len(new)
        self._catalog.update_partitions(table, changed)
        self.counts.partitions_updated += len(changed)
        if self._settings.deletes == "DELETE_FROM_DATABASE":
            target = found.view.target
            gone = [list(v) for v, old in left.items() if _is_inside(_location(old), target)]
            self._catalog.delete_partitions(table, gone)
            self.counts.partitions_deleted += len(gone)

    def _may_differ(self, found: _Found, folder: Folder, old: Record) -> bool:
        is_same = is_unchanged(old, folder, found.view.location(folder.path))
        return self._settings.inherits_from_table or not is_same

    def _partition(self, found: _Found, table: Record, folder: Folder, old: Record) -> Record:
        """The record for a partition; of `old`, the one it replaces, the values stay."""
        location = found.view.location(folder.path)
        keys = [key["Name"] for key in table["PartitionKeys"]]
        schema = without(found.view.schemas.get(folder.path, found.schema), keys)
        parameters = (
            old["Parameters"]
            if is_unchanged(old, folder, location)
            else self._parameters(found, schema, (folder,), table)
        )
        storage = (
            {**table["StorageDescriptor"], "Location": location}
            if self._settings.inherits_from_table
            else storage_descriptor(schema, location, parameters)
        )
        return {"Values": old["Values"], "StorageDescriptor": storage, "Parameters": parameters}

    def _parameters(
        self, found: _Found, schema: FileSchema, folders: tuple[Folder, ...], table: Record
    ) -> Record:
        before = (table.get("Parameters") or {}).get("averageRecordSize", "0")
        record_bytes = round(found.view.record_bytes(folders) or float(before))
        stamp = Stamp(
            crawler=self._settings.crawler,
            run_id=self._run_id,
            exclusions=found.view.target.exclusions,
        )
        return crawler_parameters(schema, folders, record_bytes, stamp)

    def _check_threshold(self, count: int) -> None:
        limit = self._settings.table_threshold
        if limit is not None and count > limit:
            raise CrawlFailedError(
                f"The number of tables detected by crawler: {count} is greater than the table"
                f" threshold value provided: {limit}. Failing crawler without writing to Data"
                " Catalog."
            )

    def _handle_vanished(self, tables: dict[str, Record]) -> None:
        """Deal with tables of this crawler, in its targets, whose data is no longer there."""
        settings = self._settings
        for location, table in tables.items():
            parameters = table.get("Parameters") or {}
            is_mine = parameters.get("UPDATED_BY_CRAWLER") == settings.crawler
            if not is_mine or not self._is_in_a_target(location):
                continue
            if settings.deletes == "DELETE_FROM_DATABASE":
                self._catalog.delete_table(table)
                self.counts.tables_deleted += 1
            elif settings.deletes != "LOG" and "DEPRECATED_BY_CRAWLER" not in parameters:
                stamp = {"DEPRECATED_BY_CRAWLER": str(int(time.time() * 1000))}
                self._catalog.update_table({**table, "Parameters": {**parameters, **stamp}})
                self.counts.tables_updated += 1


def _with_new_columns(table: Record, schema: FileSchema, parameters: Record) -> Record:
    """The table with the columns it lacks added, and nothing removed or retyped."""
    storage: dict[str, Any] = table["StorageDescriptor"]
    names = {column["Name"].lower() for column in storage["Columns"]}
    added = [column for column in columns_record(schema) if column["Name"] not in names]
    return {
        **table,
        "StorageDescriptor": {**storage, "Columns": storage["Columns"] + added},
        "Parameters": {**(table.get("Parameters") or {}), **parameters},
    }


def _location(record: Record) -> str:
    return str((record.get("StorageDescriptor") or {}).get("Location") or "").rstrip("/")


def _is_inside(location: str, target: S3Target) -> bool:
    return f"{location}/".startswith(f"s3://{target.bucket}/{target.prefix}")
