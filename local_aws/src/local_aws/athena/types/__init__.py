"""Trino's types in DuckDB."""
