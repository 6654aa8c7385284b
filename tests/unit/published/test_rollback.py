"""Partitions are pointed back at what was published before, and pinned there until unpinned."""

import json
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from retime import aws
from retime.calendar.partitioning import Partition
from retime.calendar.slices import Slice
from retime.dataset.deployment import Deployment
from retime.errors import PublishError, RunError
from retime.published import rollback
from retime.published.clean_up import delete_generations
from retime.published.ledger import Ledger, ledger_of, with_ledger
from retime.published.publication import Publication
from retime.published.rollback import Changed, Generations
from retime.published.tables import ensure_table
from tests.accounts import Account
from tests.unit.published.builds import (
    COLUMNS,
    DAY,
    EVERY_HOUR,
    NOW,
    RETENTION,
    of_hours,
    publish,
    published_table,
    refusing,
    stage,
)
from tests.unit.samples import TRAFFIC, days

GRACE = timedelta(hours=1)
HOURS = (7, 8)
BACK = {"action": "rollback", "slice_": DAY}


@dataclass(slots=True, kw_only=True)
class World:
    """A data set of which hours are published, and what a rollback does with them."""

    account: Account
    deployment: Deployment

    def build(self, *hours: int, number: int, only: tuple[int, ...] = HOURS) -> Publication:
        """The `number`th build: rows in some hours, of those that it is about."""
        table = self.deployment.data_set.published
        made = of_hours(stage(self.account, table, *hours, number=number), *only)
        publish(self.account, made)
        return made

    def catalog(self, name: str = "traffic") -> tuple[Any, aws.CatalogTable]:
        """What calls to the catalog take first."""
        table = replace(self.deployment.data_set.published, name=name)
        return self.account.clients.glue, table.in_catalog(self.account.database)

    def records(self) -> dict[int, aws.CatalogPartition]:
        found = aws.list_partitions(*self.catalog())
        return {each.values[-1]: each for each in found}

    def ledger(self, hour: int = 7) -> Ledger:
        found = ledger_of(self.records()[hour].parameters)
        assert found
        return found

    def generations(self) -> dict[int, str]:
        return {hour: self.ledger(hour).generation for hour in self.records()}

    def check(self) -> Generations:
        """What a rollback is planned to go back to, its rows counted as the ledgers say."""
        reversals = rollback.find_reversals(self.deployment, DAY, NOW)
        wanted = {p: each.previous.generation for p, each in reversals.items()}
        counts = {p: each.previous.rows for p, each in reversals.items() if each.previous.rows}
        deployment = replace(
            self.deployment, clients=replace(self.deployment.clients, athena=counting(counts))
        )
        return rollback.check_count(deployment, DAY, "query-1", NOW, wanted)

    def roll_back(self, wanted: Generations | None = None, **others: Any) -> Changed:
        deployment = replace(self.deployment, **others)
        return rollback.roll_back(deployment, DAY, wanted or self.check(), NOW)


def counting(counts: dict[Partition, int]) -> Any:
    """An Athena whose query counted rows."""
    names = ("year", "month", "day", "hour", "row_count")
    rows = [names, *((*partition, rows) for partition, rows in counts.items())]
    data = [{"Data": [{"VarCharValue": str(value)} for value in row]} for row in rows]
    pages = SimpleNamespace(paginate=lambda **_: [{"ResultSet": {"Rows": data}}])
    return SimpleNamespace(get_paginator=lambda _: pages)


@pytest.fixture
def world(account: Account) -> World:
    table = published_table(account)
    ensure_table(account.clients.glue, account.database, table)
    limits = replace(TRAFFIC.limits, retention=RETENTION)
    deployment = account.deploy(replace(TRAFFIC, limits=limits))
    published = replace(deployment.data_set.published, location=table.location, columns=COLUMNS)
    data_set = replace(deployment.data_set, published=published)
    return World(account=account, deployment=replace(deployment, data_set=data_set))


@pytest.fixture
def two(world: World) -> tuple[Publication, Publication]:
    """Two builds, one after the other; the second has no rows at 8."""
    return world.build(7, 8, number=1), world.build(7, number=2)


# What it does.


def test_partitions_point_back_at_what_they_were_before(world, two):
    first, second = two
    assert world.roll_back() == Changed(**BACK, partitions=2)
    for hour in HOURS:
        ledger = world.ledger(hour)
        assert (
            world.records()[hour].location
            == f"{first.location}year=2024/month=3/day=28/hour={hour}/"
        )
        assert (ledger.generation, ledger.is_pinned) == (first.generation, True)
        assert ledger.rows == first.rows[2024, 3, 28, hour]
        assert ledger.previous.generation == second.generation
        assert ledger.previous_location == (
            f"{second.location}year=2024/month=3/day=28/hour={hour}/"
        )


