"""Every difference between the versions of Airflow and of the amazon provider."""

from datetime import datetime
from typing import Any

try:
    from airflow.providers.amazon.aws.operators.glue_crawler import GlueCrawlerOperator
except ImportError:  # Provider 11 splits it up; running a crawler is the part that Retime needs.
    from airflow.providers.amazon.aws.operators.glue_crawler import GlueCrawlerRunOperator

    class GlueCrawlerOperator(GlueCrawlerRunOperator):  # type: ignore[no-redef]
        """The successor, taking its predecessor's argument."""

        def __init__(self, *, config: dict[str, Any], **kwargs: Any) -> None:
            super().__init__(crawler_name=config["Name"], **kwargs)


__all__ = ["GlueCrawlerOperator", "failed_tasks", "is_manual", "run_dates"]


def is_manual(context: Any) -> bool:
    """Tell whether somebody asked for the run, rather than the schedule or a backfill."""
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
