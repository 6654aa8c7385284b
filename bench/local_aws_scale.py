"""`python -m bench.local_aws_scale`: what local_aws costs at scale.

The data is made anew each time, through the API. It takes some minutes, 2 GB of disk, and Linux.
Beside each time is the CPU time of the server, which says more when the machine is busy.
"""

import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.scale_data import (
    DAYS,
    OBJECTS,
    PARTITIONS,
    create_hours,
    land_days,
    put_objects,
)
from bench.scale_server import Calls, ScaleServer
from demo.account import RAW_PREFIX, set_up
from demo.environment import DATABASE, ROOT

STATEMENTS = 50
CLIENTS = 8
_ALONE, _EACH = 200, 50
_ANALYSES = (
    "SELECT unieke_id, count(*), avg(rekendata_bezettingsgraad) FROM {0} GROUP BY 1 ORDER BY 2",
    "SELECT count(DISTINCT beschrijvende_id), max(tijd_laatst_gewijzigd) FROM {0}",
    "SELECT * FROM {0} WHERE day = '30' ORDER BY tijd_waarneming, unieke_id LIMIT 1000",
    "SELECT day, hour, sum(verkeersintensiteit_klasse2) FROM {0} GROUP BY 1, 2",
    "SELECT row_number() OVER (PARTITION BY unieke_id) FROM {0} WHERE day = '29' LIMIT 10",
)


def main() -> int:
    """Measure everything and print it."""
    _print("machine", f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    folder = ROOT / ".local" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="scale-") as scratch:
        with ScaleServer(Path(scratch) / "small") as server:
            set_up(server.endpoint)
            _measure_select(server)
        with ScaleServer(Path(scratch) / "raw") as server:
            set_up(server.endpoint)
            _measure_memory(server)
        with ScaleServer(Path(scratch) / "large") as server:
            set_up(server.endpoint)
            _fill(server)
            _measure_pages(server)
            _measure_pruned(server)
            _measure_restarts(server)
    return 0


def _print(name: str, text: str) -> None:
    print(f"{name:12}{text}", flush=True)


def _timed(server: ScaleServer, act: Callable[[], object]) -> tuple[float, float]:
    """The seconds that something takes, and those of the server's CPU time."""
    started, cpu_started = time.perf_counter(), server.cpu_seconds()
    act()
    return time.perf_counter() - started, server.cpu_seconds() - cpu_started


def _measure_select(server: ScaleServer) -> None:
    calls = Calls(server.endpoint)
    _select(server, 20)
    seconds: list[float] = []

    def alone() -> None:
        for _ in range(_ALONE):
            started = time.perf_counter()
            calls.run("SELECT 1")
            seconds.append(time.perf_counter() - started)

    _, cpu = _timed(server, alone)
    started = time.perf_counter()
    threads = [threading.Thread(target=_select, args=(server, _EACH)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = CLIENTS * _EACH / (time.perf_counter() - started)
    _print(
        "SELECT 1",
        f"{statistics.median(seconds) * 1000:.1f} ms at the median, CPU {cpu / _ALONE * 1000:.1f};"
        f" {rate:.0f} a second by {CLIENTS} clients",
    )


def _select(server: ScaleServer, times: int) -> None:
    calls = Calls(server.endpoint)
    for _ in range(times):
        calls.run("SELECT 1")


def _measure_memory(server: ScaleServer) -> None:
    server.stop()
    server.start()
    calls = Calls(server.endpoint)
    calls.run("SELECT 1")
    rest = server.resident_mib()
    land_days(calls)

    def analyse() -> None:
        for number in range(STATEMENTS):
            calls.run(_ANALYSES[number % len(_ANALYSES)].format(RAW_PREFIX[:-1]))

    seconds, cpu = _timed(server, analyse)
    peak = server.peak_mib()
    time.sleep(10)
    _print(
        "memory",
        f"{rest:.0f} MiB resident at rest; {peak:.0f} at the peak of {STATEMENTS} statements on"
        f" {DAYS} days of raw data, {server.resident_mib():.0f} 10 s later",
    )
    _print("", f"{seconds:.0f} s for the statements, CPU {cpu:.0f}")


def _fill(server: ScaleServer) -> None:
    calls = Calls(server.endpoint)
    for table in ("one", "other"):
        seconds, cpu = _timed(server, lambda table=table: create_hours(calls, table))  # type: ignore[misc]
        _print("made", f"{PARTITIONS:,} partitions in {seconds:.0f} s, CPU {cpu:.0f}")
    seconds, cpu = _timed(server, lambda: put_objects(calls))
    _print("", f"{OBJECTS:,} objects in {seconds:.0f} s, CPU {cpu:.0f}")


def _measure_pages(server: ScaleServer) -> None:
    calls = Calls(server.endpoint)
    list(_pages(calls, server))  # for the caches
    pages = list(_pages(calls, server))
    first, last = (statistics.mean(part) for part in (pages[:20], pages[-20:]))
    _print(
        "pages",
        f"CPU {first * 1000:.0f} ms for one of the first of {len(pages)}, {last * 1000:.0f} for"
        f" one of the last: ratio {last / first:.2f}; {sum(pages):.1f} s for all",
    )
    expression = "year = 2020 AND month = 2"
    few = sum(_pages(calls, server, Expression=expression))
    _print("", f"CPU {few * 1000:.0f} ms for all with {expression!r}")


def _pages(calls: Calls, server: ScaleServer, **request: str) -> Iterator[float]:
    """The CPU seconds that each page of a table takes."""
    asked = {"DatabaseName": DATABASE, "TableName": "one", **request}
    while True:
        started = server.cpu_seconds()
        answer = calls.ask("glue", "GetPartitions", **asked, ExcludeColumnSchema=True)
        yield server.cpu_seconds() - started
        if "NextToken" not in answer:
            return
        asked["NextToken"] = answer["NextToken"]


def _measure_pruned(server: ScaleServer) -> None:
    calls, query = Calls(server.endpoint), "SELECT count(*) FROM one WHERE year = 2020 AND month ="
    calls.run(f"{query} 12")

    def ask() -> None:
        for month in range(1, 11):
            calls.run(f"{query} {month} AND day = 1")

    seconds, cpu = _timed(server, ask)
    _print("query", f"{seconds * 100:.0f} ms for one of a day of these, CPU {cpu * 100:.0f}")


def _measure_restarts(server: ScaleServer) -> None:
    server.stop(signal.SIGKILL)
    killed, cpu_killed = server.start(), server.cpu_seconds()
    Calls(server.endpoint).run("SELECT 1")  # Athena loads for a second after the start
    stopped = server.stop()
    restarted = server.start()
    _print("stop", f"{stopped:.1f} s from SIGTERM to the exit")
    _print(
        "restart",
        f"{restarted:.1f} s from the start to ready, CPU {server.cpu_seconds():.1f};"
        f" {server.resident_mib():.0f} MiB resident",
    )
    _print("", f"{killed:.1f} s after SIGKILL, CPU {cpu_killed:.1f}")


if __name__ == "__main__":
    sys.exit(main())
