"""The states of dates, read from the catalog."""

import json
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from retime.calendar.arrival_hours import ArrivalWindow
from retime.coverage.coverage import (
    first_built,
    has_before,
    last_built_year,
    read_coverage,
    registered_in,
)
from tests import covered_tables
from tests.accounts import Account
from tests.covered_tables import EACH_STATE, FACTS_OF_TRAFFIC, dates_of, hours_of, ledger
from tests.unit.samples import utc


class Counting:
    """A client that counts its paginated calls."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.tables: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_paginator(self, name: str) -> Any:
        paginator = self._client.get_paginator(name)

        class Paginator:
            def paginate(_, **request: Any) -> Any:  # noqa: N805 - the outer self is meant
                self.tables[request.get("TableName", "")] += 1
                return paginator.paginate(**request)

        return Paginator()


@pytest.fixture
def week(account: Account) -> Account:
    covered_tables.create_week(account.clients.glue, account.database)
    return account


def read(account: Account, glue: Any = None) -> Any:
    glue = glue or account.clients.glue
    landed_in = registered_in(glue, account.database, FACTS_OF_TRAFFIC)
    return read_coverage(glue, account.database, FACTS_OF_TRAFFIC, dates_of(), landed_in)


def test_the_catalog_gives_every_state(week):
    assert {str(day.date): day.state for day in read(week).dates} == EACH_STATE


def test_its_json_has_dates_and_partitions(week):
    value = json.loads(json.dumps(read(week).to_json()))
    assert value["states"] == dict.fromkeys(value["states"], 1)
    late = value["dates"][2]
    assert (late["partitions"], late["late"], late["quarantined"]) == (
        {"late": 1, "settled": 23},
        7,
        5,
    )
    assert [hour["partition"] for hour in late["hours"]][7] == [2024, 3, 27, 7]
    assert late["hours"][7]["query_id"] == "query-27"
    missing = value["dates"][1]
    assert (missing["rows"], missing["built"], missing["generation"]) == (0, None, None)


def test_raw_is_listed_once_a_month_and_only_for_dates_with_holes(week):
    glue = Counting(week.clients.glue)
    read(week, glue)
    # The windows of the unbuilt dates lie in two months.
    assert glue.tables[FACTS_OF_TRAFFIC.raw.table] == 2


def test_raw_is_not_asked_about_where_everything_is_built(account):
    dates = dates_of()
    ledgers = {partition: ledger(partition) for partition in hours_of(dates)}
    covered_tables.create_table(account.clients.glue, account.database, ledgers)
    covered_tables.create_table(
        account.clients.glue, account.database, {}, name=FACTS_OF_TRAFFIC.quarantine
    )

    def refuse(_: ArrivalWindow) -> list[Any]:
        pytest.fail("asked")

    found = read_coverage(account.clients.glue, account.database, FACTS_OF_TRAFFIC, dates, refuse)
    assert {day.state for day in found.dates} == {"settled"}


def test_without_a_raw_table_nothing_has_landed(account):
    landed_in = registered_in(account.clients.glue, account.database, FACTS_OF_TRAFFIC)
    assert not landed_in(ArrivalWindow(start=utc(2024, 3, 1), end=utc(2024, 5, 1)))


def test_the_first_date_and_the_last_year_are_found_across_empty_years(account):
    glue, facts = account.clients.glue, FACTS_OF_TRAFFIC
    days = [date(2019, 5, 7), date(2019, 12, 31), date(2022, 1, 1)]
    made = {p: ledger(p) for day in days for p in hours_of(dates_of(day, day))}
    covered_tables.create_table(glue, account.database, made)
    assert first_built(glue, account.database, facts, date(2026, 1, 1)) == date(2019, 5, 7)
    assert first_built(glue, account.database, facts, date(2018, 1, 1)) is None
    found = [last_built_year(glue, account.database, facts, y) for y in (2018, 2019, 2021, 2030)]
    assert found == [None, 2019, 2019, 2022]
    assert not has_before(glue, account.database, facts, 2019)


def test_dates_of_several_months_are_all_read(account):
    first = date(2023, 12, 30)
    dates = dates_of(first, first + timedelta(days=63))
    ledgers = {partition: ledger(partition) for partition in hours_of(dates) if partition[3] < 2}
    covered_tables.create_table(account.clients.glue, account.database, ledgers)
    covered_tables.create_table(
        account.clients.glue, account.database, {}, name=FACTS_OF_TRAFFIC.quarantine
    )
    found = read_coverage(
        account.clients.glue, account.database, FACTS_OF_TRAFFIC, dates, lambda _: ()
    )
    assert [len(day.ledgers) for day in found.dates] == [2] * 64
