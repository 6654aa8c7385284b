"""The provider's operators, told what only a data set knows."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import ceil
from typing import Any

from airflow.providers.amazon.aws.links.logs import CloudWatchEventsLink
from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.amazon.aws.sensors.glue_crawler import GlueCrawlerSensor
from airflow.providers.amazon.aws.triggers.athena import AthenaTrigger
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    BaseOperator,
    BaseSensorOperator,
    TriggerRule,
)

from retime import arrivals, audit, aws, catalog, published_crawl, runtime, sql, tasks
from retime.compat import GlueCrawlerOperator, planned_of
from retime.dataset import EVENT_COUNT, QUARANTINE_COLUMNS, DataSet
from retime.generations import generation_location, new_generation, staging_table_name
from retime.layout import HOUR, ceil_hour
from retime.lineage import Lineage, slice_lineage, to_openlineage
from retime.plan import planned_slice
from retime.quoting import quote_name

CRAWL_TIMEOUT = timedelta(hours=2)
TASK_TIMEOUT = timedelta(hours=2)
"""How long a task may work, or wait for its query."""
PAST = timedelta(days=1)
"""How long after a wait would have timed out a date is not waited for at all."""

_USER_ERROR = 2  # AthenaError.ErrorCategory: 1 system, 2 user, 3 other


class ArrivalSensor(BaseSensorOperator):
    """Wait until the arrival hour that follows the run's last event date is complete.

    Its first minutes bring the last events of the date. It is complete when a later hour has begun
    to land, or when it is long over; dates of the past are not waited for.
    """

    def __init__(self, *, data_set: DataSet, **kwargs: Any) -> None:
        super().__init__(
            mode="reschedule",
            timeout=data_set.run.arrival_timeout.total_seconds(),
            doc_md=self.__doc__,
            **kwargs,
        )
        self.data_set = data_set

    def poke(self, context: Any) -> bool:
        """Look once; fails for good if the run asks for dates that it cannot build."""
        with runtime.no_retry():
            runtime.check_parameters(context)
            end = ceil_hour(runtime.dates_of_run(self.data_set, context).end)
            now = runtime.now()
            if now >= end + self.data_set.run.arrival_timeout + PAST:
                return True
            location, s3 = runtime.resolve(self.data_set.raw.location), runtime.get_clients().s3
            is_over = now >= end + HOUR + arrivals.SETTLING
            return arrivals.has_landed_from(s3, location, end if is_over else end + HOUR)

    def execute(self, context: Any) -> Any:
        """Wait; says after the timeout what was waited for."""
        try:
            return super().execute(context)
        except AirflowException as error:
            if "timed out" not in str(error):
                raise
            end = ceil_hour(runtime.dates_of_run(self.data_set, context).end)
            location = runtime.resolve(self.data_set.raw.location)
            raise type(error)(
                f"no raw event landed under {location} after {end:%Y-%m-%d %H}:00 UTC within "
                f"{self.data_set.run.arrival_timeout}; see whether the delivery stream works, "
                "then clear this task"
            ) from error


class CrawlOperator(GlueCrawlerOperator):
    """Start a crawl, but only when there is something to crawl.

    A crawler that is already running may have listed S3 too early, so it is not joined: the task
    fails and is retried, and crawls then if it is still needed.
    """

    # Of the links that the provider registers: Airflow 2 shows no others without a plugin.
    operator_extra_links = (CloudWatchEventsLink(),)

    def __init__(self, *, data_set: DataSet, crawler: str | None, **kwargs: Any) -> None:
        super().__init__(
            config={"Name": crawler},
            wait_for_completion=False,
            deferrable=False,
            fail_on_already_running=True,
            doc_md=type(self).__doc__,
            **kwargs,
        )
        self.data_set = data_set

    def find_cause(self, context: Any) -> str:
        """Return what there is to crawl; empty when there is nothing."""
        raise NotImplementedError

    def check_crawler(self, crawler: Mapping[str, Any]) -> None:
        """Refuse a crawler that would do harm."""

    def execute(self, context: Any) -> str:
        """Start a crawl, or skip."""
        with runtime.no_retry():
            cause = self.find_cause(context)
        if not cause:
            raise AirflowSkipException("there is nothing to crawl")
        self.log.info("to crawl: %s", cause)
        self.aws_conn_id = runtime.get_settings().aws_conn_id
        name: str = self.config["Name"]
        if not self.hook.has_crawler(name):
            raise AirflowFailException(f"there is no crawler {name!r}; create it, see docs")
        with runtime.no_retry():
            self.check_crawler(self.hook.get_crawler(name))
        link_to_log(self, context, name)
        return str(super().execute(context))


class CrawlRawOperator(CrawlOperator):
    """Crawl the raw data, but only when S3 has arrival hours that the catalog does not.

    A crawler that is already running may have listed S3 too early, so it is not joined: the task
    fails and is retried, and crawls then if it is still needed.
    """

    def __init__(self, *, data_set: DataSet, **kwargs: Any) -> None:
        super().__init__(data_set=data_set, crawler=data_set.raw.crawler, **kwargs)

    def find_cause(self, context: Any) -> str:
        """Return which arrival hours the catalog lacks."""
        missing = tasks.uncrawled_hours(self.data_set, context)
        return f"{len(missing)} arrival hours, from {missing[0]}" if missing else ""


class CrawlPublishedOperator(CrawlOperator):
    """Crawl the published table, but only when the run changed something of it."""

    def __init__(self, *, data_set: DataSet, **kwargs: Any) -> None:
        # Not ALL_DONE: what a publication left half done, a crawler would register.
        super().__init__(
            data_set=data_set,
            crawler=data_set.published.crawler,
            trigger_rule=TriggerRule.NONE_FAILED,
            **kwargs,
        )

    def find_cause(self, context: Any) -> str:
        """Return which slices changed the table."""
        return ", ".join(tasks.changed_slices(context))

    def check_crawler(self, crawler: Mapping[str, Any]) -> None:
        """Refuse a crawler that would change what was published."""
        published_crawl.check_crawler(crawler)


class CrawlSensor(GlueCrawlerSensor):
    """Wait for the crawl; a failed one is told with the crawler's own reason."""

    operator_extra_links = (CloudWatchEventsLink(),)

    def __init__(self, *, crawler: str | None, **kwargs: Any) -> None:
        super().__init__(
            crawler_name=crawler or "",
            mode="reschedule",
            timeout=CRAWL_TIMEOUT.total_seconds(),
            doc_md=type(self).__doc__,
            **kwargs,
        )

    def execute(self, context: Any) -> Any:
        """Wait, with the environment's pause between two looks."""
        self.poke_interval = runtime.get_settings().poll_seconds
        return super().execute(context)

    def poke(self, context: Any) -> bool:
        """Look once."""
        self.aws_conn_id = runtime.get_settings().aws_conn_id
        link_to_log(self, context, self.crawler_name)
        try:
            return bool(super().poke(context))
        except AirflowException as error:
            # Waiting again would see the same crawl.
            last = self.hook.get_crawler(self.crawler_name).get("LastCrawl", {})
            raise AirflowFailException(
                f"the crawl of {self.crawler_name} ended {last.get('Status')}: "
                f"{last.get('ErrorMessage') or 'no reason given'} (log group "
                f"{last.get('LogGroup')}, stream {last.get('LogStream')}); mend it, then clear "
                f"{', '.join(sorted(self.upstream_task_ids))}"
            ) from error


