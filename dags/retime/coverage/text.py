"""The states of dates as text: a row for each date, and a line that sums up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from retime.coverage.coverage import Coverage
from retime.planning.state import STATES, State

_COLUMNS = (
    *(("date", -10), ("state", -11), ("rows", 11), ("bytes", 8), ("late", 6)),
    *(("quarantined", 11), ("built", -10), ("generation", -25)),
)
"""Names and widths; negative is to the left."""

_COLOURS: dict[State, int] = {
    "missing": 31,
    "late": 33,
    "outdated": 35,
    "pinned": 34,
    "provisional": 36,
    "settled": 32,
    "no raw": 90,
}


def describe(coverage: Coverage, *, is_coloured: bool = False) -> Iterator[str]:
    """Yield the lines of a report, of at most 100 columns."""
    yield _line({name: name for name, _ in _COLUMNS})
    for day in coverage.to_json()["dates"]:
        line = _line(_texts(day))
        if is_coloured:
            colour = f"\033[{_COLOURS[day['state']]}m"
            line = line.replace(day["state"], f"{colour}{day['state']}\033[0m", 1)
        yield line
    yield summarize(coverage)


def summarize(coverage: Coverage) -> str:
    """Return one line: the table, and how many of its dates have each state."""
    counts = [f"{n:,} {state}" for state in STATES if (n := coverage.count(state))]
    dates = len(coverage.dates)
    return (
        f"{coverage.database}.{coverage.facts.table}, {dates:,} date{'s' * (dates != 1)}: "
        f"{', '.join(counts)}"
    )


def _texts(day: dict[str, Any]) -> dict[str, str]:
    own = {
        "date": day["date"],
        "state": day["state"],
        "quarantined": _count(day["quarantined"], 11),
    }
    if not day["generation"]:
        return own | dict.fromkeys(("rows", "bytes", "late", "built", "generation"), "-")
    return own | {
        "rows": _count(day["rows"], 11),
        "bytes": _size(day["bytes"]),
        "late": _count(day["late"], 6),
        "built": day["built"][:10],
        "generation": day["generation"],
    }


def _line(texts: dict[str, str]) -> str:
    cells = (
        texts[name].ljust(-width) if width < 0 else texts[name].rjust(width)
        for name, width in _COLUMNS
    )
    return " ".join(cells).rstrip()


def _count(number: int, width: int) -> str:
    for text in (f"{number:,}", f"{number // 1000:,}k", f"{number // 1_000_000:,}M"):
        if len(text) <= width:
            break
    return text


def _size(size: float) -> str:
    if size < 1000:
        return f"{size:.0f} B"
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1000
        if size < 999.95:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.1f} PB"
