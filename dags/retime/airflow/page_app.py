"""The page in Airflow's UI: who may see what, and the answers. Airflow 3.3 and later."""

# FastAPI reads annotations when a route is made: no `from __future__ import annotations` here.

import logging
import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from typing import Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from retime.airflow.compat import get_variable
from retime.airflow.connection import AwsConnection
from retime.aws_failures import describe_failure
from retime.coverage.page import content_security_policy, render
from retime.coverage.served import list_data_sets, read_month, read_year
from retime.dataset.settings import get_aws_conn_id, required
from retime.errors import CatalogError, RequestError, RetimeError

log = logging.getLogger(__name__)

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_UNKNOWN = "the page could not be made; see the log of Airflow's API server"


def build_app() -> FastAPI:
    """Return the app that the plugin mounts; it changes nothing, neither here nor in AWS."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.middleware("http")(_add_headers)
    may_see = [Depends(requires_access_dag("GET"))]
    app.get("/")(_show_data_sets)
    app.get("/{dag_id}", dependencies=may_see)(_show_dag)
    app.get("/{dag_id}/{year}", dependencies=may_see)(_answer_year)
    app.get("/{dag_id}/{year}/{month}", dependencies=may_see)(_answer_month)
    return app


def _show_data_sets(user: GetUserDep) -> HTMLResponse:
    try:
        seen = get_auth_manager().get_authorized_dag_ids(user=user, method="GET")
        return _page({"data_sets": list_data_sets(_glue(), _database(), seen)})
    except Exception as error:  # noqa: BLE001 - whatever it is, the page says so
        return _page({"message": _explain(error)})


def _show_dag(dag_id: str) -> HTMLResponse:
    return _page({"dag_id": dag_id, "airflow": "../"})


def _answer_year(dag_id: str, year: str) -> JSONResponse:
    return _answer(read_year, dag_id, year)


def _answer_month(dag_id: str, year: str, month: str) -> JSONResponse:
    return _answer(read_month, dag_id, (year, month))


def _answer(read: Callable[..., Any], dag_id: str, wanted: Any) -> JSONResponse:
    try:
        return JSONResponse(read(_glue(), _database(), dag_id, wanted, datetime.now(timezone.utc)))
    except Exception as error:  # noqa: BLE001 - whatever it is, the page says so
        is_absent = isinstance(error, CatalogError | RequestError)
        return JSONResponse({"message": _explain(error)}, 404 if is_absent else 502)


async def _add_headers(
    request: Request, answer: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await answer(request)
    response.headers.update(_HEADERS)
    policy = f"{content_security_policy()}; frame-ancestors 'self'"
    response.headers["Content-Security-Policy"] = policy
    return response


def _page(data: dict[str, Any]) -> HTMLResponse:
    return HTMLResponse(render(data))


def _explain(error: Exception) -> str:
    if isinstance(error, RetimeError):
        return str(error)
    log.warning("coverage cannot be shown", exc_info=error)
    return describe_failure(error) or _UNKNOWN


def _database() -> str:
    return required(_lookup, "database")


def _lookup(name: str) -> str | None:
    # Not runtime.lookup, which reads a Variable once: this process lives for weeks.
    return os.environ.get(f"RETIME_{name.upper()}") or get_variable(f"retime_{name}")


def _glue() -> Any:
    """Return a client of the connection as it is now, which gives up within seconds."""
    from botocore.config import Config

    connection = AwsConnection(get_aws_conn_id(_lookup), Config(connect_timeout=3, read_timeout=20))
    return connection.make_client("glue", patience=10, attempts=2)
