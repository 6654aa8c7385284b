"""What Athena would not say of raw data (cases 11, 12, 16, 17, 22), and SQL that is wrong."""

import gzip
import json
from dataclasses import replace

import pytest

from demo.account import CRAWLER_CONFIGURATION
from retime import aws
from retime.errors import (
    AuditError,
    CatalogError,
    CrawlError,
    DataSetError,
    QueryError,
    RunError,
    SettingError,
)
from retime.statements import validation
from tests.field_cases.clickstream import COLUMNS, EVENTS, TRANSFORM

HOUR_7 = "year=2024/month=05/day=01/hour=07/"


def click(number: int) -> str:
    at = f"2024-05-01T07:{number:02}:00Z"
    return f'{{"event_id": "e{number}", "occurred_at": "{at}", "action": "view"}}'


@pytest.mark.parametrize("name", ["part-1", "part-1.gz"])
def test_two_objects_in_a_line_are_noticed_before_anything_is_staged(clicks, name):
    """Case 11: Firehose without a delimiter."""
    data = "".join(click(number % 60) for number in range(5_000)).encode()
    clicks.put(f"{HOUR_7}{name}", body=gzip.compress(data) if name.endswith("gz") else data)
    clicks.create_raw()
    with pytest.raises(RunError, match="AppendDelimiterToRecord") as stop:
        clicks.build()
    assert f"{HOUR_7}{name}" in str(stop.value)
    tables = clicks.clients.glue.get_tables(DatabaseName=clicks.name)["TableList"]
    assert [table["Name"] for table in tables] == ["clicks_raw"]


def test_blank_lines_are_told_as_the_cause(clicks):
    """Case 12: the producer's newline and Firehose's."""
    clicks.values["quarantine"]["max_percent"] = 1
    clicks.put(f"{HOUR_7}part-1", *(line for number in range(4) for line in (click(number), "")))
    clicks.create_raw()
    with pytest.raises(AuditError, match="4 of the first 8 lines") as stop:
        clicks.build()
    assert "unreadable: 4" in str(stop.value)


def test_a_quarantine_that_is_too_large_names_reasons_with_examples(clicks):
    clicks.values["quarantine"]["max_percent"] = 1
    broken = (click(number).replace("2024-05-01T", "at ") for number in range(5))
    clicks.put(f"{HOUR_7}part-1", *broken, click(9), "no JSON")
    clicks.create_raw()
    with pytest.raises(AuditError) as stop:
        clicks.build()
    lines = str(stop.value).splitlines()
    found = [line.strip() for line in lines if line.startswith("    ")]
    assert [line.split(":")[0] for line in found] == ["event_time_missing", "unreadable"]
    assert found[0].startswith("event_time_missing: 5, for example: event_id=e0, occurred_at=at 07")
    assert found[0].count(" | ") == 2


@pytest.mark.parametrize(
    "serde",
    ["org.apache.hive.hcatalog.data.JsonSerDe", "org.apache.hadoop.hive.serde2.JsonSerDe"],
)
def test_json_of_a_serde_that_fails_at_a_broken_line_is_refused(clicks, serde):
    """Case 22."""
    clicks.put(f"{HOUR_7}part-1", click(1))
    clicks.create_raw(serde=serde)
    with pytest.raises(CatalogError, match="openx"):
        clicks.build()


@pytest.mark.parametrize(
    ("type_", "macro", "value"),
    [
        ("string", """string("labels")""", '{"x-y":"z"}'),
        ("map<string,string>", """string("labels['x-y']")""", "z"),
    ],
)
def test_a_table_that_athena_cannot_read_for_a_name_is_refused_with_the_remedy(
    clicks, type_, macro, value
):
    record = json.loads(click(1)) | {"labels": {"x-y": "z"}}
    clicks.put(f"{HOUR_7}part-1", record)
    clicks.crawl(
        SchemaChangePolicy={"UpdateBehavior": "UPDATE_IN_DATABASE"},
        Configuration=json.dumps(CRAWLER_CONFIGURATION),
    )
    with pytest.raises(CatalogError, match=r"'x-y'.*Change the type of the column to string"):
        clicks.build()

    glue = clicks.clients.glue
    table = glue.get_table(DatabaseName=clicks.name, Name="clicks_raw")["Table"]
    for column in table["StorageDescriptor"]["Columns"]:
        column["Type"] = type_ if column["Name"] == "labels" else column["Type"]
    kept = ("Name", "TableType", "PartitionKeys", "StorageDescriptor", "Parameters")
    glue.update_table(DatabaseName=clicks.name, TableInput={key: table[key] for key in kept})
    clicks.crawl()
    clicks.events = EVENTS.replace('string("action")', macro)
    assert [row["action"] for row in clicks.build().rows] == [value]


