"""Hive's DDL as Athena takes it: a tokenizer and a small parser, one function a statement."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local_aws.athena.errors import Position
from local_aws.athena.parse.grammar import MalformedQueryError
from local_aws.athena.types.sqltypes import parse_type

_TOKEN = re.compile(
    r"\s+|--[^\n]*|/\*.*?\*/"
    r"|(?P<string>'(?:[^'\\]|''|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<name>`[^`]+`|[A-Za-z_$][\w$]*)"
    r"|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<sign><=|>=|<>|!=|[(),.<>=:;{}\[\]-])",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token: its kind, its text as written and what it means."""

    kind: str
    text: str
    value: str
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ddl:
    """A DDL statement, read.

    Attributes:
        subtype: SubstatementType, which also names the statement.
        name: the table or database, its qualifier first.
        options: what the statement says besides; see the function that reads it.
    """

    subtype: str
    name: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


class _Reader:
    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.tokens: list[Token] = []
        index = 0
        while index < len(sql):
            found = _TOKEN.match(sql, index)
            if found is None:
                raise self.unexpected_at(index, sql[index])
            if found.lastgroup:
                text = found[0]
                value = _meaning(found.lastgroup, text)
                self.tokens.append(Token(kind=found.lastgroup, text=text, value=value, start=index))
            index = found.end()
        self.index = 0

    def unexpected_at(self, start: int, text: str, expected: str = "") -> MalformedQueryError:
        before = self.sql[:start]
        at = Position(line=before.count("\n") + 1, column=start - (before.rfind("\n") + 1) + 1)
        hint = f". Expecting: {expected}" if expected else ""
        return MalformedQueryError(f"mismatched input '{text}'{hint}", at)

    def unexpected(self, expected: str = "") -> MalformedQueryError:
        if self.index < len(self.tokens):
            token = self.tokens[self.index]
            return self.unexpected_at(token.start, token.text, expected)
        return self.unexpected_at(len(self.sql), "<EOF>", expected)

    def peek(self, ahead: int = 0) -> Token | None:
        index = self.index + ahead
        return self.tokens[index] if index < len(self.tokens) else None

    def at(self, *words: str) -> bool:
        for number, word in enumerate(words):
            token = self.peek(number)
            if token is None or token.kind == "string" or token.text.upper() != word:
                return False
        return True

    def accept(self, *words: str) -> bool:
        if self.at(*words):
            self.index += len(words)
            return True
        return False

    def need(self, *words: str) -> None:
        for word in words:
            if not self.accept(word):
                raise self.unexpected(f"'{word}'")

    def name(self) -> str:
        token = self.peek()
        quoted = token is not None and token.kind == "string" and token.text[0] == '"'
        if token is None or (token.kind != "name" and not quoted):
            raise self.unexpected("identifier")
        self.index += 1
        return token.value.lower()

    def string(self) -> str:
        token = self.peek()
        if token is None or token.kind != "string":
            raise self.unexpected("string")
        self.index += 1
        return token.value

    def literal(self) -> str:
        token = self.peek()
        if token is None or token.kind not in ("string", "number"):
            raise self.unexpected("constant")
        self.index += 1
        return token.value

    def qualified(self) -> tuple[str, ...]:
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        return tuple(parts)

    def end(self) -> None:
        if self.peek() is not None:
            raise self.unexpected("<EOF>")

    def properties(self) -> dict[str, str]:
        found = {}
        self.need("(")
        while not self.accept(")"):
            key = self.string()
            self.need("=")
            found[key] = self.string()
            if not self.accept(","):
                self.need(")")
                break
        return found

    def type_text(self) -> str:
        # A type ends at a comma, bracket or word that is outside its own brackets.
        start, depth = self.index, 0
        first = self.peek()
        if first is None or first.kind != "name":
            raise self.unexpected("type")
        self.index += 1
        while (token := self.peek()) is not None:
            if token.text in ("<", "("):
                depth += 1
            elif token.text in (">", ")"):
                if depth == 0:
                    break
                depth -= 1
            elif depth == 0:
                break
            self.index += 1
        text = "".join(token.text for token in self.tokens[start : self.index]).lower()
        try:
            return parse_type(text).hive
        except (ValueError, IndexError):
            raise self.unexpected("type") from None

    def columns(self) -> list[dict[str, str]]:
        found = []
        self.need("(")
        while True:
            one = {"Name": self.name(), "Type": self.type_text()}
            if self.accept("COMMENT"):
                one["Comment"] = self.string()
            found.append(one)
            if not self.accept(","):
                break
        self.need(")")
        return found

    def partition(self) -> dict[str, str]:
        found = {}
        self.need("(")
        while True:
            key = self.name()
            self.need("=")
            found[key] = self.literal()
            if not self.accept(","):
                break
        self.need(")")
        return found


def _meaning(kind: str, text: str) -> str:
    if kind == "string":
        return re.sub(
            r"\\(.)",
            lambda m: {"t": "\t", "n": "\n"}.get(m[1], m[1]),
            text[1:-1].replace("''", "'"),
        )
    return text.strip("`") if kind == "name" else text


