"""Data sets: one YAML file each; a wrong one is told by file, key, value and remedy."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from retime.dataset.column_types import TRINO_TYPES, trino_type
from retime.dataset.model import DataSet
from retime.dataset.reader import DataSets, load_data_set, load_data_sets
from retime.errors import DataSetError
from tests.unit.samples import ROOT, UTC, utc

MISSING = object()

MINIMAL: dict[str, Any] = {
    "name": "clicks",
    "description": "Clicks on the site",
    "start_date": date(2024, 3, 28),
    "raw": {"table": "clicks_raw", "location": "s3://${raw_bucket}/clicks/"},
    "events": {
        "deduplicate": {"by": ["click_id", "event_time"], "latest": ["received_at"]},
        "earliest": date(2020, 1, 1),
        "max_lateness_hours": 24,
    },
    "published": {
        "table": "clicks",
        "location": "s3://${published_bucket}/clicks/",
        "event_time": "clicked_at",
        "columns": {"click_id": "string", "clicked_at": "bigint"},
    },
    "quarantine": {"table": "clicks_quarantine", "location": "s3://b/clicks_quarantine/"},
}


def changed(values: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """The values with another one under a dotted key, or without it where it is MISSING."""
    first, _, rest = key.partition(".")
    if rest:
        return {**values, first: changed(values.get(first, {}), rest, value)}
    if value is MISSING:
        return {name: old for name, old in values.items() if name != first}
    return {**values, first: value}


@pytest.fixture
def include(tmp_path: Path) -> Path:
    """An include folder with the SQL of the data set `clicks`."""
    for file in ("events.sql", "transform.sql"):
        (tmp_path / "sql" / "clicks").mkdir(parents=True, exist_ok=True)
        (tmp_path / "sql" / "clicks" / file).write_text("SELECT 1")
    (tmp_path / "datasets").mkdir()
    return tmp_path


def write_data_set(include: Path, name: str, **changes: Any) -> Path:
    """A right data set of another name, with its SQL; changed as a test says."""
    (include / "sql" / name).mkdir(exist_ok=True)
    for file in ("events.sql", "transform.sql"):
        (include / "sql" / name / file).write_text("SELECT 1")
    path = include / "datasets" / f"{name}.yaml"
    path.write_text(yaml.safe_dump({**MINIMAL, **changes, "name": name}))
    return path


def load(include: Path, values: Any) -> DataSet:
    path = include / "datasets" / "clicks.yaml"
    path.write_text(values if isinstance(values, str) else yaml.safe_dump(values, sort_keys=False))
    return load_data_set(path)


def refusal(include: Path, values: Any) -> str:
    with pytest.raises(DataSetError) as error:
        load(include, values)
    message = str(error.value)
    path = f"{include / 'datasets' / 'clicks.yaml'}: "
    assert message.startswith(path)
    return message.removeprefix(path)


def test_a_minimal_data_set_has_defaults(include):
    data_set = load(include, MINIMAL)
    assert (data_set.owner, data_set.zone, data_set.published.grain) == ("airflow", UTC, "hour")
    assert data_set.raw.crawler is None
    assert data_set.events.required == ()
    assert data_set.events.look_back == timedelta(0)
    assert data_set.events.clock_skew == timedelta(minutes=15)
    assert data_set.events.late_after == timedelta(hours=1)
    assert data_set.max_quarantined_percent == 1
    assert data_set.parameters == {}
    run = data_set.limits
    assert (run.max_days, run.max_concurrent_slices, run.max_active_runs) == (366, 2, 1)
    assert (run.arrival_timeout, run.retention) == (timedelta(hours=6), timedelta(days=7))


def test_a_data_set_is_as_its_file_says(include):
    values = changed(MINIMAL, "grain", "day")
    values = changed(values, "timezone", "Europe/Brussels")
    values = changed(values, "raw.crawler", "clicks_crawler")
    values = changed(values, "events.required", ["page"])
    values = changed(values, "events.look_back_minutes", 20)
    values = changed(values, "events.clock_skew_minutes", 5)
    values = changed(values, "events.late_after_minutes", 90)
    values = changed(values, "quarantine.max_percent", 2.5)
    values = changed(values, "run", {"max_days": 31, "arrival_timeout_hours": 1.5})
    values = changed(values, "parameters", {"pages": [1, 2]})
    data_set = load(include, values)
    assert data_set.name == "clicks"
    assert data_set.start_date == date(2024, 3, 28)
    assert (data_set.zone.key, data_set.published.grain) == ("Europe/Brussels", "day")
    assert data_set.published.partitioning.names == ("year", "month", "day")
    assert data_set.raw.crawler == "clicks_crawler"
    assert data_set.raw.location == "s3://${raw_bucket}/clicks/"
    events = data_set.events
    assert (events.key, events.latest, events.required) == (
        ("click_id", "event_time"),
        ("received_at",),
        ("page",),
    )
    assert events.earliest == utc(2020, 1, 1)
    assert (events.look_back, events.clock_skew) == (timedelta(minutes=20), timedelta(minutes=5))
    assert (events.max_lateness, events.late_after) == (timedelta(hours=24), timedelta(minutes=90))
    assert data_set.published.columns == {"click_id": "string", "clicked_at": "bigint"}
    assert data_set.event_time == "clicked_at"
    assert data_set.quarantine.name == "clicks_quarantine"
    assert data_set.max_quarantined_percent == 2.5
    assert (data_set.limits.max_days, data_set.limits.arrival_timeout) == (31, timedelta(hours=1.5))
    assert data_set.parameters == {"pages": [1, 2]}
    assert data_set.sql == include / "sql" / "clicks"


@pytest.mark.parametrize(
    "key",
    [
        "name",
        "description",
        "start_date",
        "raw",
        "raw.table",
        "raw.location",
        "events",
        "events.deduplicate",
        "events.deduplicate.by",
        "events.deduplicate.latest",
        "events.earliest",
        "events.max_lateness_hours",
        "published",
        "published.table",
        "published.location",
        "published.event_time",
        "published.columns",
        "quarantine",
        "quarantine.table",
        "quarantine.location",
    ],
)
def test_a_missing_key_is_named_with_what_to_add(include, key):
    message = refusal(include, changed(MINIMAL, key, MISSING))
    assert re.fullmatch(re.escape(key) + " is missing; add it: .+", message)


NAME = "a name of a-z, 0-9 and _, of at most 90 characters, but not retime"
COLUMNS = (
    "a mapping of column to type: tinyint, smallint, int, bigint, float, double, boolean, string, "
    "date, timestamp, decimal(p,s), array<type>, map<type,type> or struct<name:type,...>; "
    "event_count and names that begin with retime_ are taken"
)
PARTITIONS = (
    "year, month, day and maybe hour, each of type bigint; or one key of any other name, of type "
    "date or string, and maybe hour of type bigint"
)
FOLDERS = (
    "how the folders below the location are laid out, as year=%Y/month=%m/day=%d/hour=%H: of the "
    "codes %Y %m %d %H, with a dash where they are not zero-padded (%-m), and * for any value"
)
DATE = "a date, as 2024-03-28, from 1970-01-01 to 2199-12-31"


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("name", "Clicks", NAME),
        ("name", "1clicks", NAME),
        ("name", "../clicks", NAME),
        ("name", 7, NAME),
        ("description", " ", "a sentence of at most 1000 characters"),
        ("description", 2024, "a sentence of at most 1000 characters"),
        ("owner", False, "who answers for it"),
        ("start_date", "28 March", DATE),
        ("start_date", 20240328, DATE),
        ("timezone", "Europe/Bruxelles", "an IANA time zone, as Europe/Brussels"),
        ("timezone", "Europe", "an IANA time zone, as Europe/Brussels"),
        ("timezone", "../UTC", "an IANA time zone, as Europe/Brussels"),
        ("timezone", 1, "an IANA time zone, as Europe/Brussels"),
        ("grain", "minute", "hour or day"),
        ("grain", ["hour"], "hour or day"),
        ("raw", "clicks_raw", "a mapping"),
        ("raw.table", "clicks-raw", "a table name of a-z, 0-9 and _, of at most 200 characters"),
        ("raw.table", 'raw"; --', "a table name of a-z, 0-9 and _, of at most 200 characters"),
        ("raw.location", "s3://bucket", "s3://bucket/prefix/"),
        ("raw.location", "s3://bucket/", "s3://bucket/prefix/"),
        ("raw.location", "s3://bucket/prefix", "s3://bucket/prefix/"),
        ("raw.location", "bucket/prefix/", "s3://bucket/prefix/"),
        ("raw.location", "s3://bucket/prefix/../other/", "s3://bucket/prefix/"),
        ("published.location", "s3://bucket/./prefix/", "s3://bucket/prefix/"),
        ("raw.crawler", ["a"], "the name of a Glue crawler"),
        ("events", [], "a mapping"),
        ("events.required", "unieke_id", "a list of columns"),
        ("events.required", [1], "a list of columns"),
        ("events.deduplicate.by", "click_id", "a list of columns of events.sql"),
        ("events.deduplicate.latest", ["received at"], "a list of columns of events.sql"),
        ("events.earliest", "2010", DATE),
        ("events.look_back_minutes", "20", "minutes from 0 to 5270400"),
        ("events.look_back_minutes", True, "minutes from 0 to 5270400"),
        ("events.clock_skew_minutes", -1, "minutes from 0 to 5270400"),
        ("events.max_lateness_hours", None, "hours from 0 to 87840"),
        ("events.max_lateness_hours", float("nan"), "hours from 0 to 87840"),
        ("events.max_lateness_hours", float("inf"), "hours from 0 to 87840"),
        ("events.late_after_minutes", -0.5, "minutes from 0 to 5270400"),
        ("published.table", "", "a table name of a-z, 0-9 and _, of at most 200 characters"),
        ("published.location", "https://bucket/prefix/", "s3://bucket/prefix/"),
        ("published.event_time", ["clicked_at"], "a column"),
        ("published.columns", {}, COLUMNS),
        ("published.columns", ["click_id"], COLUMNS),
        ("published.columns", {"click_id": "varchar"}, COLUMNS),
        ("published.columns", {"click_id": "array<varchar>"}, COLUMNS),
        ("published.columns", {"Click": "int"}, COLUMNS),
        ("published.columns", {"event_count": "int"}, COLUMNS),
        ("published.columns", {"retime_reason": "string"}, COLUMNS),
        ("published.partitions", {"year": "bigint"}, PARTITIONS),
        ("published.partitions", {"dt": "timestamp"}, PARTITIONS),
        ("published.partitions", {"dt": "date", "hour": "string"}, PARTITIONS),
        ("published.partitions", "dt=%Y-%m-%d", PARTITIONS),
        ("raw.partitions", "year=%Y/month=%m", FOLDERS),
        ("raw.partitions", ["year=%Y"], FOLDERS),
        ("published.layout", "plain", "generations or hive"),
        ("published.layout", ["hive"], "generations or hive"),
        ("published.crawler", 1, "the name of a Glue crawler"),
        ("quarantine.max_percent", 101, "0 to 100"),
        ("quarantine.max_percent", -1, "0 to 100"),
        ("quarantine.max_percent", "1", "0 to 100"),
        ("quarantine.max_percent", True, "0 to 100"),
        ("run", 1, "a mapping"),
        ("run.max_days", 0, "a whole number from 1 to 100000"),
        ("run.max_days", 1.5, "a whole number from 1 to 100000"),
        ("run.max_concurrent_slices", True, "a whole number from 1 to 100000"),
        ("run.max_active_runs", "2", "a whole number from 1 to 100000"),
        ("run.arrival_timeout_hours", "6", "hours from 0 to 87840"),
        ("run.retention_days", -7, "days from 1 to 3660"),
        ("parameters", [1], "a mapping"),
    ],
)
def test_a_wrong_value_is_told_with_its_key_and_what_to_give(include, key, value, allowed):
    message = refusal(include, changed(MINIMAL, key, value))
    assert message == f"{key} is {value!r}; give {allowed}"


@pytest.mark.parametrize("key", ["by", "latest"])
def test_deduplication_needs_columns(include, key):
    message = refusal(include, changed(MINIMAL, f"events.deduplicate.{key}", []))
    assert message == (f"events.deduplicate.{key} is empty; name at least one column of events.sql")


def test_copies_of_an_event_have_the_same_event_time(include):
    """Else they could lie in two slices, and which one is kept would depend on the cut."""
    message = refusal(include, changed(MINIMAL, "events.deduplicate.by", ["click_id"]))
    assert message == (
        "events.deduplicate.by is ['click_id']; "
        "add event_time: copies of other times may be in another slice"
    )


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("retention_days", "description, events, grain"),
        ("raw.format", "crawler, location, partitions, table"),
        ("events.lookback_minutes", "look_back_minutes"),
        ("events.deduplicate.newest", "by, latest"),
        (
            "published.partition_by",
            "columns, crawler, event_time, layout, location, partitions, table",
        ),
        ("quarantine.max_share", "location, max_percent, table"),
        ("run.max_day", "max_active_runs, max_concurrent_slices, max_days"),
    ],
)
def test_a_key_that_is_not_known_is_refused_and_the_known_ones_listed(include, key, known):
    message = refusal(include, changed(MINIMAL, key, 1))
    assert message.startswith(f"{key} is not known here; remove it, or use one of ")
    assert known in message


def test_raw_has_the_folders_of_firehose_unless_the_file_says_others(include):
    assert load(include, MINIMAL).raw.partitioning.pattern == "year=%Y/month=%m/day=%d/hour=%H"
    for given, pattern in (("%Y/%m/%d/%H/", "%Y/%m/%d/%H"), ("/dt=%Y-%m-%d/", "dt=%Y-%m-%d")):
        raw = load(include, changed(MINIMAL, "raw.partitions", given)).raw
        assert raw.partitioning.pattern == pattern


@pytest.mark.parametrize(
    ("types", "grain"),
    [
        ({"year": "bigint", "month": "bigint", "day": "bigint"}, "day"),
        ({"dt": "date"}, "day"),
        ({"dt": "string", "hour": "bigint"}, "hour"),
    ],
)
def test_partitions_of_the_published_table_say_its_grain(include, types, grain):
    published = load(include, changed(MINIMAL, "published.partitions", types)).published
    assert (published.key_types, published.grain) == (types, grain)
    values = changed(MINIMAL, "published.partitions", types)
    assert load(include, changed(values, "grain", grain)).published == published
    other = {"day": "hour", "hour": "day"}[grain]
    assert refusal(include, changed(values, "grain", other)) == (
        f"published.partitions are of {grain}s, but grain is {other!r}; "
        "remove grain: the partitions say it"
    )


def test_a_column_is_no_partition_key_as_well(include):
    for column, values in (
        ("year", MINIMAL),
        ("dt", changed(MINIMAL, "published.partitions", {"dt": "date"})),
    ):
        columns = {**MINIMAL["published"]["columns"], column: "int"}
        message = refusal(include, changed(values, "published.columns", columns))
        assert message.startswith(f"published.columns has {column}; give other names")


def test_a_column_may_have_the_name_of_a_unit_of_time_that_is_no_partition_key(include):
    values = changed(MINIMAL, "published.partitions", {"dt": "date"})
    columns = {**MINIMAL["published"]["columns"], "year": "int", "local_time": "timestamp"}
    assert load(include, changed(values, "published.columns", columns)).published.columns == columns


def test_the_plain_layout_stages_beside_the_table_and_may_be_crawled(include):
    values = changed(MINIMAL, "published.layout", "hive")
    published = load(include, changed(values, "published.crawler", "clicks_crawler")).published
    assert published.location == "s3://${published_bucket}/clicks/"
    assert published.generations == "s3://${published_bucket}/clicks_generations/"
    assert published.crawler == "clicks_crawler"


def test_without_a_layout_generations_are_below_the_table(include):
    data_set = load(include, MINIMAL)
    for table in (data_set.published, data_set.quarantine):
        assert (table.generations, table.crawler) == (table.location, None)


def test_a_crawler_over_generations_is_refused(include):
    """It would make a table of each."""
    message = refusal(include, changed(MINIMAL, "published.crawler", "clicks_crawler"))
    assert message.startswith("published.crawler is 'clicks_crawler', but the layout is gener")
    assert message.endswith("remove it, or give layout: hive")


@pytest.mark.parametrize("folder", ["", "sub/", "_generations/"])
def test_a_quarantine_among_the_published_objects_is_refused(include, folder):
    location = "s3://${published_bucket}/clicks/" + folder
    location = location.replace("/_generations", "_generations")
    values = changed(MINIMAL, "published.layout", "hive")
    message = refusal(include, changed(values, "quarantine.location", location))
    assert message == (
        f"quarantine.location is {location!r}, which overlaps that of published; "
        "give each a location of its own"
    )


def test_an_event_time_that_is_no_column_is_refused(include):
    message = refusal(include, changed(MINIMAL, "published.event_time", "time"))
    assert message == (
        "published.event_time is 'time'; give a column of type int, bigint, timestamp: clicked_at"
    )


def test_an_event_time_that_is_no_time_is_refused(include):
    """Epoch seconds or a timestamp: text would be compared with numbers when the query runs."""
    message = refusal(include, changed(MINIMAL, "published.event_time", "click_id"))
    assert message.startswith("published.event_time is 'click_id'")


def test_a_parameter_that_the_package_gives_itself_is_refused(include):
    """Else it would have no effect: {{ start }} is the slice's start, whatever the file says."""
    message = refusal(include, changed(MINIMAL, "parameters", {"start": 1}))
    assert "start" in message


