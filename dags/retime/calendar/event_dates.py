"""Which event dates a run is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from retime.calendar.slices import Slice
from retime.errors import RequestError

FIRST_DATE, LAST_DATE = date(1970, 1, 1), date(2199, 12, 31)
"""The event dates that there can be: Athena and Python can reckon with what lies around them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What Airflow says of a run; a manual run of Airflow 3 has no dates of its own."""

    params: Mapping[str, Any]
    is_manual: bool
    logical_date: datetime | None
    interval_start: datetime | None


def event_dates(facts: RunFacts, *, zone: ZoneInfo, max_days: int, now: datetime) -> Slice:
    """Return the dates to build: those asked for, else the run's own.

    Raises:
        RequestError: they are no dates, the wrong way round, not over yet, or too many.
    """
    whole = _asked_for(facts.params, zone) or _own_date(facts, zone)
    last_complete = now.astimezone(zone).date() - timedelta(days=1)
    if whole.last_date > last_complete:
        raise RequestError(
            f"{whole.last_date} is not over: the last complete date in {zone.key} is "
            f"{last_complete}; give dates up to that one"
        )
    days = len(whole.dates)
    if days > max_days:
        raise RequestError(
            f"{whole} is {days} dates, more than the {max_days} of run.max_days; "
            "give a shorter range, or raise the limit in the data set's YAML"
        )
    return whole


def _asked_for(params: Mapping[str, Any], zone: ZoneInfo) -> Slice | None:
    first, last = (_date(params, name) for name in ("start_date", "end_date"))
    if first is None and last is None:
        return None
    if first is None:
        raise RequestError(f"end_date {last} comes without start_date; give both, or none")
    return Slice(first_date=first, last_date=last or first, zone=zone)


def _date(params: Mapping[str, Any], name: str) -> date | None:
    value = params.get(name)
    if value in (None, ""):
        return None
    try:
        found = date.fromisoformat(str(value))
    except ValueError as error:
        raise RequestError(f"{name} is {value!r}; give a date as 2024-03-28") from error
    if not FIRST_DATE <= found <= LAST_DATE:
        raise RequestError(f"{name} is {value!r}; give a date from {FIRST_DATE} to {LAST_DATE}")
    return found


def _own_date(facts: RunFacts, zone: ZoneInfo) -> Slice:
    # A manual run's interval is the last complete one before its logical date. A logical date
    # at midnight, as of `airflow dags test DAG 2024-03-30`, means that very date.
    if facts.is_manual and facts.logical_date is not None:
        for clock in (facts.logical_date.astimezone(z) for z in (zone, timezone.utc)):
            if clock.time() == time():
                return Slice(first_date=clock.date(), last_date=clock.date(), zone=zone)
    if facts.interval_start is None:
        raise RequestError(
            "a manual run without a logical date has no event date; give start_date and end_date"
        )
    day = facts.interval_start.astimezone(zone).date()
    return Slice(first_date=day, last_date=day, zone=zone)
