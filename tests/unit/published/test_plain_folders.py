"""The layout `hive` against S3 and a Glue catalog, also when they refuse a part or break off."""

import re
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest

from retime import aws
from retime.calendar.partitioning import HOURLY
from retime.dataset.model import Table
from retime.errors import DeleteError, PublishError, RunError
from retime.published import clean_up, plain_folders, tables
from retime.published.generations import generation_location
from retime.published.ledger import ledger_of
from retime.published.publication import Publication
from retime.published.repoint import repoint_partitions
from retime.published.results import PartitionCounts
from tests.accounts import Account
from tests.unit.published.builds import (
    NOW,
    RETENTION,
    of_hours,
    partitions,
    publication,
    published_table,
    refusing,
    with_rows,
)

WRITES = {"copy", "delete_objects", "batch_create_partition", "batch_update_partition"}
CALLS = {*WRITES, "get_paginator", "batch_get_partition"}
NUMBER = re.compile(r"20240401t(\d{6})z")
Contents = dict[str, list[int]]


@pytest.fixture(autouse=True)
def one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """What moto keeps in this process is not safe for threads, and writes are counted."""
    monkeypatch.setattr(plain_folders, "_AT_ONCE", 1)


@pytest.fixture
def table(account: Account) -> Table:
    table = published_table(account, layout="hive")
    tables.ensure_table(account.clients.glue, account.database, table)
    return table


def stage(account: Account, table: Table, *hours: int, number: int = 1) -> Publication:
    """A build of the hours 6 to 8: two files on S3 a partition, with its number in them."""
    generation = f"20240401t{number:06}z_00000001"
    location = generation_location(table.generations, generation)
    made = replace(publication(*hours, table=table), generation=generation, location=location)
    for partition in made.rows:
        path = aws.split_location(made.location)[1] + HOURLY.folder(partition)
        account.put(f"{path}1", f"{path}2.parquet", f"{path}_SUCCESS", body=b"%d" % number)
    return of_hours(made, 6, 7, 8)


def publish(account: Account, made: Publication) -> PartitionCounts:
    layouts = {"hive": plain_folders.replace_folders, "generations": repoint_partitions}
    return layouts[made.table.layout](
        account.clients, account.database, made, now=NOW, retention=RETENTION
    )


def folder(hour: int) -> str:
    return f"traffic/year=2024/month=3/day=28/hour={hour}/"


def read(keys: Iterable[str], prefix: str) -> list[int]:
    """The numbers of the builds that the objects of a folder are of, but for hidden ones."""
    return [
        int(NUMBER.findall(key)[-1])
        for key in keys
        if key.startswith(prefix) and not key.rpartition("/")[2].startswith("_")
    ]


def by_path(account: Account) -> Contents:
    """What a reader of the plain paths sees, by hour."""
    keys = [key for key in account.object_keys() if key.startswith("traffic/year=")]
    folders = {key.rpartition("/")[0] + "/" for key in keys}
    found = {folder.rpartition("hour=")[2].rstrip("/"): read(keys, folder) for folder in folders}
    return {hour: numbers for hour, numbers in found.items() if numbers}


def by_catalog(account: Account) -> Contents:
    """What a reader of the catalog sees, by hour."""
    keys = account.object_keys()
    found = {
        hour: read(keys, aws.split_location(record["StorageDescriptor"]["Location"])[1])
        for hour, record in partitions(account).items()
    }
    return {hour: numbers for hour, numbers in found.items() if numbers}


def both(account: Account) -> Contents:
    """What every reader sees, who must all see the same, as the ledgers have it."""
    seen = by_catalog(account)
    assert by_path(account) == seen
    assert with_rows(partitions(account)) == set(seen)
    return seen


OLD, NEW = [1, 1], [2, 2]


