"""A cell of the matrix: something happens to a run at one of its calls, and somebody goes on.

What a cell proves is in `Bench.go_through`: readers see old or new days only, whatever happened;
and after a retry, a clear or the next daily run the table is right.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

import pytest

from local_aws.testing import Control
from retime import aws, aws_retries
from retime.airflow import connection
from tests.crash.incidents import Call, Incident, Watch
from tests.crash.runs import Run
from tests.crash.world import (
    DAYS,
    FIRST,
    LATE,
    LATEST,
    NEXT_DAY,
    Parcels,
    Snapshot,
    World,
    at,
    parcels,
)

NOW = datetime(2024, 12, 1, tzinfo=timezone.utc)
ALL_DAYS = {"start_date": str(DAYS[0]), "end_date": str(DAYS[-1])}
# What was read of a partition may be written over for so long where a process is stopped.
FRESH = 0.3
Recovery = Literal["retry", "clear", "next"]
RECOVERIES: tuple[Recovery, ...] = ("retry", "clear", "next")
_LINK = "airflow.providers.amazon.aws.links.athena.AthenaQueryResultsLink.persist"
# Those of which one that was on its way writes over what is newer.
WRITES = ("glue.BatchUpdatePartition",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What a run is about, what was there before it, and which tasks may be broken off.

    Attributes:
        conf: the parameters of the run.
        before: what readers see before it.
        after: what readers see after it.
        pinned: whether its partitions are pinned afterwards.
    """

    name: str
    conf: Mapping[str, Any]
    before: Parcels
    after: Parcels
    pinned: bool
    prepare: Callable[[World], None]


def _build(world: World, run_id: str, ago: timedelta, **conf: Any) -> None:
    finish(world, world.run(run_id, NOW - ago, conf={**ALL_DAYS, **conf}))


def _prepare_build(world: World) -> None:
    """Two builds long ago: one is still published, the other is to be cleaned up."""
    world.land(FIRST)
    _build(world, "first", timedelta(days=30))
    _build(world, "second", timedelta(days=20))
    world.land(LATE)


def _prepare_rollback(world: World) -> None:
    world.land(FIRST)
    _build(world, "first", timedelta(days=2))
    world.land(LATE)
    _build(world, "second", timedelta(days=1))


def _prepare_unpin(world: World) -> None:
    _prepare_rollback(world)
    _build(world, "back", timedelta(hours=12), action="rollback")


