"""The page "Coverage" in Airflow's UI: a tab of each DAG, and an entry under Browse.

Every Airflow process executes this file, so it imports next to nothing. The package is imported at
the first request, in the API server: dags/ is on the path of tasks, not of the API server. On
Airflow 2 the plugin is empty.
"""

import logging
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from airflow.plugins_manager import AirflowPlugin
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_0_PLUS

log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

PACKAGE = Path(__file__).with_name("retime_page_package")
"""A copy of the package, which `make mwaa` puts there; Airflow does not execute it."""


def find_package() -> None:
    """Make the package importable: where it is, or the copy beside this file, or dags/."""
    found = find_spec("retime")
    # Without an origin it is just a folder of that name, as a checkout in the working directory.
    if found and found.origin:
        return
    from airflow.configuration import conf

    for folder in (PACKAGE, Path(conf.get("core", "dags_folder"))):
        if (folder / "retime").is_dir():
            sys.path.append(str(folder))
            return


@cache
def load_app() -> App:
    """Return the app of the page."""
    find_package()
    from retime.airflow.page_app import build_app

    app: App = build_app()
    return app


async def serve(scope: Message, receive: Receive, send: Send) -> None:
    """Answer a request; without the package, say so."""
    try:
        app = load_app()
    except ImportError:
        log.exception("the page needs the package retime: in %s, or in the dags folder", PACKAGE)
        app = _answer_unavailable
    await app(scope, receive, send)


async def _answer_unavailable(_: Message, __: Receive, send: Send) -> None:
    body = b"The package of Retime is missing here; see the log of Airflow's API server."
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class RetimePage(AirflowPlugin):
    """The app, and the two places in Airflow's UI that show it."""

    name = "retime_page"

    if AIRFLOW_V_3_0_PLUS:
        fastapi_apps = [{"app": serve, "url_prefix": "/retime", "name": "Retime"}]
        # Addresses are relative to Airflow's base URL. One invalid view removes the whole plugin.
        external_views = [
            {
                "name": "Coverage",
                "href": "retime/{DAG_ID}",
                "destination": "dag",
                "url_route": "retime-coverage",
            },
            {
                "name": "Retime coverage",
                "href": "retime/",
                "destination": "nav",
                "category": "browse",
                "url_route": "retime-data-sets",
            },
        ]
