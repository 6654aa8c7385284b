"""What a running task gets from Airflow."""

from airflow.providers.common.compat.sdk import Variable

from retime.airflow import runtime


def test_a_variable_is_asked_for_once_a_process(monkeypatch):
    asked = []
    monkeypatch.setattr(Variable, "get", lambda key, **_: asked.append(key) or "7")
    monkeypatch.delenv("RETIME_ASKED_FOR", raising=False)

    assert runtime.lookup("asked_for") == runtime.lookup("asked_for") == "7"

    assert asked == ["retime_asked_for"]


def test_the_environment_is_asked_first(monkeypatch):
    monkeypatch.setenv("RETIME_GIVEN_TWICE", "8")
    monkeypatch.setattr(Variable, "get", lambda *_, **__: "7")

    assert runtime.lookup("given_twice") == "8"
