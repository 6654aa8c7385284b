"""What goes wrong on the way from a measuring point to S3, each at a rate that can be set."""

from dataclasses import dataclass, fields, replace

import numpy as np

from demo.batch import MISSING, Batch, Ints, join_batches
from demo.flow import MINUTES, Lanes
from demo.raw_fields import ARITHMETIC_FIELDS, COUNT_FIELDS, HARMONIC_FIELDS

HOUR = 3600
DAY = 24 * HOUR
MAX_SKEW_SECONDS = 240
_YEAR = 365 * DAY
_HIGHEST_SPEED = 250
_PUBLICATIONS_WHILE_FRESH = 2
_SPEED_CODES = np.array([251, 254])


@dataclass(frozen=True, slots=True, kw_only=True)
class Traps:
    """How often each thing goes wrong, 0 to 1: of all events, unless said otherwise.

    Attributes:
        redelivered: Firehose delivers the same event again, a minute to some hours later.
        stale: the point hangs for 1 to 12 minutes: it measures nothing new and publishes its last
            event again every minute.
        corrected: the point sends other values later, with a later `tijd_laatst_gewijzigd`.
        tied: it sends other values with the same `tijd_laatst_gewijzigd`, as an instant.
        late_minutes: arrives 3 to 59 minutes late.
        late_hours: arrives 1 to 12 hours late.
        late_days: arrives 12 to 46 hours late.
        too_late: arrives 4 to 5 days late.
        skewed: arrives before its event time, by up to MAX_SKEW_SECONDS.
        silent_10_minutes: of a point's hours; so long it publishes nothing.
        silent_30_minutes: of a point's hours.
        silent_hour: of a section's hours.
        defect: `defect` is 1.
        occupancy_unknown: `rekendata_bezettingsgraad` is -1.
        null_values: a count, a speed or both of a class are null.
        speed_codes: the speeds of a class are 251 or 254.
        broken: the event time is null, 0, negative or years ahead, or an id is null.
        milliseconds: the event time is in milliseconds; makes the Parquet column int64.
        broken_lines: a line that holds no usable record, or text for numbers; JSON landing only,
            in addition to the events.
        has_published_records: whether the really published records land at the start.
    """

    redelivered: float = 0.002
    stale: float = 0.0005
    corrected: float = 0.003
    tied: float = 0.001
    late_minutes: float = 0.01
    late_hours: float = 0.003
    late_days: float = 0.001
    too_late: float = 0.0001
    skewed: float = 0.002
    silent_10_minutes: float = 0.02
    silent_30_minutes: float = 0.01
    silent_hour: float = 0.005
    defect: float = 0.003
    occupancy_unknown: float = 0.003
    null_values: float = 0.002
    speed_codes: float = 0.002
    broken: float = 0.001
    milliseconds: float = 0.0002
    broken_lines: float = 0.0005
    has_published_records: bool = True

    def __post_init__(self) -> None:
        for rate in fields(self):
            value = getattr(self, rate.name)
            if not 0 <= value <= 1:
                raise ValueError(f"{rate.name} is {value!r}; give a share between 0 and 1")


NO_TRAPS = Traps(**{rate.name: 0 for rate in fields(Traps)})  # type: ignore[arg-type]


def set_traps(batch: Batch, lanes: Lanes, traps: Traps, rng: np.random.Generator) -> Batch:
    """Let an hour of good events go wrong.

    Args:
        batch: every point's every minute of the hour, point by point.
        lanes: the points.
        traps: the rates.
        rng: the source of chance.

    Returns:
        The events that arrive, in no order: fewer, more and other ones.
    """
    _spoil_values(batch, traps, rng)
    is_silent = _silence(len(lanes.unieke_id), lanes.section, traps, rng)
    stale_index, is_dropped = _hang(is_silent, traps, rng)
    published = batch.take(~is_dropped)
    again = [
        _republish(batch.take(stale_index[0]), stale_index[1]),
        _redeliver(_some(published, traps.redelivered, rng), rng),
        _correct(_some(published, traps.corrected, rng), rng),
        _tie(_some(published, traps.tied, rng), rng),
    ]
    _delay(published, traps, rng)
    _break_ids_and_times(published, traps, rng)
    return join_batches([published, *again])


def pick(size: int, rate: float, rng: np.random.Generator) -> Ints:
    """Give the indices of what is hit when each of `size` things is hit at `rate`."""
    if rate == 0:
        return np.zeros(0, np.int64)
    return np.flatnonzero(rng.random(size, np.float32) < rate)


def _some(batch: Batch, rate: float, rng: np.random.Generator) -> Batch:
    return batch.take(pick(len(batch), rate, rng))


def _spoil_values(batch: Batch, traps: Traps, rng: np.random.Generator) -> None:
    size = len(batch)
    batch.row("defect")[pick(size, traps.defect, rng)] = 1
    batch.row("rekendata_bezettingsgraad")[pick(size, traps.occupancy_unknown, rng)] = -1
    coded, nulls = pick(size, traps.speed_codes, rng), pick(size, traps.null_values, rng)
    class_coded, class_null = rng.integers(1, 5, len(coded)), rng.integers(1, 5, len(nulls))
    what_null = rng.integers(0, 3, len(nulls))
    for number in range(1, 5):
        hit = coded[class_coded == number]
        codes = rng.choice(_SPEED_CODES, len(hit))
        batch.row(ARITHMETIC_FIELDS[number])[hit] = codes
        batch.row(HARMONIC_FIELDS[number])[hit] = codes
        batch.row(COUNT_FIELDS[number])[hit] = np.maximum(batch.row(COUNT_FIELDS[number])[hit], 1)
        is_class = class_null == number
        batch.row(COUNT_FIELDS[number])[nulls[is_class & (what_null != 1)]] = MISSING
        batch.row(ARITHMETIC_FIELDS[number])[nulls[is_class & (what_null != 0)]] = MISSING


