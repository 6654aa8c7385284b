"""The bodies of the DAG's tasks: get what they need, call the package, return values."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from retime import aws
from retime.airflow import runtime
from retime.airflow.compat import skip_unplanned
from retime.calendar.partitions import HOUR, ceil_hour, partition_windows, partitions_of
from retime.calendar.slices import Slice
from retime.dataset.reader import DataSet, Table, overlap, overlaps_raw
from retime.errors import CrawlError, RunError
from retime.planning.plan import plan_slices, planned_slice, wanted_arrivals, window_of
from retime.planning.report import describe_plan, describe_run, describe_update, sum_up
from retime.published import clean_up, publish
from retime.published import crawl as published_crawl
from retime.published import plain_folders as plain_objects
from retime.published import tables as catalog
from retime.published.generations import generation_location
from retime.published.ledger import ledger_of
from retime.published.publication import Build
from retime.raw import landed as arrivals
from retime.statements import rendering as sql
from retime.statements.audit import rows_by_partition

log = logging.getLogger(__name__)


def job_of(data_set: DataSet, planned: Mapping[str, Any]) -> sql.Job:
    """Return what the statements of a planned slice are about."""
    plan = planned_slice(planned)
    raw = catalog.read_raw_table(
        runtime.get_clients().glue, runtime.get_settings().database, data_set.raw.table
    )
    return sql.Job(data_set=data_set, raw=raw, slice_=plan.slice_, window=plan.window)


def check_raw_is_there(data_set: DataSet, planned: Mapping[str, Any]) -> None:
    """See that the raw events that a slice was planned on have neither expired nor been archived.

    Raises:
        RunError: they have; what was published of them would be taken for empty.
    """
    plan = planned_slice(planned)
    location = runtime.resolve(data_set.raw.location)
    s3 = runtime.get_clients().s3
    arrivals.list_landed(s3, location, plan.window)
    first = arrivals.first_landed(s3, location)
    if first is None or first > plan.window.start:
        raise RunError(
            f"the slice was planned on what landed from {plan.window.start:%Y-%m-%d %H}:00 UTC on, "
            f"and under {location} the first arrival hour is now "
            f"{f'{first:%Y-%m-%d %H}:00 UTC' if first else 'missing'}; clear the run to plan again "
            "from what is left"
        )


def uncrawled_hours(data_set: DataSet, context: Any) -> list[datetime]:
    """Return the arrival hours that the run needs, that have landed, and that the catalog lacks.

    XCom `until` tells `check_raw` what a crawl that begins now cannot be expected to find.
    """
    landed, until = _landed(data_set, context)
    context["ti"].xcom_push(key="until", value=until.isoformat())
    database, table = runtime.get_settings().database, data_set.raw.table
    glue = runtime.get_clients().glue
    has_table = catalog.has_table(glue, database, table)
    raw = catalog.read_raw_table(glue, database, table) if has_table else None
    return arrivals.missing_hours(glue, raw, landed)


@runtime.failing_for_good
def check_raw(data_set: DataSet, context: Any) -> str:
    """See that the catalog has every arrival hour that the run needs.

    Returns:
        When the first hour begins that the run may not read, ISO 8601: what lands or settles later
        may not be in the catalog.

    Raises:
        CrawlError: the catalog lacks hours, although it was crawled; a retry can help.
    """
    landed, until = _landed(data_set, context)
    crawled = context["ti"].xcom_pull(task_ids="crawl_raw", key="until")
    if crawled:
        # An hour that was closed during the crawl is the next run's.
        until = min(until, datetime.fromisoformat(crawled))
        landed = {hour: what for hour, what in landed.items() if hour < until}
    glue, database = runtime.get_clients().glue, runtime.get_settings().database
    raw = catalog.read_raw_table(glue, database, data_set.raw.table)
    location = runtime.resolve(data_set.raw.location)
    missing = arrivals.missing_hours(glue, raw, landed)
    if data_set.raw.crawler is None:
        arrivals.register_hours(glue, raw, missing, location)
    elif missing:
        raise CrawlError(
            f"{len(missing)} arrival hours under {location}, from {missing[0]:%Y-%m-%d %H}:00 UTC, "
            f"are not partitions of {database}.{raw.name}; see what the crawler "
            f"{data_set.raw.crawler} includes and excludes, then clear crawl_raw"
        )
    if raw.is_json:
        arrivals.let_json_be_unreadable(glue, raw, landed)
    return until.isoformat()


@runtime.failing_for_good
def plan_run(data_set: DataSet, until: str, context: Any) -> list[dict[str, Any]]:
    """Return the slices to build; none if only the plan was asked for, which is in XCom `plan`.

    `until` is what `check_raw` returned.
    """
    dates = runtime.dates_of_run(data_set, context)
    _check_places(data_set)
    landed, _ = _landed(data_set, context)
    before = datetime.fromisoformat(until)
    location, s3 = runtime.resolve(data_set.raw.location), runtime.get_clients().s3
    planned = plan_slices(
        data_set,
        dates,
        {hour: what for hour, what in landed.items() if hour < before},
        first_hour=arrivals.first_landed(s3, location),
        until=before,
    )
    plan = [plan.to_json() for plan in planned]
    log.info("%s", describe_plan(dates, planned))
    context["ti"].xcom_push(key="plan", value=plan)
    to_build = [] if context["params"].get("plan_only") else plan
    skip_unplanned(len(to_build), context)
    return to_build


@runtime.failing_for_good
def publish_slice(
    data_set: DataSet,
    planned: Mapping[str, Any],
    staged: Mapping[str, Any],
    quarantined: Mapping[str, Any],
    audited: Mapping[str, Any],
    context: Any,
) -> dict[str, Any]:
    """Point the published tables at the staged generations; return what the report tells."""
    if audited["generations"] != [staged["generation"], quarantined["generation"]]:
        raise RunError("the slice was staged again after its audit; clear the audit")
    plan = planned_slice(planned)
    by_arrival = partition_windows(
        plan.slice_, data_set.grain, before=timedelta(0), after=timedelta(0)
    )
    by_event = wanted_arrivals(data_set, plan.slice_)
    changes = {}
    # The quarantine first: once the events are published, what they lack can be looked up.
    for table, stage, rows, wanted in (
        (data_set.quarantine, quarantined, audited["quarantined"], by_arrival),
        (data_set.published, staged, audited["staged"], by_event),
    ):
        resolved = runtime.resolve_table(table)
        build = Build(
            generation=stage["generation"],
            location=generation_location(resolved.generations, stage["generation"]),
            slice_=plan.slice_,
            grain=data_set.grain,
            rows=rows_by_partition(rows),
            wanted=wanted,
            read=plan.window,
            fingerprint=stage["fingerprint"],
            run_id=context["run_id"],
            query_id=stage["query_id"],
        )
        changes[table.name] = _publish(resolved, build, data_set)
    return {
        "slice": str(plan.slice_),
        "generation": staged["generation"],
        "counts": audited["counts"],
        "partitions": changes[data_set.published.name],
        "stage_scanned_bytes": staged["scanned_bytes"],
        "scanned_bytes": sum(q["scanned_bytes"] for q in (staged, quarantined, audited)),
        "raw_bytes": plan.raw_bytes,
    }


def changed_slices(context: Any) -> list[Slice]:
    """Return the slices of which the run changed partitions."""
    return [
        slice_
        for slice_, result in _published(context).items()
        if any(count for what, count in result["partitions"].items() if what != "kept")
    ]


@runtime.failing_for_good
def check_published_crawl(data_set: DataSet, context: Any) -> None:
    """See that a crawl left the published table as the run published it.

    Raises:
        CatalogError: it did not; names what it changed and what to do.
    """
    glue, database = runtime.get_clients().glue, runtime.get_settings().database
    table = runtime.resolve_table(data_set.published)
    catalog.ensure_table(glue, database, table, data_set.partition_keys)
    partitions = [
        partition
        for slice_ in changed_slices(context)
        for partition in partitions_of(slice_, data_set.grain)
    ]
    published_crawl.check_crawl(glue, database, table, partitions)


@runtime.failing_for_good
def clean_up_run(data_set: DataSet) -> dict[str, int]:
    """Drop staging tables, and delete data that nothing uses any more, after the retention time."""
    clients, database, now = runtime.get_clients(), runtime.get_settings().database, runtime.now()
    retention = data_set.run.retention
    dropped = deleted = 0
    for table in (data_set.published, data_set.quarantine):
        resolved = runtime.resolve_table(table)
        dropped += clean_up.drop_staging_tables(clients.glue, database, resolved, now - retention)
        if catalog.has_table(clients.glue, database, table.name):
            deleted += clean_up.delete_generations(
                clients, database, resolved, now=now, retention=retention
            )
    return {"staging_tables_dropped": dropped, "generations_deleted": deleted}


@runtime.failing_for_good
def report_run(data_set: DataSet, context: Any) -> dict[str, Any]:
    """Tell what the run did.

    Raises:
        RunError: a planned slice was not published, so the run must not look green.
    """
    plan = context["ti"].xcom_pull(task_ids="plan")
    if plan is None:
        raise RunError("nothing was planned; see the first task that failed")
    published = _published(context)
    results = list(published.values())
    totals = sum_up(results)
    log.info("%s", describe_run(data_set.name, results, totals))
    missing = [str(s) for s in (planned_slice(p).slice_ for p in plan) if s not in published]
    if missing:
        raise RunError(
            f"{len(missing)} of {len(plan)} slices were not published: {', '.join(missing)}; "
            "see their tasks, mend the cause and clear them"
        )
    return totals


@runtime.failing_for_good
def announce_run(data_set: DataSet, context: Any) -> dict[str, Any]:
    """Return what the event of the published table carries, as the catalog has it now.

    Raises:
        AirflowSkipException: the run published nothing, so that no event is due.
    """
    from airflow.providers.common.compat.sdk import AirflowSkipException

    published = _published(context)
    partitions = {slice_: partitions_of(slice_, data_set.grain) for slice_ in published}
    updated = [
        slice_
        for slice_, result in published.items()
        if result["partitions"]["kept"] < len(partitions[slice_])
    ]
    if not updated:
        raise AirflowSkipException("nothing was published, so there is nothing to announce")
    values = [tuple(map(str, values)) for slice_ in updated for values in partitions[slice_]]
    database, table = runtime.get_settings().database, data_set.published.name
    records = aws.read_partitions(runtime.get_clients().glue, database, table, values)
    ledgers = (ledger_of(record.get("Parameters", {})) for record in records.values())
    generations = [str(published[slice_]["generation"]) for slice_ in updated]
    update = describe_update(updated, generations, [ledger for ledger in ledgers if ledger])
    return {"database": database, "table": table, "run_id": context["run_id"], **update}


def _check_places(data_set: DataSet) -> None:
    # Two settings can name one bucket, which the YAML file does not show.
    raw = runtime.resolve(data_set.raw.location)
    tables = [runtime.resolve_table(table) for table in (data_set.published, data_set.quarantine)]
    for table in tables:
        if overlaps_raw(table, raw):
            raise RunError(
                f"{table.name} at {table.location} overlaps the raw events at {raw}; set another "
                "published_bucket, or give the data set other locations"
            )
    if overlap(*tables):
        raise RunError(
            f"{tables[0].name} at {tables[0].location} overlaps {tables[1].name} at "
            f"{tables[1].location}; set other buckets, or give the data set other locations"
        )


def _landed(data_set: DataSet, context: Any) -> tuple[dict[datetime, arrivals.Landed], datetime]:
    """What the run may read, landed and no longer growing, and the exclusive end of it."""
    window = window_of(data_set, runtime.dates_of_run(data_set, context))
    location, s3 = runtime.resolve(data_set.raw.location), runtime.get_clients().s3
    landed, now = arrivals.list_landed(s3, location, window), runtime.now()
    if arrivals.has_landed_from(s3, location, ceil_hour(window.end)):
        until = window.end
    else:
        until = max(landed, default=window.start - HOUR) + HOUR
    # Hours close one after the other, so that the last ones are the only ones that can be open.
    while until > window.start:
        last = ceil_hour(until) - HOUR
        if arrivals.is_closed(s3, location, last, now):
            break
        until = last
    return {hour: what for hour, what in landed.items() if hour < until}, until


def _published(context: Any) -> dict[Slice, Mapping[str, Any]]:
    """What the slices of the run that are published told, in the order of its plan."""
    # A list of task ids gives a list of results, of a single mapped instance too.
    results = context["ti"].xcom_pull(task_ids=["slice.publish"]) or ()
    # Those of a longer plan, before the run was cleared, are there still: after the ones of now.
    told = {result["slice"]: result for result in reversed(list(results)) if result}
    plan = context["ti"].xcom_pull(task_ids="plan") or ()
    slices = (planned_slice(planned).slice_ for planned in plan)
    return {slice_: told[str(slice_)] for slice_ in slices if str(slice_) in told}


def _publish(table: Table, build: Build, data_set: DataSet) -> dict[str, int]:
    clients, database = runtime.get_clients(), runtime.get_settings().database
    catalog.ensure_table(clients.glue, database, table, data_set.partition_keys)
    is_plain = table.layout == "hive"
    publish_build = plain_objects.publish_build if is_plain else publish.publish_build
    done = publish_build(
        clients, database, table, build, now=runtime.now(), retention=data_set.run.retention
    )
    log.info("%s.%s: %s", database, table.name, done)
    return done