@pytest.mark.parametrize("name", ["max-speed", "1st", "", "if", "true", None])
def test_a_parameter_that_no_template_can_name_is_refused(include, name):
    message = refusal(include, changed(MINIMAL, "parameters", {name: 1}))
    assert message == f"parameters has {name!r}; give names that a template can name"


@pytest.mark.parametrize("text", ["name: a\nname: b", "published:\n  name: a\n  name: b"])
def test_a_key_that_comes_twice_is_refused(include, text):
    """Else the last would win, and the first be a setting without effect."""
    assert "the key 'name' comes twice" in refusal(include, text)


@pytest.mark.parametrize(
    "text", ["name: [", "a: b: c", "\tname: clicks", "name: clicks\nname: !!python/name:os.system"]
)
def test_a_file_that_is_not_yaml_is_told(include, text):
    assert refusal(include, text).startswith("is not YAML; fix it: ")


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("timezone", "Europe/" + "B" * 900, "an IANA time zone"),
        ("timezone", "B" * 5_000, "an IANA time zone"),
        ("published.table", "t" * 201, "a table name of a-z, 0-9 and _, of at most 200 characters"),
    ],
)
def test_a_value_that_is_too_long_is_told_in_short(include, key, value, allowed):
    message = refusal(include, changed(MINIMAL, key, value))
    assert f"; give {allowed}" in message
    assert len(message) < 400


