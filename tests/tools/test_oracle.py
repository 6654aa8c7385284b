"""The oracle against small cases worked out by hand from the description of the data."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from demo.firehose import Buffering, FileFormat
from demo.landing import DirectoryClient, land
from demo.points import make_points
from demo.traffic import generate, published_records
from demo.traps import Traps
from tests.landed_records import arrival_hour_of, records_of
from tests.oracle import (
    Counts,
    Expected,
    Settings,
    assert_rows_equal,
    expect,
    typed_row,
    unusable_because,
)
from tests.oracle_records import Record, instant, read_record, whole_number
from tests.oracle_rows import COLUMNS, jam_indicator, speed_change_indicator

T0 = 1_711_605_600
SIX = datetime(2024, 3, 28, 6, tzinfo=timezone.utc)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MIDNIGHT = SIX.replace(hour=0)
ALL_POINTS = Settings(points=frozenset())


def event(time: int = T0, *, point: int = 753, section: int = 102, **fields: Any) -> dict[str, Any]:
    """Give one car at 100 km/h, unless fields say otherwise."""
    usual = {
        "beschrijvende_id": "H1L10",
        "unieke_id": point,
        "lve_nr": section,
        "tijd_waarneming": time,
        "tijd_laatst_gewijzigd": "2024-03-28T07:01:20+01:00",
        "actueel_publicatie": 1,
        "beschikbaar": 1,
        "defect": 0,
        "geldig": 0,
        "rekendata_bezettingsgraad": 5,
        "verkeersintensiteit_klasse2": 1,
        "voertuigsnelheid_rekenkundig_klasse2": 100,
    }
    return usual | fields


def classes(**counts_and_speeds: tuple[int | None, int | None]) -> dict[str, Any]:
    """Give the fields of classes: `k2=(3, 90)` is three cars at 90 km/h."""
    fields: dict[str, Any] = {}
    for name, (count, speed) in counts_and_speeds.items():
        fields[f"verkeersintensiteit_klasse{name[1]}"] = count
        fields[f"voertuigsnelheid_rekenkundig_klasse{name[1]}"] = speed
    return fields


def hour_of(record: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(record["tijd_waarneming"] // 3600 * 3600, timezone.utc)


def publish(
    *records: dict[str, Any], settings: Settings | None = None, day: datetime = MIDNIGHT
) -> Expected:
    """Publish a day from records that arrived in the hour of their event time."""
    landed = [(record, hour_of(record)) for record in records]
    return expect(landed, start=day, end=day + DAY, settings=settings, landed_through=day + 9 * DAY)


def only_row(*records: dict[str, Any], settings: Settings | None = None) -> dict[str, Any]:
    [row] = publish(*records, settings=settings).all_rows
    return row


def test_the_time_constants_of_this_file_agree():
    assert SIX.timestamp() == T0


# --- the measurement of a minute


def test_two_published_lanes_of_one_section_make_one_row():
    """Points 50 and 51 on 2020-04-06: (110 + 86) / 2 = 98 and (110 + 94 + 90) / 3 = 98 km/h."""
    records = [r for r in published_records() if r["lve_nr"] == 18]
    landed = [(r, hour_of(r)) for r in records]
    start = datetime(2020, 4, 6, tzinfo=timezone.utc)
    expected = expect(
        landed, start=start, end=start + DAY, settings=ALL_POINTS, landed_through=start + DAY
    )
    assert expected.rows == {
        (2020, 4, 6, 16): [
            {
                "uniqueid": 51,
                "recordtimestamp": 1586191860,
                "currentspeed": 98.0,
                "bezettingsgraad": 8,  # (6 + 10) / 2
                "previousspeed": None,
                "trafficjamindicator": 0,
                "trafficjamindicatorlong": 0,
                "trafficintensityclass2": 7,
                "trafficintensityclass3": 1,
                "trafficintensityclass4": 0,
                "trafficintensityclass5": 8,
                "speeddiffindicator": 0,
                "avgspeed3minutes": 98.0,
                "avgspeed20minutes": 98.0,
                "year": 2020,
                "month": 4,
                "day": 6,
                "hour": 16,
            }
        ]
    }
    assert expected.counts == Counts(events_read=2, published_from=2)


@pytest.mark.parametrize(
    ("published_at", "speed", "vehicles", "jam"),
    [
        ("2020-04-07T11:30:00+01:00", 125.0, 1, 0),
        ("2017-11-20T16:08:00+01:00", 100.5, 15, 0),  # (116 + 118 + 84 + 84) / 4
        ("2020-07-26T16:03:00+01:00", None, 45, -1),  # counted, but every speed 0
        ("2023-08-01T10:10:00+01:00", None, 0, -1),  # nobody passed
    ],
)
def test_the_other_published_records(published_at, speed, vehicles, jam):
    moment = datetime.fromisoformat(published_at)
    [record] = [r for r in published_records() if r["tijd_waarneming"] == moment.timestamp()]
    day = moment.astimezone(timezone.utc).replace(hour=0, minute=0)
    [row] = publish(record, settings=ALL_POINTS, day=day).all_rows
    assert (row["currentspeed"], row["bezettingsgraad"]) == (speed, vehicles)
    assert (row["trafficjamindicator"], row["speeddiffindicator"]) == (jam, 0)
    assert (row["avgspeed3minutes"], row["avgspeed20minutes"]) == (speed, speed)


@pytest.mark.parametrize(
    ("fields", "speed", "vehicles"),
    [
        (classes(k2=(3, 90), k5=(1, 80)), 85.0, 4),  # not weighted by vehicles
        (classes(k2=(1, 90), k3=(1, 91)), 90.5, 2),  # no integer division
        (classes(k2=(1, 250), k3=(1, 1)), 125.5, 2),
        (classes(k2=(1, 251), k3=(1, 80)), 80.0, 2),
        (classes(k2=(1, 252), k3=(1, 254)), None, 2),
        (classes(k2=(1, 0), k3=(1, 80)), 80.0, 2),
        (classes(k2=(1, -5)), None, 1),
        (classes(k2=(1, None), k3=(1, 80)), 80.0, 2),
        (classes(k2=(0, 90), k3=(2, 80)), 80.0, 2),
        (classes(k2=(None, 90), k3=(2, 80)), 80.0, 2),
        (classes(k2=(-3, 90), k3=(2, 80)), 80.0, 2),
        (classes(k1=(9, 50), k2=(1, 80)), 80.0, 1),  # class 1 is not used
    ],
)
def test_a_lanes_speed_is_the_mean_of_its_classes_with_vehicles_and_a_true_speed(
    fields, speed, vehicles
):
    row = only_row(event(**fields))
    assert (row["currentspeed"], row["bezettingsgraad"]) == (speed, vehicles)


def test_a_lane_without_speed_does_not_count_in_the_sections_speed_but_in_its_vehicles():
    row = only_row(
        event(point=3388, section=402, **classes(k2=(4, 0))),
        event(point=3391, section=402, **classes(k2=(2, 70))),
    )
    assert (row["uniqueid"], row["currentspeed"], row["bezettingsgraad"]) == (3391, 70.0, 3)


@pytest.mark.parametrize(("one", "other", "rounded"), [(1, 2, 2), (2, 3, 3), (0, 1, 1), (2, 2, 2)])
def test_half_a_vehicle_per_lane_is_rounded_up(one, other, rounded):
    row = only_row(
        event(point=216, section=71, **classes(k2=(one, 90))),
        event(point=217, section=71, **classes(k2=(0, 0), k4=(other, 90))),
    )
    assert row["bezettingsgraad"] == rounded


def test_a_third_of_a_vehicle_is_rounded_off():
    lanes = [event(point=p, **classes(k2=(n, 90))) for p, n in ((32, 1), (37, 1), (216, 2))]
    assert only_row(*lanes)["bezettingsgraad"] == 1


def test_seconds_within_a_minute_belong_to_that_minute():
    row = only_row(event(T0 + 59, point=216), event(T0, point=217))
    assert (row["recordtimestamp"], row["bezettingsgraad"]) == (T0, 1)


# --- which events count


@pytest.mark.parametrize(
    "fields",
    [
        {"defect": 1},
        {"defect": None},
        {"defect": "nee"},
        {"rekendata_bezettingsgraad": -1},
        {"rekendata_bezettingsgraad": None},
        {"rekendata_bezettingsgraad": "abc"},
        {"unieke_id": 50},
    ],
)
def test_events_that_rule_1_or_the_choice_of_points_refuses_are_filtered(fields):
    expected = publish(event(), event(T0 + 60, **fields))
    assert expected.counts == Counts(events_read=2, published_from=1, filtered=1)
    assert [row["recordtimestamp"] for row in expected.all_rows] == [T0]


def test_without_chosen_points_all_are_chosen():
    assert only_row(event(point=50), settings=ALL_POINTS)["uniqueid"] == 50


def test_a_section_has_only_its_chosen_lanes():
    row = only_row(event(point=32, section=55), event(point=29, section=55, **classes(k2=(9, 0))))
    assert (row["uniqueid"], row["bezettingsgraad"]) == (32, 1)


def test_a_redelivered_event_counts_once():
    expected = publish(event(), event())
    assert expected.counts == Counts(events_read=2, published_from=1, duplicates=1)
    assert expected.all_rows[0]["trafficintensityclass2"] == 1


def test_a_stale_point_that_publishes_again_counts_once():
    expected = publish(event(), *(event(actueel_publicatie=0) for _ in range(5)))
    assert expected.counts == Counts(events_read=6, published_from=1, duplicates=5)


@pytest.mark.parametrize(
    ("later", "earlier"),
    [
        ("2024-03-28T06:30:00Z", "2024-03-28T07:10:00+01:00"),  # 6:10 Z
        ("2024-03-28T07:20:00+01:00", "2024-03-28T08:10:00+02:00"),  # 6:20 and 6:10 Z
        ("2024-03-28T01:20:00-05:00", "2024-03-28T08:10:00+02:00"),  # 6:20 and 6:10 Z
        ("2024-03-28T08:20:00+02:00", "2024-03-28T07:10:00+01:00"),
        ("2024-03-28T07:01:00+01:00", "gisteren"),
        ("2024-03-28T07:01:00+01:00", None),
    ],
)
def test_the_latest_correction_by_instant_wins_whatever_its_text(later, earlier):
    wins = event(tijd_laatst_gewijzigd=later, **classes(k2=(1, 60)))
    loses = event(tijd_laatst_gewijzigd=earlier, **classes(k2=(9, 90)))
    for records in ([wins, loses], [loses, wins]):
        assert only_row(*records)["currentspeed"] == 60


@pytest.mark.parametrize(
    ("wins", "loses"),
    [
        (classes(k2=(10, 60)), classes(k2=(9, 90))),  # as numbers, not as texts
        (classes(k2=(5, 60)), classes(k2=(None, 90), k3=(9, 90))),  # null is lowest
        ({"lve_nr": 103}, {"lve_nr": 102, **classes(k2=(9, 90))}),
        ({"actueel_publicatie": 0, **classes(k2=(9, 60))}, {"actueel_publicatie": 1}),  # not used
        # counts come before speeds
        (classes(k2=(2, 60), k5=(1, 1)), classes(k2=(2, 70), k5=(0, 90))),
        ({"voertuigsnelheid_rekenkundig_klasse2": 61}, {}),
    ],
)
def test_ties_are_broken_over_the_columns_in_their_order(wins, loses):
    low = event(voertuigsnelheid_rekenkundig_klasse2=60)
    winner = low | {"tijd_laatst_gewijzigd": "2024-03-28T08:01:20+02:00"} | wins
    expected = only_row(winner)
    for records in ([winner, low | loses], [low | loses, winner]):
        assert only_row(*records) == expected


def test_a_filtered_event_does_not_win_over_a_good_one():
    expected = publish(
        event(), event(defect=1, tijd_laatst_gewijzigd="2024-03-28T09:00:00Z", **classes(k2=(9, 1)))
    )
    assert expected.counts == Counts(events_read=2, published_from=1, filtered=1)
    assert expected.all_rows[0]["currentspeed"] == 100


# --- windows and the previous measurement


def speeds_at(*minutes_and_speeds: tuple[int, int | None]) -> list[dict[str, Any]]:
    """Give the rows for a speed at some minutes after T0; None is a vehicle without a speed."""
    records = [
        event(T0 + 60 * minute, **classes(k2=(1, speed or 0)))
        for minute, speed in minutes_and_speeds
    ]
    return list(publish(*records).all_rows)


def test_windows_are_bounded_in_time():
    rows = speeds_at((0, 100), (1, 90), (2, 80), (3, 70), (19, 60), (20, 50))
    assert [r["avgspeed3minutes"] for r in rows] == [100, 95, 90, 80, 60, 55]
    # At minute 19 all of 0..19; at minute 20 no longer minute 0.
    assert [r["avgspeed20minutes"] for r in rows] == [100, 95, 90, 85, 80, 70]


def test_after_a_gap_the_short_average_is_not_stretched():
    rows = speeds_at((0, 30), (10, 90))
    assert [r["avgspeed3minutes"] for r in rows] == [30, 90]
    assert [r["avgspeed20minutes"] for r in rows] == [30, 60]
    assert [r["trafficjamindicator"] for r in rows] == [1, 0]
    assert [r["previousspeed"] for r in rows] == [None, 30]


@pytest.mark.parametrize(("minutes", "previous"), [(19, 100), (20, 100), (21, None)])
def test_the_previous_measurement_lies_at_most_20_minutes_back(minutes, previous):
    assert speeds_at((0, 100), (minutes, 60))[1]["previousspeed"] == previous


def test_a_measurement_without_a_speed_is_the_previous_one_and_no_part_of_an_average():
    rows = speeds_at((0, 100), (1, None), (2, 60))
    assert [r["currentspeed"] for r in rows] == [100, None, 60]
    assert [r["previousspeed"] for r in rows] == [None, 100, None]
    assert [r["avgspeed3minutes"] for r in rows] == [100, 100, 80]
    assert [r["speeddiffindicator"] for r in rows] == [0, 0, 0]


def test_sections_do_not_see_each_other():
    rows = publish(event(), event(T0 + 60, point=1065, section=140)).all_rows
    assert [r["previousspeed"] for r in rows] == [None, None]


@pytest.mark.parametrize(
    ("speed", "indicator"),
    [(1, 1), (40, 1), (41, 0), (250, 0)],
)
def test_up_to_40_km_an_hour_is_a_traffic_jam(speed, indicator):
    [row] = speeds_at((0, speed))
    assert row["trafficjamindicator"] == row["trafficjamindicatorlong"] == indicator


def test_there_is_no_hole_between_40_and_41_km_an_hour():
    rows = speeds_at((0, 40), (1, 41))
    assert (rows[1]["avgspeed3minutes"], rows[1]["trafficjamindicator"]) == (40.5, 0)
    assert [jam_indicator(Fraction(n)) for n in (0, 251)] == [1, -1]


def test_the_two_jam_indicators_have_their_own_average():
    rows = speeds_at((0, 120), (5, 30))
    assert (rows[1]["trafficjamindicator"], rows[1]["trafficjamindicatorlong"]) == (1, 0)


@pytest.mark.parametrize(
    ("before", "after", "indicator"), [(80, 100, 1), (80, 99, 0), (100, 80, -1), (100, 81, 0)]
)
def test_twenty_km_an_hour_is_a_change_of_speed(before, after, indicator):
    assert speeds_at((0, before), (1, after))[1]["speeddiffindicator"] == indicator
    assert speed_change_indicator(Fraction(before), None) == 0


def test_the_slice_sees_20_minutes_before_it_and_publishes_none_of_them():
    start = int(MIDNIGHT.timestamp())
    rows = publish(
        event(start - 20 * 60, **classes(k2=(1, 90))),
        event(start - 20 * 60, **classes(k2=(1, 90))),
        event(start - 60, defect=1),
        event(start, **classes(k2=(1, 60))),
    )
    [row] = rows.all_rows
    assert (row["recordtimestamp"], row["previousspeed"]) == (start, 90)
    assert row["speeddiffindicator"] == -1
    assert row["avgspeed20minutes"] == 60
    assert rows.counts == Counts(events_read=4, published_from=1, outside=3)


# --- quarantine


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ('{"unieke_id": "753", "tijd_', "unreadable"),
        ("ERROR connection reset", "unreadable"),
        ("[]", "unreadable"),
        ("null", "unreadable"),
        ("{}", "unreadable"),
        ('{"heartbeat": "ok"}', "unreadable"),
        ('{"unieke_id": null}', "unreadable"),
        (event(tijd_waarneming=None), "event_time_missing"),
        ('{"unieke_id": "753"}', "event_time_missing"),
        ('{"tijd_waarneming": "2024-03-28T06:00:00Z"}', "event_time_missing"),
        ('{"tijd_waarneming": 1711605600.5}', "event_time_missing"),
        ('{"tijd_waarneming": true}', "event_time_missing"),
        (event(0), "event_time_too_old"),
        (event(-T0), "event_time_too_old"),
        (event(1_262_304_000 - 1), "event_time_too_old"),
        (event(T0 * 1000), "event_time_in_milliseconds"),
        (event((T0 + 3600 + 1799) * 1000 + 999), "event_time_in_milliseconds"),
        (event((T0 + 3600 + 1800) * 1000), "event_time_in_future"),
        (event(T0 + 3600 + 1800), "event_time_in_future"),
        (event(T0 + 5 * 365 * 86_400, unieke_id=None), "event_time_in_future"),
        (event(unieke_id=None, lve_nr=None), "unieke_id_missing"),
        (event(unieke_id="onbekend"), "unieke_id_missing"),
        (event(lve_nr=None), "lve_nr_missing"),
        (event(lve_nr="18.5"), "lve_nr_missing"),
        (event(1_262_304_000), None),
        (event(T0 + 3600 + 1799), None),
        (event(tijd_waarneming=f" +{T0} "), None),
        (json.dumps({"Unieke_ID": "753", "lve_nr": 102, "tijd_waarneming": str(T0)}), None),
    ],
)
def test_what_no_slice_can_use_is_quarantined_with_its_first_reason(record, reason):
    assert unusable_because(read_record(record), T0, Settings()) == reason


def test_a_quarantined_record_belongs_to_the_slice_and_local_hour_that_it_arrived_in():
    settings = Settings(time_zone="Europe/Brussels")
    landed = [("{cut", SIX), ("{cut", SIX - 7 * HOUR), ("{cut", SIX + DAY)]
    expected = expect(
        landed,
        start=MIDNIGHT,
        end=MIDNIGHT + DAY,
        settings=settings,
        landed_through=MIDNIGHT + 2 * DAY,
    )
    [quarantined] = expected.quarantined
    assert (quarantined.reason, quarantined.record) == ("unreadable", "{cut")
    assert (quarantined.arrival_hour, quarantined.partition) == (SIX, (2024, 3, 28, 7))
    assert expected.counts == Counts(events_read=3, quarantined=1, outside=2)


# --- arrivals


def arrived(
    hours_late: float, *, landed_through: datetime = SIX + 9 * DAY, **fields: Any
) -> Counts:
    """Count one event of T0 + 10 minutes that arrives in the hour `hours_late` after 6:00."""
    landed = [(event(T0 + 600, **fields), SIX + timedelta(hours=hours_late))]
    end = MIDNIGHT + DAY
    return expect(landed, start=MIDNIGHT, end=end, landed_through=landed_through).counts


def test_late_events_are_counted_and_those_beyond_the_max_lateness_left_out():
    assert arrived(0) == arrived(1) == Counts(events_read=1, published_from=1)
    assert arrived(2) == arrived(48) == Counts(events_read=1, published_from=1, late=1)
    assert arrived(48, tijd_waarneming=T0).published_from == 1
    assert arrived(49) == Counts(events_read=1, too_late=1)
    assert arrived(49, defect=1) == Counts(events_read=1, too_late=1)
    assert arrived(2, defect=1) == Counts(events_read=1, filtered=1, late=1)


def test_the_arrival_window_ends_a_max_lateness_after_the_slice():
    assert arrived(18 + 47) == Counts(events_read=1, too_late=1)
    assert arrived(18 + 48) == Counts()


def test_what_had_not_landed_is_not_read():
    assert arrived(2, landed_through=SIX + 2 * HOUR).published_from == 1
    assert arrived(2, landed_through=SIX + HOUR) == Counts()


def test_events_that_arrive_before_their_time_are_found_in_the_hour_before():
    start = int(MIDNIGHT.timestamp())
    landed = [(event(start + 840), MIDNIGHT - HOUR), (event(start), MIDNIGHT - 2 * HOUR)]
    expected = expect(landed, start=MIDNIGHT, end=MIDNIGHT + DAY, landed_through=SIX)
    assert expected.counts == Counts(events_read=1, published_from=1)


def test_the_look_back_is_read_with_its_clock_skew_too():
    """From 6:30 it reaches back to 6:10, which may have arrived at 5:55."""
    landed = [(event(T0 + 660), SIX - HOUR), (event(T0 + 1800), SIX)]
    expected = expect(landed, start=SIX + HOUR / 2, end=SIX + HOUR, landed_through=SIX)
    assert expected.counts == Counts(events_read=2, published_from=1, outside=1)
    assert expected.all_rows[0]["previousspeed"] == 100


def test_the_look_back_leaves_out_what_is_too_late_for_its_own_slice():
    start = int(MIDNIGHT.timestamp())
    for hours_late, previous in ((48, 100), (49, None)):
        landed = [
            (event(start - 600), MIDNIGHT + timedelta(hours=hours_late - 1)),
            (event(start), MIDNIGHT),
        ]
        [row] = expect(
            landed, start=MIDNIGHT, end=MIDNIGHT + DAY, landed_through=MIDNIGHT + 9 * DAY
        ).all_rows
        assert row["previousspeed"] == previous


# --- JSON


def test_texts_and_omitted_empty_classes_are_read_as_the_numbers_they_stand_for():
    line = {name: str(value) for name, value in event().items()} | {"nieuw_veld": "x"}
    record = event()
    landed = [(json.dumps(line), hour_of(record))]
    read = expect(landed, start=MIDNIGHT, end=MIDNIGHT + DAY, landed_through=SIX)
    assert read.all_rows == publish(record).all_rows


@pytest.mark.parametrize(
    ("value", "number"),
    [
        *((5, 5), ("5", 5), (" -5\t", -5), ("+05", 5), ("5.0", None), (5.0, None), ("", None)),
        *((None, None), (True, None), ("\u0665", None), ("1_0", None), (2**63, None), ([5], None)),
    ],
)
def test_whole_numbers(value, number):
    assert whole_number(value) == number


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2024-03-28T06:00:00Z", T0),
        ("2024-03-28T08:00:00.5+02:00", T0 + Fraction(1, 2)),
        ("2024-03-28T06:00:00", T0),
        ("2024-03-28T00:30:00-0530", T0),
        ("2024-13-28T06:00:00Z", None),
        ("2024-03-28", None),
        (5, None),
    ],
)
def test_instants(text, seconds):
    assert instant(text) == seconds


# --- partitions and slices


def test_a_day_of_the_clock_change_has_its_own_hours():
    """In Brussels 2024-10-27 has 2 o'clock twice, and 2024-03-31 has it not at all."""
    settings = Settings(time_zone="Europe/Brussels")

    def partitions(day: datetime) -> list[tuple[int, int]]:
        first = int(day.timestamp())
        records = [event(first + 3600 * hour) for hour in range(25)]
        landed = [(r, hour_of(r)) for r in records]
        length = timedelta(hours=25 if day.month == 10 else 23)
        rows = expect(
            landed, start=day, end=day + length, settings=settings, landed_through=day + 2 * DAY
        ).rows
        return [(hour, len(rows[year, month, d, hour])) for year, month, d, hour in rows]

    autumn = partitions(datetime(2024, 10, 26, 22, tzinfo=timezone.utc))
    assert autumn == [(h, 2 if h == 2 else 1) for h in range(24)]
    spring = partitions(datetime(2024, 3, 30, 23, tzinfo=timezone.utc))
    assert spring == [(h, 1) for h in range(24) if h != 2]


