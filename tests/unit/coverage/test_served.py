"""What the page in Airflow's UI is answered, from the catalog alone."""

import pytest

from retime.coverage.served import LATEST, list_data_sets, read_year
from retime.errors import CatalogError, RequestError
from tests import covered_tables
from tests.accounts import Account
from tests.unit.samples import utc

NOW = utc(2025, 2, 10, 12)
DAG = "retime_traffic"


@pytest.fixture
def week(account: Account) -> Account:
    covered_tables.create_week(account.clients.glue, account.database)
    return account


def read(account: Account, wanted: str, dag_id: str = DAG):
    return read_year(account.clients.glue, account.database, dag_id, wanted, NOW)


def test_the_latest_year_is_the_last_with_partitions(week):
    found = read(week, LATEST)
    assert (found["year"], found["has_before"], found["has_after"]) == (2024, False, True)
    states = {day[0]: found["states"][day[1]] for day in found["days"]}
    assert len(states) == 366
    assert {day: states[day] for day in covered_tables.EACH_STATE} == covered_tables.EACH_STATE


def test_the_current_year_ends_with_the_last_complete_date(week):
    found = read(week, "2025")
    assert found["days"][-1][0] == "2025-02-09"
    assert (found["has_before"], found["has_after"]) == (True, False)


@pytest.mark.parametrize("wanted", ["2026", "1969", "24", "0000", "next", "²⁰²⁴", "latest "])
def test_a_year_that_is_none_is_refused(week, wanted):
    with pytest.raises(RequestError, match="there is no year"):
        read(week, wanted)


def test_a_dag_without_a_table_is_told_from_one_of_others(week):
    with pytest.raises(CatalogError, match="retime_parcels has no published table in the database"):
        read(week, "2024", "retime_parcels")
    with pytest.raises(CatalogError, match="somebody_elses is not a DAG of Retime"):
        read(week, "2024", "somebody_elses")


def test_only_data_sets_of_dags_that_may_be_seen_are_listed(week):
    glue, database = week.clients.glue, week.database
    assert list_data_sets(glue, database, {"retime_parcels"}) == []
    assert list_data_sets(glue, database, {DAG, "others"}) == [
        {"data_set": "traffic", "dag_id": DAG, "table": f"{database}.traffic"}
    ]
