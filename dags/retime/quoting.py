"""The one place where identifiers and literals are quoted for Athena's SQL."""

import math
from datetime import date, datetime


def quote_name(*parts: str) -> str:
    """Return an identifier, or a dotted one, as Athena's DML wants it: `"db"."table"`."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def quote_literal(value: str | float | date) -> str:
    """Return a value as an SQL literal.

    Raises:
        TypeError: it is no text, number, truth value or date.
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, date) and not isinstance(value, datetime):
        return f"DATE '{value}'"
    raise TypeError(f"{value!r} is no SQL literal; give a text, a number, true, false or a date")
