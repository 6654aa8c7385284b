"""`python -m bench.local_aws_scale`: what local_aws costs at scale, in five figures.

The data is made anew each time, through the API. It takes some minutes, and Linux.
"""

import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bench.full_day import DATE, land_full_day, raw_files
from bench.scale_server import Calls, ScaleServer
from demo.account import CRAWLER, RAW_PREFIX, set_up
from demo.environment import DATABASE, RAW_BUCKET, ROOT

PARTITIONS = 100_000
OBJECTS = 35_000
DAYS = 6
STATEMENTS = 50
CLIENTS = 8
PAGE = 1000
_BATCH = 100
_COLUMNS = [{"Name": f"column_{n}", "Type": "double"} for n in range(12)]
_KEYS = [{"Name": name, "Type": "int"} for name in ("year", "month", "day", "hour")]
_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
_COUNT = f"SELECT count(*), sum(unieke_id) FROM {RAW_PREFIX[:-1]}"
_ANALYSES = (
    "SELECT unieke_id, count(*), avg(rekendata_bezettingsgraad) FROM {0} GROUP BY 1 ORDER BY 2",
    "SELECT count(DISTINCT beschrijvende_id), max(tijd_laatst_gewijzigd) FROM {0}",
    "SELECT * FROM {0} WHERE day = '30' ORDER BY tijd_waarneming, unieke_id LIMIT 1000",
    "SELECT day, hour, sum(verkeersintensiteit_klasse2) FROM {0} GROUP BY 1, 2",
    "SELECT row_number() OVER (PARTITION BY unieke_id) FROM {0} WHERE day = '29' LIMIT 10",
)


def main() -> int:
    """Measure everything and print it."""
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    folder = ROOT / ".local" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="scale-") as scratch:
        with ScaleServer(Path(scratch) / "many") as server:
            _measure_many(server)
        with ScaleServer(Path(scratch) / "raw") as server:
            set_up(server.endpoint)
            _measure_select(server)
            _measure_memory(server)
    return 0


def _measure_many(server: ScaleServer) -> None:
    set_up(server.endpoint)
    started = time.perf_counter()
    for table in ("one", "other"):
        _create_partitions(Calls(server.endpoint), table)
    filled = time.perf_counter()
    calls = Calls(server.endpoint)
    for number in range(OBJECTS):
        calls.put(RAW_BUCKET, f"small/{number % 1000:03}/{number:05}", b"x" * 100)
    print(
        f"{'made':12}{2 * PARTITIONS:,} partitions in {filled - started:.0f} s,"
        f" {OBJECTS:,} objects in {time.perf_counter() - filled:.0f} s"
    )
    _measure_pages(server)
    _measure_pruned(server)
    server.stop(signal.SIGKILL)
    print(f"{'restart':12}{server.start():.1f} s from the start to ready, after SIGKILL")
    print(f"{'stop':12}{server.stop():.1f} s from SIGTERM to the exit")
    print(f"{'restart':12}{server.start():.1f} s, {server.resident_mib():.0f} MiB resident then")


def _create_partitions(calls: Calls, table: str) -> None:
    storage = {"Columns": _COLUMNS, "SerdeInfo": {"SerializationLibrary": _SERDE}}
    location = f"s3://{RAW_BUCKET}/{table}/"
    given = {"Name": table, "PartitionKeys": _KEYS}
    calls.ask(
        "glue",
        "CreateTable",
        DatabaseName=DATABASE,
        TableInput={**given, "StorageDescriptor": {**storage, "Location": location}},
    )
    for start in range(0, PARTITIONS, _BATCH):
        inputs = [
            {
                "Values": values,
                "StorageDescriptor": {**storage, "Location": f"{location}{'/'.join(values)}/"},
                "Parameters": {"generation": "20240328T000000-00000000"},
            }
            for values in map(_values, range(start, start + _BATCH))
        ]
        where = {"DatabaseName": DATABASE, "TableName": table}
        answer = calls.ask("glue", "BatchCreatePartition", **where, PartitionInputList=inputs)
        assert "Errors" not in answer, answer


