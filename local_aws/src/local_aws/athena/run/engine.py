"""The DuckDB behind all queries: one instance, a connection per query."""

import re
import shutil
from pathlib import Path

import duckdb

from local_aws.athena.errors import QueryError
from local_aws.athena.functions.all import FUNCTIONS
from local_aws.athena.functions.registry import install
from local_aws.athena.run.scan import Scanner
from local_aws.athena.types.failing import raised


class Engine:
    """One DuckDB instance: queries share its threads and its memory limit.

    Args:
        scratch: an own directory; emptied.
        memory_mb: DuckDB's limit; beyond it operators spill to `scratch`.
        threads: DuckDB's threads.
    """

    def __init__(self, scratch: Path, *, memory_mb: int = 2500, threads: int = 0) -> None:
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        self.scratch = scratch
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{memory_mb}MB",
            "temp_directory": str(scratch / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            # A query without ORDER BY has no order in Athena either.
            "preserve_insertion_order": "false",
            # The system caches files. What a query needed goes back to it when the query is done.
            "enable_external_file_cache": "false",
            "allocator_background_threads": "true",
            "partitioned_write_max_open_files": "128",
            # With the first, DuckDB 1.5 fails where columns are cast on the way to a
            # ROW_NUMBER() = 1. The second takes out of TRY what may fail.
            "disabled_optimizers": "top_n_window_elimination,common_subexpressions",
        }
        if threads:
            config["threads"] = threads
        self._root = duckdb.connect(":memory:", config=config)
        # A setting of an extension is known only once that is loaded; then it is for all.
        self._root.execute("SET GLOBAL TimeZone = 'UTC'")
        install(self._root, FUNCTIONS)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own."""
        return self._root.cursor()

    def directory(self, name: str) -> Path:
        """A new directory for one query's links and files."""
        path = self.scratch / name
        path.mkdir()
        return path

    def close(self) -> None:
        """Close the instance and remove its files."""
        self._root.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


_OVERFLOW = re.compile(r"Overflow in (\w+) of (INT\d+|DECIMAL\S*) \((.*?)\)")
# Out of range, which Trino takes for an argument that cannot be cast.
_NO_CAST = re.compile(
    r"Type (FLOAT|DOUBLE) with value (nan\b|.* destination type INT64)"
    r"|Casting value \".*\" to type DECIMAL"
)
_VERBS = {"addition": "+", "subtraction": "-", "multiplication": "*"}
_NAMES = {"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint"}
# What DuckDB alone refuses, before it runs it: Athena takes it, or refuses it for its own reasons.
_LACKS = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.ParserException,
    duckdb.NotImplementedException,
    duckdb.InternalException,
)
_GROUPED = re.compile(r'column "?(\S+?)"? must appear in the GROUP BY', re.IGNORECASE)


def translate_error(error: duckdb.Error, scanner: Scanner | None) -> QueryError:
    """The failure that Athena reports for what DuckDB says."""
    message = str(error)
    own = raised(message)
    if own is not None:
        return QueryError(own.name, scanner.names.named(own.message)) if scanner else own
    if _NO_CAST.search(message):
        return QueryError("INVALID_CAST_ARGUMENT", message.split("\n")[0].partition(": ")[2])
    if isinstance(error, duckdb.OutOfRangeException) or "out of range" in message:
        return _overflow(message)
    unread = scanner.names.unread(message) if scanner else None
    if unread is not None:
        return unread
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryError("EXCEEDED_MEMORY_LIMIT", "Query exceeded the memory limit of local_aws")
    return _by_message(error, message)


def _by_message(error: duckdb.Error, message: str) -> QueryError:
    if "GROUP BY" in message and _GROUPED.search(message):
        return QueryError(
            "EXPRESSION_NOT_AGGREGATE",
            "an expression must be an aggregate expression or appear in GROUP BY clause",
        )
    if "More than one row returned by a subquery" in message:
        return QueryError("SUBQUERY_MULTIPLE_ROWS", "Scalar sub-query has returned multiple rows")
    if "Parser Error: frame" in message:
        return QueryError("INVALID_WINDOW_FRAME", message.split("\n")[0].partition(": ")[2])
    first = message.split("\n")[0]
    if isinstance(error, duckdb.ConversionException):
        return QueryError("INVALID_CAST_ARGUMENT", first.removeprefix("Conversion Error: "))
    if isinstance(error, duckdb.InvalidInputException):
        return QueryError("INVALID_FUNCTION_ARGUMENT", first.removeprefix("Invalid Input Error: "))
    if isinstance(error, _LACKS):
        return QueryError("NOT_SUPPORTED", f"local_aws cannot run this statement: {first}")
    return QueryError("GENERIC_INTERNAL_ERROR", first)


def _overflow(message: str) -> QueryError:
    found = _OVERFLOW.search(message)
    if found is None:
        return QueryError("NUMERIC_VALUE_OUT_OF_RANGE", message.split("\n")[0])
    name = _NAMES.get(found[2], "decimal")
    return QueryError("NUMERIC_VALUE_OUT_OF_RANGE", f"{name} {found[1]} overflow: {found[3]}")
