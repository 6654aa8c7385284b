"""The page as text: its data, and that nothing of it is taken for markup."""

import json
import re
from datetime import date
from typing import Any

from retime.coverage.page import page_data, render, static_page
from retime.planning.state import STATES
from retime.published.facts import facts_of
from tests.covered_tables import FINGERPRINT, coverage_of, dates_of, hours_of, ledger, week
from tests.unit.samples import TRAFFIC, with_grain

HOSTILE = "</script><img src=x onerror=alert(1)>"


def embedded(page: str) -> Any:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    return json.loads(text)


def hostile_page() -> str:
    dates = dates_of(last=date(2024, 3, 25))
    ledgers = {p: ledger(p, run_id=HOSTILE, query_id=HOSTILE) for p in hours_of(dates)}
    return static_page(coverage_of(ledgers, dates), region="eu-west-1")


def test_hostile_text_stays_inside_the_data():
    page = hostile_page()
    assert HOSTILE not in page
    assert page.count("<script") == page.count("</script>") == 2
    assert embedded(page)["coverage"]["builds"] == [["2024-03-29T00:00:00+00:00", *[HOSTILE] * 2]]


def test_data_cannot_stand_for_a_part_of_the_page():
    assert embedded(render({"message": "{{ policy }} {{ data }}"})) == {
        "message": "{{ policy }} {{ data }}"
    }


def test_the_page_needs_nothing_from_elsewhere():
    page = static_page(week(), region="eu-west-1")
    assert not re.findall(r"""(?:src|href)=["']|@import|url\(|innerHTML|document\.write""", page)
    assert "default-src 'none'" in page


def test_partitions_share_what_they_were_built_by():
    data = page_data(week())
    assert len(data["builds"]) == 5
    late = data["days"][2]
    assert late[:3] == ["2024-03-27", STATES.index("late"), 5]
    hour, state, rows, size, events, build, start, end = late[3][7]
    assert (hour, STATES[state], rows, size, events) == (7, "late", 17, 4096, 7)
    assert data["builds"][build][2] == "query-27"
    assert end - start == 4 * 24 * 60


def test_a_partition_that_was_never_built_is_its_hour_and_state():
    data = page_data(week())
    assert data["days"][1][3] == [[hour, STATES.index("missing")] for hour in range(24)]


def test_a_daily_partition_has_no_hour():
    facts = facts_of(with_grain(TRAFFIC, "day"), FINGERPRINT)
    dates = dates_of(last=date(2024, 3, 25))
    data = page_data(coverage_of({(2024, 3, 25): ledger((2024, 3, 25))}, dates, facts=facts))
    assert [partition[0] for partition in data["days"][0][3]] == [None]
