"""Athena that executes SQL: Trino statements compiled to DuckDB over Glue tables and S3 objects."""
