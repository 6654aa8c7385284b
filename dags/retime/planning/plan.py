"""The plan of a run: its dates as slices, with the raw hours, bytes and cost of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from retime.calendar.arrival_hours import ArrivalWindow, windows_of_hours
from retime.calendar.partitioning import Partition
from retime.calendar.slices import Slice, cut_slices, join_dates
from retime.dataset.deployment import Deployment
from retime.dataset.model import DataSet
from retime.planning.healing import dates_to_heal
from retime.planning.reading import facts_today, landed_on_s3, read_states
from retime.planning.request import RunRequest
from retime.published.rollback import Generations, Reversal, find_reversals
from retime.published.search import Search
from retime.raw.landed import LandedHour, LandedRaw, LandedUntil, first_landed, read_landed

# List price in most regions, https://aws.amazon.com/athena/pricing/; a query costs at least 10 MB.
USD_PER_BYTE = 5 / 1e12
MINIMUM_BYTES = 10_000_000
QUERIES_PER_SLICE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSlice:
    """A slice and what it reads; `raw_bytes` is all that its hours hold, the most it can scan.

    `landed` are the hours of the window that hold objects; raw can have a hole.
    """

    slice_: Slice
    window: ArrivalWindow
    landed: tuple[ArrivalWindow, ...]
    raw_objects: int
    raw_bytes: int

    @property
    def max_cost_usd(self) -> float:
        """The most that the slice's queries can cost, each reading every byte of its hours."""
        return QUERIES_PER_SLICE * max(self.raw_bytes, MINIMUM_BYTES) * USD_PER_BYTE

    def to_json(self) -> dict[str, Any]:
        """Return the plain value that goes from task to task."""
        return {
            "action": "build",
            **self.slice_.to_json(),
            "arrivals_from": self.window.start.isoformat(),
            "arrivals_before": self.window.end.isoformat(),
            "landed": [landed.to_json() for landed in self.landed],
            "raw_objects": self.raw_objects,
            "raw_bytes": self.raw_bytes,
            "max_cost_usd": round(self.max_cost_usd, 6),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PlannedSlice:
        """Return what `to_json` made a plain value of."""
        return cls(
            slice_=Slice.from_json(value),
            window=ArrivalWindow(
                start=datetime.fromisoformat(value["arrivals_from"]),
                end=datetime.fromisoformat(value["arrivals_before"]),
            ),
            landed=tuple(ArrivalWindow.from_json(landed) for landed in value["landed"]),
            raw_objects=value["raw_objects"],
            raw_bytes=value["raw_bytes"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    """What is done with published partitions without building them.

    `confirm` writes into the ledgers what a search has found; `rollback` and `unpin` are asked for.
    A rollback names the generation that each partition is to be pointed back at.
    """

    action: Literal["confirm", "rollback", "unpin"]
    slice_: Slice
    search: Search | None = None
    generations: Generations = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the plain value that goes from task to task."""
        value: dict[str, Any] = {"action": self.action, **self.slice_.to_json()}
        if self.search is not None:
            value["search"] = self.search.to_json()
        if self.generations:
            value["generations"] = [[list(p), g] for p, g in self.generations.items()]
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PlannedChange:
        """Return what `to_json` made a plain value of."""
        if value["action"] not in ("confirm", "rollback", "unpin"):
            raise ValueError(value["action"])
        search = value.get("search")
        return cls(
            action=value["action"],
            slice_=Slice.from_json(value),
            search=None if search is None else Search.from_json(search),
            generations={tuple(p): g for p, g in value.get("generations", ())},
        )


def is_build(value: Mapping[str, Any]) -> bool:
    """Return whether a value that goes from task to task is of a slice to build."""
    return value.get("action") == "build"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run does: slices that it builds, and other changes of published partitions.

    `healed` are the dates that are built because of late events; `reversals` are what a rollback
    undoes.
    """

    slices: tuple[PlannedSlice, ...]
    changes: tuple[PlannedChange, ...]
    healed: tuple[date, ...] = ()
    reversals: Mapping[Partition, Reversal] = field(default_factory=dict)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the plain values that the slices' tasks are mapped over."""
        slices, changes = (
            [each.to_json() for each in part] for part in (self.slices, self.changes)
        )
        return [*slices, *changes]


def plan_run(
    deployment: Deployment,
    request: RunRequest,
    search: Search,
    until: LandedUntil,
    now: datetime,
    max_slices: int | None,
) -> Plan:
    """Read what has landed, and plan a run.

    Args:
        deployment: the data set in its environment.
        request: what the run is asked to do.
        search: for late events, with what it found.
        until: how far raw has landed of which the catalog knows.
        now: the time.
        max_slices: the most that a run may have, of all its changes; None for any.

    Raises:
        RunError: some of the raw events are archived.
    """
    data_set = deployment.data_set
    if request.action != "build":
        return _plan_changes(deployment, request, now)
    late = dates_to_heal(data_set, search, until.instant)
    own = _own_dates(deployment, request, search)
    confirms = confirmation_of(data_set, search)
    healed = late if request.is_healing else own if request.only == "late" else ()
    asked = () if request.only == "late" else own
    planned = plan_dates(deployment, {*asked, *healed}, until, now)
    while max_slices is not None and healed and len(planned) + len(confirms) > max_slices:
        # The oldest first: a later run has the others still before it.
        healed = healed[:-1]
        planned = plan_dates(deployment, {*asked, *healed}, until, now)
    if max_slices is not None and len(planned) + len(confirms) > max_slices:
        confirms = ()  # the next search finds it again
    built = {day for each in planned for day in each.slice_.dates}
    return Plan(
        slices=tuple(planned),
        changes=confirms,
        healed=tuple(day for day in healed if day in built),
    )


def _plan_changes(deployment: Deployment, request: RunRequest, now: datetime) -> Plan:
    slices = cut_slices(request.dates, deployment.data_set.published.grain)
    if request.action == "unpin":
        unpinned = [PlannedChange(action="unpin", slice_=each) for each in slices]
        return Plan(slices=(), changes=tuple(unpinned))
    reversals = find_reversals(deployment, request.dates, now)
    changes = []
    for slice_ in slices:
        previous = {p: r.previous.generation for p, r in reversals.items() if _is_in(p, slice_)}
        if previous:
            changes.append(PlannedChange(action="rollback", slice_=slice_, generations=previous))
    return Plan(slices=(), changes=tuple(changes), reversals=reversals)


def _is_in(partition: Partition, slice_: Slice) -> bool:
    return slice_.first_date <= date(*partition[:3]) <= slice_.last_date


def confirmation_of(data_set: DataSet, search: Search) -> tuple[PlannedChange, ...]:
    """Return the change that writes a search into the ledgers, if there is something to write."""
    news = {p: u for p, u in search.partitions.items() if u.is_news or u.is_missing}
    if not any(unread.is_news for unread in news.values()):
        return ()
    days = sorted({date(*partition[:3]) for partition in news})
    dates = Slice(first_date=days[0], last_date=days[-1], zone=data_set.zone)
    return (PlannedChange(action="confirm", slice_=dates, search=Search(partitions=news)),)


def plan_dates(
    deployment: Deployment, dates: Iterable[date], until: LandedUntil, now: datetime
) -> list[PlannedSlice]:
    """Read what has landed for event dates, and plan them; neighbours share a slice.

    Args:
        deployment: the data set in its environment.
        dates: the dates to build.
        until: how far raw has landed of which the catalog knows.
        now: the time.

    Raises:
        RunError: some of the raw events are archived.
    """
    data_set = deployment.data_set
    first_hour = first_landed(deployment.clients.s3, data_set.raw)
    planned: list[PlannedSlice] = []
    for range_ in join_dates(dates, data_set.zone):
        window = data_set.window_of(range_)
        landed = read_landed(deployment, window, now).before(until)
        planned += plan_slices(data_set, range_, landed, first_hour)
    return planned


def _own_dates(deployment: Deployment, request: RunRequest, search: Search) -> tuple[date, ...]:
    """The dates asked for, of which only those in one state may be wanted."""
    if request.only is None:
        return request.dates.dates
    if request.only == "late":
        # Asked for by hand: `rebuild_late_percent` is for what nobody asks for.
        return tuple(sorted({*search.waiting, *search.missing}))
    states = read_states(
        deployment.clients.glue,
        deployment.database,
        facts_today(deployment),
        request.dates,
        landed_on_s3(deployment),
    )
    return tuple(day.date for day in states if day.count(request.only))


def plan_slices(
    data_set: DataSet, dates: Slice, landed: LandedRaw, first_hour: datetime | None
) -> list[PlannedSlice]:
    """Cut event dates into slices, with what each reads of what has landed.

    Dates of which nothing landed are left out: there is nothing to build them from. So are dates
    that were over before the first hour that is still there. The date in which this hour lies is
    built from it on; what is published of raw that has expired stays (`plan_changes`).

    Args:
        data_set: the data set.
        dates: the dates to build.
        landed: the arrival hours that landed and no longer grow.
        first_hour: the first arrival hour of all raw; None if there is no raw.
    """
    until = landed.until.instant
    if first_hour is None or dates.end <= first_hour or until <= first_hour:
        return []
    first_date = max(dates.first_date, first_hour.astimezone(dates.zone).date())
    whole = Slice(first_date=first_date, last_date=dates.last_date, zone=dates.zone)
    there = ArrivalWindow(start=first_hour, end=until)
    planned = (
        _plan_slice(data_set, slice_, data_set.window_of(slice_).intersect(there), landed.hours)
        for slice_ in cut_slices(whole, data_set.published.grain)
    )
    return [plan for plan in planned if plan.raw_objects]


def _plan_slice(
    data_set: DataSet,
    slice_: Slice,
    window: ArrivalWindow,
    landed: Mapping[datetime, LandedHour],
) -> PlannedSlice:
    hours = {hour: volume for hour, volume in landed.items() if window.start <= hour < window.end}
    return PlannedSlice(
        slice_=slice_,
        window=window,
        landed=windows_of_hours(hours, data_set.raw.period),
        raw_objects=sum(volume.objects for volume in hours.values()),
        raw_bytes=sum(volume.size for volume in hours.values()),
    )
