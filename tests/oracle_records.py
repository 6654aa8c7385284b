"""Raw records as the oracle understands them: what a field holds, and which duplicate wins.

Where the description of the data leaves room:

* A whole number is an int or a text of an optional sign and ASCII digits, blanks around allowed,
  that fits 64 bits. Anything else (true, 5.0, "5.0", "veel") is no number, as good as null.
* A record without a single known field that is not null holds nothing, like a line that is not a
  JSON object. Field names are compared without regard to case.
* `tijd_laatst_gewijzigd` must be ISO 8601 with seconds and a `T`; without an offset it is UTC.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

Record = Mapping[str, Any] | str

_FIELDS = dict.fromkeys(
    (
        *("beschrijvende_id", "unieke_id", "lve_nr", "tijd_waarneming", "tijd_laatst_gewijzigd"),
        *("actueel_publicatie", "beschikbaar", "defect", "geldig"),
        *(f"verkeersintensiteit_klasse{c}" for c in range(1, 6)),
        *(f"voertuigsnelheid_rekenkundig_klasse{c}" for c in range(1, 6)),
        *(f"voertuigsnelheid_harmonisch_klasse{c}" for c in range(1, 6)),
        *("rekendata_bezettingsgraad", "rekendata_beschikbaarheidsgraad", "rekendata_onrustigheid"),
    )
)
# Ties are broken over the fields that the published table depends on: whatever else the copies
# differ in, the same is published.
_TIE_FIELDS = (
    "lve_nr",
    *(f"verkeersintensiteit_klasse{c}" for c in range(2, 6)),
    *(f"voertuigsnelheid_rekenkundig_klasse{c}" for c in range(2, 6)),
)
_LEAST, _MOST = -(2**63), 2**63 - 1
_WHOLE_NUMBER = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
_ISO_TEXT = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(?:Z|([+-])(\d\d):?(\d\d))?", re.ASCII
)


@dataclass(slots=True, kw_only=True)
class Event:
    """A usable record: its known fields, event time and arrival hour in epoch seconds."""

    values: dict[str, Any]
    time: int
    arrival: int


def read_record(record: Record) -> dict[str, Any]:
    """Give the known fields of a record or a line; none when it cannot be read."""
    values: Any = record
    if isinstance(record, str):
        try:
            values = json.loads(record)
        except ValueError:
            return {}
    if not isinstance(values, Mapping):
        return {}
    if not values.keys() <= _FIELDS.keys():
        lowered = {name.lower(): value for name, value in values.items()}
        values = {name: value for name, value in lowered.items() if name in _FIELDS}
    return dict(values) if any(value is not None for value in values.values()) else {}


def whole_number(value: Any) -> int | None:
    """Give the whole number that a field holds, or None."""
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
        value = int(value)
    return value if type(value) is int and _LEAST <= value <= _MOST else None


def instant(text: Any) -> Fraction | None:
    """Give the epoch seconds of an ISO 8601 text with any UTC offset, or None."""
    match = _ISO_TEXT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    local, fraction, sign, hours, minutes = match.groups()
    try:
        seconds = datetime.fromisoformat(f"{local}+00:00").timestamp()
    except ValueError:
        return None
    offset = (int(hours) * 60 + int(minutes)) * 60 if sign else 0
    return Fraction(seconds) + Fraction(f"0{fraction or ''}") - (offset if sign != "-" else -offset)


def remove_duplicates(events: Sequence[Event]) -> list[Event]:
    """Keep, of the events with the same point and event time, the one that was changed last."""
    same: dict[tuple[int | None, int], list[Event]] = defaultdict(list)
    for event in events:
        same[whole_number(event.values["unieke_id"]), event.time].append(event)
    return [max(few, key=_winning_order) if len(few) > 1 else few[0] for few in same.values()]


def _winning_order(event: Event) -> tuple[Any, ...]:
    changed = instant(event.values.get("tijd_laatst_gewijzigd"))
    columns = [changed, *(whole_number(event.values.get(name)) for name in _TIE_FIELDS)]
    return tuple((0, 0) if value is None else (1, value) for value in columns)
