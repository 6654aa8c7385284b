"""What kind of statement a text is, and the checks that it must pass at submit."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from local_aws.athena.parse.grammar import MalformedQueryError, Tree, check_names, parse

Kind = Literal["query", "insert", "ctas", "view", "unload", "explain", "refused", "hive"]

_LEADING = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_UNLOAD = re.compile(r"UNLOAD\s*\(", re.IGNORECASE)
_UNLOAD_TAIL = re.compile(
    r"\s*TO\s+'(?P<to>[^']+)'\s*(?:WITH\s*(?P<with>\(.*\)))?\s*$", re.IGNORECASE | re.DOTALL
)
_PREPARED = re.compile(r"(PREPARE|EXECUTE|DEALLOCATE)\b", re.IGNORECASE)
_HIVE = re.compile(
    r"(?:SHOW|DESCRIBE|DESC|MSCK|ALTER)\b|DROP\s+(?:TABLE|DATABASE|SCHEMA|VIEW)\b"
    r"|CREATE\s+(?:EXTERNAL\s+TABLE|DATABASE|SCHEMA)\b",
    re.IGNORECASE,
)
_HIVE_TABLE = re.compile(
    r"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[\w.`\"$]+\s*\((?!\s*(?:SELECT|WITH)\b)",
    re.IGNORECASE,
)
# Alternatives of the grammar's statement rule that run here.
_TRINO_KINDS: dict[str, tuple[Kind, str, str]] = {
    "StatementDefault": ("query", "DML", "SELECT"),
    "InsertInto": ("insert", "DML", "INSERT"),
    "CreateTableAsSelect": ("ctas", "DDL", "CREATE_TABLE_AS_SELECT"),
    "CreateView": ("view", "DDL", "CREATE_VIEW"),
    "Explain": ("explain", "UTILITY", "EXPLAIN"),
    "ExplainAnalyze": ("explain", "UTILITY", "EXPLAIN_ANALYZE"),
    "Delete": ("refused", "DML", "DELETE"),
    "Update": ("refused", "DML", "UPDATE"),
    "Merge": ("refused", "DML", "MERGE"),
}
_UTILITY = ("SHOW", "DESCRIBE", "DESC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement that passed the grammar.

    Attributes:
        sql: the text without a trailing semicolon; its positions are those of what was submitted.
        type, subtype: StatementType and SubstatementType.
        tree: of a Trino statement, or of an UNLOAD's query.
        node: the statement's node in the tree.
        target, properties: an UNLOAD's.
    """

    kind: Kind
    sql: str
    type: str
    subtype: str
    tree: Tree | None = None
    node: Any = None
    target: str = ""
    properties: tuple[tuple[str, Any], ...] = ()


def strip_statement(sql: str) -> str:
    """The text without what may trail a statement: spaces and one semicolon."""
    return re.sub(r";\s*$", "", sql.rstrip()).rstrip()


def prepared_word(sql: str) -> str:
    """PREPARE, EXECUTE or DEALLOCATE if the text begins so, else ""."""
    found = _PREPARED.match(_body(sql))
    return found[1].upper() if found else ""


def _body(sql: str) -> str:
    found = _LEADING.match(sql)
    return sql[found.end() :] if found else sql


def read_statement(sql: str) -> Statement:
    """Check a text against the grammar and say what it is.

    Raises:
        MalformedQueryError: it is no statement, or names a function that does not exist.
    """
    text = strip_statement(sql)
    body = _body(text)
    if not body:
        raise MalformedQueryError("line 1:1: mismatched input '<EOF>'. Expecting: <statement>")
    if _UNLOAD.match(body):
        return _unload(text)
    if _HIVE.match(body) or _HIVE_TABLE.match(body):
        return _hive(text, body)
    return _trino(text)


def _trino(text: str) -> Statement:
    tree = parse(text)
    node = tree.root.statement()
    name = type(node).__name__.removesuffix("Context")
    if name not in _TRINO_KINDS:
        raise MalformedQueryError(f"Queries of this type are not supported: {name}")
    check_names(text)
    kind, statement_type, subtype = _TRINO_KINDS[name]
    return Statement(
        kind=kind, sql=text, type=statement_type, subtype=subtype, tree=tree, node=node
    )


def _hive(text: str, body: str) -> Statement:
    from local_aws.athena.parse.hive_grammar import read_ddl

    subtype = read_ddl(body).subtype
    word = body.split(None, 1)[0].upper()
    kind = "UTILITY" if word in _UTILITY else "DDL"
    return Statement(kind="hive", sql=text, type=kind, subtype=subtype)


def _unload(text: str) -> Statement:
    start = text.index("(", len(text) - len(_body(text))) + 1
    end = _closing(text, start)
    tail = _UNLOAD_TAIL.match(text[end + 1 :])
    if tail is None:
        raise MalformedQueryError("mismatched input in UNLOAD. Expecting: TO 's3://...' WITH (...)")
    # Blanks keep the query's positions those of the submitted text.
    blank = re.sub(r"[^\n]", " ", text[:start])
    query = blank + text[start:end]
    tree = parse(query)
    check_names(query)
    node = tree.root.statement()
    if type(node).__name__ != "StatementDefaultContext":
        raise MalformedQueryError("UNLOAD takes a SELECT")
    properties = (
        tuple(read_properties(parse(tail["with"], "properties")).items()) if tail["with"] else ()
    )
    return Statement(
        kind="unload",
        sql=text,
        type="DML",
        subtype="UNLOAD",
        tree=tree,
        node=node,
        target=tail["to"],
        properties=properties,
    )


def _closing(text: str, start: int) -> int:
    depth, quote_mark = 1, ""
    for index in range(start, len(text)):
        letter = text[index]
        if quote_mark:
            quote_mark = "" if letter == quote_mark else quote_mark
        elif letter in "'\"":
            quote_mark = letter
        else:
            depth += {"(": 1, ")": -1}.get(letter, 0)
            if depth == 0:
                return index
    raise MalformedQueryError("missing ')' in UNLOAD")


def read_properties(tree: Tree, node: Any = None) -> dict[str, Any]:
    """The WITH (name = value) properties of a tree: texts, numbers, booleans, lists of texts.

    Raises:
        MalformedQueryError: a value is something else.
    """
    root = node if node is not None else tree.root
    found: dict[str, Any] = {}
    for one in root.propertyAssignments().property_():
        text = tree.text(one.propertyValue())
        found[one.identifier().getText().lower().strip('"')] = _property_value(text)
    return found


def _property_value(text: str) -> Any:
    listed = re.fullmatch(r"ARRAY\s*\[(.*)\]", text, re.IGNORECASE | re.DOTALL)
    if listed:
        return [item.replace("''", "'") for item in re.findall(r"'((?:[^']|'')*)'", listed[1])]
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    raise MalformedQueryError(f"Invalid property value: {text}")
