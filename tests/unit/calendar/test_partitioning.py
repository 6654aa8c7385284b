"""Partitionings: how folders and keys lay out time."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retime.calendar.partitioning import (
    DAILY,
    HOURLY,
    UNITS,
    Key,
    Partitioning,
    parse_partitioning,
    published_partitioning,
)

HOUR = (2024, 3, 5, 7)
FIREHOSE = parse_partitioning("year=%Y/month=%m/day=%d/hour=%H")
partitions = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2199, 12, 31)).map(
    lambda at: (at.year, at.month, at.day, at.hour)
)

# Folders of raw events.

PATTERNS = {
    "year=%Y/month=%m/day=%d/hour=%H": "year=2024/month=03/day=05/hour=07/",
    "year=%Y/month=%-m/day=%-d/hour=%-H": "year=2024/month=3/day=5/hour=7/",
    "y=%Y/m=%m/d=%-d/h=%H": "y=2024/m=03/d=5/h=07/",
    "%Y/%m/%d/%H": "2024/03/05/07/",
    "dt=%Y-%m-%d/hour=%H": "dt=2024-03-05/hour=07/",
    "dt=%Y-%m-%d/%-H": "dt=2024-03-05/7/",
    "dt=%Y-%m-%d-%H": "dt=2024-03-05-07/",
    "month=%Y%m/day=%d/at=%H.00": "month=202403/day=05/at=07.00/",
    "at=T%Y:%m:%d_%H": "at=T2024:03:05_07/",
    "v1/kind=click/%Y-%m-%d/%H": "v1/kind=click/2024-03-05/07/",
    "year=%Y/kind=click/month=%m/day=%d/hour=%H": "year=2024/kind=click/month=03/day=05/hour=07/",
    "year=%Y/month=%m/day=%d": "year=2024/month=03/day=05/",
    "dt=%Y-%m-%d": "dt=2024-03-05/",
    "dt=%Y%m%d": "dt=20240305/",
}


@pytest.mark.parametrize(("pattern", "folder"), PATTERNS.items())
def test_a_pattern_says_the_folder_of_an_hour_or_a_date(pattern, folder):
    found = parse_partitioning(pattern)
    assert found.pattern == pattern
    assert found.folder(HOUR) == folder
    assert found.units in (UNITS, UNITS[:3])
    assert found.period == timedelta(hours=1 if found.units == UNITS else 24)
    assert found.read_path(folder + "part-1") == HOUR[: len(found.units)]
    assert found.read(found.texts(HOUR)) == HOUR[: len(found.units)]


@given(partition=partitions)
def test_the_folder_of_a_partition_leads_back_to_it(partition):
    for pattern in PATTERNS:
        found = parse_partitioning(pattern)
        path = found.folder(partition) + "sub/part-0.parquet"
        assert found.read_path(path) == partition[: len(found.units)]


def test_a_folder_without_a_name_has_the_name_that_a_crawler_gives_it():
    assert parse_partitioning("%Y/%m/day=%d/%H").names == (
        "partition_0",
        "partition_1",
        "day",
        "partition_3",
    )


def test_names_are_in_lower_case_as_the_catalog_has_them_and_folders_as_s3_has_them():
    found = parse_partitioning("Year=%Y/MONTH=%m/day=%d")
    assert found.names == ("year", "month", "day")
    assert found.read_path("Year=2024/MONTH=03/day=05/x") == HOUR[:3]
    assert found.read_path("year=2024/month=03/day=05/x") is None


def test_a_key_may_have_any_value():
    found = parse_partitioning("device=*/year=%Y/*/month=%m/day=%d")
    assert found.names == ("device", "year", "partition_2", "month", "day")
    path = "device=a b%3D/year=2024/whatever/month=03/day=05/x"
    assert found.values(path) == ("a b%3D", "2024", "whatever", "03", "05")
    assert found.read_path(path) == HOUR[:3]
    assert found.pattern == "device=*/year=%Y/*/month=%m/day=%d"


def test_folders_that_firehose_writes_sort_by_time():
    hours = [(2023, 12, 31, 23), (2024, 1, 1, 0), (2024, 9, 30, 9), (2024, 10, 1, 10)]
    assert sorted(map(FIREHOSE.folder, hours)) == [FIREHOSE.folder(hour) for hour in hours]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "_manifest",
        "year=2024/month=03/day=28/",
        "year=2024/month=03/day=28/hour=07",
        "year=2024/month=3/day=28/hour=07/x",
        "year=2024/month=03/day=28/hour=24/x",
        "year=2024/month=13/day=28/hour=07/x",
        "year=24/month=03/day=28/hour=07/x",
        "year=2024/month=03/day=28/07/x",
        "month=03/year=2024/day=28/hour=07/x",
        "old/year=2024/month=03/day=28/hour=07/x",
        "processing-failed/2024/03/28/07/x",
    ],
)
def test_a_path_in_other_folders_names_no_hour(path):
    assert FIREHOSE.read_path(path) is None


@pytest.mark.parametrize("values", [[], ["2024", "03", "28"], ["2024", "03", "28", "07", "x"]])
def test_values_of_more_or_fewer_keys_name_no_hour(values):
    assert FIREHOSE.read(values) is None


def test_a_key_of_one_value_is_read_of_that_value_alone():
    found = parse_partitioning("kind=click.v1/dt=%Y-%m-%d")
    assert found.read_path("kind=click.v1/dt=2024-03-05/x") == HOUR[:3]
    assert found.read_path("kind=clickxv1/dt=2024-03-05/x") is None


COME_ONCE = (
    "the year, the month, the day and, unless a folder is of a day, the hour come once each, in "
    "this order"
)
CODES = "%Y, %m, %-m, %d, %-d, %H, %-H, * and text"


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("", "folder 1 is empty"),
        ("year=%Y//month=%m/day=%d", "folder 2 is empty"),
        ("year=%Y/month=%m/day=%d/", "folder 4 is empty"),
        ("year=%Y/YEAR=%m/day=%d", "a key comes twice"),
        ("partition_1=%Y/%m/%d", "a key comes twice"),
        ("year=%Y/month=%m", COME_ONCE),
        ("month=%m/day=%d/hour=%H", COME_ONCE),
        ("%d/%m/%Y", COME_ONCE),
        ("hour=%H/dt=%Y-%m-%d", COME_ONCE),
        ("dt=%Y-%m-%d/day=%d", COME_ONCE),
        ("*", COME_ONCE),
        ("year=2024/month=%m/day=%d", COME_ONCE),
        ("year=%y/month=%m/day=%d", f"'%y' in 'year=%y' is none of {CODES}"),
        ("year=%-Y/month=%m/day=%d", f"'%-Y' in 'year=%-Y' is none of {CODES}"),
        ("dt=%Y-%m-%d%", f"'%' in 'dt=%Y-%m-%d%' is none of {CODES}"),
        ("dt=%%%Y-%m-%d", f"'%%' in 'dt=%%%Y-%m-%d' is none of {CODES}"),
        ("dt=%Y %m-%d", f"' ' in 'dt=%Y %m-%d' is none of {CODES}"),
        ("device=*x/dt=%Y-%m-%d", f"'*x' in 'device=*x' is none of {CODES}"),
        ("device=/dt=%Y-%m-%d", f"'device=' in 'device=' is none of {CODES}"),
        ("=%Y/month=%m/day=%d", f"'=' in '=%Y' is none of {CODES}"),
        ("1st=%Y/month=%m/day=%d", f"'1st=' in '1st=%Y' is none of {CODES}"),
        ("dt=%Y-%-m-%d", "'dt=%Y-%-m-%d' is not zero-padded, and of more than one part"),
        ("dt=%Y-%m-%d/h%-H", "'h%-H' is not zero-padded, and of more than one part"),
    ],
)
def test_a_pattern_that_is_none_is_refused_with_what_is_wrong(pattern, sentence):
    with pytest.raises(ValueError, match=r".") as refusal:
        parse_partitioning(pattern)
    assert str(refusal.value) == sentence


# Keys and their values.

FORMATS = ["%Y", "%m", "%-m", "%d", "%-d", "%H", "%-H", "%Y%m%d", "%Y-%m-%d-%H", "x%Y.%m"]


@given(partition=partitions, format_=st.sampled_from(FORMATS))
def test_the_value_of_a_key_is_read_as_what_it_was_written_of(partition, format_):
    key = Key(name="k", format=format_)
    units = dict(zip(UNITS, partition, strict=True))
    assert key.read(key.text(partition)) == {unit: units[unit] for unit in key.units}
    assert key.value(key.folder(key.text(partition)).rstrip("/")) == key.text(partition)


@given(
    partition=partitions,
    format_=st.sampled_from([each for each in FORMATS if each.startswith("%") and len(each) < 4]),
    zeros=st.integers(0, 3),
    type_=st.sampled_from(["int", "bigint"]),
)
def test_a_number_is_read_with_any_zeros_before_it(partition, format_, zeros, type_):
    key = Key(name="k", format=format_, type=type_)
    text = "0" * zeros + str(int(key.text(partition)))
    assert key.read(text) == Key(name="k", format=format_).read(key.text(partition))


@given(first=partitions, second=partitions)
def test_padded_values_are_in_the_order_of_time(first, second):
    for format_ in ("%Y%m%d", "%Y-%m-%d-%H"):
        key = Key(name="k", format=format_)
        assert key.is_padded
        size = len(key.units)
        assert (key.text(first) < key.text(second)) == (first[:size] < second[:size])


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("%m", "3"),
        ("%m", "00"),
        ("%m", "13"),
        ("%m", "03 "),
        ("%-m", "03"),
        ("%-m", "0"),
        ("%d", "32"),
        ("%H", "24"),
        ("%-H", "07"),
        ("%Y", "24"),
        ("%Y", "__HIVE_DEFAULT_PARTITION__"),
        ("%Y-%m-%d", "2024-3-05"),
        ("%Y-%m-%d", "2024-03-05-07"),
        ("%Y.%m", "2024x03"),
        ("click", "clicks"),
    ],
)
def test_a_text_that_is_not_of_the_format_gives_none(format_, text):
    assert Key(name="k", format=format_).read(text) is None


@pytest.mark.parametrize("text", ["", "13", "0", "-3", "3.0", "__HIVE_DEFAULT_PARTITION__"])
def test_a_number_that_is_no_month_gives_none(text):
    assert Key(name="k", format="%-m", type="int").read(text) is None


@pytest.mark.parametrize(
    ("type_", "is_text"),
    [("string", True), ("varchar(4)", True), ("CHAR(2)", True), ("int", False), ("date", False)],
)
def test_a_key_is_of_text_by_its_type(type_, is_text):
    assert Key(name="k", format="%Y", type=type_).is_text == is_text


@pytest.mark.parametrize(
    ("format_", "positions"),
    [
        ("%Y-%m-%d", [("year", 0, 4), ("month", 5, 2), ("day", 8, 2)]),
        ("T%Y%m", [("year", 1, 4), ("month", 5, 2)]),
        ("*", []),
    ],
)
def test_units_have_positions_in_a_padded_value(format_, positions):
    assert Key(name="k", format=format_).positions == positions


@pytest.mark.parametrize(
    ("format_", "is_of_digits"), [("%Y%m%d", True), ("%Y-%m", False), ("7%H", True), ("*", False)]
)
def test_a_key_can_be_a_number_if_its_values_have_digits_alone(format_, is_of_digits):
    assert Key(name="k", format=format_).is_of_digits == is_of_digits


# Keys of published tables.


@pytest.mark.parametrize(
    ("types", "folder"),
    [
        (dict.fromkeys(UNITS, "bigint"), "year=2024/month=3/day=5/hour=7/"),
        (dict.fromkeys(UNITS[:3], "bigint"), "year=2024/month=3/day=5/"),
        ({"dt": "date"}, "dt=2024-03-05/"),
        ({"dt": "string"}, "dt=2024-03-05/"),
        ({"event_date": "date", "hour": "bigint"}, "event_date=2024-03-05/hour=7/"),
        ({"dt": "string", "hour": "bigint"}, "dt=2024-03-05/hour=7/"),
    ],
)
def test_a_published_table_has_keys_of_numbers_or_of_a_date(types, folder):
    found = published_partitioning(types)
    assert {key.name: key.type for key in found.keys} == types
    assert found.folder(HOUR) == folder
    size = 4 if "hour" in types else 3
    assert found.read_path(folder + "x") == HOUR[:size]
    assert found.period == timedelta(hours=1 if size == 4 else 24)


@pytest.mark.parametrize(
    "types",
    [
        {},
        {"year": "bigint"},
        {"year": "bigint", "month": "bigint"},
        {"month": "bigint", "year": "bigint", "day": "bigint"},
        dict.fromkeys(UNITS, "int"),
        dict.fromkeys(UNITS[:3], "string"),
        {"hour": "bigint"},
        {"day": "date"},
        {"dt": "bigint"},
        {"dt": "timestamp"},
        {"dt": "date", "hour": "string"},
        {"dt": "date", "minute": "bigint"},
        {"hour": "bigint", "dt": "date"},
        {"dt": "date", "hour": "bigint", "kind": "string"},
    ],
)
def test_other_keys_of_a_published_table_are_refused(types):
    with pytest.raises(ValueError, match=r"."):
        published_partitioning(types)


def test_published_tables_have_keys_of_numbers_unless_the_data_set_says_others():
    assert published_partitioning(dict.fromkeys(UNITS, "bigint")) == HOURLY
    assert Partitioning(HOURLY.keys[:3]) == DAILY