def test_a_file_that_is_nested_too_deeply_is_told(include):
    assert refusal(include, "name: " + "[" * 20_000).startswith("is nested too deeply; ")


@pytest.mark.parametrize("text", ["", "clicks", "- name: clicks", "42"])
def test_a_file_without_a_mapping_is_told(include, text):
    assert refusal(include, text).startswith("holds no mapping; begin with `name: ")


def test_a_file_that_is_not_utf_8_is_told(include):
    path = include / "datasets" / "clicks.yaml"
    path.write_bytes(b"name: caf\xe9")
    with pytest.raises(DataSetError, match=re.escape(f"{path}: is not YAML; fix it: ")):
        load_data_set(path)


@pytest.mark.parametrize("file", ["events.sql", "transform.sql"])
def test_a_data_set_without_its_sql_says_which_file_to_add(include, file):
    missing = include / "sql" / "clicks" / file
    missing.unlink()
    assert refusal(include, MINIMAL) == f"name is 'clicks'; add the file {missing}"


@pytest.mark.parametrize("part", ["published", "quarantine"])
@pytest.mark.parametrize("place", ["clicks/", "clicks/deeper/"])
def test_a_data_set_that_publishes_into_its_raw_events_is_refused(include, part, place):
    """Publishing and cleaning up delete what is not theirs there."""
    values = changed(MINIMAL, f"{part}.location", f"s3://${{raw_bucket}}/{place}")
    message = refusal(include, values)
    assert message.startswith(f"{part}.location is 's3://${{raw_bucket}}/{place}'")
    assert "raw is never touched" in message


