"""Lines of text files as rows, by the rules of Trino's readers, one rule at one place."""
