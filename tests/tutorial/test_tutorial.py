"""The tutorial's commands, pasted one after the other, print what its page shows."""

import json
import subprocess
import sys
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.tutorial.page import ROOT, copy_checkout, run_steps, steps

SAMPLE = ROOT / "docs" / "tutorial"
INCLUDE = SAMPLE / "include"
STEPS = steps()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of the checkout."""
    folder = tmp_path_factory.mktemp("checkout")
    subprocess.run([ROOT / "scripts" / "install-awscli"], check=True)
    copy_checkout(folder, Path(sys.prefix))
    return folder


@pytest.fixture(scope="module")
def printed(checkout) -> list[str]:
    """What each step of the page printed."""
    try:
        return run_steps(checkout, [step.commands for step in STEPS])
    finally:
        subprocess.run(("make", "down"), cwd=checkout, check=True)


@pytest.mark.parametrize("number", range(len(STEPS)))
def test_a_step_prints_what_the_page_shows(printed, number):
    rest = printed[number]
    for line in STEPS[number].shown:
        assert line in rest, f"{line!r} is not in, or not in this place of:\n{printed[number]}"
        rest = rest.partition(line)[2]


def test_the_crawler_of_the_page_is_the_one_that_the_draft_prints(printed):
    (made,) = [step.commands for step in STEPS if "create-crawler" in step.commands]
    (told,) = [text for text in printed if "aws glue create-crawler" in text]
    command = made[made.index("aws glue") :].split()
    assert " ".join(command) in " ".join(told.split())


@pytest.mark.usefixtures("printed")
def test_nothing_of_the_data_set_is_left(checkout):
    made = [path.relative_to(INCLUDE) for path in INCLUDE.rglob("*.*")]
    assert made
    assert not [path for path in made if (checkout / "include" / path).exists()]


def events(*folders: str) -> list[dict]:
    """The events of the sample that can be read and are not of a bot, each once."""
    found = {}
    for folder in folders:
        for path in (SAMPLE / folder).rglob("clickstream-*"):
            for line in path.read_text().splitlines():
                if line.endswith("}") and "Bot/" not in line:
                    event = json.loads(line)
                    found[event["eventId"]] = event
    return list(found.values())


def days(*folders: str) -> dict[int, list]:
    """Events, visits and sold amounts of each day in Brussels."""
    counted: dict[int, list] = defaultdict(lambda: [0, 0, Decimal()])
    given = [
        (datetime.fromisoformat(e["occurredAt"].replace("Z", "+00:00")), e)
        for e in events(*folders)
    ]
    for at, event in given:
        earlier = [
            other
            for other, each in given
            if each["visitor"]["id"] == event["visitor"]["id"]
            and at - timedelta(minutes=30) <= other < at
        ]
        day = counted[at.astimezone(ZoneInfo("Europe/Brussels")).day]
        day[0] += 1
        day[1] += not earlier
        day[2] += Decimal(str(event.get("amount", 0)))
    return counted


@pytest.mark.parametrize("folders", [("events",), ("events", "late")])
def test_the_numbers_of_the_page_are_those_of_the_sample(folders):
    shown = [step.shown for step in STEPS if any("visits" in line for line in step.shown)]
    rows = [line.split() for line in shown[len(folders) - 1] if line.startswith(" 2026")]
    assert [[int(row[2]), *map(Decimal, row[3:])] for row in rows] == [
        [day, *days(*folders)[day]] for day in (24, 25, 26)
    ]
