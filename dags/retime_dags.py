"""One DAG a data set: events landed by arrival time, rebuilt by event time, every day."""

import logging
from datetime import timedelta
from functools import partial
from typing import Any

import pendulum

# The DAG processor imports the providers that a DAG file names before it forks.
from airflow.providers.amazon.aws.operators.athena import AthenaOperator  # noqa: F401
from airflow.providers.amazon.aws.sensors.glue_crawler import GlueCrawlerSensor  # noqa: F401
from airflow.providers.common.compat.sdk import (
    DAG,
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
from retime.airflow.compat import map_slices, note_asset_events, table_assets
from retime.airflow.crawl_operators import (
    CrawlPublishedOperator,
    CrawlPublishedSensor,
    CrawlRawOperator,
    CrawlSensor,
)
from retime.airflow.late_operator import FindLateOperator
from retime.airflow.run_params import PARAMS, TASK_TIMEOUT
from retime.airflow.runbook import describe_dag, describe_task
from retime.airflow.slice_operators import (
    AuditOperator,
    PublishOperator,
    StageOperator,
)
from retime.dataset.model import DataSet
from retime.dataset.reader import load_data_sets
from retime.statements.checking import include_folders

log = logging.getLogger(__name__)

DEFAULT_ARGS = {
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=15),
    "execution_timeout": TASK_TIMEOUT,
    "on_failure_callback": notify.note_failure,
}


def build_dag(data_set: DataSet) -> DAG:
    """Return the DAG of a data set, its tasks in the order in which they run."""
    limits = data_set.limits
    assets = table_assets(data_set.published.name)
    with DAG(
        dag_id=f"retime_{data_set.name}",
        description=data_set.description,
        # An explicit timetable: "@daily" has no data interval in Airflow 3.
        schedule=CronDataIntervalTimetable("0 0 * * *", timezone=data_set.zone.key),
        start_date=pendulum.datetime(*data_set.start_date.timetuple()[:3], tz=data_set.zone.key),
        catchup=True,
        max_active_runs=limits.max_active_runs,
        dagrun_timeout=data_set.max_wait + limits.timeout,
        params=PARAMS,
        tags=["retime", data_set.name],
        default_args={**DEFAULT_ARGS, "owner": data_set.owner},
        # A DAG that could not be built whole must not run.
        auto_register=False,
        on_failure_callback=partial(notify.run_failed, data_set),
        on_success_callback=partial(notify.run_succeeded, data_set),
    ) as dag:
        arrived = ArrivalSensor(task_id="wait_for_arrivals", data_set=data_set)

        crawl: list[Any] = []
        if data_set.raw.crawler:
            crawl.append(CrawlRawOperator(task_id="crawl_raw", data_set=data_set))
            crawl.append(CrawlSensor(task_id="wait_for_crawl", crawler=data_set.raw.crawler))

        @task(trigger_rule=TriggerRule.NONE_FAILED)
        def check_raw() -> dict[str, str]:
            """See that the catalog has every arrival hour that has landed."""
            return dict(tasks.check_raw(data_set, get_current_context()))

        @task
        def plan(until: Any, late: Any) -> list[dict[str, Any]]:
            """Cut the dates into slices, with the raw hours, bytes and cost of each."""
            return list(tasks.plan_run(data_set, until, late, get_current_context()))

        checked = check_raw()
        chain(arrived, *crawl, checked)
        found = FindLateOperator(task_id="find_late", data_set=data_set, until=checked)
        slices = map_slices(slice_group(data_set), plan(checked, found.output))

        crawl_again: list[Any] = []
        if data_set.published.crawler:
            crawl_again.append(CrawlPublishedOperator(task_id="crawl_published", data_set=data_set))
            crawl_again.append(
                CrawlPublishedSensor(task_id="wait_for_published_crawl", data_set=data_set)
            )

        @task(trigger_rule=TriggerRule.ALL_DONE)
        def clean_up() -> dict[str, int]:
            """Remove what attempts left behind and nothing references any more."""
            return dict(tasks.clean_up_run(data_set))

        # Not ALL_DONE: a slice that was cleared and failed still has its earlier results.
        @task(trigger_rule=TriggerRule.NONE_FAILED)
        def report() -> dict[str, Any]:
            """Report what the run did, once every slice is published."""
            return dict(tasks.report_run(data_set, get_current_context()))

        @task(outlets=assets)
        def announce() -> dict[str, Any]:
            """Start the DAGs that the table schedules; skipped when nothing was published."""
            context = get_current_context()
            extra = dict(tasks.announce_run(data_set, context))
            note_asset_events(context["outlet_events"], assets, extra)
            return extra

        chain(slices, clean_up())
        chain(slices, *crawl_again, report(), announce())
    dag.doc_md = describe_dag(data_set, dag.task_ids)
    for each in dag.tasks:
        each.doc_md = describe_task(each)
    return dag


def slice_group(data_set: DataSet) -> Any:
    """Return the task group that is mapped over the slices of a plan."""

    @task_group(group_id="slice")
    def build_slice(planned: Any) -> Any:
        """Stage, audit and publish one slice; it fails, and is cleared, alone."""
        arguments: dict[str, Any] = {"data_set": data_set, "planned": planned}
        at_once = data_set.limits.max_concurrent_slices
        staging = {**arguments, "max_active_tis_per_dag": at_once}
        stage = StageOperator(task_id="stage", **staging)
        stage_quarantine = StageOperator(task_id="stage_quarantine", is_quarantine=True, **staging)
        arguments |= {"staged": stage.output, "quarantined": stage_quarantine.output}
        # A slice that is changed without a build skips its stages.
        arguments["trigger_rule"] = TriggerRule.NONE_FAILED
        audit = AuditOperator(task_id="audit", **arguments)
        # One publication to a table at a time, whatever runs are under way.
        publish = PublishOperator(
            task_id="publish", audited=audit.output, max_active_tis_per_dag=1, **arguments
        )
        return publish.output

    return build_slice


# A task's process needs no DAG but its own; the DAG processor, which names none, needs all.
# retime_wrong_data_sets.py reports the data sets that are left out here.
wanted = get_parsing_context().dag_id
for right in load_data_sets(include_folders()).right:
    if wanted in (None, dag_id := f"retime_{right.name}"):
        try:
            globals()[dag_id] = build_dag(right)
        except Exception:  # The reader refuses what is known to get here.
            log.exception("Airflow makes no DAG of the data set %r", right.name)