_DONE = "all of it is rolled back already"
FIRST_ONLY, WITH_LATE = parcels(FIRST), parcels(FIRST, LATE)
SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            name="build",
            # The two days before are healed.
            conf={"start_date": str(DAYS[-1]), "heal": True},
            before=FIRST_ONLY,
            after=WITH_LATE,
            pinned=False,
            prepare=_prepare_build,
        ),
        Scenario(
            name="rollback",
            conf={**ALL_DAYS, "action": "rollback"},
            before=WITH_LATE,
            after=FIRST_ONLY,
            pinned=True,
            prepare=_prepare_rollback,
        ),
        Scenario(
            name="unpin",
            conf={**ALL_DAYS, "action": "unpin"},
            before=FIRST_ONLY,
            after=FIRST_ONLY,
            pinned=False,
            prepare=_prepare_unpin,
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A scenario in an account that can be set back to its beginning."""

    world: World
    scenario: Scenario
    snapshot: Snapshot

    def new_run(self) -> Run:
        """Return a run that things can happen to."""
        return self.world.run("tested", NOW, conf=dict(self.scenario.conf))

    def record(self) -> list[Call]:
        """Return every call of the run, in order; of those that may be broken off."""
        self.world.restore(self.snapshot)
        calls = finish(self.world, self.new_run()).calls
        self._check_end()
        return [
            call for call in calls if call.task.split(".")[0] in ("find_late", "slice", "clean_up")
        ]

    def go_through(self, incident: Incident, recovery: Recovery) -> None:
        """Let it happen, go on, and see that the table is right."""
        world, run = self.world, self.new_run()
        world.restore(self.snapshot)
        if incident.kind == "stopped":
            self._overtake(incident)
            return
        assert execute(world, run, incident).is_struck
        self._check_between()
        if recovery == "next":
            world.land_next_day()
            finish(world, self._daily(1))
            self._check_next(is_last=self.scenario.name == "build")
        elif recovery == "clear":
            run.clear()
        done = execute(world, run)
        # Cleared after it was done, a rollback says so.
        is_done = recovery == "clear" and _DONE in world.log_of(run)
        assert done.status == 0 or is_done, world.log_of(run)
        if recovery == "next":
            finish(world, self._daily(2))
            self._check_next(is_last=True)
            self.world.check()
        else:
            self._check_end()
        self._check_cleaned_up()

    def _overtake(self, incident: Incident) -> None:
        """A run is suspended, a newer one builds all days from more raw, and it goes on."""
        world, newest = self.world, parcels(FIRST, LATE, LATEST)

        def build() -> None:
            world.land(LATEST)
            finish(world, self._newer("newer"))

        assert execute(world, self.new_run(), incident, meanwhile=build).is_struck
        seen = world.read()
        if self.scenario.name == "build":
            in_flight = incident.call.action in WRITES
            allowed = (newest, WITH_LATE) if in_flight else (newest,)
        else:
            allowed = (newest, WITH_LATE, FIRST_ONLY)
        assert _is_each_of(seen, *allowed), seen
        if not (world.layout == "hive" and incident.call.action in WRITES):
            # There an older record can point at a folder with the newer objects.
            world.check(is_between=True)
        finish(world, self._newer("unpin", action="unpin"))
        finish(world, self._newer("newest"))
        assert world.read() == newest
        world.check()
        self._check_cleaned_up()

    def _newer(self, run_id: str, **conf: Any) -> Run:
        hours = {"newer": 1, "unpin": 2, "newest": 3}[run_id]
        return self.world.run(run_id, NOW + timedelta(hours=hours), conf={**ALL_DAYS, **conf})

    def _daily(self, number: int) -> Run:
        return self.world.run(f"daily-{number}", NOW + timedelta(days=number), day=at(NEXT_DAY))

    def _check_between(self) -> None:
        seen = self.world.read()
        assert _is_each_of(seen, self.scenario.before, self.scenario.after), seen
        self.world.check(is_between=True)

    def _check_next(self, *, is_last: bool) -> None:
        """After a daily run of the next day, which heals days that are not pinned."""
        healed, seen = parcels(FIRST, LATE, is_next=True), self.world.read()
        if is_last and self.scenario.name != "rollback":
            assert seen == healed
        else:
            back = parcels(FIRST, is_next=True)
            assert seen == back if is_last else _is_each_of(seen, back, healed), seen
        # What broke off in the layout hive is brought to its folder by a retry.
        self.world.check(is_between=True)

    def _check_end(self) -> None:
        assert self.world.read() == self.scenario.after
        assert self.world.pinned() == {self.scenario.pinned}
        self.world.check()

    def _check_cleaned_up(self) -> None:
        seen = self.world.read()
        self.world.clean_up_later()
        assert self.world.read() == seen
        self.world.check()


def _is_each_of(seen: Parcels, *allowed: Parcels) -> bool:
    return all(any(seen.get(day) == each[day] for each in allowed) for day in allowed[0])


def finish(world: World, run: Run) -> Executed:
    """Run to the end, which must be a good one."""
    done = execute(world, run)
    assert done.status == 0, world.log_of(run)
    return done


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """The calls of a process, when each of its tasks began, what happened and how it ended."""

    calls: Sequence[Call]
    began: Mapping[str, float]
    is_struck: bool
    status: int


def execute(
    world: World,
    run: Run,
    incident: Incident | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Executed:
    """Run the tasks in another process.

    Args:
        world: the account.
        run: the run.
        incident: what happens to it.
        meanwhile: what is done while it is suspended.
    """
    heard, told = os.pipe()
    endpoint = world.account.aws.endpoint
    if (pid := os.fork()) == 0:
        os.close(heard)
        _run_tasks(world, run, Watch(endpoint=endpoint, told=told, incident=incident))
    os.close(told)
    control = Control(endpoint)
    calls: list[Call] = []
    began: dict[str, float] = {}
    is_struck = False
    with os.fdopen(heard) as lines:
        for line in lines:
            if line == "strikes\n":
                is_struck = True
            elif line == "hangs\n":
                while control.listed():
                    time.sleep(0.005)
                os.kill(pid, signal.SIGKILL)
            elif line == "stops\n":
                os.waitpid(pid, os.WUNTRACED)
                assert meanwhile
                meanwhile()
                os.kill(pid, signal.SIGCONT)
            elif line.startswith("begins "):
                _, task, moment = line.split()
                began[task] = float(moment)
            else:
                task, action, number = line.split()
                calls.append(Call(task, action, int(number)))
    _, status = os.waitpid(pid, 0)
    # What hangs goes on, though nobody waits for it.
    control.clear()
    return Executed(calls=calls, began=began, is_struck=is_struck, status=status)


def _run_tasks(world: World, run: Run, watch: Watch) -> None:
    """The child: nothing of it may go on in the tests."""
    status = 1
    try:
        log = os.open(world.folder / f"{run.run_id}.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        make_client = connection.make_client

        def make_watched(*given: Any, **named: Any) -> Any:
            client = make_client(*given, **named)
            watch.attach(client)
            return client

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(connection, "make_client", make_watched)
            patch.setattr(aws_retries, "FIRST_PAUSE", 0.01)
            patch.setattr(_LINK, lambda **_: None)
            if watch.incident and watch.incident.kind == "stopped":
                patch.setattr(aws, "FRESH", FRESH)
            run.go_on(watch.begin)
        status = 0
    except BaseException:  # noqa: BLE001 - nothing may get out
        import traceback

        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)
