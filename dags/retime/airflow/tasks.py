"""The bodies of the DAG's tasks: get what they need, call the package, return plain values."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from retime.airflow import runtime
from retime.airflow.compat import count_metrics, max_slices, skip_unplanned
from retime.calendar.slices import Slice
from retime.dataset.model import DataSet
from retime.errors import QueryError, RunError
from retime.planning import report
from retime.planning.healing import raw_windows
from retime.planning.plan import PlannedSlice, is_build
from retime.planning.plan import plan_run as make_plan
from retime.published.clean_up import clean_up
from retime.published.confirm import Confirmed, settled_dates
from retime.published.ledger import published_ledgers
from retime.published.results import Published
from retime.published.rollback import Changed
from retime.published.search import Search
from retime.published.tables import check_tables
from retime.raw.landed import LandedUntil
from retime.raw.partitions import describe_strays, ensure_registered
from retime.statements.absent import describe_absent
from retime.statements.validation import validate_statements

log = logging.getLogger(__name__)

_LATE = "late"
_REMARKS = "remarks"


@runtime.failing_for_good
def check_raw(data_set: DataSet, context: Any) -> dict[str, str]:
    """See that the catalog has every arrival hour that has landed; return how far that is."""
    deployment, now = runtime.deployment(data_set), runtime.now()
    request = runtime.request_of_run(data_set, context)
    windows = raw_windows(deployment, request)
    if not windows:
        return LandedUntil(instant=request.dates.end).to_json()
    crawled = context["ti"].xcom_pull(task_ids="crawl_raw", key=runtime.LANDED_UNTIL)
    before_crawl = runtime.received(LandedUntil, crawled) if crawled else None
    landed = ensure_registered(deployment, windows, now, before_crawl)
    remarks = [
        remark
        for remark in (
            describe_strays(deployment, landed.strays),
            describe_absent(deployment, landed.hours),
        )
        if remark
    ]
    for remark in remarks:
        log.warning("%s", remark)
    context["ti"].xcom_push(key=_REMARKS, value=remarks)
    return landed.until.to_json()


@runtime.failing_for_good
def plan_run(
    data_set: DataSet, until: Mapping[str, str], late: Mapping[str, Any], context: Any
) -> list[dict[str, Any]]:
    """Return what to do; nothing if only the plan was asked for, which is in XCom `plan`."""
    deployment, now = runtime.deployment(data_set), runtime.now()
    request = runtime.request_of_run(data_set, context)
    search = runtime.received(Search, late)
    landed_until = runtime.received(LandedUntil, until)
    plan = make_plan(deployment, request, search, landed_until, now, max_slices())
    if plan.slices:
        check_tables(deployment)
        try:
            validate_statements(deployment)
        except QueryError as error:
            # A busy Athena stops no run: its statements wait for their turn.
            log.warning("the statements were not checked: %s", error)
    late_dates = report.LateDates(
        waiting=search.waiting, healed=plan.healed, scanned_bytes=search.scanned_bytes
    )
    log.info(
        "%s", report.describe_plan(request, plan, late_dates, deployment.data_set.raw.location)
    )
    value = plan.to_json()
    context["ti"].xcom_push(key="plan", value=value)
    context["ti"].xcom_push(key=_LATE, value=late_dates.to_json())
    to_do = [] if request.is_plan_only else value
    skip_unplanned(len(to_do), context)
    return to_do


@runtime.failing_for_good
def clean_up_run(data_set: DataSet) -> dict[str, int]:
    """Remove what attempts left behind and nothing references any more."""
    return clean_up(runtime.deployment(data_set), runtime.now())


@runtime.failing_for_good
def report_run(data_set: DataSet, context: Any) -> dict[str, Any]:
    """Report what the run did; fails if a planned slice was not published."""
    planned = planned_slices(context)
    if planned is None:
        raise RunError("nothing was planned; see the first task that failed")
    results = published_slices(context)
    done = _sum_up(data_set, planned, results, context)
    log.info("%s", report.describe_run(data_set, results, done))
    report.check_complete(planned, results)
    count_metrics(done.metrics(data_set.name))
    return done.to_json()


@runtime.failing_for_good
def announce_run(data_set: DataSet, context: Any) -> dict[str, Any]:
    """Return what the event of the published table carries; skips if nothing was published."""
    from airflow.providers.common.compat.sdk import AirflowSkipException

    deployment, table = runtime.deployment(data_set), data_set.published
    results = report.current_slices(published_slices(context))
    done = context["ti"].xcom_pull(task_ids="report")
    ledgers = [
        ledger for slice_ in results for ledger in published_ledgers(deployment, slice_).values()
    ]
    update = report.describe_update(results, ledgers, done)
    if not update["dates"] and not update["settled"]:
        raise AirflowSkipException("nothing was published, so there is nothing to announce")
    place = {"database": deployment.database, "table": table.name, "run_id": context["run_id"]}
    return {**place, **update}


def planned_slices(context: Any) -> list[PlannedSlice] | None:
    """Return the slices that the run is to build, or None if nothing was planned."""
    plan = context["ti"].xcom_pull(task_ids="plan")
    if plan is None:
        return None
    return [runtime.received(PlannedSlice, value) for value in plan if is_build(value)]


def published_slices(context: Any) -> dict[Slice, Published]:
    """Return what came of the run's slices that are published, in the order of its plan."""
    return report.results_of(planned_slices(context) or [], _results(Published, context))


def _results(kind: type[Any], context: Any) -> list[Any]:
    """What the run's publications returned, of one type."""
    # A list of task ids gives a list of results, of a single mapped instance too.
    found = []
    for value in context["ti"].xcom_pull(task_ids=["slice.publish"]) or ():
        # A result of another version is as good as none: the report names its slice.
        with suppress(RunError):
            found.append(runtime.received(kind, value))
    return found


def _sum_up(
    data_set: DataSet,
    planned: Sequence[PlannedSlice],
    results: Mapping[Slice, Published],
    context: Any,
) -> report.RunReport:
    deployment = runtime.deployment(data_set)
    noted = context["ti"].xcom_pull(task_ids="plan", key=_LATE)
    late = runtime.received(report.LateDates, noted)
    built = {day for slice_ in report.current_slices(results) for day in slice_.dates}
    confirmed = {day for each in _results(Confirmed, context) for day in each.settled}
    return report.RunReport(
        totals=report.sum_up(planned, results, late),
        late=late,
        settled=settled_dates(deployment, built | confirmed),
        late_beyond=report.beyond_of(results.values(), runtime.dates_of_run(data_set, context)),
        changed=tuple(_results(Changed, context)),
        remarks=tuple(context["ti"].xcom_pull(task_ids="check_raw", key=_REMARKS) or ()),
    )
