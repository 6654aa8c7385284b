"""What a run is asked to do: by the schedule, or by hand with parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from retime.calendar.slices import Slice
from retime.errors import RequestError
from retime.planning.state import State

Action = Literal["build", "rollback", "unpin"]
ACTIONS: tuple[Action, ...] = get_args(Action)
ALL = "all"
BUILT_ALONE: tuple[State, ...] = ("missing", "late", "outdated")
"""The states that a run can be asked to build only the dates of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """The dates of a run and what is done with them.

    With `only`, no others of them are built than those in this state. A run that `is_healing`
    builds, besides them, the earlier dates that have late events.
    """

    dates: Slice
    action: Action
    only: State | None
    is_healing: bool
    is_plan_only: bool

    @property
    def reads_raw(self) -> bool:
        """Whether the run builds something."""
        return self.action == "build"


def read_request(params: Mapping[str, Any], dates: Slice, *, is_manual: bool) -> RunRequest:
    """Return what a run is asked to do.

    Args:
        params: the run's, as run_params.py has them.
        dates: the dates that it is about.
        is_manual: whether somebody asked for it, rather than the schedule or a backfill.

    Raises:
        RequestError: the parameters contradict each other.
    """
    action, only = params.get("action") or "build", params.get("only") or ALL
    asks_to_heal = bool(params.get("heal"))
    if action not in ACTIONS:
        raise RequestError(f"action is {action!r}; give one of {', '.join(ACTIONS)}")
    if only not in (ALL, *BUILT_ALONE):
        raise RequestError(f"only is {only!r}; give one of {', '.join((ALL, *BUILT_ALONE))}")
    is_partial = only != ALL
    if action != "build" and (is_partial or asks_to_heal):
        raise RequestError(f"action {action} comes with only or heal; give it dates and no more")
    if action != "build" and not params.get("start_date"):
        raise RequestError(f"action {action} comes without dates; give start_date and end_date")
    if is_partial and asks_to_heal:
        raise RequestError(
            "only and heal contradict each other; give only: late to build the late dates of a "
            "range, or heal: true to build a range and the late dates before it"
        )
    return RunRequest(
        dates=dates,
        action=action,
        only=cast("State", only) if is_partial else None,
        is_healing=asks_to_heal or (not is_manual and action == "build" and not is_partial),
        is_plan_only=bool(params.get("plan_only")),
    )