def _values(number: int) -> list[str]:
    day = DATE - timedelta(days=number // 24)
    return [str(part) for part in (day.year, day.month, day.day, number % 24)]


def _measure_pages(server: ScaleServer) -> None:
    calls = Calls(server.endpoint)
    list(_pages(calls))  # for the caches
    seconds = list(_pages(calls))
    first, last = statistics.median(seconds[:10]), statistics.median(seconds[-10:])
    expression = "year = 2020 AND month = 2"
    print(
        f"{'pages':12}{first * 1000:.0f} ms for one of the first of {len(seconds)},"
        f" {last * 1000:.0f} ms for one of the last: ratio {last / first:.2f};"
        f" {sum(seconds):.1f} s for all;\n{'':12}"
        f"{sum(_pages(calls, Expression=expression)) * 1000:.0f} ms for all with {expression!r}"
    )


def _pages(calls: Calls, **request: str) -> Iterator[float]:
    """The seconds that each page of a table takes."""
    asked = {"DatabaseName": DATABASE, "TableName": "one", "MaxResults": PAGE, **request}
    while True:
        started = time.perf_counter()
        answer = calls.ask("glue", "GetPartitions", **asked, ExcludeColumnSchema=True)
        yield time.perf_counter() - started
        if "NextToken" not in answer:
            return
        asked["NextToken"] = answer["NextToken"]


def _measure_pruned(server: ScaleServer) -> None:
    calls, seconds = Calls(server.endpoint), []
    for day in range(1, 12):
        started = time.perf_counter()
        calls.run(f"SELECT count(*) FROM one WHERE year = 2020 AND month = 2 AND day = {day}")
        seconds.append(time.perf_counter() - started)
    median = statistics.median(seconds[1:]) * 1000
    print(f"{'query':12}{median:.0f} ms for one of a day of {PARTITIONS:,} partitions")


def _measure_select(server: ScaleServer) -> None:
    calls = Calls(server.endpoint)
    seconds = []
    for _ in range(220):
        started = time.perf_counter()
        calls.run("SELECT 1")
        seconds.append(time.perf_counter() - started)
    alone = statistics.median(seconds[20:])
    started = time.perf_counter()
    threads = [threading.Thread(target=_select, args=(server, 50)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = CLIENTS * 50 / (time.perf_counter() - started)
    print(
        f"{'SELECT 1':12}{alone * 1000:.1f} ms at the median; {rate:.0f} a second by"
        f" {CLIENTS} clients"
    )


def _select(server: ScaleServer, times: int) -> None:
    calls = Calls(server.endpoint)
    for _ in range(times):
        calls.run("SELECT 1")


def _measure_memory(server: ScaleServer) -> None:
    server.stop()
    server.start()
    calls = Calls(server.endpoint)
    calls.ask("athena", "ListWorkGroups")  # answered once Athena is loaded
    rest = server.resident_mib()
    _land(calls)
    landed = server.resident_mib()
    started = time.perf_counter()
    for number in range(STATEMENTS):
        analysis = _ANALYSES[number % len(_ANALYSES)]
        calls.run(analysis.format(RAW_PREFIX[:-1]))
    took = time.perf_counter() - started
    ended = server.resident_mib()
    time.sleep(10)
    print(
        f"{'memory':12}{rest:.0f} MiB at rest, {landed:.0f} with {DAYS} days of raw data;"
        f" {STATEMENTS} statements took {took:.0f} s:\n{'':12}{server.peak_mib():.0f} MiB at the"
        f" peak, {ended:.0f} at their end, {server.resident_mib():.0f} after 10 s"
    )


def _land(calls: Calls) -> None:
    folder = land_full_day()
    for day in range(28, 28 + DAYS):
        for path in raw_files(folder):
            key = str(path.relative_to(folder)).replace(f"day={DATE.day}", f"day={day}")
            calls.put(RAW_BUCKET, f"{RAW_PREFIX}{key}", path.read_bytes())
    calls.ask("glue", "StartCrawler", Name=CRAWLER)
    while calls.ask("glue", "GetCrawler", Name=CRAWLER)["Crawler"]["State"] != "READY":
        time.sleep(0.1)
    calls.run(_COUNT)


if __name__ == "__main__":
    sys.exit(main())
