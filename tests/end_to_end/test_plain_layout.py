"""Crawl, transform, crawl: a table of the plain layout, read through the catalog and by its paths.

The data set is traffic's, in the layout `hive` and with a crawler over the published table.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.account import create_crawler
from demo.landing import land_records
from retime.airflow import runtime, slice_operators
from tests.end_to_end.events import (
    DAY,
    HOUR,
    MIDNIGHT,
    PREFIX,
    delete_hour,
    event,
    partition,
    rows_of_day,
)
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
    values = list(partition(1))
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
    rows = {0: 12, 2: 13, 5: 1}
    assert plain.rows_by_ledger("plain") == rows_of_day(rows)
    generations = {ledger.generation for ledger in plain.ledgers("plain").values()}
    assert len(generations) == 1
    for (_, _, _, hour), found in plain.partitions("plain").items():
        folder = f"plain/year=2024/month=3/day=29/hour={hour}/"
        assert found["StorageDescriptor"]["Location"] == f"s3://{plain.name}/{folder}"
        entries = plain.s3.list_objects_v2(Bucket=plain.name, Prefix=folder).get("Contents", ())
        names = [entry["Key"].removeprefix(folder) for entry in entries]
        expected = generations if int(hour) in rows else set()
        assert {name.partition("-")[0] for name in names} == expected
    tables = {name for name in plain.tables() if "__" not in name}
    assert tables == {"traffic_raw", "plain", "plain_quarantine"}


def test_a_crawl_leaves_empty_partitions_and_their_ledgers_as_they_are(plain) -> None:
    """Their folders hold no object, which a crawler may take for partitions that are gone."""
    plain.succeed(DAY)
    before = plain.partitions("plain")
    assert plain.rows_by_ledger("plain") == rows_of_day({0: 12, 1: 12, 2: 12})
    delete_hour(plain, 1)
    plain.succeed(DAY)
    emptied = plain.partitions("plain")
    assert plain.rows_by_ledger("plain") == rows_of_day({0: 12, 2: 12})
    assert emptied.keys() == before.keys()

    crawl(plain.glue)

    assert plain.partitions("plain") == emptied
    assert_all_readers_see_what_landed(plain)
    assert plain.query("SELECT count(*) AS n FROM plain WHERE hour IN (1, 7)") == [{"n": "0"}]


OF_GENERATION, OF_HOUR_2 = "plain_generations/", "/plain/year=2024/month=3/day=29/hour=2/"
STEPS = {
    "new partitions are created": {"glue.BatchCreatePartition": OF_GENERATION},
    "others are pointed at the generation": {"glue.BatchUpdatePartition": OF_GENERATION},
    "the folder of hour 1 is emptied": {"s3.DeleteObjects": "", "s3.CopyObject": OF_HOUR_2},
    "an object is copied": {"s3.CopyObject": OF_HOUR_2},
    "objects of before are deleted": {"s3.DeleteObjects": ""},
    "partitions are pointed back": {"glue.BatchUpdatePartition": "/plain/year=2024"},
}


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tasks fail at once at what AWS refuses."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    runtime.get_client.cache_clear()
    yield
    runtime.get_client.cache_clear()


@pytest.mark.usefixtures("_impatient")
def test_whichever_step_breaks_readers_see_old_or_new_whole_and_a_retry_completes_it(
    plain, faults, monkeypatch
) -> None:
    # Until the next day's raw lands, only the first hours are built: the others are new then.
    delete_hour(plain, 24)
    plain.succeed(DAY)
    assert plain.rows_by_ledger("plain") == rows_of_day({0: 12, 1: 12, 2: 12}, hours=4)
    old = by_catalog(plain)
    change_raw(plain)
    broken: dict[str, Seen] = {}
    publish = slice_operators.publish_slice

    def publish_with_faults(*given: Any, **more: Any) -> Any:
        for step, broken_calls in STEPS.items():
            for point, match in broken_calls.items():
                # Partitions are replaced a few at once; what the catalog refuses is not repeated.
                is_glue = point.startswith("glue.")
                how = {"code": "AccessDeniedException"} if is_glue else {}
                faults.set(point, "throttle" if is_glue else "fail", match=match, times=40, **how)
            with pytest.raises(ClientError):
                publish(*given, **more)
            faults.clear()
            # A crawl in between must not make anything of what is half done.
            crawl(plain.glue)
            broken[step] = by_catalog(plain)
        return publish(*given, **more)

    monkeypatch.setattr(slice_operators, "publish_slice", publish_with_faults)
    plain.succeed(DAY)

    new = by_catalog(plain)
    assert_all_readers_see_what_landed(plain)
    assert plain.rows_by_ledger("plain") == rows_of_day({0: 12, 2: 13, 5: 1})
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
