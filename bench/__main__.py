"""`python -m bench`: a full day through the local Athena, and the same SQL in plain DuckDB."""

import os
import statistics
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

from bench.full_day import DATE, POINTS, land_full_day, raw_files
from bench.measured import Measured, read_measured
from demo.environment import ROOT

RUNS = 3
MOST_RATIO = 1.3
MOST_GIB = 4


def main() -> int:
    """Run both in turns and print their times; exit code 1 if their rows differ."""
    folder = land_full_day()
    files = raw_files(folder)
    events = sum(pq.read_metadata(path).num_rows for path in files)
    size = sum(path.stat().st_size for path in files)
    print(
        f"{events:,} events of {POINTS:,} points, arrived on {DATE}, in {len(files)} Parquet files"
    )
    print(f"({size / 2**20:,.0f} MiB), staged and published as one slice, {RUNS} times:\n")
    athena, plain, loads = [], [], []
    for _ in range(RUNS):
        loads.append(os.getloadavg()[0])
        athena.append(_run("bench.local_athena", folder, ""))
        plain.append(_run("bench.plain_duckdb", folder, athena[-1].to_json()))
    _tell(athena, plain, loads)
    if any(run.partitions != athena[0].partitions for run in (*athena, *plain)):
        print("\nThe rows differ: see local_aws/athena, or the SQL.", file=sys.stderr)
        return 1
    hours = len(athena[0].partitions)
    print(f"\nAll runs made the same {athena[0].rows:,} rows in {hours} partitions.")
    return 0


def _run(module: str, folder: Path, stdin: str) -> Measured:
    done = subprocess.run(  # noqa: S603 - our own modules
        [sys.executable, "-m", module, str(folder)],
        input=stdin,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'dags'}"},
    )
    return read_measured(done.stdout)


def _tell(athena: list[Measured], plain: list[Measured], loads: list[float]) -> None:
    print(f"{'':14}{'median':>9}   runs{'':21}CPU{'peak':>12}")
    for name, runs in (("local Athena", athena), ("plain DuckDB", plain)):
        times = " ".join(f"{run.total:6.2f}" for run in runs)
        print(
            f"{name:14}{_median(runs):7.2f} s   {times:22}{_cpu(runs):6.2f} s{_peak(runs):8.2f} GiB"
        )
    settings = athena[0].settings
    ratio, peak = _median(athena) / _median(plain), _peak(athena)
    publish = statistics.median(run.seconds["publish"] for run in athena)
    print(f"\n{'ratio':14}{ratio:7.2f}     goal: at most {MOST_RATIO}{_met(ratio <= MOST_RATIO)}")
    print(f"{'ratio of CPU':14}{_cpu(athena) / _cpu(plain):7.2f}")
    print(f"{'peak':14}{peak:7.2f} GiB goal: below {MOST_GIB}{_met(peak < MOST_GIB)}")
    print(f"{'publishing':14}{publish:7.2f} s   of the local Athena's time")
    print(f"{'machine':14}{os.cpu_count()} CPUs, load before each run {_list(loads)};")
    print(f"{'':14}DuckDB: {settings['threads']} threads, {settings['memory_limit']} of memory")


def _median(runs: list[Measured]) -> float:
    return statistics.median(run.total for run in runs)


def _cpu(runs: list[Measured]) -> float:
    return statistics.median(run.cpu_seconds for run in runs)


def _peak(runs: list[Measured]) -> float:
    return max(run.peak_bytes for run in runs) / 2**30


def _met(is_met: object) -> str:
    return ": met" if is_met else ": missed"


def _list(loads: list[float]) -> str:
    return ", ".join(f"{load:.1f}" for load in loads)


if __name__ == "__main__":
    sys.exit(main())
