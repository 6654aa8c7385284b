"""What the traffic data set must publish, worked out in plain Python from what has landed.

It was written from the description of the data, independently of the SQL, and knows nothing of
files and queries: records in, rows and counts out.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle_records import Event, Record, read_record, remove_duplicates, whole_number
from tests.oracle_rows import COLUMNS, PARTITION_KEYS, Row, measure_sections

HOUR = 3600
CHOSEN_POINTS = frozenset({32, 37, 216, 217, 753, 1065, 1132, 1840, 2125, 2161, 3159, 3388, 3391})
Partition = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The data set's settings, as far as they change what is published."""

    time_zone: str = "UTC"
    points: frozenset[int] = CHOSEN_POINTS  # empty: all
    look_back: timedelta = timedelta(minutes=20)
    clock_skew: timedelta = timedelta(minutes=30)
    max_lateness: timedelta = timedelta(hours=48)
    earliest: datetime = datetime(2010, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A record that no slice can use, under the partition of its arrival hour."""

    reason: str
    arrival_hour: datetime
    partition: Partition
    record: Record


@dataclass(slots=True, kw_only=True)
class Counts:
    """What became of the events of a slice's arrival window.

    events_read is the sum of the others but `late`, which counts again those of published_from,
    duplicates and filtered that arrived more than an hour after their event time.
    """

    events_read: int = 0
    published_from: int = 0
    duplicates: int = 0
    filtered: int = 0
    quarantined: int = 0
    outside: int = 0
    too_late: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a slice must publish: rows by partition in order of time, quarantine, and counts."""

    rows: dict[Partition, list[Row]]
    quarantined: list[Quarantined]
    counts: Counts

    @property
    def all_rows(self) -> list[Row]:
        """The rows of all partitions."""
        return [row for rows in self.rows.values() for row in rows]

    @property
    def reasons(self) -> Counter[str]:
        """How many records each reason quarantines."""
        return Counter(q.reason for q in self.quarantined)


def expect(
    records: Iterable[tuple[Record, datetime]],
    *,
    start: datetime,
    end: datetime,
    settings: Settings | None = None,
    landed_through: datetime,
) -> Expected:
    """Work out what the slice [start, end) of event time publishes.

    Args:
        records: each record that landed, as its raw fields or its line, and the arrival hour that
            it landed under.
        start: of the slice, with a time zone.
        end: of the slice, exclusive.
        settings: the data set's settings.
        landed_through: the last arrival hour that the run can see.
    """
    settings = settings or Settings()
    first, last = _epoch(start), _epoch(end)
    sorting = _Sorting(settings=settings, first=first, last=last)
    look_back, skew = settings.look_back.total_seconds(), settings.clock_skew.total_seconds()
    window_start = (first - look_back - skew) // HOUR * HOUR
    window_end = min(last + settings.max_lateness.total_seconds(), _epoch(landed_through) + 1)
    hours: dict[datetime, int] = {}
    for record, arrival_hour in records:
        arrival = hours.get(arrival_hour)
        if arrival is None:
            arrival = hours.setdefault(arrival_hour, _epoch(arrival_hour))
        if window_start <= arrival < window_end:
            sorting.add(record, arrival)
    return sorting.finish()


@dataclass(slots=True, kw_only=True)
class _Sorting:
    """Every event read goes one way."""

    settings: Settings
    first: int
    last: int
    counts: Counts = field(default_factory=Counts)
    quarantined: list[Quarantined] = field(default_factory=list)
    before: list[Event] = field(default_factory=list)
    inside: list[Event] = field(default_factory=list)

    def add(self, record: Record, arrival: int) -> None:
        self.counts.events_read += 1
        values = read_record(record)
        reason = unusable_because(values, arrival, self.settings)
        if reason is not None:
            self._quarantine(record, reason, arrival)
            return
        time = whole_number(values["tijd_waarneming"])
        assert time is not None
        event = Event(values=values, time=time, arrival=arrival)
        is_too_late = arrival - time > self.settings.max_lateness.total_seconds()
        if self.first <= time < self.last:
            self._add_inside(event, is_too_late=is_too_late)
            return
        self.counts.outside += 1
        look_back = self.settings.look_back.total_seconds()
        if self.first - look_back <= time < self.first and not is_too_late and self._keeps(event):
            self.before.append(event)

    def _quarantine(self, record: Record, reason: str, arrival: int) -> None:
        if not self.first <= arrival < self.last:
            self.counts.outside += 1
            return
        self.counts.quarantined += 1
        self.quarantined.append(
            Quarantined(
                reason=reason,
                arrival_hour=datetime.fromtimestamp(arrival, timezone.utc),
                partition=partition_of(arrival, self.settings.time_zone),
                record=record,
            )
        )

    def _add_inside(self, event: Event, *, is_too_late: bool) -> None:
        if is_too_late:
            self.counts.too_late += 1
            return
        self.counts.late += event.arrival - event.time > HOUR
        if self._keeps(event):
            self.inside.append(event)
        else:
            self.counts.filtered += 1

    def _keeps(self, event: Event) -> bool:
        occupancy = whole_number(event.values.get("rekendata_bezettingsgraad"))
        is_chosen = (
            not self.settings.points
            or whole_number(event.values["unieke_id"]) in self.settings.points
        )
        is_sound = whole_number(event.values.get("defect")) == 0
        return is_chosen and is_sound and occupancy is not None and occupancy > -1

    def finish(self) -> Expected:
        kept = remove_duplicates(self.inside)
        self.counts.published_from = len(kept)
        self.counts.duplicates = len(self.inside) - len(kept)
        rows: dict[Partition, list[Row]] = defaultdict(list)
        for row in measure_sections([*remove_duplicates(self.before), *kept]):
            if row["recordtimestamp"] >= self.first:
                partition = partition_of(row["recordtimestamp"], self.settings.time_zone)
                row.update(zip(PARTITION_KEYS, partition, strict=True))
                rows[partition].append(row)
        return Expected(
            rows={key: sorted(rows[key], key=_row_order) for key in sorted(rows)},
            quarantined=self.quarantined,
            counts=self.counts,
        )


def unusable_because(values: Mapping[str, Any], arrival: int, settings: Settings) -> str | None:
    """Give why a record is quarantined, or None; `arrival` is the start of its arrival hour."""
    if not values:
        return "unreadable"
    time = whole_number(values.get("tijd_waarneming"))
    if time is None:
        return "event_time_missing"
    earliest = settings.earliest.timestamp()
    latest = arrival + HOUR + settings.clock_skew.total_seconds()
    if time < earliest:
        return "event_time_too_old"
    if time >= latest:
        is_milliseconds = earliest <= time // 1000 < latest
        return "event_time_in_milliseconds" if is_milliseconds else "event_time_in_future"
    for name in ("unieke_id", "lve_nr"):
        if whole_number(values.get(name)) is None:
            return f"{name}_missing"
    return None


def partition_of(moment: int, time_zone: str) -> Partition:
    """Give the partition that epoch seconds fall in."""
    local = datetime.fromtimestamp(moment, ZoneInfo(time_zone))
    return local.year, local.month, local.day, local.hour


def _epoch(moment: datetime) -> int:
    assert moment.utcoffset() is not None, f"{moment!r} needs a time zone"
    return int(moment.timestamp())


def _row_order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    rest = (row[name] for name in COLUMNS if name in row)
    return (row["recordtimestamp"], row["uniqueid"], *((v is not None, v or 0) for v in rest))


def typed_row(texts: Mapping[str, str | None]) -> dict[str, Any]:
    """Give a row of the Athena API, whose values are texts, with the values' own types."""
    return {
        name: None if text is None or text == "" else COLUMNS[name](text)
        for name, text in texts.items()
    }


def assert_rows_equal(
    actual: Iterable[Mapping[str, Any]], expected: Iterable[Mapping[str, Any]]
) -> None:
    """Compare published rows with expected ones, in any order; floats to 1e-9 of their size.

    Args:
        actual: rows with the columns of the published table; the partition keys may be left out.
        expected: `Expected.all_rows`, or those of one partition.

    Raises:
        AssertionError: with the first differences, and the rows that only one side has.
    """
    actual_rows, expected_rows = (sorted(rows, key=_row_order) for rows in (actual, expected))
    keys = [
        Counter((r["recordtimestamp"], r["uniqueid"]) for r in rows)
        for rows in (actual_rows, expected_rows)
    ]
    missing, extra = sorted((keys[1] - keys[0]).elements()), sorted((keys[0] - keys[1]).elements())
    problems = []
    if missing or extra:
        problems.append(f"{len(actual_rows)} rows, {len(expected_rows)} expected")
        problems += _some_keys("missing", missing) + _some_keys("not expected", extra)
    else:
        for one, other in zip(actual_rows, expected_rows, strict=True):
            problems += _differences(one, other)
    assert not problems, "\n".join([*problems[:20], f"({len(problems)} differences)"])


def _some_keys(what: str, keys: Sequence[tuple[int, int]]) -> list[str]:
    return [f"{what}: uniqueid {uniqueid} at {_show(time)}" for time, uniqueid in keys[:5]]


def _show(moment: int) -> str:
    return f"{moment} ({datetime.fromtimestamp(moment, timezone.utc):%Y-%m-%d %H:%M}Z)"


def _differences(actual: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    where = f"uniqueid {expected['uniqueid']} at {_show(expected['recordtimestamp'])}"
    if set(actual) not in (set(COLUMNS), set(COLUMNS) - set(PARTITION_KEYS)):
        odd = sorted(set(actual) ^ set(COLUMNS))
        return [f"{where}: the row's columns are not those of the table: {odd}"]
    also_right = getattr(expected, "also_right", {})
    return [
        f"{where}: {name} is {actual[name]!r}, expected {expected[name]!r}"
        for name in COLUMNS
        if name in actual
        and not _is_same(actual[name], expected[name])
        and not (name in also_right and actual[name] == also_right[name])
    ]


def _is_same(actual: Any, expected: Any) -> bool:
    if isinstance(expected, float) and actual is not None:
        return bool(abs(actual - expected) <= 1e-9 * abs(expected))
    return bool(actual == expected)
