"""`python -m retime new`: files that can run as they are, from what raw events look like."""

import json
from pathlib import Path

import pytest
import yaml

from retime.__main__ import main
from retime.drafting.seen import guess_folders
from tests.field_cases.clickstream import Clicks
from tests.field_cases.visits import AT, HOUR_7, VISIT, parquet

RAW = "year=2024/month=05/day=01/hour=07/"


@pytest.fixture
def shell(aws, clicks, monkeypatch) -> Clicks:
    """A shell with the settings and credentials of the account."""
    for name in ("DATABASE", "WORKGROUP", "RAW_BUCKET", "PUBLISHED_BUCKET"):
        monkeypatch.setenv(f"RETIME_{name}", clicks.name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    return clicks


def drafted(clicks: Clicks, place: str, *more: str) -> Path:
    assert main(["new", "visits", "--from", place, "--include", str(clicks.folder), *more]) == 0
    return clicks.folder / "datasets" / "visits.yaml"


@pytest.mark.parametrize("format_", ["json", "parquet"])
@pytest.mark.parametrize("source", ["file", "location", "table"])
def test_a_drafted_data_set_builds_what_it_was_drafted_from(shell, tmp_path, source, format_):
    body = parquet(VISIT) if format_ == "parquet" else json.dumps(VISIT).encode() + b"\n"
    shell.put(f"{HOUR_7}a.{format_}", body=body)
    shell.crawl()
    place = {
        "file": str(tmp_path / f"sample.{format_}"),
        "location": f"s3://{shell.name}/raw/",
        "table": f"{shell.name}.clicks_raw",
    }[source]
    (tmp_path / f"sample.{format_}").write_bytes(body)
    path = drafted(shell, place)
    # As the crawler of the command would name table and place.
    text = path.read_text().replace("retime_visits_raw", shell.name)
    text = text.replace("table: visits_raw", "table: clicks_raw").replace(
        "table: raw\n", "table: clicks_raw\n"
    )
    path.write_text(text.replace("${raw_bucket}/visits_raw/", "${raw_bucket}/raw/"))
    (row,) = shell.build(path=path).rows
    # The catalog has lost the case of names.
    event_id, at = ("eventid", "occurredat") if source == "table" else ("event_id", "occurred_at")
    assert (row[event_id], row["visitor_address_city"]) == ("e1", "Gent")
    assert row[at] == "2024-05-01 07:10:00.000"


def test_a_draft_of_a_location_of_its_own_name_builds(shell, capsys):
    """The crawler would name the raw table as the published one."""
    record = {
        "eventTime": "2024-05-01T07:10:00Z",
        "id": "e1",
        "Year": 2024,
        "Record": 7,
        "visitor": {"userAgent": "x"},
    }
    body = json.dumps(record).encode()
    shell.clients.s3.put_object(Bucket=shell.name, Key=f"visits/{HOUR_7}a.json", Body=body)
    path = drafted(shell, f"s3://{shell.name}/visits/")
    assert "--table-prefix raw_" in capsys.readouterr().out
    text = path.read_text()
    assert "location: s3://${raw_bucket}/visits/\n" in text
    # Here raw and published are in one bucket.
    path.write_text(text.replace("{published_bucket}/visits/", "{published_bucket}/table/"))
    shell.clients.glue.create_crawler(
        Name="retime_visits_raw",
        Role="crawler",
        DatabaseName=shell.name,
        TablePrefix="raw_",
        Targets={"S3Targets": [{"Path": f"s3://{shell.name}/visits/"}]},
    )
    shell.wait_for_crawl("retime_visits_raw")
    (row,) = shell.build(path=path).rows
    assert row["event_time"] == "2024-05-01 07:10:00.000"
    assert (row["id"], row["record_of_raw"], row["visitor_user_agent"]) == ("e1", "7", "x")


ODD = {
    "occurred_at": "no time",
    "occurredAt": "2024-05-01T07:10:00Z",
    "id": "e1",
    "userId": "a",
    "user_id": "b",
    "order": 5,
    "hour": "x",
    "odd name": 1,
    "": 2,
    "event'time": "2024-05-01T07:10:00Z",
    "labels": {"x-y": "z"},
    "empty": {},
}


@pytest.mark.parametrize("source", ["file", "location"])
def test_odd_fields_are_drafted_so_that_they_build(shell, tmp_path, capsys, source):
    body = json.dumps(ODD).encode()
    shell.put(f"{HOUR_7}a.json", body=body)
    (tmp_path / "sample.json").write_bytes(body)
    place = str(tmp_path / "sample.json") if source == "file" else f"s3://{shell.name}/raw/"
    path = drafted(shell, place, "--event-time", "occurredAt")
    printed = capsys.readouterr().out
    assert "left out: " in printed
    assert "change the type of labels to string" in printed
    text = path.read_text().replace("${raw_bucket}/visits_raw/", "${raw_bucket}/raw/")
    table = text.partition("  table: ")[2].partition("\n")[0]
    text = text.replace(f"  table: {table}\n", "  table: clicks_raw\n", 1)
    path.write_text(text.replace("  crawler: retime_visits_raw\n", ""))
    columns = {name.lower(): "string" for name in ODD if name and name != "hour"}
    shell.create_raw(columns)
    (row,) = shell.build(path=path).rows
    assert row["occurred_at"] == "2024-05-01 07:10:00.000"
    assert (row["occurred_at_more"], row["user_id"], row["user_id_more"]) == ("no time", "a", "b")
    assert (row["order_of_raw"], row["labels"]) == ("5", '{"x-y":"z"}')


@pytest.mark.parametrize(
    ("folder", "told"),
    [("sql/visits", "nothing was written"), ("datasets", "nothing was written")],
)
def test_a_draft_that_cannot_be_written_leaves_nothing(shell, capsys, folder, told):
    shell.put(f"{HOUR_7}a.json", VISIT)
    include = shell.folder / "include"
    (include / folder).parent.mkdir(parents=True)
    (include / folder).write_text("a file")
    arguments = ["new", "visits", "--from", f"s3://{shell.name}/raw/", "--include", str(include)]
    assert main(arguments) == 2
    assert told in capsys.readouterr().err
    assert [path.name for path in include.rglob("*") if path.is_file()] == [Path(folder).name]


def test_nothing_is_overwritten(shell, capsys):
    shell.put(f"{HOUR_7}a.json", VISIT)
    path = drafted(shell, f"s3://{shell.name}/raw/")
    before = path.read_text()
    place = f"s3://{shell.name}/raw/"
    assert main(["new", "visits", "--from", place, "--include", str(shell.folder)]) == 2
    assert "there already: " in capsys.readouterr().err
    assert path.read_text() == before


@pytest.mark.parametrize(
    ("value", "macro"),
    [
        ("2024-05-01T07:10:00Z", "iso8601"),
        ("2024-05-01 07:10:00", "timestamp"),
        (AT, "seconds"),
        (str(AT * 1000), "millis"),
        (AT * 1_000_000, "micros"),
    ],
)
def test_the_event_time_is_recognized_by_its_values(shell, value, macro):
    shell.put(f"{HOUR_7}a.json", {"id": 1, "amount": 12, "sent": value, "price": 1_700_000_000})
    drafted(shell, f"s3://{shell.name}/raw/", "--event-time", "sent")
    events = (shell.folder / "sql" / "visits" / "events.sql").read_text()
    assert f'event_time_{macro}("sent")' in events


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--from", "no/such/file"], "is no file"),
        (["--from", "s3://{bucket}/nothing/"], "there is nothing under"),
        (["--from", "{bucket}.nothing"], "there is no table"),
        (["--from", "s3://{bucket}/raw/", "--event-time", "name"], "does not look like a time"),
        (["--from", "s3://{bucket}/raw/"], "no field looks like the event time"),
        (["--from", "s3://{bucket}/other/"], "no year, month and day"),
        (["--from", "s3://{bucket}/"], "is a whole bucket"),
    ],
)
def test_what_cannot_be_drafted_is_told(shell, capsys, arguments, told):
    shell.put(f"{HOUR_7}a.json", {"id": "1", "name": "x"})
    record = b'{"id": "1", "at": "2024-05-01T07:10:00Z"}\n'
    shell.clients.s3.put_object(Bucket=shell.name, Key="other/a.json", Body=record)
    given = [argument.replace("{bucket}", shell.name) for argument in arguments]
    assert main(["new", "visits", *given, "--include", str(shell.folder)]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("paths", "pattern"),
    [
        ([f"{RAW}a"], "year=%Y/month=%m/day=%d/hour=%H"),
        (["2024/05/01/07/a", "2024/12/31/23/b"], "%Y/%m/%d/%H"),
        (
            ["year=2024/month=5/day=1/hour=7/a", "year=2024/month=12/day=31/hour=23/a"],
            "year=%Y/month=%-m/day=%-d/hour=%-H",
        ),
        (["dt=2024-05-01/hour=07/a"], "dt=%Y-%m-%d/hour=%H"),
        (["dt=2024-05-01/a"], "dt=%Y-%m-%d"),
        (["device=a/2024/05/01/07/a", "device=b/2024/05/01/07/a"], "device=*/%Y/%m/%d/%H"),
        (["2024050107/a"], "%Y%m%d%H"),
        (["a"], None),
        (["x/y/a"], None),
    ],
)
def test_folders_are_recognized(paths, pattern):
    assert guess_folders(paths) == pattern


def test_a_drafted_yaml_is_as_people_write_it(shell):
    shell.put(f"{HOUR_7}a.json", VISIT)
    values = yaml.safe_load(drafted(shell, f"s3://{shell.name}/raw/").read_text())
    assert values["events"]["deduplicate"]["by"] == ["event_id", "event_time"]
    assert values["raw"]["crawler"] == "retime_visits_raw"
    assert "partitions" not in values["raw"]
