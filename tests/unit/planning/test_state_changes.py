"""A partition's state changes in known ways only, whatever runs do with it in whatever order."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from retime.aws import Clients
from retime.calendar.arrival_hours import HOUR, ArrivalWindow, ceil_arrival
from retime.errors import RunError
from retime.planning.healing import search_of
from retime.planning.state import State, state_of
from retime.published import rollback
from retime.published.confirm import confirm
from retime.published.generations import new_generation
from retime.published.ledger import Ledger, list_ledgers
from retime.published.publication import Publication
from retime.published.repoint import repoint_partitions
from retime.published.search import Search
from retime.published.tables import ensure_table
from tests.accounts import Account
from tests.unit.samples import TRAFFIC, days, utc, with_grain

ALLOWED: dict[tuple[str, State, State], str] = {
    ("pass time", "no raw", "missing"): "its first arrival hour has landed",
    ("build", "missing", "provisional"): "built, and more may arrive",
    ("build", "missing", "settled"): "built from all that it can get",
    ("build", "late", "provisional"): "the late events are built in",
    ("build", "late", "settled"): "the late events are built in, and no more can arrive",
    ("build", "outdated", "provisional"): "built by today's transformation",
    ("build", "outdated", "settled"): "built by today's transformation, from all",
    ("build", "provisional", "settled"): "built again, from all that it can get",
    ("check", "provisional", "late"): "events were found that it was built without",
    ("check", "provisional", "settled"): "nothing was found up to the last hour",
    ("change SQL", "provisional", "outdated"): "the transformation is another one",
    ("change SQL", "late", "outdated"): "the transformation is another one",
    ("change SQL", "settled", "outdated"): "the transformation is another one",
    ("change SQL", "outdated", "provisional"): "the SQL is again the one that built it",
    ("change SQL", "outdated", "late"): "the SQL is again the one that built it",
    ("change SQL", "outdated", "settled"): "the SQL is again the one that built it",
    ("roll back", "provisional", "pinned"): "somebody asked for it",
    ("roll back", "late", "pinned"): "somebody asked for it",
    ("roll back", "settled", "pinned"): "somebody asked for it",
    ("roll back", "outdated", "pinned"): "somebody asked for it",
    ("unpin", "pinned", "provisional"): "what it points back at was",
    ("unpin", "pinned", "late"): "what it points back at was",
    ("unpin", "pinned", "settled"): "what it points back at was",
    ("unpin", "pinned", "outdated"): "what it points back at was built before the SQL changed",
}
"""What changes a state, and why; all else leaves it. So settled stays final, and pinned pinned."""

DATE = days("2024-03-28")
PARTITION = (2024, 3, 28)
DAILY = with_grain(TRAFFIC, "day")
WINDOW = DAILY.own_windows_of(DATE)[PARTITION]
FIRST = utc(2024, 3, 20)
NOW = utc(2024, 4, 10)
RETENTION = timedelta(days=30)


class PartitionMachine(RuleBasedStateMachine):
    """One partition of a table in a catalog, what has landed for it, and what happens to it."""

    clients: Clients

    def __init__(self) -> None:
        super().__init__()
        name = f"t{uuid.uuid4().hex[:12]}"
        self.clients.s3.create_bucket(Bucket=name)
        self.clients.glue.create_database(DatabaseInput={"Name": name})
        self.account = Account(clients=self.clients, bucket=name, database=name)
        self.deployment = self.account.deploy(DAILY)
        self.table = self.deployment.data_set.published
        ensure_table(self.clients.glue, name, self.table)
        self.until = WINDOW.start - HOUR
        self.arrivals: list[int] = []
        self.built: dict[str, int] = {}
        self.sql = 0
        self.before = self.state
        self.cause = "nothing"

    @property
    def ledger(self) -> Ledger | None:
        glue, name = self.clients.glue, self.account.database
        return list_ledgers(glue, name, self.table.name, self.table.partitioning, DATE).get(
            PARTITION
        )

    @property
    def state(self) -> State:
        return state_of(
            self.ledger,
            has_raw=self.until > WINDOW.start,
            arrivals_end=WINDOW.end,
            fingerprint=str(self.sql),
        )

    def arrived(self, start, end) -> int:
        """The events of the partition that arrived from an hour up to another."""
        return sum(start <= WINDOW.start + n * HOUR < end for n in self.arrivals)

    def begin(self, cause: str) -> None:
        self.before, self.cause = self.state, cause

    @rule(hours=st.integers(1, 24), arrivals=st.lists(st.integers(0, 23), max_size=3))
    def pass_time(self, hours, arrivals):
        """Hours land, with events of the partition in some, unless it is too late for any."""
        self.begin("pass time")
        first = (self.until - WINDOW.start) // HOUR
        last = (WINDOW.end - WINDOW.start) // HOUR
        new = {first + n for n in arrivals if n < hours}
        self.arrivals += [n for n in new if 0 <= n < last]
        self.until += hours * HOUR

    @rule()
    @precondition(lambda self: self.until > WINDOW.start)
    def build(self):
        self.begin("build")
        number = len(self.built) + 1
        generation = new_generation(NOW + timedelta(seconds=number), f"{number:08x}")
        read = ArrivalWindow(start=FIRST, end=self.until)
        events = self.arrived(FIRST, self.until)
        self.built[generation] = events
        if events:
            key = f"{self.table.name}/v={generation}/{self.table.partitioning.folder(PARTITION)}x"
            self.account.put(key, body=b"x" * events)
        made = Publication(
            table=self.table,
            generation=generation,
            location=f"{self.table.generations}v={generation}/",
            rows={PARTITION: events} if events else {},
            events={PARTITION: events} if events else {},
            wanted=DAILY.windows_of(DATE),
            own={PARTITION: WINDOW},
            read=read,
            landed=(read,),
            fingerprint=str(self.sql),
            run_id="run",
            query_id="query",
        )
        name = self.account.database
        repoint_partitions(self.clients, name, made, now=NOW, retention=RETENTION)

    @rule()
    @precondition(lambda self: self.built)
    def check(self):
        """A run searches for late events, and writes what it has found."""
        self.begin("check")
        ledger = self.ledger
        assert ledger
        search = search_of(DAILY, {PARTITION: ledger}, self.until, FIRST)
        found = {
            p: replace(u, found=self.arrived(ceil_arrival(u.since, HOUR), u.through))
            for p, u in search.partitions.items()
        }
        confirm(self.deployment, Search(partitions=found))

    @rule(hours=st.integers(1, 8), arrivals=st.lists(st.integers(0, 7), min_size=1, max_size=3))
    @precondition(lambda self: self.built)
    def check_after_time(self, hours, arrivals):
        """As daily runs do: so that examples have many searches that find something."""
        self.pass_time(hours, arrivals)
        self.check()

    @rule()
    @precondition(lambda self: len(self.built) > 1 and self.state != "pinned")
    def roll_back(self):
        self.begin("roll back")
        try:
            found = rollback.find_reversals(self.deployment, DATE, NOW)
        except RunError:
            return
        wanted = {p: each.previous.generation for p, each in found.items()}
        rollback.roll_back(self.deployment, DATE, wanted, NOW)

    @rule()
    @precondition(lambda self: self.state == "pinned")
    def unpin(self):
        self.begin("unpin")
        rollback.unpin(self.deployment, DATE)

    @rule()
    @precondition(lambda self: self.built)
    def change_sql(self):
        self.begin("change SQL")
        self.sql += 1

    @rule()
    @precondition(lambda self: self.sql > 0)
    def change_sql_back(self):
        self.begin("change SQL")
        self.sql -= 1

    @invariant()
    def the_state_changed_in_a_known_way(self):
        if self.state != self.before:
            change = (self.cause, self.before, self.state)
            assert change in ALLOWED, change
        self.before, self.cause = self.state, "nothing"

    @invariant()
    def what_was_built_and_what_is_late_are_all_that_was_searched(self):
        ledger = self.ledger
        if ledger is not None:
            assert ledger.events == self.built[ledger.generation]
            known = ledger.events + ledger.late
            assert known == self.arrived(FIRST, ledger.checked)

    @invariant()
    def a_settled_partition_has_every_event_that_it_can_get(self):
        ledger = self.ledger
        if ledger and self.state == "settled":
            assert ledger.is_settled
            assert ledger.events == len(self.arrivals)
            assert self.until >= WINDOW.end

    @invariant()
    def what_is_published_is_there(self):
        ledger = self.ledger
        if ledger:
            prefix = f"{self.table.name}/v={ledger.generation}/"
            there = [key for key in self.account.object_keys() if key.startswith(prefix)]
            assert bool(there) is bool(ledger.rows)


def test_a_state_changes_in_known_ways_only(clients):
    """Without shrinking, which takes minutes: a failure lists its steps."""
    PartitionMachine.clients = clients
    run_state_machine_as_test(
        PartitionMachine,
        settings=settings(
            max_examples=20, stateful_step_count=25, deadline=None, phases=[Phase.generate]
        ),
    )


@pytest.mark.parametrize("state", ["settled", "pinned"])
def test_what_is_final_changes_only_by_what_somebody_does(state):
    """No arrival, no check and no time that passes opens a settled or a pinned partition."""
    causes = {cause for cause, before, _ in ALLOWED if before == state}
    assert causes == ({"change SQL", "roll back"} if state == "settled" else {"unpin"})
