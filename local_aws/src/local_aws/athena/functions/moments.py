"""Dates and times: texts in all the forms that Trino takes."""

import re
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local_aws.athena.functions.registry import Failure, PythonFunction

_MOMENT = re.compile(
    r"([-+]?\d{4,})-(\d{1,2})-(\d{1,2})"
    r"( (?:(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?\s*(.+)?)?"
)
_TIME = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?")
_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")
_BLANKS = "".join(map(chr, range(33)))
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - times are naive UTC here


def micros_of(moment: datetime) -> int:
    """Microseconds since 1970 of a naive time."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def rounded_micros(fraction: str, digits: int) -> int:
    """A second's fraction, given by its digits, in microseconds, half up to `digits` of them."""
    if not fraction:
        return 0
    scaled = int(fraction.ljust(digits + 1, "0")[: digits + 1])
    return int((scaled + 5) // 10 * 10 ** (6 - digits))


def text_to_micros(text: str, digits: int) -> int | None:
    """CAST(varchar AS timestamp(digits)): microseconds since 1970; a zone is left out."""
    found = _MOMENT.fullmatch(text.strip(_BLANKS))
    return _micros(found, digits) if found else None


def _micros(found: re.Match[str], digits: int) -> int | None:
    year, month, day, hour, minute, second = (int(found[n] or 0) for n in (1, 2, 3, 5, 6, 7))
    try:
        moment = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None
    return micros_of(moment) + rounded_micros(found[8] or "", digits)


def zoned_text_to_micros(text: str, digits: int) -> int | None:
    """CAST(varchar AS timestamp(digits) with time zone): the instant, which is shown in UTC.

    A text of another zone fails as not supported: the zone would be lost.
    """
    found = _MOMENT.fullmatch(text.strip(_BLANKS))
    if found is None:
        return None
    micros, zone = _micros(found, digits), (found[9] or "UTC").strip()
    if micros is None or not is_zone(zone):
        return None
    if zone not in ("UTC", "Z", "+00:00"):
        raise Failure(
            "NOT_SUPPORTED",
            f"local_aws casts texts to timestamp with time zone only in UTC, not {text!r}",
        )
    return micros


def is_zone(name: str) -> bool:
    """Does Trino know the zone?"""
    offset = _OFFSET.fullmatch(name)
    if offset:
        return int(offset[2]) * 60 + int(offset[3]) <= 14 * 60
    try:
        ZoneInfo("UTC" if name == "Z" else name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def offset_minutes(zone: str) -> int | None:
    """The minutes of a zone such as +02:00; None for one with a name."""
    found = _OFFSET.fullmatch(zone)
    if found is None:
        return None
    minutes = int(found[2]) * 60 + int(found[3])
    return -minutes if found[1] == "-" else minutes


def text_to_time(text: str, digits: int) -> int | None:
    """CAST(varchar AS time(digits)): microseconds of the day."""
    found = _TIME.fullmatch(text.strip(_BLANKS))
    if found is None:
        return None
    hour, minute, second = (int(found[n] or 0) for n in (1, 2, 3))
    if hour > 23 or minute > 59 or second > 59:
        return None
    whole = (hour * 60 + minute) * 60 + second
    return (whole * 1_000_000 + rounded_micros(found[4] or "", digits)) % 86_400_000_000


def zone_of(name: str) -> timezone | ZoneInfo:
    """The zone of a name or an offset."""
    minutes = offset_minutes(name)
    return ZoneInfo(name) if minutes is None else timezone(timedelta(minutes=minutes))


_TEXT = ("VARCHAR", "INTEGER")
FUNCTIONS = (
    PythonFunction("trino_text_to_micros", _TEXT, "BIGINT", text_to_micros),
    PythonFunction("trino_zoned_text_to_micros", _TEXT, "BIGINT", zoned_text_to_micros),
    PythonFunction("trino_text_to_time", _TEXT, "BIGINT", text_to_time),
)
