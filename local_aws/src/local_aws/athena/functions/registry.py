"""What makes a Python function one of DuckDB's."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import duckdb


class Failure(Exception):  # noqa: N818 - it ends a query, not this program
    """A function fails as Trino's does.

    Args:
        name: Trino's error name.
        message: its sentence.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"!{name}: {message}")
        self.name = name
        self.message = message

    def in_column(self, name: str, kind: str) -> "Failure":
        """The same failure, which names a column and its type."""
        return Failure(self.name, f"column {name} of type {kind}: {self.message}")

    def in_file(self, link: str) -> "Failure":
        """The same failure, which names where the data is from."""
        return Failure(self.name, f"Failed to read file at {link}: {self.message}")


@dataclass(frozen=True, slots=True)
class PythonFunction:
    """A function that DuckDB calls row by row.

    Attributes:
        name: in DuckDB's text.
        parameters: DuckDB types of the arguments; None for any number of any type.
        result: the DuckDB type of the answer.
        call: gets and gives Python values; raises `Failure`.
        takes_null: is it called for NULL? Otherwise the answer is NULL as soon as an argument is.
        is_costly: DuckDB must not copy a call into the filters above it.
    """

    name: str
    parameters: tuple[str, ...] | None
    result: str
    call: Callable[..., Any]
    takes_null: bool = False
    is_costly: bool = False


def install(connection: duckdb.DuckDBPyConnection, functions: Iterable[PythonFunction]) -> None:
    """Let all connections to the same DuckDB call the functions."""
    for one in functions:
        kinds = None if one.parameters is None else [duckdb.dtype(kind) for kind in one.parameters]
        connection.create_function(
            one.name,
            one.call if one.takes_null else _skipping_null(one.call),
            kinds,
            duckdb.dtype(one.result),
            null_handling="special",  # else no answer may be NULL
            side_effects=one.is_costly,
        )


def _skipping_null(call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)  # DuckDB counts the parameters
    def skipping(*arguments: Any) -> Any:
        return None if None in arguments else call(*arguments)

    return skipping
