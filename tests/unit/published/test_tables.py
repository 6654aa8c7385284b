"""The tables that Retime publishes to, as the data set says."""

from dataclasses import replace

import pytest

from retime.calendar.partitioning import DAILY, HOURLY
from retime.dataset.model import Table
from retime.errors import CatalogError
from retime.published import tables
from tests.accounts import Account

KEYS = ("year", "month", "day", "hour")
COLUMNS = {"uniqueid": "int", "speed": "double"}


@pytest.fixture
def table(account: Account) -> Table:
    location = f"s3://{account.bucket}/traffic/"
    return Table(name="traffic", location=location, columns=COLUMNS, partitioning=HOURLY)


def ensure(account: Account, table: Table) -> None:
    tables.ensure_table(account.clients.glue, account.database, table)


def test_a_table_is_created_once_and_then_found_in_order(account, table):
    ensure(account, table)
    ensure(account, table)
    found = account.clients.glue.get_table(DatabaseName=account.database, Name="traffic")["Table"]
    assert found["StorageDescriptor"]["Location"] == table.location
    assert [(k["Name"], k["Type"]) for k in found["PartitionKeys"]] == [
        (key, "bigint") for key in KEYS
    ]
    assert found["TableType"] == "EXTERNAL_TABLE"


@pytest.mark.parametrize(
    "columns",
    [
        {"uniqueid": "int"},
        {"uniqueid": "bigint", "speed": "double"},
        {**COLUMNS, "more": "int"},
        {"uniqueid": "int", "velocity": "double"},
    ],
)
def test_a_table_with_other_columns_is_refused_with_both(account, table, columns):
    ensure(account, table)
    changed = replace(table, columns=columns)
    with pytest.raises(CatalogError) as refusal:
        ensure(account, changed)
    assert f"has the columns {COLUMNS}, the data set says {columns}; change" in str(refusal.value)


def test_a_table_of_another_grain_is_refused(account, table):
    ensure(account, table)
    with pytest.raises(CatalogError, match="has the partition keys "):
        ensure(account, replace(table, partitioning=DAILY))


def test_a_table_at_another_location_is_refused(account, table):
    """What nobody points at there would never be cleaned up."""
    ensure(account, table)
    with pytest.raises(CatalogError, match=r"is at s3://.*, the data set says s3://b/moved/"):
        ensure(account, replace(table, location="s3://b/moved/"))


def test_a_table_with_partition_projection_is_refused(account, table):
    """Athena would read projected locations and never see where the partitions point."""
    definition = tables.table_input(table.name, table.location, COLUMNS, HOURLY)
    definition["Parameters"]["projection.enabled"] = "true"
    account.clients.glue.create_table(DatabaseName=account.database, TableInput=definition)
    with pytest.raises(CatalogError, match="projection"):
        ensure(account, table)
    ensure(account, replace(table, layout="hive"))


def test_a_staging_table_has_a_location_of_its_own(account):
    tables.create_staging_table(
        account.clients.glue, account.database, "s", "s3://b/t/v=1/", COLUMNS, HOURLY
    )
    found = account.clients.glue.get_table(DatabaseName=account.database, Name="s")["Table"]
    assert found["StorageDescriptor"]["Location"] == "s3://b/t/v=1/"
    assert found["Parameters"]["classification"] == "parquet"
    assert tables.has_table(account.clients.glue, account.database, "s")
    assert not tables.has_table(account.clients.glue, account.database, "t")