def land_days(root: Path, days: int, file_format: FileFormat) -> list[tuple[Record, datetime]]:
    """Land days of a few points that go wrong often; give the records that landed."""
    points = [p for p in make_points(18, seed=3) if p.unieke_id in {216, 217, 1840, 3388, 50}]
    traps = Traps(
        stale=0.005, corrected=0.02, tied=0.01, late_hours=0.02, late_days=0.01, broken=0.01
    )
    events = generate(points, MIDNIGHT, MIDNIGHT + days * DAY, seed=5, traps=traps)
    buffering = Buffering(least_seconds=800, most_seconds=900)
    client = DirectoryClient(root)
    keys = land(client, "lake", "raw", events, file_format=file_format, buffering=buffering)
    return [
        (record, arrival_hour_of(key))
        for key in keys
        for record in records_of(key, (root / "lake" / key).read_bytes())
    ]


@pytest.fixture(scope="module")
def four_days(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Record, datetime]]:
    return land_days(tmp_path_factory.mktemp("four_days"), 4, "parquet")


def expect_days(landed: list[Any], first: int, days: int) -> Expected:
    start = MIDNIGHT + first * DAY
    return expect(landed, start=start, end=start + days * DAY, landed_through=SIX + 20 * DAY)


def test_one_slice_of_four_days_publishes_what_four_slices_of_one_day_publish(four_days):
    whole = expect_days(four_days, 0, 4)
    days = [expect_days(four_days, day, 1) for day in range(4)]
    assert whole.rows == {key: rows for day in days for key, rows in day.rows.items()}
    assert whole.quarantined == [q for day in days for q in day.quarantined]
    for name in ("published_from", "duplicates", "filtered", "quarantined", "late"):
        assert getattr(whole.counts, name) == sum(getattr(d.counts, name) for d in days) > 0
    assert len(whole.all_rows) > 4 * 1440 * 2


