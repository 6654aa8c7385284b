"""What a run is asked to do, and what it cannot be asked."""

from typing import Any

import pytest

from retime.errors import RequestError
from retime.planning.request import ACTIONS, BUILT_ALONE, RunRequest, read_request
from tests.unit.samples import days

DATES = days("2024-03-28", "2024-03-29")
GIVEN = {"start_date": "2024-03-28", "end_date": "2024-03-29"}


def request(*, is_manual: bool = True, **params: Any) -> RunRequest:
    return read_request({**GIVEN, **params}, DATES, is_manual=is_manual)


def test_a_run_builds_all_its_dates_unless_it_is_asked_for_something_else():
    assert request() == RunRequest(
        dates=DATES, action="build", only=None, is_healing=False, is_plan_only=False
    )


@pytest.mark.parametrize(
    ("params", "is_manual", "is_healing"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"heal": True}, True, True),
        ({"heal": False}, False, True),
        ({"only": "late"}, False, False),
        ({"action": "rollback"}, False, False),
    ],
)
def test_a_scheduled_run_heals_and_a_manual_one_if_asked(params, is_manual, is_healing):
    assert request(is_manual=is_manual, **params).is_healing is is_healing


@pytest.mark.parametrize("action", ACTIONS)
def test_only_what_builds_reads_raw(action):
    assert request(action=action).reads_raw is (action == "build")


@pytest.mark.parametrize("only", BUILT_ALONE)
def test_a_run_may_build_only_the_dates_in_one_state(only):
    assert request(only=only).only == only


@pytest.mark.parametrize("params", [{}, {"only": None}, {"only": "all"}])
def test_a_run_builds_all_of_its_dates(params):
    assert request(**params).only is None


@pytest.mark.parametrize("value", [None, False, True])
def test_a_run_may_only_plan(value):
    assert request(plan_only=value).is_plan_only is bool(value)


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"action": "undo"}, "action is 'undo'; give one of build, rollback, unpin"),
        ({"only": "settled"}, "only is 'settled'; give one of all, missing, late, outdated"),
        ({"action": "rollback", "only": "late"}, "action rollback comes with only or heal; give"),
        ({"action": "unpin", "heal": True}, "action unpin comes with only or heal; give it dates"),
        ({"action": "rollback", "start_date": None}, "action rollback comes without dates; give"),
        ({"action": "unpin", "start_date": ""}, "action unpin comes without dates; give start_d"),
        ({"only": "late", "heal": True}, "only and heal contradict each other; give only: late"),
        ({"only": "missing", "heal": True}, "only and heal contradict each other; give only"),
    ],
)
@pytest.mark.parametrize("is_manual", [True, False])
def test_what_contradicts_itself_is_refused_with_what_to_give_instead(params, why, is_manual):
    with pytest.raises(RequestError) as refusal:
        request(is_manual=is_manual, **params)
    assert str(refusal.value).startswith(why)
