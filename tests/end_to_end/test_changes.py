"""What changes between two runs: raw that goes, late events, records that cannot be used."""

from datetime import date, timedelta

from demo.landing import land_records
from tests.end_to_end.events import (
    DAY,
    HOUR,
    MIDNIGHT,
    PREFIX,
    delete_hour,
    event,
    object_of_hour,
    partition,
    rows_of_day,
)
from tests.end_to_end.pipeline import Pipeline, oracle
from tests.landed_records import read_landing
from tests.oracle import assert_rows_equal, typed_row


def assert_published_as_landed(pipeline: Pipeline) -> None:
    records = read_landing(pipeline.s3, pipeline.name, PREFIX)
    rows = [typed_row(row) for row in pipeline.query("SELECT * FROM traffic")]
    assert_rows_equal(rows, oracle(records, DAY, DAY).all_rows)


def test_an_hour_that_becomes_empty_stays_with_a_ledger_of_no_rows(traffic) -> None:
    traffic.succeed(DAY)
    assert traffic.rows_by_ledger("traffic") == rows_of_day({0: 12, 1: 12, 2: 12})
    before = traffic.ledgers("traffic")[partition(1)]
    delete_hour(traffic, 1)

    traffic.succeed(DAY)

    assert traffic.rows_by_ledger("traffic") == rows_of_day({0: 12, 2: 12})
    assert traffic.ledgers("traffic")[partition(1)].generation > before.generation
    assert_published_as_landed(traffic)


def test_built_and_empty_can_be_told_from_never_built_and_reads_as_no_rows(traffic) -> None:
    """The event of the next day has landed, but only the day is built."""
    traffic.succeed(DAY)

    ledger = traffic.ledgers("traffic")[partition(7)]
    assert (ledger.rows, ledger.bytes) == (0, 0)
    # Its arrivals: look-back and clock skew before it, what had landed of its lateness after it.
    assert ledger.built_from == (MIDNIGHT + 6 * HOUR).isoformat()
    assert ledger.built_through == (MIDNIGHT + 25 * HOUR).isoformat()
    location = traffic.partitions("traffic")[partition(7)]["StorageDescriptor"]["Location"]
    folder = f"traffic/v={ledger.generation}/year=2024/month=3/day=29/hour=7/"
    assert location == f"s3://{traffic.name}/{folder}"
    assert traffic.s3.list_objects_v2(Bucket=traffic.name, Prefix=folder)["KeyCount"] == 0
    listed = traffic.query('SELECT * FROM "traffic$partitions" ORDER BY day, hour')
    assert [tuple(row.values()) for row in listed] == [partition(hour) for hour in range(24)]
    for where, rows in (("day = 29 AND hour = 7", 0), ("day = 30", 0), ("day = 29", 36)):
        assert traffic.query(f"SELECT count(*) AS n FROM traffic WHERE {where}") == [
            {"n": str(rows)}
        ]
    assert traffic.rows_by_ledger("traffic_quarantine") == {("2024", "3", "29"): 0}
    assert traffic.query("SELECT * FROM traffic_quarantine") == []


def test_an_hour_whose_events_can_still_all_land_is_left_as_it_is(traffic) -> None:
    """Events of hour 4 are looked for from arrival hour 3 on, and nothing of that has landed."""
    delete_hour(traffic, 24)

    traffic.succeed(DAY)

    assert traffic.rows_by_ledger("traffic") == rows_of_day({0: 12, 1: 12, 2: 12}, hours=4)

    land_records(traffic.s3, traffic.name, PREFIX, [event(301)], MIDNIGHT + 24 * HOUR)
    traffic.succeed(DAY)
    assert traffic.rows_by_ledger("traffic") == rows_of_day({0: 12, 1: 12, 2: 12, 5: 1})
    assert_published_as_landed(traffic)


def test_a_build_from_less_raw_replaces_neither_rows_nor_empty_partitions(traffic) -> None:
    traffic.succeed(DAY)
    before = traffic.partitions("traffic")
    delete_hour(traffic, 24)

    traffic.succeed(DAY)

    assert traffic.runs[-1].returned["slice.publish", 0]["partitions"]["kept"] == 24
    assert traffic.partitions("traffic") == before


def test_of_a_date_of_which_nothing_landed_nothing_is_made(traffic) -> None:
    """Raw lands until the night of 30 March, and again from 19 April on."""
    land_records(traffic.s3, traffic.name, PREFIX, [event(9999)], MIDNIGHT + 21 * 24 * HOUR)
    traffic.succeed(DAY)
    tables = ("traffic", "traffic_quarantine")
    before = [traffic.partitions(table) for table in tables]

    report = traffic.succeed(date(2024, 4, 10))

    assert report["slices"] == 0
    assert [traffic.partitions(table) for table in tables] == before


