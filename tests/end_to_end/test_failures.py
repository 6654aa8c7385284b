"""What fails tells why, and publishes nothing."""

import pytest

from demo.landing import land_records
from tests.end_to_end.events import CRAWLER, DAY, HOUR, MIDNIGHT, PREFIX, event


def test_a_failed_crawl_fails_the_run_with_its_reason(traffic, faults, capfd) -> None:
    faults.set("glue.crawl", "fail", message="Insufficient Lake Formation permission")

    run = traffic.run(DAY)

    assert run.state == "failed"
    assert run.states["wait_for_crawl", -1] == "failed"
    assert run.states["plan", -1] == "upstream_failed"
    said = capfd.readouterr().out
    assert f"the crawl of {CRAWLER} ended FAILED: Insufficient Lake Formation permission" in said


@pytest.mark.parametrize("point", ["before_write", "during_write", "after_write"])
def test_a_failed_query_fails_the_run_and_leaves_the_table_as_it_was(
    traffic, faults, capfd, point
) -> None:
    traffic.succeed(DAY)
    before = traffic.query("SELECT * FROM traffic ORDER BY recordtimestamp")
    land_records(traffic.s3, traffic.name, PREFIX, [event(61)], MIDNIGHT + HOUR)
    action = "partial" if point == "during_write" else "fail"
    faults.set(f"athena.query.{point}", action, match='"traffic__', message="Worker lost")

    run = traffic.run(DAY)

    assert run.state == "failed"
    assert run.states["slice.stage", 0] == "failed"
    assert run.states["slice.publish", 0] == "upstream_failed"
    assert "Worker lost" in capfd.readouterr().out
    assert traffic.query("SELECT * FROM traffic ORDER BY recordtimestamp") == before
    assert len(traffic.succeed(DAY)) > 0
    assert len(traffic.query("SELECT * FROM traffic")) == len(before) + 1


def test_a_crawler_that_is_not_there_is_told(traffic, capfd) -> None:
    traffic.glue.delete_crawler(Name=CRAWLER)

    run = traffic.run(DAY)

    assert run.states["crawl_raw", -1] == "failed"
    assert f"there is no crawler '{CRAWLER}'" in capfd.readouterr().out
