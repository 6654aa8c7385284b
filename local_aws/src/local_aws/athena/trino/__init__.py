"""Queries on a Trino server that reads and writes through the Glue and S3 served here."""
