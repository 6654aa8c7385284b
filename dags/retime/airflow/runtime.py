"""What a running task gets from Airflow: settings, clients, the dates of its run."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from functools import cache
from typing import Any

from retime import aws
from retime.airflow.compat import get_variable, is_manual, run_dates
from retime.calendar.event_dates import RunFacts, event_dates
from retime.calendar.slices import Slice
from retime.dataset.reader import DataSet, Table
from retime.dataset.settings import (
    Notification,
    Settings,
    get_aws_conn_id,
    read_notification,
    read_settings,
    resolve_location,
)
from retime.errors import RequestError, RetimeError


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
    """Return the environment's settings, as they are now."""
    return read_settings(lookup)


def get_notification() -> Notification | None:
    """Return who is told of runs in this environment, if anybody is."""
    return read_notification(lookup)


def get_clients() -> aws.Clients:
    """Return clients of the environment's connection."""
    return aws.get_clients(get_aws_conn_id(lookup))


def resolve(location: str) -> str:
    """Return a location of a data set, in this environment."""
    return resolve_location(location, lookup)


def resolve_table(table: Table) -> Table:
    """Return a table of a data set, at its location in this environment."""
    return replace(table, location=resolve(table.location))


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
    return event_dates(facts, zone=data_set.zone, max_days=data_set.run.max_days, now=now())


@contextmanager
def no_retry() -> Iterator[None]:
    """Fail a task for good where a retry cannot mend what is wrong."""
    from airflow.providers.common.compat.sdk import AirflowFailException

    try:
        yield
    except RetimeError as error:
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error


def failing_for_good(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a task's function with `no_retry`."""
    return no_retry()(function)
