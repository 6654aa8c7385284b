"""Late events: which dates may lack some, what has to be searched for them, what is built again."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.partitioning import Partition
from retime.calendar.slices import Slice, join_dates
from retime.dataset.deployment import Deployment
from retime.dataset.model import DataSet
from retime.errors import RunError
from retime.planning.request import RunRequest
from retime.published.ledger import Ledger, published_ledgers
from retime.published.search import Search, Unread
from retime.raw.landed import LandedUntil, first_landed, list_landed
from retime.statements.late import arrivals_of

log = logging.getLogger(__name__)

REACH = timedelta(days=31)
"""How long after its max lateness a date is looked after that no run has settled."""


def raw_windows(deployment: Deployment, request: RunRequest) -> list[ArrivalWindow]:
    """Return the arrival hours that a run may read, in order; the last are those of its dates."""
    if not request.reads_raw:
        return []
    data_set = deployment.data_set
    own = data_set.window_of(request.dates)
    if not request.is_healing:
        return [own]
    dates = _healed_dates(data_set, request)
    ledgers = _without_archived(deployment, published_ledgers(deployment, dates))
    open_dates = open_dates_of(data_set, ledgers)
    earlier = [data_set.window_of(slice_) for slice_ in join_dates(open_dates, data_set.zone)]
    return [*earlier, own]


def plan_search(
    deployment: Deployment, request: RunRequest, until: LandedUntil
) -> tuple[Search, bool]:
    """Return what a run has to search for late events, and whether anything landed there.

    Args:
        deployment: the data set in its environment.
        request: of the run.
        until: how far raw has landed of which the catalog knows.
    """
    if request.only == "late":
        dates = request.dates
    elif request.is_healing:
        dates = _healed_dates(deployment.data_set, request)
    else:
        return Search(partitions={}), False
    s3, raw = deployment.clients.s3, deployment.data_set.raw
    ledgers = published_ledgers(deployment, dates)
    if request.is_healing:
        ledgers = _without_archived(deployment, ledgers)
    first_hour = first_landed(s3, raw)
    search = search_of(deployment.data_set, ledgers, until.instant, first_hour)
    windows = arrivals_of(search, raw.period)
    landed = {h for window in windows for h in list_landed(s3, raw, window)}
    return without_empty(search, landed), bool(landed)


def without_empty(search: Search, landed: Collection[datetime]) -> Search:
    """Return a search without the missing partitions for which still nothing has landed."""
    return Search(
        partitions={
            partition: unread
            for partition, unread in search.partitions.items()
            if not unread.is_missing or any(unread.since <= h < unread.through for h in landed)
        }
    )


def open_dates_of(data_set: DataSet, ledgers: Mapping[Partition, Ledger]) -> set[date]:
    """Return the dates, of those of some ledgers, that are not known to be complete."""
    open_dates = set()
    for slice_ in join_dates({date(*p[:3]) for p in ledgers}, data_set.zone):
        windows = data_set.own_windows_of(slice_)
        for partition, window in windows.items():
            ledger = ledgers.get(partition)
            if ledger and ledger.is_pinned:
                continue
            if ledger is None or ledger.late or ledger.checked < window.end:
                open_dates.add(date(*partition[:3]))
    return open_dates


def search_of(
    data_set: DataSet,
    ledgers: Mapping[Partition, Ledger],
    until: datetime,
    first_hour: datetime | None,
) -> Search:
    """Return what has to be searched for late events: what its partitions have not seen yet.

    Only dates of which something was built are searched: one that was never built has a run of its
    own. Left out are partitions that are pinned, and those from which raw has expired, because no
    build would replace them.

    Args:
        data_set: the data set.
        ledgers: of the partitions of the dates.
        until: how far raw has landed.
        first_hour: the first arrival hour that is still there; None if there is no raw.
    """
    if first_hour is None:
        return Search(partitions={})
    partitions: dict[Partition, Unread] = {}
    for slice_ in join_dates({date(*p[:3]) for p in ledgers}, data_set.zone):
        windows = data_set.own_windows_of(slice_)
        for partition, window in windows.items():
            ledger = ledgers.get(partition)
            if ledger and (ledger.is_pinned or ledger.arrivals.start < first_hour):
                continue
            since = ledger.checked if ledger else window.start
            through = max(since, min(until, window.end))
            partitions[partition] = Unread(
                since=since,
                through=through,
                known=ledger.late if ledger else 0,
                events=ledger.events if ledger else 0,
                is_last=through >= window.end,
                is_missing=ledger is None,
                is_settled=ledger is not None and ledger.is_settled,
            )
    open_dates = {
        date(*p[:3]) for p, u in partitions.items() if u.since < u.through or u.known or u.is_news
    }
    return Search(partitions={p: u for p, u in partitions.items() if date(*p[:3]) in open_dates})


def dates_to_heal(data_set: DataSet, search: Search, until: datetime) -> tuple[date, ...]:
    """Return the dates that are built again, in order: those that lack events, or a partition.

    A provisional date waits until more than `rebuild_late_percent` of its events are waiting; once
    its max lateness is over, one event is enough.
    """
    events, waiting_by_date, healed = search.events, search.waiting, []
    for day in sorted({*waiting_by_date, *search.missing}):
        waiting = waiting_by_date.get(day, 0)
        end = Slice(first_date=day, last_date=day, zone=data_set.zone).end
        is_over = until >= end + data_set.events.max_lateness
        share = 100 * waiting / max(waiting + events.get(day, 0), 1)
        if day in search.missing or is_over or share > data_set.events.rebuild_late_percent:
            healed.append(day)
    return tuple(healed)


def _healed_dates(data_set: DataSet, request: RunRequest) -> Slice:
    before = request.dates.first_date - timedelta(days=1)
    reach = REACH + data_set.events.max_lateness
    return Slice(first_date=before - reach, last_date=before, zone=data_set.zone)


def _without_archived(
    deployment: Deployment, ledgers: Mapping[Partition, Ledger]
) -> dict[Partition, Ledger]:
    """Leave out the open dates of which raw is archived: no build could replace them.

    It would fail the run of another date.
    """
    data_set, s3 = deployment.data_set, deployment.clients.s3
    archived = set()
    for day in open_dates_of(data_set, ledgers):
        slice_ = Slice(first_date=day, last_date=day, zone=data_set.zone)
        try:
            list_landed(s3, data_set.raw, data_set.window_of(slice_))
        except RunError as error:
            log.warning("%s is not searched for late events: %s", day, error)
            archived.add(day)
    return {p: ledger for p, ledger in ledgers.items() if date(*p[:3]) not in archived}
