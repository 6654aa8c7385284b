"""The crawler actions of Glue, with crawlers that crawl: in the background, one run at a time."""

import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from local_aws.crawlers.catalog import CrawlCatalog, CrawlFailedError, CrawlStoppedError
from local_aws.crawlers.crawl import Crawl
from local_aws.crawlers.records import (
    Crawler,
    Run,
    described,
    described_run,
    finished_runs,
    metrics_of,
    page_of,
    run_test,
)
from local_aws.crawlers.settings import read_settings
from local_aws.messages import ACCOUNT
from local_aws.needs import glue_arns
from local_aws.seam import Access, AwsCalls, AwsError, Faults, ObjectStore, Service

Payload = dict[str, Any]

_POLL_SECONDS = 0.02


class Crawlers(Service):
    """Answers the crawler actions.

    Args:
        store: S3.
        calls: the Glue API, for the catalog.
        faults: the point "glue.crawl", with the crawler's name as subject, fails or hangs a crawl.
        access: what callers, and the roles of crawlers, may do.
        lock: the server's; stacks create crawlers while they hold it.
        state_file: where definitions and runs are kept; None keeps them in memory.
        seconds: how long a crawl takes at least.
    """

    def __init__(
        self,
        store: ObjectStore,
        calls: AwsCalls,
        faults: Faults,
        *,
        access: Access,
        lock: threading.RLock,
        state_file: Path | None,
        seconds: float,
    ) -> None:
        self._store, self._calls, self._faults = store, calls, faults
        self._access = access
        self._state_file = state_file
        self.seconds = seconds
        self._lock = lock
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._crawlers = _load(state_file)
        self._actions: dict[str, Callable[[str, Payload], Payload]] = {
            "CreateCrawler": self._create,
            "UpdateCrawler": self._update,
            "DeleteCrawler": self._delete,
            "GetCrawler": self._get,
            "GetCrawlers": self._get_all,
            "BatchGetCrawlers": self._get_some,
            "ListCrawlers": self._list,
            "StartCrawler": self._start,
            "StopCrawler": self._stop,
            "ListCrawls": self._list_runs,
            "GetCrawlerMetrics": self._metrics,
        }

    @property
    def actions(self) -> frozenset[str]:
        """See `Service.actions`."""
        return frozenset(self._actions)

    def handle(self, action: str, payload: Payload, *, region: str) -> tuple[int, Payload]:
        """See `Service.handle`."""
        self._access.need(f"glue:{action}", *glue_arns(action, payload, region))
        with self._lock:
            return 200, self._actions[action](region, payload)

    def close(self) -> None:
        """Stop the crawls that run and wait for them."""
        self._closing.set()
        for thread in self._threads:
            thread.join()

    def _create(self, region: str, payload: Payload) -> Payload:
        name = payload["Name"]
        if (region, name) in self._crawlers:
            raise AwsError("AlreadyExistsException", f"Crawler {name} already exists.")
        tags = payload.pop("Tags", None)
        read_settings(payload)
        now = time.time()
        crawler = Crawler(definition=payload, created=now, updated=now)
        self._crawlers[region, name] = crawler
        self._save()
        if tags:
            arn = f"arn:aws:glue:{region}:{ACCOUNT}:crawler/{name}"
            tagged = {"ResourceArn": arn, "TagsToAdd": tags}
            self._calls("glue", "TagResource", tagged, region=region)
        return {}

    def _update(self, region: str, payload: Payload) -> Payload:
        crawler = self._named(region, payload["Name"])
        if crawler.state != "READY":
            raise AwsError(
                "CrawlerRunningException",
                "Cannot update Crawler while running. Please stop crawl or wait until it completes"
                " to update.",
            )
        definition = {**crawler.definition, **payload}
        read_settings(definition)
        crawler.definition = definition
        crawler.version += 1
        crawler.updated = time.time()
        self._save()
        return {}

    def _delete(self, region: str, payload: Payload) -> Payload:
        name = payload["Name"]
        if self._named(region, name).state != "READY":
            raise AwsError("CrawlerRunningException", f"Crawler with name {name} is running")
        del self._crawlers[region, name]
        self._save()
        return {}

    def _get(self, region: str, payload: Payload) -> Payload:
        return {"Crawler": described(self._named(region, payload["Name"]))}

    def _get_all(self, region: str, payload: Payload) -> Payload:
        page, token = page_of(self._names(region), payload, 100)
        answer = {"Crawlers": [described(self._crawlers[region, name]) for name in page]}
        return {**answer, **token}

    def _get_some(self, region: str, payload: Payload) -> Payload:
        names = payload["CrawlerNames"]
        found = [name for name in names if (region, name) in self._crawlers]
        return {
            "Crawlers": [described(self._crawlers[region, name]) for name in found],
            "CrawlersNotFound": [name for name in names if name not in found],
        }

    def _list(self, region: str, payload: Payload) -> Payload:
        names = self._names(region)
        for key, value in (payload.get("Tags") or {}).items():
            names = [name for name in names if self._tags(region, name).get(key) == value]
        page, token = page_of(names, payload, 100)
        return {"CrawlerNames": page, **token}

    def _tags(self, region: str, name: str) -> dict[str, str]:
        arn = f"arn:aws:glue:{region}:{ACCOUNT}:crawler/{name}"
        answer = self._calls("glue", "GetTags", {"ResourceArn": arn}, region=region)
        return dict(answer.get("Tags") or {})

    def _start(self, region: str, payload: Payload) -> Payload:
        name = payload["Name"]
        crawler = self._named(region, name)
        if crawler.state != "READY":
            raise AwsError(
                "CrawlerRunningException", f"Crawler with name {name} has already started"
            )
        run = Run(id=str(uuid.uuid4()), start=time.time())
        crawler.is_stopping = False
        crawler.runs.append(run)
        thread = threading.Thread(target=self._run, args=(region, crawler, run), daemon=True)
        self._threads = [*(t for t in self._threads if t.is_alive()), thread]
        thread.start()
        return {}

    def _stop(self, region: str, payload: Payload) -> Payload:
        name = payload["Name"]
        crawler = self._named(region, name)
        if crawler.state == "READY":
            message = f"Crawler with name {name} isn't running"
            raise AwsError("CrawlerNotRunningException", message)
        if crawler.state == "STOPPING":
            message = f"Crawler with name {name} is stopping"
            raise AwsError("CrawlerStoppingException", message)
        crawler.is_stopping = True
        return {}

    def _list_runs(self, region: str, payload: Payload) -> Payload:
        crawler = self._named(region, payload["CrawlerName"])
        tests = [run_test(given) for given in payload.get("Filters") or ()]
        runs = [run for run in reversed(crawler.runs) if all(test(run) for test in tests)]
        page, token = page_of(runs, payload, 20)
        return {"Crawls": [described_run(payload["CrawlerName"], run) for run in page], **token}

    def _metrics(self, region: str, payload: Payload) -> Payload:
        names = payload.get("CrawlerNameList") or self._names(region)
        known = [name for name in names if (region, name) in self._crawlers]
        page, token = page_of(known, payload, 100)
        listed = [metrics_of(name, self._crawlers[region, name]) for name in page]
        return {"CrawlerMetricsList": listed, **token}

    def _named(self, region: str, name: str) -> Crawler:
        if (region, name) not in self._crawlers:
            message = f"Crawler entry with name {name} does not exist"
            raise AwsError("EntityNotFoundException", message)
        return self._crawlers[region, name]

    def _names(self, region: str) -> list[str]:
        return [name for where, name in self._crawlers if where == region]

    def _run(self, region: str, crawler: Crawler, run: Run) -> None:
        def is_stopped() -> bool:
            return crawler.is_stopping or self._closing.is_set()

        settings = read_settings(crawler.definition)
        catalog = CrawlCatalog(self._calls, region, is_stopped)
        crawl = Crawl(settings, self._store, catalog, run.id)
        try:
            self._wait(settings.crawler, run, is_stopped)
            with self._access.acting_as(crawler.definition.get("Role", "")):
                crawl.run()
            state, message = "COMPLETED", ""
        except CrawlStoppedError:
            state, message = "STOPPED", ""
        except (CrawlFailedError, AwsError) as error:
            state, message = "FAILED", str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the crawl ends with it
            state, message = "FAILED", f"Internal Service Exception: {error!r}"
        with self._lock:
            run.counts = asdict(crawl.counts)
            run.end, run.message, run.state = time.time(), message, state
            self._save()

    def _wait(self, name: str, run: Run, is_stopped: Callable[[], bool]) -> None:
        """Let a fault strike, then let the time pass that a crawl takes."""
        rule = self._faults.take("glue.crawl", name)
        while rule is not None and rule.action == "hang" and self._faults.is_set(rule):
            if is_stopped():
                raise CrawlStoppedError
            time.sleep(_POLL_SECONDS)
        while time.time() < run.start + self.seconds:
            if is_stopped():
                raise CrawlStoppedError
            time.sleep(_POLL_SECONDS)
        if rule is not None and rule.action != "hang":
            raise CrawlFailedError(rule.message or "Internal Service Exception")

    def _save(self) -> None:
        """Keep definitions and finished runs; a run that a crash cuts off is forgotten."""
        if self._state_file is None:
            return
        kept = [
            {
                **asdict(crawler),
                "region": region,
                "runs": [asdict(r) for r in finished_runs(crawler)],
            }
            for (region, _), crawler in self._crawlers.items()
        ]
        scratch = self._state_file.with_suffix(".new")
        scratch.write_text(json.dumps(kept))
        scratch.rename(self._state_file)


def _load(state_file: Path | None) -> dict[tuple[str, str], Crawler]:
    if state_file is None or not state_file.exists():
        return {}
    crawlers = {}
    for kept in json.loads(state_file.read_text()):
        region = kept.pop("region")
        runs = [Run(**run) for run in kept.pop("runs")]
        crawler = Crawler(**{**kept, "is_stopping": False}, runs=runs)
        crawlers[region, crawler.definition["Name"]] = crawler
    return crawlers
