"""Executions: what a statement reads, writes and answers."""
