"""Trino's functions in DuckDB: the one table of what becomes what, and why where they differ.

A row is (Trino signature, DuckDB text, reason). In a signature the single letters are type
variables: E, K, T, V any type, N any number, D any decimal. In the text {0}, {1} ... are the
arguments, coerced to the signature's types. A reason is given wherever the text is more than
another name for the same thing; names that begin with trino_ are functions of Python's, in
`athena/functions`. Timestamps with time zone are instants, kept in UTC; functions whose answer
depends on the zone are in `moments.py`, those with lambdas in `lambda_functions.py`.
"""

from dataclasses import dataclass

from local_aws.athena.compile.tables import (
    binary,
    collections,
    documents,
    numbers,
    patterns,
    texts,
    urls,
)
from local_aws.athena.compile.tables.aggregates import AGGREGATES
from local_aws.athena.compile.tables.windows import WINDOWS
from local_aws.athena.types.sqltypes import Type, parse_type

SCALARS = [
    row
    for table in (numbers, texts, patterns, documents, collections, binary, urls)
    for row in table.SCALARS
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A row of the tables, read.

    Attributes:
        kind: "scalar", "aggregate" or "window".
        parameters: types, in which one-letter names are variables.
        is_variadic: may the last parameter repeat?
        wrap: what becomes of the text, as {}.
    """

    name: str
    kind: str
    parameters: tuple[Type, ...]
    is_variadic: bool
    result: Type
    text: str
    wrap: str = "{}"

    @property
    def signature(self) -> str:
        """The call as Trino's messages show it."""
        return f"{self.name}({', '.join(kind.text for kind in self.parameters)})"


def _read(signature: str, kind: str, text: str, wrap: str = "{}") -> Rule:
    call, result = signature.rsplit(" -> ", 1)
    name, inner = call[:-1].split("(", 1)
    parts = _split(inner)
    return Rule(
        name=name,
        kind=kind,
        parameters=tuple(parse_type(part.removesuffix("...")) for part in parts),
        is_variadic=inner.endswith("..."),
        result=_result(result),
        text=text,
        wrap=wrap,
    )


def _result(text: str) -> Type:
    # The scale of the argument's decimal is the one value a result type takes from a variable.
    return Type("decimal", (38,)) if text == "decimal(38,S)" else parse_type(text)


def _split(inner: str) -> list[str]:
    parts, depth = [""], 0
    for letter in inner:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _by_name(rules: list[Rule]) -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        found.setdefault(rule.name, []).append(rule)
    return found


RULES = _by_name(
    [_read(signature, "scalar", text) for signature, text, _ in SCALARS]
    + [_read(signature, "aggregate", text, wrap) for signature, text, wrap, _ in AGGREGATES]
    + [_read(signature, "window", text) for signature, text in WINDOWS]
)
ALIASES = {"ceiling": "ceil", "substring": "substr", "rand": "random", "approx_set": "approx_set"}
