"""From a table scan to files: prune partitions, list objects, read footers, write DuckDB text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from local_aws.athena.compile.plan import Field, Predicate, Scan
from local_aws.athena.errors import QueryError
from local_aws.athena.functions.registry import Failure
from local_aws.athena.lines.plan import Column, LinePlan
from local_aws.athena.lines.text_files import Cleaning, TextFiles, UnreadableFileError
from local_aws.athena.run.catalog import Catalog
from local_aws.athena.run.file_names import (
    FileNames,
    link_sql,
    missing_file,
    unopened_file,
)
from local_aws.athena.run.footers import Footer, Footers
from local_aws.athena.run.formats import FOOTER_LINES, HEADER_LINES, Storage, storage_of
from local_aws.athena.run.line_rows import line_rows, lines_source
from local_aws.athena.run.links import DEFAULT_PARTITION, hive_options, link_files
from local_aws.athena.run.parquet_columns import UnreadableColumnError, parquet_column
from local_aws.athena.run.projection import (
    is_projected,
    projected_location,
    projected_values,
)
from local_aws.athena.types.zones import quote
from local_aws.seam import NoSuchBucketError, ObjectStore, StoredObject, Values

_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A partition, or a table without partitions: where its files are and how they are read."""

    location: str
    storage: Storage
    values: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class DataFile:
    """An object of a place.

    Attributes:
        footer: of a Parquet file.
        path: where a text file can be read, which may be a copy.
        compression: of that, as DuckDB calls it.
    """

    uri: str
    stored: StoredObject
    place: Place
    footer: Footer | None = None
    path: Path | None = None
    compression: str = ""


@dataclass(slots=True, kw_only=True)
class ScanFiles:
    """The files a scan reads."""

    scan: Scan
    files: list[DataFile] = field(default_factory=list)

    def scanned_bytes(self, columns: Iterable[str]) -> int:
        """Bytes that reading the columns takes.

        Of Parquet the footers and the compressed chunks of the columns; other files are read
        whole.
        """
        wanted = set(columns)
        total = 0
        for one in self.files:
            if one.footer is None:
                total += one.stored.size
                continue
            total += one.footer.footer_bytes
            total += sum(
                size for name, size in one.footer.column_bytes.items() if name.lower() in wanted
            )
        return total


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an s3:// URI."""
    bucket, _, key = uri.split("://", 1)[-1].partition("/")
    return bucket, key


