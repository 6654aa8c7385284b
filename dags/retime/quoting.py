"""The one place where identifiers and literals are quoted for Athena's SQL."""

from datetime import date


def quote_name(*parts: str) -> str:
    """Return an identifier, or a dotted one, as Athena's DML wants it: `"db"."table"`."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def quote_literal(value: str | float | date) -> str:
    """Return a value as an SQL literal."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value)
    prefix = "DATE " if isinstance(value, date) else ""
    return prefix + "'" + str(value).replace("'", "''") + "'"
