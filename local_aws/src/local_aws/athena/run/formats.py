"""How files of each format become rows: DuckDB text over local files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from local_aws.athena.errors import QueryError
from local_aws.athena.types.casts import json_structure
from local_aws.athena.types.failing import fail
from local_aws.athena.types.labels import from_labels, has_row
from local_aws.athena.types.sqltypes import INTEGERS, Type
from local_aws.athena.types.zones import quote

# One column per line: a separator that text does not hold.
_LINES = (
    "delim = '\\x02', quote = '', escape = '', header = false, auto_detect = false, "
    "strict_mode = false, max_line_size = 33554432, columns = {'line': 'VARCHAR'}"
)


_LOWERED = (
    "to_json(map_from_entries(list_transform(json_keys(line), "
    "lambda k: {'k': lower(k), 'v': line -> ('$.\"' || k || '\"')})))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How a table's or partition's files are written.

    Attributes:
        kind: "parquet", "json", "openx", "text" or "opencsv".
        parameters: the SerDe's.
    """

    kind: str
    parameters: tuple[tuple[str, str], ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """A SerDe parameter."""
        return dict(self.parameters).get(name, default)


_SKIPPED = "skip.header.line.count"
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
            if _SKIPPED in (properties or {}):
                parameters[_SKIPPED] = (properties or {})[_SKIPPED]
            return Storage(kind=kind, parameters=tuple(sorted(parameters.items())))
    raise QueryError(
        "HIVE_UNSUPPORTED_FORMAT",
        f"table {table} has the SerDe {library!r}; local_aws reads Parquet, JSON (hcatalog, "
        "openx) and text (LazySimple, OpenCSV)",
    )


def reader(storage: Storage, paths: Sequence[str], options: str) -> str:
    """DuckDB text of the table function over the files; `options` are about partitions."""
    files = "[" + ", ".join(quote(path) for path in paths) + "]"
    if storage.kind == "parquet":
        return f"read_parquet({files}{options})"
    compression = (
        "gzip" if paths[0].endswith(".gz") else ("zstd" if paths[0].endswith(".zst") else "none")
    )
    options += f", compression = '{compression}'"
    skipped = int(storage.get(_SKIPPED, "0") or 0)
    if skipped:
        options += f", skip = {skipped}"
    return f"read_csv({files}, {_LINES}{options})"


def parquet_column(name: str, kind: Type, files: Mapping[str, tuple[str, pa.DataType]]) -> str:
    """DuckDB text of a table column out of a Parquet file's columns.

    Args:
        name: the table's column.
        kind: its type.
        files: the file's columns by lower-case name.

    Raises:
        ValueError: the file's type cannot be read as the table's; the text names the former.
    """
    if name not in files:
        return f"CAST(NULL AS {kind.duckdb})"
    column, stored = files[name]
    sql = '"' + column.replace('"', '""') + '"'
    if not _readable(stored, kind):
        raise ValueError(str(stored))
    return _parquet_value(sql, kind, stored)


def _parquet_value(sql: str, kind: Type, stored: pa.DataType) -> str:
    if kind.name == "row":
        inside = {stored.field(i).name.lower(): stored.field(i) for i in range(stored.num_fields)}
        fields = ", ".join(
            f"'f{number}': " + _row_member(sql, label, item, inside)
            for number, (label, item) in enumerate(zip(kind.labels, kind.items, strict=True))
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN {{{fields}}} END"
    if kind.name == "array" and has_row(kind):
        inner = _parquet_value("x", kind.items[0], stored.value_type)
        return f"list_transform({sql}, lambda x: {inner})"
    if pa.types.is_timestamp(stored) and stored.tz is not None:
        return f"CAST(timezone('UTC', {sql}) AS TIMESTAMP)"
    return f"CAST({sql} AS {kind.duckdb})"


def _row_member(sql: str, label: str | None, item: Type, inside: Mapping[str, Any]) -> str:
    found = inside.get((label or "").lower())
    if found is None:
        return f"CAST(NULL AS {item.duckdb})"
    return _parquet_value(f'({sql})."{found.name}"', item, found.type)


def _readable(stored: pa.DataType, kind: Type) -> bool:
    types = pa.types
    if kind.is_integer:
        # Any integer of up to the declared width; an unsigned one needs the next wider.
        if not types.is_integer(stored):
            return False
        width = {8: 0, 16: 1, 32: 2, 64: 3}[stored.bit_width]
        declared = INTEGERS.index(kind.name)
        # Parquet keeps the three narrow kinds as INT32, which Athena reads as any of them.
        return width <= max(declared, 2) if types.is_signed_integer(stored) else width < declared
    if kind.is_text or kind.name == "varbinary":
        return _is_bytes(stored)
    checks: dict[str, tuple[Callable[[pa.DataType], bool], ...]] = {
        "double": (types.is_floating,),
        "real": (types.is_float32,),
        "decimal": (types.is_decimal, types.is_integer),
        "boolean": (types.is_boolean,),
        "date": (types.is_date32,),
        "timestamp": (types.is_timestamp,),
        "array": (types.is_list, types.is_large_list),
        "map": (types.is_map,),
        "row": (types.is_struct,),
    }
    return any(check(stored) for check in (types.is_null, *checks.get(kind.name, ())))


def _is_bytes(stored: pa.DataType) -> bool:
    types = pa.types
    if types.is_dictionary(stored):
        return _is_bytes(stored.value_type)
    return bool(
        types.is_string(stored)
        or types.is_large_string(stored)
        or types.is_binary(stored)
        or types.is_large_binary(stored)
    )


def json_rows(
    source: str, storage: Storage, columns: Sequence[tuple[str, Type]], keys: Sequence[str] = ()
) -> str:
    """DuckDB text of a JSON table's rows with the columns named as in the table, typed.

    openx: keys in any case, a number where a text is declared and the reverse; a line that is no
    object fails the query, or with ignore.malformed.json is a row of NULLs. An empty line is a
    row of NULLs.
    """
    names = _json_keys(storage, columns)
    paths = ", ".join(quote(f'$."{name}"') for name in names) or "'$.x'"
    # Nested, because AND evaluates both sides whatever the first is.
    is_object = "CASE WHEN json_valid(line) THEN starts_with(ltrim(line), '{') END"
    # Only a line with an upper-case letter in a key pays for lower-casing its keys.
    document = f"CASE WHEN regexp_matches(line, '[A-Z][^\"]*\"\\s*:') THEN {_LOWERED} ELSE line END"
    bad = ""
    if storage.get("ignore.malformed.json", "false").lower() != "true":
        message = quote("Row is not a valid JSON Object")
        bad = f"WHEN trim(line) <> '' THEN [{fail('HIVE_CURSOR_ERROR', message, 'VARCHAR')}]"
    # A list, all of it out of one parse: DuckDB would compute a struct again for each of its
    # fields that is used.
    cells = f"CASE WHEN is_object THEN json_extract_string({document}, [{paths}]) {bad} END"
    texts = [
        f"{_json_value(f'cells[{number}]', kind)} AS {_name(name)}"
        for number, (name, kind) in enumerate(columns, 1)
    ]
    # Also a query that wants no column, a count, meets the lines that are no objects.
    checked = "" if texts else " WHERE coalesce(len(cells), 0) >= 0"
    return (
        f"SELECT {', '.join([*keys, *texts]) or '1'} FROM (SELECT *, {cells} AS cells "
        f"FROM (SELECT *, {is_object} AS is_object FROM {source})){checked}"
    )


def _json_keys(storage: Storage, columns: Sequence[tuple[str, Type]]) -> list[str]:
    mapping = {
        name.removeprefix("mapping.").lower(): value.lower()
        for name, value in storage.parameters
        if name.startswith("mapping.")
    }
    return [mapping.get(name, name) for name, _ in columns]


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _as_texts(kind: Type) -> Type:
    if kind.items:
        return Type(
            kind.name, items=tuple(_as_texts(item) for item in kind.items), labels=kind.labels
        )
    return Type("varchar")


def _json_value(sql: str, kind: Type) -> str:
    if kind.items:
        texts = _as_texts(kind)
        value = f"json_transform({sql}, {quote(json_structure(texts))})"
        return f"CAST({from_labels(value, texts)} AS {kind.duckdb})"
    if kind.is_integer:
        # A fraction is cut off; a text that is no number is NULL.
        whole = f"TRY_CAST(trunc(TRY_CAST({sql} AS DOUBLE)) AS {kind.duckdb})"
        plain = f"TRY_CAST({sql} AS {kind.duckdb})"
        return f"CASE WHEN contains({sql}, '.') THEN {whole} ELSE {plain} END"
    if kind.is_text:
        return sql
    if kind.name == "varbinary":
        return f"encode({sql})"
    return f"TRY_CAST({sql} AS {kind.duckdb})"


def text_rows(
    source: str, storage: Storage, columns: Sequence[tuple[str, Type]], keys: Sequence[str] = ()
) -> str:
    """DuckDB text of a delimited table's rows: columns by position, missing ones NULL."""
    if storage.kind == "opencsv":
        return _quoted_rows(source, storage, columns, keys)
    delimiter = storage.get("field.delim") or storage.get("serialization.format") or "\x01"
    delimiter = "\x01" if delimiter == "1" else delimiter
    null = storage.get("serialization.null.format", "\\N")
    texts = list(keys)
    for number, (name, kind) in enumerate(columns, 1):
        cell = f"nullif(cells[{number}], {quote(null)})"
        texts.append(f"{_text_value(cell, kind, number - 1)} AS {_name(name)}")
    return (
        f"SELECT {', '.join(texts)} FROM (SELECT *, "
        f"string_split(coalesce(line, ''), {quote(delimiter)}) AS cells FROM {source})"
    )


def _quoted_rows(
    source: str, storage: Storage, columns: Sequence[tuple[str, Type]], keys: Sequence[str]
) -> str:
    separator = storage.get("separatorChar", ",").replace("\\t", "\t")
    quoting = storage.get("quoteChar", '"').replace('\\"', '"')
    q, s = _escape(quoting), _escape(separator)
    # A cell: quoted (doubled quotes inside) or up to the separator.
    cell = f"(?:{q}((?:[^{q}]|{q}{q})*){q}|([^{s}]*))(?:{s}|$)"
    cells = f"regexp_extract_all(coalesce(line, ''), {quote(cell)})"
    strip = f"regexp_replace(x, {quote(s + '$')}, '')"
    value = (
        f"CASE WHEN starts_with(x, {quote(quoting)}) THEN replace(substr({strip}, 2, "
        f"length({strip}) - 2), {quote(quoting * 2)}, {quote(quoting)}) ELSE {strip} END"
    )
    texts = list(keys) + [
        f"{_text_value(f'cells[{number}]', kind, number - 1)} AS {_name(name)}"
        for number, (name, kind) in enumerate(columns, 1)
    ]
    return (
        f"SELECT {', '.join(texts)} FROM (SELECT *, list_transform({cells}, "
        f"lambda x: {value}) AS cells FROM {source})"
    )


def _escape(letter: str) -> str:
    return letter if letter.isalnum() or letter == '"' or letter == "," else f"\\x{ord(letter):02x}"


def _text_value(cell: str, kind: Type, index: int) -> str:
    if kind.is_text:
        return cell
    value = f"TRY_CAST(nullif({cell}, '') AS {kind.duckdb})"
    bad = fail(
        "HIVE_BAD_DATA",
        f"'Error parsing field value ''' || {cell} || ''' for field "
        f"{index}: For input string: \"' || {cell} || '\"'",
        kind.duckdb,
    )
    return (
        f"CASE WHEN nullif({cell}, '') IS NOT NULL AND {value} IS NULL THEN {bad} ELSE {value} END"
    )
