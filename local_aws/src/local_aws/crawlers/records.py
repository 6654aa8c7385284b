"""A crawler and its runs, and how the API describes them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from local_aws.crawlers.settings import DEFAULTS
from local_aws.seam import AwsError

Payload = dict[str, Any]
T = TypeVar("T")

_LAST_CRAWL = {"COMPLETED": "SUCCEEDED", "FAILED": "FAILED", "STOPPED": "CANCELLED"}
_TARGET_KINDS = (
    "S3Targets",
    "JdbcTargets",
    "MongoDBTargets",
    "DynamoDBTargets",
    "CatalogTargets",
    "DeltaTargets",
    "IcebergTargets",
    "HudiTargets",
)


@dataclass(slots=True, kw_only=True)
class Run:
    """One run of a crawler; `state` is RUNNING, COMPLETED, FAILED or STOPPED."""

    id: str
    start: float
    end: float = 0.0
    state: str = "RUNNING"
    message: str = ""
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Crawler:
    """A crawler: its definition as given, and its runs, oldest first."""

    definition: Payload
    created: float
    updated: float
    version: int = 1
    runs: list[Run] = field(default_factory=list)
    is_stopping: bool = False

    @property
    def state(self) -> str:
        """READY, RUNNING or STOPPING."""
        if not self.runs or self.runs[-1].state != "RUNNING":
            return "READY"
        return "STOPPING" if self.is_stopping else "RUNNING"


def finished_runs(crawler: Crawler) -> list[Run]:
    """The runs that have ended."""
    return [run for run in crawler.runs if run.state != "RUNNING"]


def described(crawler: Crawler) -> Payload:
    """The crawler as GetCrawler shows it; LastCrawl is absent before the first run has ended."""
    given = {key: value for key, value in crawler.definition.items() if key != "Schedule"}
    targets = given.get("Targets") or {}
    answer = {
        **DEFAULTS,
        **given,
        "Targets": {kind: targets.get(kind) or [] for kind in _TARGET_KINDS},
        "State": crawler.state,
        "CreationTime": crawler.created,
        "LastUpdated": crawler.updated,
        "Version": crawler.version,
        "CrawlElapsedTime": 0,
    }
    if schedule := crawler.definition.get("Schedule"):
        answer["Schedule"] = {"ScheduleExpression": schedule, "State": "SCHEDULED"}
    if finished := finished_runs(crawler):
        answer["LastCrawl"] = _last_crawl(crawler.definition["Name"], finished[-1])
    return answer


def _last_crawl(name: str, run: Run) -> Payload:
    answer = {"Status": _LAST_CRAWL[run.state], "StartTime": run.start, **_log(name, run)}
    return {**answer, "ErrorMessage": run.message} if run.message else answer


def _log(name: str, run: Run) -> Payload:
    return {"LogGroup": "/aws-glue/crawlers", "LogStream": name, "MessagePrefix": run.id}


def described_run(name: str, run: Run) -> Payload:
    """The run as ListCrawls shows it."""
    answer = {"CrawlId": run.id, "State": run.state, "StartTime": run.start, **_log(name, run)}
    if run.state != "RUNNING":
        answer["EndTime"] = run.end
        answer["DPUHour"] = (run.end - run.start) / 3600
        answer["Summary"] = json.dumps(run.counts)
    return {**answer, "ErrorMessage": run.message} if run.message else answer


def metrics_of(name: str, crawler: Crawler) -> Payload:
    """The crawler as GetCrawlerMetrics shows it."""
    finished = finished_runs(crawler)
    seconds = sorted(run.end - run.start for run in finished)
    last = finished[-1] if finished else None
    counts = last.counts if last else {}
    return {
        "CrawlerName": name,
        "TimeLeftSeconds": 0.0,
        "StillEstimating": crawler.state != "READY",
        "LastRuntimeSeconds": last.end - last.start if last else 0.0,
        "MedianRuntimeSeconds": seconds[len(seconds) // 2] if seconds else 0.0,
        "TablesCreated": counts.get("tables_created", 0),
        "TablesUpdated": counts.get("tables_updated", 0),
        "TablesDeleted": counts.get("tables_deleted", 0),
    }


def page_of(entries: Sequence[T], payload: Payload, default: int) -> tuple[list[T], Payload]:
    """A page of a list, and the token of the next one if there is one."""
    start = int(payload.get("NextToken") or 0)
    end = start + payload.get("MaxResults", default)
    return list(entries[start:end]), {"NextToken": str(end)} if end < len(entries) else {}


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda a, b: a == b,
    "NE": lambda a, b: a != b,
    "GT": lambda a, b: a > b,
    "GE": lambda a, b: a >= b,
    "LT": lambda a, b: a < b,
    "LE": lambda a, b: a <= b,
}


def run_test(given: Payload) -> Callable[[Run], bool]:
    """One filter of ListCrawls; raises AwsError when it is none."""
    compare = _COMPARISONS.get(given.get("FilterOperator", ""))
    name, wanted = given.get("FieldName", ""), given.get("FieldValue", "")
    if compare is None or name not in {"CRAWL_ID", "STATE", "START_TIME", "END_TIME"}:
        raise AwsError("InvalidInputException", f"Invalid Filter Provided: {given}")
    if name in {"CRAWL_ID", "STATE"}:
        return lambda run: compare(run.id if name == "CRAWL_ID" else run.state, wanted)
    moment = _epoch(wanted)
    return lambda run: compare(run.start if name == "START_TIME" else run.end, moment)


def _epoch(text: str) -> float:
    if text.isdecimal():
        return float(text) / 1000
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