def test_a_data_set_that_publishes_into_the_raw_events_of_another_is_refused(include):
    tables = {
        "published": {**MINIMAL["published"], "table": "a", "location": "s3://${raw_bucket}/a/"},
        "quarantine": {"table": "a_quarantine", "location": "s3://b/a_quarantine/"},
    }
    a = {**MINIMAL, **tables, "name": "a", "raw": {"table": "r", "location": "s3://x/r/"}}
    b = changed(MINIMAL, "raw.location", "s3://${raw_bucket}/a/raw/")
    (include / "sql" / "a").mkdir()
    for file in ("events.sql", "transform.sql"):
        (include / "sql" / "a" / file).write_text("SELECT 1")
    for values in (a, b):
        (include / "datasets" / f"{values['name']}.yaml").write_text(yaml.safe_dump(values))
    found = load_data_sets([include])
    assert found.right == (), "neither runs: the one would delete what the other has"
    assert len(found.wrong) == 2
    for error in found.wrong:
        assert "overlaps the raw events of 'clicks' at 's3://${raw_bucket}/a/raw/'" in str(error)


def test_data_sets_that_publish_to_one_place_are_refused(include):
    """The clean-up of each would take what the other publishes for unused."""
    for name in ("a", "b"):
        (include / "sql" / name).mkdir()
        for file in ("events.sql", "transform.sql"):
            (include / "sql" / name / file).write_text("SELECT 1")
        path = include / "datasets" / f"{name}.yaml"
        path.write_text(yaml.safe_dump({**MINIMAL, "name": name}))
    found = load_data_sets([include])
    assert found.right == ()
    a, b = map(str, found.wrong)
    assert re.search(r"a\.yaml: 'b' publishes to the table 'clicks' too; .* See .*b\.yaml", a)
    assert re.search(r"b\.yaml: 'a' publishes to the table 'clicks' too; .* See .*a\.yaml", b)


