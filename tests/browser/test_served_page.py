"""The page as Airflow's API server serves it: its data comes from the catalog, a year at a time."""

import json
import os
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from demo.account import client
from demo.environment import REGION
from local_aws.testing import Aws
from tests import covered_tables
from tests.covered_tables import EACH_STATE
from tests.page_server import mount_app, serve

DAGS = ("retime_traffic", "retime_parcels", "somebody_elses")
# The sandbox of Airflow's frame for views of plugins; the address is that of the base URL.
FRAME = (
    '<base href="/"><iframe title="Coverage" width="1200" height="800" src="retime/retime_traffic" '
    'sandbox="allow-scripts allow-same-origin allow-forms"></iframe>'
)


def connection(endpoint: str) -> str:
    """The connection of Airflow for AWS at an endpoint."""
    extra = {"region_name": REGION, "endpoint_url": endpoint}
    return json.dumps({"conn_type": "aws", "login": "key", "password": "hush", "extra": extra})


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The settings of the API server."""
    monkeypatch.setenv("RETIME_DATABASE", f"d{uuid.uuid4().hex[:12]}")
    monkeypatch.setenv("RETIME_AWS_CONN_ID", "aws_default")
    return monkeypatch


@pytest.fixture
def address(environment: pytest.MonkeyPatch, aws: Aws) -> Iterator[str]:
    """Of the page, with the table that has a date of each state."""
    environment.setenv("AIRFLOW_CONN_AWS_DEFAULT", connection(aws.endpoint))
    glue, database = client("glue", aws.endpoint), os.environ["RETIME_DATABASE"]
    glue.create_database(DatabaseInput={"Name": database})
    covered_tables.create_week(glue, database)
    with serve(mount_app(environment, DAGS)) as url:
        yield f"{url}/retime/"


def test_a_data_set_is_chosen_and_its_year_is_shown(page: Page, address: str):
    page.goto(address)
    page.get_by_role("link", name="traffic").click()
    expect(page.locator("#year")).to_have_text("2024")
    for day, state in EACH_STATE.items():
        expect(page.locator(f'[data-date="{day}"]')).to_have_attribute("data-state", state)
    expect(page.locator("#legend [data-state=late]")).to_have_text(" late 1")


def test_years_are_fetched_when_they_are_asked_for(page: Page, address: str):
    page.goto(f"{address}retime_traffic")
    expect(page.get_by_role("button", name="Previous year")).to_be_disabled()
    page.get_by_role("button", name="Next year").click()
    expect(page.locator("#year")).to_have_text("2025")
    expect(page.locator('[data-date="2025-03-27"]')).to_have_attribute("data-state", "no raw")
    page.get_by_role("button", name="Previous year").click()
    expect(page.locator('[data-date="2024-03-27"]')).to_have_attribute("data-state", "late")


def test_the_months_of_a_year_come_one_by_one(page: Page, address: str):
    built = {
        "days": [["2024-02-03", 4, 0, [[0, 4, 1, 1, 0, 0, 0, 60]]]],
        "builds": [["2024-02-04T00:00:00+00:00", "run-of-february", "query-of-february"]],
    }
    page.route("**/2024/2", lambda route: route.fulfill(json=built))
    for month in (12, 11, 10, 9):
        page.route(
            f"**/2024/{month}", lambda route: route.fulfill(status=502, json={"message": "busy"})
        )
    page.route("**/2024/1", lambda route: route.fulfill(body="<html>"))
    page.goto(f"{address}retime_traffic")
    expect(page.locator("#message")).to_contain_text("Missing: ")
    expect(page.locator("#message")).to_contain_text("busy")
    for day, run in {"2024-02-03": "run-of-february", "2024-03-25": "scheduled__"}.items():
        page.locator(f'[data-date="{day}"]').click()
        expect(page.get_by_role("link", name=run).first).to_be_visible()
        page.get_by_role("button", name="Close").click()
    expect(page.locator('[data-date^="2024"]')).to_have_count(185)

    page.unroute_all()
    page.get_by_role("button", name="Next year").click()
    page.get_by_role("button", name="Previous year").click()
    expect(page.locator('[data-date="2024-01-01"]')).to_be_visible()
    expect(page.locator('[data-date][tabindex="0"]')).to_have_attribute("data-date", "2024-12-31")
    expect(page.locator("#message")).to_be_hidden()


def test_what_a_user_does_while_months_come_stays(page: Page, address: str):
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/2024/7", hold)
    page.route("**/2023", lambda route: route.fulfill(status=502, json={"message": "busy"}))
    page.goto(f"{address}retime_traffic")
    page.locator('[data-date="2024-03-27"]').click()
    expect(page.locator('[data-date="2024-01-01"]')).to_have_count(1)
    # Another year is asked for, in vain: this one is completed all the same.
    page.evaluate("document.getElementById('previous').disabled = false")
    page.evaluate("document.getElementById('previous').click()")
    expect(page.get_by_text("busy")).to_have_count(1)
    held[0].continue_()
    expect(page.locator('[data-date^="2024"]')).to_have_count(366)
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.date") == "2024-03-27"


@pytest.mark.parametrize(
    ("dag_id", "message"),
    [
        ("retime_parcels", "its first run creates it"),
        ("somebody_elses", "is not a DAG of Retime"),
        ("retime_hidden", "Forbidden"),
    ],
)
def test_a_dag_without_coverage_has_a_message(page: Page, address: str, dag_id: str, message: str):
    page.goto(f"{address}{dag_id}")
    expect(page.get_by_text(message)).to_be_visible()
    expect(page.locator("#calendar")).to_be_hidden()


def test_in_the_frame_of_airflow_a_link_opens_the_run_around_it(page: Page, address: str):
    """A sandboxed frame may not navigate what surrounds it, nor open windows."""
    outer = address.replace("/retime/", "/dags/retime_traffic")
    page.route(outer, lambda route: route.fulfill(body=FRAME, content_type="text/html"))
    page.route("**/runs/**", lambda route: route.fulfill(body="the run"))
    page.context.route("**/athena/**", lambda route: route.fulfill(body="the query"))
    page.goto(outer)
    frame = page.frame_locator("iframe")
    frame.locator('[data-date="2024-03-27"]').click()
    with page.expect_popup() as opened:
        frame.get_by_role("link", name="query-27").first.click()
    assert opened.value.url.startswith(f"https://{REGION}.console.aws.amazon.com/athena/")
    frame.get_by_role("link", name="scheduled__").first.click()
    expect(page.get_by_text("the run")).to_be_visible()
    assert page.url.startswith(f"{outer}/runs/scheduled__2024-03-25T00")


def test_an_aws_out_of_reach_is_a_sentence(page: Page, environment: pytest.MonkeyPatch):
    environment.setenv("AIRFLOW_CONN_AWS_DEFAULT", connection("http://127.0.0.1:9"))
    with serve(mount_app(environment, DAGS)) as url:
        for path in ("", "retime_traffic"):
            page.goto(f"{url}/retime/{path}")
            expect(page.get_by_text("AWS is out of reach")).to_be_visible()
            content = page.content()
            assert "Traceback" not in content
            assert "hush" not in content
