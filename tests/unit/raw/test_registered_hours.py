"""What the catalog knows of raw: arrival hours as partitions of the raw table."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from retime import aws
from retime.calendar.arrival_hours import HOUR, ArrivalWindow
from retime.errors import CrawlError, PublishError
from retime.raw import partitions
from retime.raw.landed import LandedUntil
from retime.raw.table import RawTable, read_raw_table
from tests.accounts import Account
from tests.landed_records import arrival_path
from tests.unit.raw.landings import CRAWLED, HOURS, NEXT, UNCRAWLED, Landing
from tests.unit.samples import TRAFFIC, days, landed_hours, utc

OPENX = "org.openx.data.jsonserde.JsonSerDe"
KEYS = ("year", "month", "day", "hour")


def location(account: Account) -> str:
    return f"s3://{account.bucket}/raw/"


def create_raw(account: Account, key_type: str = "string", serde: str = "parquet") -> RawTable:
    table = {
        "Name": "raw",
        "TableType": "EXTERNAL_TABLE",
        "Description": "as landed",
        "Owner": "ann",
        "Parameters": {"classification": "json"},
        "PartitionKeys": [{"Name": key, "Type": key_type} for key in KEYS],
        "StorageDescriptor": {
            "Columns": [{"Name": "a", "Type": "int"}],
            "Location": location(account),
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": {"paths": "a"}},
        },
    }
    account.clients.glue.create_table(DatabaseName=account.database, TableInput=table)
    raw = replace(TRAFFIC.raw, table="raw")
    return read_raw_table(account.clients.glue, account.database, raw)


def missing_of(
    account: Account, raw: RawTable, *hours: datetime
) -> dict[str, partitions.RawPartition]:
    return partitions.missing_folders(account.clients.glue, raw, landed_hours(hours))


def register(account: Account, raw: RawTable, *hours: datetime) -> None:
    missing = missing_of(account, raw, *hours)
    partitions.register_folders(account.clients.glue, raw, missing, location(account))


def known(account: Account) -> list[Any]:
    """The partitions of the raw table, as Glue has them."""
    pages = account.clients.glue.get_paginator("get_partitions").paginate(
        DatabaseName=account.database, TableName="raw"
    )
    return [partition for page in pages for partition in page["Partitions"]]


key_types = pytest.mark.parametrize("key_type", ["string", "bigint", "int"])
SOME_HOURS = [utc(2023, 12, 31, 23), utc(2024, 1, 1, 0), utc(2024, 1, 1, 7)]


@key_types
def test_registered_hours_are_known(account, key_type):
    raw = create_raw(account, key_type)
    register(account, raw, *SOME_HOURS)
    window = ArrivalWindow(start=SOME_HOURS[0], end=SOME_HOURS[-1] + HOUR)
    assert partitions.registered_hours(account.clients.glue, raw, window) == set(SOME_HOURS)


@pytest.mark.parametrize(
    ("key_type", "values"),
    [("string", ["2024", "01", "01", "07"]), ("bigint", ["2024", "1", "1", "7"])],
)
def test_an_hour_is_registered_with_values_of_its_keys_types_at_its_folder(
    account, key_type, values
):
    register(account, create_raw(account, key_type), utc(2024, 1, 1, 7))
    (partition,) = known(account)
    assert partition["Values"] == values
    descriptor = partition["StorageDescriptor"]
    assert descriptor["Location"] == location(account) + "year=2024/month=01/day=01/hour=07/"
    assert descriptor["SerdeInfo"]["SerializationLibrary"] == "parquet"


def test_an_hour_that_another_run_registered_meanwhile_is_no_failure(account):
    raw = create_raw(account)
    missing = missing_of(account, raw, *SOME_HOURS)
    register(account, raw, SOME_HOURS[0])
    partitions.register_folders(account.clients.glue, raw, missing, location(account))
    assert len(known(account)) == 3


def test_an_hour_that_the_catalog_refuses_is_told(account):
    raw = create_raw(account)
    real = account.clients.glue
    error = {"ErrorCode": "InternalServiceException", "ErrorMessage": "try again"}

    class Refusing:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def batch_create_partition(self, **_: Any) -> Any:
            return {"Errors": [{"PartitionValues": ["2024"], "ErrorDetail": error}]}

    missing = missing_of(account, raw, *SOME_HOURS)
    with pytest.raises(PublishError, match="2024: InternalServiceException try again"):
        partitions.register_folders(Refusing(), raw, missing, location(account))


@key_types
def test_missing_hours_are_those_that_landed_and_are_not_known(account, key_type):
    raw = create_raw(account, key_type)
    register(account, raw, SOME_HOURS[1])
    missing = missing_of(account, raw, *reversed(SOME_HOURS))
    assert list(missing) == [arrival_path(hour) for hour in (SOME_HOURS[0], SOME_HOURS[2])]
    assert [each.hour for each in missing.values()] == [SOME_HOURS[0], SOME_HOURS[2]]


@pytest.mark.parametrize("values", [["2024", "1", "1", "7"], ["2024", "01", "01", "07"]])
def test_a_number_is_known_with_and_without_its_zeros(account, values):
    """Retime writes 7, and crawlers and MSCK REPAIR write 07."""
    raw = create_raw(account, "int")
    account.clients.glue.create_partition(
        DatabaseName=account.database,
        TableName="raw",
        PartitionInput={"Values": values, "StorageDescriptor": {"Location": location(account)}},
    )
    assert missing_of(account, raw, SOME_HOURS[2]) == {}


def test_where_nothing_landed_nothing_is_missing(account):
    assert missing_of(account, create_raw(account)) == {}


# Lines that are not JSON.


def ignored(entry: Any) -> dict[str, str]:
    return entry["StorageDescriptor"]["SerdeInfo"].get("Parameters", {})


def test_table_and_partitions_of_json_lines_let_lines_be_unreadable(account):
    raw = create_raw(account, serde=OPENX)
    register(account, raw, *SOME_HOURS)
    partitions.ignore_malformed_json(account.clients.glue, raw, SOME_HOURS[:2])
    wanted = {"paths": "a", "ignore.malformed.json": "true"}
    table = aws.get_table(account.clients.glue, account.database, "raw")
    assert ignored(table) == wanted
    assert table["Parameters"]["classification"] == "json"
    assert [key["Name"] for key in table["PartitionKeys"]] == list(KEYS)
    kept = [table.get(key) for key in ("TableType", "Description", "Owner")]
    assert kept == ["EXTERNAL_TABLE", "as landed", "ann"]
    by_hour = {p["Values"][-1]: ignored(p) for p in known(account)}
    assert by_hour == {"23": wanted, "00": wanted, "07": {"paths": "a"}}


def test_hours_registered_later_inherit_it(account):
    raw = create_raw(account, serde=OPENX)
    partitions.ignore_malformed_json(account.clients.glue, raw, [])
    register(account, raw, SOME_HOURS[0])
    assert ignored(known(account)[0])["ignore.malformed.json"] == "true"


def test_what_already_lets_lines_be_unreadable_is_not_written_again(account):
    raw = create_raw(account, serde=OPENX)
    register(account, raw, *SOME_HOURS)
    partitions.ignore_malformed_json(account.clients.glue, raw, SOME_HOURS)
    real = account.clients.glue

    class ReadOnly:
        def __getattr__(self, name: str) -> Any:
            assert not name.startswith(("update", "batch_update")), name
            return getattr(real, name)

    partitions.ignore_malformed_json(ReadOnly(), raw, SOME_HOURS)


# What a run needs of it.

NOW = utc(2024, 3, 29, 0, 20)
WINDOW = CRAWLED.window_of(days("2024-03-28"))


@pytest.fixture
def landing(account: Account) -> Landing:
    return Landing(account)


def ensure(landing: Landing, now: datetime = NOW, crawled: LandedUntil | None = None) -> datetime:
    return partitions.ensure_registered(landing.deploy(), [WINDOW], now, crawled).until.instant


def test_the_hours_to_crawl_are_those_that_landed_and_are_not_known(landing):
    landing.land(*HOURS, NEXT)
    landing.crawl(*HOURS[:20])
    missing, until = partitions.uncrawled_hours(landing.deploy(), [WINDOW], NOW)
    assert missing == HOURS[20:]
    assert until.instant == NEXT


def test_without_a_raw_table_every_hour_is_to_be_crawled(landing):
    account = landing.account
    account.clients.glue.delete_table(DatabaseName=account.database, Name="traffic_raw")
    landing.land(*HOURS, NEXT)
    assert partitions.uncrawled_hours(landing.deploy(), [WINDOW], NOW)[0] == HOURS


def test_hours_that_a_crawl_left_out_are_told(landing):
    landing.land(*HOURS, NEXT)
    landing.crawl(*HOURS[:20])
    with pytest.raises(
        CrawlError,
        match=r"4 folders of arrival hours .* as year=2024/month=03/day=28/hour=20/, are not",
    ):
        ensure(landing)


def test_an_hour_that_was_closed_after_the_crawl_began_is_left_to_the_next_run(landing):
    landing.land(*HOURS, NEXT)
    _, crawled = partitions.uncrawled_hours(landing.deploy(), [WINDOW], NOW)
    landing.crawl(*HOURS)
    landing.land(utc(2024, 3, 29, 1))
    assert ensure(landing, utc(2024, 3, 29, 1, 20), crawled) == NEXT


def test_without_a_crawler_the_hours_are_registered(landing):
    landing.land(*HOURS, NEXT)
    deployment = landing.deploy(UNCRAWLED)
    landed = partitions.ensure_registered(deployment, [WINDOW], NOW, None)
    assert landed.until.instant == NEXT
    assert partitions.uncrawled_hours(deployment, [WINDOW], NOW)[0] == []


def test_json_lines_that_a_run_needs_may_be_unreadable(landing):
    """Of the hours that landed; an hour that still grows is left to the next run."""
    landing.land(*HOURS, NEXT)
    account = landing.account
    place = {"DatabaseName": account.database, "Name": "traffic_raw"}
    table = account.clients.glue.get_table(**place)["Table"]
    table["StorageDescriptor"]["SerdeInfo"] = {"SerializationLibrary": OPENX}
    account.clients.glue.update_table(
        DatabaseName=account.database,
        TableInput={key: table[key] for key in ("Name", "StorageDescriptor", "PartitionKeys")},
    )
    landing.crawl(*HOURS, NEXT)
    ensure(landing)
    pages = account.clients.glue.get_paginator("get_partitions").paginate(
        DatabaseName=account.database, TableName="traffic_raw"
    )
    ignoring = {
        tuple(partition["Values"][2:])
        for page in pages
        for partition in page["Partitions"]
        if ignored(partition).get("ignore.malformed.json") == "true"
    }
    assert ignoring == {("28", f"{hour:02}") for hour in range(24)}


def test_partitions_that_are_no_hours_are_passed_over(account):
    raw = create_raw(account)
    register(account, raw, *SOME_HOURS)
    (partition, *_) = known(account)
    for values in (["2024", "01", "01", "__HIVE_DEFAULT_PARTITION__"], ["2024", "01", "01", "77"]):
        account.clients.glue.create_partition(
            DatabaseName=account.database,
            TableName="raw",
            PartitionInput={
                "Values": values,
                "StorageDescriptor": partition["StorageDescriptor"],
            },
        )
    window = ArrivalWindow(start=SOME_HOURS[0], end=SOME_HOURS[-1] + HOUR)
    assert partitions.registered_hours(account.clients.glue, raw, window) == set(SOME_HOURS)