class Scanner:
    """Turns the scans of one statement into DuckDB text.

    Args:
        catalog: where tables and partitions are.
        store: where objects are.
        footers: the cache of Parquet footers.
        texts: knows which text files can be read as they are.
        directory: an empty directory for links to the objects, for as long as the query runs.
        connection: evaluates partition predicates.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        store: ObjectStore,
        footers: Footers,
        texts: TextFiles,
        directory: Path,
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        self.catalog = catalog
        self.store = store
        self.footers = footers
        self.texts = texts
        self.directory = directory
        self.connection = connection
        self.names = FileNames(connection)
        self.copies = 0

    def files(self, scan: Scan) -> ScanFiles:
        """The files of the partitions that the scan's predicate leaves.

        Raises:
            QueryError: the catalog or an object cannot be read.
        """
        found = ScanFiles(scan=scan)
        for place in self._places(scan):
            found.files += self._list(place)
        return found

    def _places(self, scan: Scan) -> list[Place]:
        record = self.catalog.need_table(scan.database, scan.table)
        name = f"{scan.database}.{scan.table}"
        descriptor = record.get("StorageDescriptor") or {}
        properties = record.get("Parameters") or {}
        if properties.get("table_type", "").upper() == "ICEBERG":
            raise QueryError("NOT_SUPPORTED", f"local_aws has no Iceberg: table {name}")
        storage = storage_of(descriptor, name, properties)
        if not record.get("PartitionKeys"):
            return [Place(location=descriptor.get("Location", ""), storage=storage)]
        if is_projected(properties):
            return self._projected(scan, record, storage)
        keep = partial(self._kept, scan) if scan.predicate is not None else None
        places = []
        for partition in self.catalog.partitions(scan.database, scan.table, keep):
            one = partition.get("StorageDescriptor") or {}
            own = storage_of(one, name, properties) if one.get("SerdeInfo") else storage
            places.append(
                Place(
                    location=one.get("Location", ""),
                    storage=own,
                    values=tuple(partition["Values"]),
                )
            )
        return places

    def _projected(self, scan: Scan, record: dict[str, Any], storage: Storage) -> list[Place]:
        """The places of a table that the catalog has no partitions of."""
        properties = record["Parameters"]
        location = record["StorageDescriptor"].get("Location", "")
        names = [key["Name"].lower() for key in record["PartitionKeys"]]
        combined: list[Values] = [()]
        for name in names:
            own = projected_values(name, properties)
            combined = self._kept(scan, [(*values, one) for values in combined for one in own])
        template = properties.get("storage.location.template", "")
        return [
            Place(
                location=projected_location(
                    location, dict(zip(names, values, strict=True)), template
                ),
                storage=storage,
                values=tuple(values),
            )
            for values in combined
        ]

    def _kept(self, scan: Scan, values: list[Values]) -> list[Values]:
        """The values, or first values, of partitions that the predicate leaves."""
        width = len(values[0]) if values else 0
        keys = [one for one in scan.fields if one.is_partition_key][:width]
        if scan.predicate is None or not _decides(scan.predicate, keys):
            return values
        # As text: for parameters DuckDB would import pandas, which takes seconds.
        columns = ", ".join(
            f"CAST({_unnested([row[index] for row in values])} AS {key.type.duckdb}) "
            f"AS {_short(key)}"
            for index, key in enumerate(keys)
        )
        try:
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE partitions AS SELECT unnest(range({len(values)})) "
                f"AS number, {columns}"
            )
        except duckdb.Error:
            return values  # one is not of its key's type; the query then decides for itself
        return [values[number] for number in sorted(self._meeting(scan.predicate, keys, values))]

    def _meeting(self, predicate: Predicate, keys: list[Field], values: list[Values]) -> set[int]:
        """The partitions for which a predicate is true, or may be with further keys."""
        met = [self._meeting(term, keys, values) for term in predicate.terms]
        if met:
            return set.intersection(*met) if predicate.logic == "and" else set.union(*met)
        if not _decides(predicate, keys):
            return set(range(len(values)))
        # Rows with the names that the text has: r3.c0 is a field of a column.
        rows: dict[str, list[str]] = {}
        for named, key in predicate.columns.items():
            alias, name = named.sql.split(".")
            rows.setdefault(alias, []).append(f"'{name}': {_short(key)}")
        cells = "".join(f", {{{', '.join(cells)}}} AS {alias}" for alias, cells in rows.items())
        text = f"SELECT number FROM (SELECT number{cells} FROM partitions) WHERE {predicate.sql}"
        try:
            return {number for (number,) in self.connection.execute(text).fetchall()}
        except duckdb.Error:
            # It fails on some partition; the query then decides for itself.
            return set(range(len(values)))

    def _list(self, place: Place) -> list[DataFile]:
        bucket, key = split_uri(place.location)
        prefix = key if not key or key.endswith("/") else f"{key}/"
        try:
            objects = self.store.list(bucket, prefix)
        except NoSuchBucketError:
            raise QueryError(
                "HIVE_FILESYSTEM_ERROR", f"The specified bucket does not exist: {bucket}"
            ) from None
        data = [one for one in objects if one.size and not _is_hidden(one.key[len(prefix) :])]
        self.store.check_read(bucket, data)
        found = []
        for one in data:
            uri = f"s3://{bucket}/{one.key}"
            footer = self._footer(one, uri) if place.storage.kind == "parquet" else None
            found.append(DataFile(uri=uri, stored=one, place=place, footer=footer))
        return found

    def _footer(self, one: StoredObject, uri: str) -> Footer:
        try:
            return self.footers.read(one.path)
        except FileNotFoundError:
            raise missing_file(uri) from None
        except pa.ArrowInvalid as error:
            raise unopened_file(uri, one.size, str(error)) from None

    def text(self, found: ScanFiles, columns: frozenset[str]) -> str:
        """DuckDB text of the scan's rows: the wanted columns under the names of its fields."""
        fields = [one for one in found.scan.fields if one.column in columns]
        if not found.files:
            cells = [f"CAST(NULL AS {one.type.duckdb}) AS {_short(one)}" for one in fields]
            return f"(SELECT {', '.join(cells) or 'NULL'} WHERE false)"
        groups: dict[Any, list[DataFile]] = {}
        for one in found.files:
            if one.footer is None:
                self._make_readable(one)
            footer = one.footer
            schema = (footer.schema, footer.int96) if footer else one.compression
            groups.setdefault((one.place.storage, schema), []).append(one)
        texts = [
            self._group(found.scan, number, files, fields)
            for number, files in enumerate(groups.values())
        ]
        return f"({' UNION ALL '.join(texts)})"

    def _make_readable(self, one: DataFile) -> None:
        """Have a text file as DuckDB can read it."""
        self.copies += 1
        storage = one.place.storage
        cleaning = Cleaning(
            suffix=Path(one.stored.key).suffix,
            header_lines=storage.lines(HEADER_LINES),
            footer_lines=storage.lines(FOOTER_LINES),
            marks_invalid=storage.kind == "json",
        )
        copy = self.directory / f"copy{self.copies}"
        try:
            one.path = self.texts.readable(one.stored.path, copy, cleaning)
        except FileNotFoundError:
            raise missing_file(one.uri) from None
        except UnreadableFileError as error:
            raise unopened_file(one.uri, one.stored.size, str(error)) from None
        one.compression = "none" if one.path == copy else cleaning.compression

    def _group(self, scan: Scan, number: int, files: list[DataFile], fields: list[Field]) -> str:
        storage = files[0].place.storage
        folder = f"s{scan.number}_{number}"
        keys = [one.column for one in scan.fields if one.is_partition_key]
        cells = [self._cell(one, keys, files, folder) for one in fields] or ["1"]
        # Lines may fail, and some columns: then the file has to be named.
        by_file = storage.kind != "parquet" or any("__f" in cell for cell in cells)
        paths = link_files(
            self.directory / folder,
            [(one.path or one.stored.path, one.place.values) for one in files],
            by_file=by_file,
            suffix=".gz" if files[0].compression == "gzip" else "",
        )
        uris = [one.uri for one in files]
        self.names.add(folder, paths, uris)
        names, options = hive_options(len(files[0].place.values), by_file=by_file)
        if storage.kind == "parquet":
            source = f"read_parquet([{', '.join(map(quote, paths))}]{options})"
        else:
            lines = lines_source(paths, files[0].compression, options)
            source = f"({self._line_rows(scan, fields, storage, lines, names, folder)})"
        return f"SELECT {', '.join(cells)} FROM {source}"

    def _line_rows(
        self,
        scan: Scan,
        fields: list[Field],
        storage: Storage,
        lines: str,
        names: list[str],
        folder: str,
    ) -> str:
        stored = [one for one in scan.fields if not one.is_partition_key and not one.is_hidden]
        columns = [
            Column(name=one.column, type=one.type, place=place) for place, one in enumerate(stored)
        ]
        wanted = {one.column for one in fields}
        plan = LinePlan(
            kind=storage.kind,
            parameters=dict(storage.parameters),
            columns=[one for one in columns if one.name in wanted],
            width=len(columns),
        )
        others = [one for one in columns if one.name not in wanted]
        try:
            return line_rows(lines, plan, others, names, link_sql(folder))
        except Failure as failure:
            raise QueryError(failure.name, failure.message) from None

    def _cell(self, one: Field, keys: list[str], files: list[DataFile], folder: str) -> str:
        name = _short(one)
        if one.is_partition_key:
            return f"CAST(__p{keys.index(one.column)} AS {one.type.duckdb}) AS {name}"
        if one.column == "$path":
            return f"[{', '.join(quote(f.uri) for f in files)}][CAST(__f AS INTEGER)] AS {name}"
        if one.column == "$file_size":
            sizes = ", ".join(str(f.stored.size) for f in files)
            return f"CAST([{sizes}][CAST(__f AS INTEGER)] AS BIGINT) AS {name}"
        footer = files[0].footer
        if footer is None:
            return f'"{one.column}" AS {name}'
        try:
            return f"{parquet_column(one.column, one.type, footer, link_sql(folder))} AS {name}"
        except UnreadableColumnError as error:
            raise QueryError(
                error.code,
                f"Field {one.column}'s type {error} in parquet file "
                f"{files[0].uri} is incompatible with type {one.type.text} defined in table "
                "schema",
            ) from None


def _decides(predicate: Predicate, keys: list[Field]) -> bool:
    """Does the predicate, or a term of it, need no other partition keys than these?"""
    if predicate.logic:
        return any(_decides(term, keys) for term in predicate.terms)
    return all(key in keys for key in predicate.columns.values())


def _is_hidden(path: str) -> bool:
    return any(part.startswith(("_", ".")) for part in path.split("/"))


def _unnested(values: Sequence[str]) -> str:
    listed = f"string_split({quote(_SEPARATOR.join(values))}, '{_SEPARATOR}')"
    return f"nullif(unnest({listed}), '{DEFAULT_PARTITION}')"


def _short(one: Field) -> str:
    return one.sql.split(".")[1]
