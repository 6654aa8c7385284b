"""How folders of raw events are laid out (cases 4, 5 and 6), and how published partitions are."""

from datetime import datetime, timedelta

import pytest

from retime.calendar.partitioning import parse_partitioning
from retime.errors import CatalogError, RunError
from tests.field_cases.clickstream import COLUMNS, DATE, DEFAULT_KEYS


def click(number: int, at: str = "2024-05-01T07:10:00Z") -> dict[str, str]:
    return {"event_id": f"e{number}", "occurred_at": at, "action": "view"}


def happened(built):
    return [(row["event_id"], row["happened"]) for row in built.rows]


AT_7 = ("e1", "1714547400")


FOLDERS = [
    ("year=%Y/month=%m/day=%d/hour=%H", "year=2024/month=05/day=01/hour=07/"),
    ("year=%Y/month=%-m/day=%-d/hour=%-H", "year=2024/month=5/day=1/hour=7/"),
    ("%Y/%m/%d/%H", "2024/05/01/07/"),
    ("dt=%Y-%m-%d/hour=%H", "dt=2024-05-01/hour=07/"),
    ("dt=%Y-%m-%d", "dt=2024-05-01/"),
    ("%Y%m%d%H", "2024050107/"),
    ("device=*/year=%Y/month=%m/day=%d/hour=%H", "device=a b/year=2024/month=05/day=01/hour=07/"),
    ("region=eu/%Y/%m/%d/%H", "region=eu/2024/05/01/07/"),
    ("%Y/%m/%d/source=*/%H", "2024/05/01/source=a b/07/"),
]


def folder_at(pattern: str, at: datetime) -> str:
    """The folder of an hour, where keys of any value have a blank in theirs."""
    return at.strftime(pattern).replace("*", "a b") + "/"


@pytest.mark.parametrize(("pattern", "folder"), FOLDERS, ids=[p for p, _ in FOLDERS])
@pytest.mark.parametrize("registration", ["crawled", "registered"])
def test_events_are_built_from_folders_of_a_layout(clicks, pattern, folder, registration):
    clicks.values["raw"]["partitions"] = pattern
    assert folder_at(pattern, datetime(2024, 5, 1, 7)) == folder
    # Hours of other years, months and days, each with an event of its own.
    hours = [
        datetime(2024, 5, 1, 7),
        datetime(2024, 5, 2, 7),
        datetime(2024, 4, 30, 23),
        datetime(2024, 11, 10, 12),
        datetime(2023, 5, 1, 7),
    ]
    for number, hour in enumerate(hours, 1):
        at = f"{hour + timedelta(minutes=10):%Y-%m-%dT%H:%M:%SZ}"
        clicks.put(f"{folder_at(pattern, hour)}part-1", click(number, at))
    if registration == "crawled":
        clicks.crawl()
    else:
        keys = parse_partitioning(pattern).names
        clicks.create_raw(keys=dict.fromkeys(keys, "string"))
    built = clicks.build()
    assert happened(built) == [AT_7]
    assert built.remarks == []


@pytest.mark.parametrize("value", ["5", "05"])
def test_values_of_number_keys_are_the_catalog_s_own(clicks, value):
    """Case 4: a crawler or MSCK REPAIR leaves 05 as the value of an int."""
    clicks.put("year=2024/month=05/day=01/hour=07/part-1", click(1), "no JSON")
    clicks.create_raw(keys=dict.fromkeys(DEFAULT_KEYS, "int"))
    glue, name = clicks.clients.glue, clicks.name
    table = glue.get_table(DatabaseName=name, Name="clicks_raw")["Table"]
    place = f"s3://{name}/raw/year=2024/month=05/day=01/hour=07/"
    glue.create_partition(
        DatabaseName=name,
        TableName="clicks_raw",
        PartitionInput={
            "Values": ["2024", value, value.replace("5", "1"), value.replace("5", "7")],
            "StorageDescriptor": {**table["StorageDescriptor"], "Location": place},
        },
    )
    built = clicks.build()
    assert happened(built) == [AT_7]
    assert built.quarantined == 1
    assert len(glue.get_partitions(DatabaseName=name, TableName="clicks_raw")["Partitions"]) == 1


