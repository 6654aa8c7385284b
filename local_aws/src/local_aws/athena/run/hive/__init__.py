"""Hive's DDL, run against the Glue catalog."""