def test_counts_reconcile(tmp_path):
    counts = expect_days(land_days(tmp_path, 1, "json"), 0, 1).counts
    assert counts.outside > 0
    assert counts.events_read == (
        counts.published_from
        + counts.duplicates
        + counts.filtered
        + counts.quarantined
        + counts.outside
        + counts.too_late
    )


def test_the_order_of_the_records_does_not_matter(four_days):
    assert expect_days(four_days[::-1], 1, 1).rows == expect_days(four_days, 1, 1).rows


# --- comparing


def athena_texts(row: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: None if row[name] is None else str(row[name]) for name in row}


def test_equal_rows_pass_in_any_order_with_or_without_their_partition_keys():
    expected = publish(event(), event(T0 + 60), event(T0 + 3600)).all_rows
    assert len(expected) == 3
    assert_rows_equal([typed_row(athena_texts(row)) for row in reversed(expected)], expected)
    keys = ("year", "month", "day", "hour")
    assert_rows_equal([{n: r[n] for n in COLUMNS if n not in keys} for r in expected], expected)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("currentspeed", 100.001, "uniqueid 753 at 1711605600 .2024-03-28 06:00Z.: currentspeed"),
        ("currentspeed", None, "currentspeed is None, expected 100.0"),
        ("previousspeed", 0.0, "previousspeed is 0.0, expected None"),
        ("trafficjamindicator", 1, "trafficjamindicator is 1, expected 0"),
        ("hour", 7, "hour is 7, expected 6"),
        ("recordtimestamp", T0 + 60, "missing: uniqueid 753 at 1711605600"),
        ("snelheid", 5, "columns are not those of the table: .'snelheid'."),
    ],
)
def test_a_difference_is_named(column, value, message):
    expected = publish(event()).all_rows
    with pytest.raises(AssertionError, match=message):
        assert_rows_equal([{**expected[0], column: value}], expected)


