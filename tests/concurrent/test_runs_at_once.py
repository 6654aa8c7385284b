"""Schedule, backfill, heal and manual run on the same dates at once, of installations of their own.

Nothing serializes them, as two installations of Airflow that publish to one table. Each date ends
with what was built from more raw; who read less keeps what is there, and succeeds.
"""

import json
import os
import random
import time
from datetime import timedelta
from typing import Any

import pytest

from tests.concurrent.processes import begin, log_of
from tests.crash.cells import ALL_DAYS, NOW, finish
from tests.crash.runs import Run
from tests.crash.world import DAYS, FIRST, LATE, LATEST, World, at, parcels
from tests.end_to_end.pipeline import Pipeline

ROUNDS = 12


def runs(world: World, number: int) -> list[Run]:
    """The runs that begin before the latest parcels land; a moment apart, as their clocks are."""
    asked: dict[str, dict[str, Any]] = {
        "schedule": {"day": at(DAYS[2])},
        "backfill": {"day": at(DAYS[1])},
        "heal": {"conf": {"start_date": str(DAYS[2]), "heal": True}},
        "manual": {"conf": ALL_DAYS},
    }
    return [
        world.run(f"{name}-{number}", NOW + timedelta(hours=number, seconds=second), **given)
        for second, (name, given) in enumerate(asked.items())
    ]


def kept(world: World) -> int:
    """How many partitions runs have left as a newer build or one from more raw made them."""
    found = 0
    for file in world.folder.glob("*.json"):
        for name, values in json.loads(file.read_text())["handed_on"].items():
            # A change of ledgers alone is a slice too, and builds nothing.
            if name.startswith("slice.publish") and "generation" in values["return_value"]:
                found += values["return_value"]["partitions"]["kept"]
    return found


@pytest.mark.parametrize("layout", ["generations", "hive"])
def test_each_date_ends_with_the_build_from_more_raw(
    layout, aws, tmp_path, monkeypatch, record_property
) -> None:
    rng = random.Random(11)
    world = World(account=Pipeline(aws=aws, name=f"at-once-{layout}"), layout=layout)
    for name, value in world.set_up(tmp_path / "world").items():
        monkeypatch.setenv(name, value)
    world.land(FIRST)
    finish(world, world.run("first", NOW, conf=ALL_DAYS))
    world.land(LATE)
    before = world.snapshot()
    newest, number_kept, overwritten = parcels(FIRST, LATE, LATEST), 0, 0
    for number in range(1, ROUNDS + 1):
        world.restore(before)
        pids = [begin(world, run) for run in runs(world, number)]
        time.sleep(rng.random() * 4)
        world.land(LATEST)
        minute = timedelta(hours=number, minutes=1)
        pids.append(begin(world, world.run(f"last-{number}", NOW + minute, conf=ALL_DAYS)))
        assert [os.waitpid(pid, 0)[1] for pid in pids] == [0] * len(pids), log_of(world.folder)

        number_kept += kept(world)
        if world.read() != newest:
            # One was suspended with its update on its way: see docs/operating.md.
            overwritten += 1
            conf = {"start_date": str(DAYS[2]), "heal": True}
            finish(world, world.run(f"healing-{number}", NOW + 2 * minute, conf=conf))
        assert world.read() == newest
        world.check(is_between=layout == "hive")
    record_property(
        "measured",
        f"{layout}: {ROUNDS} times five runs at once on three dates: {number_kept} partitions were "
        f"kept from more raw or a newer build; {overwritten} times an older build had to be healed",
    )
    assert number_kept
