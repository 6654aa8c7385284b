"""Every difference between the versions of Airflow."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_0_PLUS, AIRFLOW_V_3_2_PLUS

from retime.errors import RequestError

__all__ = [
    "SLICES_OF_A_RUN",
    "count_metrics",
    "failed_tasks",
    "get_variable",
    "is_manual",
    "map_slices",
    "max_slices",
    "note_asset_events",
    "planned_of",
    "run_dates",
    "skip_unplanned",
    "table_assets",
]

SLICES_OF_A_RUN = 8
"""How many slices each run of Airflow 2 has; those beyond its plan are skipped."""


def get_variable(name: str) -> str | None:
    """Return an Airflow Variable, or None."""
    from airflow.providers.common.compat.sdk import Variable

    keyword = "default" if AIRFLOW_V_3_0_PLUS else "default_var"
    found: str | None = Variable.get(name, **{keyword: None})
    return found


def is_manual(context: Any) -> bool:
    """Return whether somebody asked for the run, rather than the schedule or a backfill."""
    run_type = context["dag_run"].run_type
    return str(getattr(run_type, "value", run_type)) == "manual"


def run_dates(context: Any) -> tuple[datetime | None, datetime | None]:
    """Return logical date and start of the data interval; a manual run of Airflow 3 has neither."""
    dag_run = context["dag_run"]
    return dag_run.logical_date, dag_run.data_interval_start


def failed_tasks(context: Any) -> set[str]:
    """Return the names of a run's failed task instances: `plan`, or `slice.stage_1` if mapped."""
    run = context["dag_run"]
    if hasattr(run, "get_task_instances"):  # Airflow 2
        names = ((t.task_id, t.map_index) for t in run.get_task_instances(state=["failed"]))
        return {f"{name}_{index}" if index >= 0 else name for name, index in names}
    states = context["ti"].get_task_states(dag_id=run.dag_id, run_ids=[run.run_id])
    return {name for name, state in states[run.run_id].items() if state == "failed"}


def map_slices(build_slice: Any, planned: Any) -> Any:
    """Map the task group of a slice over the plan.

    `airflow dags backfill` of Airflow 2 runs only the task instances that are there when a run
    begins: for those that a task's result makes it waits forever (airflow/jobs/
    backfill_job_runner.py: it knows a task by the try number that it had then, so it does not
    notice that the task before the group ended, and does not expand the group). So there the group
    is mapped over numbers that are known beforehand, and each slice looks itself up in the plan.
    """
    if AIRFLOW_V_3_0_PLUS:
        return build_slice.expand(planned=planned)
    published = build_slice.expand(planned=list(range(SLICES_OF_A_RUN)))
    planned >> published.operator.task_group
    return published


def planned_of(planned: Any, context: Any) -> Any:
    """Return the plan of a slice, which Airflow 2 knows by its number.

    Raises:
        AirflowSkipException: the plan has fewer slices; somebody cleared one that was skipped.
    """
    from airflow.providers.common.compat.sdk import AirflowSkipException

    if isinstance(planned, int):
        plan = context["ti"].xcom_pull(task_ids="plan") or []
        if planned >= len(plan):
            raise AirflowSkipException(f"slice {planned} is not in the plan of {len(plan)}")
        planned = plan[planned]
    return planned


def table_assets(table: str) -> list[Any]:
    """Return the assets of a published table: all of it and, since Airflow 3.2, its event dates.

    Two, because an event with partition keys starts no DAG that waits for the plain asset
    (airflow/assets/manager.py).
    """
    from airflow.providers.common.compat.sdk import Asset

    # Its bucket and database are known to tasks only: the name must do without them.
    assets = [Asset(f"x-retime://{table}")]
    return [*assets, Asset(f"x-retime://{table}/dates")] if AIRFLOW_V_3_2_PLUS else assets


def note_asset_events(outlet_events: Any, assets: Sequence[Any], extra: Mapping[str, Any]) -> None:
    """Give the events of a table's assets what they carry, and one key for each event date."""
    for asset in assets:
        outlet_events[asset].extra = dict(extra)
    for dates in assets[1:]:
        outlet_events[dates].add_partitions(sorted({*extra["dates"], *extra["settled"]}))


def max_slices() -> int | None:
    """Return the most slices that a run may have; None for any number."""
    return None if AIRFLOW_V_3_0_PLUS else SLICES_OF_A_RUN


def count_metrics(counts: Mapping[str, int]) -> None:
    """Send counts to where Airflow sends its metrics: StatsD or OpenTelemetry, if configured."""
    if AIRFLOW_V_3_0_PLUS:
        from airflow.providers.common.compat.sdk import Stats
    else:
        from airflow.stats import Stats
    for name, count in counts.items():
        Stats.incr(name, count)


def skip_unplanned(planned: int, context: Any) -> None:
    """Skip the slices that a run of Airflow 2 has beyond its plan, without starting their tasks.

    Raises:
        RequestError: more are planned than it has.
    """
    if AIRFLOW_V_3_0_PLUS:
        return
    if planned > SLICES_OF_A_RUN:
        raise RequestError(
            f"the dates are {planned} slices, more than the {SLICES_OF_A_RUN} of a run of Airflow "
            "2; give shorter ranges, or build each date by a run of its own: airflow dags backfill"
        )
    from airflow.utils.session import create_session

    with create_session() as session:
        for ti in context["dag_run"].get_task_instances(session=session):
            # An earlier try of this task may have planned more, or fewer.
            if ti.map_index >= planned and ti.state is None:
                ti.set_state("skipped", session=session)
            elif 0 <= ti.map_index < planned and ti.state == "skipped":
                ti.set_state(None, session=session)
