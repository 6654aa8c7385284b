"""The local AWS of the crash matrix, and what was measured on the way."""

from tests.crash.conftest import aws
from tests.thirty_days.conftest import pytest_terminal_summary

__all__ = ["aws", "pytest_terminal_summary"]
