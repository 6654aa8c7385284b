"""Tables of the Glue catalog: the raw one as found, ours as the data set says."""

from dataclasses import replace
from typing import Any

import pytest

from retime.dataset.reader import Table
from retime.errors import CatalogError
from retime.published import tables as catalog
from tests.unit.conftest import Account

KEYS = ("year", "month", "day", "hour")
COLUMNS = {"uniqueid": "int", "speed": "double"}
OPENX = "org.openx.data.jsonserde.JsonSerDe"


def create_raw(account: Account, keys: dict[str, str], serde: str = "parquet") -> None:
    table: dict[str, Any] = {
        "Name": "raw",
        "PartitionKeys": [{"Name": key, "Type": type_} for key, type_ in keys.items()],
        "StorageDescriptor": {
            "Columns": [{"Name": "a", "Type": "int"}, {"Name": "b", "Type": "string"}],
            "Location": f"s3://{account.bucket}/raw/",
            "SerdeInfo": {"SerializationLibrary": serde},
        },
    }
    account.clients.glue.create_table(DatabaseName=account.database, TableInput=table)


def read_raw(account: Account):
    return catalog.read_raw_table(account.clients.glue, account.database, "raw")


@pytest.fixture
def table(account: Account) -> Table:
    return Table(name="traffic", location=f"s3://{account.bucket}/traffic/", columns=COLUMNS)


def ensure(account: Account, table: Table, keys: tuple[str, ...] = KEYS) -> None:
    catalog.ensure_table(account.clients.glue, account.database, table, keys)


@pytest.mark.parametrize("type_", ["string", "bigint"])
def test_the_raw_table_is_read_as_it_is(account, type_):
    create_raw(account, dict.fromkeys(KEYS, type_))
    raw = read_raw(account)
    assert (raw.database, raw.name) == (account.database, "raw")
    assert raw.columns == {"a": "int", "b": "string"}
    assert raw.keys == dict.fromkeys(KEYS, type_)
    assert not raw.is_json


def test_a_raw_table_of_json_lines_is_known_by_its_serde(account):
    create_raw(account, dict.fromkeys(KEYS, "string"), serde=OPENX)
    assert read_raw(account).is_json


def test_a_missing_raw_table_says_what_to_do(account):
    with pytest.raises(CatalogError, match=r"raw is not in the catalog; run the crawler, or"):
        read_raw(account)


@pytest.mark.parametrize("keys", [["partition_0", "partition_1"], ["day", "hour"], [*KEYS, "m"]])
def test_a_raw_table_with_other_partition_keys_is_refused(account, keys):
    create_raw(account, dict.fromkeys(keys, "string"))
    with pytest.raises(CatalogError) as refusal:
        read_raw(account)
    assert f"has the partition keys {keys}; Retime reads tables" in str(refusal.value)


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
    changed = Table(name=table.name, location=table.location, columns=columns)
    with pytest.raises(CatalogError) as refusal:
        ensure(account, changed)
    assert f"has the columns {COLUMNS}, the data set says {columns}; change" in str(refusal.value)


def test_a_table_of_another_grain_is_refused(account, table):
    ensure(account, table)
    with pytest.raises(CatalogError, match="has the partition keys "):
        ensure(account, table, ("year", "month", "day"))


def test_a_table_at_another_location_is_refused(account, table):
    """What nobody points at there would never be cleaned up."""
    ensure(account, table)
    with pytest.raises(CatalogError, match=r"is at s3://.*, the data set says s3://b/moved/"):
        ensure(account, replace(table, location="s3://b/moved/"))


def test_a_table_with_partition_projection_is_refused(account, table):
    """Athena would read projected locations and never see where the partitions point."""
    definition = catalog.table_input(table.name, table.location, COLUMNS, KEYS)
    definition["Parameters"]["projection.enabled"] = "true"
    account.clients.glue.create_table(DatabaseName=account.database, TableInput=definition)
    with pytest.raises(CatalogError, match="projection"):
        ensure(account, table)
    ensure(account, replace(table, layout="hive"))


def test_a_staging_table_has_a_location_of_its_own(account):
    catalog.create_staging_table(
        account.clients.glue, account.database, "s", "s3://b/t/v=1/", COLUMNS, KEYS
    )
    found = account.clients.glue.get_table(DatabaseName=account.database, Name="s")["Table"]
    assert found["StorageDescriptor"]["Location"] == "s3://b/t/v=1/"
    assert found["Parameters"]["classification"] == "parquet"
    assert catalog.has_table(account.clients.glue, account.database, "s")
    assert not catalog.has_table(account.clients.glue, account.database, "t")
