"""Airflow's cluster policy in these tests: nobody waits minutes, tasks fork with their imports."""

import sys
from datetime import timedelta
from typing import Any

if "scheduler" in sys.argv:
    # Task processes are forked from the scheduler: they need not import these once more each.
    import airflow.providers.amazon.aws.operators.athena
    import airflow.providers.amazon.aws.sensors.glue_crawler
    import airflow.sdk.execution_time.task_runner  # noqa: F401


def task_policy(task: Any) -> None:
    task.retry_delay = timedelta(seconds=1)
    task.retry_exponential_backoff = 0
    if task.task_id == "wait_for_arrivals":
        task.poke_interval = 3
