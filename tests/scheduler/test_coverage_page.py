"""The page in Airflow's UI, as its API server serves it."""

import shutil
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.scheduler.api import Api
from tests.scheduler.parcels import MONTH

DAG = "retime_covered"
# Minutes: a busy machine must fail no test.
MILLISECONDS = 300_000


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.set_default_timeout(MILLISECONDS)
        expect.set_options(timeout=MILLISECONDS)
        yield page
        browser.close()


def test_a_published_date_is_in_the_tab_of_its_dag_and_leads_to_its_run(api: Api, page: Page):
    api.set_paused(DAG, is_paused=False)
    day = MONTH[-3]
    run_id = api.trigger(DAG, start_date=str(day))
    api.wait_for_run(DAG, run_id)

    page.goto(f"{api.url}/dags/{DAG}")
    page.get_by_role("link", name="Coverage", exact=True).click()
    frame = page.frame_locator("iframe")
    cell = frame.locator(f'[data-date="{day}"]')
    expect(cell).to_have_attribute("data-state", "provisional")
    cell.click()
    frame.get_by_role("link", name=run_id).first.click()
    expect(page).to_have_url(f"{api.url}/dags/{DAG}/runs/{quote(run_id, safe='')}")


def test_the_list_under_browse_leads_to_data_sets(api: Api, page: Page):
    page.goto(f"{api.url}/plugin/retime-data-sets")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Coverage")).to_be_visible()


def test_the_tab_of_a_dag_of_somebody_else_says_that_it_is_none_of_retime(api: Api, page: Page):
    api.wait_for_dags(["reads_told"])
    page.goto(f"{api.url}/dags/reads_told/plugin/retime-coverage")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("reads_told is not a DAG of Retime")).to_be_visible()
