"""Nested fields, times in all their forms, columns that come later (cases 2, 3, 7, 8, 15, 21)."""

import json
from datetime import datetime

import pytest

from demo.account import CRAWLER_CONFIGURATION
from retime.calendar.arrival_hours import span_of
from retime.errors import DataSetError
from retime.raw.landed import list_landed
from retime.statements.absent import describe_absent
from tests.field_cases.clickstream import COLUMNS, EVENTS, TRANSFORM
from tests.field_cases.visits import AT, HOUR_7, VISIT, parquet

VISIT_EVENTS = """SELECT
    {{ arrival }},
    {{ found("eventId", "visitor.userAgent", "items", "nothing") }} AS record,
    {{ event_time_iso8601("occurredAt") }} AS event_time,
    {{ string("EVENTID") }} AS event_id,
    {{ string("visitor.userAgent") }} AS agent,
    {{ string("visitor.address.city") }} AS city,
    {{ field("visitor.address.tags[2]") }} AS tag,
    {{ whole("visitor.address.zip", optional=true) }} AS zip,
    {{ number("items[1].price") }} AS price,
    {{ field("items") }} AS items,
    {{ field("labels") }} AS labels,
    {{ field("visitor.address") }} AS address,
    CARDINALITY({{ field("items") }}) AS item_count,
    {{ whole("screen['Pixel ratio']") }} AS ratio,
    TRUE AS is_kept
FROM {{ raw }}
WHERE {{ arrived }}
"""
VISIT_TRANSFORM = """SELECT
    event_id,
    agent,
    city,
    tag,
    zip,
    price,
    item_count,
    ratio,
    TRANSFORM(items, item -> item.sku) AS skus,
    MAP_FROM_ENTRIES(TRANSFORM(items, item -> ROW(item.sku, item.price))) AS prices,
    CAST(ROW(city, zip) AS ROW(city VARCHAR, zip BIGINT)) AS place,
    event_time AS happened,
    1 AS event_count
FROM events
"""
VISIT_COLUMNS = {
    "event_id": "string",
    "agent": "string",
    "city": "string",
    "tag": "string",
    "zip": "bigint",
    "price": "double",
    "item_count": "int",
    "ratio": "bigint",
    "skus": "array<string>",
    "prices": "map<string,double>",
    "place": "struct<city:string,zip:bigint>",
    "happened": "bigint",
}


@pytest.mark.parametrize("format_", ["json", "parquet"])
def test_nested_fields_are_read_and_published_by_names_in_any_case(clicks, format_):
    if format_ == "json":
        clicks.put(f"{HOUR_7}a.json", VISIT)
    else:
        clicks.put(f"{HOUR_7}a.parquet", body=parquet(VISIT))
    clicks.crawl()
    clicks.events, clicks.transform = VISIT_EVENTS, VISIT_TRANSFORM
    clicks.values["published"]["columns"] = VISIT_COLUMNS
    clicks.values["events"]["deduplicate"]["latest"] = ["agent"]
    (row,) = clicks.build().rows
    assert {name: row[name] for name in VISIT_COLUMNS} == {
        "event_id": "e1",
        "agent": "Mozilla",
        "city": "Gent",
        "tag": "b",
        "zip": None,
        "price": "2.5",
        "item_count": "2",
        "ratio": "2",
        "skus": "[s1, s2]",
        "prices": "{s1=2.5, s2=1.0}",
        "place": "{city=Gent, zip=null}",
        "happened": str(AT),
    }


def test_what_is_quarantined_shows_its_nested_fields(clicks):
    clicks.put(f"{HOUR_7}a.json", {**VISIT, "occurredAt": "yesterday"})
    clicks.crawl()
    clicks.events, clicks.transform = VISIT_EVENTS, VISIT_TRANSFORM
    clicks.values["published"]["columns"] = VISIT_COLUMNS
    clicks.values["events"]["deduplicate"]["latest"] = ["agent"]
    (row,) = clicks.build().quarantine
    assert row["reason"] == "event_time_missing"
    assert row["record"].startswith("eventId=e1, visitor.userAgent=Mozilla, items=[{")
    assert row["record"].endswith("nothing=null")


@pytest.mark.parametrize(
    ("macro", "told"),
    [
        ('string("visitor.name")', "no 'name'; name one of useragent, address"),
        ('string("visitor..name")', "is no field"),
        ('whole("visitor")', "is struct"),
        ('string("items.sku")', "no 'sku'"),
        ('string("nothing")', "has no column 'nothing'"),
        ('event_time_iso8601("items")', "is array"),
    ],
)
def test_a_field_that_is_not_there_is_told_with_those_that_are(clicks, macro, told):
    clicks.put(f"{HOUR_7}a.json", VISIT)
    clicks.crawl()
    events = EVENTS.replace('string("action")', macro)
    clicks.events = events.replace("_id", "Id").replace("_at", "At")
    with pytest.raises(DataSetError) as stop:
        clicks.build()
    assert "events.sql, line 6" in str(stop.value)
    assert told in str(stop.value)


