"""The parameters that a run takes, as Airflow's form shows and checks them."""

from airflow.providers.common.compat.sdk import Param

PARAMS = {
    "start_date": Param(
        None,
        type=["null", "string"],
        format="date",
        description="First event date to build; empty: the run's own date",
    ),
    "end_date": Param(
        None,
        type=["null", "string"],
        format="date",
        description="Last event date to build, inclusive; empty: only the first",
    ),
    "plan_only": Param(
        default=False,
        type="boolean",
        description="Show slices, bytes and cost; build nothing",
    ),
}