def test_an_empty_partition_gets_its_rows_back_and_the_other_way_round(world):
    world.build(7, number=1)
    world.build(8, number=2)
    world.roll_back()
    assert {hour: world.ledger(hour).rows for hour in HOURS} == {7: 71, 8: 0}


def test_what_a_partition_knew_before_it_knows_again(world, two):
    before = world.ledger().previous
    world.roll_back()
    after = world.ledger()
    assert replace(after, is_pinned=False, previous=None, previous_location="") == replace(
        before, previous_location=""
    )


def test_parameters_of_others_stay(world, two):
    marked = [
        replace(each, parameters={**each.parameters, "theirs": "x"})
        for each in world.records().values()
    ]
    aws.update_partitions(*world.catalog(), marked, read_at=time.monotonic())
    world.roll_back()
    assert {each.parameters["theirs"] for each in world.records().values()} == {"x"}
    rollback.unpin(world.deployment, DAY)
    assert {each.parameters["theirs"] for each in world.records().values()} == {"x"}


def test_a_pinned_partition_is_kept_by_builds_until_it_is_unpinned(world, two):
    first, _ = two
    world.roll_back()
    world.build(7, 8, number=3)
    assert set(world.generations().values()) == {first.generation}
    assert rollback.unpin(world.deployment, DAY).partitions == 2
    assert set(world.generations().values()) == {first.generation}
    fourth = world.build(7, 8, number=4)
    assert set(world.generations().values()) == {fourth.generation}
    assert not world.ledger().is_pinned


def test_the_build_that_a_pin_kept_out_is_published_once_it_is_unpinned(world, two):
    world.roll_back()
    third = world.build(7, 8, number=3)
    rollback.unpin(world.deployment, DAY)
    publish(world.account, third)
    assert set(world.generations().values()) == {third.generation}


def test_unpinning_changes_only_what_is_pinned(world, two):
    before = world.records()
    assert rollback.unpin(world.deployment, DAY) == Changed(
        action="unpin", slice_=DAY, partitions=0
    )
    assert world.records() == before


def test_a_rollback_of_a_rollback_is_back_where_it_began(world, two):
    _, second = two
    world.roll_back()
    rollback.unpin(world.deployment, DAY)
    world.roll_back()
    assert set(world.generations().values()) == {second.generation}


# What is refused, with nothing changed.


def refusal(world: World, dates: Slice = DAY) -> str:
    before = world.records()
    with pytest.raises(RunError) as refused:
        rollback.find_reversals(world.deployment, dates, NOW)
    assert world.records() == before
    text = str(refused.value)
    assert text.startswith(f"{dates} cannot be rolled back, and nothing was changed: ")
    return text


def test_the_layout_hive_keeps_nothing_to_go_back_to(world, two):
    published = replace(world.deployment.data_set.published, layout="hive")
    data_set = replace(world.deployment.data_set, published=published)
    with pytest.raises(RunError, match="traffic has the layout hive, which keeps no previous gen"):
        rollback.find_reversals(replace(world.deployment, data_set=data_set), DAY, NOW)


def test_what_was_built_once_has_nothing_before_it(world):
    world.build(7, 8, number=1)
    text = refusal(world)
    assert "hour=7/ has no ledger of what was before it" in text


def test_one_partition_that_cannot_go_back_keeps_all_of_the_dates(world, two):
    world.build(9, number=3, only=(9,))
    assert "hour=9/ has no ledger of what was before it" in refusal(world)


def test_what_another_tool_made_is_not_rolled_back(world, two):
    record = world.records()[7]
    other = replace(record, parameters={})
    aws.update_partitions(*world.catalog(), [other], read_at=time.monotonic())
    assert "hour=7/ has no ledger of what was before it" in refusal(world)


def test_dates_that_are_not_published_are_named(world, two):
    assert "2024-03-29: nothing is published" in refusal(world, days("2024-03-28", "2024-03-29"))


def test_what_is_rolled_back_already_is_not_rolled_back_again(world, two):
    world.roll_back()
    assert "all of it is rolled back already" in refusal(world)


@pytest.mark.parametrize("name", ["1.parquet", "2.parquet"])
def test_what_lost_a_file_is_not_gone_back_to(world, two, name):
    first, _ = two
    key = f"traffic/v={first.generation}/year=2024/month=3/day=28/hour=7/{name}"
    world.account.clients.s3.delete_object(Bucket=world.account.bucket, Key=key)
    assert f"v={first.generation}/year=2024/month=3/day=28/hour=7/ has lost files" in refusal(world)


