"""A month of parcels, as landed, for data sets that differ in names and limits; what they publish.

The dates end yesterday, so that a schedule that catches up comes to an end.
"""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from tests.landed_records import arrival_path

DELIVERIES = Path(__file__).parents[1] / "end_to_end" / "include"
NOW = datetime.now(timezone.utc)
UNFINISHED = NOW.date()
# Before that, the last of yesterday's parcels are in hours that are not over: `land`.
TODAY = (NOW - timedelta(hours=8)).date()
YESTERDAY = TODAY - timedelta(days=1)
MONTH = [TODAY - timedelta(days=n) for n in range(30, 0, -1)]
HOURS = (0, 9, 23)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """What tells one data set of these tests from another."""

    name: str
    first: date = UNFINISHED
    grain: str = "day"
    crawler: str | None = None
    raw: str = "parcels"
    run: tuple[tuple[str, Any], ...] = ()

    @property
    def dag_id(self) -> str:
        return f"retime_{self.name}"


def write_data_sets(include: Path, data_sets: Iterable[DataSet]) -> None:
    """Write data sets like `deliveries` into an include folder."""
    (include / "datasets").mkdir(parents=True)
    given = yaml.safe_load((DELIVERIES / "datasets" / "deliveries.yaml").read_text())
    for data_set in data_sets:
        name = data_set.name
        crawler = {"crawler": data_set.crawler} if data_set.crawler else {}
        raw = {
            "table": f"{data_set.raw}_raw",
            "location": f"s3://${{raw_bucket}}/{data_set.raw}_raw/",
        }
        described = {
            **given,
            "name": name,
            "start_date": data_set.first,
            "timezone": "UTC",
            "grain": data_set.grain,
            "raw": {**raw, **crawler},
            "published": {**given["published"], **_table(name)},
            "quarantine": {**given["quarantine"], **_table(f"{name}_quarantine")},
            # At any time of day yesterday is waited for, and not of the past.
            "run": {"arrival_timeout_hours": 24, **dict(data_set.run)},
        }
        (include / "datasets" / f"{name}.yaml").write_text(yaml.safe_dump(described))
        shutil.copytree(DELIVERIES / "sql" / "deliveries", include / "sql" / name)


def parcels_of(day: date) -> list[dict[str, Any]]:
    """Return the events of a date that are published, with the hours of their events."""
    return [
        {
            "parcel": f"{day:%m%d}-{hour}-{n}",
            "delivered_at": datetime(day.year, day.month, day.day, hour, 10 * n + 5),
            "weight_kg": 20.0 + 7 * n,
            "depot": ("gent", "aalst")[n % 2],
        }
        for hour in HOURS
        for n in range(3)
    ]


def late_parcel(day: date) -> dict[str, Any]:
    """Return one more event of a date."""
    return {**parcels_of(day)[0], "parcel": f"{day:%m%d}-late"}


def land(
    s3: Any,
    bucket: str,
    days: Sequence[date],
    prefix: str = "parcels_raw/",
    late: Sequence[dict[str, Any]] = (),
) -> None:
    """Land dates: most of it at once, some late, one parcel twice, with what is not published.

    With the last date arrive `late` events of others.
    """
    for day in days:
        events = parcels_of(day)
        midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
        lighter = {**events[0], "weight_kg": 1.0}
        test = {**events[1], "parcel": f"{day:%m%d}-test", "depot": "test"}
        nameless = {**events[2], "parcel": None}
        _put(
            s3,
            bucket,
            prefix,
            midnight + timedelta(hours=23),
            [lighter, test, nameless, *events[:-2], *late],
        )
        _put(s3, bucket, prefix, midnight + timedelta(hours=25), [events[-2]])
        _put(s3, bucket, prefix, midnight + timedelta(hours=30), [events[-1]])
    # Only an hour that a later one follows is complete, whatever time it is now.
    _put(s3, bucket, prefix, midnight + timedelta(hours=32), [test])


def land_wrong(account: Any, days: Iterable[date], *, is_mended: bool = False) -> None:
    """Land parcels for dates that no audit lets pass, or take them away again."""
    for day in days:
        hour = datetime(day.year, day.month, day.day, 20, tzinfo=timezone.utc)
        weightless = {**parcels_of(day)[0], "parcel": f"{day:%m%d}-wrong", "weight_kg": -1.0}
        events = [] if is_mended else [weightless]
        _put(account.s3, account.name, "parcels_raw/", hour, events)


def expected_rows(days: Iterable[date]) -> list[tuple[str, ...]]:
    """Return the rows that dates publish, as Athena prints them, in order."""
    return sorted(
        (
            event["parcel"],
            event["depot"],
            f"{event['delivered_at']:%Y-%m-%d %H:%M:%S}.000",
            str(event["weight_kg"]),
            str(event["weight_kg"] > 30).lower(),
        )
        for day in days
        for event in parcels_of(day)
    )


def expected_partitions(days: Iterable[date], grain: str) -> dict[tuple[str, ...], int]:
    """Return the rows of each partition that dates publish, by its values; 0 for an empty hour."""
    rows: dict[tuple[str, ...], int] = {}
    for day in days:
        values = (str(day.year), str(day.month), str(day.day))
        hours = [event["delivered_at"].hour for event in parcels_of(day)]
        if grain == "day":
            rows[values] = len(hours)
        else:
            rows |= {(*values, str(hour)): hours.count(hour) for hour in range(24)}
    return rows


def _table(name: str) -> dict[str, str]:
    return {"table": name, "location": f"s3://${{published_bucket}}/{name}/"}


def _put(s3: Any, bucket: str, prefix: str, hour: datetime, events: list[dict[str, Any]]) -> None:
    texts = [{**e, "delivered_at": f"{e['delivered_at']:%Y-%m-%dT%H:%M:%S}Z"} for e in events]
    types = {"parcel": pa.string(), "delivered_at": pa.string(), "weight_kg": pa.float64()}
    schema = pa.schema({**types, "depot": pa.string()})
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(texts, schema=schema), sink)
    key = f"{prefix}{arrival_path(hour)}{hour:%Y%m%d%H}.parquet"
    s3.put_object(Bucket=bucket, Key=key, Body=sink.getvalue().to_pybytes())
