"""The account of the end-to-end tests, and what was measured on the way."""

import pytest

from tests.end_to_end.conftest import pipeline

__all__ = ["pipeline"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what was measured."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")
