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
}


def describe(
    daily: Mapping[str, Any], ranged: Mapping[str, Any], raw: tuple[int, int], rows: Sequence[Any]
) -> list[str]:
    """Return the lines: both runs side by side, and the answer of a query."""
    objects, size = raw
    ranged_title = f"{RANGE[0]} to {RANGE[1]:%m-%d}"
    lines = [
        f"Raw: {POINTS} measuring points, {FIRST_DATE} to {LAST_DATE}, landed by arrival hour: "
        f"{objects:,} objects, {_mb(size)}",
        f"{'':22}{'daily run':>14}{'manual run':>26}",
        f"{'event dates':22}{DAILY_DATE!s:>14}{ranged_title:>26}",
        f"{'slices':22}{daily['slices']:>14}{ranged['slices']:>26}",
    ]
    lines += [f"{title:22}{daily[k]:>14,}{ranged[k]:>26,}" for k, title in _COUNTS.items()]
    lines += [
        f"{'late (over an hour)':22}{daily['late']:>14,}{ranged['late']:>26,}",
        f"{'rows published':22}{daily['rows']:>14,}{ranged['rows']:>26,}",
        f"{'bytes scanned to stage':22}{_mb(daily['stage_scanned_bytes']):>14}"
        f"{_mb(ranged['stage_scanned_bytes']):>26}",
        f"{'bytes scanned in all':22}{_mb(daily['scanned_bytes']):>14}"
        f"{_mb(ranged['scanned_bytes']):>26}",
        f"{'bytes in those hours':22}{_mb(daily['raw_bytes']):>14}{_mb(ranged['raw_bytes']):>26}",
        f"SELECT FROM {DATABASE}.traffic, through the Athena API (work group {WORKGROUP}):",
    ]
    lines += ["  " + "".join(f"{value or 'null':>12}" for value in row) for row in rows]
    lines += [
        "To look further: `make up` serves Airflow's UI over the same data; then",
        '  eval "$(make -s env)" && airflow dags test retime_traffic 2024-04-01',
    ]
    return lines


def _mb(size: int) -> str:
    return f"{size / 1e6:.2f} MB"
