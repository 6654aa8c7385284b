"""Values that the unit tests are about: the traffic data set, its raw tables, slices."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from retime.calendar.arrival_hours import HOUR, ArrivalWindow
from retime.calendar.partitioning import DAILY, HOURLY, Partitioning, parse_partitioning
from retime.calendar.slices import Grain, Slice
from retime.dataset.model import DEFAULT_FOLDERS, DataSet
from retime.dataset.reader import load_data_set
from retime.planning.plan import PlannedSlice, plan_slices
from retime.raw.landed import LandedHour, LandedRaw, LandedUntil
from retime.raw.table import RawTable
from retime.statements.rendering import SliceSource
from tests.landed_records import arrival_path

ROOT = Path(__file__).resolve().parents[2]
UTC = ZoneInfo("UTC")
TRAFFIC = load_data_set(ROOT / "include" / "datasets" / "traffic.yaml")

_NUMBERS = (
    "unieke_id",
    "lve_nr",
    "tijd_waarneming",
    "actueel_publicatie",
    "beschikbaar",
    "defect",
    "geldig",
    *(f"verkeersintensiteit_klasse{c}" for c in range(1, 6)),
    *(f"voertuigsnelheid_rekenkundig_klasse{c}" for c in range(1, 6)),
    *(f"voertuigsnelheid_harmonisch_klasse{c}" for c in range(1, 6)),
    "rekendata_bezettingsgraad",
    "rekendata_beschikbaarheidsgraad",
    "rekendata_onrustigheid",
)


def raw_table(*, key_type: str = "string", is_json: bool = False) -> RawTable:
    """The raw traffic table: numbers as integers in Parquet, as strings in JSON lines."""
    columns = {"beschrijvende_id": "string", "tijd_laatst_gewijzigd": "string"}
    columns |= dict.fromkeys(_NUMBERS, "string" if is_json else "int")
    return RawTable(
        database="db",
        name="traffic_raw",
        columns=columns,
        partitioning=folders(key_type=key_type),
        is_json=is_json,
    )


def folders(pattern: str = DEFAULT_FOLDERS, *, key_type: str = "string") -> Partitioning:
    """Keys of raw folders, all of one type."""
    keys = parse_partitioning(pattern).keys
    return Partitioning(tuple(replace(key, type=key_type) for key in keys))


def landed_hours(hours: Iterable[datetime]) -> dict[datetime, LandedHour]:
    """An object in the folder of each of these arrival hours."""
    return {
        hour: LandedHour(objects=1, size=1, folders=frozenset({arrival_path(hour)}))
        for hour in hours
    }


def utc(*parts: int) -> datetime:
    """The instant of UTC with this year, month, day and hour."""
    return datetime(*parts, tzinfo=timezone.utc)


def days(first: str, last: str | None = None, zone: ZoneInfo = UTC) -> Slice:
    """The slice from one date through another."""
    return Slice(
        first_date=date.fromisoformat(first), last_date=date.fromisoformat(last or first), zone=zone
    )


def source(
    slice_: Slice,
    *,
    data_set: DataSet = TRAFFIC,
    raw: RawTable | None = None,
    window: ArrivalWindow | None = None,
) -> SliceSource:
    """What a statement reads; everything that the window can hold has landed."""
    return SliceSource(
        data_set=data_set,
        raw=raw or raw_table(),
        slice_=slice_,
        window=window or data_set.window_of(slice_),
    )


def plan(
    dates: Slice, landed: Mapping[datetime, LandedHour], data_set: DataSet = TRAFFIC
) -> list[PlannedSlice]:
    """Plan dates of a data set of which all raw is known, and may be read."""
    until = LandedUntil(instant=max(landed) + HOUR)
    return plan_slices(data_set, dates, LandedRaw(hours=landed, until=until), min(landed))


def with_grain(data_set: DataSet, grain: Grain) -> DataSet:
    """A data set that publishes partitions of another grain."""
    return replace(
        data_set,
        published=replace(data_set.published, partitioning={"hour": HOURLY, "day": DAILY}[grain]),
    )
