"""Publishing against S3 and a Glue catalog, also when they refuse a part of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from retime.calendar.partitions import partition_path, partitions_of
from retime.dataset.reader import Table
from retime.errors import PublishError, RunError
from retime.planning.plan import wanted_arrivals
from retime.published import tables as catalog
from retime.published.ledger import ledger_of
from retime.published.publication import Build
from retime.published.publish import publish_build
from tests.unit.conftest import Account
from tests.unit.published.test_publication import NOW
from tests.unit.published.test_publication import build as plain_build
from tests.unit.samples import TRAFFIC, days

COLUMNS = {"uniqueid": "int"}
KEYS = ("year", "month", "day", "hour")
RETENTION = timedelta(days=30)
REFUSAL = {"ErrorCode": "InternalServiceException", "ErrorMessage": "try again"}


@pytest.fixture
def table(account: Account) -> Table:
    table = Table(name="traffic", location=f"s3://{account.bucket}/traffic/", columns=COLUMNS)
    catalog.ensure_table(account.clients.glue, account.database, table, KEYS)
    return table


def stage(account: Account, table: Table, *hours: int, number: int = 1, **changes: Any) -> Build:
    """A build whose files are on S3: two for each partition."""
    made = plain_build(*hours, number=number)
    made = replace(made, location=f"{table.location}v={made.generation}/", **changes)
    for partition in made.rows:
        path = f"traffic/v={made.generation}/{partition_path(partition)}"
        account.put(f"{path}1.parquet", f"{path}2.parquet", body=b"12345")
    return made


def publish(account: Account, table: Table, made: Build) -> dict[str, int]:
    return publish_build(
        account.clients, account.database, table, made, now=NOW, retention=RETENTION
    )


def partitions(account: Account) -> dict[str, dict[str, Any]]:
    """The published partitions by hour."""
    pages = account.clients.glue.get_paginator("get_partitions").paginate(
        DatabaseName=account.database, TableName="traffic"
    )
    found = [partition for page in pages for partition in page["Partitions"]]
    return {partition["Values"][-1]: partition for partition in found}


class Refusing:
    """A Glue client that refuses some entries of one batch call, a number of times."""

    def __init__(self, glue: Any, call: str, entry: str, hours: set[str], times: int) -> None:
        self._glue, self._call, self._entry = glue, call, entry
        self._hours, self._times = hours, times
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return self._refuse if name == self._call else getattr(self._glue, name)

    def _refuse(self, **arguments: Any) -> Any:
        self.calls += 1
        if self.calls > self._times:
            return getattr(self._glue, self._call)(**arguments)
        (key,) = (key for key, value in arguments.items() if isinstance(value, list))
        named = [(e.get("PartitionValueList") or e["Values"], e) for e in arguments[key]]
        refused = [values for values, _ in named if values[-1] in self._hours]
        arguments[key] = [entry for values, entry in named if values not in refused]
        errors = [{self._entry: values, "ErrorDetail": REFUSAL} for values in refused]
        done = getattr(self._glue, self._call)(**arguments) if arguments[key] else {}
        return {"Errors": [*done.get("Errors", []), *errors]}


def refusing(account: Account, call: str, entry: str, hours: set[str], times: int) -> Account:
    glue = Refusing(account.clients.glue, call, entry, hours, times)
    return replace(account, clients=replace(account.clients, glue=glue))


CALLS = [
    ("batch_create_partition", "PartitionValues", {"8"}),
    ("batch_update_partition", "PartitionValueList", {"7"}),
    ("batch_delete_partition", "PartitionValues", {"6"}),
]


def test_a_build_is_published_and_counted(account, table):
    made = stage(account, table, 7, 8)
    assert publish(account, table, made) == {"created": 2, "updated": 0, "removed": 0, "kept": 0}
    found = partitions(account)
    assert set(found) == {"7", "8"}
    location = found["7"]["StorageDescriptor"]["Location"]
    assert location == f"{made.location}year=2024/month=3/day=28/hour=7/"
    assert ledger_of(found["7"]["Parameters"]).bytes == 10


def test_the_next_build_repoints_creates_and_removes(account, table):
    publish(account, table, stage(account, table, 6, 7, number=1))
    done = publish(account, table, stage(account, table, 7, 8, number=2))
    assert done == {"created": 1, "updated": 1, "removed": 1, "kept": 0}
    assert set(partitions(account)) == {"7", "8"}


def test_publishing_again_does_nothing(account, table):
    made = stage(account, table, 7, 8)
    publish(account, table, made)
    before = partitions(account)
    assert publish(account, table, made) == {"created": 0, "updated": 0, "removed": 0, "kept": 0}
    assert partitions(account) == before


def test_an_earlier_build_is_kept_out_and_counted(account, table):
    late = stage(account, table, 7, 8, number=1)
    publish(account, table, stage(account, table, 7, number=2))
    done = publish(account, table, late)
    assert done == {"created": 0, "updated": 0, "removed": 0, "kept": 24}
    assert set(partitions(account)) == {"7"}


def test_a_partition_of_another_tool_beside_the_slice_stays(account, table):
    account.clients.glue.create_partition(
        DatabaseName=account.database,
        TableName="traffic",
        PartitionInput={
            "Values": ["2024", "3", "29", "99"],
            "StorageDescriptor": catalog.storage_descriptor("s3://b/elsewhere/", COLUMNS),
        },
    )
    publish(account, table, stage(account, table, 7))
    assert partitions(account)["99"]["StorageDescriptor"]["Location"] == "s3://b/elsewhere/"


def test_more_partitions_than_a_call_takes_are_published_and_removed(account, table):
    """The calls take 100 and 25."""
    slice_ = days("2024-03-28", "2024-04-01")
    every = partitions_of(slice_, "hour")
    wanted = wanted_arrivals(TRAFFIC, slice_)
    whole = {"slice_": slice_, "rows": dict.fromkeys(every, 1), "wanted": wanted}
    created = publish(account, table, stage(account, table, number=1, **whole))
    removed = publish(account, table, stage(account, table, number=2, **{**whole, "rows": {}}))
    assert (created["created"], removed["removed"]) == (120, 120)
    assert partitions(account) == {}


@pytest.mark.parametrize(("call", "entry", "hours"), CALLS)
def test_an_entry_that_the_catalog_refuses_is_tried_again(account, table, call, entry, hours):
    publish(account, table, stage(account, table, 6, 7, number=1))
    made = stage(account, table, 7, 8, number=2)
    flaky = refusing(account, call, entry, hours, times=2)
    publish(flaky, table, made)
    assert flaky.clients.glue.calls == 3
    found = partitions(account)
    assert set(found) == {"7", "8"}
    assert {ledger_of(p["Parameters"]).generation for p in found.values()} == {made.generation}


@pytest.mark.parametrize(("call", "entry", "hours"), CALLS)
def test_a_partition_is_counted_once_however_often_it_was_tried(account, table, call, entry, hours):
    publish(account, table, stage(account, table, 6, 7, number=1))
    flaky = refusing(account, call, entry, hours, times=2)
    done = publish(flaky, table, stage(account, table, 7, 8, number=2))
    assert done == {"created": 1, "updated": 1, "removed": 1, "kept": 0}


def test_a_publication_that_succeeds_at_the_last_attempt_is_one(account, table):
    flaky = refusing(account, "batch_create_partition", "PartitionValues", {"8"}, times=3)
    publish(flaky, table, stage(account, table, 7, 8))
    assert set(partitions(account)) == {"7", "8"}


def test_an_entry_that_the_catalog_refuses_for_good_fails_with_its_reason(account, table):
    made = stage(account, table, 7, 8)
    stuck = refusing(account, "batch_create_partition", "PartitionValues", {"8"}, times=99)
    with pytest.raises(PublishError) as failure:
        publish(stuck, table, made)
    assert "2024/3/28/8: InternalServiceException try again" in str(failure.value)
    assert "repeat the publication" in str(failure.value)
    assert publish(account, table, made)["created"] == 1
    assert set(partitions(account)) == {"7", "8"}


def test_a_generation_without_the_files_of_an_audited_partition_is_not_published(account, table):
    made = stage(account, table, 7, 8)
    for key in account.object_keys():
        if "hour=8/" in key:
            account.clients.s3.delete_object(Bucket=account.bucket, Key=key)
    with pytest.raises(RunError, match=r"1 partitions, the audit saw 2; they differ in .*8\)"):
        publish(account, table, made)
    assert partitions(account) == {}


def test_a_generation_with_files_that_nobody_audited_is_not_published(account, table):
    made = stage(account, table, 7)
    account.put(f"traffic/v={made.generation}/year=2024/month=3/day=28/hour=9/late.parquet")
    with pytest.raises(RunError, match="clear the slice to stage it again"):
        publish(account, table, made)
    assert partitions(account) == {}


def test_hidden_files_are_no_data(account, table):
    made = stage(account, table, 7)
    path = f"traffic/v={made.generation}/year=2024/month=3/day=28/"
    account.put(f"{path}hour=9/_started", f"{path}hour=9/.tmp", f"traffic/v={made.generation}/_x")
    assert publish(account, table, made)["created"] == 1


def test_an_earlier_build_does_not_bring_back_a_slice_that_a_later_one_left_empty(account, table):
    late = stage(account, table, 7, 8, number=1)
    publish(account, table, stage(account, table, number=2))
    done = publish(account, table, late)
    assert done == {"created": 0, "updated": 0, "removed": 0, "kept": 24}
    assert partitions(account) == {}


def test_a_generation_older_than_the_retention_time_is_not_published(account, table):
    """The clean-up may be deleting it."""
    made = stage(account, table, 7)
    late = NOW + RETENTION
    arguments = account.clients, account.database, table, made
    with pytest.raises(RunError, match="older than 30 days"):
        publish_build(*arguments, now=late, retention=RETENTION)
    assert partitions(account) == {}


def test_publishing_an_old_generation_that_is_published_does_nothing(account, table):
    made = stage(account, table, 7)
    publish(account, table, made)
    arguments = account.clients, account.database, table, made
    done = publish_build(*arguments, now=NOW + RETENTION, retention=RETENTION)
    assert done == {"created": 0, "updated": 0, "removed": 0, "kept": 0}
