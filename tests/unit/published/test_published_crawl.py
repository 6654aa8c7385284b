"""The crawl of a published table may register what it finds, and change nothing."""

from dataclasses import replace
from typing import Any

import pytest

from retime.calendar.partitioning import HOURLY
from retime.dataset.model import Table
from retime.errors import CatalogError
from retime.published import tables
from retime.published.crawl import check_crawl, check_crawler, check_published
from tests.accounts import Account
from tests.unit.published.builds import COLUMNS, of_hours, publish, published_table, stage
from tests.unit.samples import TRAFFIC, days

LOG = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
SLICE = [(2024, 3, 28, hour) for hour in range(24)]


@pytest.fixture
def table(account: Account) -> Table:
    """A published table of two partitions, one of them empty."""
    table = published_table(account)
    tables.ensure_table(account.clients.glue, account.database, table)
    publish(account, of_hours(stage(account, table, 7), 7, 8))
    return replace(table, layout="hive", crawler="retime_traffic")


def check(account: Account, table: Table) -> None:
    check_crawl(account.clients.glue, account.database, table, SLICE)


def write(account: Account, call: str, hour: int) -> None:
    """Create or update a partition as a crawler does that may."""
    values = ["2024", "3", "28", str(hour)]
    record = {
        "Values": values,
        "StorageDescriptor": tables.storage_descriptor("s3://b/x/", COLUMNS),
        "Parameters": {"UPDATED_BY_CRAWLER": "retime_traffic"},
    }
    named = {} if call == "create_partition" else {"PartitionValueList": values}
    getattr(account.clients.glue, call)(
        DatabaseName=account.database, TableName="traffic", PartitionInput=record, **named
    )


def create_table(account: Account, name: str, location: str, crawler: str) -> None:
    definition = tables.table_input(name, location, COLUMNS, HOURLY)
    definition["Parameters"]["UPDATED_BY_CRAWLER"] = crawler
    account.clients.glue.create_table(DatabaseName=account.database, TableInput=definition)


def test_a_crawler_that_only_logs_is_accepted():
    check_crawler({"Name": "c", "SchemaChangePolicy": LOG})


@pytest.mark.parametrize(
    "policy",
    [
        {**LOG, "UpdateBehavior": "UPDATE_IN_DATABASE"},
        {**LOG, "DeleteBehavior": "DEPRECATE_IN_DATABASE"},
        {"UpdateBehavior": "LOG"},
        {},
    ],
)
def test_a_crawler_that_would_change_what_is_published_is_refused(policy: Any):
    with pytest.raises(CatalogError, match=r"'c' has the SchemaChangePolicy .*set both behaviours"):
        check_crawler({"Name": "c", "SchemaChangePolicy": policy})


def test_a_crawl_that_changed_nothing_is_good(account, table):
    check(account, table)


def test_the_slices_of_a_run_are_checked_whole(account):
    deployment = account.deploy(TRAFFIC)
    table = deployment.data_set.published
    tables.ensure_table(account.clients.glue, account.database, table)
    publish(account, of_hours(stage(account, table, 7), 7))
    check_published(deployment, [days("2024-03-28"), days("2024-03-29")])
    write(account, "create_partition", 23)
    with pytest.raises(CatalogError, match="2024/3/28/23"):
        check_published(deployment, [days("2024-03-28"), days("2024-03-29")])
    check_published(deployment, [days("2024-03-29")])


def test_partitions_of_other_dates_may_be_anybody_s(account, table):
    write(account, "create_partition", 99)
    check(account, table)


@pytest.mark.parametrize(("call", "hour"), [("create_partition", 9), ("update_partition", 7)])
def test_a_partition_without_its_ledger_is_told(account, table, call, hour):
    write(account, call, hour)
    with pytest.raises(CatalogError) as refusal:
        check(account, table)
    assert "'retime_traffic' changed or made 1 partitions" in str(refusal.value)
    assert f"2024/3/28/{hour}" in str(refusal.value)


def test_tables_that_the_crawler_made_of_the_location_are_told(account, table):
    for name in ("year_2024", "v_1"):
        create_table(account, name, f"{table.location}{name}/", "retime_traffic")
    with pytest.raises(CatalogError, match="made the tables v_1, year_2024 of what is below"):
        check(account, table)


def test_tables_of_other_crawlers_and_places_are_nobody_s_business(account, table):
    create_table(account, "theirs", f"{table.location}sub/", "another")
    create_table(account, "elsewhere", f"s3://{account.bucket}/elsewhere/", "retime_traffic")
    check(account, table)
