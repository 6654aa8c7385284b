"""What a running task gets from Airflow: settings, clients, the dates of its run."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from typing import Any, Protocol, TypeVar, cast

from retime.airflow.compat import get_variable, is_manual, run_dates
from retime.airflow.connection import AwsConnection
from retime.aws import Clients
from retime.aws_retries import PATIENCE
from retime.calendar.event_dates import RunFacts, event_dates
from retime.calendar.slices import Slice
from retime.dataset.deployment import Deployment, deploy
from retime.dataset.model import DataSet
from retime.dataset.settings import (
    Notification,
    Settings,
    read_notification,
    read_settings,
    resolve_location,
)
from retime.errors import PermanentError, RequestError, RunError
from retime.planning.request import RunRequest, read_request


class FromJson(Protocol):
    """A value that goes from task to task."""

    @classmethod
    def from_json(cls, value: Any) -> Any:
        """Return what `to_json` made a plain value of."""


HandedOn = TypeVar("HandedOn", bound=FromJson)

LANDED_UNTIL = "landed_until"
"""The XCom of `crawl_raw` with how far raw had landed when the crawl began."""


def lookup(name: str) -> str | None:
    """Return a setting from RETIME_<NAME> in the environment, else from Variable retime_<name>.

    In the order in which Airflow looks for its own: a Variable costs a call to its API.
    """
    if value := os.environ.get(f"RETIME_{name.upper()}"):
        return value
    return _get_variable(f"retime_{name}")


# Once a process, which a task has to itself: it asks for its settings again and again.
_get_variable = cache(get_variable)


def get_settings() -> Settings:
    """Return the environment's settings."""
    return read_settings(lookup)


def get_notification() -> Notification | None:
    """Return who is notified of runs in this environment, if anybody is."""
    return read_notification(lookup)


class _Client:
    """A boto3 client that is made when it is first used."""

    def __init__(self, aws_conn_id: str, service: str) -> None:
        self._aws_conn_id, self._service = aws_conn_id, service

    def __getattr__(self, name: str) -> Any:
        return getattr(get_client(self._aws_conn_id, self._service), name)


# Once a process, which a task has to itself.
_open = cache(AwsConnection)


@cache
def get_client(aws_conn_id: str, service: str) -> Any:
    """Return a client of an Airflow connection, made once a process."""
    return _open(aws_conn_id).make_client(service, patience=PATIENCE)


@cache
def get_clients(aws_conn_id: str) -> Clients:
    """Return clients of an Airflow connection, made once a process, and only those it uses."""
    services = ("s3", "glue", "athena")
    return Clients(**{name: cast("Any", _Client(aws_conn_id, name)) for name in services})


def connect(operator: Any, service: str) -> None:
    """Have an operator of the provider call AWS as the rest of the package does.

    Its hook would make a session and a client of its own, which repeat refused calls otherwise.
    """
    operator.aws_conn_id = get_settings().aws_conn_id
    operator.hook.conn = get_client(operator.aws_conn_id, service)


def deployment(data_set: DataSet) -> Deployment:
    """Return a data set in the environment of the task that runs.

    Raises:
        SettingError: a setting is missing or wrong.
    """
    settings = get_settings()
    return deploy(
        data_set,
        settings,
        get_clients(settings.aws_conn_id),
        lambda location: resolve_location(location, lookup),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What a try of a task begins, and a later try goes on with unless it failed.

    Attributes:
        token: Athena's ClientRequestToken: the same query of the same token is begun once.
        is_new: whether no try before has begun it.
    """

    token: str
    is_new: bool


def attempts(context: Any) -> list[Attempt]:
    """Return the attempts of a task since the last clear, oldest first; the last one is new.

    Their tokens are of this installation of Airflow: of the moment when the run began.
    """
    ti, run = context["ti"], context["dag_run"]
    began = str(run.start_date or now())
    # A clear gives a task more tries, unless it runs; the run counts every clear.
    cleared = (ti.max_tries, getattr(run, "clear_number", None))
    # `airflow dags test` of Airflow 2 makes a run of the same name and start again.
    of_task = (
        ti.dag_id,
        ti.run_id,
        getattr(run, "id", None),
        began,
        ti.task_id,
        ti.map_index,
        *cleared,
    )
    return [
        Attempt(
            token=hashlib.sha256(repr((*of_task, number)).encode()).hexdigest(),
            is_new=number == ti.try_number,
        )
        for number in range(1, ti.try_number + 1)
    ]


def now() -> datetime:
    """Return the time; only tasks ask for it, logic is given it."""
    return datetime.now(timezone.utc)


def check_parameters(context: Any) -> None:
    """See that a run was given no parameter that its DAG does not have.

    Raises:
        RequestError: Airflow let one pass; the run would be about other dates than was meant.
    """
    allowed = list(context["dag"].params)
    if unknown := sorted(set(context["params"]) - set(allowed)):
        raise RequestError(
            f"there is no parameter {unknown[0]!r}; give some of {', '.join(allowed)}"
        )


def dates_of_run(data_set: DataSet, context: Any) -> Slice:
    """Return the event dates that a run is about."""
    logical_date, interval_start = run_dates(context)
    facts = RunFacts(
        params=context["params"],
        is_manual=is_manual(context),
        logical_date=logical_date,
        interval_start=interval_start,
    )
    return event_dates(facts, zone=data_set.zone, max_days=data_set.limits.max_days, now=now())


def request_of_run(data_set: DataSet, context: Any) -> RunRequest:
    """Return what a run is asked to do.

    Raises:
        RequestError: that is impossible.
    """
    dates = dates_of_run(data_set, context)
    return read_request(context["params"], dates, is_manual=is_manual(context))


def received(kind: type[HandedOn], value: Any) -> HandedOn:
    """Return what another task handed on, of a type with `from_json`.

    Raises:
        RunError: another version of the package handed it on.
    """
    try:
        return cast("HandedOn", kind.from_json(value))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"a result of this run is missing or of another version of Retime, no {kind.__name__}: "
            f"clear the run to build it again ({error!r})"
        ) from error


@contextmanager
def no_retry() -> Iterator[None]:
    """Fail a task for good where a retry cannot help."""
    from airflow.providers.common.compat.sdk import AirflowFailException

    try:
        yield
    except PermanentError as error:
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error


def failing_for_good(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a task's function with `no_retry`."""
    return no_retry()(function)
