"""A date is pointed back at what was published before, and stays there until it is unpinned."""

from datetime import timedelta

from demo.landing import land_records
from tests.end_to_end.events import DAY, HOUR, MIDNIGHT, PREFIX, event
from tests.end_to_end.pipeline import Pipeline


def rows(pipeline: Pipeline) -> int:
    (row,) = pipeline.query("SELECT count(*) AS n FROM traffic")
    return int(row["n"] or 0)


def test_a_rolled_back_date_stays_as_it_was_through_builds_until_it_is_unpinned(traffic) -> None:
    traffic.succeed(DAY)
    before = traffic.partitions("traffic")
    land_records(traffic.s3, traffic.name, PREFIX, [event(61)], MIDNIGHT + 24 * HOUR)
    traffic.succeed(DAY)
    assert rows(traffic) == 37
    dates = {"start_date": str(DAY)}

    planned = traffic.run(action="rollback", plan_only=True, **dates)
    assert planned.state == "success"
    assert rows(traffic) == 37

    run = traffic.run(action="rollback", **dates)

    assert run.state == "success", run.states
    assert run.states["slice.stage", 0] == "skipped"
    assert run.result("report")["changed"] == [
        {
            "action": "rollback",
            "slice": {"first_date": str(DAY), "last_date": str(DAY), "zone": "UTC"},
            "partitions": 24,
        }
    ]
    assert rows(traffic) == 36
    after = traffic.partitions("traffic")
    assert {v: p["StorageDescriptor"]["Location"] for v, p in after.items()} == {
        v: p["StorageDescriptor"]["Location"] for v, p in before.items()
    }

    report = traffic.succeed(DAY)
    assert traffic.partitions("traffic") == after
    assert (report["slices"], rows(traffic)) == (1, 36)

    again = traffic.run(action="rollback", **dates)
    assert again.states["plan", -1] == "failed"
    late = traffic.run(action="rollback", start_date=str(DAY + timedelta(days=3)))
    assert late.states["plan", -1] == "failed"

    assert traffic.run(action="unpin", **dates).state == "success"
    traffic.succeed(DAY)
    assert rows(traffic) == 37
