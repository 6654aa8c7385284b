"""Trino's types: reading them from Hive and Trino text, their names, and which coerces to which."""

import re
from dataclasses import dataclass, replace

UNBOUNDED = 2147483647

_HIVE_NAMES = {
    "string": "varchar",
    "int": "integer",
    "binary": "varbinary",
    "float": "real",
    "struct": "row",
    "long": "bigint",
}
_DUCKDB_NAMES = {
    "real": "FLOAT",
    "varbinary": "BLOB",
    "char": "VARCHAR",
    "unknown": "INTEGER",
    "timestamp": "TIMESTAMP",
    # An instant is kept as a naive timestamp in UTC; the zone it is shown in is part of the
    # static type. DuckDB's own TIMESTAMPTZ knows the session's zone only, and is slower.
    "timestamp with time zone": "TIMESTAMP",
    "interval day to second": "INTERVAL",
    "interval year to month": "INTERVAL",
    "function": "VARCHAR",
}
INTEGERS = ("tinyint", "smallint", "integer", "bigint")
_INTEGER_DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}


@dataclass(frozen=True, slots=True)
class Type:
    """A Trino type.

    Attributes:
        name: base name, e.g. "bigint", "decimal", "row", "timestamp with time zone".
        args: (precision, scale) of a decimal, (length,) of a varchar, (precision,) of a timestamp.
        items: element types of array, map, row.
        labels: field names of a row; None for an unnamed field.
        zone: the zone in which a timestamp with time zone is shown; "" if each value has an
            offset of its own, and is a row of the instant and its minutes.
    """

    name: str
    args: tuple[int, ...] = ()
    items: tuple["Type", ...] = ()
    labels: tuple[str | None, ...] = ()
    zone: str = "UTC"

    @property
    def is_integer(self) -> bool:
        """Is it one of the four integer types?"""
        return self.name in INTEGERS

    @property
    def is_number(self) -> bool:
        """Is it a numeric type?"""
        return self.is_integer or self.name in ("decimal", "real", "double")

    @property
    def is_text(self) -> bool:
        """Is it varchar or char?"""
        return self.name in ("varchar", "char")

    @property
    def is_timestamp(self) -> bool:
        """Is it a timestamp, with or without time zone?"""
        return self.name.startswith("timestamp")

    @property
    def has_map(self) -> bool:
        """Is there a map anywhere in it? Maps are equal whatever the order of their keys."""
        return self.name == "map" or any(item.has_map for item in self.items)

    @property
    def is_ordered(self) -> bool:
        """Do its values come one after the other?"""
        return self.name not in ("map", "json") and all(item.is_ordered for item in self.items)

    @property
    def text(self) -> str:
        """The type as Trino spells it in messages and DDL, e.g. "map(varchar, bigint)"."""
        if self.name == "row":
            fields = (
                f"{label} {item.text}" if label else item.text
                for label, item in zip(self.labels, self.items, strict=True)
            )
            return f"row({', '.join(fields)})"
        if self.items:
            return f"{self.name}({', '.join(item.text for item in self.items)})"
        if self.is_timestamp or self.name.split()[0] == "time":
            head, _, tail = self.name.partition(" ")
            return f"{head}({(self.args or (3,))[0]})" + (f" {tail}" if tail else "")
        if self.args:
            separator = "," if self.name == "decimal" else ", "
            return f"{self.name}({separator.join(map(str, self.args))})"
        return self.name

    @property
    def athena(self) -> str:
        """The type's name in ResultSetMetadata: without parameters."""
        return self.name

    @property
    def hive(self) -> str:
        """The type as Glue columns spell it, e.g. "struct<a:int>"."""
        if self.name == "row":
            fields = (
                f"{label or f'field{number}'}:{item.hive}"
                for number, (label, item) in enumerate(zip(self.labels, self.items, strict=True))
            )
            return f"struct<{','.join(fields)}>"
        if self.items:
            return f"{self.name}<{','.join(item.hive for item in self.items)}>"
        if self.name == "decimal":
            return f"decimal({self.args[0]},{self.args[1]})"
        if self.is_text:
            return f"{self.name}({self.args[0]})" if self.args else "string"
        names = {"integer": "int", "varbinary": "binary", "real": "float", "json": "string"}
        return names.get(self.name) or self.name

    @property
    def duckdb(self) -> str:
        """The DuckDB type that holds its values."""
        if self.name == "array":
            return f"{self.items[0].duckdb}[]"
        if self.name == "map":
            return f"MAP({self.items[0].duckdb}, {self.items[1].duckdb})"
        if self.name == "row":
            fields = (f"f{number} {item.duckdb}" for number, item in enumerate(self.items))
            return f"STRUCT({', '.join(fields)})"
        if self.name == "decimal":
            return f"DECIMAL({self.args[0]},{self.args[1]})"
        if not self.zone:
            return "STRUCT(t TIMESTAMP, o INTEGER)"
        return _DUCKDB_NAMES.get(self.name, self.name.upper())


