"""The oracle's rows: what the lanes of a section measured in a minute, and in those before it.

Means are exact fractions until the end. Two different event times within a minute at one point
count as two lanes of that minute.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor, lcm
from typing import Any

from tests.oracle_records import Event, whole_number

USED_CLASSES = (2, 3, 4, 5)
PARTITION_KEYS = ("year", "month", "day", "hour")
COLUMNS = {
    "uniqueid": int,
    "recordtimestamp": int,
    "currentspeed": float,
    "bezettingsgraad": int,
    "previousspeed": float,
    "trafficjamindicator": int,
    "trafficjamindicatorlong": int,
    "trafficintensityclass2": int,
    "trafficintensityclass3": int,
    "trafficintensityclass4": int,
    "trafficintensityclass5": int,
    "speeddiffindicator": int,
    "avgspeed3minutes": float,
    "avgspeed20minutes": float,
} | dict.fromkeys(PARTITION_KEYS, int)


class Row(dict[str, Any]):
    """A published row.

    `also_right` names the indicators whose exact value lies on a threshold that sums of floats may
    miss by a hair (three means of thirds that add up to 40), with the other value to allow.
    """

    def __init__(self, values: Mapping[str, Any], also_right: Mapping[str, int]) -> None:
        super().__init__(values)
        self.also_right = dict(also_right)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measurement:
    """A section in a minute."""

    minute: int
    uniqueid: int
    speed: Fraction | None
    vehicles: dict[int, int]
    occupancy: int


def measure_sections(events: Iterable[Event]) -> Iterator[Row]:
    """Give a row per section and minute, with what it sees of the minutes before."""
    lanes: dict[int, dict[int, list[Event]]] = defaultdict(lambda: defaultdict(list))
    for event in events:
        section = whole_number(event.values["lve_nr"])
        assert section is not None
        lanes[section][event.time // 60 * 60].append(event)
    for minutes in lanes.values():
        yield from _rows_of_section([_measure(m, minutes[m]) for m in sorted(minutes)])


def _measure(minute: int, lanes: Sequence[Event]) -> _Measurement:
    ids = [whole_number(lane.values["unieke_id"]) for lane in lanes]
    counts = [{c: _vehicles(lane, c) for c in USED_CLASSES} for lane in lanes]
    speeds = [_lane_speed(lane, count) for lane, count in zip(lanes, counts, strict=True)]
    vehicles = {c: sum(count[c] for count in counts) for c in USED_CLASSES}
    return _Measurement(
        minute=minute,
        uniqueid=max(i for i in ids if i is not None),
        speed=_mean([speed for speed in speeds if speed is not None]),
        vehicles=vehicles,
        occupancy=floor(Fraction(sum(vehicles.values()), len(lanes)) + Fraction(1, 2)),
    )


def _vehicles(lane: Event, number: int) -> int:
    return max(whole_number(lane.values.get(f"verkeersintensiteit_klasse{number}")) or 0, 0)


def _lane_speed(lane: Event, counts: Mapping[int, int]) -> Fraction | None:
    speeds = [
        whole_number(lane.values.get(f"voertuigsnelheid_rekenkundig_klasse{number}"))
        for number in USED_CLASSES
        if counts[number] > 0
    ]
    known = [speed for speed in speeds if speed is not None and 1 <= speed <= 250]
    return Fraction(sum(known), len(known)) if known else None


def _mean(values: Sequence[Fraction]) -> Fraction | None:
    """Give the exact mean; over a common denominator, as adding fractions one by one is slow."""
    if not values:
        return None
    common = lcm(*(value.denominator for value in values))
    total = sum(value.numerator * (common // value.denominator) for value in values)
    return Fraction(total, common * len(values))


def _rows_of_section(measured: Sequence[_Measurement]) -> Iterator[Row]:
    """Give the rows of one section, whose measurements are in order of time."""
    minutes = [m.minute for m in measured]
    for index, now in enumerate(measured):
        before = measured[index - 1] if index else None
        is_near = before is not None and before.minute >= now.minute - 20 * 60
        previous = before.speed if before is not None and is_near else None
        last_3, last_20 = (
            [
                m.speed
                for m in measured[bisect_right(minutes, now.minute - span) : index + 1]
                if m.speed is not None
            ]
            for span in (3 * 60, 20 * 60)
        )
        yield _row(now, previous, last_3, last_20)


def _row(
    now: _Measurement,
    previous: Fraction | None,
    last_3: Sequence[Fraction],
    last_20: Sequence[Fraction],
) -> Row:
    average_3, average_20 = _mean(last_3), _mean(last_20)
    values = {
        "uniqueid": now.uniqueid,
        "recordtimestamp": now.minute,
        "currentspeed": _to_float(now.speed),
        "bezettingsgraad": now.occupancy,
        "previousspeed": _to_float(previous),
        "trafficjamindicator": jam_indicator(average_3),
        "trafficjamindicatorlong": jam_indicator(average_20),
        **{f"trafficintensityclass{c}": count for c, count in now.vehicles.items()},
        "speeddiffindicator": speed_change_indicator(now.speed, previous),
        "avgspeed3minutes": _to_float(average_3),
        "avgspeed20minutes": _to_float(average_20),
    }
    also_right = {}
    if average_3 == 40 and not _are_exact_floats(last_3):
        also_right["trafficjamindicator"] = 0
    if average_20 == 40 and not _are_exact_floats(last_20):
        also_right["trafficjamindicatorlong"] = 0
    both = [speed for speed in (now.speed, previous) if speed is not None]
    if len(both) == 2 and abs(both[0] - both[1]) == 20 and not _are_exact_floats(both):
        also_right["speeddiffindicator"] = 0
    return Row(values, also_right)


def jam_indicator(average: Fraction | None) -> int:
    """0 to 40 km/h: 1. Above, to 250: 0. Else, or not known: -1."""
    if average is None or not 0 <= average <= 250:
        return -1
    return 1 if average <= 40 else 0


def speed_change_indicator(speed: Fraction | None, previous: Fraction | None) -> int:
    """At least 20 km/h faster: 1; slower: -1. Less, or not known: 0."""
    if speed is None or previous is None or abs(speed - previous) < 20:
        return 0
    return 1 if speed > previous else -1


def _are_exact_floats(values: Sequence[Fraction]) -> bool:
    return all(value.denominator & (value.denominator - 1) == 0 for value in values)


def _to_float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
