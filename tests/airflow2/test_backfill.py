"""`airflow dags backfill`: it ends, and the table is that of a clean build."""

from collections.abc import Sequence
from datetime import date

from tests.airflow2.commands import Airflow2
from tests.airflow2.conftest import DATA_SETS, DEFERRING
from tests.end_to_end.pipeline import Pipeline
from tests.scheduler.parcels import MONTH, DataSet, land_wrong
from tests.scheduler.warehouse import Warehouse

EACH = {
    *(("wait_for_arrivals", -1), ("check_raw", -1), ("find_late", -1), ("plan", -1)),
    *(("slice.stage", 0), ("slice.stage_quarantine", 0), ("slice.audit", 0)),
    *(("slice.publish", 0), ("clean_up", -1), ("report", -1), ("announce", -1)),
}


def backfill(data_set: DataSet, days: Sequence[date], *options: str) -> tuple[str, ...]:
    """The command that builds dates, from the first to the last."""
    dates = ("-s", str(days[0]), "-e", str(days[-1]))
    return ("dags", "backfill", *dates, *options, data_set.dag_id)


def test_each_date_is_built_and_again_only_if_asked_to(
    airflow: Airflow2, warehouse: Warehouse
) -> None:
    data_set, days = DATA_SETS["backfilled"], MONTH[3:5]

    airflow.succeed(*backfill(data_set, days))

    warehouse.assert_built(data_set, days)
    for day in days:
        assert airflow.states(data_set.dag_id, day) == dict.fromkeys(EACH, "success")
    built = warehouse.generations(data_set.name)

    airflow.succeed(*backfill(data_set, days))

    assert warehouse.generations(data_set.name) == built

    airflow.succeed(*backfill(data_set, days, "--reset-dagruns", "--yes"))

    warehouse.assert_built(data_set, days)
    again = warehouse.generations(data_set.name)
    assert all(again[values] != built[values] for values in built)


def test_a_failed_slice_fails_the_backfill_which_ends(
    airflow: Airflow2, warehouse: Warehouse
) -> None:
    data_set, days, account = DATA_SETS["failing"], MONTH[10:12], warehouse.account
    land_wrong(account, days[1:])

    said = airflow.fail(*backfill(data_set, days))

    assert "Some task instances failed" in said
    failed = airflow.states(data_set.dag_id, days[1])
    assert failed["slice.audit", 0] == "failed"
    assert failed["slice.publish", 0] == failed["report", -1] == "upstream_failed"
    warehouse.assert_built(data_set, days[:1])

    land_wrong(account, days[1:], is_mended=True)
    change_raw_column(account, "depot", Name="x")
    airflow.fail(*backfill(data_set, days[1:], "--reset-dagruns", "--yes"))
    assert airflow.states(data_set.dag_id, days[1])["plan", -1] == "failed"

    change_raw_column(account, "x", Name="depot")
    airflow.succeed(*backfill(data_set, days, "--rerun-failed-tasks"))

    assert airflow.states(data_set.dag_id, days[1]) == dict.fromkeys(EACH, "success")
    warehouse.assert_built(data_set, days)


def test_a_deferred_query_that_fails_says_why_and_is_not_tried_again(
    airflow: Airflow2, warehouse: Warehouse
) -> None:
    """The provider's trigger loses the reason, and Airflow would try again."""
    data_set, days, account = DATA_SETS["failing"], MONTH[20:21], warehouse.account
    airflow = airflow.given(DEFERRING)
    change_raw_column(account, "weight_kg", Type="bigint")

    with airflow.running("triggerer") as triggers:
        airflow.fail(*backfill(data_set, days))
        assert "/slice.stage/0/" in triggers.read_text(), "the task waited in its process"

    change_raw_column(account, "weight_kg", Type="double")
    assert airflow.states(data_set.dag_id, days[0])["slice.stage", 0] == "failed"
    (log,) = airflow.logs(data_set.dag_id, days[0], "slice.stage")
    assert "A retry cannot help; fix the SQL" in log


def change_raw_column(account: Pipeline, name: str, **change: str) -> None:
    """Let a column of the raw table be something that its files are not."""
    table = account.glue.get_table(DatabaseName=account.database, Name="parcels_raw")["Table"]
    for column in table["StorageDescriptor"]["Columns"]:
        column.update(change if column["Name"] == name else {})
    kept = ("Name", "TableType", "PartitionKeys", "StorageDescriptor", "Parameters")
    given = {key: table[key] for key in kept if key in table}
    account.glue.update_table(DatabaseName=account.database, TableInput=given)