@pytest.mark.parametrize(
    ("age", "is_refused"),
    [(RETENTION - GRACE, False), (RETENTION, False), (RETENTION + timedelta(seconds=1), True)],
)
def test_a_generation_that_may_be_deleted_any_moment_is_not_gone_back_to(
    world, two, age, is_refused
):
    first, _ = two
    mark = f"traffic/_unused/{first.generation}/{NOW - age:%Y%m%dT%H%M%SZ}"
    world.account.put(mark, body=b"")
    if is_refused:
        assert f"generation {first.generation} is not kept any longer" in refusal(world)
    else:
        assert len(rollback.find_reversals(world.deployment, DAY, NOW)) == 2


def test_many_reasons_are_counted(world):
    world.build(*EVERY_HOUR, number=1, only=tuple(EVERY_HOUR))
    assert "; " in (text := refusal(world))
    assert (
        ", and 21 more. Give dates that can, clear the run to plan it again, or build them" in text
    )


# Its rows are counted first.


def test_the_files_of_the_previous_generations_are_counted_where_they_are(world, two):
    first, _ = two
    generation = "20240410t000000z_0000000f"
    name = rollback.prepare_count(world.deployment, DAY, generation, NOW, world.check())
    places = {p.values[-1]: p.location for p in aws.list_partitions(*world.catalog(name))}
    assert places == {
        hour: f"{first.location}year=2024/month=3/day=28/hour={hour}/" for hour in HOURS
    }
    assert name == f"traffic__{generation}"


@pytest.mark.parametrize("counts", [{}, {7: 71}, {7: 71, 8: 80}, {7: 70, 8: 81}])
def test_files_without_the_rows_of_their_ledgers_are_not_gone_back_to(world, two, counts):
    before, wanted = world.records(), world.check()
    athena = counting({(2024, 3, 28, hour): rows for hour, rows in counts.items()})
    deployment = replace(world.deployment, clients=replace(world.deployment.clients, athena=athena))
    with pytest.raises(RunError, match=r"has \d+ rows, its ledger says (71|81)"):
        rollback.check_count(deployment, DAY, "query-1", NOW, wanted)
    assert world.records() == before


def test_what_was_changed_survives_the_way_from_task_to_task(world, two):
    wanted = world.check()
    assert wanted == {(2024, 3, 28, hour): two[0].generation for hour in HOURS}
    done = world.roll_back(wanted)
    assert Changed.from_json(json.loads(json.dumps(done.to_json()))) == done


# What happens between the count and the change.


def test_what_was_published_since_the_count_is_not_rolled_back(world, two):
    wanted = world.check()
    third = world.build(7, 8, number=3)
    with pytest.raises(RunError, match="hour=7/ was published since this was planned"):
        world.roll_back(wanted)
    assert set(world.generations().values()) == {third.generation}
    world.roll_back()  # planned again
    assert set(world.generations().values()) == {two[1].generation}


def test_a_partition_that_is_new_since_the_count_is_not_rolled_back(world, two):
    """Nothing was before it; the others wait until somebody has looked again."""
    wanted = world.check()
    world.build(9, number=3, only=(9,))
    before = world.records()
    with pytest.raises(RunError, match="hour=9/ was published since this was planned"):
        world.roll_back(wanted)
    assert world.records() == before


def test_files_that_are_deleted_since_the_count_are_not_gone_back_to(world, two):
    """A task may be cleared, or wait for its turn, longer than the retention time."""
    wanted, (first, _) = world.check(), two
    place = f"s3://{world.account.bucket}/traffic/v={first.generation}/"
    aws.delete_folder(world.account.clients.s3, place)
    before = world.records()
    with pytest.raises(RunError, match="has lost files"):
        world.roll_back(wanted)
    assert world.records() == before


def test_only_the_generations_that_were_planned_are_gone_back_to(world, two):
    """A build between plan and audit makes another generation the previous one."""
    first, _ = two
    wanted = {(2024, 3, 28, hour): first.generation for hour in (7, 8)}
    assert set(rollback.find_reversals(world.deployment, DAY, NOW, wanted)) == set(wanted)
    world.build(7, 8, number=3)
    with pytest.raises(RunError, match="hour=7/ was published since this was planned"):
        rollback.find_reversals(world.deployment, DAY, NOW, wanted)


def test_what_an_earlier_try_rolled_back_stays_and_the_rest_follows(world, two):
    """Else the first would go forward again to what was rolled back."""
    first, _ = two
    seventh = {(2024, 3, 28, 7): first.generation}
    with pytest.raises(RunError, match="hour=8/ was published since"):
        world.roll_back(seventh)
    record, ledger = world.records()[7], world.ledger(7)
    pinned = replace(ledger.previous, is_pinned=True, previous=replace(ledger, previous=None))
    aws.update_partitions(*world.catalog(), [with_ledger(record, pinned)], read_at=time.monotonic())
    assert set(rollback.find_reversals(world.deployment, DAY, NOW)) == {(2024, 3, 28, 8)}
    world.roll_back()
    assert set(world.generations().values()) == {first.generation}


