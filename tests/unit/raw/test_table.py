"""The raw table as the catalog has it."""

from dataclasses import replace
from typing import Any

import pytest

from retime.errors import CatalogError
from retime.raw.table import RawTable, read_raw_table
from tests.accounts import Account
from tests.unit.samples import TRAFFIC

KEYS = ("year", "month", "day", "hour")
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


def read_raw(account: Account) -> RawTable:
    raw = replace(TRAFFIC.raw, table="raw")
    return read_raw_table(account.clients.glue, account.database, raw)


@pytest.mark.parametrize("type_", ["string", "bigint"])
def test_the_raw_table_is_read_as_it_is(account, type_):
    create_raw(account, dict.fromkeys(KEYS, type_))
    raw = read_raw(account)
    assert (raw.database, raw.name) == (account.database, "raw")
    assert raw.columns == {"a": "int", "b": "string"}
    assert {key.name: key.type for key in raw.partitioning.keys} == dict.fromkeys(KEYS, type_)
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
    assert f"has the partition keys {keys}, which are not those of the folders year=%Y/" in str(
        refusal.value
    )


def test_text_keys_are_zero_padded_and_numbers_are_not(account):
    create_raw(account, {"year": "string", "month": "bigint", "day": "varchar(2)", "hour": "int"})
    assert [key.is_text for key in read_raw(account).partitioning.keys] == [1, 0, 1, 0]
