"""What the demo shows when it is through."""

from collections.abc import Mapping, Sequence
from typing import Any

from demo.data import DAILY_DATE, FIRST_DATE, LAST_DATE, POINTS, RANGE
from demo.environment import DATABASE, WORKGROUP

QUERY = (
    "SELECT day, hour, count(*) AS sections, round(avg(currentspeed), 1) AS km_h, "
    "sum(trafficintensityclass2) AS cars FROM traffic "
    "WHERE year = 2024 AND month = 3 AND day = 31 AND hour IN (0, 8, 17) "
    "GROUP BY day, hour ORDER BY day, hour"
)
_COUNTS = {
    "read": "events read",
    "published_from": "published from",
    "duplicates": "duplicates",
    "filtered": "filtered",
    "quarantined": "quarantined",
    "too_late": "too late",
    "outside": "outside the dates",
    "late": "(late, over an hour)",
    "rows": "rows published",
}
_SIZES = ("scanned to stage", "scanned in all", "raw in those hours")


def describe(
    daily: Mapping[str, Any], ranged: Mapping[str, Any], raw: tuple[int, int], rows: Sequence[Any]
) -> list[str]:
    """Return the lines: both runs side by side, and the answer of a query."""
    objects, size = raw
    scanned = ("stage_scanned_bytes", "scanned_bytes", "raw_bytes")
    return [
        f"Raw: {POINTS} points, {FIRST_DATE} to {LAST_DATE}, {objects:,} objects, {_mb(size)}",
        _line("", "daily run", "manual run"),
        _line("event dates", str(DAILY_DATE), f"{RANGE[0]} to {RANGE[1]:%m-%d}"),
        _line("slices", str(daily["slices"]), str(ranged["slices"])),
        *(_line(title, f"{daily[k]:,}", f"{ranged[k]:,}") for k, title in _COUNTS.items()),
        *(_line(t, _mb(daily[k]), _mb(ranged[k])) for k, t in zip(scanned, _SIZES, strict=True)),
        f"SELECT FROM {DATABASE}.traffic, through the Athena API (work group {WORKGROUP}):",
        *("  " + "".join(f"{value or 'null':>12}" for value in row) for row in rows),
        "To look further, `make up` serves Airflow's UI over the same data; then:",
        '  eval "$(make -s env)" && airflow dags test retime_traffic 2024-04-01',
    ]


def _line(title: str, daily: str, ranged: str) -> str:
    return f"{title:24}{daily:>14}{ranged:>26}"


def _mb(size: int) -> str:
    return f"{size / 1e6:.2f} MB"
