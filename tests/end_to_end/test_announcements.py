"""A run tells, once and only when it is green, what it published."""

from datetime import timedelta

from demo.landing import land_records
from retime.published.ledger import ledger_of
from tests.end_to_end.asset_events import asset_events
from tests.end_to_end.events import DAY, MIDNIGHT, PREFIX, event
from tests.end_to_end.pipeline import Pipeline

TABLE = "x-retime://traffic"


def land_five_days(pipeline: Pipeline) -> None:
    """An event on each of the four dates after the first, and on the one after them."""
    for day in range(1, 6):
        at = MIDNIGHT + timedelta(days=day)
        landed = event(24 * 60 * day + 2, tijd_laatst_gewijzigd=at.isoformat())
        land_records(pipeline.s3, pipeline.name, PREFIX, [landed], at)


def test_a_run_of_several_slices_makes_one_event_that_tells_what_was_published(traffic) -> None:
    """Five dates are two slices; what is told is what the catalog has."""
    land_five_days(traffic)

    run = traffic.run(start_date="2024-03-29", end_date="2024-04-02")

    assert run.state == "success", run.states
    (told,) = asset_events(TABLE, run.run_id)
    ledgers = [ledger_of(p["Parameters"]) for p in traffic.partitions("traffic").values()]
    assert told == {
        "database": traffic.database,
        "table": "traffic",
        "run_id": run.run_id,
        "dates": ["2024-03-29", "2024-03-30", "2024-03-31", "2024-04-01", "2024-04-02"],
        "rows": len(traffic.query("SELECT * FROM traffic")),
        "bytes": sum(ledger.bytes for ledger in ledgers if ledger),
        "generations": [run.returned["slice.publish", n]["generation"] for n in range(2)],
        # Raw has landed through the first hour of April 3: the max lateness of two days is over.
        "settled": ["2024-03-29", "2024-03-30", "2024-03-31"],
        "late_beyond": {},
    }
    assert told["rows"] == 3 * 12 + 5
    assert told["bytes"] > 0


def test_a_run_that_only_plans_makes_no_event(traffic) -> None:
    run = traffic.run(start_date=str(DAY), plan_only=True)

    assert run.state == "success"
    assert run.states["announce", -1] == "skipped"
    assert asset_events(TABLE, run.run_id) == []


def test_a_failed_run_makes_no_event_though_a_slice_of_it_is_published(traffic, faults) -> None:
    land_five_days(traffic)
    end_of_second = str(int((MIDNIGHT + timedelta(days=5)).timestamp()))
    faults.set("athena.query.before_write", "fail", match=end_of_second, message="Worker lost")

    run = traffic.run(start_date="2024-03-29", end_date="2024-04-02")

    assert run.state == "failed"
    assert run.states["slice.publish", 0] == "success"
    assert run.states["slice.publish", 1] == "upstream_failed"
    assert run.states["announce", -1] == "upstream_failed"
    assert asset_events(TABLE, run.run_id) == []
