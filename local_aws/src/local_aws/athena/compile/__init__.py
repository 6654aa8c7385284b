"""A parsed query as SQL of DuckDB."""
