"""How long the local Athena takes over a full day of traffic, next to plain DuckDB."""
