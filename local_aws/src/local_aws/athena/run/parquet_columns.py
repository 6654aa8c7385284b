"""Columns of Parquet files as those of a table: which type is read as which, and how.

The rules are what Trino answered for files of each type: `tests/files/parquet_types.jsonl`. What is
read there by accident, such as the bits of an integer as a float, is refused here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from local_aws.athena.run.footers import Footer
from local_aws.athena.run.line_rows import fitted
from local_aws.athena.types.failing import fail
from local_aws.athena.types.rendering import render_float
from local_aws.athena.types.sqltypes import DOUBLE, INTEGER, INTEGERS, REAL, Type
from local_aws.athena.types.zones import quote, rounded

_WIDTHS = {8: 0, 16: 1, 32: 2, 64: 3}
_SHORT_DECIMAL = 18


class UnreadableColumnError(Exception):
    """A file's column cannot be read as the table's.

    Args:
        code: Trino's error name.
        stored: the type in the file.
    """

    def __init__(self, code: str, stored: pa.DataType) -> None:
        super().__init__(str(stored))
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    """A value of a file that is to be of a type.

    Attributes:
        sql: DuckDB text of the value.
        kind: the type it is to have.
        stored: its type in the file.
        column: the table's, named in errors.
        link: DuckDB text of what names the file; it uses the file's number.
        is_inside: is it in an array, a map or a row, where Trino converts less?
        is_int96: is it a moment in Parquet's old form?
    """

    sql: str
    kind: Type
    stored: pa.DataType
    column: str
    link: str
    is_inside: bool = False
    is_int96: bool = False

    def inside(self, sql: str, kind: Type, stored: pa.DataType) -> "_Value":
        """A value in this one."""
        return replace(self, sql=sql, kind=kind, stored=stored, is_inside=True, is_int96=False)

    def null(self) -> str:
        """DuckDB text of NULL."""
        return f"CAST(NULL AS {self.kind.duckdb})"

    def signed(self) -> str:
        """An integer of any kind as Parquet keeps it: of 32 or 64 bits, with a sign."""
        if pa.types.is_uint32(self.stored) or pa.types.is_uint64(self.stored):
            half, whole = 2 ** (self.stored.bit_width - 1), 2**self.stored.bit_width
            value = f"CAST({self.sql} AS HUGEINT)"
            return f"CASE WHEN {value} >= {half} THEN {value} - {whole} ELSE {value} END"
        return self.sql

    def fail(self, code: str, sql: str) -> str:
        """DuckDB text of the failure for a value."""
        kind = self.kind
        message = (
            f"'Failed to read file at ' || {self.link} || ': the value ' || {sql} || "
            f"{quote(f' of column {self.column} does not fit into {kind.text}')}"
        )
        return fail(code, message, kind.duckdb)

    def checked(self) -> str:
        """DuckDB text of an integer that may be too large."""
        sql = f"({self.signed()})"
        cast = f"TRY_CAST({sql} AS {self.kind.duckdb})"
        bad = self.fail("GENERIC_INTERNAL_ERROR", sql)
        return f"CASE WHEN {sql} IS NOT NULL AND {cast} IS NULL THEN {bad} ELSE {cast} END"


def parquet_column(name: str, kind: Type, footer: Footer, link: str) -> str:
    """DuckDB text of a table column out of a Parquet file's columns.

    Args:
        name: the table's column.
        kind: its type.
        footer: the file's.
        link: DuckDB text of what names the file in an error.

    Raises:
        UnreadableColumnError: the file's type cannot be read as the table's.
    """
    found = next((one for one in footer.schema if one[0].lower() == name), None)
    if found is None:
        return f"CAST(NULL AS {kind.duckdb})"
    column, stored = found
    sql = '"' + column.replace('"', '""') + '"'
    is_int96 = column in footer.int96
    return _read(
        _Value(sql=sql, kind=kind, stored=stored, column=name, link=link, is_int96=is_int96)
    )


def _read(one: _Value) -> str:
    if pa.types.is_dictionary(one.stored):
        one = replace(one, stored=one.stored.value_type)
    if one.kind.name == "row":
        return _row(one)
    if one.kind.items or pa.types.is_nested(one.stored):
        return _collection(one)
    reader = _READERS.get(one.kind.name)
    sql = reader(one) if reader else None
    if sql is None:
        raise UnreadableColumnError("NOT_SUPPORTED", one.stored)
    return sql


# --- nested


def _row(one: _Value) -> str:
    stored, kind = one.stored, one.kind
    if not pa.types.is_nested(stored):
        raise UnreadableColumnError("HIVE_CANNOT_OPEN_SPLIT", stored)
    fields: Mapping[str, pa.Field] = (
        {stored.field(at).name.lower(): stored.field(at) for at in range(stored.num_fields)}
        if pa.types.is_struct(stored)
        else {}
    )
    found = [fields.get((label or "").lower()) for label in kind.labels]
    if not any(found):
        return one.null()
    cells = []
    for number, (field, item) in enumerate(zip(found, kind.items, strict=True)):
        cell = f"CAST(NULL AS {item.duckdb})"
        if field is not None:
            name = field.name.replace('"', '""')
            cell = _read(one.inside(f'({one.sql})."{name}"', item, field.type))
        cells.append(f"'f{number}': {cell}")
    return f"CASE WHEN {one.sql} IS NOT NULL THEN {{{', '.join(cells)}}} END"


def _collection(one: _Value) -> str:
    stored, kind = one.stored, one.kind
    if kind.name == "array" and (pa.types.is_list(stored) or pa.types.is_large_list(stored)):
        item = _read(one.inside("x", kind.items[0], stored.value_type))
        is_same = item in ("x", f"CAST(x AS {kind.items[0].duckdb})")
        listed = one.sql if is_same else f"list_transform({one.sql}, lambda x: {item})"
        return f"CAST({listed} AS {kind.duckdb})"
    if kind.name == "map" and pa.types.is_map(stored):
        key = _read(one.inside("x.key", kind.items[0], stored.key_type))
        item = _read(one.inside("x.value", kind.items[1], stored.item_type))
        pairs = f"list_transform(map_entries({one.sql}), lambda x: {{'k': {key}, 'v': {item}}})"
        pairs = f"CASE WHEN {one.sql} IS NOT NULL THEN map_from_entries({pairs}) END"
        return f"CAST({pairs} AS {kind.duckdb})"
    is_array_of_scalar = kind.name == "array" and not pa.types.is_nested(stored)
    code = "NOT_SUPPORTED" if is_array_of_scalar or kind.items else "HIVE_CANNOT_OPEN_SPLIT"
    if kind.name == "map" and not pa.types.is_nested(stored):
        code = "HIVE_CANNOT_OPEN_SPLIT"
    raise UnreadableColumnError(code, stored)


# --- scalars: each gives None for what it does not read


def _boolean(one: _Value) -> str | None:
    return one.sql if pa.types.is_boolean(one.stored) else None


def _integer(one: _Value) -> str | None:
    stored, kind = one.stored, one.kind
    if pa.types.is_null(stored):
        return one.null()
    if kind.name == "bigint" and not one.is_int96:
        if pa.types.is_timestamp(stored):
            epoch = {"ms": "epoch_ms", "us": "epoch_us", "ns": "epoch_ns"}[stored.unit]
            return f"{epoch}({_in_utc(one)})"
        if pa.types.is_time64(stored) and stored.unit == "us":
            return f"epoch_us({one.sql})"
    if not pa.types.is_integer(stored):
        return None
    is_unsigned = pa.types.is_unsigned_integer(stored)
    if _WIDTHS[stored.bit_width] + is_unsigned <= INTEGERS.index(kind.name):
        return f"CAST({one.signed()} AS {kind.duckdb})"
    return one.checked()


def _float(one: _Value) -> str | None:
    if pa.types.is_null(one.stored):
        return one.null()
    return one.sql if pa.types.is_float32(one.stored) else None


def _double(one: _Value) -> str | None:
    if pa.types.is_integer(one.stored):
        return f"CAST({one.signed()} AS DOUBLE)"
    is_read = pa.types.is_float32(one.stored) or pa.types.is_float64(one.stored)
    return f"CAST({one.sql} AS DOUBLE)" if is_read or pa.types.is_null(one.stored) else None


def _decimal(one: _Value) -> str | None:
    if pa.types.is_decimal(one.stored):
        return f"CAST({one.sql} AS {one.kind.duckdb})"
    if one.kind.args[0] > _SHORT_DECIMAL:
        return None
    if pa.types.is_null(one.stored):
        return one.null()
    is_short = pa.types.is_integer(one.stored) and one.stored.bit_width <= 32
    return one.checked() if is_short else None


def _is_bytes(stored: pa.DataType) -> bool:
    return bool(pa.types.is_binary(stored) or pa.types.is_large_binary(stored))


def _is_string(stored: pa.DataType) -> bool:
    return bool(pa.types.is_string(stored) or pa.types.is_large_string(stored))


def _text(one: _Value) -> str | None:
    stored, kind = one.stored, one.kind
    if _is_string(stored):
        return fitted(one.sql, kind)
    if _is_bytes(stored) or (pa.types.is_fixed_size_binary(stored) and not kind.args):
        return fitted(f"trino_bytes_text({one.sql})", kind)
    if kind.name == "char" or one.is_inside:
        return None
    shown = _number_text(one)
    if shown is None or not kind.args:
        return shown
    bad = one.fail("INVALID_ARGUMENTS", shown)
    return f"CASE WHEN length({shown}) > {kind.args[0]} THEN {bad} ELSE {shown} END"


def _number_text(one: _Value) -> str | None:
    stored = one.stored
    if pa.types.is_null(stored):
        return one.null()
    if pa.types.is_float32(stored):
        return render_float(one.sql, REAL)
    if pa.types.is_float64(stored):
        return render_float(one.sql, DOUBLE)
    is_exact = pa.types.is_integer(stored) or pa.types.is_decimal(stored)
    return f"CAST({one.signed()} AS VARCHAR)" if is_exact else None


def _binary(one: _Value) -> str | None:
    if _is_string(one.stored):
        return f"encode({one.sql})"
    is_fixed = pa.types.is_fixed_size_binary(one.stored)
    return one.sql if _is_bytes(one.stored) or is_fixed else None


def _date(one: _Value) -> str | None:
    if pa.types.is_null(one.stored):
        return one.null()
    if pa.types.is_integer(one.stored):
        return f"DATE '1970-01-01' + {replace(one, kind=INTEGER).checked()}"
    return one.sql if pa.types.is_date32(one.stored) else None


def _timestamp(one: _Value) -> str | None:
    if not pa.types.is_timestamp(one.stored):
        return None
    moment = f"CAST({_in_utc(one)} AS TIMESTAMP)"
    digits = one.kind.args[0]
    is_finer = one.is_int96 or {"s": 0, "ms": 3, "us": 6, "ns": 9}[one.stored.unit] > digits
    return rounded(moment, digits) if is_finer and digits < 6 else moment


def _in_utc(one: _Value) -> str:
    return one.sql if one.stored.tz is None else f"timezone('UTC', {one.sql})"


_READERS: Mapping[str, Callable[[_Value], str | None]] = {
    "boolean": _boolean,
    **dict.fromkeys(INTEGERS, _integer),
    "real": _float,
    "double": _double,
    "decimal": _decimal,
    "varchar": _text,
    "char": _text,
    "varbinary": _binary,
    "date": _date,
    "timestamp": _timestamp,
}