@pytest.mark.parametrize(
    "name", ["_committed_1", ".x.crc", "_temporary/0/part-1", "part_$folder$", "empty"]
)
def test_what_athena_does_not_read_has_not_landed(clicks, name):
    """Case 5."""
    clicks.put("year=2024/month=05/day=01/hour=07/part-1", click(1))
    body = b"" if name in ("part_$folder$", "empty") else b"{}"
    clicks.put(f"year=2024/month=05/day=01/hour=08/{name}", body=body)
    clicks.crawl()
    assert happened(clicks.build()) == [AT_7]


def test_raw_in_no_folder_of_the_layout_stops_the_run(clicks):
    """Case 6."""
    clicks.put("year=2024/month=5/day=1/hour=7/part-1", click(1))
    clicks.create_raw()
    with pytest.raises(RunError) as stop:
        clicks.build()
    assert "year=2024/month=5/day=1/hour=7/part-1" in str(stop.value)
    assert "year=%Y/month=%m/day=%d/hour=%H/" in str(stop.value)


@pytest.mark.parametrize(
    "stray",
    [
        "readme.txt",
        "errors/2024/x",
        "year=2024/month=05/day=1/hour=7/part-1",
        "year=2024/month=05/day=01/part-1",
        "year=2024/month=02/day=30/hour=01/part-1",
    ],
)
def test_raw_beside_the_folders_of_the_layout_is_reported(clicks, stray):
    clicks.put("year=2024/month=05/day=01/hour=07/part-1", click(1))
    clicks.put(stray, "x")
    clicks.create_raw()
    built = clicks.build()
    assert happened(built) == [AT_7]
    if "month=02" not in stray:  # no folder on the way to these dates
        (remark,) = built.remarks
        assert stray in remark


PROJECTIONS = [
    (
        "%Y/%m/%d/%H",
        {"datehour": "string"},
        {
            "projection.datehour.type": "date",
            "projection.datehour.format": "yyyy/MM/dd/HH",
            "projection.datehour.range": "2024/01/01/00,NOW",
            "projection.datehour.interval": "1",
            "projection.datehour.interval.unit": "HOURS",
            "storage.location.template": "{raw}${datehour}/",
        },
    ),
    (
        "year=%Y/month=%m/day=%d/hour=%H",
        dict.fromkeys(DEFAULT_KEYS, "int"),
        {
            "projection.year.type": "integer",
            "projection.year.range": "2020,2030",
            "projection.month.type": "integer",
            "projection.month.range": "1,12",
            "projection.month.digits": "2",
            "projection.day.type": "integer",
            "projection.day.range": "1,31",
            "projection.day.digits": "2",
            "projection.hour.type": "integer",
            "projection.hour.range": "0,23",
            "projection.hour.digits": "2",
        },
    ),
    (
        "device=*/dt=%Y-%m-%d",
        {"device": "string", "dt": "date"},
        {
            "projection.device.type": "enum",
            "projection.device.values": "a,b",
            "projection.dt.type": "date",
            "projection.dt.format": "yyyy-MM-dd",
            "projection.dt.range": "2024-01-01,NOW",
        },
    ),
]


