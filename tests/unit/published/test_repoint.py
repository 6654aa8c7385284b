"""Publishing against S3 and a Glue catalog, also when they refuse a part of it."""

import pytest

from retime.calendar.partitions import partitions_of
from retime.dataset.model import Table
from retime.errors import PublishError, RunError
from retime.published import tables
from retime.published.ledger import ledger_of
from retime.published.publication import Publication
from retime.published.repoint import repoint_partitions
from retime.published.results import PartitionCounts
from tests.accounts import Account
from tests.unit.published.builds import (
    COLUMNS,
    EVERY_HOUR,
    NOW,
    RETENTION,
    of_hours,
    partitions,
    publish,
    published_table,
    refusing,
    stage,
    with_rows,
)
from tests.unit.samples import TRAFFIC, days

ALL_HOURS = {str(hour) for hour in EVERY_HOUR}


@pytest.fixture
def table(account: Account) -> Table:
    table = published_table(account)
    tables.ensure_table(account.clients.glue, account.database, table)
    return table


def publish_late(account: Account, made: Publication) -> PartitionCounts:
    """Publish when the generation may be being deleted."""
    late = NOW + RETENTION
    return repoint_partitions(
        account.clients, account.database, made, now=late, retention=RETENTION
    )


CALLS = [
    ("batch_create_partition", "PartitionValues", {"8"}),
    ("batch_update_partition", "PartitionValueList", {"7"}),
]


def test_a_build_is_published_and_counted(account, table):
    made = stage(account, table, 7, 8)
    assert publish(account, made) == PartitionCounts(created=24, current=24)
    found = partitions(account)
    assert set(found) == ALL_HOURS
    assert with_rows(found) == {"7", "8"}
    location = found["7"]["StorageDescriptor"]["Location"]
    assert location == f"{made.location}year=2024/month=3/day=28/hour=7/"
    assert ledger_of(found["7"]["Parameters"]).bytes == 10


def test_the_next_build_repoints_and_empties(account, table):
    publish(account, stage(account, table, 6, 7, number=1))
    done = publish(account, stage(account, table, 7, 8, number=2))
    assert done == PartitionCounts(updated=24, current=24)
    assert with_rows(partitions(account)) == {"7", "8"}


def test_publishing_again_does_nothing(account, table):
    made = stage(account, table, 7, 8)
    publish(account, made)
    before = partitions(account)
    assert publish(account, made) == PartitionCounts(current=24)
    assert partitions(account) == before


def test_an_earlier_build_is_kept_out_and_counted(account, table):
    late = stage(account, table, 7, 8, number=1)
    publish(account, stage(account, table, 7, number=2))
    done = publish(account, late)
    assert done == PartitionCounts(kept=24)
    assert with_rows(partitions(account)) == {"7"}


def test_a_partition_of_another_tool_beside_the_slice_stays(account, table):
    account.clients.glue.create_partition(
        DatabaseName=account.database,
        TableName="traffic",
        PartitionInput={
            "Values": ["2024", "3", "29", "99"],
            "StorageDescriptor": tables.storage_descriptor("s3://b/elsewhere/", COLUMNS),
        },
    )
    publish(account, stage(account, table, 7))
    assert partitions(account)["99"]["StorageDescriptor"]["Location"] == "s3://b/elsewhere/"


def test_more_partitions_than_a_call_takes_are_published_and_emptied(account, table):
    """A call takes 100."""
    slice_ = days("2024-03-28", "2024-04-01")
    every = partitions_of(slice_, "hour")
    wanted = TRAFFIC.windows_of(slice_)
    changes = {"wanted": wanted, "own": TRAFFIC.own_windows_of(slice_)}
    made = stage(account, table, number=1, rows=dict.fromkeys(every, 1), **changes)
    assert publish(account, made) == PartitionCounts(created=120, current=120)
    empty = stage(account, table, number=2, rows={}, **changes)
    assert publish(account, empty) == PartitionCounts(updated=120, current=120)
    ledgers = [ledger_of(p["Parameters"]) for p in partitions(account).values()]
    assert {ledger.rows for ledger in ledgers} == {0}


