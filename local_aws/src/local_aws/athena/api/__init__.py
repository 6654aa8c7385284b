"""Athena's API: work groups, executions, prepared statements, pages of results."""
