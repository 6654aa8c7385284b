"""The demo's raw events: six days with a month's end and a clock change, landed on local_aws."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any

from demo.account import RAW_PREFIX
from demo.environment import RAW_BUCKET
from demo.landing import land
from demo.traffic import Arrivals, generate

FIRST_DATE = date(2024, 3, 28)
LAST_DATE = date(2024, 4, 2)
DAILY_DATE = date(2024, 3, 30)
RANGE = (date(2024, 3, 28), date(2024, 4, 1))
POINTS = 60
_SEED = 20240328
_DONE = "demo-data-landed"


def land_demo(s3: Any, tell: Callable[[str], None]) -> None:
    """Land the demo's events, unless they have landed before."""
    if s3.list_objects_v2(Bucket=RAW_BUCKET, Prefix=_DONE)["KeyCount"]:
        return
    start, end = midnight(FIRST_DATE), midnight(LAST_DATE + timedelta(days=1))
    events = generate(POINTS, start, end, seed=_SEED)
    land(s3, RAW_BUCKET, RAW_PREFIX, _told(events, tell))
    s3.put_object(Bucket=RAW_BUCKET, Key=_DONE, Body=b"")


def raw_size(s3: Any) -> tuple[int, int]:
    """Return the number of raw objects and their bytes."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=RAW_BUCKET, Prefix=RAW_PREFIX)
    sizes = [entry["Size"] for page in pages for entry in page.get("Contents", ())]
    return len(sizes), sum(sizes)


def midnight(day: date) -> datetime:
    """Return the first instant of a date, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


def _told(events: Iterable[Arrivals], tell: Callable[[str], None]) -> Iterator[Arrivals]:
    for arrivals in events:
        if arrivals.hour.hour == 0:
            tell(f"landing raw events that arrive on {arrivals.hour:%Y-%m-%d}")
        yield arrivals
