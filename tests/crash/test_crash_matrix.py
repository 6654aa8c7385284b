"""Whatever happens at whichever call to AWS: readers see old or new, the table ends right.

The calls are found by recording them. Each is gone through with each kind of incident, and then
with a retry, a clear or the next daily run. `make test` takes a sample; `make test-crash` all.
"""

import os

import pytest

from tests.crash.cells import RECOVERIES, SCENARIOS, Bench
from tests.crash.incidents import KINDS, Incident
from tests.crash.world import World
from tests.end_to_end.pipeline import Pipeline

IS_WHOLE = "RETIME_CRASH_MATRIX" in os.environ
# Every so manieth cell of a kind, each kind beginning with another.
STEP = 1 if IS_WHOLE else 160
BUILDS = [("build", "generations"), ("build", "hive")]
CHANGES = [("rollback", "generations"), ("unpin", "generations")]
BENCHES = [*BUILDS, *(CHANGES if IS_WHOLE else ())]


@pytest.fixture(scope="module", params=BENCHES, ids="-".join)
def bench(request, aws, tmp_path_factory):
    """A scenario in an account of its own."""
    name, layout = request.param
    world = World(
        account=Pipeline(aws=aws, name=f"crash-{name}-{layout}", data_set="parcels"), layout=layout
    )
    with pytest.MonkeyPatch.context() as patch:
        for key, value in world.set_up(tmp_path_factory.mktemp("crash")).items():
            patch.setenv(key, value)
        scenario = SCENARIOS[name]
        scenario.prepare(world)
        assert world.read() == scenario.before
        yield Bench(world=world, scenario=scenario, snapshot=world.snapshot())


@pytest.fixture(scope="module")
def calls(bench):
    """Its calls, in order, as a run makes them that nothing happens to."""
    return bench.record()


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_is_right(bench, calls, kind, request, record_property) -> None:
    first = list(KINDS).index(kind) * 17 % min(STEP, len(calls))
    wrong = {}
    cells = list(enumerate(calls))[first::STEP]
    for number, call in cells:
        recovery = RECOVERIES[number % len(RECOVERIES)]
        try:
            bench.go_through(Incident(call, kind), recovery)
        except AssertionError as error:
            wrong[f"{call} {kind} {recovery}"] = str(error)
    record_property("cells", [request.node.callspec.id, kind, len(cells), len(wrong)])
    assert not wrong
