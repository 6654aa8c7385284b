"""The provider's Glue crawler operator and sensor, for the crawlers of a data set."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.providers.amazon.aws.links.logs import CloudWatchEventsLink
from airflow.providers.amazon.aws.operators.glue_crawler import GlueCrawlerOperator
from airflow.providers.amazon.aws.sensors.glue_crawler import GlueCrawlerSensor
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    TriggerRule,
)

from retime.airflow import runtime, tasks
from retime.dataset.model import DataSet
from retime.planning.healing import raw_windows
from retime.planning.report import current_slices
from retime.published import crawl
from retime.raw.partitions import uncrawled_hours

CRAWL_TIMEOUT = timedelta(hours=2)


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
            runtime.connect(self, "glue")
            cause = self.find_cause(context)
        if not cause:
            raise AirflowSkipException("there is nothing to crawl")
        self.log.info("to crawl: %s", cause)
        name: str = self.config["Name"]
        if not self.hook.has_crawler(name):
            raise AirflowFailException(
                f"there is no crawler {name!r}; create it as infra/README.md says, or name another "
                f"in the YAML file of {self.data_set.name!r}"
            )
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
        deployment, now = runtime.deployment(self.data_set), runtime.now()
        windows = raw_windows(deployment, runtime.request_of_run(self.data_set, context))
        if not windows:
            return ""
        missing, until = uncrawled_hours(deployment, windows, now)
        context["ti"].xcom_push(key=runtime.LANDED_UNTIL, value=until.to_json())
        return f"{len(missing)} arrival hours, from {missing[0]}" if missing else ""


class CrawlPublishedOperator(CrawlOperator):
    """Crawl the published table, but only when the run published something of it."""

    def __init__(self, *, data_set: DataSet, **kwargs: Any) -> None:
        # Not ALL_DONE: what a publication left half done, a crawler would register.
        super().__init__(
            data_set=data_set,
            crawler=data_set.published.crawler,
            trigger_rule=TriggerRule.NONE_FAILED,
            **kwargs,
        )

    def find_cause(self, context: Any) -> str:
        """Return which slices the run published."""
        return ", ".join(map(str, current_slices(tasks.published_slices(context))))

    def check_crawler(self, crawler: Mapping[str, Any]) -> None:
        """Refuse a crawler that would change what was published."""
        crawl.check_crawler(crawler)


class CrawlSensor(GlueCrawlerSensor):
    """Wait for the crawl; a failed one is reported with the crawler's own reason."""

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
        with runtime.no_retry():
            self.poke_interval = runtime.get_settings().poll_seconds
        return super().execute(context)

    def poke(self, context: Any) -> bool:
        """Look once."""
        with runtime.no_retry():
            runtime.connect(self, "glue")
        link_to_log(self, context, self.crawler_name)
        try:
            return bool(super().poke(context))
        except AirflowException as error:
            # Waiting again would see the same crawl.
            last = self.hook.get_crawler(self.crawler_name).get("LastCrawl", {})
            raise AirflowFailException(
                f"the crawl of {self.crawler_name} ended {last.get('Status')}: "
                f"{last.get('ErrorMessage') or 'no reason given'} (log group "
                f"{last.get('LogGroup')}, stream {last.get('LogStream')}); fix it, then clear "
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
            with runtime.no_retry():
                slices = current_slices(tasks.published_slices(context))
                crawl.check_published(runtime.deployment(self.data_set), slices)
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
