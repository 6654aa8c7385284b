"""Debian's Chromium, as people see a page; nothing is downloaded."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

# Minutes: a busy machine must fail no test.
MILLISECONDS = 300_000
expect.set_options(timeout=MILLISECONDS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # While Playwright runs, this thread has a running event loop: no other module sees it.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            # Root, as in a container, has no sandbox.
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab in which a script that fails, or a refused resource, fails the test."""
    page = browser.new_page()
    page.set_default_timeout(MILLISECONDS)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: said.type == "error" and problems.append(said.text))
    yield page
    page.close()
    # The page's own messages stand for these answers.
    assert [p for p in problems if "the server responded with a status of" not in p] == []
