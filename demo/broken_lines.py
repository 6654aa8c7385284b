"""Lines of the JSON landing that hold no good record: cut off, plain text, fields wrong or gone."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from demo.json_lines import json_line

Record = Mapping[str, Any]


def _without(field: str) -> Callable[[Record], str]:
    return lambda record: json_line({k: v for k, v in record.items() if k != field})


def _with(field: str, value: Any) -> Callable[[Record], str]:
    return lambda record: json.dumps(json.loads(json_line(record)) | {field: value})


WAYS_TO_BREAK: tuple[Callable[[Record], str], ...] = (
    lambda record: json_line(record)[: len(json_line(record)) // 2],
    lambda record: f"ERROR could not flatten point {record['unieke_id']}: connection reset",
    lambda _: "{}",
    lambda _: "[]",
    lambda _: '{"heartbeat": "ok"}',
    _without("tijd_waarneming"),
    _without("unieke_id"),
    _without("lve_nr"),
    _without("rekendata_bezettingsgraad"),
    _without("tijd_laatst_gewijzigd"),
    _with("tijd_waarneming", "2024-03-28T05:00:00+01:00"),
    _with("tijd_waarneming", ""),
    _with("unieke_id", "onbekend"),
    _with("lve_nr", "18.5"),
    _with("defect", "nee"),
    _with("verkeersintensiteit_klasse2", "veel"),
    _with("voertuigsnelheid_rekenkundig_klasse2", "n/a"),
    _with("tijd_laatst_gewijzigd", "gisteren"),
)


def break_line(record: Record, way: int) -> str:
    """Write a record in one of the WAYS_TO_BREAK; `way` is taken modulo their number."""
    return WAYS_TO_BREAK[way % len(WAYS_TO_BREAK)](record)
