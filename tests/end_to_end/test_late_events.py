"""Events that land after their date was built: the next daily run finds them and builds them in."""

from datetime import timedelta

from demo.landing import land_records
from tests.end_to_end.events import DAY, HOUR, MIDNIGHT, PREFIX, event
from tests.end_to_end.pipeline import Pipeline, oracle
from tests.landed_records import read_landing
from tests.oracle import assert_rows_equal, typed_row

NEXT, THIRD, FOURTH = (DAY + timedelta(days=n) for n in (1, 2, 3))
A_DAY = 24 * 60


def land(pipeline: Pipeline, hour: int, *minutes: int, **changes: object) -> None:
    """Let events of some minutes arrive in an hour; both counted from midnight."""
    records = [event(minute, **changes) for minute in minutes]
    land_records(pipeline.s3, pipeline.name, PREFIX, records, MIDNIGHT + hour * HOUR)


def assert_published(pipeline: Pipeline, last) -> None:
    records = read_landing(pipeline.s3, pipeline.name, PREFIX)
    rows = [typed_row(row) for row in pipeline.query("SELECT * FROM traffic")]
    assert_rows_equal(rows, oracle(records, DAY, last).all_rows)


def settled(pipeline: Pipeline) -> set[str]:
    ledgers = pipeline.ledgers("traffic")
    return {values[2] for values, ledger in ledgers.items() if ledger.is_settled}


def test_late_events_are_built_in_by_the_next_run_and_dates_become_settled(traffic) -> None:
    traffic.succeed(DAY, heal=True)
    # Of the day's last quarter of an hour: the speeds of the next day's first hour look back at it.
    land(traffic, 26, A_DAY - 10)
    land(traffic, 48, 2 * A_DAY + 1)

    report = traffic.succeed(NEXT, heal=True)

    assert report["healed"] == [str(DAY)]
    assert report["slices"] == 1
    assert_published(traffic, NEXT)
    assert {u.late for u in traffic.ledgers("traffic").values()} == {0}

    # Later than the max lateness, and filtered: neither makes a date late.
    land(traffic, 70, 30)
    land(traffic, 70, A_DAY + 100, defect=1)
    land(traffic, 72, 3 * A_DAY + 1)
    before = traffic.partitions("traffic")

    report = traffic.succeed(THIRD, heal=True)

    assert report["healed"] == []
    assert report["late_beyond"] == {str(DAY): 1}
    assert report["settled"] == [str(DAY)]
    after = traffic.partitions("traffic")
    assert {v: after[v]["StorageDescriptor"]["Location"] for v in before} == {
        v: p["StorageDescriptor"]["Location"] for v, p in before.items()
    }
    assert_published(traffic, THIRD)
    ledgers = traffic.ledgers("traffic").items()
    checked = {ledger.checked_through for v, ledger in ledgers if v[2] == "30"}
    assert checked == {(MIDNIGHT + 73 * HOUR).isoformat()}