BOOLEAN = Type("boolean")
TINYINT = Type("tinyint")
INTEGER = Type("integer")
BIGINT = Type("bigint")
DOUBLE = Type("double")
REAL = Type("real")
VARCHAR = Type("varchar")
VARBINARY = Type("varbinary")
DATE = Type("date")
TIMESTAMP = Type("timestamp", (3,))
TIMESTAMP_TZ = Type("timestamp with time zone", (3,))
TIME = Type("time", (3,))
JSON = Type("json")
UNKNOWN = Type("unknown")
DAY_TO_SECOND = Type("interval day to second")
YEAR_TO_MONTH = Type("interval year to month")
FUNCTION = Type("function")


def decimal(precision: int, scale: int) -> Type:
    """A decimal type; precision is cut to Trino's 38."""
    return Type("decimal", (min(38, precision), scale))


def array(item: Type) -> Type:
    """An array type."""
    return Type("array", items=(item,))


def map_of(key: Type, value: Type) -> Type:
    """A map type."""
    return Type("map", items=(key, value))


def row(items: tuple[Type, ...], labels: tuple[str | None, ...] | None = None) -> Type:
    """A row type; fields without names when `labels` is None."""
    return Type("row", items=items, labels=labels or (None,) * len(items))


# A field of a struct; a word; a mark; a name in quotes.
_TOKEN = re.compile(r"\s*([\w.$][\w.$ ]*(?=:)|[A-Za-z_$][\w$ ]*|\d+|[<>(),:]|`[^`]+`|\"[^\"]+\")")


