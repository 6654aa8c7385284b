"""Six days of traffic, as landed, through real DAG runs: what they publish is what they should."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from demo.environment import REGION
from demo.landing import land
from demo.traffic import generate
from tests.end_to_end.events import CRAWLER, PREFIX
from tests.end_to_end.pipeline import Pipeline, oracle
from tests.landed_records import read_landing
from tests.oracle import assert_rows_equal, typed_row

FIRST, LAST = date(2024, 3, 28), date(2024, 4, 2)
READ_COLUMNS = [
    *("unieke_id", "lve_nr", "tijd_waarneming", "tijd_laatst_gewijzigd", "defect"),
    *(f"verkeersintensiteit_klasse{c}" for c in (2, 3, 4, 5)),
    *(f"voertuigsnelheid_rekenkundig_klasse{c}" for c in (2, 3, 4, 5)),
    "rekendata_bezettingsgraad",
]


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def raw_bucket(aws) -> str:
    """A bucket with the raw events of six days and 20 points, which no test changes."""
    s3 = aws.client("s3", REGION)
    bucket = "e2e-raw-traffic"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    events = generate(20, midnight(FIRST), midnight(LAST + timedelta(days=1)), seed=7)
    land(s3, bucket, PREFIX, events)
    return bucket


@pytest.fixture(scope="module")
def records(aws, raw_bucket: str) -> list[Any]:
    """Every raw record, with its arrival hour."""
    return read_landing(aws.client("s3", REGION), raw_bucket, PREFIX)


@pytest.fixture
def traffic(pipeline: Pipeline, raw_bucket: str, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """The pipeline over those six days, instead of the three hours of conftest.py."""
    pipeline.raw_bucket = raw_bucket
    monkeypatch.setenv("RETIME_RAW_BUCKET", raw_bucket)
    pipeline.crawl_from(CRAWLER, raw_bucket, PREFIX)
    return pipeline


def published(pipeline: Pipeline) -> list[dict[str, Any]]:
    return [typed_row(row) for row in pipeline.query("SELECT * FROM traffic")]


def raw_text(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    """Every published row as Athena prints it, to the last digit."""
    return sorted(tuple(row.items()) for row in pipeline.query("SELECT * FROM traffic"))  # type: ignore[type-var]


def assert_counts(report: dict[str, Any], expected: Sequence[Any]) -> None:
    names = ("published_from", "duplicates", "filtered", "quarantined", "too_late", "outside")
    for name in (*names, "late"):
        assert report[name] == sum(getattr(e.counts, name) for e in expected), name
    assert report["read"] == sum(report[name] for name in names)


def test_a_daily_run_publishes_its_event_date_and_scans_little_more_than_it_must(
    traffic, raw_bucket, records
) -> None:
    day = date(2024, 3, 30)

    report = traffic.succeed(day)

    expected = oracle(records, day, day)
    assert_rows_equal(published(traffic), expected.all_rows)
    assert_counts(report, [expected])
    assert len(traffic.partitions("traffic")) == len(expected.rows) == 24
    reasons = traffic.query("SELECT reason, count(*) AS n FROM traffic_quarantine GROUP BY reason")
    assert {row["reason"]: int(row["n"] or 0) for row in reasons} == dict(expected.reasons)
    # From 20 minutes of look-back and 30 of clock skew before the day to 48 hours after it.
    first = midnight(day) - timedelta(hours=1)
    hours = [first + timedelta(hours=n) for n in range(1 + 24 + 48)]
    needed = traffic.column_bytes(raw_bucket, PREFIX, hours, READ_COLUMNS)
    assert 0 < report["stage_scanned_bytes"] <= 1.1 * needed


def test_a_rerun_gives_identical_rows_and_leaves_no_orphan(traffic, records) -> None:
    first, last = date(2024, 3, 28), date(2024, 4, 1)
    report = traffic.succeed(start_date=str(first), end_date=str(last))
    assert report["slices"] == 2
    before = raw_text(traffic)
    locations = {
        k: p["StorageDescriptor"]["Location"] for k, p in traffic.partitions("traffic").items()
    }

    traffic.succeed(start_date=str(first), end_date=str(last))
    traffic.succeed(date(2024, 3, 30))

    expected = [oracle(records, first, date(2024, 3, 31)), oracle(records, last, last)]
    assert_rows_equal(published(traffic), [row for e in expected for row in e.all_rows])
    assert_counts(report, expected)
    assert raw_text(traffic) == before
    after = traffic.partitions("traffic")
    assert after.keys() == locations.keys()
    assert all(p["StorageDescriptor"]["Location"] != locations[k] for k, p in after.items())
    reasons = traffic.query("SELECT reason FROM traffic_quarantine")
    assert Counter(row["reason"] for row in reasons) == sum(
        (e.reasons for e in expected), Counter()
    )


def test_slices_of_one_and_of_four_days_give_identical_rows(traffic) -> None:
    days = [date(2024, 3, 29) + timedelta(days=n) for n in range(4)]
    traffic.succeed(start_date=str(days[0]), end_date=str(days[-1]))
    one_slice = raw_text(traffic)
    quarantine = sorted(map(str, traffic.query("SELECT * FROM traffic_quarantine")))

    for day in days:
        traffic.succeed(start_date=str(day), end_date=str(day))

    assert raw_text(traffic) == one_slice
    assert sorted(map(str, traffic.query("SELECT * FROM traffic_quarantine"))) == quarantine


def test_plan_only_shows_the_slices_and_builds_nothing(traffic) -> None:
    run = traffic.run(start_date="2024-03-28", end_date="2024-04-01", plan_only=True)

    assert run.state == "success"
    assert run.result("plan") == []
    assert run.result("report")["slices"] == 0
    assert traffic.tables() == ["traffic_raw"]


@pytest.mark.parametrize(
    ("conf", "reason"),
    [
        ({"start_date": "2024-04-01", "end_date": "2024-03-28"}, "before the first date"),
        ({"start_date": "2099-01-01"}, "is not over"),
        ({"start_date": "2020-01-01", "end_date": "2023-12-31"}, "more than the 366"),
        ({"end_date": "2024-03-28"}, "without start_date"),
    ],
)
def test_impossible_dates_are_refused_before_any_query(traffic, conf, reason, capfd) -> None:
    run = traffic.run(**conf)

    assert run.state == "failed"
    assert run.states["wait_for_arrivals", -1] == "failed"
    assert reason in capfd.readouterr().out
    assert traffic.athena.list_query_executions(WorkGroup=traffic.name)["QueryExecutionIds"] == []


def test_json_lines_publish_the_same_as_parquet(traffic, aws, raw_bucket, monkeypatch) -> None:
    """The JSON landing has broken lines of its own, which only its quarantine knows."""
    s3, bucket, day = aws.client("s3", REGION), f"{traffic.name}-json", date(2024, 3, 29)
    traffic.succeed(day)
    parquet = raw_text(traffic)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    events = generate(20, midnight(FIRST), midnight(LAST + timedelta(days=1)), seed=7)
    hours = (a for a in events if a.hour < midnight(date(2024, 4, 1)))
    land(s3, bucket, PREFIX, hours, file_format="json")
    json = Pipeline(aws=aws, name=f"{traffic.name}-j", raw_bucket=bucket)
    json.set_up()
    json.crawl_from(CRAWLER, bucket, PREFIX)
    for key, value in json.settings.items():
        monkeypatch.setenv(key, value)

    report = json.succeed(day)

    assert raw_text(json) == parquet
    expected = oracle(read_landing(s3, bucket, PREFIX), day, day)
    assert_counts(report, [expected])
    reasons = json.query("SELECT reason FROM traffic_quarantine")
    assert Counter(row["reason"] for row in reasons) == expected.reasons
    assert expected.reasons["unreadable"] > 0


def test_declared_numeric_keys_publish_the_same_as_crawled_text_keys(traffic) -> None:
    day = date(2024, 3, 29)
    traffic.succeed(day)
    crawled = raw_text(traffic)
    table = traffic.glue.get_table(DatabaseName=traffic.database, Name="traffic_raw")["Table"]
    partitions = traffic.partitions("traffic_raw")
    traffic.glue.delete_table(DatabaseName=traffic.database, Name="traffic_raw")
    keys = [{"Name": key["Name"], "Type": "bigint"} for key in table["PartitionKeys"]]
    descriptor = table["StorageDescriptor"]
    traffic.glue.create_table(
        DatabaseName=traffic.database,
        TableInput={
            "Name": "traffic_raw",
            "TableType": "EXTERNAL_TABLE",
            "PartitionKeys": keys,
            "StorageDescriptor": descriptor,
        },
    )
    inputs = [
        {
            "Values": [str(int(value)) for value in values],
            "StorageDescriptor": partition["StorageDescriptor"],
        }
        for values, partition in partitions.items()
    ]
    for first in range(0, len(inputs), 100):
        traffic.glue.batch_create_partition(
            DatabaseName=traffic.database,
            TableName="traffic_raw",
            PartitionInputList=inputs[first : first + 100],
        )

    run = traffic.run(day)

    assert run.state == "success"
    assert run.states["crawl_raw", -1] == "skipped"
    assert raw_text(traffic) == crawled
