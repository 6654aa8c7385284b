"""The parameters that a run takes, as Airflow's form shows and checks them, and its time limit."""

from datetime import timedelta

from airflow.providers.common.compat.sdk import Param

from retime.planning.request import ACTIONS, ALL, BUILT_ALONE

TASK_TIMEOUT = timedelta(hours=2)
"""How long a task may work, or wait for its query."""

PARAMS = {
    "start_date": Param(
        None,
        type=["null", "string"],
        format="date",
        description="First event date; empty: the run's own date",
    ),
    "end_date": Param(
        None,
        type=["null", "string"],
        format="date",
        description="Last event date, inclusive; empty: only the first",
    ),
    "plan_only": Param(
        default=False,
        type="boolean",
        description="Show what would be done, with bytes and cost; change nothing",
    ),
    "only": Param(
        ALL,
        type="string",
        enum=[ALL, *BUILT_ALONE],
        description="Build all of the dates, or only those that are in this state",
    ),
    "heal": Param(
        default=False,
        type="boolean",
        description="Also build earlier dates that have late events, as scheduled runs do",
    ),
    "action": Param(
        "build",
        type="string",
        enum=list(ACTIONS),
        description="build; rollback: point the dates back at what was published before, and pin "
        "them there; unpin: let builds replace them again",
    ),
}
