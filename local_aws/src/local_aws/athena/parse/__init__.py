"""Trino's and Hive's grammars, and the kinds of statements."""
