"""The clean-up: what nothing references goes, what anybody may still read stays."""

from dataclasses import replace
from datetime import timedelta

import pytest

from retime import aws
from retime.calendar.partitioning import HOURLY, Partitioning
from retime.dataset.model import Table
from retime.published import clean_up, tables
from retime.published.generations import new_generation, staging_table_name
from retime.published.publication import Publication
from retime.published.repoint import repoint_partitions
from tests.accounts import Account
from tests.unit.published.builds import COLUMNS, of_hours, publication, published_table
from tests.unit.samples import TRAFFIC, utc

NOW = utc(2024, 4, 30)
RETENTION = timedelta(days=7)


def generation(days_old: float, token: str = "00000000") -> str:
    return new_generation(NOW - timedelta(days=days_old), token)


@pytest.fixture
def table(account: Account) -> Table:
    table = published_table(account)
    tables.ensure_table(account.clients.glue, account.database, table)
    return table


def stage(account: Account, table: Table, made: str, *hours: int) -> Publication:
    """The data of a generation."""
    for hour in hours:
        account.put(f"traffic/v={made}/year=2024/month=3/day=28/hour={hour}/x")
    staged = publication(*hours, table=table)
    return replace(staged, generation=made, location=f"{table.location}v={made}/")


def publish(account: Account, made: Publication, days_ago: float) -> None:
    """Publish a build some days before NOW."""
    at = NOW - timedelta(days=days_ago)
    repoint_partitions(account.clients, account.database, made, now=at, retention=RETENTION)


def delete(account: Account, table: Table, after: timedelta = timedelta(0)) -> int:
    """Clean up, some time after NOW."""
    return clean_up.delete_generations(
        account.clients, account.database, table, now=NOW + after, retention=RETENTION
    )


def delete_after_retention(account: Account, table: Table) -> int:
    """Clean up twice, the retention time apart: what is unused is marked, then deleted."""
    assert delete(account, table) == 0
    return delete(account, table, RETENTION + timedelta(hours=1, seconds=1))


def generations(account: Account) -> set[str]:
    """The generations of which data is left."""
    folders = aws.list_level(account.clients.s3, f"s3://{account.bucket}/traffic/", "")[0]
    return {folder.removeprefix("v=") for folder in folders if folder.startswith("v=")}


# Data.


def test_a_generation_that_is_published_stays_however_old(account, table):
    publish(account, stage(account, table, generation(25), 7), days_ago=25)
    assert delete_after_retention(account, table) == 0
    assert generations(account) == {generation(25)}


def test_a_generation_of_which_one_partition_is_still_published_stays_whole(account, table):
    publish(account, stage(account, table, generation(25), 7, 8), days_ago=25)
    later = stage(account, table, generation(20), 8)
    publish(account, of_hours(later, 8), days_ago=20)
    assert delete_after_retention(account, table) == 0
    assert generations(account) == {generation(25), generation(20)}


def test_an_old_generation_that_was_never_published_goes(account, table):
    publish(account, stage(account, table, generation(25), 7), days_ago=25)
    stage(account, table, generation(24), 7, 8)
    assert delete_after_retention(account, table) == 1
    assert generations(account) == {generation(25)}


def test_a_recent_generation_stays_though_nothing_references_it(account, table):
    """It may be staged by a run that is under way."""
    stage(account, table, generation(6.9), 7)
    assert delete(account, table) == 0
    assert generations(account) == {generation(6.9)}


def test_a_generation_that_was_replaced_within_the_retention_time_stays(account, table):
    publish(account, stage(account, table, generation(25), 7), days_ago=25)
    publish(account, stage(account, table, generation(6), 7), days_ago=6)
    assert delete(account, table) == 0
    assert delete(account, table, RETENTION + timedelta(hours=1)) == 0
    assert generations(account) == {generation(25), generation(6)}


