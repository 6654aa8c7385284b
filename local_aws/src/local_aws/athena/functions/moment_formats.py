"""Dates and times by the formats of Joda (format_datetime) and of MySQL (date_format)."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from local_aws.athena.functions.moments import zone_name, zone_of
from local_aws.athena.functions.registry import Failure, PythonFunction

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_JODA = re.compile(r"'((?:[^']|'')*)'?|(([A-Za-z])\3*)|(.)", re.DOTALL)


def malformed(text: str) -> Failure:
    """The failure of a text that is not as its format says."""
    return Failure("INVALID_FUNCTION_ARGUMENT", f'Invalid format: "{text}"')


# --- Joda


@lru_cache(maxsize=500)
def joda_parts(pattern: str) -> tuple[tuple[str, int, str], ...]:
    """A pattern as (letter, count, literal): a letter with its count, or "" and a literal.

    Raises:
        Failure: it has a letter that Joda does not know, or that is not supported here.
    """
    if not pattern:
        raise Failure("INVALID_FUNCTION_ARGUMENT", "Invalid pattern specification")
    parts = []
    for found in _JODA.finditer(pattern):
        if found[2]:
            letter, count = found[3], len(found[2])
            if letter not in "GCYxweEyDMdaKhHkmsSzZ":
                raise Failure("INVALID_FUNCTION_ARGUMENT", f"Illegal pattern component: {found[2]}")
            parts.append((letter, count, ""))
        else:
            quoted = found[1]
            text = found[4] if quoted is None else (quoted.replace("''", "'") or "'")
            if quoted == "" and not found[0].endswith("''"):
                text = ""  # a quote that nothing follows
            parts.append(("", 0, text))
    return tuple(parts)


def joda_format(moment: datetime, zone: str, pattern: str) -> str:
    """FORMAT_DATETIME of a local time in a zone."""
    return "".join(
        _joda_text(letter, count, moment, zone) if letter else literal
        for letter, count, literal in joda_parts(pattern)
    )


def _joda_text(letter: str, count: int, moment: datetime, zone: str) -> str:
    if letter == "M" and count >= 3:
        name = _MONTHS[moment.month - 1]
        return name if count > 3 else name[:3]
    if letter == "E":
        name = _DAYS[moment.weekday()]
        return name if count > 3 else name[:3]
    if letter in "zZ":
        return _joda_zone(letter, count, moment, zone)
    if letter in "Sf":
        return f"{moment.microsecond // 1000:03d}".ljust(count, "0")[:count]
    if letter == "a":
        return "AM" if moment.hour < 12 else "PM"
    if letter == "G":
        return "AD"
    number = _joda_number(letter, moment)
    if letter in "yYx2" and count == 2:
        number %= 100
    return str(number).zfill(count)


def _joda_number(letter: str, moment: datetime) -> int:
    year, week, weekday = moment.isocalendar()
    numbers: dict[str, Callable[[], int]] = {
        "C": lambda: moment.year // 100,
        "Y": lambda: moment.year,
        "y": lambda: moment.year,
        "2": lambda: moment.year,
        "x": lambda: year,
        "w": lambda: week,
        "e": lambda: weekday,
        "D": lambda: moment.timetuple().tm_yday,
        "M": lambda: moment.month,
        "d": lambda: moment.day,
        "K": lambda: moment.hour % 12,
        "h": lambda: moment.hour % 12 or 12,
        "H": lambda: moment.hour,
        "k": lambda: moment.hour or 24,
        "m": lambda: moment.minute,
        "s": lambda: moment.second,
    }
    return numbers[letter]()


def _joda_zone(letter: str, count: int, moment: datetime, zone: str) -> str:
    if letter == "z":
        if zone == "UTC":
            return "UTC" if count < 4 else "Coordinated Universal Time"
        raise Failure("NOT_SUPPORTED", "local_aws knows the name of no zone but UTC")
    if count >= 3:
        return zone
    offset = moment.replace(tzinfo=zone_of(zone)).utcoffset() or timedelta()
    minutes = int(offset.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    between = ":" if count == 2 else ""
    return f"{sign}{abs(minutes) // 60:02d}{between}{abs(minutes) % 60:02d}"


def joda_parse(text: str, pattern: str) -> dict[str, Any]:
    """PARSE_DATETIME: the instant in UTC, and the minutes of the offset that the text has."""
    found: dict[str, Any] = {}
    rest = _joda_read(text, joda_parts(pattern), found)
    if rest != "":
        raise malformed(text)
    try:
        moment = datetime.combine(_day_of(found), datetime.min.time()) + _time_of(found)
    except (ValueError, OverflowError):
        raise malformed(text) from None
    minutes = found.get("offset", 0)
    if found.get("zone", "UTC") != "UTC":
        raise Failure(
            "NOT_SUPPORTED", f"local_aws reads texts with offsets, not with zones: {text!r}"
        )
    return {"t": moment - timedelta(minutes=minutes), "o": minutes}


def _joda_read(
    text: str, parts: tuple[tuple[str, int, str], ...], found: dict[str, Any]
) -> str | None:
    for number, (letter, count, literal) in enumerate(parts):
        if not letter:
            if text[: len(literal)].lower() != literal.lower():
                return None
            text = text[len(literal) :]
            continue
        follows = number + 1 < len(parts) and parts[number + 1][0] in tuple("yYxwDMdKhHkmsSe2")
        rest = _joda_field(text, letter, count, found, is_fixed=follows)
        if rest is None:
            return None
        text = rest
    return text


_WIDTHS = {"y": 9, "Y": 9, "x": 9, "D": 3, "e": 1}


def _joda_field(
    text: str, letter: str, count: int, found: dict[str, Any], *, is_fixed: bool
) -> str | None:
    if (letter == "M" and count >= 3) or letter in "Ea":
        names = {"M": _MONTHS, "E": _DAYS, "a": ("AM", "PM")}[letter]
        return _named(text, names, letter, found)
    if letter in "zZ":
        return _zone_read(text, letter, count, found)
    if letter in "GC":
        raise Failure("NOT_SUPPORTED", f"local_aws does not read texts by {letter}")
    if letter in "Sf":
        digits = re.match(r"\d+", text)
        if digits is None:
            return None
        taken = digits[0][: 9 if letter == "f" else count]
        found["S"] = int(taken.ljust(3, "0")[:3])
        return text[len(taken) :]
    widest = count if is_fixed else max(count, _WIDTHS.get(letter, 2))
    digits = re.match(rf"[-+]?\d{{1,{widest}}}" if letter in "yYx" else rf"\d{{1,{widest}}}", text)
    if digits is None:
        return None
    value = int(digits[0])
    if letter in "yYx2" and count == 2 and len(digits[0]) == 2:
        # MySQL's years are those from 1970, Joda's those around thirty years ago.
        first = 1970 if letter == "2" else datetime.now().year - 80  # noqa: DTZ005 - Joda's rule
        value += (first // 100) * 100
        value += 100 if value < first else 0
    letter = "y" if letter == "2" else letter
    found[letter] = value
    return text[len(digits[0]) :]


def _named(text: str, names: tuple[str, ...], letter: str, found: dict[str, Any]) -> str | None:
    low = text.lower()
    for short in (False, True):
        for number, name in enumerate(names):
            wanted = name[:3].lower() if short else name.lower()
            if low.startswith(wanted):
                found[letter] = number + 1
                return text[len(wanted) :]
    return None


def _zone_read(text: str, letter: str, count: int, found: dict[str, Any]) -> str | None:
    if letter == "z":
        raise Failure("NOT_SUPPORTED", "local_aws does not read names of zones by z")
    offset = re.match(r"([-+])(\d{2}):?(\d{2})", text)
    if offset and (letter == "Z"):
        minutes = int(offset[2]) * 60 + int(offset[3])
        found["offset"] = -minutes if offset[1] == "-" else minutes
        return text[len(offset[0]) :]
    if letter == "Z" and count < 3:
        return text[1:] if text[:1] in ("Z", "z") else None
    name = re.match(r"[A-Za-z_]+(?:/[A-Za-z_+\-0-9]+)*", text)
    known = zone_name(name[0]) if name else None
    if name is None or known is None:
        return None
    found["zone"] = known
    return text[len(name[0]) :]


def _day_of(found: dict[str, Any]) -> date:
    if {"w", "e", "E"} & found.keys() and not {"y", "Y", "x"} & found.keys():
        raise Failure("NOT_SUPPORTED", "local_aws reads days of a week only with a year")
    if not 1 <= found.get("y", found.get("Y", 1)) <= 9999:
        raise Failure("NOT_SUPPORTED", "local_aws reads the years 1 to 9999")
    year = found.get("y", found.get("Y"))
    if "w" in found or ("e" in found and "x" in found) or ("x" in found and year is None):
        base = found.get("x", year if year is not None else 1970)
        return date.fromisocalendar(base, found.get("w", 1), found.get("e", found.get("E", 1)))
    # Without a year it is 2000 for Joda, so that there may be a 29 February; else 1970.
    has_day = "M" in found or "d" in found or "D" in found
    year = year if year is not None else (2000 if has_day else 1970)
    if "D" in found:
        day = date(year, 1, 1) + timedelta(days=found["D"] - 1)
        if day.year != year:
            raise ValueError(found)
        return day
    day = date(year, found.get("M", 1), found.get("d", 1))
    if "E" in found and "d" not in found and "M" not in found:
        day += timedelta(days=(found["E"] - 1 - day.weekday()))
        return day
    if "E" in found and day.isoweekday() != found["E"]:
        raise ValueError(found)
    return day


def _time_of(found: dict[str, Any]) -> timedelta:
    hour = found.get("H", found.get("k", 0) % 24 if found.get("k", 1) in range(1, 25) else 99)
    if "h" in found or "K" in found:
        half = (
            found["h"] % 12 if 1 <= found.get("h", 1) <= 12 and "h" in found else found.get("K", 99)
        )
        if not 0 <= half <= 11:
            raise ValueError(found)
        hour = half + (12 if found.get("a") == 2 else 0)
    elif "a" in found and "H" not in found and "k" not in found:
        hour = 12 if found["a"] == 2 else 0
    minute, second = found.get("m", 0), found.get("s", 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(found)
    return timedelta(hours=hour, minutes=minute, seconds=second, milliseconds=found.get("S", 0))


# --- MySQL

# A letter's Joda letter and count, for formatting and for parsing; None: not supported by Trino.
_MYSQL: dict[str, tuple[str, int] | None] = {
    "a": ("E", 3), "b": ("M", 3), "c": ("M", 1), "d": ("d", 2), "e": ("d", 1), "f": ("f", 6),
    "H": ("H", 2), "h": ("h", 2), "I": ("h", 2), "i": ("m", 2), "j": ("D", 3), "k": ("H", 1),
    "l": ("h", 1), "M": ("M", 4), "m": ("M", 2), "p": ("a", 1), "S": ("s", 2), "s": ("s", 2),
    "v": ("w", 2), "W": ("E", 4), "x": ("x", 4), "Y": ("y", 4), "y": ("2", 2),
    "D": None, "U": None, "u": None, "V": None, "w": None, "X": None,
}  # fmt: skip
_SPELLED = {"r": "%h:%i:%s %p", "T": "%H:%i:%s"}


@lru_cache(maxsize=500)
def mysql_parts(pattern: str) -> tuple[tuple[str, int, str], ...]:
    """A pattern of MySQL's as `joda_parts` gives it.

    Raises:
        Failure: it has a letter that Trino does not support.
    """
    parts: list[tuple[str, int, str]] = []
    if not pattern or re.fullmatch(r"(?:[^%]|%.)*%", pattern, re.DOTALL):
        raise Failure("INVALID_FUNCTION_ARGUMENT", f"Invalid format: {pattern}")
    for found in re.finditer(r"%(.)|(.)", pattern, re.DOTALL):
        letter = found[1]
        if letter is None:
            parts.append(("", 0, found[2]))
        elif letter in _SPELLED:
            parts += mysql_parts(_SPELLED[letter])
        elif letter in _MYSQL:
            known = _MYSQL[letter]
            if known is None:
                raise Failure(
                    "INVALID_FUNCTION_ARGUMENT", f"%{letter} not supported in date format string"
                )
            parts.append((*known, ""))
        else:
            parts.append(("", 0, letter))
    return tuple(parts)


def mysql_format(moment: datetime, pattern: str) -> str:
    """DATE_FORMAT of a local time."""
    return "".join(
        _joda_text(letter, count, moment, "UTC") if letter else literal
        for letter, count, literal in mysql_parts(pattern)
    )


def mysql_parse(text: str, pattern: str) -> datetime:
    """DATE_PARSE: a local time."""
    found: dict[str, Any] = {}
    if _joda_read(text, mysql_parts(pattern), found) != "":
        raise malformed(text)
    try:
        return datetime.combine(_day_of(found), datetime.min.time()) + _time_of(found)
    except (ValueError, OverflowError):
        raise malformed(text) from None


_PARSED = "STRUCT(t TIMESTAMP, o INTEGER)"
FUNCTIONS = (
    PythonFunction("trino_joda_parse", ("VARCHAR", "VARCHAR"), _PARSED, joda_parse),
    PythonFunction(
        "trino_joda_format", ("TIMESTAMP", "VARCHAR", "VARCHAR"), "VARCHAR", joda_format
    ),
    PythonFunction("trino_mysql_parse", ("VARCHAR", "VARCHAR"), "TIMESTAMP", mysql_parse),
    PythonFunction("trino_mysql_format", ("TIMESTAMP", "VARCHAR"), "VARCHAR", mysql_format),
)
