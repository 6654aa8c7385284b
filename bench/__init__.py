"""Measurements: a full day in the local Athena and in plain DuckDB; local_aws at scale."""