def test_a_generation_that_is_used_again_is_not_deleted(account, table):
    """Such as after a rollback: the mark of its unused time must not count."""
    old, new = (stage(account, table, generation(age), 7) for age in (25, 6))
    publish(account, old, days_ago=25)
    publish(account, new, days_ago=6)
    delete(account, table)
    location = f"{old.location}year=2024/month=3/day=28/hour=7/"
    record = {
        "Values": ["2024", "3", "28", "7"],
        "StorageDescriptor": tables.storage_descriptor(location, COLUMNS),
    }
    arguments = {"DatabaseName": account.database, "TableName": "traffic"}
    account.clients.glue.update_partition(
        **arguments, PartitionValueList=record["Values"], PartitionInput=record
    )
    assert delete(account, table, RETENTION + timedelta(days=1)) == 0
    assert generation(25) in generations(account)
    assert not [key for key in account.object_keys() if f"_unused/{generation(25)}" in key]


def test_a_generation_that_was_replaced_goes_when_the_retention_time_is_over(account, table):
    publish(account, stage(account, table, generation(25), 7), days_ago=25)
    publish(account, stage(account, table, generation(8), 7), days_ago=8)
    assert delete_after_retention(account, table) == 1
    assert generations(account) == {generation(8)}


def test_a_generation_that_was_replaced_twice_within_the_retention_time_stays(account, table):
    """A query that planned on it a minute before the first replacement still reads it."""
    publish(account, stage(account, table, generation(25), 7), days_ago=25)
    publish(account, stage(account, table, generation(0.2), 7), days_ago=0.2)
    publish(account, stage(account, table, generation(0.1), 7), days_ago=0.1)
    delete(account, table)
    assert generation(25) in generations(account)


def test_a_generation_whose_last_partition_was_just_emptied_stays(account, table):
    publish(account, stage(account, table, generation(25), 7), days_ago=25)
    publish(account, stage(account, table, generation(0.1)), days_ago=0.1)
    delete(account, table)
    assert generation(25) in generations(account)


def test_other_prefixes_are_never_touched(account, table):
    others = [
        "traffic/year=2024/month=3/day=28/hour=7/x",
        "traffic/v=1/x",
        f"traffic/{generation(25)}/x",
        f"traffic/sub/v={generation(25)}/x",
        f"traffic_quarantine/v={generation(25)}/x",
        f"v={generation(25)}/x",
        "traffic_raw/year=2024/month=03/day=28/hour=07/x",
    ]
    account.put(*others)
    stage(account, table, generation(25), 7)
    assert delete_after_retention(account, table) == 1
    assert account.object_keys() == sorted(others)


def test_a_generation_whose_name_begins_like_a_published_one_s_goes_alone(account, table):
    published, orphan = generation(25, "00000001"), generation(25, "00000000")
    publish(account, stage(account, table, published, 7), days_ago=25)
    stage(account, table, orphan, 7)
    assert delete_after_retention(account, table) == 1
    assert generations(account) == {published}


def test_a_partition_of_another_tool_keeps_the_generation_it_points_to(account, table):
    stage(account, table, generation(25), 7)
    location = f"{table.location}v={generation(25)}/year=2024/month=3/day=28/hour=7/"
    account.clients.glue.create_partition(
        DatabaseName=account.database,
        TableName="traffic",
        PartitionInput={
            "Values": ["2024", "3", "28", "7"],
            "StorageDescriptor": tables.storage_descriptor(location, COLUMNS),
        },
    )
    assert delete_after_retention(account, table) == 0


def test_a_generation_that_is_of_use_only_to_empty_partitions_is_in_use(account, table):
    """They point at its folders, in which nothing may appear or disappear."""
    publish(account, stage(account, table, generation(25), 7), days_ago=25)
    later = stage(account, table, generation(20), 7)
    publish(account, later, days_ago=20)
    publish(account, of_hours(stage(account, table, generation(15), 7), 7), days_ago=15)
    assert delete_after_retention(account, table) == 1
    assert generations(account) == {generation(20), generation(15)}


