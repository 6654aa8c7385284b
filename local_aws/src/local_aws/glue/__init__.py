"""The Glue catalog: databases, tables, partitions and their expressions."""
