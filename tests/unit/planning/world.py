"""A table and its raw events in memory, with runs that decide as real ones do.

What a real run asks Athena for is worked out here from the events: what counts for a partition is
in `content`. What is decided, and written into ledgers, is the package's.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from functools import cache

from retime.aws import CatalogPartition
from retime.calendar.arrival_hours import ArrivalWindow, ceil_arrival, windows_of_hours
from retime.calendar.partitioning import Partition
from retime.calendar.partitions import partition_spans
from retime.calendar.slices import Slice, cut_slices, join_dates
from retime.dataset.model import DataSet
from retime.planning.healing import dates_to_heal, search_of, without_empty
from retime.planning.plan import confirmation_of
from retime.published.confirm import after_search
from retime.published.ledger import Ledger, ledger_of, with_ledger
from retime.published.publication import Publication, plan_changes
from retime.published.search import Search

spans_of = cache(partition_spans)
EVERYTHING = datetime(2100, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """When an event happened, the hour that it arrived in, and whether it is kept."""

    number: int
    happened: datetime
    arrived: datetime
    is_kept: bool = True


@dataclass(kw_only=True)
class World:
    """The raw events of a data set, and its published table: ledgers, and what rows depend on."""

    data_set: DataSet
    events: tuple[Event, ...]
    catalog: dict[Partition, CatalogPartition] = field(default_factory=dict)
    built: dict[str, dict[Partition, frozenset[int]]] = field(default_factory=dict)
    rebuilt: list[date] = field(default_factory=list)

    def run(self, day: date, now: datetime, fails: Collection[date] = ()) -> tuple[date, ...]:
        """Run the date, when what arrived before an hour has landed; return what it healed.

        Slices with a date in `fails` come to nothing.
        """
        own = Slice(first_date=day, last_date=day, zone=self.data_set.zone)
        until = min(now, self.data_set.window_of(own).end)
        first = min((event.arrived for event in self.events if event.arrived < now), default=None)
        earlier = {p: each for p, each in self.ledgers.items() if date(*p[:3]) < day}
        landed = {event.arrived for event in self.events if event.arrived < until}
        unread = without_empty(search_of(self.data_set, earlier, until, first), landed)
        search = self._search(unread)
        healed = dates_to_heal(self.data_set, search, until)
        for range_ in join_dates({day, *healed}, self.data_set.zone):
            for slice_ in cut_slices(range_, self.data_set.published.grain):
                if not set(slice_.dates) & set(fails):
                    self._build(slice_, until, first)
        for change in confirmation_of(self.data_set, search):
            self._confirm(change.search or search)
        self.rebuilt += healed
        return healed

    @property
    def ledgers(self) -> dict[Partition, Ledger]:
        found = {p: ledger_of(each.parameters) for p, each in self.catalog.items()}
        return {p: ledger for p, ledger in found.items() if ledger}

    def content(self) -> dict[Partition, frozenset[int]]:
        """What the rows of each partition depend on, as published, of those that have any."""
        content = {p: self.built[ledger.generation][p] for p, ledger in self.ledgers.items()}
        return {partition: numbers for partition, numbers in content.items() if numbers}

    def rebuild(self, days: Iterable[date]) -> dict[Partition, frozenset[int]]:
        """What the content would be if all was built now, from all raw."""
        whole = World(data_set=self.data_set, events=self.events)
        for range_ in join_dates(days, self.data_set.zone):
            for slice_ in cut_slices(range_, self.data_set.published.grain):
                whole._build(slice_, EVERYTHING, min(event.arrived for event in self.events))
        return whole.content()

    def _counting(self, partition: Partition, slice_: Slice) -> list[Event]:
        start, end = spans_of(slice_, self.data_set.published.grain)[partition]
        events = self.data_set.events
        return [
            event
            for event in self.events
            if event.is_kept
            and start - events.look_back <= event.happened < end
            and event.happened >= event.arrived - events.max_lateness
        ]

    def _search(self, search: Search) -> Search:
        found = {}
        for partition, unread in search.partitions.items():
            day = date(*partition[:3])
            slice_ = Slice(first_date=day, last_date=day, zone=self.data_set.zone)
            found[partition] = sum(
                ceil_arrival(unread.since, self.data_set.raw.period)
                <= event.arrived
                < unread.through
                for event in self._counting(partition, slice_)
            )
        return search.with_found(found, 0)

    def _build(self, slice_: Slice, until: datetime, first: datetime | None) -> None:
        if first is None:
            return
        read = self.data_set.window_of(slice_).intersect(ArrivalWindow(start=first, end=until))
        landed = {e.arrived for e in self.events if read.start <= e.arrived < read.end}
        if not landed:
            return
        number = len(self.built) + 1
        generation = f"20240401t{number // 3600:02}{number // 60 % 60:02}{number % 60:02}z_00000000"
        wanted = self.data_set.windows_of(slice_)
        spans = spans_of(slice_, self.data_set.published.grain)
        content = {
            p: frozenset(e.number for e in self._counting(p, slice_) if e.arrived in landed)
            for p in wanted
        }
        rows = {
            p: n
            for p, (start, end) in spans.items()
            if (
                n := sum(
                    e.arrived in landed and start <= e.happened < end
                    for e in self._counting(p, slice_)
                )
            )
        }
        self.built[generation] = content
        publication = Publication(
            table=self.data_set.published,
            generation=generation,
            location=f"s3://b/traffic/v={generation}/",
            rows=rows,
            events=rows,
            wanted=wanted,
            own=self.data_set.own_windows_of(slice_),
            read=read,
            landed=windows_of_hours(landed, self.data_set.raw.period),
            fingerprint="0123456789abcdef",
            run_id="run",
            query_id="query",
        )
        changes = plan_changes(publication, {}, self.catalog, EVERYTHING)
        for each in (*changes.create, *changes.update):
            self.catalog[each.values] = each

    def _confirm(self, search: Search) -> None:
        for partition, unread in search.partitions.items():
            found = self.catalog.get(partition)
            if found and (after := after_search(ledger_of(found.parameters), unread)):
                self.catalog[partition] = with_ledger(found, after)
