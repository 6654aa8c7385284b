"""Errors that a running query raises by itself, with Trino's name and message.

DuckDB's error() is volatile, which bars optimizations and TRY. A cast of a text that is no number
fails just as well, only when it is evaluated, and DuckDB's message quotes the text.
"""

import re

from local_aws.athena.errors import QueryError

_RAISED = re.compile(
    r"Could not convert string '!([A-Z_]+): (.*)' to INT64"
    # A function of Python's says it by an exception.
    r"|executing the UDF: \w+: !([A-Z_]+): (.*?)\n\nAt:\n",
    re.DOTALL,
)


def fail(name: str, message_sql: str, duckdb_type: str) -> str:
    """DuckDB text that fails when evaluated.

    Casts only: a condition over constants in a CASE is evaluated beforehand, a cast is not.

    Args:
        name: Trino's error name.
        message_sql: DuckDB text of the message, e.g. "'Division by zero'".
        duckdb_type: the type that the expression has to have.
    """
    number = f"CAST('!{name}: ' || {message_sql} AS BIGINT)"
    return f"CAST(CAST({number} AS VARCHAR) AS {duckdb_type})"


def raised(message: str) -> QueryError | None:
    """The error behind a DuckDB message, if `fail` raised it."""
    found = _RAISED.search(message)
    return QueryError(found[1] or found[3], found[2] or found[4] or "") if found else None
