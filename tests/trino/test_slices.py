"""The package's statements on both engines: slices of all kinds, compared to the bit.

Each slice has events of five hours, with everything that goes wrong, from the hour before the
slice: over the change of the clock in Brussels, where that day has 23 hours.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from demo.firehose import FileFormat
from demo.landing import land
from demo.traffic import generate
from demo.traps import Traps
from retime.calendar.slices import Grain, Slice
from retime.published import tables as catalog
from retime.raw import partitions
from retime.raw.table import read_raw_table
from retime.statements import rendering as sql
from retime.statements.rendering import SliceSource
from tests.golden.executed import create_raw, query
from tests.landed_records import arrival_hour_of
from tests.trino.stored_rows import stored_rows
from tests.unit.samples import TRAFFIC, landed_hours, raw_table, with_grain

HOUR = timedelta(hours=1)
TRAPS = Traps(
    redelivered=0.02,
    corrected=0.03,
    tied=0.02,
    late_hours=0.02,
    too_late=0.002,
    null_values=0.02,
    speed_codes=0.02,
    broken=0.01,
    milliseconds=0.005,
    broken_lines=0.01,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of slice: how its raw lands, and how it is cut."""

    landing: FileFormat
    keys: str
    grain: Grain
    zone: str
    first: str
    days: int = 1

    def __str__(self) -> str:
        return f"{self.landing} {self.keys} {self.grain} {self.zone} {self.days}"


KINDS = [
    Kind(landing="parquet", keys="string", grain="hour", zone="UTC", first="2024-03-29"),
    Kind(landing="parquet", keys="bigint", grain="day", zone="UTC", first="2024-03-29"),
    Kind(landing="json", keys="string", grain="day", zone="UTC", first="2024-03-29"),
    Kind(landing="gz", keys="bigint", grain="hour", zone="Europe/Brussels", first="2024-03-31"),
    Kind(landing="parquet", keys="string", grain="day", zone="Europe/Brussels", first="2024-03-31"),
    Kind(landing="json", keys="bigint", grain="hour", zone="America/Sao_Paulo", first="2024-03-29"),
    Kind(landing="gz", keys="string", grain="day", zone="America/Sao_Paulo", first="2024-03-29"),
    Kind(
        landing="parquet",
        keys="bigint",
        grain="hour",
        zone="America/Sao_Paulo",
        first="2024-03-28",
        days=2,
    ),
]


def land_raw(clients: Any, name: str, kind: Kind, slice_: Slice) -> SliceSource:
    """Land the events of a slice, and give what its statements read."""
    raw = raw_table(key_type=kind.keys, is_json=kind.landing != "parquet")
    columns = raw.columns if raw.is_json else {**raw.columns, "tijd_waarneming": "bigint"}
    types = {key.name: key.type for key in raw.partitioning.keys}
    create_raw(clients, name, raw.name, columns, types, is_json=raw.is_json)
    start = slice_.start - HOUR
    events = generate(18, start, start + 5 * HOUR, seed=1, traps=TRAPS)
    keys = land(clients.s3, name, "raw/", events, file_format=kind.landing)
    hours = sorted({arrival_hour_of(key) for key in keys})
    table = read_raw_table(clients.glue, name, TRAFFIC.raw)
    missing = partitions.missing_folders(clients.glue, table, landed_hours(hours))
    partitions.register_folders(clients.glue, table, missing, f"s3://{name}/raw/")
    if raw.is_json:
        partitions.ignore_malformed_json(clients.glue, table, hours)
    data_set = replace(with_grain(TRAFFIC, kind.grain), zone=slice_.zone)
    return SliceSource(
        data_set=data_set, raw=table, slice_=slice_, window=data_set.window_of(slice_)
    )


def staged(clients: Any, name: str, source: SliceSource, suffix: str) -> dict[str, list[str]]:
    """Stage and audit the slice on an engine; give the rows of all that it makes."""
    published, quarantine = source.data_set.tables
    staging, unusable = f"traffic__{suffix}", f"traffic_quarantine__{suffix}"
    for table, columns, keys in (
        (staging, published.staged_columns, published.partitioning),
        (unusable, quarantine.columns, quarantine.partitioning),
    ):
        catalog.create_staging_table(
            clients.glue, name, table, f"s3://{name}/{table}/", columns, keys
        )
    targets = [f'"{name}"."{table}"' for table in (staging, unusable)]
    query(clients, name, sql.render_stage(source, targets[0]))
    query(clients, name, sql.render_quarantine(source, targets[1]))
    return {
        "rows": stored_rows(clients.s3, name, f"{staging}/"),
        "quarantine": stored_rows(clients.s3, name, f"{unusable}/"),
        "audit": texts(query(clients, name, sql.render_audit(source, *targets))),
        "counts": texts(query(clients, name, sql.render_count_rows(source, targets[0]))),
    }


def texts(rows: Iterable[dict[str, str | None]]) -> list[str]:
    """Rows in an order of their own."""
    return sorted(repr(row) for row in rows)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_slice_is_the_same_on_trino_and_on_duckdb(engines, kind):
    name = f"slice{uuid.uuid4().hex[:8]}"
    first = date.fromisoformat(kind.first)
    last = first + timedelta(days=kind.days - 1)
    slice_ = Slice(first_date=first, last_date=last, zone=ZoneInfo(kind.zone))
    source = land_raw(engines["trino"], name, kind, slice_)
    found = {engine: staged(clients, name, source, engine) for engine, clients in engines.items()}
    assert len(found["trino"]["rows"]) > 500
    assert len(found["trino"]["quarantine"]) > 5
    for part, rows in found["trino"].items():
        assert rows == found["duckdb"][part], part