def test_a_data_set_that_would_publish_over_a_wrong_one_does_not_run(include):
    """What the wrong one has published is there, and it runs again once it is fixed."""
    write_data_set(include, "old", run={"max_days": "lots"})
    write_data_set(include, "new", published={**MINIMAL["published"], "table": "new"})
    found = load_data_sets([include])
    assert found.right == ()
    new, old = map(str, found.wrong)
    assert "new.yaml: 'new' at 's3://${published_bucket}/clicks/' overlaps 'clicks'" in new
    assert "old.yaml: run.max_days is 'lots'" in old


def places(name: str) -> dict[str, Any]:
    """Tables and locations of a data set's own."""
    return {
        part: {**MINIMAL[part], "table": f"{name}_{part}", "location": f"s3://x/{name}/{part}/"}
        for part in ("published", "quarantine")
    }


def test_a_data_set_whose_raw_table_another_one_publishes_does_not_run(include):
    """It would register its arrival hours as partitions of the published table."""
    write_data_set(include, "a", **places("a"))
    raw = {"table": "a_published", "location": "s3://x/raw/"}
    write_data_set(include, "b", **places("b"), raw=raw)
    found = load_data_sets([include])
    assert found.right == ()
    assert all("'a_published' of 'a' is the raw table of 'b'" in str(e) for e in found.wrong)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("published.table", "clicks_raw"),
        ("quarantine.table", "clicks_raw"),
        ("quarantine.table", "clicks"),
    ],
)
def test_the_tables_of_a_data_set_have_names_of_their_own(include, key, name):
    assert refusal(include, changed(MINIMAL, key, name)).startswith(f"{key} is {name!r}, which is")