def read_ddl(sql: str) -> Ddl:
    """Read a DDL statement.

    Raises:
        MalformedQueryError: it is none, or one that Athena does not take.
    """
    reader = _Reader(sql)
    for words, read in _STATEMENTS:
        if reader.accept(*words):
            found = read(reader)
            reader.accept(";")
            reader.end()
            return found
    reader.index = min(1, len(reader.tokens))
    raise reader.unexpected()


def _create_database(reader: _Reader) -> Ddl:
    exists = reader.accept("IF", "NOT", "EXISTS")
    name = reader.qualified()
    options: dict[str, Any] = {"if_not_exists": exists}
    if reader.accept("COMMENT"):
        options["comment"] = reader.string()
    if reader.accept("LOCATION"):
        options["location"] = reader.string()
    if reader.accept("WITH", "DBPROPERTIES"):
        options["properties"] = reader.properties()
    return Ddl(subtype="CREATE_DATABASE", name=name, options=options)


def _drop_database(reader: _Reader) -> Ddl:
    exists = reader.accept("IF", "EXISTS")
    name = reader.qualified()
    cascade = reader.accept("CASCADE")
    if not cascade:
        reader.accept("RESTRICT")
    return Ddl(
        subtype="DROP_DATABASE", name=name, options={"if_exists": exists, "cascade": cascade}
    )


def _create_table(reader: _Reader) -> Ddl:
    options: dict[str, Any] = {"if_not_exists": reader.accept("IF", "NOT", "EXISTS")}
    name = reader.qualified()
    options["columns"] = reader.columns()
    while reader.peek() is not None and not reader.at(";"):
        for words, key, read in _TABLE_CLAUSES:
            if reader.accept(*words):
                options[key] = read(reader)
                break
        else:
            raise reader.unexpected("a clause of CREATE EXTERNAL TABLE")
    if "location" not in options:
        raise MalformedQueryError("CREATE EXTERNAL TABLE needs LOCATION 's3://...'")
    return Ddl(subtype="CREATE_TABLE", name=name, options=options)


def _delimited(reader: _Reader) -> dict[str, str]:
    found = {}
    while True:
        if reader.accept("FIELDS", "TERMINATED", "BY"):
            found["field.delim"] = found["serialization.format"] = reader.string()
            if reader.accept("ESCAPED", "BY"):
                found["escape.delim"] = reader.string()
        elif reader.accept("COLLECTION", "ITEMS", "TERMINATED", "BY"):
            found["collection.delim"] = reader.string()
        elif reader.accept("MAP", "KEYS", "TERMINATED", "BY"):
            found["mapkey.delim"] = reader.string()
        elif reader.accept("LINES", "TERMINATED", "BY"):
            found["line.delim"] = reader.string()
        elif reader.accept("NULL", "DEFINED", "AS"):
            found["serialization.null.format"] = reader.string()
        else:
            return found


def _stored_as(reader: _Reader) -> dict[str, str]:
    if reader.accept("INPUTFORMAT"):
        given = reader.string()
        reader.need("OUTPUTFORMAT")
        return {"input": given, "output": reader.string()}
    return {"format": reader.name().upper()}


def _bucketed(reader: _Reader) -> dict[str, Any]:
    reader.need("(")
    columns = [reader.name()]
    while reader.accept(","):
        columns.append(reader.name())
    reader.need(")", "INTO")
    count = int(reader.literal())
    reader.need("BUCKETS")
    return {"columns": columns, "count": count}


_TABLE_CLAUSES: list[tuple[tuple[str, ...], str, Callable[[_Reader], Any]]] = [
    (("COMMENT",), "comment", _Reader.string),
    (("PARTITIONED", "BY"), "partition_keys", _Reader.columns),
    (("CLUSTERED", "BY"), "buckets", _bucketed),
    (("ROW", "FORMAT", "SERDE"), "serde", _Reader.string),
    (("ROW", "FORMAT", "DELIMITED"), "delimited", _delimited),
    (("WITH", "SERDEPROPERTIES"), "serde_properties", _Reader.properties),
    (("STORED", "AS"), "stored_as", _stored_as),
    (("LOCATION",), "location", _Reader.string),
    (("TBLPROPERTIES",), "properties", _Reader.properties),
]


def _drop_table(reader: _Reader) -> Ddl:
    exists = reader.accept("IF", "EXISTS")
    return Ddl(subtype="DROP_TABLE", name=reader.qualified(), options={"if_exists": exists})


def _drop_view(reader: _Reader) -> Ddl:
    exists = reader.accept("IF", "EXISTS")
    return Ddl(subtype="DROP_VIEW", name=reader.qualified(), options={"if_exists": exists})


def _alter_table(reader: _Reader) -> Ddl:
    name = reader.qualified()
    if reader.accept("ADD"):
        return _alter_add(reader, name)
    if reader.accept("DROP"):
        return _alter_drop(reader, name)
    spec = reader.partition() if reader.accept("PARTITION") else None
    if reader.accept("REPLACE", "COLUMNS"):
        return Ddl(
            subtype="ALTER_TABLE_REPLACE_COLUMNS", name=name, options={"columns": reader.columns()}
        )
    reader.need("SET")
    if reader.accept("LOCATION"):
        return Ddl(
            subtype="ALTER_TABLE_SET_LOCATION",
            name=name,
            options={"partition": spec, "location": reader.string()},
        )
    reader.need("TBLPROPERTIES")
    return Ddl(
        subtype="ALTER_TABLE_SET_TBLPROPERTIES",
        name=name,
        options={"properties": reader.properties()},
    )


