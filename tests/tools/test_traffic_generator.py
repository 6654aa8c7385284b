"""The demo's traffic holds everything that real traffic data holds, as often as asked."""

import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from demo.broken_lines import WAYS_TO_BREAK, break_line
from demo.firehose import Buffering
from demo.json_lines import json_line, json_lines
from demo.landing import DirectoryClient, land, land_records
from demo.points import CHOSEN_POINTS, PUBLISHED_POINTS, make_points
from demo.raw_fields import COUNT_FIELDS, RAW_FIELDS
from demo.traffic import PUBLISHED_RECORDS, Arrivals, generate, published_records
from demo.traps import NO_TRAPS, Traps
from tests.landed_records import arrival_hour_of, read_landing, records_of
from tests.oracle_records import instant

START = datetime(2024, 3, 28, tzinfo=timezone.utc)
HOURS = 9
POINTS = make_points(26, seed=7)
EVENTS = len(POINTS) * 60 * HOURS
KEY = re.compile(
    r"raw/traffic/year=\d{4}/month=\d\d/day=\d\d/hour=\d\d/"
    r"traffic-1-\d{4}(-\d\d){5}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(parquet|json|gz)"
)


def arrivals_of(traps: Traps, *, hours: int = HOURS, seed: int = 1) -> list[Arrivals]:
    return list(generate(POINTS, START, START + timedelta(hours=hours), seed=seed, traps=traps))


def rows_of(traps: Traps) -> list[dict[str, Any]]:
    """Give the rows with their arrival in epoch seconds, as `arrived`."""
    return [
        row | {"arrived": int(arrived)}
        for arrivals in arrivals_of(traps)
        for row, arrived in zip(arrivals.table.to_pylist(), arrivals.arrived, strict=True)
    ]


