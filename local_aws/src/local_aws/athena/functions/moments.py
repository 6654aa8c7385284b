"""Dates and times: texts in all the forms that Trino takes."""

import re
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local_aws.athena.functions.registry import Failure, PythonFunction

_MOMENT = re.compile(
    r"([-+]?\d{4,})-(\d{1,2})-(\d{1,2})"
    r"( (?:(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?)?\s*(.+)?)?"
)
_TIME = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d+))?)?")
_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})")
_ZONE_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{2}))?")
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


def moment_parts(text: str) -> tuple[str, str, str] | None:
    """A timestamp's text in its local part, the digits of its fraction, and its zone."""
    found = _MOMENT.fullmatch(text.strip(_BLANKS))
    if found is None:
        return None
    zone = found[9] or ""
    whole = text.strip(_BLANKS)
    return whole[: len(whole) - len(zone)].rstrip(), found[8] or "", zone


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


def zone_name(text: str) -> str | None:
    """A zone as Trino names it: UTC, +02:00 or Europe/Brussels; None if it knows no such zone."""
    if text in ("Z", "z", "UTC", "GMT", "UT", "Etc/UTC", "Etc/GMT", "GMT0", "Etc/GMT0", "Etc/UCT"):
        return "UTC"
    found = _ZONE_OFFSET.fullmatch(text)
    if found:
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        if minutes > 14 * 60 or int(found[3] or 0) > 59:
            return None
        return f"{found[1]}{minutes // 60:02d}:{minutes % 60:02d}" if minutes else "UTC"
    backwards = re.fullmatch(r"Etc/GMT([+-])(\d{1,2})", text)
    if backwards:
        return zone_name(("-" if backwards[1] == "+" else "+") + backwards[2])
    if text in ("EST", "MST", "HST") or len(text) < 2:
        return None
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    return text


def is_zone(name: str) -> bool:
    """Does Trino know the zone?"""
    return zone_name(name) is not None


def zoned_micros(local_micros: int, zone: str) -> int | None:
    """The instant of a literal's local time, the earlier of two; None if a clock jumped over it."""
    moment = EPOCH + timedelta(microseconds=local_micros)
    at = moment.replace(tzinfo=zone_of(zone))
    back = at.astimezone(timezone.utc).astimezone(zone_of(zone)).replace(tzinfo=None)
    return micros_of(at.astimezone(timezone.utc).replace(tzinfo=None)) if back == moment else None


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


# --- ISO 8601, as Joda reads it

_ISO_DATE = (
    r"(?P<year>[-+]?\d{4,9})(?:-(?:W(?P<week>\d{1,2})(?:-(?P<weekday>\d))?"
    r"|(?P<ordinal>\d{3})|(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?))?"
)
_ISO_TIME = (
    r"(?P<hour>\d{1,2})(?:(?P<hours>[.,]\d{1,9})|:(?P<minute>\d{1,2})(?:(?P<minutes>[.,]\d{1,9})"
    r"|:(?P<second>\d{1,2})(?P<seconds>[.,]\d{1,9})?)?)?"
)
_ISO_OFFSET = r"(?P<zone>[zZ]|[-+]\d{2}(?::?\d{2})?)?"
_ISO = re.compile(rf"(?:{_ISO_DATE}(?:[tT](?:{_ISO_TIME})?{_ISO_OFFSET})?)", re.IGNORECASE)
_ISO_ONLY_TIME = re.compile(rf"[tT]{_ISO_TIME}{_ISO_OFFSET}", re.IGNORECASE)
_CYCLE_YEARS, _CYCLE_MICROS = 400, 146_097 * 86_400_000_000
_ISO_ONLY_DATE = re.compile(_ISO_DATE, re.IGNORECASE)


def iso_moment(text: str) -> tuple[int, int]:
    """FROM_ISO8601_TIMESTAMP: microseconds since 1970, and the minutes of its offset."""
    found = _ISO.fullmatch(text) or _ISO_ONLY_TIME.fullmatch(text)
    if found is None:
        raise _malformed(text)
    given: dict[str, str | None] = found.groupdict()
    # Python has no year 0. After 400 years the calendar is the same.
    early = given.get("year") is not None and int(given["year"] or 0) < _CYCLE_YEARS
    if early:
        given["year"] = str(int(given["year"] or 0) + _CYCLE_YEARS)
    try:
        moment = datetime.combine(_iso_date(given), datetime.min.time()) + _iso_time(given)
        minutes = _iso_offset(given["zone"])
    except (ValueError, OverflowError):
        raise _malformed(text) from None
    return micros_of(moment) - early * _CYCLE_MICROS - minutes * 60_000_000, minutes


def iso_moment_row(text: str) -> dict[str, Any]:
    """The same as a row of DuckDB."""
    moment, minutes = iso_moment(text)
    return {"t": moment, "o": minutes}


def iso_date(text: str) -> date:
    """FROM_ISO8601_DATE."""
    found = _ISO_ONLY_DATE.fullmatch(text)
    if found is None:
        raise _malformed(text)
    try:
        return _iso_date(found.groupdict())
    except (ValueError, OverflowError):
        raise _malformed(text) from None


def _malformed(text: str) -> Failure:
    return Failure("INVALID_FUNCTION_ARGUMENT", f'Invalid format: "{text}" is malformed')


def _iso_date(given: dict[str, str | None]) -> date:
    if given.get("year") is None:
        return date(1970, 1, 1)
    year = int(given["year"] or 0)
    if given["week"]:
        return date.fromisocalendar(year, int(given["week"]), int(given["weekday"] or 1))
    if given["ordinal"]:
        day = date(year, 1, 1) + timedelta(days=int(given["ordinal"]) - 1)
        if day.year != year:
            raise ValueError(given["ordinal"])
        return day
    return date(year, int(given["month"] or 1), int(given["day"] or 1))


def _iso_time(given: dict[str, str | None]) -> timedelta:
    hour, minute, second = (int(given[name] or 0) for name in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(given)
    whole = timedelta(hours=hour, minutes=minute, seconds=second)
    for name, unit in (("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1000)):
        digits = (given[name] or "")[1:]
        if digits:
            whole += timedelta(milliseconds=int(digits) * unit // 10 ** len(digits))
    return whole


def _iso_offset(zone: str | None) -> int:
    if zone is None or zone in "zZ":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[3:].lstrip(":") or 0)
    if minutes > 14 * 60 or int(zone[3:].lstrip(":") or 0) > 59:
        raise ValueError(zone)
    return -minutes if zone[0] == "-" else minutes


_TEXT = ("VARCHAR", "INTEGER")
FUNCTIONS = (
    PythonFunction("trino_text_to_micros", _TEXT, "BIGINT", text_to_micros),
    PythonFunction("trino_zoned_text_to_micros", _TEXT, "BIGINT", zoned_text_to_micros),
    PythonFunction("trino_text_to_time", _TEXT, "BIGINT", text_to_time),
    PythonFunction("trino_iso_moment", ("VARCHAR",), "STRUCT(t BIGINT, o INTEGER)", iso_moment_row),
    PythonFunction("trino_iso_date", ("VARCHAR",), "DATE", iso_date),
)