@pytest.mark.parametrize(
    ("pattern", "keys", "properties"), PROJECTIONS, ids=[p for p, *_ in PROJECTIONS]
)
def test_a_projected_table_is_neither_crawled_nor_registered(clicks, pattern, keys, properties):
    raw = f"s3://{clicks.name}/raw/"
    given = {name: text.replace("{raw}", raw) for name, text in properties.items()}
    clicks.create_raw(keys=keys, properties={"projection.enabled": "true", **given})
    clicks.values["raw"]["partitions"] = pattern
    folder = DATE.strftime(pattern.replace("%H", "07").replace("*", "a"))
    clicks.put(f"{folder}/part-1", click(1), "no JSON")
    built = clicks.build()
    assert happened(built) == [AT_7]
    assert built.quarantined == 1
    place = {"DatabaseName": clicks.name, "TableName": "clicks_raw"}
    assert clicks.clients.glue.get_partitions(**place)["Partitions"] == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"projection.datehour.format": "yyyy/MM/dd/H"}, "format"),
        ({"projection.datehour.interval.unit": "DAYS"}, "interval"),
        ({"projection.datehour.type": "injected"}, "injected"),
        ({"storage.location.template": "{raw}x/${datehour}/"}, "storage.location.template"),
    ],
)
def test_a_projection_that_would_leave_folders_out_is_refused(clicks, change, told):
    pattern, keys, properties = PROJECTIONS[0]
    raw = f"s3://{clicks.name}/raw/"
    given = {name: text.replace("{raw}", raw) for name, text in {**properties, **change}.items()}
    clicks.create_raw(keys=keys, properties={"projection.enabled": "true", **given})
    clicks.values["raw"]["partitions"] = pattern
    clicks.put("2024/05/01/07/part-1", click(1))
    with pytest.raises(CatalogError, match=told):
        clicks.build()


def test_a_folder_that_a_projection_does_not_list_stops_the_run(clicks):
    pattern, keys, properties = PROJECTIONS[2]
    clicks.create_raw(keys=keys, properties={"projection.enabled": "true", **properties})
    clicks.values["raw"]["partitions"] = pattern
    clicks.put("device=c/dt=2024-05-01/part-1", click(1))
    with pytest.raises(CatalogError, match=r"projection\.device"):
        clicks.build()


PUBLISHED = [
    ({"dt": "date"}, ["dt=2024-05-01/"]),
    ({"dt": "string"}, ["dt=2024-05-01/"]),
    ({"dt": "date", "hour": "bigint"}, ["dt=2024-05-01/hour=7/"]),
    ({"day_of": "string", "hour": "bigint"}, ["day_of=2024-05-01/hour=7/"]),
    ({"year": "bigint", "month": "bigint", "day": "bigint"}, ["year=2024/month=5/day=1/"]),
]


@pytest.mark.parametrize("layout", ["generations", "hive"])
@pytest.mark.parametrize(("keys", "folders"), PUBLISHED, ids=["-".join(k) for k, _ in PUBLISHED])
def test_published_partitions_have_the_keys_of_the_data_set(clicks, keys, folders, layout):
    clicks.values["published"] |= {"partitions": keys, "layout": layout}
    clicks.put("year=2024/month=05/day=01/hour=07/part-1", click(1))
    clicks.create_raw()
    (row,) = clicks.build().rows
    values = "".join(f"{name}={row[name]}/" for name in keys)
    assert [values] == folders
    # Built again, partition by partition, with an event more.
    clicks.put("year=2024/month=05/day=01/hour=07/part-2", click(2, "2024-05-01T07:20:00Z"))
    assert [row["event_id"] for row in clicks.build().rows] == ["e1", "e2"]
    pages = clicks.clients.s3.list_objects_v2(Bucket=clicks.name, Prefix="clicks/")
    plain = [e["Key"] for e in pages["Contents"] if f"clicks/{folders[0]}" in e["Key"]]
    assert bool(plain) == (layout == "hive")


def test_partitions_of_dates_are_by_the_clock_of_the_zone(clicks):
    clicks.values |= {"timezone": "Europe/Brussels"}
    clicks.values["published"]["partitions"] = {"dt": "date"}
    clicks.put("year=2024/month=04/day=30/hour=22/part-1", click(1, "2024-05-01T00:30:00+02:00"))
    clicks.put("year=2024/month=05/day=01/hour=22/part-1", click(2, "2024-05-02T00:30:00+02:00"))
    clicks.create_raw()
    assert [(row["event_id"], row["dt"]) for row in clicks.build().rows] == [("e1", "2024-05-01")]


def test_keys_that_are_not_those_of_the_folders_are_refused(clicks):
    clicks.put("year=2024/month=05/day=01/hour=07/part-1", click(1))
    clicks.create_raw(COLUMNS, {"dt": "string"})
    with pytest.raises(CatalogError, match=r"raw\.partitions"):
        clicks.build()