def test_an_old_copy_does_not_run_in_the_place_of_a_file_that_is_wrong(include):
    write_data_set(include, "clicks", run={"max_days": "lots"})
    old = include / "datasets" / "a_copy.yaml"
    old.write_text(yaml.safe_dump({**MINIMAL, **places("old")}))
    found = load_data_sets([include])
    assert found.right == ()
    assert f"{old}: name is 'clicks', which" in str(found.wrong[0])
    (include / "datasets" / "clicks.yaml").write_text("name: [")
    assert load_data_sets([include]).right == ()


def test_blanks_around_a_name_do_not_make_it_another(include):
    write_data_set(include, "a", **places("a"))
    same = places("b")
    same["published"]["table"] = "a_published "
    write_data_set(include, "b", **same)
    assert load_data_sets([include]).right == ()


def test_a_data_set_beside_two_that_conflict_runs(include):
    for name in ("a", "b"):
        write_data_set(include, name)
    write_data_set(include, "c", **places("c"))
    assert [data_set.name for data_set in load_data_sets([include]).right] == ["c"]


def test_data_sets_come_in_the_order_of_their_files(include):
    for name in ("b", "a"):
        (include / "sql" / name).mkdir()
        for file in ("events.sql", "transform.sql"):
            (include / "sql" / name / file).write_text("SELECT 1")
        path = include / "datasets" / f"{name}.yaml"
        tables = {
            part: {**MINIMAL[part], "table": f"{name}_{part}", "location": f"s3://x/{name}/{part}/"}
            for part in ("published", "quarantine")
        }
        path.write_text(yaml.safe_dump({**MINIMAL, **tables, "name": name}))
    (include / "datasets" / "notes.txt").write_text("not a data set")
    assert [data_set.name for data_set in load_data_sets([include]).right] == ["a", "b"]


