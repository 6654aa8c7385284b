"""While days are built, healed, rolled back, suspended and retried, readers read them whole.

Every answer has for each day what it was before or after the change under way: never none of it,
never both, and never a row twice.
"""

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest

from tests.crash.cells import ALL_DAYS, NOW, execute, finish
from tests.crash.incidents import Call, Incident, Kind
from tests.crash.runs import Run
from tests.crash.world import DAYS, FIRST, LANDINGS, Parcels, World, parcels
from tests.end_to_end.pipeline import Pipeline

READERS = 4
ANSWERS = 5000
BROKEN: tuple[Kind, ...] = ("before", "during", "after", "unsent", "lost", "throttled")


@dataclass(slots=True)
class State:
    """What readers may see of all days, and from when until when; times of the monotonic clock."""

    parcels: Parcels
    since: float
    until: float = float("inf")
    replaced: float = float("inf")


@dataclass(slots=True)
class Table:
    """A table that is changed all the time, and what it was like when."""

    world: World
    rng: random.Random = field(default_factory=lambda: random.Random(2024))
    landed: int = FIRST
    numbers: Iterator[int] = field(default_factory=count)
    states: list[State] = field(default_factory=list)
    previous: Parcels = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)

    def run(self, **conf: object) -> Run:
        """Return the next run; each is later than all before."""
        number = next(self.numbers)
        now = NOW + timedelta(minutes=number)
        return self.world.run(f"run-{number}", now, conf={**ALL_DAYS, **conf})

    def land(self) -> Parcels:
        """Let more parcels arrive, while there is time; return what a build gives then."""
        if self.landed + 1 < LANDINGS:
            self.landed += 1
            self.world.land(self.landed)
        return parcels(*range(self.landed + 1))

    @contextmanager
    def change(self, action: str, after: Parcels) -> Iterator[dict[str, float]]:
        """Note that readers may see another state from now on, and only that after it.

        The body tells when the publication had returned.
        """
        old, since, returned = self.states[-1], time.monotonic(), {}
        self.states.append(State(parcels=after, since=since))
        yield returned
        old.until = time.monotonic()
        old.replaced = returned.get("clean_up", old.until)
        self.done[action] = self.done.get(action, 0) + 1
        self.previous = old.parcels

    def build(self) -> None:
        """Build all days, in one go."""
        with self.change("built", self.land()) as returned:
            done = finish(self.world, self.run())
            returned.update(done.began)
            self.calls = list(done.calls)

    def heal(self) -> None:
        """Build the last day, and heal those before."""
        with self.change("healed", self.land()) as returned:
            conf = {"start_date": str(DAYS[-1]), "end_date": None, "heal": True}
            returned.update(finish(self.world, self.run(**conf)).began)

    def build_broken(self) -> None:
        """Build all days, be broken off somewhere, and build again as a retry does."""
        kind = self.rng.choice(BROKEN)
        with self.change(f"broken: {kind}", self.land()) as returned:
            run = self.run()
            execute(self.world, run, Incident(self.rng.choice(self.calls), kind))
            returned.update(finish(self.world, run).began)

    def build_suspended(self) -> None:
        """Suspend a build, build newer raw, let it go on, and build once more."""
        slow = self.land()
        publishing = [call for call in self.calls if call.task.startswith("slice.publish")]
        incident = Incident(self.rng.choice(publishing), "stopped")
        states = len(self.states)

        def overtake() -> None:
            newer = self.land()
            self.states.append(State(parcels=newer, since=time.monotonic()))
            finish(self.world, self.run())

        with self.change("suspended", slow):
            execute(self.world, self.run(), incident, meanwhile=overtake)
            finish(self.world, self.run())
        for state in self.states[states:-1]:
            # What it had on its way may be seen until the next build.
            state.until = time.monotonic()

    def roll_back(self) -> None:
        """Build, point back, unpin and build again."""
        self.build()
        now = self.states[-1].parcels
        with self.change("rolled back", self.previous) as returned:
            returned.update(finish(self.world, self.run(action="rollback")).began)
        with self.change("unpinned", self.states[-1].parcels):
            finish(self.world, self.run(action="unpin"))
        with self.change("built", now):
            finish(self.world, self.run())


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader was answered, or why not, and when."""

    began: float
    ended: float
    seen: Parcels
    error: str = ""


@contextmanager
def readers(world: World, folder: Path) -> Iterator[Callable[[], int]]:
    """Read again and again in processes of their own; gives how often they have read."""
    stop, pids = folder / "stop", []
    for number in range(READERS):
        if (pid := os.fork()) == 0:
            try:
                read_until(world, stop, folder / f"{number}.answers")
            finally:
                os._exit(0)
        pids.append(pid)

    def answered() -> int:
        return sum(path.read_bytes().count(b"\n") for path in folder.glob("*.answers"))

    try:
        yield answered
    finally:
        stop.touch()
        for pid in pids:
            os.waitpid(pid, 0)


def read_until(world: World, stop: Path, file: Path) -> None:
    """Read the table until a file is there."""
    # With clients of its own.
    reader = World(account=Pipeline(aws=world.account.aws, name=world.account.name), layout="hive")
    with file.open("w", buffering=1) as answers:
        while not stop.exists():
            began, seen, error = time.monotonic(), {}, ""
            try:
                seen = {str(day): sorted(names) for day, names in reader.read().items()}
            except Exception as failed:  # noqa: BLE001 - all are told
                error = f"{type(failed).__name__}: {failed}"
            answers.write(json.dumps([began, time.monotonic(), seen, error]) + "\n")


def read_answers(folder: Path) -> list[Answer]:
    found = []
    for path in folder.glob("*.answers"):
        for line in path.read_text().splitlines():
            began, ended, seen, error = json.loads(line)
            days = {date.fromisoformat(day): frozenset(names) for day, names in seen.items()}
            found.append(Answer(began, ended, days, error))
    return found


def is_right(answer: Answer, states: list[State]) -> bool:
    """Return whether each day was like that in a state that there was meanwhile."""
    there = [s for s in states if s.since <= answer.ended and answer.began <= s.until]
    return all(any(answer.seen.get(day) == s.parcels[day] for s in there) for day in DAYS)


@pytest.mark.parametrize("layout", ["generations", "hive"])
def test_readers_see_each_day_whole(layout, aws, tmp_path, record_property, monkeypatch) -> None:
    world = World(account=Pipeline(aws=aws, name=f"readers-{layout}"), layout=layout)
    for name, value in world.set_up(tmp_path / "world").items():
        monkeypatch.setenv(name, value)
    world.land(FIRST)
    table = Table(world)
    finish(world, table.run())
    table.states.append(State(parcels(FIRST), since=0))
    answers_in = tmp_path / "answers"
    answers_in.mkdir()
    actions = [table.build, table.heal, table.build_broken, table.build_suspended]
    if layout == "generations":
        actions.append(table.roll_back)

    with readers(world, answers_in) as answered:
        while answered() < ANSWERS:
            for act in actions:
                act()

    answers = read_answers(answers_in)
    errors = [answer for answer in answers if answer.error]
    wrong = [answer for answer in answers if not is_right(answer, table.states)]
    old = [a.ended - s.replaced for s in table.states for a in answers if sees_old(a, s, table)]
    record_property(
        "measured",
        f"{layout}: {len(answers)} answers to {READERS} readers, {len(errors)} errors, "
        f"{len(wrong)} wrong; the old state was seen up to {max(old, default=0):.2f} s after the "
        f"publication had returned; {table.done}",
    )
    assert not errors
    assert not wrong, wrong[0]
    assert len(answers) >= ANSWERS


def sees_old(answer: Answer, state: State, table: Table) -> bool:
    """Return whether an answer is of a state that had been replaced when it came."""
    if answer.ended <= state.replaced or answer.began > state.until:
        return False
    others = [s for s in table.states if s is not state and s.since <= answer.ended <= s.until]
    return any(
        answer.seen.get(day) == state.parcels[day]
        and all(answer.seen.get(day) != s.parcels[day] for s in others)
        for day in DAYS
    )
