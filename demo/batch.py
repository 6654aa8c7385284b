"""Generated events as columns of numbers, before they become the fields that land."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from demo.points import Point
from demo.raw_fields import NUMBER_FIELDS, NUMBER_ROW, parquet_schema

Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]

MISSING = int(np.iinfo(np.int32).min)
OFFSET_TEXTS = ("Z", "+01:00", "+02:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Events, one array element each.

    Attributes:
        arrived: when it arrived, epoch seconds.
        event_time: what `tijd_waarneming` says, epoch seconds; MISSING is null.
        changed: the instant of `tijd_laatst_gewijzigd`, epoch seconds.
        offset_hours: the UTC offset that its text is written in, 0 to 2.
        point: index of the measuring point.
        numbers: the fields NUMBER_FIELDS, shape (fields, events); MISSING is null.
    """

    arrived: Ints
    event_time: Ints
    changed: Ints
    offset_hours: Ints
    point: Ints
    numbers: Numbers

    def __len__(self) -> int:
        return len(self.arrived)

    def row(self, field: str) -> Numbers:
        """Give a number field as a view, so that assigning to its elements changes the batch."""
        numbers: Numbers = self.numbers[NUMBER_ROW[field]]
        return numbers

    def take(self, index: npt.NDArray[Any] | slice) -> "Batch":
        """Give the events that an index array, mask or slice selects; a copy unless a slice."""
        return Batch(
            arrived=self.arrived[index],
            event_time=self.event_time[index],
            changed=self.changed[index],
            offset_hours=self.offset_hours[index],
            point=self.point[index],
            numbers=self.numbers[:, index],
        )


def join_batches(batches: Sequence[Batch]) -> Batch:
    """Put batches one after the other."""
    return Batch(
        arrived=np.concatenate([b.arrived for b in batches]),
        event_time=np.concatenate([b.event_time for b in batches]),
        changed=np.concatenate([b.changed for b in batches]),
        offset_hours=np.concatenate([b.offset_hours for b in batches]),
        point=np.concatenate([b.point for b in batches]),
        numbers=np.concatenate([b.numbers for b in batches], axis=1),
    )


def to_table(batch: Batch, points: Sequence[Point], *, wide_time: bool) -> pa.Table:
    """Give the raw fields of the events, as they land in Parquet.

    Args:
        batch: the events.
        points: the points that `batch.point` counts in.
        wide_time: `tijd_waarneming` as int64 instead of int32.
    """
    schema = parquet_schema(wide_time=wide_time)
    time_type = schema.field("tijd_waarneming").type
    names = pa.array([p.beschrijvende_id for p in points])
    columns = {name: _nullable(batch.row(name), pa.int32()) for name in NUMBER_FIELDS}
    columns["beschrijvende_id"] = names.take(pa.array(batch.point))
    columns["tijd_waarneming"] = _nullable(batch.event_time, time_type)
    columns["tijd_laatst_gewijzigd"] = _changed_texts(batch)
    return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)


def _nullable(values: npt.NDArray[Any], column_type: pa.DataType) -> pa.Array:
    return pa.array(values, mask=values == MISSING).cast(column_type)


def _changed_texts(batch: Batch) -> pa.Array:
    """Write each distinct instant and offset once: millions of events share a few thousand."""
    codes, where = np.unique(
        batch.changed * len(OFFSET_TEXTS) + batch.offset_hours, return_inverse=True
    )
    instants, offsets = np.divmod(codes, len(OFFSET_TEXTS))
    local = np.datetime_as_string((instants + offsets * 3600).astype("datetime64[s]"))
    texts = [f"{text}{OFFSET_TEXTS[hours]}" for text, hours in zip(local, offsets, strict=True)]
    return pa.array(texts, pa.string()).take(pa.array(where))
