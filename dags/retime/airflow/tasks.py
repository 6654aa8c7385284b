"""The bodies of the DAG's tasks: get what they need, call the package, return plain values."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from retime.airflow import runtime
from retime.airflow.compat import skip_unplanned
from retime.calendar.slices import Slice
from retime.dataset.model import DataSet
from retime.errors import RunError
from retime.planning import report
from retime.planning.plan import PlannedSlice, plan_dates
from retime.published.clean_up import clean_up
from retime.published.ledger import read_ledgers
from retime.published.results import Published
from retime.raw.landed import LandedUntil
from retime.raw.partitions import ensure_registered

log = logging.getLogger(__name__)


@runtime.failing_for_good
def check_raw(data_set: DataSet, context: Any) -> dict[str, str]:
    """See that the catalog has every arrival hour that has landed; return how far that is."""
    deployment, now = runtime.deployment(data_set), runtime.now()
    window = data_set.events.window_of(runtime.dates_of_run(data_set, context))
    crawled = context["ti"].xcom_pull(task_ids="crawl_raw", key=runtime.LANDED_UNTIL)
    before_crawl = runtime.received(LandedUntil, crawled) if crawled else None
    return ensure_registered(deployment, window, now, before_crawl).to_json()


@runtime.failing_for_good
def plan_run(data_set: DataSet, until: Mapping[str, str], context: Any) -> list[dict[str, Any]]:
    """Return the slices to build; none if only the plan was asked for, which is in XCom `plan`."""
    deployment, dates = runtime.deployment(data_set), runtime.dates_of_run(data_set, context)
    planned = plan_dates(deployment, dates, runtime.received(LandedUntil, until), runtime.now())
    log.info("%s", report.describe_plan(dates, planned))
    plan = [each.to_json() for each in planned]
    context["ti"].xcom_push(key="plan", value=plan)
    to_build = [] if context["params"].get("plan_only") else plan
    skip_unplanned(len(to_build), context)
    return to_build


@runtime.failing_for_good
def clean_up_run(data_set: DataSet) -> dict[str, int]:
    """Remove what attempts left behind and nothing references any more."""
    return clean_up(runtime.deployment(data_set), runtime.now())


@runtime.failing_for_good
def report_run(data_set: DataSet, context: Any) -> dict[str, int]:
    """Report what the run did; fails if a planned slice was not published."""
    planned = planned_slices(context)
    if planned is None:
        raise RunError("nothing was planned; see the first task that failed")
    results = published_slices(context)
    totals = report.sum_up(planned, results)
    log.info("%s", report.describe_run(data_set.name, results, totals))
    report.check_complete(planned, results)
    return totals


@runtime.failing_for_good
def announce_run(data_set: DataSet, context: Any) -> dict[str, Any]:
    """Return what the event of the published table carries; skips if nothing was published."""
    from airflow.providers.common.compat.sdk import AirflowSkipException

    deployment, table = runtime.deployment(data_set), data_set.published
    results = report.current_slices(published_slices(context))
    if not results:
        raise AirflowSkipException("nothing was published, so there is nothing to announce")
    update = report.describe_update(results, read_ledgers(deployment, results))
    place = {"database": deployment.database, "table": table.name, "run_id": context["run_id"]}
    return {**place, **update}


def planned_slices(context: Any) -> list[PlannedSlice] | None:
    """Return the slices that the run is to build, or None if nothing was planned."""
    plan = context["ti"].xcom_pull(task_ids="plan")
    return None if plan is None else [runtime.received(PlannedSlice, value) for value in plan]


def published_slices(context: Any) -> dict[Slice, Published]:
    """Return what came of the run's slices that are published, in the order of its plan."""
    # A list of task ids gives a list of results, of a single mapped instance too.
    results = context["ti"].xcom_pull(task_ids=["slice.publish"]) or ()
    published = []
    for value in results:
        # A result of another version is as good as none: the report names its slice.
        with suppress(RunError):
            published.append(runtime.received(Published, value))
    return report.results_of(planned_slices(context) or [], published)
