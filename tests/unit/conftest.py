"""An account of AWS in this process, for every unit test that asks for one."""

import pytest

from retime import aws, aws_retries
from retime.calendar.partitioning import HOURLY
from retime.published import tables
from tests.accounts import Account, account, clients

__all__ = ["account", "clients"]


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused for good is given up after a second, and repeated at once."""
    monkeypatch.setattr(aws_retries, "PATIENCE", 1.0)
    monkeypatch.setattr(aws_retries, "FIRST_PAUSE", 0.01)


@pytest.fixture
def table(account: Account) -> aws.CatalogTable:
    """An empty table, by the hour."""
    location = f"s3://{account.bucket}/t/"
    glue, database = account.clients.glue, account.database
    tables.create_staging_table(glue, database, "t", location, {"x": "int"}, HOURLY)
    return aws.CatalogTable(database=database, name="t", keys=HOURLY)