def _silence(points: int, section: Ints, traps: Traps, rng: np.random.Generator) -> Ints:
    """Give, per point and minute, whether nothing is published; shape (points, MINUTES)."""
    is_silent = np.zeros((points, MINUTES), np.int64)
    for length, rate in ((10, traps.silent_10_minutes), (30, traps.silent_30_minutes)):
        for point in pick(points, rate, rng):
            first = rng.integers(0, MINUTES - length + 1)
            is_silent[point, first : first + length] = 1
    silent_sections = pick(int(np.max(section)) + 1, traps.silent_hour, rng)
    is_silent[np.isin(section, silent_sections)] = 1
    return is_silent


def _hang(
    is_silent: Ints, traps: Traps, rng: np.random.Generator
) -> tuple[tuple[Ints, Ints], Ints]:
    """Let points hang on their last event.

    Returns:
        ((the index of each event published again, how many minutes later), whether each event of
        the hour is never published).
    """
    never = is_silent.astype(bool)
    starts = np.setdiff1d(pick(never.size, traps.stale, rng), np.flatnonzero(never.ravel()))
    lengths = rng.integers(1, 13, len(starts))
    index: list[int] = []
    minutes_later: list[int] = []
    for start, length in zip(starts, lengths, strict=True):
        point, minute = divmod(int(start), MINUTES)
        if never[point, minute]:
            continue
        never[point, minute + 1 : minute + 1 + length] = True
        index += [int(start)] * int(length)
        minutes_later += range(1, int(length) + 1)
    return (np.array(index, np.int64), np.array(minutes_later, np.int64)), never.ravel()


def _republish(batch: Batch, minutes_later: Ints) -> Batch:
    fresh = batch.row("actueel_publicatie")
    fresh[minutes_later >= _PUBLICATIONS_WHILE_FRESH] = 0
    return replace(batch, arrived=batch.arrived + 60 * minutes_later)


def _redeliver(batch: Batch, rng: np.random.Generator) -> Batch:
    minutes = rng.integers(60, HOUR, len(batch))
    hours = rng.integers(HOUR, 8 * HOUR, len(batch))
    delay = np.where(rng.random(len(batch)) < 0.6, minutes, hours)
    return replace(batch, arrived=batch.arrived + delay)


def _correct(batch: Batch, rng: np.random.Generator) -> Batch:
    soon = rng.integers(5 * 60, 50 * 60, len(batch))
    next_day = rng.integers(2 * HOUR, 20 * HOUR, len(batch))
    after = np.where(rng.random(len(batch)) < 0.8, soon, next_day)
    corrected = _with_other_values(batch, rng)
    return replace(corrected, changed=batch.changed + after, arrived=batch.arrived + after)


def _tie(batch: Batch, rng: np.random.Generator) -> Batch:
    after = rng.integers(30, 600, len(batch))
    return replace(_with_other_values(batch, rng), arrived=batch.arrived + after)


def _with_other_values(batch: Batch, rng: np.random.Generator) -> Batch:
    """Give other values and another UTC offset, which puts texts in another order than instants."""
    count, speed = batch.row(COUNT_FIELDS[1]), batch.row(ARITHMETIC_FIELDS[1])
    count[:] = np.maximum(count, 0) + rng.integers(1, 5, len(batch))
    is_speed = (speed > 0) & (speed <= _HIGHEST_SPEED)
    other = np.clip(speed + rng.integers(-15, 16, len(batch)), 1, _HIGHEST_SPEED)
    speed[:] = np.where(is_speed, other, speed)
    return replace(batch, offset_hours=rng.integers(0, 3, len(batch)))


def _delay(batch: Batch, traps: Traps, rng: np.random.Generator) -> None:
    rates = (
        (traps.late_minutes, 180, HOUR),
        (traps.late_hours, HOUR, 12 * HOUR),
        (traps.late_days, 12 * HOUR, 46 * HOUR),
        (traps.too_late, 4 * DAY, 5 * DAY),
        (traps.skewed, -MAX_SKEW_SECONDS, 0),
    )
    for rate, least, most in rates:
        hit = pick(len(batch), rate, rng)
        batch.arrived[hit] = batch.event_time[hit] + rng.integers(least, most, len(hit))


def _break_ids_and_times(batch: Batch, traps: Traps, rng: np.random.Generator) -> None:
    in_milliseconds = pick(len(batch), traps.milliseconds, rng)
    batch.event_time[in_milliseconds] *= 1000
    broken = np.setdiff1d(pick(len(batch), traps.broken, rng), in_milliseconds)
    kind = rng.integers(0, 6, len(broken))
    kinds = [broken[kind == number] for number in range(6)]
    batch.event_time[kinds[0]] = MISSING
    batch.event_time[kinds[1]] = 0
    batch.event_time[kinds[2]] *= -1
    batch.event_time[kinds[3]] += rng.integers(3, 9, len(kinds[3])) * _YEAR
    batch.row("unieke_id")[kinds[4]] = MISSING
    batch.row("lve_nr")[kinds[5]] = MISSING