def two_builds(account: Account, table: Table) -> Publication:
    """Publish one build; return the next, which has an hour that is not in the catalog yet."""
    first, second = (stage(account, table, *h, number=n) for n, h in ((1, (6, 7)), (2, (7, 8))))
    publish(account, of_hours(first, 6, 7))
    return of_hours(second, 6, 7, 8)


@pytest.mark.parametrize(("call", "entry", "hours"), CALLS)
def test_an_entry_that_the_catalog_refuses_is_tried_again(account, table, call, entry, hours):
    made = two_builds(account, table)
    flaky = refusing(account, call, entry, hours, times=2)
    publish(flaky, made)
    assert flaky.clients.glue.calls == 3
    found = partitions(account)
    assert set(found) == {"6", "7", "8"}
    assert with_rows(found) == {"7", "8"}
    assert {ledger_of(p["Parameters"]).generation for p in found.values()} == {made.generation}


@pytest.mark.parametrize(("call", "entry", "hours"), CALLS)
def test_a_partition_is_counted_once_however_often_it_was_tried(account, table, call, entry, hours):
    made = two_builds(account, table)
    flaky = refusing(account, call, entry, hours, times=2)
    assert publish(flaky, made) == PartitionCounts(created=1, updated=2, current=3)


def test_a_publication_that_succeeds_at_the_last_attempt_is_one(account, table):
    flaky = refusing(account, "batch_create_partition", "PartitionValues", {"8"}, times=3)
    publish(flaky, stage(account, table, 7, 8))
    assert with_rows(partitions(account)) == {"7", "8"}


def test_an_entry_that_the_catalog_refuses_for_good_fails_with_its_reason(account, table):
    made = stage(account, table, 7, 8)
    stuck = refusing(account, "batch_create_partition", "PartitionValues", {"8"}, times=99)
    with pytest.raises(PublishError) as failure:
        publish(stuck, made)
    assert "2024/3/28/8: InternalServiceException try again" in str(failure.value)
    assert "clear this task alone" in str(failure.value)
    assert publish(account, made) == PartitionCounts(created=1, current=24)
    assert with_rows(partitions(account)) == {"7", "8"}


def test_a_generation_without_the_files_of_an_audited_partition_is_not_published(account, table):
    made = stage(account, table, 7, 8)
    for key in account.object_keys():
        if "hour=8/" in key:
            account.clients.s3.delete_object(Bucket=account.bucket, Key=key)
    with pytest.raises(RunError, match=r"1 partitions, the audit saw 2; they differ in .*8\)"):
        publish(account, made)
    assert partitions(account) == {}


def test_a_generation_with_files_that_nobody_audited_is_not_published(account, table):
    made = stage(account, table, 7)
    account.put(f"traffic/v={made.generation}/year=2024/month=3/day=28/hour=9/late.parquet")
    with pytest.raises(RunError, match="clear the slice to stage it again"):
        publish(account, made)
    assert partitions(account) == {}


def test_hidden_files_are_no_data(account, table):
    made = stage(account, table, 7)
    path = f"traffic/v={made.generation}/year=2024/month=3/day=28/"
    account.put(f"{path}hour=9/_started", f"{path}hour=9/.tmp", f"traffic/v={made.generation}/_x")
    assert publish(account, made).created == 24


def test_an_earlier_build_does_not_bring_back_a_slice_that_a_later_one_left_empty(account, table):
    late = stage(account, table, 7, 8, number=1)
    publish(account, stage(account, table, number=2))
    done = publish(account, late)
    assert done == PartitionCounts(kept=24)
    assert with_rows(partitions(account)) == set()


def test_a_generation_older_than_the_retention_time_is_not_published(account, table):
    """The clean-up may be deleting it."""
    made = stage(account, table, 7)
    with pytest.raises(RunError, match="older than 30 days"):
        publish_late(account, made)
    assert partitions(account) == {}


def test_publishing_an_old_generation_that_is_published_does_nothing(account, table):
    made = stage(account, table, 7)
    publish(account, made)
    assert publish_late(account, made) == PartitionCounts(current=24)
