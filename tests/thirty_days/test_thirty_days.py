"""Thirty days of daily runs beside random arrivals: in the end the table is that of one rebuild."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from demo.landing import land_records
from demo.runs import DagResult
from tests.end_to_end.events import CRAWLER, DAY, HOUR, MIDNIGHT, PREFIX, event
from tests.end_to_end.pipeline import Pipeline, oracle
from tests.landed_records import read_landing
from tests.oracle import assert_rows_equal, typed_row

DAYS = 30
LAST = DAY + timedelta(days=DAYS - 1)
POINTS = (32, 37, 216)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run: its dates, hours from the first midnight until it comes, whether a query fails."""

    first: date
    last: date
    hour: int
    fails: bool = False

    def start(self, pipeline: Pipeline) -> DagResult:
        """Run as the schedule does; a range of several dates as somebody who catches up does."""
        if self.first == self.last:
            return pipeline.run(self.first, heal=True)
        return pipeline.run(start_date=str(self.first), end_date=str(self.last))


def arrivals(rng: random.Random) -> dict[int, list[dict[str, Any]]]:
    """Raw events by arrival hour: one in six late, some later than the max lateness."""
    landing: dict[int, list[dict[str, Any]]] = {}
    for _ in range(DAYS * 12):
        minute = rng.randrange(DAYS * 24 * 60)
        late = rng.randrange(1, 40) if rng.random() < 1 / 6 else 0
        hour = minute // 60 + (rng.randrange(50, 70) if rng.random() < 1 / 100 else late)
        # Few hours hold raw: each object costs the local AWS some time.
        hour = hour // 8 * 8 + 7
        landed = event(minute, rng.choice(POINTS), defect=int(rng.random() < 1 / 20))
        landing.setdefault(hour, []).append(landed)
    for day in range(1, DAYS + 4):
        # Another date's event in the hour that a daily run waits for.
        landing.setdefault(24 * day, []).append(event(24 * 60 * day, 37))
    return landing


def runs(rng: random.Random) -> Iterator[Run]:
    """One run a date, some hours after it, but for three times without any: caught up in ranges.

    Some runs fail, and come again dates later.
    """
    missed, planned = set(), []
    for first in sorted(rng.sample(range(1, DAYS - 6, 7), 3)):
        last = first + rng.randrange(2, 5)
        missed |= set(range(first, last + 1))
        dates = {"first": DAY + timedelta(days=first), "last": DAY + timedelta(days=last)}
        planned.append(Run(**dates, hour=24 * (last + rng.randrange(1, 4)) + 30))
    for number in set(range(DAYS - 1)) - missed:
        day, hour = DAY + timedelta(days=number), 24 * (number + 1) + rng.randrange(1, 12)
        fails = rng.random() < 1 / 8
        planned.append(Run(first=day, last=day, hour=hour, fails=fails))
        if fails:
            planned.append(Run(first=day, last=day, hour=hour + 24 * rng.randrange(3)))
    yield from sorted(planned, key=lambda run: (run.hour, not run.fails))
    yield Run(first=LAST, last=LAST, hour=24 * (DAYS + 3))


def published(pipeline: Pipeline) -> list[dict[str, str | None]]:
    rows = pipeline.query("SELECT * FROM traffic")
    return sorted(rows, key=lambda row: tuple(str(value) for value in row.values()))


def test_after_thirty_days_the_table_is_that_of_one_full_rebuild(
    pipeline, faults, monkeypatch, record_property
) -> None:
    rng = random.Random(20240329)
    landing, scanned, healed, number = arrivals(rng), 0, 0, 0
    pipeline.crawl_from(CRAWLER, pipeline.name, PREFIX)
    for run in runs(rng):
        for hour in sorted(hour for hour in landing if hour < run.hour):
            at = MIDNIGHT + hour * HOUR
            land_records(pipeline.s3, pipeline.name, PREFIX, landing.pop(hour), at)
        if run.fails:
            faults.set("athena.query.before_write", "fail", match="_quarantine__")
        done, number = run.start(pipeline), number + 1
        assert done.state == ("failed" if run.fails else "success"), done.states
        if run.fails:
            continue
        report = done.result("report")
        scanned += report["scanned_bytes"]
        healed += len(report["healed"])

    records = read_landing(pipeline.s3, pipeline.name, PREFIX)
    by_days = published(pipeline)
    assert_rows_equal([typed_row(row) for row in by_days], oracle(records, DAY, LAST).all_rows)
    assert all(ledger.is_settled for ledger in pipeline.ledgers("traffic").values())

    whole = Pipeline(aws=pipeline.aws, name=f"{pipeline.name}-whole", raw_bucket=pipeline.name)
    whole.set_up()
    for name, value in whole.settings.items():
        monkeypatch.setenv(name, value)
    whole.crawl_from(CRAWLER, pipeline.name, PREFIX)
    report = whole.succeed(start_date=str(DAY), end_date=str(LAST))
    assert published(whole) == by_days
    record_property(
        "measured",
        f"{DAYS} dates in {number} runs, {healed} dates built again for late events: "
        f"{scanned / report['scanned_bytes']:.1f} times the bytes scanned by one full rebuild",
    )
