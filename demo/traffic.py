"""Made-up traffic measurements, in the order in which their hours of arrival come.

Each event hour depends on nothing but the seed, the points, the traps and itself: generating a
longer period changes nothing in the hours that were there, only what arrives in them late.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from demo.batch import OFFSET_TEXTS, Batch, Ints, join_batches, to_table
from demo.broken_lines import break_line
from demo.flow import Lanes, measure_hour, to_lanes
from demo.points import Point, make_points
from demo.raw_fields import NUMBER_FIELDS
from demo.traps import HOUR, Traps, pick, set_traps

PUBLISHED_RECORDS = Path(__file__).parent / "published_records.jsonl"
_PUBLISHED_ARRIVE_AFTER = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class RawLine:
    """A line of the JSON landing that is no row of the table.

    Attributes:
        arrived: epoch seconds.
        text: the line, without its end.
    """

    arrived: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """What arrives in one hour, in order of arrival.

    Attributes:
        hour: the start of the hour, UTC.
        arrived: when each row of the table arrived, epoch seconds.
        table: the raw fields.
        lines: broken lines, for the JSON landing.
    """

    hour: datetime
    arrived: Ints
    table: pa.Table
    lines: tuple[RawLine, ...]


def generate(
    points: Sequence[Point] | int,
    start: datetime,
    end: datetime,
    *,
    seed: int,
    traps: Traps | None = None,
) -> Iterator[Arrivals]:
    """Generate the events of the event times [start, end), by hour of arrival.

    The last hours are after `end`: late events. Broken clocks make the first hour come before
    `start`. Only some hours are held in memory, so that days of thousands of points fit.

    Args:
        points: the measuring points, or how many to make.
        start: a whole hour, with a time zone.
        end: a whole hour, with a time zone.
        seed: the same seed gives the same events.
        traps: what goes wrong; the default rates if not given.

    Raises:
        ValueError: a bound is no whole hour or has no time zone.
    """
    if isinstance(points, int):
        points = make_points(points, seed)
    source = _Source(points=tuple(points), seed=seed, traps=Traps() if traps is None else traps)
    first, last = _to_epoch_hour("start", start), _to_epoch_hour("end", end)
    return _by_arrival_hour(source, first, last)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    points: tuple[Point, ...]
    seed: int
    traps: Traps

    @property
    def lanes(self) -> Lanes:
        return to_lanes(self.points)


@dataclass(frozen=True, slots=True)
class _Pending:
    """What is still to arrive, by arrival hour in epoch seconds."""

    batches: defaultdict[int, list[Batch]]
    lines: defaultdict[int, list[RawLine]]

    def add(self, batch: Batch, lines: Sequence[RawLine]) -> None:
        hours = batch.arrived // HOUR
        order = np.argsort(hours, kind="stable")
        present, starts = np.unique(hours[order], return_index=True)
        for hour, index in zip(present, np.split(order, starts[1:]), strict=True):
            self.batches[int(hour) * HOUR].append(batch.take(index))
        for line in lines:
            self.lines[line.arrived // HOUR * HOUR].append(line)

    def pop(self, hour: int, source: _Source) -> Arrivals:
        batch = join_batches(self.batches.pop(hour))
        batch = batch.take(np.argsort(batch.arrived, kind="stable"))
        return Arrivals(
            hour=datetime.fromtimestamp(hour, timezone.utc),
            arrived=batch.arrived,
            table=to_table(batch, source.points, wide_time=source.traps.milliseconds > 0),
            lines=tuple(sorted(self.lines.pop(hour, []), key=lambda line: line.arrived)),
        )


def _by_arrival_hour(source: _Source, first: int, last: int) -> Iterator[Arrivals]:
    pending = _Pending(defaultdict(list), defaultdict(list))
    lanes = source.lanes
    if source.traps.has_published_records and first < last:
        pending.add(_published_records(source.points, first + _PUBLISHED_ARRIVE_AFTER), [])
    for hour in range(first, last, HOUR):
        rng = np.random.default_rng([source.seed, 2, hour])
        batch = set_traps(measure_hour(lanes, hour, source.seed, rng), lanes, source.traps, rng)
        pending.add(batch, _broken_lines(batch, source, rng))
        # What the next event hour sends early may still arrive in this hour, not before it.
        for complete in sorted(h for h in pending.batches if h < hour):
            yield pending.pop(complete, source)
    for rest in sorted(pending.batches):
        yield pending.pop(rest, source)


def _broken_lines(batch: Batch, source: _Source, rng: np.random.Generator) -> list[RawLine]:
    hit = batch.take(pick(len(batch), source.traps.broken_lines, rng))
    records = to_table(hit, source.points, wide_time=True).to_pylist()
    ways = rng.integers(0, 1000, len(records))
    return [
        RawLine(arrived=int(arrived), text=break_line(record, int(way)))
        for arrived, record, way in zip(hit.arrived, records, ways, strict=True)
    ]


def published_records() -> list[dict[str, Any]]:
    """Read the really published records, with `tijd_waarneming` as epoch seconds, as it lands."""
    records = [json.loads(line) for line in PUBLISHED_RECORDS.read_text().splitlines()]
    for record in records:
        record["tijd_waarneming"] = _to_epoch(record["tijd_waarneming"])
    return records


def _published_records(points: Sequence[Point], arrived: int) -> Batch:
    index = {point.unieke_id: i for i, point in enumerate(points)}
    records = [r for r in published_records() if r["unieke_id"] in index]
    changed = [r["tijd_laatst_gewijzigd"] for r in records]
    return Batch(
        arrived=np.full(len(records), arrived, np.int64),
        event_time=np.array([r["tijd_waarneming"] for r in records], np.int64),
        changed=np.array([_to_epoch(text) for text in changed], np.int64),
        offset_hours=np.array([OFFSET_TEXTS.index(text[19:]) for text in changed], np.int64),
        point=np.array([index[r["unieke_id"]] for r in records], np.int64),
        numbers=np.array([[r[f] for r in records] for f in NUMBER_FIELDS], np.int32),
    )


def _to_epoch(iso_text: str) -> int:
    return int(datetime.fromisoformat(iso_text).timestamp())


def _to_epoch_hour(name: str, moment: datetime) -> int:
    if moment.utcoffset() is None or moment != moment.replace(minute=0, second=0, microsecond=0):
        raise ValueError(f"{name} is {moment!r}; give a whole hour with a time zone")
    return int(moment.timestamp())