def test_raw_that_was_archived_takes_nothing_with_it(traffic) -> None:
    traffic.succeed(DAY)
    place = object_of_hour(traffic, 1)
    traffic.s3.copy_object(**place, CopySource=place, StorageClass="GLACIER")
    before = traffic.query("SELECT * FROM traffic ORDER BY recordtimestamp")

    assert traffic.run(DAY).state == "failed"

    assert traffic.query("SELECT * FROM traffic ORDER BY recordtimestamp") == before


def test_a_rerun_brings_in_what_arrived_late_and_its_neighbours_change_with_it(traffic) -> None:
    traffic.succeed(DAY)
    late = event(62, voertuigsnelheid_rekenkundig_klasse2=40)
    land_records(traffic.s3, traffic.name, PREFIX, [late], MIDNIGHT + 30 * HOUR)

    report = traffic.succeed(DAY)

    assert report["late"] == 1
    assert_published_as_landed(traffic)
    speeds = traffic.query(
        "SELECT previousspeed FROM traffic WHERE recordtimestamp = "
        f"{int(MIDNIGHT.timestamp()) + 60 * 65}"
    )
    assert speeds == [{"previousspeed": "40.0"}]


def test_an_event_beyond_the_max_lateness_is_counted_and_not_published(traffic) -> None:
    too_late = event(62)
    land_records(traffic.s3, traffic.name, PREFIX, [too_late], MIDNIGHT + 51 * HOUR)

    ranged = traffic.succeed(start_date=str(DAY), end_date=str(DAY + timedelta(days=3)))

    assert ranged["too_late"] == 1
    assert len(traffic.query("SELECT 1 FROM traffic WHERE hour = 1 AND day = 29")) == 12


def test_records_that_cannot_be_used_are_quarantined_once(traffic) -> None:
    arrival = MIDNIGHT + HOUR
    good = [event(60 + n, point) for point in (37, 216, 217, 753) for n in range(59)]
    bad = [event(70, tijd_waarneming=None), event(71, lve_nr=None)]
    key = land_records(traffic.s3, traffic.name, PREFIX, [*good, *bad], arrival)

    for _ in range(2):
        report = traffic.succeed(DAY)

    assert report["quarantined"] == 2
    rows = traffic.query("SELECT * FROM traffic_quarantine ORDER BY reason")
    assert [row["reason"] for row in rows] == ["event_time_missing", "lve_nr_missing"]
    assert {row["source_file"] for row in rows} == {f"s3://{traffic.name}/{key}"}
    assert {row["arrival_time"] for row in rows} == {str(int(arrival.timestamp()))}
    assert rows[0]["record"] == "tijd_waarneming=null, unieke_id=32, lve_nr=1032"
    assert {(row["year"], row["month"], row["day"]) for row in rows} == {("2024", "3", "29")}
    assert traffic.rows_by_ledger("traffic_quarantine") == {("2024", "3", "29"): 2}


def test_more_unusable_records_than_the_limit_fail_the_slice(traffic, capfd) -> None:
    traffic.succeed(DAY)
    before = traffic.query("SELECT * FROM traffic ORDER BY recordtimestamp")
    bad = [event(70, tijd_waarneming=-1), event(90)]
    land_records(traffic.s3, traffic.name, PREFIX, bad, MIDNIGHT + HOUR)

    run = traffic.run(DAY)

    assert run.state == "failed"
    assert run.states["slice.publish", 0] == "upstream_failed"
    said = capfd.readouterr().out
    assert "quarantine_share: 1 of 38 records that arrived (2.63 %) cannot be used" in said
    assert run.states["report", -1] == "upstream_failed"
    assert traffic.query("SELECT * FROM traffic ORDER BY recordtimestamp") == before


def test_events_that_would_leave_no_row_fail_the_slice(traffic, capfd) -> None:
    other = event(62, 3391, defect=1)
    land_records(traffic.s3, traffic.name, PREFIX, [other], MIDNIGHT + 72 * HOUR)
    late = event(3 * 24 * 60 + 5, 3391, defect=1)
    land_records(traffic.s3, traffic.name, PREFIX, [late], MIDNIGHT + 72 * HOUR)
    land_records(traffic.s3, traffic.name, PREFIX, [event(9999)], MIDNIGHT + 98 * HOUR)

    run = traffic.run(date(2024, 4, 1))

    assert run.state == "failed"
    assert "not_empty: 1 events arrived for the slice" in capfd.readouterr().out