def test_an_include_folder_without_data_sets_gives_none(tmp_path):
    (tmp_path / "datasets").mkdir()
    assert load_data_sets([tmp_path]) == DataSets(right=(), wrong=())


def test_an_include_folder_that_is_not_there_is_told(tmp_path):
    """A misspelt RETIME_INCLUDE would be a data set that silently does not run."""
    (error,) = load_data_sets([tmp_path / "misspelt"]).wrong
    assert (
        str(error)
        == f"{tmp_path}/misspelt: has no folder datasets; name another folder, as in RETIME_INCLUDE"
    )


def test_an_include_folder_that_is_named_twice_is_read_once(include):
    write_data_set(include, "clicks")
    again = include / ".." / include.name
    assert len(load_data_sets([include, again]).right) == 1
    assert load_data_sets([include, again]).wrong == ()


def test_a_file_may_end_in_yml(include):
    write_data_set(include, "clicks").rename(include / "datasets" / "clicks.yml")
    assert [data_set.name for data_set in load_data_sets([include]).right] == ["clicks"]


def test_a_wrong_file_takes_no_other_with_it(include):
    """Whatever is wrong with it: the others load, and each wrong one is named with its remedy."""
    other = {**MINIMAL, **places("other")}
    texts = {
        "a_key": yaml.safe_dump(changed({**other, "name": "a_key"}, "run.max_days", "lots")),
        "a_date": yaml.safe_dump({**other, "name": "a_date"}).replace("2024-03-28", "2024-13-45"),
        "bytes": "name: caf\udce9",
        "deep": "a: " + "[" * 20_000,
        "no_yaml": "name: [",
    }
    for name, text in texts.items():
        path = include / "datasets" / f"{name}.yaml"
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
    (include / "datasets" / "folder.yaml").mkdir()
    (include / "datasets" / "right.yaml").write_text(yaml.safe_dump(MINIMAL))

    found = load_data_sets([include])

    assert [data_set.name for data_set in found.right] == ["clicks"]
    told = {Path(str(error).partition(": ")[0]).stem: str(error) for error in found.wrong}
    assert set(told) == {*texts, "folder"}
    assert "run.max_days is 'lots'; give a whole number from 1" in told["a_key"]
    assert "start_date is '2024-13-45'; give a date, as 2024-03-28, from" in told["a_date"]
    assert "is not YAML; fix it" in told["no_yaml"]
    assert "is nested too deeply; " in told["deep"]
    assert "cannot be read; fix the file: " in told["folder"]