def _alter_add(reader: _Reader, name: tuple[str, ...]) -> Ddl:
    if reader.accept("COLUMNS"):
        return Ddl(
            subtype="ALTER_TABLE_ADD_COLUMNS", name=name, options={"columns": reader.columns()}
        )
    exists = reader.accept("IF", "NOT", "EXISTS")
    partitions = []
    while reader.accept("PARTITION"):
        spec = reader.partition()
        location = reader.string() if reader.accept("LOCATION") else None
        partitions.append((spec, location))
    if not partitions:
        raise reader.unexpected("'PARTITION'")
    return Ddl(
        subtype="ALTER_TABLE_ADD_PARTITION",
        name=name,
        options={"if_not_exists": exists, "partitions": partitions},
    )


def _alter_drop(reader: _Reader, name: tuple[str, ...]) -> Ddl:
    exists = reader.accept("IF", "EXISTS")
    partitions = []
    while reader.accept("PARTITION"):
        partitions.append(reader.partition())
        reader.accept(",")
    if not partitions:
        raise reader.unexpected("'PARTITION'")
    return Ddl(
        subtype="ALTER_TABLE_DROP_PARTITION",
        name=name,
        options={"if_exists": exists, "partitions": partitions},
    )


def _msck(reader: _Reader) -> Ddl:
    return Ddl(subtype="MSCK_REPAIR_TABLE", name=reader.qualified())


def _show_list(subtype: str) -> Callable[[_Reader], Ddl]:
    def read(reader: _Reader) -> Ddl:
        name = reader.qualified() if reader.accept("IN") or reader.accept("FROM") else ()
        like = reader.accept("LIKE")
        pattern = (
            reader.string()
            if like or ((token := reader.peek()) is not None and token.kind == "string")
            else None
        )
        return Ddl(subtype=subtype, name=name, options={"like": pattern, "is_like": like})

    return read


def _show_columns(reader: _Reader) -> Ddl:
    if not reader.accept("IN"):
        reader.need("FROM")
    name = reader.qualified()
    if reader.accept("IN") or reader.accept("FROM"):
        name = (reader.name(), *name[-1:])
    return Ddl(subtype="SHOW_COLUMNS", name=name)


def _show_partitions(reader: _Reader) -> Ddl:
    name = reader.qualified()
    spec = reader.partition() if reader.accept("PARTITION") else {}
    return Ddl(subtype="SHOW_PARTITIONS", name=name, options={"partition": spec})


def _named(subtype: str) -> Callable[[_Reader], Ddl]:
    return lambda reader: Ddl(subtype=subtype, name=reader.qualified())


def _show_properties(reader: _Reader) -> Ddl:
    name = reader.qualified()
    key = None
    if reader.accept("("):
        key = reader.string()
        reader.need(")")
    return Ddl(subtype="SHOW_TBLPROPERTIES", name=name, options={"key": key})


def _describe(reader: _Reader) -> Ddl:
    formatted = reader.accept("FORMATTED") or reader.accept("EXTENDED")
    name = reader.qualified()
    spec = reader.partition() if reader.accept("PARTITION") else None
    return Ddl(
        subtype="DESCRIBE_TABLE", name=name, options={"formatted": formatted, "partition": spec}
    )


_STATEMENTS: list[tuple[tuple[str, ...], Callable[[_Reader], Ddl]]] = [
    (("CREATE", "DATABASE"), _create_database),
    (("CREATE", "SCHEMA"), _create_database),
    (("DROP", "DATABASE"), _drop_database),
    (("DROP", "SCHEMA"), _drop_database),
    (("CREATE", "EXTERNAL", "TABLE"), _create_table),
    (("CREATE", "TABLE"), _create_table),
    (("DROP", "TABLE"), _drop_table),
    (("DROP", "VIEW"), _drop_view),
    (("ALTER", "TABLE"), _alter_table),
    (("MSCK", "REPAIR", "TABLE"), _msck),
    (("SHOW", "DATABASES"), _show_list("SHOW_DATABASES")),
    (("SHOW", "SCHEMAS"), _show_list("SHOW_DATABASES")),
    (("SHOW", "TABLES"), _show_list("SHOW_TABLES")),
    (("SHOW", "VIEWS"), _show_list("SHOW_VIEWS")),
    (("SHOW", "COLUMNS"), _show_columns),
    (("SHOW", "PARTITIONS"), _show_partitions),
    (("SHOW", "CREATE", "TABLE"), _named("SHOW_CREATE_TABLE")),
    (("SHOW", "CREATE", "VIEW"), _named("SHOW_CREATE_VIEW")),
    (("SHOW", "TBLPROPERTIES"), _show_properties),
    (("DESCRIBE",), _describe),
    (("DESC",), _describe),
]
