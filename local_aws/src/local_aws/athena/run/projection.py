"""Partition projection: the values that a table's partition keys may have, by its properties.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

import calendar
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone

from local_aws.athena.errors import QueryError

_RELATIVE = re.compile(r"NOW(?:\s*([+-])\s*(\d+)\s*([A-Za-z]+))?", re.IGNORECASE)
_LETTERS = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
_CODES = {
    "yyyy": "%Y",
    "MM": "%m",
    "M": "%-m",
    "dd": "%d",
    "d": "%-d",
    "HH": "%H",
    "H": "%-H",
    "mm": "%M",
    "ss": "%S",
}
_STEPS = {
    "WEEKS": timedelta(weeks=1),
    "DAYS": timedelta(days=1),
    "HOURS": timedelta(hours=1),
    "MINUTES": timedelta(minutes=1),
    "SECONDS": timedelta(seconds=1),
}
_MOST = 1_000_000


def is_projected(properties: Mapping[str, str]) -> bool:
    """Does a table have partition projection?"""
    return properties.get("projection.enabled", "").lower() == "true"


def projected_values(name: str, properties: Mapping[str, str]) -> list[str]:
    """The values of a partition key.

    Args:
        name: of the key.
        properties: of the table.

    Raises:
        QueryError: the properties are wrong, or the key takes its values from queries.
    """
    given = {
        key.removeprefix(f"projection.{name}."): text
        for key, text in properties.items()
        if key.startswith(f"projection.{name}.")
    }
    kind = given.get("type", "").lower()
    if kind == "injected":
        message = f"local_aws has no injected projection: column {name}"
        raise QueryError("NOT_SUPPORTED", message)
    try:
        if kind == "enum":
            return [value.strip() for value in given["values"].split(",")]
        if kind == "integer":
            return list(_whole_numbers(given))
        if kind == "date":
            return list(_moments(given))
    except (KeyError, ValueError) as error:
        raise _wrong(name, str(error)) from None
    raise _wrong(name, f"type is {kind!r}")


def projected_location(location: str, values: Mapping[str, str], template: str) -> str:
    """Where the partition with some values is."""
    if not template:
        return location.rstrip("/") + "".join(f"/{name}={text}" for name, text in values.items())
    return re.sub(r"\$\{(\w+)\}", lambda hole: values[hole[1].lower()], template)


def _wrong(name: str, why: str) -> QueryError:
    message = f"Column projection for column '{name}' failed. {why}"
    return QueryError("INVALID_TABLE_PROPERTY", message)


def _whole_numbers(given: Mapping[str, str]) -> Iterator[str]:
    first, last = (int(bound) for bound in given["range"].split(","))
    step, digits = int(given.get("interval", "1")), int(given.get("digits", "0") or 0)
    if (last - first) // step > _MOST:
        raise ValueError("too many values")
    for value in range(first, last + 1, step):
        yield f"{value:0{digits}}"


def _moments(given: Mapping[str, str]) -> Iterator[str]:
    codes = "".join(_codes(given["format"]))
    start, end = (_bound(text.strip(), codes) for text in given["range"].split(","))
    unit = given.get("interval.unit", "").upper() or _finest(codes)
    step = int(given.get("interval", "1"))
    moment, count = start, 0
    while moment <= end:
        yield moment.strftime(codes)
        count += 1
        if count > _MOST:
            raise ValueError("too many values")
        moment = _later(start, count * step, unit)


def _finest(codes: str) -> str:
    """The unit of a format that names none; of one finer than a day, Athena wants a name."""
    if "%d" in codes or "%-d" in codes:
        return "DAYS"
    return "MONTHS" if "%m" in codes or "%-m" in codes else "YEARS"


def _codes(format_: str) -> Iterator[str]:
    for found in _LETTERS.finditer(format_):
        quoted, letter = found.groups()
        if quoted is not None:
            yield (quoted.replace("''", "'") or "'").replace("%", "%%")
        elif letter:
            if found[0] not in _CODES:
                raise ValueError(f"format has {found[0]!r}, which local_aws does not know")
            yield _CODES[found[0]]
        else:
            yield found[0].replace("%", "%%")


def _bound(text: str, codes: str) -> datetime:
    relative = _RELATIVE.fullmatch(text)
    if relative is None:
        return datetime.strptime(text, codes.replace("%-", "%"))  # noqa: DTZ007 - UTC as all here
    sign, number, unit = relative.groups()
    # Whole steps: the format leaves the rest out.
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    count = int(number or 0) * (-1 if sign == "-" else 1)
    return _later(now, count, (unit or "DAYS").upper().rstrip("S") + "S")


def _later(start: datetime, count: int, unit: str) -> datetime:
    if unit in _STEPS:
        return start + count * _STEPS[unit]
    if unit not in ("MONTHS", "YEARS"):
        raise ValueError(f"unit {unit!r}")
    months = start.year * 12 + start.month - 1 + count * (12 if unit == "YEARS" else 1)
    year, month = divmod(months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
