"""From a table scan to files: prune partitions, list objects, read footers, write DuckDB text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote as url_quote

import duckdb
import pyarrow as pa

from local_aws.athena.compile.plan import Field, Predicate, Scan
from local_aws.athena.errors import QueryError
from local_aws.athena.run.catalog import Catalog
from local_aws.athena.run.footers import Footer, Footers
from local_aws.athena.run.formats import (
    Storage,
    json_rows,
    parquet_column,
    reader,
    storage_of,
    text_rows,
)
from local_aws.athena.types.zones import quote
from local_aws.seam import NoSuchBucketError, ObjectStore, StoredObject, Values

DEFAULT_PARTITION = "__HIVE_DEFAULT_PARTITION__"
_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A partition, or a table without partitions: where its files are and how they are read."""

    location: str
    storage: Storage
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """An object of a place."""

    uri: str
    stored: StoredObject
    place: Place
    footer: Footer | None = None


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
        directory: an empty directory for links to the objects, for as long as the query runs.
        connection: evaluates partition predicates.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        store: ObjectStore,
        footers: Footers,
        directory: Path,
        connection: duckdb.DuckDBPyConnection,
    ) -> None:
        self.catalog = catalog
        self.store = store
        self.footers = footers
        self.directory = directory
        self.connection = connection
        self.uris: dict[str, str] = {}

    def uri_in(self, message: str) -> str | None:
        """The object whose link a DuckDB message names."""
        return next((uri for link, uri in self.uris.items() if link in message), None)

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
            raise QueryError(
                "HIVE_CANNOT_OPEN_SPLIT",
                f"Error opening Hive split {uri} (offset=0, length={one.size}): {error}",
            ) from None

    def text(self, found: ScanFiles, columns: frozenset[str]) -> str:
        """DuckDB text of the scan's rows: the wanted columns under the names of its fields."""
        fields = [one for one in found.scan.fields if one.column in columns]
        if not found.files:
            cells = [f"CAST(NULL AS {one.type.duckdb}) AS {_short(one)}" for one in fields]
            return f"(SELECT {', '.join(cells) or 'NULL'} WHERE false)"
        groups: dict[Any, list[DataFile]] = {}
        for one in found.files:
            schema = one.footer.schema if one.footer else one.uri.rsplit(".", 1)[-1]
            groups.setdefault((one.place.storage, schema), []).append(one)
        texts = [
            self._group(found.scan, number, files, fields)
            for number, files in enumerate(groups.values())
        ]
        return f"({' UNION ALL '.join(texts)})"

    def _group(self, scan: Scan, number: int, files: list[DataFile], fields: list[Field]) -> str:
        needs_file = any(one.is_hidden for one in fields)
        base = self.directory / f"s{scan.number}_{number}"
        paths = _link(base, files, by_file=needs_file)
        self.uris.update(zip(paths, (one.uri for one in files), strict=True))
        options = ""
        width = len(files[0].place.values)
        names = [f"__p{index}" for index in range(width)] + (["__f"] if needs_file else [])
        if names:
            typed = ", ".join(f"'{name}': VARCHAR" for name in names)
            options = f", hive_partitioning = true, hive_types = {{{typed}}}"
        storage = files[0].place.storage
        source = reader(storage, paths, options)
        keys = [one.column for one in scan.fields if one.is_partition_key]
        cells = [self._cell(one, keys, files, storage) for one in fields] or ["1"]
        data = [
            (one.column, one.type)
            for one in scan.fields
            if not one.is_partition_key and not one.is_hidden
        ]
        if storage.kind in ("json", "openx"):
            data = [one for one in data if one[0] in {f.column for f in fields}]
            source = f"({json_rows(source, storage, data, names)})"
        elif storage.kind != "parquet":
            source = f"({text_rows(source, storage, data, names)})"
        return f"SELECT {', '.join(cells)} FROM {source}"

    def _cell(self, one: Field, keys: list[str], files: list[DataFile], storage: Storage) -> str:
        name = _short(one)
        if one.is_partition_key:
            return f"CAST(__p{keys.index(one.column)} AS {one.type.duckdb}) AS {name}"
        if one.column == "$path":
            return f"[{', '.join(quote(f.uri) for f in files)}][CAST(__f AS INTEGER)] AS {name}"
        if one.column == "$file_size":
            sizes = ", ".join(str(f.stored.size) for f in files)
            return f"CAST([{sizes}][CAST(__f AS INTEGER)] AS BIGINT) AS {name}"
        footer = files[0].footer
        if storage.kind != "parquet" or footer is None:
            return f'"{one.column}" AS {name}'
        schema = {column.lower(): (column, kind) for column, kind in footer.schema}
        try:
            return f"{parquet_column(one.column, one.type, schema)} AS {name}"
        except ValueError as stored:
            raise QueryError(
                "HIVE_BAD_DATA",
                f"Field {one.column}'s type {stored} in parquet file "
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


def _link(base: Path, files: list[DataFile], *, by_file: bool) -> list[str]:
    """Link the files under directories that carry their partition values.

    DuckDB then has the values as constants of each file, which costs nothing per row. A link, not
    a copy or a hard link: a file that is deleted under a running query has to be missed.
    """
    made: dict[tuple[str, ...], Path] = {}
    paths = []
    for number, one in enumerate(files, 1):
        values = one.place.values
        folder = made.get(values)
        if folder is None:
            parts = [f"__p{index}={_encode(value)}" for index, value in enumerate(values)]
            folder = made[values] = base.joinpath(*parts)
            folder.mkdir(parents=True, exist_ok=True)
        if by_file:
            folder = folder / f"__f={number}"
            folder.mkdir()
        suffix = Path(one.stored.key).suffix
        link = folder / f"{number}{suffix if suffix in ('.gz', '.zst') else ''}"
        link.symlink_to(one.stored.path.absolute())
        paths.append(str(link))
    return paths


def _encode(value: str) -> str:
    return value if value == DEFAULT_PARTITION else url_quote(value, safe="")


def missing_file(uri: str) -> QueryError:
    """The error of an object that was there when it was listed."""
    return QueryError(
        "HIVE_CURSOR_ERROR",
        f"Failed to read file {uri}: The specified key does "
        "not exist. (Service: Amazon S3; Status Code: 404; Error Code: NoSuchKey)",
    )