def test_a_build_is_published_at_the_plain_paths(account, table):
    made = stage(account, table, 7, 8)
    done = publish(account, made)
    assert done == PartitionCounts(created=3, current=3, replaced=3)
    assert both(account) == {"7": OLD, "8": OLD}
    names = [key for key in account.object_keys() if key.startswith(folder(7))]
    assert names == [folder(7) + f"{made.generation}-{n}.parquet" for n in (1, 2)]
    answer = account.clients.s3.get_object(Bucket=account.bucket, Key=names[0])
    assert answer["Body"].read() == b"1"
    location = partitions(account)["7"]["StorageDescriptor"]["Location"]
    assert location == f"s3://{account.bucket}/{folder(7)}"


def test_the_ledger_and_what_others_noted_survive_the_pointing_back(account, table):
    publish(account, stage(account, table, 7, number=1))
    record = partitions(account)["7"]
    at_7, place = (2024, 3, 28, 7), (account.clients.glue, table.in_catalog(account.database))
    found = aws.read_partitions(*place, [at_7])[at_7]
    noted = replace(found, parameters={**found.parameters, "note": "mine"})
    aws.update_partitions(*place, [noted], read_at=time.monotonic())

    made = stage(account, table, 7, number=2)
    publish(account, made)

    after = partitions(account)["7"]
    ledger = ledger_of(after["Parameters"])
    assert (ledger.generation, ledger.rows, ledger.bytes) == (made.generation, 71, 2)
    assert ledger.previous_location == f"s3://{account.bucket}/{folder(7)}"
    assert after["Parameters"]["note"] == "mine"
    assert after["StorageDescriptor"]["Columns"] == record["StorageDescriptor"]["Columns"]


def test_the_next_build_replaces_adds_and_empties(account, table):
    publish(account, stage(account, table, 6, 7, number=1))
    done = publish(account, stage(account, table, 7, 8, number=2))
    assert done == PartitionCounts(updated=3, current=3, replaced=3)
    assert both(account) == {"7": NEW, "8": NEW}


def test_a_slice_that_has_become_empty_leaves_nothing(account, table):
    publish(account, stage(account, table, 6, 7, number=1))
    publish(account, stage(account, table, number=2))
    assert both(account) == {}


def test_publishing_again_does_nothing(account, table):
    made = stage(account, table, 7, 8)
    publish(account, made)
    before = partitions(account), account.object_keys()
    done = publish(account, made)
    assert done == PartitionCounts(current=3)
    assert (partitions(account), account.object_keys()) == before


def test_an_earlier_build_brings_nothing_back(account, table):
    late = stage(account, table, 6, 7, number=1)
    publish(account, stage(account, table, 7, number=2))
    publish(account, late)
    assert both(account) == {"7": NEW}


def test_only_objects_of_the_slice_s_own_folders_are_deleted(account, table):
    others = [
        f"{folder(7)}_SUCCESS",
        "traffic/year=2024/month=3/day=2/hour=7/x",
        "traffic/year=2024/month=3/day=29/hour=7/x",
        "traffic/year=2024/month=03/day=28/hour=07/x",
        "traffic/v=1/x",
        "traffic/x",
    ]
    account.put(*others, f"{folder(7)}x", f"{folder(70)}x")
    publish(account, stage(account, table, 7))
    left = [key for key in account.object_keys() if key.startswith("traffic/")]
    expected = [f"{folder(7)}20240401t000001z_00000001-{n}.parquet" for n in (1, 2)]
    assert left == sorted([*others, *expected, f"{folder(70)}x"])


@dataclass
class Interruption:
    """What happens before the nth of the calls of some names, over all clients of an account."""

    names: Collection[str]
    at: int
    happens: Callable[[], object]
    calls: list[tuple[str, Any]] = field(default_factory=list)

    def of(self, account: Account) -> Account:
        s3, glue = (Interrupted(c, self) for c in (account.clients.s3, account.clients.glue))
        return replace(account, clients=replace(account.clients, s3=s3, glue=glue))

    def call(self, name: str, real: Callable[..., Any], *given: Any, **named: Any) -> Any:
        self.calls.append((name, named))
        if len(self.calls) == self.at:
            self.happens()
        return real(*given, **named)