def test_both_tables_of_a_data_set_are_cleaned_up(account):
    deployment = account.deploy(TRAFFIC)
    old, older, recent = generation(25), generation(26), generation(1)
    for table in deployment.data_set.tables:
        tables.ensure_table(account.clients.glue, account.database, table)
        for made in (old, older, recent):
            create_staging_table(account, staging_table_name(table.name, made))
        account.put(f"{table.name}/v={old}/x")
    found = [
        clean_up.clean_up(deployment, NOW + after)
        for after in (timedelta(0), RETENTION + timedelta(hours=1, seconds=1))
    ]
    assert found == [
        {"staging_tables_dropped": 4, "generations_deleted": 0, "foreign_objects_deleted": 0},
        {"staging_tables_dropped": 2, "generations_deleted": 2, "foreign_objects_deleted": 0},
    ]


def test_what_another_table_of_the_database_points_at_is_not_deleted(account, table):
    """Two data sets at one place are refused. But nothing is lost where one slips through."""
    theirs = replace(table, name="theirs")
    tables.ensure_table(account.clients.glue, account.database, theirs)
    made = stage(account, table, generation(25), 7)
    publish(account, replace(made, table=theirs), days_ago=25)
    assert delete_after_retention(account, table) == 0
    assert generations(account) == {generation(25)}


def test_a_table_that_somebody_made_of_a_generation_keeps_it(account, table):
    made = stage(account, table, generation(25), 7)
    definition = tables.table_input("snapshot", made.location, COLUMNS, Partitioning(()))
    account.clients.glue.create_table(DatabaseName=account.database, TableInput=definition)
    assert delete_after_retention(account, table) == 0


# Staging tables.


def create_staging_table(account: Account, name: str) -> None:
    tables.create_staging_table(
        account.clients.glue,
        account.database,
        name,
        "s3://b/x/",
        COLUMNS,
        HOURLY,
    )


def table_names(account: Account) -> set[str]:
    pages = account.clients.glue.get_paginator("get_tables").paginate(DatabaseName=account.database)
    return {entry["Name"] for page in pages for entry in page["TableList"]}


def drop(account: Account, table: Table) -> int:
    return clean_up.drop_staging_tables(
        account.clients.glue, account.database, table, NOW - RETENTION
    )


def test_staging_tables_are_dropped_when_the_retention_time_is_over(account, table):
    old, recent = generation(8), generation(6.9)
    for made in (old, recent):
        create_staging_table(account, staging_table_name("traffic", made))
    assert drop(account, table) == 1
    assert table_names(account) == {"traffic", staging_table_name("traffic", recent)}


def test_tables_that_are_not_the_data_set_s_staging_tables_stay(account, table):
    others = {
        "traffic__notes",
        "traffic_raw",
        generation(25),
        staging_table_name("traffic_quarantine", generation(25)),
        staging_table_name("my_traffic", generation(25)),
        staging_table_name("traffic__x", generation(25)),
    }
    for name in others:
        create_staging_table(account, name)
    assert drop(account, table) == 0
    assert table_names(account) == {"traffic", *others}


def test_dropping_a_staging_table_leaves_the_data_that_partitions_point_to(account, table):
    made = stage(account, table, generation(25), 7)
    publish(account, made, days_ago=25)
    create_staging_table(account, staging_table_name("traffic", generation(25)))
    before = account.object_keys()
    assert drop(account, table) == 1
    assert account.object_keys() == before


def test_a_staging_table_that_another_run_dropped_meanwhile_is_no_failure(account, table):
    made = generation(25)
    create_staging_table(account, staging_table_name("traffic", made))
    real = account.clients.glue

    class Raced:
        exceptions = real.exceptions

        def __getattr__(self, name):
            return getattr(real, name)

        def delete_table(self, **arguments):
            real.delete_table(**arguments)
            return real.delete_table(**arguments)

    clean_up.drop_staging_tables(Raced(), account.database, table, NOW - RETENTION)
    assert table_names(account) == {"traffic"}
