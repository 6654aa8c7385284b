"""`airflow dags backfill`: it ends, and the table is that of a clean build."""

from datetime import date

from demo.landing import land_records
from tests.airflow2.commands import Airflow2
from tests.airflow2.conftest import DAYS, MIDNIGHT
from tests.airflow2.test_runs import assert_published, locations_of, text_of
from tests.end_to_end.pipeline import Pipeline
from tests.end_to_end.test_changes import HOUR, PREFIX, event

FIRST, LAST = DAYS[1], DAYS[3]
BUILT = {
    *(("wait_for_arrivals", -1), ("crawl_raw", -1), ("wait_for_crawl", -1), ("check_raw", -1)),
    *(("plan", -1), ("slice.stage", 0), ("slice.stage_quarantine", 0), ("slice.audit", 0)),
    *(("slice.publish", 0), ("clean_up", -1), ("report", -1), ("announce", -1)),
}


def backfill(first: date, last: date, *options: str) -> tuple[str, ...]:
    command = ("dags", "backfill", "--yes", "-s", str(first), "-e", str(last))
    return (*command, *options, "retime_traffic")


def test_each_date_is_built_and_again_only_when_asked_to(airflow: Airflow2, traffic) -> None:
    airflow.succeed(*backfill(FIRST, LAST))

    assert_published(traffic, FIRST, LAST)
    assert airflow.states(FIRST) == dict.fromkeys(BUILT, "success")
    rows, built = text_of(traffic), locations_of(traffic)

    airflow.succeed(*backfill(FIRST, LAST))

    assert locations_of(traffic) == built

    land_records(traffic.s3, traffic.name, PREFIX, [event(62)], MIDNIGHT + 9 * HOUR)
    airflow.succeed(*backfill(FIRST, FIRST, "--reset-dagruns"))

    assert_published(traffic, FIRST, LAST)
    assert len(text_of(traffic)) == len(rows) + 1


def rename_raw_column(traffic: Pipeline, old: str, new: str) -> None:
    """Call a column of the raw table something else, which its files do not have."""
    table = traffic.glue.get_table(DatabaseName=traffic.database, Name="traffic_raw")["Table"]
    for column in table["StorageDescriptor"]["Columns"]:
        column["Name"] = new if column["Name"] == old else column["Name"]
    names = ("Name", "TableType", "PartitionKeys", "StorageDescriptor", "Parameters")
    given = {name: table[name] for name in names}
    traffic.glue.update_table(DatabaseName=traffic.database, TableInput=given)


def test_a_failed_slice_fails_the_backfill_and_is_built_when_asked_for(
    airflow: Airflow2, traffic
) -> None:
    airflow.succeed(*backfill(FIRST, FIRST))
    rename_raw_column(traffic, "lve_nr", "x")

    said = airflow.fail(*backfill(FIRST, DAYS[2]))

    assert "Some task instances failed" in said
    failed = airflow.states(DAYS[2])
    assert failed["slice.stage", 0] == "failed"
    assert failed["slice.publish", 0] == failed["report", -1] == "upstream_failed"
    assert_published(traffic, FIRST, FIRST)

    rename_raw_column(traffic, "x", "lve_nr")
    airflow.succeed(*backfill(FIRST, DAYS[2], "--rerun-failed-tasks"))

    assert set(airflow.states(DAYS[2]).values()) == {"success"}
    assert_published(traffic, FIRST, DAYS[2])