class _TypeText:
    """A recursive-descent reader of Hive's and Trino's type text."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = [one.strip() for one in _TOKEN.findall(text)]
        self.tokens: list[str] = [one.strip('`"') for one in found]
        self.is_quoted = [one[0] in '`"' for one in found]
        self.index = 0

    def take(self) -> str:
        if self.index >= len(self.tokens):
            raise ValueError(f"type {self.text!r} ends early")
        self.index += 1
        return self.tokens[self.index - 1]

    def peek(self) -> str:
        return self.tokens[self.index] if self.index < len(self.tokens) else ""

    def read(self) -> Type:
        name = self.take().lower()
        name = _HIVE_NAMES.get(name, name)
        if self.peek() not in ("<", "("):
            return plain(name, ())
        close = {"<": ">", "(": ")"}[self.take()]
        items: list[Type] = []
        labels: list[str | None] = []
        numbers: list[int] = []
        while self.peek() != close:
            self._read_argument(name, items, labels, numbers)
            if self.peek() == ",":
                self.take()
        self.take()
        if self.peek().lower() in ("with time zone", "without time zone"):
            name = f"{name} {self.take().lower()}".removesuffix(" without time zone")
        if name == "row":
            return row(tuple(items), tuple(labels))
        return Type(name, items=tuple(items)) if items else plain(name, tuple(numbers))

    def _read_argument(
        self, name: str, items: list[Type], labels: list[str | None], numbers: list[int]
    ) -> None:
        if self.peek().isdigit():
            numbers.append(int(self.take()))
            return
        label = None
        if name == "row" and self.tokens[self.index + 1] == ":":
            label = self.take().lower()
            self.take()
        elif name == "row" and self.index < len(self.tokens) and self.is_quoted[self.index]:
            label = self.take()
        elif name == "row" and " " in self.peek():
            label, rest = self.take().split(" ", 1)
            self.index -= 1
            self.tokens[self.index] = rest
        items.append(self.read())
        labels.append(label)


def plain(name: str, numbers: tuple[int, ...]) -> Type:
    """The type of a name with numbers in parentheses, or without any: it has no items."""
    if name == "decimal":
        return (
            decimal(*(numbers or (10,)))
            if len(numbers) == 2
            else Type("decimal", ((numbers or (10,))[0], 0))
        )
    if name.startswith(("timestamp", "time ")) or name == "time":
        return Type(name, numbers or (3,))
    if name == "varchar" and numbers == (UNBOUNDED,):
        return VARCHAR
    return Type(name, numbers)


def parse_type(text: str) -> Type:
    """Read a Hive or Trino type, e.g. "struct<a:int>" or "decimal(10,2)".

    Raises:
        ValueError: the text is no type.
    """
    return _TypeText(text).read()


def common_type(left: Type, right: Type) -> Type | None:
    """The type both coerce to (Trino's common super type), or None when there is none."""
    if left == right or right.name == "unknown":
        return left
    if left.name == "unknown":
        return right
    if left.is_number and right.is_number:
        return _common_number(left, right)
    if left.is_text and right.is_text:
        return _common_text(left, right)
    names = {left.name, right.name}
    if names == {"time"}:
        return Type("time", (max((*left.args, *right.args)),))
    if names == {"date", "timestamp"} or names == {"timestamp"}:
        return Type("timestamp", (max((*left.args, *right.args)),))
    if "timestamp with time zone" in names and names <= {
        "date",
        "timestamp",
        "timestamp with time zone",
    }:
        zoned = left if left.name == "timestamp with time zone" else right
        return replace(zoned, args=(max((*left.args, *right.args)),))
    return _common_nested(left, right)


def _common_number(left: Type, right: Type) -> Type:
    for name in ("double", "real"):
        if name in (left.name, right.name):
            return Type(name)
    if left.is_integer and right.is_integer:
        return Type(max(left.name, right.name, key=INTEGERS.index))
    left, right = as_decimal(left), as_decimal(right)
    scale = max(left.args[1], right.args[1])
    whole = max(left.args[0] - left.args[1], right.args[0] - right.args[1])
    return decimal(whole + scale, scale)


def _common_text(left: Type, right: Type) -> Type:
    if left.args and right.args:
        name = "char" if "char" in (left.name, right.name) else "varchar"
        return Type(name, (max(left.args[0], right.args[0]),))
    return VARCHAR


def _common_nested(left: Type, right: Type) -> Type | None:
    if left.name != right.name or not left.items or len(left.items) != len(right.items):
        return None
    items = []
    for one, other in zip(left.items, right.items, strict=True):
        both = common_type(one, other)
        if both is None:
            return None
        items.append(both)
    labels = tuple(
        one if one == other else None for one, other in zip(left.labels, right.labels, strict=True)
    )
    return Type(left.name, items=tuple(items), labels=labels)


def as_decimal(kind: Type) -> Type:
    """The decimal that holds every value of an integer type; a decimal stays what it is."""
    return kind if kind.name == "decimal" else decimal(_INTEGER_DIGITS[kind.name], 0)


def coerces(source: Type, target: Type) -> bool:
    """Does Trino turn `source` into `target` by itself?"""
    if target.name == "varchar" and not target.args:
        return source.is_text or source.name == "unknown"
    both = common_type(source, target)
    return (
        both is not None
        and both.name == target.name
        and (both == target or target.name != "decimal")
    )


def stores(source: Type, target: Type) -> bool:
    """May a value of a query go into a table's column: texts of any length, rows by position?"""
    if source.items and source.name == target.name and len(source.items) == len(target.items):
        return all(map(stores, source.items, target.items))
    return (source.is_text and target.is_text) or coerces(source, target)


def unbounded(kind: Type) -> Type:
    """The same type with varchar lengths forgotten, as a table column has it."""
    if kind.name == "varchar":
        return VARCHAR
    if kind.items:
        return replace(kind, items=tuple(unbounded(item) for item in kind.items))
    return kind