def test_a_missing_or_doubled_row_is_named():
    expected = publish(event(), event(T0 + 60)).all_rows
    with pytest.raises(AssertionError, match=r"missing: uniqueid 753 at 1711605660"):
        assert_rows_equal(expected[:1], expected)
    with pytest.raises(AssertionError, match=r"not expected: uniqueid 753 at 1711605600"):
        assert_rows_equal([*expected, expected[0]], expected)


def test_floats_may_differ_by_their_last_digits():
    expected = publish(event()).all_rows
    assert_rows_equal([{**expected[0], "currentspeed": 100.00000000001}], expected)


def test_an_indicator_on_a_threshold_that_floats_miss_may_fall_on_either_side():
    """119/3, 40 and 121/3 km/h: 40 on average, which no sum of doubles is bound to hit."""
    thirds = (
        classes(k2=(1, 40), k3=(1, 40), k4=(1, 39)),
        classes(k2=(1, 40), k3=(1, 40), k4=(1, 40)),
        classes(k2=(1, 40), k3=(1, 40), k4=(1, 41)),
    )
    rows = publish(*(event(T0 + 60 * n, **fields) for n, fields in enumerate(thirds))).all_rows
    assert (rows[2]["avgspeed3minutes"], rows[2]["trafficjamindicator"]) == (40.0, 1)
    assert_rows_equal([*rows[:2], {**rows[2], "trafficjamindicator": 0}], rows)
    with pytest.raises(AssertionError, match="trafficjamindicator is -1"):
        assert_rows_equal([*rows[:2], {**rows[2], "trafficjamindicator": -1}], rows)
    whole = publish(event(**classes(k2=(1, 40)))).all_rows
    with pytest.raises(AssertionError, match="trafficjamindicator is 0"):
        assert_rows_equal([{**whole[0], "trafficjamindicator": 0}], whole)