def test_other_tables_of_the_crawler_are_named_when_hours_are_missing(clicks):
    """Cases 16 and 17: another format, as after a setting was changed."""
    clicks.put(f"{HOUR_7}part-1", click(1))
    clicks.crawl()
    clicks.clients.glue.create_table(
        DatabaseName=clicks.name,
        TableInput={
            "Name": "hour_08",
            "Parameters": {"classification": "csv"},
            "StorageDescriptor": {
                "Columns": [{"Name": "col0", "Type": "string"}],
                "Location": f"s3://{clicks.name}/raw/year=2024/month=05/day=01/hour=08/",
            },
        },
    )
    clicks.put("year=2024/month=05/day=01/hour=08/part-1", "a,b")
    with pytest.raises(CrawlError) as stop:
        clicks.build()
    place = f"s3://{clicks.name}/raw/year=2024/month=05/day=01/hour=08/part-1"
    assert f"1 of csv (hour_08, as {place})" in str(stop.value)


def test_a_table_that_a_crawler_named_otherwise_is_named(clicks):
    clicks.put(f"{HOUR_7}part-1", click(1))
    clicks.crawl()
    clicks.values["raw"]["table"] = "clickstream"
    with pytest.raises(CatalogError, match=r"The table clicks_raw has .* name it in raw\.table"):
        clicks.build()


def test_tables_of_a_crawler_that_could_not_read_an_object_are_named(clicks):
    clicks.put(f"{HOUR_7}part-1", click(1))
    clicks.put(f"{HOUR_7.replace('07', '08')}part-1", '{"event_id": "e')
    clicks.put(f"{HOUR_7.replace('07', '09')}part-1", click(2))
    grouping = {"TableGroupingPolicy": "CombineCompatibleSchemas"}
    clicks.crawl(Configuration=json.dumps({"Version": 1.0, "Grouping": grouping}))
    with pytest.raises(CatalogError, match=r"2 of json \(clicks_hour_07, as .* has no record that"):
        clicks.build()


def test_a_queue_that_takes_too_long_ends_the_check_and_its_queries(clicks, faults, monkeypatch):
    clicks.put(f"{HOUR_7}part-1", click(1))
    clicks.create_raw()
    deployment = clicks.deploy(clicks.write())
    faults.set("athena.query.hang", "hang", match=clicks.name, times=4)
    monkeypatch.setattr(validation, "_PATIENCE", 0.5)
    with pytest.raises(QueryError, match="did not plan the statements"):
        validation.validate_statements(deployment)
    athena = clicks.clients.athena
    queries = athena.list_query_executions(WorkGroup=clicks.name)["QueryExecutionIds"]
    states = [aws.get_query_status(athena, query).state for query in queries]
    assert states == ["CANCELLED"] * 4


def test_a_work_group_that_takes_no_queries_is_named(clicks):
    clicks.put(f"{HOUR_7}part-1", click(1))
    clicks.create_raw()
    group = f"{clicks.name}-without-results"
    clicks.clients.athena.create_work_group(Name=group)
    deployment = replace(clicks.deploy(clicks.write()), workgroup=group)
    with pytest.raises(SettingError, match=f"takes no queries in the work group '{group}'"):
        validation.validate_statements(deployment)


@pytest.mark.parametrize(
    ("file", "change", "place", "told"),
    [
        ("events", ("TRUE AS is_kept", "TRUE AND 1 AS is_kept"), "events.sql, line 7", "boolean"),
        ("events", ("TRUE AS is_kept", "TRUE AS is_wanted"), "see that events.sql", "is_kept"),
        ("transform", ("action,", "acton,"), "transform.sql, line 3", "acton"),
        ("transform", ("action,", "action"), "transform.sql", "mismatched input"),
        ("transform", ("    action,\n", ""), "see that transform.sql", "action"),
        (
            "transform",
            ("action,", "nosuch(action) AS action,"),
            "transform.sql, line 3",
            "nosuch",
        ),
    ],
)
def test_sql_that_cannot_run_is_found_when_a_run_is_planned(clicks, file, change, place, told):
    texts = {"events": EVENTS, "transform": TRANSFORM}
    assert change[0] in texts[file]
    setattr(clicks, file, texts[file].replace(*change))
    clicks.put(f"{HOUR_7}part-1", click(1))
    clicks.create_raw(COLUMNS)
    with pytest.raises(DataSetError) as stop:
        clicks.build()
    assert place in str(stop.value)
    assert told in str(stop.value)
