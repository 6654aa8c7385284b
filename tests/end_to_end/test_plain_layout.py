"""Crawl, transform, crawl: a table of the plain layout, read through the catalog and by its paths.

The data set is traffic's, in the layout `hive` and with a crawler over the published table.
"""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.account import create_crawler
from demo.landing import land_records
from retime.airflow import tasks
from retime.published.ledger import ledger_of
from tests.end_to_end.events import DAY, HOUR, MIDNIGHT, PREFIX, delete_hour, event
from tests.end_to_end.pipeline import Pipeline, oracle
from tests.end_to_end.plain_tables import (
    CRAWLED,
    CRAWLER,
    Seen,
    by_catalog,
    by_duckdb,
    by_hour,
    by_pyarrow,
    crawl,
    give_layout,
)
from tests.landed_records import read_landing
from tests.oracle import assert_rows_equal, typed_row

LOG = {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}


@pytest.fixture
def plain(traffic, aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """The data set `plain` over the raw events of three hours, and both crawlers."""
    monkeypatch.setenv("RETIME_INCLUDE", str(tmp_path))
    monkeypatch.setattr(aws.server.crawlers, "seconds", 0.0)
    traffic.data_set = "plain"
    give_layout(tmp_path, CRAWLED)
    if CRAWLER in traffic.glue.list_crawlers()["CrawlerNames"]:
        traffic.glue.delete_crawler(Name=CRAWLER)
    location = f"s3://{traffic.name}/plain/"
    create_crawler(traffic.glue, CRAWLER, location, traffic.database, exclusions=["v=*/**"])
    return traffic


def assert_all_readers_see_what_landed(pipeline: Pipeline) -> None:
    records = read_landing(pipeline.s3, pipeline.name, PREFIX)
    rows = [typed_row(row) for row in pipeline.query("SELECT * FROM plain")]
    assert_rows_equal(rows, oracle(records, DAY, DAY).all_rows)
    seen = by_hour(rows)
    assert by_pyarrow(pipeline) == seen
    assert by_duckdb(pipeline) == seen


def change_raw(pipeline: Pipeline) -> None:
    """Hour 1 loses its events, hour 2 gets a late one, and hour 5 its first."""
    delete_hour(pipeline, 1)
    late = [event(121), event(301)]
    land_records(pipeline.s3, pipeline.name, PREFIX, late, MIDNIGHT + 30 * HOUR)


def lose_a_partition_and_crawl(pipeline: Pipeline) -> None:
    """The crawl registers what is there, and changes nothing else."""
    place = {"DatabaseName": pipeline.database}
    before, table = by_catalog(pipeline), pipeline.glue.get_table(**place, Name="plain")["Table"]
    values = ["2024", "3", "29", "1"]
    pipeline.glue.delete_partition(**place, TableName="plain", PartitionValues=values)
    assert set(by_catalog(pipeline)) == {"0", "2"}

    crawl(pipeline.glue)

    assert by_catalog(pipeline) == before
    assert pipeline.glue.get_table(**place, Name="plain")["Table"] == table


def test_crawl_transform_crawl_gives_every_reader_the_same_table(plain) -> None:
    plain.succeed(DAY)
    lose_a_partition_and_crawl(plain)
    change_raw(plain)
    plain.succeed(DAY)

    assert plain.runs[-1].states["wait_for_published_crawl", -1] == "success"
    assert_all_readers_see_what_landed(plain)
    found = plain.partitions("plain")
    assert set(found) == {("2024", "3", "29", hour) for hour in ("0", "2", "5")}
    generations = {ledger_of(p["Parameters"]).generation for p in found.values()}
    assert len(generations) == 1
    for (_, _, _, hour), partition in found.items():
        folder = f"plain/year=2024/month=3/day=29/hour={hour}/"
        assert partition["StorageDescriptor"]["Location"] == f"s3://{plain.name}/{folder}"
        entries = plain.s3.list_objects_v2(Bucket=plain.name, Prefix=folder)["Contents"]
        names = [entry["Key"].removeprefix(folder) for entry in entries]
        assert {name.partition("-")[0] for name in names} == generations
    tables = {name for name in plain.tables() if "__" not in name}
    assert tables == {"traffic_raw", "plain", "plain_quarantine"}


STEPS = {
    "new partitions are created": ("glue.BatchCreatePartition", "plain_generations/"),
    "others are pointed at the generation": ("glue.BatchUpdatePartition", "plain_generations/"),
    "hour 1 is pointed at nothing": ("glue.BatchUpdatePartition", "day=29/hour=1/"),
    "and its folder is emptied": ("s3.DeleteObjects", ""),
    "hour 1 is forgotten": ("glue.BatchDeletePartition", ""),
    "an object is copied": ("s3.CopyObject", "/plain/year=2024/month=3/day=29/hour=2/"),
    "objects of before are deleted": ("s3.DeleteObjects", ""),
    "partitions are pointed back": ("glue.BatchUpdatePartition", "/plain/year=2024"),
}


def test_whichever_step_breaks_readers_see_old_or_new_whole_and_a_retry_mends_it(
    plain, faults, monkeypatch
) -> None:
    plain.succeed(DAY)
    old = by_catalog(plain)
    change_raw(plain)
    broken: dict[str, Seen] = {}
    publish = tasks.publish_slice

    def publish_with_faults(*given: Any) -> Any:
        for step, (point, match) in STEPS.items():
            # The client tries five times, and two partitions are replaced at once.
            faults.set(point, "fail", match=match, times=10)
            with pytest.raises(ClientError):
                publish(*given)
            faults.clear()
            # A crawl in between must not make anything of what is half done.
            crawl(plain.glue)
            broken[step] = by_catalog(plain)
        return publish(*given)

    monkeypatch.setattr(tasks, "publish_slice", publish_with_faults)
    plain.succeed(DAY)

    new = by_catalog(plain)
    assert_all_readers_see_what_landed(plain)
    assert set(broken) == set(STEPS)
    for step, seen in broken.items():
        for hour in {*old, *new, *seen}:
            assert seen.get(hour) in (old.get(hour), new.get(hour)), f"{hour}: {step}"


def test_a_table_can_change_to_the_plain_layout_and_an_updating_crawler_is_refused(
    plain, tmp_path, capfd
) -> None:
    give_layout(tmp_path, "published:\n")
    plain.succeed(DAY)
    before = by_catalog(plain)
    give_layout(tmp_path, CRAWLED)
    plain.glue.update_crawler(
        Name=CRAWLER, SchemaChangePolicy={**LOG, "UpdateBehavior": "UPDATE_IN_DATABASE"}
    )

    run = plain.run(DAY)

    assert run.states["crawl_published", -1] == "failed"
    assert run.states["report", -1] == "upstream_failed"
    assert "set both behaviours to LOG, then clear this task" in capfd.readouterr().out
    assert by_catalog(plain) == before
    # The generations of before are still there, for queries that planned on them.
    plain.glue.update_crawler(Name=CRAWLER, SchemaChangePolicy=LOG)
    crawl(plain.glue)
    assert by_catalog(plain) == before
    assert {name for name in plain.tables() if "__" not in name} == {
        *("traffic_raw", "plain", "plain_quarantine")
    }