@pytest.mark.parametrize(
    ("files", "keeper"), [(("one", "two"), "one"), (("a_copy", "clicks"), "clicks")]
)
def test_of_two_data_sets_of_one_name_one_stays(include, files, keeper):
    """The one whose file has the name of the data set, or else the first."""
    for file in files:
        (include / "datasets" / f"{file}.yaml").write_text(yaml.safe_dump(MINIMAL))
    found = load_data_sets([include])
    assert [data_set.name for data_set in found.right] == ["clicks"]
    (error,) = found.wrong
    (other,) = set(files) - {keeper}
    kept, renamed = (include / "datasets" / f"{file}.yaml" for file in (keeper, other))
    assert str(error) == (
        f"{renamed}: name is 'clicks', which {kept} has too; give each data set a name of its own"
    )


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nname: *b\n"


@pytest.mark.parametrize("text", [BOMB, "a: &a {b: 1}\nname: clicks\n<<: *a\n"])
def test_an_alias_is_refused(include, text):
    """It can make gigabytes of a small file, in the process that parses all DAGs."""
    assert "an alias; write out its value" in refusal(include, text)


def test_a_file_that_is_too_large_is_refused(include):
    text = "name: clicks\n" + "".join(f"k{n}: 1\n" for n in range(20_000))
    assert "is larger than 100000 bytes" in refusal(include, text)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "n" * 91),
        ("raw.table", "t" * 201),
        ("description", "x" * 1_001),
        ("owner", "half a character: \ud800"),
        ("start_date", date(1, 1, 1)),
        ("start_date", date(2200, 1, 1)),
        ("run.max_active_runs", 10**30),
        ("run.timeout_hours", 2e10),
        ("run.retention_days", 4_000),
    ],
)
def test_what_airflow_or_glue_would_refuse_is_refused_with_its_key(include, key, value):
    text = yaml.safe_dump(changed(MINIMAL, key, value), sort_keys=False)
    assert refusal(include, text).startswith(f"{key} is ")


@pytest.mark.parametrize("path", sorted((ROOT / "include" / "datasets").glob("*.yaml")), ids=str)
def test_the_data_sets_of_the_package_load(path):
    assert load_data_set(path).name == path.stem


@pytest.mark.parametrize(("type_", "trino"), [*TRINO_TYPES.items()])
def test_a_catalog_type_has_its_name_in_athena(type_, trino):
    assert trino_type(type_) == trino


def test_a_decimal_keeps_its_precision():
    assert trino_type("decimal(10,2)") == "DECIMAL(10, 2)"


@pytest.mark.parametrize(
    "type_", ["varchar", "decimal", "decimal(10)", "decimal(39,1)", "array<varchar>", "map<int>"]
)
def test_a_type_that_retime_does_not_publish_is_refused(type_):
    with pytest.raises(ValueError, match=r"^(varchar|decimal|map)$"):
        trino_type(type_)
