"""One DAG a data set: events landed by arrival time, rebuilt by event time, every day."""

import os
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pendulum

# The DAG processor imports the providers that a DAG file names before it forks.
from airflow.providers.amazon.aws.operators.athena import AthenaOperator  # noqa: F401
from airflow.providers.amazon.aws.sensors.glue_crawler import GlueCrawlerSensor  # noqa: F401
from airflow.providers.common.compat.sdk import (
    DAG,
    Asset,
    Param,
    TriggerRule,
    chain,
    get_current_context,
    get_parsing_context,
    task,
    task_group,
)
from airflow.timetables.interval import CronDataIntervalTimetable

from retime.airflow import notify, tasks
from retime.airflow.arrival_sensor import ArrivalSensor
from retime.airflow.compat import map_slices
from retime.airflow.crawl_operators import (
    CrawlPublishedOperator,
    CrawlPublishedSensor,
    CrawlRawOperator,
    CrawlSensor,
)
from retime.airflow.runbook import describe_dag, describe_task
from retime.airflow.slice_operators import (
    TASK_TIMEOUT,
    AuditOperator,
    PublishOperator,
    StageOperator,
)
from retime.dataset.reader import DataSet, load_data_sets
from retime.statements.rendering import package_sql

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
DEFAULT_ARGS = {
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=15),
    "execution_timeout": TASK_TIMEOUT,
    "on_failure_callback": notify.note_failure,
}


def build_dag(data_set: DataSet) -> DAG:
    """Return the DAG of a data set."""
    # Its bucket and database are known to tasks only: the name must do without them.
    table = Asset(f"x-retime://{data_set.published.name}")

    @task(trigger_rule=TriggerRule.NONE_FAILED)
    def check_raw() -> str:
        """See that the catalog has every arrival hour that has landed."""
        return str(tasks.check_raw(data_set, get_current_context()))

    @task
    def plan(until: str) -> list[dict[str, Any]]:
        """Cut the dates into slices, with the raw hours, bytes and cost of each."""
        return list(tasks.plan_run(data_set, until, get_current_context()))

    @task_group(group_id="slice")
    def build_slice(planned: Any) -> Any:
        """Stage, audit and publish one slice; it fails, and is cleared, alone."""
        arguments: dict[str, Any] = {"data_set": data_set, "planned": planned}
        at_once = data_set.run.max_concurrent_slices
        stage = StageOperator(task_id="stage", max_active_tis_per_dag=at_once, **arguments)
        stage_quarantine = StageOperator(
            task_id="stage_quarantine",
            is_quarantine=True,
            max_active_tis_per_dag=at_once,
            **arguments,
        )
        arguments |= {"staged": stage.output, "quarantined": stage_quarantine.output}
        audit = AuditOperator(task_id="audit", **arguments)
        # One publication to a table at a time, whatever runs are under way.
        publish = PublishOperator(
            task_id="publish", audited=audit.output, max_active_tis_per_dag=1, **arguments
        )
        return publish.output

    @task(trigger_rule=TriggerRule.ALL_DONE)
    def clean_up() -> dict[str, int]:
        """Remove what attempts left behind and nothing references any more."""
        return dict(tasks.clean_up_run(data_set))

    # Not ALL_DONE: a slice that was cleared and failed has the results of its last time still.
    @task(trigger_rule=TriggerRule.NONE_FAILED)
    def report() -> dict[str, Any]:
        """Tell what the run did, once every slice is published."""
        return dict(tasks.report_run(data_set, get_current_context()))

    @task(outlets=[table])
    def announce() -> dict[str, Any]:
        """Tell the DAGs that the table schedules what was published; skipped when nothing was."""
        context = get_current_context()
        extra = dict(tasks.announce_run(data_set, context))
        context["outlet_events"][table].extra = extra
        return extra

    with DAG(
        dag_id=f"retime_{data_set.name}",
        description=data_set.description,
        # An explicit timetable: "@daily" has no data interval in Airflow 3.
        schedule=CronDataIntervalTimetable("0 0 * * *", timezone=data_set.zone.key),
        start_date=pendulum.datetime(*data_set.start_date.timetuple()[:3], tz=data_set.zone.key),
        catchup=True,
        max_active_runs=data_set.run.max_active_runs,
        dagrun_timeout=data_set.run.arrival_timeout + data_set.run.timeout,
        params=PARAMS,
        tags=["retime", data_set.name],
        default_args={**DEFAULT_ARGS, "owner": data_set.owner},
        on_failure_callback=partial(notify.run_failed, data_set),
        on_success_callback=partial(notify.run_succeeded, data_set),
    ) as dag:
        checked = check_raw()
        planned = plan(checked)
        arrived = ArrivalSensor(task_id="wait_for_arrivals", data_set=data_set)
        crawl: list[Any] = []
        if data_set.raw.crawler:
            crawl.append(CrawlRawOperator(task_id="crawl_raw", data_set=data_set))
            crawl.append(CrawlSensor(task_id="wait_for_crawl", crawler=data_set.raw.crawler))
        chain(arrived, *crawl, checked)
        crawl_again: list[Any] = []
        if data_set.published.crawler:
            crawl_again.append(CrawlPublishedOperator(task_id="crawl_published", data_set=data_set))
            crawl_again.append(
                CrawlPublishedSensor(task_id="wait_for_published_crawl", data_set=data_set)
            )
        slices, reported = map_slices(build_slice, planned), report()
        chain(slices, clean_up())
        chain(slices, *crawl_again, reported, announce())
    dag.doc_md = describe_dag(data_set, dag.task_ids)
    for each in dag.tasks:
        each.doc_md = describe_task(each)
    return dag


def include_folders() -> list[Path]:
    """Return where data sets are: beside the package's SQL, and in RETIME_INCLUDE (like PATH)."""
    more = os.environ.get("RETIME_INCLUDE", "").split(os.pathsep)
    return [package_sql().parent, *(Path(folder) for folder in more if folder)]


# A task's process needs no DAG but its own; the DAG processor, which names none, needs all.
wanted = get_parsing_context().dag_id
for data_set_ in load_data_sets(include_folders()):
    if wanted in (None, dag_id := f"retime_{data_set_.name}"):
        globals()[dag_id] = build_dag(data_set_)
