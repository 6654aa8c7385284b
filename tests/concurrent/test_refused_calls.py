"""A month of dates, four runs at a time, while AWS refuses calls of every kind.

A task must wait and ask again, and lose none of its tries.
"""

import json
import os
from datetime import date, timedelta

import pytest

from demo.environment import airflow_environment
from local_aws.testing import Aws, Control, ServerProcess
from tests.airflow_home import HOME
from tests.concurrent.processes import begin, log_of
from tests.crash.cells import NOW
from tests.crash.world import World, at
from tests.end_to_end.pipeline import Pipeline

QUOTA = 5
AT_ONCE = 4
MONTH = [date(2024, 10, 1) + timedelta(days=n) for n in range(30)]
# Each strikes its part of the calls; "lose" takes effect and gives no answer.
REFUSALS = {
    "athena.*": [
        *(("throttle", code) for code in ("ThrottlingException", "TooManyRequestsException")),
        *(("fail", ""), ("lose", "")),
    ],
    "glue.*": [
        *(("throttle", c) for c in ("ThrottlingException", "ConcurrentModificationException")),
        *(("fail", "OperationTimeoutException"), ("fail", ""), ("lose", "")),
    ],
    "s3.*": [("throttle", ""), ("fail", ""), ("lose", "")],
}
ALWAYS = 10**6


@pytest.fixture
def world(tmp_path, monkeypatch):
    """An account with a quota, and the raw parcels of a month."""
    with ServerProcess(tmp_path / "aws", "--active-queries", str(QUOTA)) as process:
        for name, value in airflow_environment(HOME, process.aws.endpoint).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("RETIME_POLL_SECONDS", "0.02")
        account = Pipeline(aws=Aws(endpoint=process.aws.endpoint), name="refused")
        world = World(account=account, layout="generations")
        for name, value in world.set_up(tmp_path / "world").items():
            monkeypatch.setenv(name, value)
        world.land_days(MONTH)
        yield world


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_a_month_is_built_and_no_try_is_used(world, share, record_property) -> None:
    control = Control(world.account.aws.endpoint)
    for point, kinds in REFUSALS.items():
        for number, (action, code) in enumerate(kinds if share else ()):
            # Of what the ones before let pass.
            left = share / len(kinds) / (1 - share * number / len(kinds))
            control.set(point, action, code=code, share=left, times=ALWAYS)

    pids, waiting = set(), list(MONTH)
    while waiting or pids:
        while waiting and len(pids) < AT_ONCE:
            day = waiting.pop(0)
            now = NOW + timedelta(minutes=day.day)
            pids.add(begin(world, world.run(str(day), now, day=at(day))))
        pid, status = os.wait()
        pids.discard(pid)
        assert status == 0, log_of(world.folder)

    struck = sum(ALWAYS - rule["times"] for rule in control.listed())
    control.clear()
    assert world.read() == world.days(MONTH)
    world.check()
    tries = [
        number
        for file in world.folder.glob("*.json")
        for number in json.loads(file.read_text())["tries"].values()
    ]
    most = max(tries)
    record_property(
        "measured",
        f"{len(MONTH)} dates, {AT_ONCE} runs at a time, {QUOTA} queries at once at most, "
        f"{share:.0%} of all calls refused or lost, {struck} of them: {len(tries)} tasks, "
        f"{most} tries at most",
    )
    assert most == 1
    assert bool(struck) == bool(share)
