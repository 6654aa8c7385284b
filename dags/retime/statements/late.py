"""The statement that finds late events, and what its answer says of each partition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import gcd
from typing import TYPE_CHECKING

from retime import aws
from retime.calendar.arrival_hours import ArrivalWindow, ceil_arrival, windows_of_hours
from retime.calendar.partitioning import Partition
from retime.calendar.partitions import partition_spans
from retime.calendar.slices import Grain, Slice
from retime.errors import RunError
from retime.published.search import Search
from retime.raw.table import read_raw_table
from retime.statements.rendering import any_source, render_find_late
from retime.statements.templates import Statement

if TYPE_CHECKING:
    from retime.dataset.deployment import Deployment

MAX_STATEMENT = 262_144
"""https://docs.aws.amazon.com/athena/latest/ug/service-limits.html"""

# Partitions begin and end at quarters of an hour, in every zone.
_QUARTER = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Neighbouring partitions that lack the arrivals from the same hour on; in epoch seconds.

    An event from `event_start` up to `event_end` counts for every partition of the stretch that it
    can influence: its own, and those within the look-back after it.
    """

    number: int
    event_start: int
    event_end: int
    since: int
    spans: Mapping[Partition, tuple[int, int]]


def late_statement(deployment: Deployment, search: Search) -> Statement:
    """Return the statement that finds the late events of a search.

    Raises:
        RunError: it is longer than Athena takes: a hundred or more dates, each hour of which was
            built through another time.
    """
    data_set = deployment.data_set
    raw = read_raw_table(deployment.clients.glue, deployment.database, data_set.raw)
    period = data_set.raw.period
    statement = render_find_late(
        any_source(data_set, raw),
        windows=arrivals_of(search, period),
        stretches=stretches_of(
            search, _zone_dates(deployment, search), _look_back(deployment), period
        ),
        step=_step(_look_back(deployment)),
    )
    if len(statement) > MAX_STATEMENT:
        raise RunError(
            f"the search for late events is a statement of {len(statement)} characters, more than "
            f"the {MAX_STATEMENT} of Athena; give a shorter range, or lower max_lateness_hours"
        )
    return statement


def conclude_search(deployment: Deployment, search: Search, query_id: str) -> Search:
    """Return a search with what its statement found."""
    look_back = _look_back(deployment)
    dates, period = _zone_dates(deployment, search), deployment.data_set.raw.period
    stretches = stretches_of(search, dates, look_back, period)
    athena = deployment.clients.athena
    rows = aws.get_rows(athena, query_id)
    found = [
        (int(r["stretch"] or 0), int(r["event_start"] or 0), int(r["events"] or 0)) for r in rows
    ]
    return search.with_found(
        count_found(stretches, found, look_back), aws.get_scanned_bytes(athena, query_id)
    )


def arrivals_of(search: Search, period: timedelta) -> tuple[ArrivalWindow, ...]:
    """Return the arrival hours that a search has to read, as few windows; by the period of raw."""
    hours: set[datetime] = set()
    for since, through in {(u.since, u.through) for u in search.partitions.values()}:
        hours.update(ArrivalWindow(start=since, end=through).hours(period))
    return windows_of_hours(hours, period)


def stretches_of(search: Search, dates: Slice, look_back: int, period: timedelta) -> list[Stretch]:
    """Return the partitions of a search as stretches.

    Args:
        search: the partitions; the grain is theirs.
        dates: all of their dates.
        look_back: seconds.
        period: of the arrivals.
    """
    if not search.partitions:
        return []
    grain: Grain = "hour" if len(next(iter(search.partitions))) == 4 else "day"
    groups: list[tuple[datetime, dict[Partition, tuple[int, int]]]] = []
    end = None
    for partition, (start, until) in partition_spans(dates, grain).items():
        unread = search.partitions.get(partition)
        if unread is None or unread.since >= unread.through:
            continue
        if start != end or groups[-1][0] != unread.since:
            groups.append((unread.since, {}))
        groups[-1][1][partition] = int(start.timestamp()), int(until.timestamp())
        end = until
    return [
        Stretch(
            number=number,
            event_start=min(start for start, _ in spans.values()) - look_back,
            event_end=max(until for _, until in spans.values()),
            since=int(ceil_arrival(since, period).timestamp()),
            spans=spans,
        )
        for number, (since, spans) in enumerate(groups)
    ]


def count_found(
    stretches: Sequence[Stretch], rows: Sequence[tuple[int, int, int]], look_back: int
) -> dict[Partition, int]:
    """Return how many late events count for each partition, of those with at least one.

    Args:
        stretches: what was searched.
        rows: the answer: stretch, start of a step of event time, events.
        look_back: seconds.
    """
    found: dict[Partition, int] = {}
    for number, instant, events in rows:
        for partition, (start, end) in stretches[number].spans.items():
            # Steps begin wherever a partition or its look-back does: each is inside, or outside.
            if start - look_back <= instant < end:
                found[partition] = found.get(partition, 0) + events
    return found


def _zone_dates(deployment: Deployment, search: Search) -> Slice:
    days = sorted({date(*partition[:3]) for partition in search.partitions})
    return Slice(first_date=days[0], last_date=days[-1], zone=deployment.data_set.zone)


def _look_back(deployment: Deployment) -> int:
    return int(deployment.data_set.events.look_back.total_seconds())


def _step(look_back: int) -> int:
    return gcd(_QUARTER, look_back)
