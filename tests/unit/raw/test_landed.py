"""Arrivals: what has landed on S3, what still grows, and what of it the catalog knows."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from retime import aws
from retime.calendar.partitions import HOUR, ArrivalWindow, arrival_path
from retime.errors import CrawlError
from retime.published import tables as catalog
from retime.raw import landed as arrivals
from retime.raw.landed import Landed
from retime.statements.macros import RawTable
from tests.unit.conftest import Account
from tests.unit.samples import utc

DAY = ArrivalWindow(start=utc(2024, 3, 28), end=utc(2024, 3, 29))
OPENX = "org.openx.data.jsonserde.JsonSerDe"
KEYS = ("year", "month", "day", "hour")


def location(account: Account) -> str:
    return f"s3://{account.bucket}/raw/"


def land(account: Account, *hours: datetime, body: bytes = b"12345") -> None:
    account.put(*(f"raw/{arrival_path(hour)}part-1" for hour in hours), body=body)


# What has landed.


@pytest.mark.parametrize("hour", [utc(2024, 3, 29), utc(2024, 3, 29, 7), utc(2025, 1, 1)])
def test_something_has_landed_from_an_hour_on(account, hour):
    land(account, utc(2024, 3, 28, 23), hour)
    assert arrivals.has_landed_from(account.clients.s3, location(account), utc(2024, 3, 29))


@pytest.mark.parametrize("hour", [utc(2024, 3, 28, 23), utc(2023, 12, 31, 23)])
def test_what_landed_before_an_hour_is_not_waited_for(account, hour):
    land(account, hour)
    assert not arrivals.has_landed_from(account.clients.s3, location(account), utc(2024, 3, 29))


def test_objects_that_are_no_arrivals_are_not_waited_for(account):
    account.put("raw/year_report.csv", "raw/zzz", "raw2/year=2025/month=01/day=01/hour=00/x")
    assert not arrivals.has_landed_from(account.clients.s3, location(account), utc(2024, 3, 29))


def test_landed_objects_and_bytes_are_counted_by_hour(account):
    land(account, utc(2024, 3, 28, 0), utc(2024, 3, 28, 23), utc(2024, 3, 27, 23), utc(2024, 3, 29))
    account.put("raw/year=2024/month=03/day=28/hour=23/part-2", body=b"1234567890")
    assert arrivals.list_landed(account.clients.s3, location(account), DAY) == {
        utc(2024, 3, 28, 0): Landed(objects=1, size=5),
        utc(2024, 3, 28, 23): Landed(objects=2, size=15),
    }


def test_landed_hours_are_found_over_the_ends_of_months_and_years(account):
    hours = [utc(2023, 12, 31, 22) + n * HOUR for n in range(5)]
    land(account, *hours)
    window = ArrivalWindow(start=hours[1], end=hours[-1])
    found = arrivals.list_landed(account.clients.s3, location(account), window)
    assert list(found) == hours[1:-1]


def test_empty_objects_and_other_paths_have_not_landed(account):
    account.put("raw/year=2024/month=03/day=28/hour=07/", body=b"")
    account.put("raw/year=2024/month=03/day=28/notes.txt", "raw/errors/2024/03/28/07/x")
    assert arrivals.list_landed(account.clients.s3, location(account), DAY) == {}


# What still grows.


HOUR_7 = utc(2024, 3, 28, 7)


def is_closed(account: Account, minutes: int) -> bool:
    """Whether the hour is closed so many minutes after its end."""
    now = HOUR_7 + HOUR + timedelta(minutes=minutes)
    return arrivals.is_closed(account.clients.s3, location(account), HOUR_7, now)


@pytest.mark.parametrize("later", [HOUR_7 + HOUR, utc(2024, 3, 29)])
def test_an_hour_that_another_follows_is_closed_once_the_stream_has_emptied_its_buffer(
    account, later
):
    land(account, HOUR_7, later)
    assert not is_closed(account, 14)
    assert is_closed(account, 15)


@pytest.mark.parametrize(("minutes", "closed"), [(-60, False), (0, False), (59, False), (60, True)])
def test_the_last_hour_is_closed_an_hour_after_its_end(account, minutes, closed):
    land(account, HOUR_7)
    assert is_closed(account, minutes) == closed


# What the catalog knows.


def create_raw(account: Account, key_type: str = "string", serde: str = "parquet") -> RawTable:
    table = {
        "Name": "raw",
        "Parameters": {"classification": "json"},
        "PartitionKeys": [{"Name": key, "Type": key_type} for key in KEYS],
        "StorageDescriptor": {
            "Columns": [{"Name": "a", "Type": "int"}],
            "Location": location(account),
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": {"paths": "a"}},
        },
    }
    account.clients.glue.create_table(DatabaseName=account.database, TableInput=table)
    return catalog.read_raw_table(account.clients.glue, account.database, "raw")


def register(account: Account, raw: RawTable, *hours: datetime) -> None:
    arrivals.register_hours(account.clients.glue, raw, hours, location(account))


def partitions(account: Account) -> list[Any]:
    return list(aws.get_partitions(account.clients.glue, account.database, "raw"))


key_types = pytest.mark.parametrize("key_type", ["string", "bigint", "int"])
HOURS = [utc(2023, 12, 31, 23), utc(2024, 1, 1, 0), utc(2024, 1, 1, 7)]


@key_types
def test_registered_hours_are_known(account, key_type):
    raw = create_raw(account, key_type)
    register(account, raw, *HOURS)
    window = ArrivalWindow(start=HOURS[0], end=HOURS[-1] + HOUR)
    assert arrivals.registered_hours(account.clients.glue, raw, window) == set(HOURS)


@pytest.mark.parametrize(
    ("key_type", "values"),
    [("string", ["2024", "01", "01", "07"]), ("bigint", ["2024", "1", "1", "7"])],
)
def test_an_hour_is_registered_with_values_of_its_keys_types_at_its_folder(
    account, key_type, values
):
    register(account, create_raw(account, key_type), utc(2024, 1, 1, 7))
    (partition,) = partitions(account)
    assert partition["Values"] == values
    descriptor = partition["StorageDescriptor"]
    assert descriptor["Location"] == location(account) + "year=2024/month=01/day=01/hour=07/"
    assert descriptor["SerdeInfo"]["SerializationLibrary"] == "parquet"


def test_an_hour_that_another_run_registered_meanwhile_is_no_failure(account):
    raw = create_raw(account)
    register(account, raw, HOURS[0])
    register(account, raw, *HOURS)
    assert len(partitions(account)) == 3


def test_an_hour_that_the_catalog_refuses_is_told(account):
    raw = create_raw(account)
    real = account.clients.glue
    error = {"ErrorCode": "InternalServiceException", "ErrorMessage": "try again"}

    class Refusing:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def batch_create_partition(self, **_: Any) -> Any:
            return {"Errors": [{"PartitionValues": ["2024"], "ErrorDetail": error}]}

    with pytest.raises(CrawlError, match=r"1 hours.*2024: InternalServiceException try again"):
        arrivals.register_hours(Refusing(), raw, HOURS, location(account))


@key_types
def test_missing_hours_are_those_that_landed_and_are_not_known(account, key_type):
    raw = create_raw(account, key_type)
    register(account, raw, HOURS[1])
    missing = arrivals.missing_hours(account.clients.glue, raw, reversed(HOURS))
    assert missing == [HOURS[0], HOURS[2]]


def test_without_a_table_all_landed_hours_are_missing():
    assert arrivals.missing_hours(None, None, HOURS) == HOURS


def test_where_nothing_landed_nothing_is_missing(account):
    assert arrivals.missing_hours(account.clients.glue, create_raw(account), []) == []


# Lines that are not JSON.


def ignored(entry: Any) -> dict[str, str]:
    return entry["StorageDescriptor"]["SerdeInfo"]["Parameters"]


def test_table_and_partitions_of_json_lines_let_lines_be_unreadable(account):
    raw = create_raw(account, serde=OPENX)
    register(account, raw, *HOURS)
    arrivals.let_json_be_unreadable(account.clients.glue, raw, HOURS[:2])
    wanted = {"paths": "a", "ignore.malformed.json": "true"}
    table = aws.get_table(account.clients.glue, account.database, "raw")
    assert ignored(table) == wanted
    assert table["Parameters"]["classification"] == "json"
    assert [key["Name"] for key in table["PartitionKeys"]] == list(KEYS)
    by_hour = {p["Values"][-1]: ignored(p) for p in partitions(account)}
    assert by_hour == {"23": wanted, "00": wanted, "07": {"paths": "a"}}


def test_hours_registered_later_inherit_it(account):
    raw = create_raw(account, serde=OPENX)
    arrivals.let_json_be_unreadable(account.clients.glue, raw, [])
    register(account, raw, HOURS[0])
    assert ignored(partitions(account)[0])["ignore.malformed.json"] == "true"


def test_what_already_lets_lines_be_unreadable_is_not_written_again(account):
    raw = create_raw(account, serde=OPENX)
    register(account, raw, *HOURS)
    arrivals.let_json_be_unreadable(account.clients.glue, raw, HOURS)
    real = account.clients.glue

    class ReadOnly:
        def __getattr__(self, name: str) -> Any:
            assert not name.startswith(("update", "batch_update")), name
            return getattr(real, name)

    arrivals.let_json_be_unreadable(ReadOnly(), raw, HOURS)