class CrawlPublishedSensor(CrawlSensor):
    """Wait for the crawl of the published table, and see that it changed nothing."""

    def __init__(self, *, data_set: DataSet, **kwargs: Any) -> None:
        super().__init__(crawler=data_set.published.crawler, **kwargs)
        self.data_set = data_set

    def poke(self, context: Any) -> bool:
        """Look once; fails for good if the crawl changed what was published."""
        is_over = super().poke(context)
        if is_over:
            tasks.check_published_crawl(self.data_set, context)
        return is_over


def link_to_log(task: Any, context: Any, crawler: str) -> None:
    """Give a task a link to the log that its crawler writes, in the console."""
    last = task.hook.get_crawler(crawler).get("LastCrawl", {})
    CloudWatchEventsLink.persist(
        context=context,
        operator=task,
        region_name=task.hook.conn_region_name,
        aws_partition=task.hook.conn_partition,
        awslogs_region=task.hook.conn_region_name,
        # A crawler writes to another group only if it has a security configuration.
        awslogs_group=last.get("LogGroup") or "/aws-glue/crawlers",
        awslogs_stream_name=last.get("LogStream") or crawler,
    )


class SliceQuery(AthenaOperator):
    """One statement about one slice; a subclass makes it, and what the next task needs of it."""

    template_fields: Sequence[str] = ("planned", *AthenaOperator.template_fields)

    def __init__(self, *, data_set: DataSet, planned: Any, **kwargs: Any) -> None:
        # Both are a setting's or the slice's: given when the task runs.
        super().__init__(query="", database="", doc_md=type(self).__doc__, **kwargs)
        self.data_set = data_set
        self.planned = planned

    def make_query(self, context: Any, job: sql.Job) -> str:
        """Return the statement; creates what it writes to."""
        raise NotImplementedError

    def conclude(self, context: Any, query_id: str) -> dict[str, Any]:
        """Return the task's result, from the query that succeeded."""
        raise NotImplementedError

    def execute(self, context: Any) -> Any:
        """Run the statement, and wait for it or defer."""
        settings = runtime.get_settings()
        self.aws_conn_id = settings.aws_conn_id
        self.database, self.workgroup = settings.database, settings.workgroup
        self.deferrable = settings.is_deferrable
        self.sleep_time = settings.poll_seconds
        # Airflow 3 counts a deferral towards no execution_timeout.
        self.max_polling_attempts = ceil(TASK_TIMEOUT.total_seconds() / settings.poll_seconds)
        self.planned = planned_of(self.planned, context)
        with runtime.no_retry():
            self.query = self.make_query(context, tasks.job_of(self.data_set, self.planned))
        try:
            query_id = super().execute(context)
        except AirflowException as error:
            raise self._with_advice(error) from error
        with runtime.no_retry():
            return self.conclude(context, str(query_id))

    def defer(self, *, trigger: Any, **kwargs: Any) -> None:
        """Defer to a trigger that gives the scheduler time to hear of it."""
        _, fields = trigger.serialize()
        super().defer(trigger=query_trigger()(**fields), **kwargs)

    def execute_complete(self, context: Any, event: dict[str, Any] | None = None) -> Any:
        """Go on after the deferral, in another process."""
        self.planned = planned_of(self.planned, context)
        self.aws_conn_id = runtime.get_settings().aws_conn_id
        try:
            query_id = super().execute_complete(context, event)
        except AirflowException as error:
            self.query_execution_id = (event or {}).get("value")
            raise self._with_advice(error) from error
        with runtime.no_retry():
            return self.conclude(context, query_id)

    def get_openlineage_facets_on_complete(self, _: Any) -> Any:
        """Tell OpenLineage of the query only: what it reads or writes is staging, and goes."""
        return to_openlineage(Lineage(), self.query_execution_id)

    def _with_advice(self, error: AirflowException) -> AirflowException:
        """Tell Athena's reason, and do not retry where Athena says that it cannot help."""
        if not self.query_execution_id:
            return error
        status = self.hook.get_query_info(self.query_execution_id)["QueryExecution"]["Status"]
        failure = status.get("AthenaError") or {}
        reason = str(status.get("StateChangeReason") or error).rstrip(".")
        told = f"query {self.query_execution_id} ended {status['State']}: {reason}."
        if failure.get("ErrorCategory") == _USER_ERROR and not failure.get("Retryable"):
            return AirflowFailException(f"{told} A retry cannot help; mend the SQL or the data.")
        return AirflowException(f"{told} A retry may help.")


