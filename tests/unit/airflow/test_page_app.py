"""The page's app: who may see what, its headers, and what it says when it cannot answer."""

from collections.abc import Collection
from typing import Any

import pytest
from fastapi.testclient import TestClient

from retime.airflow import page_app
from retime.coverage.page import content_security_policy
from tests import covered_tables
from tests.accounts import Account
from tests.page_server import mount_app

PATHS = (
    "/retime/",
    "/retime/retime_traffic",
    "/retime/retime_traffic/2024",
    "/retime/retime_traffic/2024/3",
)


@pytest.fixture
def week(account: Account, monkeypatch) -> Account:
    """A table that the app reads."""
    covered_tables.create_week(account.clients.glue, account.database)
    monkeypatch.setenv("RETIME_DATABASE", account.database)
    monkeypatch.setattr(page_app, "_glue", lambda: account.clients.glue)
    return account


def client(patch: pytest.MonkeyPatch, allowed: Collection[str], **options: Any) -> TestClient:
    return TestClient(mount_app(patch, allowed, **options))


@pytest.mark.parametrize("path", PATHS)
def test_nobody_sees_anything_without_logging_in(week, monkeypatch, path):
    answer = client(monkeypatch, {"retime_traffic"}, is_logged_in=False).get(path)
    assert answer.status_code == 401
    assert "traffic" not in answer.text


@pytest.mark.parametrize("path", PATHS[1:])
def test_a_dag_that_may_not_be_seen_has_no_page(week, monkeypatch, path):
    answer = client(monkeypatch, {"others"}).get(path)
    assert answer.status_code == 403


def test_the_list_has_only_dags_that_may_be_seen(week, monkeypatch):
    assert "retime_traffic" in client(monkeypatch, {"retime_traffic"}).get("/retime/").text
    assert "retime_traffic" not in client(monkeypatch, {"others"}).get("/retime/").text


def test_a_year_and_its_months_are_answered(week, monkeypatch):
    page = client(monkeypatch, {"retime_traffic"})
    assert page.get("/retime/retime_traffic/latest").json()["year"] == 2024
    answer = page.get("/retime/retime_traffic/2024/3")
    assert answer.status_code == 200
    assert len(answer.json()["days"]) == 31


@pytest.mark.parametrize(
    "path",
    [
        *("retime_parcels/2024", "others/2024", "others/2024/3"),
        *("retime_traffic/1900", "retime_traffic/2024/0"),
    ],
)
def test_what_is_not_there_has_a_message(week, monkeypatch, path):
    allowed = {"retime_parcels", "others", "retime_traffic"}
    answer = client(monkeypatch, allowed).get(f"/retime/{path}")
    assert answer.status_code == 404
    assert answer.json()["message"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_permits_only_the_own_script(week, monkeypatch, path):
    headers = client(monkeypatch, {"retime_traffic"}).get(path).headers
    policy = f"{content_security_policy()}; frame-ancestors 'self'"
    assert headers["content-security-policy"] == policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_the_app_describes_itself_to_nobody():
    routes = {getattr(route, "path", "") for route in page_app.build_app().routes}
    assert routes == {"/", "/{dag_id}", "/{dag_id}/{year}", "/{dag_id}/{year}/{month}"}


def test_a_missing_setting_is_named(monkeypatch):
    monkeypatch.delenv("RETIME_DATABASE", raising=False)
    monkeypatch.setattr(page_app, "_glue", lambda: None)
    monkeypatch.setattr(page_app, "get_variable", lambda _: None)
    answer = client(monkeypatch, {"retime_traffic"}).get("/retime/retime_traffic/2024")
    assert answer.status_code == 502
    assert "RETIME_DATABASE" in answer.json()["message"]


def test_a_variable_is_read_anew_each_time(week, monkeypatch):
    monkeypatch.delenv("RETIME_DATABASE")
    variables: dict[str, str] = {}
    monkeypatch.setattr(page_app, "get_variable", variables.get)
    page = client(monkeypatch, {"retime_traffic"})
    assert page.get("/retime/retime_traffic/2024").status_code == 502
    variables["retime_database"] = week.database
    assert page.get("/retime/retime_traffic/2024").status_code == 200


@pytest.mark.parametrize("path", [PATHS[0], *PATHS[2:]])
def test_a_failure_shows_no_trace_and_no_secret(week, monkeypatch, path):
    def fail() -> None:
        raise ValueError("secret-access-key")

    monkeypatch.setattr(page_app, "_glue", fail)
    answer = client(monkeypatch, {"retime_traffic"}).get(path)
    assert "see the log" in answer.text
    assert "secret-access-key" not in answer.text
    assert "Traceback" not in answer.text
