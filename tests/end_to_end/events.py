"""Raw traffic of a few hours, event by event: what the tests land, lose and count."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

from tests.end_to_end.pipeline import Pipeline
from tests.landed_records import arrival_path

CRAWLER, PREFIX = "retime_traffic_raw", "traffic_raw/"
DAY = date(2024, 3, 29)
MIDNIGHT = datetime(2024, 3, 29, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


def event(minute: int, point: int = 32, **changes: Any) -> dict[str, Any]:
    """One lane's measurement of a minute of the day: two cars at 100 km/h."""
    record: dict[str, Any] = {
        "beschrijvende_id": f"H{point}",
        "unieke_id": point,
        "lve_nr": 1000 + point,
        "tijd_waarneming": int(MIDNIGHT.timestamp()) + 60 * minute,
        "tijd_laatst_gewijzigd": (MIDNIGHT + timedelta(minutes=minute + 1)).isoformat(),
        "actueel_publicatie": 1,
        "beschikbaar": 1,
        "defect": 0,
        "geldig": 0,
        "rekendata_bezettingsgraad": 5,
        "rekendata_beschikbaarheidsgraad": 100,
        "rekendata_onrustigheid": 0,
    }
    for klasse in range(1, 6):
        record[f"verkeersintensiteit_klasse{klasse}"] = 2 if klasse == 2 else 0
        record[f"voertuigsnelheid_rekenkundig_klasse{klasse}"] = 100 if klasse == 2 else 0
        record[f"voertuigsnelheid_harmonisch_klasse{klasse}"] = 99 if klasse == 2 else 252
    return {**record, **changes}


def object_of_hour(pipeline: Pipeline, hour: int) -> dict[str, str]:
    """Bucket and key of the only raw object that landed in an hour, counted from midnight."""
    folder = PREFIX + arrival_path(MIDNIGHT + hour * HOUR)
    (entry,) = pipeline.s3.list_objects_v2(Bucket=pipeline.name, Prefix=folder)["Contents"]
    return {"Bucket": pipeline.name, "Key": entry["Key"]}


def delete_hour(pipeline: Pipeline, hour: int) -> None:
    """Delete what landed in an hour, counted from midnight."""
    pipeline.s3.delete_object(**object_of_hour(pipeline, hour))


def partition(hour: int) -> tuple[str, ...]:
    """The values of the published partition of an hour of the day."""
    return "2024", "3", "29", str(hour)


def rows_of_day(rows: Mapping[int, int], hours: int = 24) -> dict[tuple[str, ...], int]:
    """The rows of each partition of the day, or of its first hours: none where none are given."""
    return {partition(hour): rows.get(hour, 0) for hour in range(hours)}