SECONDS = [str(AT), f"{AT}.75", AT, AT + 0.75]
TIMES = [
    *(("iso8601", value) for value in ("2024-05-01T07:10:00Z", "2024-05-01T09:10:00.9+02:00")),
    *(("seconds", value) for value in SECONDS),
    *(("millis", value) for value in (str(AT * 1000 + 999), AT * 1000 + 999, f" {AT}000 ")),
    *(("micros", value) for value in (str(AT * 10**6 + 1), AT * 10**6 + 999_999)),
    ("timestamp", "2024-05-01 07:10:00"),
]


def with_time(clicks, macro: str) -> None:
    clicks.events = EVENTS.replace("event_time_iso8601", f"event_time_{macro}")


@pytest.mark.parametrize("format_", ["json", "parquet", "declared as text"])
@pytest.mark.parametrize(("macro", "value"), TIMES)
def test_an_event_time_is_read_in_each_of_its_forms(clicks, macro, value, format_):
    event = {"event_id": "e1", "occurred_at": value, "action": "view"}
    if format_ == "parquet":
        clicks.put(f"{HOUR_7}a.parquet", body=parquet(event))
    else:
        clicks.put(f"{HOUR_7}a.json", event)
    if format_ == "declared as text":
        clicks.create_raw()
    else:
        clicks.crawl()
    with_time(clicks, macro)
    assert [row["happened"] for row in clicks.build().rows] == [str(AT)]


@pytest.mark.parametrize(
    "value",
    ["2024-05-01T09:10:00+02:00", "2024-05-01 07:10:00", AT, AT * 1000],
    ids=["offset", "text", "seconds", "milliseconds"],
)
def test_a_timestamp_column_of_json_is_utc(clicks, value):
    """Case 3: its reader takes offsets and numbers."""
    clicks.put(f"{HOUR_7}a.json", {"event_id": "e1", "occurred_at": value, "action": "view"})
    clicks.create_raw({**COLUMNS, "occurred_at": "timestamp"})
    with_time(clicks, "timestamp")
    assert [row["happened"] for row in clicks.build().rows] == [str(AT)]


def test_a_timestamp_column_of_parquet_is_utc(clicks):
    at = datetime(2024, 5, 1, 7, 10, 0, 900_000)
    event = {"event_id": "e1", "occurred_at": at, "action": "view"}
    clicks.put(f"{HOUR_7}a.parquet", body=parquet(event))
    clicks.crawl()
    with_time(clicks, "timestamp")
    assert [row["happened"] for row in clicks.build().rows] == [str(AT)]


OURS = ["reason", "disposition", "copy_number", "late_beyond", "local_time", "row_number", "events"]


@pytest.mark.parametrize("name", OURS)
def test_a_raw_field_may_have_any_name(clicks, name):
    """Case 15."""
    event = {"event_id": "e1", "occurred_at": "2024-05-01T07:10:00Z", name: "mine"}
    clicks.put(f"{HOUR_7}a.json", event)
    clicks.crawl()
    clicks.events = EVENTS.replace('"action"', f'"{name}"').replace("AS action", f"AS {name}")
    clicks.transform = TRANSFORM.replace("action", name)
    clicks.values["published"]["columns"] = {
        "event_id": "string",
        name: "string",
        "happened": "bigint",
    }
    clicks.values["events"]["deduplicate"]["latest"] = [name]
    assert [row[name] for row in clicks.build().rows] == ["mine"]


LATER = EVENTS.replace('string("action")', 'string("campaign", optional=true)')


@pytest.mark.parametrize("update", ["UPDATE_IN_DATABASE", "LOG"])
@pytest.mark.parametrize("format_", ["json", "parquet"])
def test_a_column_that_comes_later_is_added_by_the_crawler_or_reported(clicks, update, format_):
    """Case 7: never NULL without a word."""

    def put(hour: int, event: dict) -> None:
        body = parquet(event) if format_ == "parquet" else json.dumps(event).encode() + b"\n"
        clicks.put(f"year=2024/month=05/day=01/hour={hour:02}/a.{format_}", body=body)

    settings = {
        "SchemaChangePolicy": {"UpdateBehavior": update, "DeleteBehavior": "LOG"},
        "Configuration": json.dumps(CRAWLER_CONFIGURATION),
    }
    clicks.events = LATER
    put(6, {"event_id": "e1", "occurred_at": "2024-05-01T06:10:00Z"})
    clicks.crawl(**settings)
    assert clicks.build().remarks == []
    put(7, {"event_id": "e2", "occurred_at": "2024-05-01T07:10:00Z", "campaign": "spring"})
    clicks.crawl()
    built = clicks.build()
    found = {row["event_id"]: row["action"] for row in built.rows}
    if update == "LOG":
        assert found == {"e1": None, "e2": None}
        (remark,) = built.remarks
        assert "no column for campaign" in remark
        assert f"hour=07/a.{format_}" in remark
    else:
        assert found == {"e1": None, "e2": "spring"}
        assert built.remarks == []


def test_a_template_that_is_wrong_fails_no_task_before_its_slice(clicks):
    clicks.put(f"{HOUR_7}a.json", {"event_id": "e1", "occurred_at": "2024-05-01T06:10:00Z"})
    clicks.create_raw()
    clicks.events = EVENTS.replace('"action"', '"nothing"')
    deployment = clicks.deploy(clicks.write())
    landed = list_landed(deployment.clients.s3, deployment.data_set.raw, span_of((2024, 5, 1)))
    assert landed
    assert describe_absent(deployment, landed) is None
