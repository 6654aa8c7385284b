"""The local AWS of the crash matrix, and what was measured on the way."""

import pytest

from tests.crash.conftest import aws

__all__ = ["aws"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what was measured."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")
