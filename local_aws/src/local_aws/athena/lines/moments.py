"""Dates and times in files: the forms that Hive takes."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from local_aws.athena.functions.registry import Failure
from local_aws.athena.lines.java import BLANKS, parse_decimal, parse_long

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - times are naive UTC here
_DATE = re.compile(r"([-+]?\d{1,9})-([-+]?\d{1,9})-([-+]?\d{1,9})")
_STRICT_DATE = re.compile(r"(-?\d{1,10})-(-?\d{1,2})-(-?\d{1,2})(?:[ T].*)?", re.DOTALL)
_TIME = r"([-+]?\d{1,9}):([-+]?\d{1,9}):([-+]?\d{1,9})(?:\.(\d{0,9}))?"
_MOMENT = re.compile(rf"{_DATE.pattern} {_TIME}")
_ISO = r"([-+]?\d{1,9})-(\d{1,9})-(\d{1,9})[tT](\d{1,9}):(\d{1,9})(?::(\d{1,9})(?:\.(\d{0,9}))?)?"
_ISO_MOMENT = re.compile(_ISO)
_ZONED = re.compile(rf"{_ISO}(?:([zZ])|([-+])(\d\d):?(\d\d))")
_MILLIS_DIGITS = 13


def hive_date(text: str) -> int | None:
    """The day since 1970 of a text; days and months may run over.

    Source: HiveFormatUtils.parseHiveDate of Trino.
    """
    text = text.strip(BLANKS).split(" ", 1)[0]
    return _day_of(_DATE.fullmatch(text))


def openx_date(text: str) -> int | None:
    """The same as the OpenX reader does it: whatever is behind a blank or a T is ignored.

    Source: OpenXJsonDeserializer.DateDecoder of Trino.
    """
    return _day_of(_STRICT_DATE.fullmatch(text.strip(BLANKS)))


def _day_of(found: re.Match[str] | None) -> int | None:
    return found and _day(int(found[1]), int(found[2]), int(found[3]))


def _day(year: int, month: int, day: int) -> int:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    # The calendar repeats every 400 years, which have 146,097 days.
    cycles, year = divmod(year - 1, 400)
    first = date(year + 1, month, 1).toordinal() - _EPOCH_DAY
    return first + cycles * 146_097 + day - 1


def date_text(day: int) -> str:
    """The text of a day since 1970 for DuckDB.

    Raises:
        Failure: it is not of the years 1 to 9999.
    """
    try:
        return date.fromordinal(day + _EPOCH_DAY).isoformat()
    except (ValueError, OverflowError):
        raise _far(f"the day {day} since 1970") from None


def _far(what: str) -> Failure:
    return Failure("NOT_SUPPORTED", f"local_aws reads no dates beyond the years 1 to 9999: {what}")


def moment_text(nanos: int, digits: int) -> str:
    """The text of a moment since 1970 for DuckDB, rounded half up to digits of its second.

    Raises:
        Failure: it is not of the years 1 to 9999.
    """
    unit = 10 ** (9 - min(digits, 6))
    micros = (nanos + unit // 2) // unit * unit // 1000
    try:
        return (_EPOCH + timedelta(microseconds=micros)).isoformat(" ")
    except OverflowError:
        raise _far(f"{micros} microseconds since 1970") from None


def hive_moment(text: str) -> int | None:
    """Nanoseconds since 1970 of a text without zone.

    Source: HiveFormatUtils.parseHiveTimestamp of Trino.
    """
    text = text.strip(BLANKS)
    return _nanos_of(_MOMENT.fullmatch(text) or _ISO_MOMENT.fullmatch(text))


def _nanos_of(found: re.Match[str] | None) -> int | None:
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(found[n] or 0) for n in range(1, 7))
    seconds = ((_day(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    return seconds * 10**9 + int((found[7] or "").ljust(9, "0"))


def openx_moment(text: str) -> int | None:
    """Nanoseconds since 1970: a text, with or without zone, or a number of seconds or milliseconds.

    Source: OpenXJsonDeserializer.TimestampDecoder of Trino.
    """
    if text.find(":") > 0:
        found = _ZONED.fullmatch(text)
        if found is None:
            return hive_moment(text)
        nanos, minutes = _nanos_of(found), int(found[10] or 0) * 60 + int(found[11] or 0)
        if nanos is None or minutes > 18 * 60 or int(found[11] or 0) > 59:
            return None
        return nanos - (-minutes if found[9] == "-" else minutes) * 60 * 10**9
    if not re.fullmatch(r"[-+.0-9]*", text):
        return None
    if "." in text:
        value = parse_decimal(text)
        millis = None if value is None else int(value.scaleb(3))
        return None if millis is None or abs(millis) >= 2**63 else millis * 10**6
    number = parse_long(text)
    if number is None:
        return None
    return number * (10**6 if len(text) >= _MILLIS_DIGITS else 10**9)


# --- timestamp.formats

_LETTERS = {"y": "year", "u": "year", "M": "month", "d": "day", "H": "hour", "m": "minute"}
_LETTERS |= {"s": "second", "S": "fraction"}
_PARTS = (("year", 1970), ("month", 1), ("day", 1), ("hour", 0), ("minute", 0), ("second", 0))
_PIECE = re.compile(r"'((?:[^']|'')*)'|([a-zA-Z])\2*|.", re.DOTALL)


class MomentFormat:
    """A pattern of Java or Joda, such as yyyy/MM/dd HH:mm:ss.

    Args:
        pattern: with numbers only.
        needs_time: does a text need a date and an hour? Else what it lacks is of 1970-01-01.

    Raises:
        Failure: the pattern has a letter that is not known here.
    """

    def __init__(self, pattern: str, *, needs_time: bool) -> None:
        self._pattern = re.compile("".join(_regex_of(one, pattern) for one in _pieces(pattern)))
        self._needs_time = needs_time

    @classmethod
    def several(
        cls, parameters: Mapping[str, str], *, needs_time: bool
    ) -> Sequence["MomentFormat"]:
        """Those of the SerDe's parameter timestamp.formats, which commas separate."""
        patterns = filter(None, parameters.get("timestamp.formats", "").split(","))
        return [cls(pattern, needs_time=needs_time) for pattern in patterns]

    def nanos(self, text: str) -> int | None:
        """Nanoseconds since 1970; None if the text does not have the form."""
        found = self._pattern.fullmatch(text)
        if found is None:
            return None
        given = found.groupdict()
        if self._needs_time and not {"year", "month", "day", "hour"} <= given.keys():
            return None
        fraction = given.get("fraction", "")
        year, month, day, hour, minute, second = (int(given.get(*part)) for part in _PARTS)
        try:
            moment = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001
        except ValueError:
            return None
        micros = (moment - _EPOCH) // timedelta(microseconds=1)
        return micros * 1000 + int(fraction[:9].ljust(9, "0"))


def read_moment(text: str, formats: Sequence[MomentFormat], digits: int) -> str | None:
    """The moment of a text in one of the formats or in Hive's, as text for DuckDB."""
    nanos = next((n for n in (form.nanos(text) for form in formats) if n is not None), None)
    if nanos is None:
        nanos = hive_moment(text)
    return None if nanos is None else moment_text(nanos, digits)


def _pieces(pattern: str) -> list[re.Match[str]]:
    return list(_PIECE.finditer(pattern))


def _regex_of(piece: re.Match[str], pattern: str) -> str:
    if piece[1] is not None:
        return re.escape(piece[1].replace("''", "'") or "'")
    if not piece[2]:
        return re.escape(piece[0])
    width = len(piece[0])
    if piece[2] not in _LETTERS or (piece[2] == "M" and width > 2):
        raise Failure("NOT_SUPPORTED", f"local_aws reads no {piece[0]!r} of a format: {pattern!r}")
    digits = f"{{1,{9 if piece[2] == 'y' else 2}}}" if width == 1 else f"{{{width}}}"
    return rf"(?P<{_LETTERS[piece[2]]}>\d{digits})"