def query_trigger() -> Any:
    """Return the trigger of plugins/, else, where it is not deployed, the provider's.

    The provider's looks at once: a short query can then cost Airflow 3 one of the task's retries.
    """
    try:
        from retime_triggers import PatientAthenaTrigger
    except ImportError:
        return AthenaTrigger
    return PatientAthenaTrigger


class StageOperator(SliceQuery):
    """Write a new generation of a slice: the transformed events, or what cannot be used of them."""

    def __init__(self, *, is_quarantine: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_quarantine = is_quarantine

    def make_query(self, context: Any, job: sql.Job) -> str:
        """Create the staging table at a location that nobody used before."""
        data_set = self.data_set
        table = data_set.quarantine if self.is_quarantine else data_set.published
        published = {**data_set.published.columns, EVENT_COUNT: "bigint"}
        columns = QUARANTINE_COLUMNS if self.is_quarantine else published
        generation = new_generation(runtime.now(), secrets.token_hex(4))
        location = generation_location(runtime.resolve_table(table).generations, generation)
        name = staging_table_name(table.name, generation)
        database = runtime.get_settings().database
        catalog.create_staging_table(
            runtime.get_clients().glue, database, name, location, columns, data_set.partition_keys
        )
        context["ti"].xcom_push(key="generation", value=generation)
        render = sql.render_quarantine if self.is_quarantine else sql.render_stage
        return render(job, quote_name(database, name))

    def conclude(self, context: Any, query_id: str) -> dict[str, Any]:
        """Tell the next tasks which generation the query wrote."""
        ti = context["ti"]
        generation = ti.xcom_pull(task_ids=ti.task_id, key="generation", map_indexes=ti.map_index)
        return {
            "generation": generation,
            "query_id": query_id,
            "scanned_bytes": aws.get_scanned_bytes(self.hook.get_conn(), query_id),
        }


class AuditOperator(SliceQuery):
    """Audit a staged slice; fails if it may not be published."""

    template_fields: Sequence[str] = ("staged", "quarantined", *SliceQuery.template_fields)

    def __init__(self, *, staged: Any, quarantined: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.staged = staged
        self.quarantined = quarantined

    def make_query(self, context: Any, job: sql.Job) -> str:  # noqa: ARG002
        """Audit the two staging tables against the raw events."""
        database = runtime.get_settings().database
        published, quarantine = self.data_set.published.name, self.data_set.quarantine.name
        return sql.render_audit(
            job,
            quote_name(database, staging_table_name(published, self.staged["generation"])),
            quote_name(database, staging_table_name(quarantine, self.quarantined["generation"])),
        )

    def conclude(self, context: Any, query_id: str) -> dict[str, Any]:  # noqa: ARG002
        """Read the counts and the bad rows."""
        athena = self.hook.get_conn()
        report = audit.read_report(
            aws.get_rows(athena, query_id),
            max_quarantined_percent=self.data_set.max_quarantined_percent,
        )
        audit.check_report(report, f"slice {planned_slice(self.planned).slice_}")
        return {
            **report.to_json(),
            "generations": [self.staged["generation"], self.quarantined["generation"]],
            "query_id": query_id,
            "scanned_bytes": aws.get_scanned_bytes(athena, query_id),
        }


class PublishOperator(BaseOperator):
    """Point the published partitions at the staged generation."""

    template_fields: Sequence[str] = ("planned", "staged", "quarantined", "audited")

    def __init__(
        self,
        *,
        data_set: DataSet,
        planned: Any,
        staged: Any,
        quarantined: Any,
        audited: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(doc_md=self.__doc__, **kwargs)
        self.data_set = data_set
        self.planned = planned
        self.staged = staged
        self.quarantined = quarantined
        self.audited = audited
        self.lineage = Lineage()

    def execute(self, context: Any) -> dict[str, Any]:
        """Publish; safe to repeat."""
        # OpenLineage asks in a fork of this process, which must not talk to Airflow for settings.
        self.lineage = slice_lineage(
            self.data_set,
            database=runtime.get_settings().database,
            region=runtime.get_clients().glue.meta.region_name,
            resolve=runtime.resolve,
        )
        planned = planned_of(self.planned, context)
        given = (planned, self.staged, self.quarantined, self.audited)
        return dict(tasks.publish_slice(self.data_set, *given, context))

    def get_openlineage_facets_on_complete(self, _: Any) -> Any:
        """Tell OpenLineage that the published tables are made from the raw one."""
        return to_openlineage(self.lineage)
