"""Trino's functions in Python, where DuckDB has none that answers the same; called by DuckDB."""
