"""The file that `coverage --html` writes, in a browser, without a network."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from retime.coverage.coverage import Coverage
from retime.coverage.page import static_page
from retime.planning.state import STATES
from tests.covered_tables import (
    EACH_STATE,
    RUN_ID,
    coverage_of,
    dates_of,
    hours_of,
    ledger,
    week,
)

AIRFLOW = "https://airflow.example/base/"
CONSOLE = "https://eu-west-1.console.aws.amazon.com/athena/home?region=eu-west-1"
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


def open_file(
    page: Page,
    tmp_path: Path,
    coverage: Coverage,
    airflow: str | None = AIRFLOW,
    region: str = "eu-west-1",
) -> None:
    file = tmp_path / "page.html"
    file.write_text(static_page(coverage, region=region, airflow=airflow), encoding="utf-8")
    page.route("http*://**", lambda route: pytest.fail(f"asks for {route.request.url}"))
    page.goto(file.as_uri())
    expect(page.locator("[data-date]").first).to_be_visible()


@pytest.fixture
def opened(page: Page, tmp_path: Path) -> Page:
    open_file(page, tmp_path, week())
    return page


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.dataset.date || document.activeElement.id"))


def test_each_day_has_the_letter_of_its_state(opened):
    marks = {
        day: opened.locator(f'[data-date="{day}"]').locator(".symbol").inner_text()
        for day in EACH_STATE
    }
    assert list(marks.values()) == ["✓", "M", "L", "O", "P", "~", "·"]
    cells = opened.locator("[data-date]")
    assert {c.get_attribute("data-date"): c.get_attribute("data-state") for c in cells.all()} == (
        EACH_STATE
    )


def test_the_legend_counts_the_dates_of_each_state(opened):
    texts = opened.locator("#legend [data-state]").all_inner_texts()
    assert [text.strip() for text in texts] == [f"{state} 1" for state in STATES]


def test_the_calendar_is_one_tab_stop_and_arrows_move_within(opened):
    assert opened.locator('#months [tabindex="0"]').count() == 1
    opened.keyboard.press("Tab")
    # Buttons of years that there are not are no stops.
    assert focused(opened) == "2024-03-31"
    for key, reached in (
        ("ArrowLeft", "2024-03-30"),
        ("Home", "2024-03-25"),
        ("ArrowUp", "2024-03-25"),
        ("ArrowRight", "2024-03-26"),
        ("PageDown", "2024-03-26"),
        ("End", "2024-03-31"),
    ):
        opened.keyboard.press(key)
        assert focused(opened) == reached
    assert opened.locator('#months [tabindex="0"]').count() == 1
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert opened.evaluate(outline) == "solid"


def test_a_day_opens_with_enter_and_closes_with_escape(opened):
    opened.keyboard.press("Tab")
    opened.keyboard.press("Home")
    for _ in range(2):
        opened.keyboard.press("ArrowRight")
    opened.keyboard.press("Enter")
    dialog = opened.get_by_role("dialog", name="2024-03-27: late")
    expect(dialog).to_be_visible()
    for text in ("late 1, settled 23", "516 rows", "7 late events", "5 quarantined records"):
        expect(dialog).to_contain_text(text)
    row = dialog.get_by_role("row").nth(8)
    expect(row).to_contain_text("07:00")
    expect(row).to_contain_text("late")
    expect(row).to_contain_text("03-27 00:00 to 03-31 00:00")
    opened.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert focused(opened) == "2024-03-27"


def test_a_day_that_was_never_built_has_hours_without_numbers(opened):
    opened.locator('[data-date="2024-03-26"]').click()
    rows = opened.locator("#partitions tbody tr")
    expect(rows).to_have_count(24)
    assert rows.first.inner_text().split() == ["00:00", "M", "missing"]


def test_links_lead_to_the_run_and_to_the_query(opened):
    opened.locator('[data-date="2024-03-27"]').click()
    links = opened.locator("#partitions tbody tr").first.get_by_role("link")
    assert [link.get_attribute("href") for link in links.all()] == [
        f"{AIRFLOW}dags/retime_traffic/runs/{RUN_ID.replace(':', '%3A').replace('+', '%2B')}",
        f"{CONSOLE}#/query-editor/history/query-27",
    ]


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("cn-north-1", "console.amazonaws.cn"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com"),
        ("ca-central-1", "console.aws.amazon.com"),
    ],
)
def test_each_partition_of_aws_has_a_console(page, tmp_path, region, domain):
    open_file(page, tmp_path, week(), region=region)
    page.locator('[data-date="2024-03-27"]').click()
    link = page.get_by_role("link", name="query-27").first
    address = link.get_attribute("href") or ""
    assert address.startswith(f"https://{region}.{domain}/athena/home?region={region}#/")


def test_without_an_address_of_airflow_runs_are_names(page, tmp_path):
    open_file(page, tmp_path, week(), airflow=None)
    page.locator('[data-date="2024-03-27"]').click()
    row = page.locator("#partitions tbody tr").first
    expect(row).to_contain_text(RUN_ID)
    assert row.get_by_role("link").count() == 1


def test_hostile_text_is_shown_and_not_run(page, tmp_path):
    dates = dates_of(last=date(2024, 3, 25))
    ledgers = {p: ledger(p, run_id=HOSTILE, query_id=HOSTILE) for p in hours_of(dates)}
    open_file(page, tmp_path, coverage_of(ledgers, dates))
    page.locator("[data-date]").click()
    expect(page.locator("#partitions tbody tr").first).to_contain_text(HOSTILE)
    assert page.locator("img").count() == 0
    assert page.title() == "Coverage of traffic"


def test_ten_years_are_in_one_file(page, tmp_path):
    first = date(2014, 1, 1)
    dates = dates_of(first, first + timedelta(days=3649))
    open_file(page, tmp_path, coverage_of({p: ledger(p) for p in hours_of(dates)}, dates))
    expect(page.locator("#year")).to_have_text("2023")
    assert page.get_by_role("button", name="Next year").is_disabled()
    for year in range(2022, 2013, -1):
        page.get_by_role("button", name="Previous year").click()
        expect(page.locator("#year")).to_have_text(str(year))
        leap = year % 4 == 0
        expect(page.locator("[data-date]")).to_have_count(366 if leap else 365)
    assert page.get_by_role("button", name="Previous year").is_disabled()
    page.locator('[data-date="2014-07-01"]').click()
    expect(page.locator("#partitions tbody tr")).to_have_count(24)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_on_every_state(page, tmp_path, scheme):
    """A contrast of 4.5, as WCAG 2.1 asks for (success criterion 1.4.3)."""
    page.emulate_media(color_scheme=scheme)
    open_file(page, tmp_path, week())
    for cell in page.locator("[data-date]").all():
        pair = cell.evaluate(
            "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
        )
        assert contrast(*map(channels, pair)) >= 4.5, (cell.get_attribute("data-state"), pair)


def channels(colour: str) -> list[float]:
    """The red, green and blue of `rgb(1, 2, 3)`."""
    return [float(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]


def contrast(one: list[float], other: list[float]) -> float:
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: list[float]) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
