"""Errors that a running query raises by itself, with Trino's name and message.

DuckDB's error() is volatile, which bars optimizations and TRY. A cast of a text that is no number
fails just as well, only when it is evaluated, and DuckDB's message quotes the text.
"""

import re

from local_aws.athena.errors import QueryError

_RAISED = re.compile(r"Could not convert string '!([A-Z_]+): (.*)' to INT64", re.DOTALL)


def fail(name: str, message_sql: str) -> str:
    """DuckDB text that fails when evaluated; else NULL of any type.

    Args:
        name: Trino's error name.
        message_sql: DuckDB text of the message, e.g. "'Division by zero'".
    """
    return f"CASE WHEN CAST('!{name}: ' || {message_sql} AS BIGINT) = 0 THEN NULL END"


def raised(message: str) -> QueryError | None:
    """The error behind a DuckDB message, if `fail` raised it."""
    found = _RAISED.search(message)
    return QueryError(found[1], found[2]) if found else None
