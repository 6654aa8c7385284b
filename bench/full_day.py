"""The raw events that arrive on one day, at the size of the real network."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq

from demo.data import midnight
from demo.environment import ROOT
from demo.traffic import generate

DATE = date(2024, 3, 28)
POINTS = 4600
_SEED = 1


def land_full_day() -> Path:
    """Return a folder with one Parquet file for each arrival hour of the day.

    The files lie in folders as on S3. They are generated once, which takes half a minute.
    """
    folder = ROOT / ".local" / "bench" / f"{POINTS}-points-{DATE}-seed-{_SEED}"
    if not folder.exists():
        unfinished = folder.with_name(f"{folder.name}.unfinished")
        _write(unfinished)
        unfinished.rename(folder)
    return folder


def raw_files(folder: Path) -> list[Path]:
    """Return the files, in order of arrival."""
    return sorted(folder.rglob("*.parquet"))


def _write(folder: Path) -> None:
    start, end = midnight(DATE), midnight(DATE + timedelta(days=1))
    # The last minutes of the day before arrive on the day, the day's last ones after it.
    for arrivals in generate(POINTS, start - timedelta(hours=1), end, seed=_SEED):
        if start <= arrivals.hour < end:
            place = folder / f"{arrivals.hour:year=%Y/month=%m/day=%d/hour=%H}"
            place.mkdir(parents=True, exist_ok=True)
            pq.write_table(arrivals.table, place / "events.parquet", store_schema=False)