def same_event(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Give the rows of each event that there are several of, in order of arrival."""
    groups = defaultdict(list)
    for row in rows:
        groups[row["unieke_id"], row["tijd_waarneming"]].append(row)
    return [sorted(g, key=lambda r: r["arrived"]) for g in groups.values() if len(g) > 1]


def without(row: dict[str, Any], *fields: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in fields}


def lateness(row: dict[str, Any]) -> int:
    return int(row["arrived"] - row["tijd_waarneming"])


def assert_near(observed: int, expected: float) -> None:
    """Allow five standard deviations: chance does not break it, another rate does."""
    assert abs(observed - expected) <= 5 * expected**0.5, f"{observed}, about {expected} expected"


@pytest.fixture(scope="module")
def clean() -> list[dict[str, Any]]:
    return rows_of(NO_TRAPS)


# --- points and plain traffic


def test_the_chosen_and_the_published_points_are_always_among_the_points():
    for count, seed in ((18, 1), (60, 2), (4600, 3)):
        sections = {p.unieke_id: p.lve_nr for p in make_points(count, seed)}
        assert len(sections) == count
        assert sections.items() >= (CHOSEN_POINTS | PUBLISHED_POINTS).items()
    assert CHOSEN_POINTS[216] == CHOSEN_POINTS[217]
    with pytest.raises(ValueError, match="give 18 or more"):
        make_points(17, seed=1)


def test_generated_sections_have_at_most_four_lanes():
    lanes = Counter(p.lve_nr for p in make_points(4600, seed=1) if p.lve_nr >= 1000)
    assert set(lanes.values()) <= {1, 2, 3, 4}
    assert sum(n == 1 for n in lanes.values()) <= 1


def test_without_traps_every_point_publishes_every_minute_once(clean):
    first = int(START.timestamp())
    minutes = range(first, first + HOURS * 3600, 60)
    seen = Counter((r["unieke_id"], r["tijd_waarneming"]) for r in clean)
    assert seen == Counter((p.unieke_id, m) for p in POINTS for m in minutes)
    assert {60 <= lateness(r) <= 100 for r in clean} == {True}


def test_values_are_plausible(clean):
    for row in clean:
        changed = instant(row["tijd_laatst_gewijzigd"])
        assert row["tijd_waarneming"] + 60 <= changed <= row["arrived"]
        assert 0 <= row["rekendata_bezettingsgraad"] <= 100
        for number in range(2, 6):
            count = row[f"verkeersintensiteit_klasse{number}"]
            arithmetic = row[f"voertuigsnelheid_rekenkundig_klasse{number}"]
            harmonic = row[f"voertuigsnelheid_harmonisch_klasse{number}"]
            if count == 0 or row["unieke_id"] in (29, 1840):
                assert (arithmetic, harmonic) == (0, 252)
    cars = [r["voertuigsnelheid_rekenkundig_klasse2"] for r in clean]
    assert 80 < np.median([speed for speed in cars if speed]) < 120
    assert {text[19:] for r in clean for text in [r["tijd_laatst_gewijzigd"]]} == {
        "Z",
        "+01:00",
        "+02:00",
    }


def test_the_morning_is_busier_than_the_night_and_has_traffic_jams(clean):
    def vehicles(hour: int) -> int:
        begin = START.timestamp() + hour * 3600
        return sum(
            r["verkeersintensiteit_klasse2"]
            for r in clean
            if 0 <= r["tijd_waarneming"] - begin < 3600
        )

    assert vehicles(7) > 4 * vehicles(2)
    assert any(0 < r["voertuigsnelheid_rekenkundig_klasse2"] <= 40 for r in clean)


def test_the_same_seed_gives_the_same_events_and_another_seed_others():
    one, again, other = (arrivals_of(Traps(), hours=3, seed=seed) for seed in (1, 1, 2))
    assert [a.hour for a in one] == [a.hour for a in again]
    assert all(a.table.equals(b.table) for a, b in zip(one, again, strict=True))
    assert [a.lines for a in one] == [a.lines for a in again]
    assert not one[0].table.equals(other[0].table)


def test_a_longer_period_changes_nothing_in_the_hours_that_were_there():
    short, long = (
        pa.concat_tables([a.table for a in arrivals_of(NO_TRAPS, hours=hours)]) for hours in (2, 4)
    )
    was_there = pc.less(long["tijd_waarneming"], int(START.timestamp()) + 7200)
    order = [("tijd_waarneming", "ascending"), ("unieke_id", "ascending")]
    assert long.filter(was_there).sort_by(order).equals(short.sort_by(order))


def test_hours_of_arrival_come_in_order_and_hold_what_arrived_in_them():
    arrivals = arrivals_of(Traps())
    hours = [a.hour for a in arrivals]
    assert hours == sorted(set(hours))
    for a in arrivals:
        begin = int(a.hour.timestamp())
        assert np.all(np.diff(a.arrived) >= 0)
        assert begin <= a.arrived[0] <= a.arrived[-1] < begin + 3600
        assert len(a.arrived) == a.table.num_rows


@pytest.mark.parametrize(
    "start", [datetime(2024, 3, 28), datetime(2024, 3, 28, 0, 30, tzinfo=timezone.utc)]
)
def test_bounds_must_be_whole_hours_with_a_time_zone(start):
    with pytest.raises(ValueError, match="whole hour with a time zone"):
        generate(POINTS, start, START + timedelta(days=1), seed=1)


# --- traps, one at a time


def test_redelivered_events_are_identical_and_arrive_minutes_or_hours_later():
    groups = same_event(rows_of(replace(NO_TRAPS, redelivered=0.02)))
    assert_near(len(groups), 0.02 * EVENTS)
    for first, second in groups:
        assert without(first, "arrived") == without(second, "arrived")
    delays = [second["arrived"] - first["arrived"] for first, second in groups]
    assert min(delays) < 3600 < max(delays)


def test_stale_points_publish_their_last_event_again_every_minute():
    rows = rows_of(replace(NO_TRAPS, stale=0.005))
    groups = same_event(rows)
    assert_near(len(groups), 0.005 * EVENTS)
    measured = {(r["unieke_id"], r["tijd_waarneming"]) for r in rows}
    for group in groups:
        first, *again = group
        assert [r["arrived"] - first["arrived"] for r in again] == [
            60 * n for n in range(1, len(group))
        ]
        assert [r["actueel_publicatie"] for r in again] == [1, *[0] * (len(again) - 1)]
        same = without(first, "arrived", "actueel_publicatie")
        assert all(without(r, "arrived", "actueel_publicatie") == same for r in again)
        assert (first["unieke_id"], first["tijd_waarneming"] + 60) not in measured or (
            first["tijd_waarneming"] % 3600 == 3540
        )


def test_corrections_have_other_values_and_a_later_instant_that_may_be_an_earlier_text():
    groups = same_event(rows_of(replace(NO_TRAPS, corrected=0.02)))
    assert_near(len(groups), 0.02 * EVENTS)
    text_order_is_wrong = 0
    for first, second in groups:
        assert second["verkeersintensiteit_klasse2"] > first["verkeersintensiteit_klasse2"]
        texts = [r["tijd_laatst_gewijzigd"] for r in (first, second)]
        assert instant(texts[0]) < instant(texts[1])
        text_order_is_wrong += texts[0] > texts[1]
    assert text_order_is_wrong > len(groups) / 20


def test_ties_have_the_same_instant_in_another_text_and_other_values():
    groups = same_event(rows_of(replace(NO_TRAPS, tied=0.02)))
    assert_near(len(groups), 0.02 * EVENTS)
    for first, second in groups:
        assert first["verkeersintensiteit_klasse2"] != second["verkeersintensiteit_klasse2"]
        assert instant(first["tijd_laatst_gewijzigd"]) == instant(second["tijd_laatst_gewijzigd"])
    assert any(a["tijd_laatst_gewijzigd"] != b["tijd_laatst_gewijzigd"] for a, b in groups)


@pytest.mark.parametrize(
    ("trap", "least", "most"),
    [
        ("late_minutes", 180, 3600),
        ("late_hours", 3600, 12 * 3600),
        ("late_days", 12 * 3600, 46 * 3600),
        ("too_late", 96 * 3600, 120 * 3600),
        ("skewed", -240, 0),
    ],
)
def test_events_arrive_late_or_early_as_often_as_asked(trap, least, most):
    rows = rows_of(replace(NO_TRAPS, **{trap: 0.02}))
    assert len(rows) == EVENTS
    late = [lateness(r) for r in rows if not 60 <= lateness(r) <= 100]
    assert_near(len(late), 0.02 * EVENTS)
    assert least <= min(late) <= max(late) < most
    assert max(late) - min(late) > 0.8 * (most - least)


def test_some_events_arrive_in_the_hour_before_their_event_time():
    rows = rows_of(replace(NO_TRAPS, skewed=0.02))
    assert any(r["arrived"] // 3600 < r["tijd_waarneming"] // 3600 for r in rows)


@pytest.mark.parametrize(
    ("trap", "minutes"), [("silent_10_minutes", 10), ("silent_30_minutes", 30)]
)
def test_points_are_silent_for_a_while(trap, minutes):
    rows = rows_of(replace(NO_TRAPS, **{trap: 0.1}))
    assert_near((EVENTS - len(rows)) // minutes, 0.1 * len(POINTS) * HOURS)
    assert (EVENTS - len(rows)) % minutes == 0


def test_whole_sections_are_silent_for_an_hour():
    rows = rows_of(replace(NO_TRAPS, silent_hour=0.1))
    present = Counter((r["lve_nr"], r["tijd_waarneming"] // 3600) for r in rows)
    lanes = Counter(p.lve_nr for p in POINTS)
    assert {present[key] == 60 * lanes[key[0]] for key in present} == {True}
    assert_near(len(lanes) * HOURS - len(present), 0.1 * len(lanes) * HOURS)


@pytest.mark.parametrize(
    ("trap", "is_hit"),
    [
        ("defect", lambda r: r["defect"] == 1),
        ("occupancy_unknown", lambda r: r["rekendata_bezettingsgraad"] == -1),
        ("null_values", lambda r: None in r.values()),
        ("speed_codes", lambda r: {251, 254} & set(r.values())),
        ("milliseconds", lambda r: r["tijd_waarneming"] > 10**12),
        ("broken", lambda r: broken_kind(r) != "sound"),
    ],
)
def test_values_are_wrong_as_often_as_asked(trap: str, is_hit: Callable[[dict[str, Any]], bool]):
    rows = rows_of(replace(NO_TRAPS, **{trap: 0.02}))
    assert len(rows) == EVENTS
    # The speed of a class may already be a code by its looks: unrest can be 251 or 254.
    hits = [r for r in rows if is_hit(without(r, "rekendata_onrustigheid", "unieke_id") | ids(r))]
    assert_near(len(hits), 0.02 * EVENTS)


def ids(row: dict[str, Any]) -> dict[str, Any]:
    return {"unieke_id": row["unieke_id"]} if row["unieke_id"] is None else {}


def broken_kind(row: dict[str, Any]) -> str:
    if row["tijd_waarneming"] is None:
        return "event time null"
    if row["tijd_waarneming"] <= 0:
        return "event time 0" if row["tijd_waarneming"] == 0 else "event time negative"
    if row["tijd_waarneming"] > START.timestamp() + 365 * 86_400:
        return "event time years ahead"
    missing = [name for name in ("unieke_id", "lve_nr") if row.get(name, 0) is None]
    return f"{missing[0]} null" if missing else "sound"


def test_every_way_to_break_a_record_occurs():
    kinds = Counter(broken_kind(r) for r in rows_of(replace(NO_TRAPS, broken=0.02)))
    for kind in ("event time null", "event time 0", "event time negative", "unieke_id null"):
        assert_near(kinds[kind], 0.02 * EVENTS / 6)
    assert_near(kinds["event time years ahead"], 0.02 * EVENTS / 6)
    assert_near(kinds["lve_nr null"], 0.02 * EVENTS / 6)


def test_the_event_time_column_is_int64_only_where_milliseconds_occur():
    narrow, wide = (
        arrivals_of(replace(NO_TRAPS, milliseconds=rate), hours=1)[0].table.schema
        for rate in (0, 0.01)
    )
    assert narrow.field("tijd_waarneming").type == pa.int32()
    assert wide.field("tijd_waarneming").type == pa.int64()
    texts = ("beschrijvende_id", "tijd_laatst_gewijzigd")
    for schema in (narrow, wide):
        assert schema.names == list(RAW_FIELDS)
        others = [schema.field(n).type for n in schema.names if n != "tijd_waarneming"]
        assert Counter(others) == {pa.int32(): 23 + 1, pa.string(): len(texts)}


def test_the_published_records_land_once_early_as_they_were_published():
    arrivals = arrivals_of(replace(NO_TRAPS, has_published_records=True))
    old = [
        (a.hour, row)
        for a in arrivals
        for row in a.table.to_pylist()
        if row["tijd_waarneming"] < START.timestamp()
    ]
    assert {hour for hour, _ in old} == {START}
    texts = [json.loads(line) for line in PUBLISHED_RECORDS.read_text().splitlines()]
    for row, text in zip(sorted_records(r for _, r in old), sorted_records(texts), strict=True):
        assert row["tijd_waarneming"] == datetime.fromisoformat(text["tijd_waarneming"]).timestamp()
        assert without(row, "tijd_waarneming") == without(text, "tijd_waarneming")
    assert sorted_records(published_records()) == sorted_records(r for _, r in old)


def sorted_records(records: Any) -> list[dict[str, Any]]:
    return sorted(records, key=lambda r: (r["unieke_id"], r["tijd_laatst_gewijzigd"]))


def test_a_rate_outside_0_to_1_is_refused():
    with pytest.raises(ValueError, match="redelivered is 2"):
        Traps(redelivered=2)


# --- JSON


def test_broken_lines_occur_as_often_as_asked_and_in_every_way():
    lines = [line for a in arrivals_of(replace(NO_TRAPS, broken_lines=0.02)) for line in a.lines]
    assert_near(len(lines), 0.02 * EVENTS)
    row = arrivals_of(NO_TRAPS, hours=1)[0].table.to_pylist()[0]
    broken = [break_line(row, way) for way in range(len(WAYS_TO_BREAK))]
    assert len(set(broken)) == len(WAYS_TO_BREAK)
    assert json_line(row) not in broken
    shapes = {line.text[:12] for line in lines}
    assert {"{}", "[]", '{"heartbeat"', "ERROR could "} <= shapes


def test_json_has_texts_for_numbers_and_omits_the_fields_of_an_empty_class():
    record = published_records()[0]
    line = json.loads(json_line(record))
    assert line["unieke_id"] == "50"
    assert line["tijd_waarneming"] == "1586191860"
    assert line["verkeersintensiteit_klasse5"] == "5"
    assert not [name for name in line if name.endswith(("klasse1", "klasse3", "klasse4"))]


def test_lines_written_at_once_are_those_written_one_by_one():
    traps = replace(Traps(), null_values=0.1, broken=0.1)
    table = arrivals_of(traps, hours=2)[0].table
    assert table.num_rows > 1000
    one_by_one = [json.loads(json_line(row)) for row in table.to_pylist()]
    assert [json.loads(line) for line in json_lines(table)] == one_by_one


# --- landing


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    root = tmp_path_factory.mktemp("landing")
    keys = land(DirectoryClient(root), "lake", "raw/traffic", arrivals_of(NO_TRAPS))
    return keys, root / "lake"


def test_objects_are_named_and_placed_as_firehose_does(landed):
    keys, root = landed
    assert sorted(str(p.relative_to(root)) for p in root.rglob("*.parquet")) == sorted(keys)
    assert all(KEY.fullmatch(key) for key in keys)
    per_hour = Counter(arrival_hour_of(key) for key in keys)
    assert all(
        5 <= objects <= 12 for hour, objects in per_hour.items() if hour < START.replace(hour=HOURS)
    )
    for key in keys:
        named = re.search(r"traffic-1-(\d{4}-\d\d-\d\d-\d\d)", key)
        assert named is not None
        assert f"{arrival_hour_of(key):%Y-%m-%d-%H}" == named[1]


def test_an_object_lies_under_the_hour_of_its_oldest_record_and_may_hold_later_ones(landed, clean):
    keys, root = landed
    arrived = {(r["unieke_id"], r["tijd_waarneming"]): r["arrived"] for r in clean}
    spilled, seen = 0, Counter()
    for key in keys:
        hour = int(arrival_hour_of(key).timestamp())
        records = records_of(key, (root / key).read_bytes())
        events = [(r["unieke_id"], r["tijd_waarneming"]) for r in records]
        seen.update(events)
        times = [arrived[event] for event in events]
        assert hour <= min(times) < hour + 3600
        assert max(times) - min(times) < 600
        spilled += sum(time >= hour + 3600 for time in times)
    assert seen == Counter(arrived.keys())
    assert spilled > 0


def test_landing_twice_gives_the_same_keys_and_another_seed_other_ones(tmp_path):
    def keys(seed: int) -> list[str]:
        client = DirectoryClient(tmp_path / str(seed))
        return land(
            client, "lake", "", arrivals_of(NO_TRAPS, hours=1), buffering=Buffering(seed=seed)
        )

    assert keys(1) == keys(1) != keys(2)
    assert keys(1)[0].startswith("year=2024/")


def test_parquet_landing_puts_unreadable_lines_under_the_error_prefix(tmp_path):
    traps = replace(NO_TRAPS, broken_lines=0.01)
    keys = land(DirectoryClient(tmp_path), "lake", "raw", arrivals_of(traps, hours=2))
    errors = list((tmp_path / "lake/error/format-conversion-failed").iterdir())
    failures = [json.loads(line) for p in errors for line in p.read_text().splitlines()]
    assert len(failures) == sum(len(a.lines) for a in arrivals_of(traps, hours=2)) > 0
    assert all(key.startswith("raw/") for key in keys)


@pytest.mark.parametrize("file_format", ["json", "gz"])
def test_json_landing_holds_every_row_and_every_broken_line(tmp_path, file_format):
    arrivals = arrivals_of(replace(NO_TRAPS, broken_lines=0.01), hours=2)
    keys = land(DirectoryClient(tmp_path), "lake", "raw", arrivals, file_format=file_format)
    lines = Counter()
    for key in keys:
        body = (tmp_path / "lake" / key).read_bytes()
        text = (gzip.decompress(body) if file_format == "gz" else body).decode()
        assert text.endswith("\n")
        lines.update(text[:-1].split("\n"))
    broken = Counter(line.text for a in arrivals for line in a.lines)
    assert broken
    assert lines - broken == Counter(line for a in arrivals for line in json_lines(a.table))
    assert not broken - lines


def test_buffers_must_have_a_length():
    with pytest.raises(ValueError, match="least_seconds above 0"):
        Buffering(least_seconds=0)


@pytest.mark.parametrize("file_format", ["parquet", "json", "gz"])
def test_hand_made_records_land_under_their_arrival_hour_each_time_anew(account, file_format):
    record = published_records()[0]
    arrival = datetime(2024, 3, 28, 6, 59, tzinfo=timezone(timedelta(hours=1)))
    keys = {
        land_records(
            account.clients.s3, account.bucket, "raw/traffic/", [record], arrival, file_format
        )
        for _ in range(2)
    }
    assert len(keys) == 2
    assert all(KEY.fullmatch(key) for key in keys)
    (one, hour), again = read_landing(account.clients.s3, account.bucket, "raw/traffic/")
    assert again == (one, hour)
    assert hour == datetime(2024, 3, 28, 5, tzinfo=timezone.utc)
    assert one == (record if file_format == "parquet" else json_line(record))


def test_hand_made_records_may_lack_fields_and_be_raw_lines(account):
    arrival = START + timedelta(minutes=5)
    land_records(
        account.clients.s3,
        account.bucket,
        "a/",
        [{"unieke_id": 5, "tijd_waarneming": 10**12}],
        arrival,
    )
    [(row, _)] = read_landing(account.clients.s3, account.bucket, "a/")
    assert row == dict.fromkeys(RAW_FIELDS) | {"unieke_id": 5, "tijd_waarneming": 10**12}
    records = ["{cut", {"unieke_id": None, COUNT_FIELDS[1]: 3}]
    land_records(account.clients.s3, account.bucket, "b/", records, arrival, "json")
    lines = [line for line, _ in read_landing(account.clients.s3, account.bucket, "b/")]
    assert lines == ["{cut", '{"unieke_id": null, "verkeersintensiteit_klasse2": "3"}']


@pytest.mark.parametrize("record", ["a line", {"unieke_idee": 5}])
def test_parquet_refuses_what_has_no_column(account, record):
    with pytest.raises(ValueError, match="land such records as JSON"):
        land_records(account.clients.s3, account.bucket, "a/", [record], START)


def test_clock_skew_and_buffers_together_stay_within_the_skew_that_the_pipeline_allows(tmp_path):
    traps = replace(NO_TRAPS, skewed=0.5)
    keys = land(DirectoryClient(tmp_path), "lake", "raw", arrivals_of(traps))
    early = max(
        record["tijd_waarneming"] - int(arrival_hour_of(key).timestamp())
        for key in keys
        for record in records_of(key, (tmp_path / "lake" / key).read_bytes())
    )
    assert 3600 < early <= 3600 + 15 * 60