class Interrupted:
    """A client whose calls can be interrupted."""

    def __init__(self, client: Any, interruption: Interruption) -> None:
        self._client, self._interruption = client, interruption

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)
        is_counted = name in self._interruption.names
        return partial(self._interruption.call, name, real) if is_counted else real


def breaking(at: int) -> Interruption:
    """The nth write is not done and fails."""

    def fail() -> None:
        raise ConnectionError(f"broken off at write {at}")

    return Interruption(WRITES, at, fail)


def test_broken_off_at_any_write_readers_of_the_catalog_see_old_or_new_and_a_retry_mends_it(
    account, table
):
    broken_at: list[str] = []
    for at in range(1, 99):
        old = of_hours(stage(account, table, 6, 7, number=2 * at - 1), 6, 7)
        new = stage(account, table, 7, 8, number=2 * at)
        was, is_ = [2 * at - 1] * 2, [2 * at] * 2
        publish(account, old)
        assert both(account) == {"6": was, "7": was}

        broken = breaking(at)
        try:
            publish(broken.of(account), new)
        except ConnectionError:
            broken_at.append(broken.calls[-1][0])
            seen = by_catalog(account)
            assert seen.get("6") in (was, None)
            assert seen["7"] in (was, is_)
            assert seen.get("8") in (is_, None)
            # Of others a crawler would make partitions.
            assert set(by_path(account)) <= set(partitions(account))

        publish(account, new)
        assert both(account) == {"7": is_, "8": is_}
        forget(account, table)
        if len(broken.calls) < at:
            break
    assert set(broken_at) == WRITES
    assert len(broken_at) == len(broken.calls)


def forget(account: Account, table: Table) -> None:
    """Remove everything that was staged and published."""
    aws.delete_folder(account.clients.s3, table.location)
    aws.delete_folder(account.clients.s3, table.generations)
    account.clients.glue.batch_delete_partition(
        DatabaseName=account.database,
        TableName=table.name,
        PartitionsToDelete=[{"Values": p["Values"]} for p in partitions(account).values()],
    )


def test_after_a_publication_that_broke_off_the_next_generation_cleans_up_behind_it(account, table):
    publish(account, stage(account, table, 6, 7, number=1))
    made = stage(account, table, 7, 8, number=2)
    with pytest.raises(ConnectionError):
        publish(breaking(5).of(account), made)
    assert len(by_path(account)["7"]) > 2

    publish(account, stage(account, table, 7, number=3))

    assert both(account) == {"7": [3, 3]}


@pytest.mark.parametrize("times", [1, 3])
def test_a_partition_that_the_catalog_refuses_to_point_is_tried_again(account, table, times):
    publish(account, stage(account, table, 6, 7, number=1))
    made = stage(account, table, 7, 8, number=2)
    flaky = refusing(account, "batch_update_partition", "PartitionValueList", {"8"}, times)
    publish(flaky, made)
    assert both(account) == {"7": NEW, "8": NEW}


def test_a_partition_that_is_not_pointed_back_fails_with_the_reason_and_is_whole(account, table):
    made = stage(account, table, 7, 8)
    stuck = refusing(account, "batch_update_partition", "PartitionValueList", {"8"}, 99)
    with pytest.raises(PublishError) as failure:
        publish(stuck, made)
    assert "2024/3/28/8: InternalServiceException try again" in str(failure.value)
    assert by_catalog(account) == by_path(account) == {"7": OLD, "8": OLD}
    publish(account, made)
    assert both(account) == {"7": OLD, "8": OLD}


@pytest.mark.parametrize("hours", [[7], [8]], ids=["replaced", "emptied"])
def test_a_folder_of_which_s3_deletes_a_part_is_read_by_nobody(account, table, hours):
    publish(account, stage(account, table, 7, number=1))
    made = stage(account, table, *hours, number=2)
    real = account.clients.s3

    class Stubborn:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def delete_objects(self, **given: Any) -> Any:
            first, *others = given["Delete"]["Objects"]
            real.delete_objects(**{**given, "Delete": {"Objects": [first]}})
            return {"Errors": [{**other, "Code": "AccessDenied"} for other in others]}

    stuck = replace(account, clients=replace(account.clients, s3=Stubborn()))
    with pytest.raises(DeleteError, match=r"did not delete 1 objects .*AccessDenied"):
        publish(stuck, made)
    assert by_catalog(account).get("7") == (NEW if hours == [7] else None)
    publish(account, made)
    assert both(account) == {str(hour): NEW for hour in hours}


