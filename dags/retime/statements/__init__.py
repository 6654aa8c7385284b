"""The SQL of a slice: rendering it, and reading the answer of its audit."""
