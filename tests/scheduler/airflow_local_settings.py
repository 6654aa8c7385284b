"""Airflow's cluster policy in these tests: nobody waits minutes, tasks fork with their imports."""

import os
import sys
from datetime import timedelta
from typing import Any

from airflow.utils.event_scheduler import EventScheduler

if "scheduler" in sys.argv:
    # Task processes are forked from the scheduler: they need not import these once more each.
    import airflow.providers.amazon.aws.operators.athena
    import airflow.providers.amazon.aws.sensors.glue_crawler
    import airflow.sdk.execution_time.task_runner  # noqa: F401

    sys.path.append(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    import retime.airflow.slice_operators
    import retime.airflow.tasks  # noqa: F401

call_regularly = EventScheduler.call_regular_interval


def call_often(timers: Any, delay: float, action: Any, *given: Any) -> None:
    """The scheduler looks for backfills that are done every 30 seconds, and no setting tells it."""
    is_for_backfills = action.__name__ == "_mark_backfills_complete"
    call_regularly(timers, 2 if is_for_backfills else delay, action, *given)


EventScheduler.call_regular_interval = call_often  # type: ignore[method-assign]


def task_policy(task: Any) -> None:
    task.retry_delay = timedelta(seconds=1)
    task.retry_exponential_backoff = 0
    if task.task_id == "wait_for_arrivals":
        # More than the scheduler takes to hear of the look before: it fails tasks otherwise.
        task.poke_interval = 10
    if (task.dag_id, task.task_id) == ("retime_told", "check_raw"):
        task.retries = 0