def in_flight(call: tuple[str, Any]) -> set[str]:
    """The hours that a call to the catalog writes."""
    name, given = call
    found = re.findall(r"'28', '(\d+)'\]", str(given)) if name in WRITES else []
    return set(found)


def test_overtaken_at_any_call_a_publication_takes_nothing_from_the_newer_one(account, table):
    """It is suspended, and goes on when the other one is done.

    What it was just about to write to the catalog, it writes.
    """
    overtaken_at: list[str] = []
    for at in range(1, 99):
        publish(account, of_hours(stage(account, table, 6, 7, number=1), 6, 7))
        first = stage(account, table, 7, 8, number=2)
        second = stage(account, table, 6, 7, number=3)

        overtaken = Interruption(CALLS, at, partial(publish, account, second))
        publish(overtaken.of(account), first)
        calls = overtaken.calls
        if len(calls) < at:
            break
        overtaken_at.append(calls[at - 1][0])

        expected = {"6": [3, 3], "7": [3, 3], "8": None}
        by_paths, in_catalog = by_path(account), by_catalog(account)
        for hour in expected.keys() - in_flight(calls[at - 1]):
            assert by_paths.get(hour) == in_catalog.get(hour) == expected[hour], calls[at - 1]
        # Also of what was under way: whole, and the same to every reader.
        assert by_paths == in_catalog
        assert all(len(set(numbers)) == 1 for numbers in in_catalog.values())
        if not in_flight(calls[at - 1]):
            # What was under way, and no more.
            assert "copy" not in {name for name, _ in calls[at:]}
        forget(account, table)
    assert set(overtaken_at) == CALLS


def die_overtaken(account: Account, first: Publication, second: Publication) -> None:
    """A publication is overtaken as it copies, and ended before it can take the copy back."""
    overtaken = Interruption(WRITES, 2, partial(publish, account, second))
    with pytest.raises(ConnectionError):
        publish(breaking(3).of(overtaken.of(account)), first)
    names = [name for name, _ in overtaken.calls]
    assert names == ["batch_create_partition", "copy"]


def heal_by_clean_up(account: Account, made: Publication) -> None:
    removed = plain_folders.delete_foreign_objects(account.clients, account.database, made.table)
    assert removed == 1


@pytest.mark.parametrize("hours", [[7], []], ids=["replaced", "emptied"])
@pytest.mark.parametrize("heal", [publish, heal_by_clean_up], ids=["publication", "clean-up"])
@pytest.mark.parametrize("of", ["first", "second"])
def test_copies_that_a_woken_publication_left_go_with_the_next_look(
    account, table, hours, heal, of
):
    """Though that changes nothing: the ledgers are of the newer one."""
    first, second = stage(account, table, 7, number=1), stage(account, table, *hours, number=2)
    die_overtaken(account, first, second)
    right = [2] * 2 * len(hours)
    assert by_catalog(account) == {"7": [1, *right]}

    heal(account, {"first": first, "second": second}[of])

    assert both(account) == ({"7": right} if right else {})


@pytest.mark.parametrize("hours", [[7], []], ids=["rows", "empty"])
def test_a_folder_that_is_not_as_its_ledger_says_is_left(account, table, monkeypatch, hours):
    """A ledger may be another's: what a woken publication wrote over the newer one's."""
    first, second = stage(account, table, *hours, number=1), stage(account, table, 7, number=2)
    publish(account, first)
    place = account.clients.glue, table.in_catalog(account.database)
    before = aws.read_partitions(*place, second.wanted)
    publish(account, second)
    aws.update_partitions(*place, list(before.values()), read_at=time.monotonic())

    warned: list[str] = []
    monkeypatch.setattr(plain_folders.log, "warning", lambda text, *of: warned.append(text % of))

    removed = plain_folders.delete_foreign_objects(account.clients, account.database, table)

    assert removed == 0
    assert by_path(account)["7"] == NEW
    (text,) = warned
    size = 2 * len(hours)
    assert f"its ledger says, {size} bytes of generation {first.generation}: build" in text


