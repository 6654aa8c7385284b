"""What the points measure in one hour when nothing goes wrong: counts and speeds a minute."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from demo.batch import Batch, Ints
from demo.points import Point
from demo.raw_fields import ARITHMETIC_FIELDS, COUNT_FIELDS, HARMONIC_FIELDS, NUMBER_FIELDS

MINUTES = 60
NO_VEHICLES = 252
_SECONDS_PER_DAY = 86_400
_LOCAL_OFFSET_SECONDS = 3600  # rush hours are those of Flanders, without its summer time
_CLASS_SHARES = np.array([0.02, 0.76, 0.10, 0.05, 0.07], np.float32)
_CLASS_SLOWER = np.array([0, 0, 3, 17, 20], np.float32)
_RUSH_HOURS = (8.0, 17.0)
_JAM_CHANCE = 0.3

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """The points' characters as arrays, one element a point."""

    unieke_id: Ints
    lve_nr: Ints
    section: Ints
    free_speed: Floats
    vehicles_per_minute: Floats
    is_speed_known: npt.NDArray[np.bool_]

    @property
    def sections(self) -> int:
        """How many road sections there are; `section` counts them from 0."""
        return int(np.max(self.section)) + 1


def to_lanes(points: Sequence[Point]) -> Lanes:
    """Give the points' characters as arrays."""
    lve_nr = np.array([p.lve_nr for p in points], np.int64)
    return Lanes(
        unieke_id=np.array([p.unieke_id for p in points], np.int64),
        lve_nr=lve_nr,
        section=np.unique(lve_nr, return_inverse=True)[1],
        free_speed=np.array([p.free_speed for p in points], np.float32),
        vehicles_per_minute=np.array([p.vehicles_per_minute for p in points], np.float32),
        is_speed_known=np.array([p.is_speed_known for p in points]),
    )


def measure_hour(lanes: Lanes, hour: int, seed: int, rng: np.random.Generator) -> Batch:
    """Measure every minute of an hour at every point, point by point.

    Args:
        lanes: the points.
        hour: the start of the hour, epoch seconds.
        seed: the seed of the day's traffic jams, which go on from one hour to the next.
        rng: the source of all else.
    """
    minutes = hour + 60 * np.arange(MINUTES)
    shape = (len(lanes.unieke_id), MINUTES)
    arrived = minutes + rng.integers(65, 101, shape)
    events = shape[0] * shape[1]
    batch = Batch(
        arrived=arrived.ravel(),
        event_time=np.broadcast_to(minutes, shape).ravel(),
        changed=(arrived - rng.integers(1, 6, shape)).ravel(),
        offset_hours=rng.choice(np.array([0, 1, 2]), events, p=[0.1, 0.6, 0.3]),
        point=np.repeat(np.arange(shape[0]), MINUTES),
        numbers=np.zeros((len(NUMBER_FIELDS), events), np.int32),
    )
    batch.row("unieke_id")[:] = lanes.unieke_id[batch.point]
    batch.row("lve_nr")[:] = lanes.lve_nr[batch.point]
    batch.row("actueel_publicatie")[:] = 1
    batch.row("beschikbaar")[:] = 1
    batch.row("rekendata_beschikbaarheidsgraad")[:] = 100
    _count_vehicles(batch, lanes, minutes, seed, rng)
    return batch


def _count_vehicles(
    batch: Batch, lanes: Lanes, minutes: Ints, seed: int, rng: np.random.Generator
) -> None:
    busyness = _busyness(minutes)
    freedom = _freedom(lanes.sections, minutes, seed)[lanes.section]
    expected = np.outer(lanes.vehicles_per_minute, busyness).astype(np.float32)
    speeds = lanes.free_speed[:, None] * freedom + rng.normal(0, 3, freedom.shape)
    total = np.zeros(len(batch), np.int32)
    has_speed = lanes.is_speed_known[batch.point]
    for number, count_field in enumerate(COUNT_FIELDS):
        counts = rng.poisson(expected * _CLASS_SHARES[number]).ravel().astype(np.int32)
        spread = rng.standard_normal(len(batch), np.float32) * 4
        arithmetic = np.clip(np.rint(speeds.ravel() - _CLASS_SLOWER[number] + spread), 4, 190)
        is_measured = (counts > 0) & has_speed & (number > 0)
        batch.row(count_field)[:] = counts
        batch.row(ARITHMETIC_FIELDS[number])[:] = np.where(is_measured, arithmetic, 0)
        harmonic = np.where(is_measured, arithmetic - (counts > 2), NO_VEHICLES)
        batch.row(HARMONIC_FIELDS[number])[:] = harmonic
        total += counts
    seconds_over_the_loop = 22.0 / np.clip(speeds.ravel() / 3.6, 2, None)
    occupancy = np.where(has_speed, total * seconds_over_the_loop / 0.6, 0)
    batch.row("rekendata_bezettingsgraad")[:] = np.clip(occupancy, 0, 100)
    unrest = rng.integers(20, 400, len(batch))
    batch.row("rekendata_onrustigheid")[:] = np.where((total > 1) & has_speed, unrest, 0)


def _busyness(minutes: Ints) -> npt.NDArray[np.float64]:
    """Give the share of the busiest minute's traffic, 0.04 to 1; weekends have no morning rush."""
    local = minutes + _LOCAL_OFFSET_SECONDS
    hour = local % _SECONDS_PER_DAY / 3600
    # The epoch's first day was a Thursday.
    is_weekend = (local // _SECONDS_PER_DAY + 3) % 7 >= 5
    day = 0.55 * np.exp(-(((hour - 13.5) / 5.5) ** 2))
    rush = 0.4 * np.exp(-(((hour - 8) / 1.2) ** 2)) + 0.4 * np.exp(-(((hour - 17) / 1.6) ** 2))
    return np.asarray(0.04 + day + np.where(is_weekend, 0.25 * rush, rush))


def _freedom(sections: int, minutes: Ints, seed: int) -> Floats:
    """Give the share of the free speed that can be driven, shape (sections, minutes).

    A section has a traffic jam around a rush hour on some days.
    """
    local = minutes + _LOCAL_OFFSET_SECONDS
    hour = (local % _SECONDS_PER_DAY / 3600).astype(np.float32)
    rng = np.random.default_rng([seed, 1, int(local[0]) // _SECONDS_PER_DAY])
    freedom = np.ones((sections, len(minutes)), np.float32)
    for rush in _RUSH_HOURS:
        centre = rush + rng.uniform(-1, 1, (sections, 1))
        width = rng.uniform(0.15, 0.7, (sections, 1))
        has_jam = rng.random((sections, 1)) < _JAM_CHANCE
        depth = np.where(has_jam, rng.uniform(0.45, 0.88, (sections, 1)), 0)
        freedom -= (depth * np.exp(-(((hour - centre) / width) ** 2))).astype(np.float32)
    return freedom
