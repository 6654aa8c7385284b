"""`python -m bench.json_reading`: a day of raw events as JSON lines, against the same in Parquet.

Prints the CPU time that local_aws takes to read every column of every row, and to stage the day,
for each way of landing, and how many times what Parquet takes. The rows are the same; the JSON
landing keeps most numbers as text, and leaves empty classes out. The goal is about the stage
statement, which is what a day costs. To read columns of Parquet alone costs next to nothing.
"""

import gzip
import io
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from bench.full_day import DATE
from bench.local_athena import clients_of, deployment_of, now, run_query
from demo.account import CRAWLER, RAW_PREFIX, set_up
from demo.data import midnight
from demo.environment import DATABASE, RAW_BUCKET
from demo.json_lines import json_lines
from demo.traffic import generate
from local_aws.server import LocalAws
from retime import aws
from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.slices import Slice
from retime.published.generations import new_generation
from retime.statements.staging import begin_stage

POINTS = 150
MOST_RATIO = 3
_SEED = 1
_RUNS = 3


def main() -> None:
    """Measure and print."""
    hours = _hours()
    rows = sum(table.num_rows for table in hours.values())
    print(f"{rows:,} events of {POINTS} points; CPU seconds, and times what Parquet takes\n")
    found = {name: _measure(hours, write) for name, write in _LANDINGS.items()}
    for name, seconds in found.items():
        cells = (
            f"{step} {took:6.2f} s {took / found['parquet'][step]:5.2f}"
            for step, took in seconds.items()
        )
        print(f"{name:8}  {'    '.join(cells)}")
    ratio = found["json"]["stage"] / found["parquet"]["stage"]
    is_met = "met" if ratio <= MOST_RATIO else "missed"
    print(f"\ngoal: staging JSON takes at most {MOST_RATIO} times as long: {is_met}")


def _hours() -> Mapping[str, pa.Table]:
    start, end = midnight(DATE), midnight(DATE + timedelta(days=1))
    return {
        f"{arrivals.hour:year=%Y/month=%m/day=%d/hour=%H}": arrivals.table
        for arrivals in generate(POINTS, start - timedelta(hours=1), end, seed=_SEED)
        if start <= arrivals.hour < end
    }


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, store_schema=False)
    return sink.getvalue()


def _json(table: pa.Table) -> bytes:
    return "".join(f"{line}\n" for line in json_lines(table)).encode()


_LANDINGS: Mapping[str, tuple[str, Callable[[pa.Table], bytes]]] = {
    "parquet": ("events.parquet", _parquet),
    "json": ("events.json", _json),
    "json.gz": ("events.json.gz", lambda table: gzip.compress(_json(table), 1)),
}


def _measure(
    hours: Mapping[str, pa.Table], landing: tuple[str, Callable[[pa.Table], bytes]]
) -> dict[str, float]:
    name, write = landing
    with LocalAws() as server:
        set_up(server.endpoint)
        clients = clients_of(server.endpoint)
        for folder, table in hours.items():
            key = f"{RAW_PREFIX}{folder}/{name}"
            clients.s3.put_object(Bucket=RAW_BUCKET, Key=key, Body=write(table))
        clients.glue.start_crawler(Name=CRAWLER)
        while clients.glue.get_crawler(Name=CRAWLER)["Crawler"]["State"] != "READY":
            time.sleep(0.1)
        tables = clients.glue.get_tables(DatabaseName=DATABASE)["TableList"]
        raw = next(one for one in tables if one["Name"].endswith("_raw"))
        names = [column["Name"] for column in raw["StorageDescriptor"]["Columns"]]
        every = ", ".join(f'max("{one}")' for one in names)
        read = f'SELECT {every} FROM {DATABASE}."{raw["Name"]}"'
        steps = {"read": [read] * _RUNS, "stage": [_stage(clients) for _ in range(_RUNS)]}
        return {
            step: statistics.median(_timed(clients, statement) for statement in statements)
            for step, statements in steps.items()
        }


def _stage(clients: aws.Clients) -> str:
    deployment = deployment_of(clients)
    slice_ = Slice(first_date=DATE, last_date=DATE, zone=deployment.data_set.zone)
    landed = ArrivalWindow(start=slice_.start, end=slice_.end)
    generation = new_generation(now(), f"{time.monotonic_ns() % 10**8:08d}")
    return begin_stage(deployment, slice_, landed, generation, is_quarantine=False)[0]


def _timed(clients: aws.Clients, statement: str) -> float:
    started = time.process_time()
    run_query(clients.athena, statement)
    return time.process_time() - started


if __name__ == "__main__":
    main()