def test_a_large_object_is_copied_in_parts(account, monkeypatch):
    """S3 copies at most 5 GB at once, and takes parts from 5 MB."""
    monkeypatch.setattr(aws, "COPY_PART", 5 << 20)
    body = b"0123456789" * 600_000
    account.put("from", body=body)
    calls: list[str] = []
    s3 = account.clients.s3
    s3.meta.events.register("before-call.s3", lambda model, **_: calls.append(model.name))
    aws.copy_object(s3, f"s3://{account.bucket}/from", f"s3://{account.bucket}/to")
    assert s3.get_object(Bucket=account.bucket, Key="to")["Body"].read() == body
    assert calls.count("UploadPartCopy") == 2


def test_a_generation_that_is_gone_deletes_nothing(account, table):
    publish(account, stage(account, table, 7, number=1))
    made = stage(account, table, 7, number=2)
    repoint_partitions(account.clients, account.database, made, now=NOW, retention=RETENTION)
    real = account.clients.s3

    class Racing:
        """Its second listing of the generation finds nothing."""

        listed = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def get_paginator(self, name: str) -> Any:
            Racing.listed += 1
            if Racing.listed == 2:
                aws.delete_folder(real, made.location)
            return real.get_paginator(name)

    raced = replace(account, clients=replace(account.clients, s3=Racing()))
    with pytest.raises(RunError, match="holds no object; clear the slice"):
        publish(raced, made)
    assert by_path(account) == {"7": OLD}


# The clean-up and the other layout.


def clean(account: Account, table: Table) -> int:
    """Clean up twice, the retention time apart."""
    return sum(
        clean_up.delete_generations(
            account.clients,
            account.database,
            table,
            now=NOW + n * 2 * RETENTION,
            retention=RETENTION,
        )
        for n in (0, 1)
    )


def test_a_generation_is_deleted_after_the_retention_time_and_plain_folders_never(account, table):
    publish(account, stage(account, table, 6, 7, number=1))
    before = by_path(account)
    assert clean(account, table) == 1
    assert not [key for key in account.object_keys() if key.startswith("traffic_generations/v=")]
    assert by_path(account) == before


def test_a_generation_that_a_broken_publication_left_in_use_stays(account, table):
    made = stage(account, table, 7, 8)
    with pytest.raises(ConnectionError):
        publish(breaking(4).of(account), made)
    assert clean(account, table) == 0
    assert by_catalog(account) == {"7": OLD, "8": OLD}


def test_a_table_that_changes_its_layout_and_back_loses_nothing(account, table):
    other = replace(table, layout="generations")
    publish(account, stage(account, other, 6, 7, 8, number=1))

    # Only one of the dates' hours is built again at first.
    part = stage(account, table, 7, number=2)
    publish(account, of_hours(part, 7))
    assert by_catalog(account) == {"6": OLD, "7": NEW, "8": OLD}
    assert by_path(account) == {"7": NEW}
    assert clean(account, table) == 1  # the second's; the first is still in use
    assert by_catalog(account) == {"6": OLD, "7": NEW, "8": OLD}

    publish(account, stage(account, table, 6, 7, 8, number=3))
    assert both(account) == {hour: [3, 3] for hour in "678"}
    assert clean(account, table) == 2
    assert not [key for key in account.object_keys() if "/v=" in key]

    publish(account, stage(account, other, 7, 8, number=4))
    assert by_catalog(account) == {"7": [4, 4], "8": [4, 4]}
    # What lies at the plain paths is out of date, and goes with the next change of layout.
    publish(account, stage(account, table, 8, number=5))
    assert both(account) == {"8": [5, 5]}
