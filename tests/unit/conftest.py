"""An account of AWS in this process, for every unit test that asks for one."""

import pytest

from retime import aws_retries
from tests.accounts import account, clients

__all__ = ["account", "clients"]


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused for good is given up after a second, and repeated at once."""
    monkeypatch.setattr(aws_retries, "PATIENCE", 1.0)
    monkeypatch.setattr(aws_retries, "FIRST_PAUSE", 0.01)
