"""The app of the page as Airflow mounts it, with users who may see some DAGs."""

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from airflow.api_fastapi.core_api import security
from fastapi import FastAPI

from retime.airflow import page_app


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthManager:
    """Airflow's, as far as the page asks it."""

    allowed: Collection[str]

    def is_authorized_dag(self, *, method: str, details: Any, **_: Any) -> bool:
        return method == "GET" and details.id in self.allowed

    def get_authorized_dag_ids(self, *, method: str, **_: Any) -> set[str]:
        assert method == "GET"
        return set(self.allowed)


def mount_app(
    patch: pytest.MonkeyPatch, allowed: Collection[str], *, is_logged_in: bool = True
) -> FastAPI:
    """Return an app with the page under /retime, as a user sees it who may see some DAGs."""
    manager = AuthManager(allowed=allowed)
    patch.setattr(security, "get_auth_manager", lambda: manager)
    patch.setattr(page_app, "get_auth_manager", lambda: manager)
    # Teams are in Airflow's database.
    patch.setattr(security.DagModel, "get_team_name", lambda _: None)
    page = page_app.build_app()
    if is_logged_in:
        page.dependency_overrides[security.get_user] = lambda: "somebody"
    root = FastAPI()
    root.mount("/retime", page)
    return root


@contextmanager
def serve(app: FastAPI) -> Iterator[str]:
    """Serve an app on loopback; give its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()
