"""What the page in Airflow's UI is answered, from the catalog alone."""

import pytest

from retime.coverage.served import LATEST, list_data_sets, read_month, read_year
from retime.errors import CatalogError, RequestError
from retime.planning.state import STATES
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


def days_of(account: Account, year: str, month: str):
    return read_month(account.clients.glue, account.database, DAG, (year, month), NOW)["days"]


def test_the_latest_year_is_the_last_with_partitions(week):
    found = read(week, LATEST)
    assert (found["year"], found["has_before"], found["has_after"]) == (2024, False, True)
    assert found["months"] == 12


def test_a_month_has_the_states_of_its_dates(week):
    states = {day[0]: STATES[day[1]] for day in days_of(week, "2024", "3")}
    assert len(states) == 31
    assert {day: states[day] for day in covered_tables.EACH_STATE} == covered_tables.EACH_STATE
    assert len(days_of(week, "2024", "2")) == 29


def test_the_current_year_ends_with_the_last_complete_date(week):
    found = read(week, "2025")
    assert (found["months"], found["has_before"], found["has_after"]) == (2, True, False)
    assert [day[0] for day in days_of(week, "2025", "2")][-1] == "2025-02-09"


@pytest.mark.parametrize("wanted", ["2026", "1969", "24", "0000", "next", "²⁰²⁴", "latest "])
def test_a_year_that_is_none_is_refused(week, wanted):
    with pytest.raises(RequestError, match="there is no year"):
        read(week, wanted)


@pytest.mark.parametrize(
    ("year", "month"),
    [("2025", "3"), ("2024", "0"), ("2024", "13"), ("2024", "03"), ("2024", "²"), ("2024", "")],
)
def test_a_month_that_is_none_is_refused(week, year, month):
    with pytest.raises(RequestError, match=f"no date of a month '{month}' of {year} is over"):
        days_of(week, year, month)


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
