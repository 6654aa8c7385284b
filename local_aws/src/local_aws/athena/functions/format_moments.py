"""format() of dates and times: Java's %t conversions, and what its toString gives."""

from collections.abc import Callable
from datetime import date, datetime, time, timezone

from local_aws.athena.functions.moments import offset_minutes, zone_of
from local_aws.athena.functions.registry import Failure

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

FIELDS = {
    **dict.fromkeys("YyCmdeBbhAajDF", "DTZ"),
    **dict.fromkeys("HkIlMSLNprTR", "MTZ"),
    **dict.fromkeys("zZsQc", "Z"),
}
"""Each field -> the kinds that have it: D date, M time, T timestamp, Z with time zone."""


def _read(kind: str, value: str) -> datetime:
    try:
        if kind == "M":
            return datetime.combine(date(2000, 1, 1), time.fromisoformat(value))
        moment = datetime.fromisoformat(value)
        if kind in "DT":
            return moment
        return moment.replace(tzinfo=timezone.utc).astimezone(zone_of(kind[2:]))
    except (ValueError, OverflowError) as error:
        raise Failure("NOT_SUPPORTED", f"local_aws does not format {value}") from error


def _offset(moment: datetime) -> str:
    text = moment.strftime("%z")
    return text if len(text) == 5 else ""


def _zone_name(moment: datetime) -> str:
    name = moment.tzname() or ""
    if isinstance(moment.tzinfo, timezone):
        name = f"{_offset(moment)[:3]}:{_offset(moment)[3:]}"
    elif not name.isalpha():
        # Java has names of its own for zones that have none in the database.
        raise Failure("NOT_SUPPORTED", f"local_aws does not know what Java calls {moment.tzinfo}")
    return name


_FIELD_TEXTS: dict[str, Callable[[datetime], str]] = {
    "Y": lambda moment: f"{moment.year:04d}",
    "y": lambda moment: f"{moment.year % 100:02d}",
    "C": lambda moment: f"{moment.year // 100:02d}",
    "m": lambda moment: f"{moment.month:02d}",
    "d": lambda moment: f"{moment.day:02d}",
    "e": lambda moment: str(moment.day),
    "B": lambda moment: _MONTHS[moment.month - 1],
    "b": lambda moment: _MONTHS[moment.month - 1][:3],
    "h": lambda moment: _MONTHS[moment.month - 1][:3],
    "A": lambda moment: _DAYS[moment.weekday()],
    "a": lambda moment: _DAYS[moment.weekday()][:3],
    "j": lambda moment: f"{moment.timetuple().tm_yday:03d}",
    "H": lambda moment: f"{moment.hour:02d}",
    "k": lambda moment: str(moment.hour),
    "I": lambda moment: f"{(moment.hour + 11) % 12 + 1:02d}",
    "l": lambda moment: str((moment.hour + 11) % 12 + 1),
    "M": lambda moment: f"{moment.minute:02d}",
    "S": lambda moment: f"{moment.second:02d}",
    "L": lambda moment: f"{moment.microsecond // 1000:03d}",
    "N": lambda moment: f"{moment.microsecond:06d}000",
    "p": lambda moment: "am" if moment.hour < 12 else "pm",
    "z": _offset,
    "Z": _zone_name,
    "s": lambda moment: str(int(moment.timestamp() // 1)),
    "Q": lambda moment: f"{int(moment.timestamp() // 1)}{moment.microsecond // 1000:03d}",
}
_COMPOSED = {
    "D": "m/d/y",
    "F": "Y-m-d",
    "R": "H:M",
    "T": "H:M:S",
    "r": "I:M:S p",
    "c": "a b d T Z Y",
}


def moment_text(field: str, kind: str, value: str) -> str:
    """A field of a date or time, e.g. "Y" for %tY.

    Args:
        field: one of FIELDS.
        kind: D, M, T, or Z: and the zone.
        value: in ISO form; of a Z in UTC.
    """
    return _field(field, _read(kind, value))


def _field(field: str, moment: datetime) -> str:
    if field not in _COMPOSED:
        return _FIELD_TEXTS[field](moment)
    pieces = (_field(one, moment) if one.isalpha() else one for one in _COMPOSED[field])
    text = "".join(pieces)
    return text.upper() if field == "r" else text


def iso_text(kind: str, value: str) -> str:
    """What toString of Java's LocalDate, LocalTime, LocalDateTime and ZonedDateTime gives."""
    moment = _read(kind, value)
    if kind == "D":
        return value
    text = f"{moment:%H:%M}"
    if moment.second or moment.microsecond:
        text += f":{moment:%S}"
    if moment.microsecond:
        fraction = f"{moment.microsecond:06d}"
        text += "." + (fraction[:3] if fraction.endswith("000") else fraction)
    if kind == "M":
        return text
    text = f"{value[:10] if kind == 'T' else moment.date().isoformat()}T{text}"
    if kind == "T":
        return text
    offset = _offset(moment)
    text += "Z" if offset == "+0000" else f"{offset[:3]}:{offset[3:]}"
    return text if offset_minutes(kind[2:]) is not None else f"{text}[{kind[2:]}]"
