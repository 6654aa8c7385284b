"""How long the page takes for a table of ten years by the hour: `python -m tests.browser.measure`.

On a local AWS, whose catalog answers at the speed of Python; nothing is asserted.
"""

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[2] / "dags"))

from demo.account import client
from demo.environment import Home
from demo.processes import start_aws, stop_aws
from retime.coverage.page import static_page
from retime.coverage.served import read_month, read_year
from tests import covered_tables
from tests.covered_tables import FACTS_OF_TRAFFIC as FACTS

FIRST = date(2016, 1, 1)
DATES = covered_tables.dates_of(FIRST, FIRST + timedelta(days=3649))
DATABASE, DAG = "bench", "retime_traffic"


def main() -> int:
    """Print the times of a year as it is served, and the size of the file of all years."""
    ledgers = {p: covered_tables.ledger(p) for p in covered_tables.hours_of(DATES)}
    with tempfile.TemporaryDirectory() as folder:
        home = Home(path=Path(folder))
        endpoint = start_aws(home, keep=False)
        try:
            glue = client("glue", endpoint)
            glue.create_database(DatabaseInput={"Name": DATABASE})
            covered_tables.create_table(glue, DATABASE, ledgers)
            covered_tables.create_table(glue, DATABASE, {}, name=FACTS.quarantine)
            covered_tables.create_raw(glue, DATABASE, [])
            print(f"{len(ledgers):,} partitions")
            for year in ("latest", "2020", "2021", "2022", "2023"):
                print(f"{year}: {measure(glue, year)}")
        finally:
            stop_aws(home)
    page = static_page(covered_tables.coverage_of(ledgers, DATES), region="eu-west-1")
    print(f"file of all years: {len(page.encode()) / 1e6:.1f} MB")
    return 0


def measure(glue: Any, wanted: str) -> str:
    """Ask for a year and its months as the page does, four at a time."""
    now = datetime.now(timezone.utc)
    began, cpu = time.perf_counter(), time.process_time()
    year = read_year(glue, DATABASE, DAG, wanted, now)
    framed = time.perf_counter() - began

    def read(month: int) -> float:
        read_month(glue, DATABASE, DAG, (str(year["year"]), str(month)), now)
        return time.perf_counter() - began

    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(read, range(year["months"], 0, -1)))
    used = time.process_time() - cpu
    return (
        f"its frame after {framed:.2f} s, the first month after {min(ends):.2f} s, all after "
        f"{max(ends):.2f} s, of which {used:.2f} s of our own processor time"
    )


if __name__ == "__main__":
    sys.exit(main())