# Broken off, and repeated.


def test_a_repetition_finds_everything_done(world, two):
    wanted = world.check()
    world.roll_back(wanted)
    before = world.records()
    assert world.roll_back(wanted).partitions == 0
    assert world.records() == before


class BreakingOff:
    """A Glue client whose process dies at its nth call, before or after the call is done."""

    def __init__(self, glue: Any, call: int, *, is_done: bool) -> None:
        self._glue, self._left, self._is_done = glue, call, is_done

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._glue, name)

        def call(**arguments: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                if self._is_done:
                    real(**arguments)
                raise KeyboardInterrupt(name)
            return real(**arguments)

        return call


@pytest.mark.parametrize("call", [1, 2, 3], ids=["read", "update", "read again"])
@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("action", ["rollback", "unpin"])
def test_wherever_it_is_broken_off_a_repetition_completes_it(world, two, action, call, is_done):
    first, _ = two
    wanted = world.check()
    if action == "unpin":
        world.roll_back(wanted)
    glue = BreakingOff(world.account.clients.glue, call, is_done=is_done)
    broken = replace(world.deployment, clients=replace(world.deployment.clients, glue=glue))

    def act(deployment: Deployment) -> None:
        if action == "unpin":
            rollback.unpin(deployment, DAY)
        else:
            rollback.roll_back(deployment, DAY, wanted, NOW)

    with pytest.raises(KeyboardInterrupt):
        act(broken)
    act(world.deployment)
    assert set(world.generations().values()) == {first.generation}
    assert {world.ledger(hour).is_pinned for hour in HOURS} == {action == "rollback"}
    assert {world.ledger(hour).previous.generation for hour in HOURS} == {two[1].generation}


@pytest.mark.parametrize("times", [1, 2, 3])
def test_what_the_catalog_refuses_is_tried_again(world, two, times):
    first, _ = two
    stuck = refusing(world.account, "batch_update_partition", "PartitionValueList", {"8"}, times)
    assert world.roll_back(clients=stuck.clients).partitions == 2
    assert set(world.generations().values()) == {first.generation}


def test_what_the_catalog_keeps_refusing_is_named_and_a_repetition_completes_it(world, two):
    first, second = two
    wanted = world.check()
    stuck = refusing(world.account, "batch_update_partition", "PartitionValueList", {"8"}, 99)
    with pytest.raises(PublishError, match="2024/3/28/8: InternalServiceException try again"):
        world.roll_back(wanted, clients=stuck.clients)
    assert world.generations() == {7: first.generation, 8: second.generation}
    assert world.roll_back(wanted).partitions == 1
    assert set(world.generations().values()) == {first.generation}


# Nothing that a pin or a rollback needs is deleted.


def clean_up(world: World, *, days_later: float) -> int:
    return delete_generations(
        world.account.clients,
        world.account.database,
        world.deployment.data_set.published,
        now=NOW + timedelta(days=days_later),
        retention=RETENTION,
    )


def test_what_is_pinned_is_never_deleted(world, two):
    clean_up(world, days_later=0)
    world.roll_back()
    for later in (1, 40, 90, 400):
        clean_up(world, days_later=later)
    first, _ = two
    keys = [key for key in world.account.object_keys() if f"v={first.generation}/" in key]
    assert len(keys) == 4


def test_until_it_is_deleted_the_previous_generation_can_be_gone_back_to_or_is_refused(world, two):
    """Whatever the clean-up does next: what it may delete within the hour is refused."""
    first, _ = two
    clean_up(world, days_later=0)
    for later in (0, 1, 29.9, 30, 30.01, 30.04):
        now = NOW + timedelta(days=later)
        assert clean_up(world, days_later=later) == 0
        if later > 30:
            with pytest.raises(RunError, match=f"generation {first.generation} is not kept"):
                rollback.find_reversals(world.deployment, DAY, now)
        else:
            assert rollback.find_reversals(world.deployment, DAY, now)
    assert clean_up(world, days_later=30.05) == 1
    with pytest.raises(RunError, match="has lost files"):
        rollback.find_reversals(world.deployment, DAY, NOW + timedelta(days=30.05))


def test_what_was_rolled_back_from_stays_for_the_retention_time_after_that(world, two):
    _, second = two
    clean_up(world, days_later=0)
    world.roll_back()
    clean_up(world, days_later=20)
    assert clean_up(world, days_later=49) == 0
    keys = [key for key in world.account.object_keys() if f"v={second.generation}/" in key]
    assert len(keys) == 2
