"""The tables that Retime publishes to, as the data set says."""

from dataclasses import replace

import pytest

from retime import aws
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
    ("columns", "reason"),
    [
        ({"uniqueid": "int"}, "has the column speed double, the data set has not; keep it, for"),
        (
            {"uniqueid": "bigint", "speed": "double"},
            "the column uniqueid of {table} is int, the data set says bigint; give the values",
        ),
        (
            {"more": "int", **COLUMNS},
            "has uniqueid as its column 1, the data set has more there; keep the order, and put",
        ),
        ({"uniqueid": "int", "velocity": "double"}, "has the column speed double, the data set"),
    ],
    ids=["one less", "another type", "not the last", "another name"],
)
def test_a_table_that_cannot_become_so_is_refused_with_the_remedy(account, table, columns, reason):
    ensure(account, table)
    changed = replace(table, columns=columns)
    with pytest.raises(CatalogError) as refusal:
        ensure(account, changed)
    assert reason.format(table=f"{account.database}.traffic") in str(refusal.value)
    assert "drop the table, whose files stay, and rebuild its dates" in str(refusal.value)


def test_a_table_gets_columns_that_the_data_set_has_more(account, table):
    ensure(account, table)
    ensure(account, replace(table, columns={**COLUMNS, "more": "int"}))
    found = account.clients.glue.get_table(DatabaseName=account.database, Name="traffic")["Table"]
    assert aws.column_types(found["StorageDescriptor"]["Columns"]) == {**COLUMNS, "more": "int"}
    assert found["TableType"] == "EXTERNAL_TABLE"
    assert found["Parameters"]["classification"] == "parquet"


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
