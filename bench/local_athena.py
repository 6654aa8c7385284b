"""`python -m bench.local_athena <folder>`: stage and publish the day through local_aws."""

import dataclasses
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from bench.full_day import DATE, raw_files
from bench.measured import Cells, Measured, peak_bytes, summary_sql
from demo.account import CRAWLER, RAW_PREFIX, client, set_up
from demo.environment import DATABASE, PUBLISHED_BUCKET, RAW_BUCKET, ROOT, WORKGROUP
from local_aws.server import LocalAws
from retime import aws
from retime.calendar.partitions import arrival_window
from retime.calendar.slices import Slice
from retime.dataset.reader import EVENT_COUNT, DataSet, load_data_set
from retime.dataset.settings import resolve_location
from retime.planning.plan import wanted_arrivals
from retime.published import generations, publish
from retime.published import tables as catalog
from retime.published.publication import Build
from retime.quoting import quote_name
from retime.statements import rendering as sql

_BUCKETS = {"raw_bucket": RAW_BUCKET, "published_bucket": PUBLISHED_BUCKET}
_SETTINGS = (
    "threads",
    "memory_limit",
    "preserve_insertion_order",
    "partitioned_write_max_open_files",
    "TimeZone",
)


def main() -> None:
    """Run once and print what was measured, as JSON."""
    with LocalAws() as server:
        set_up(server.endpoint)
        clients = aws.Clients(
            s3=client("s3", server.endpoint),
            glue=client("glue", server.endpoint),
        )
        _land(clients, Path(sys.argv[1]))
        # It loads in the background, for a second after the start.
        engine: Any = server.hosted["athena"].result()
        with engine.engine.connect() as connection:
            text = ", ".join(f"current_setting('{name}')" for name in _SETTINGS)
            values = connection.execute(f"SELECT {text}").fetchone()
        settings = dict(zip(_SETTINGS, map(str, values), strict=True))
        measured = _measure(clients, client("athena", server.endpoint), settings)
    print(measured.to_json())


def _land(clients: aws.Clients, folder: Path) -> None:
    for path in raw_files(folder):
        key = f"{RAW_PREFIX}{path.relative_to(folder)}"
        clients.s3.put_object(Bucket=RAW_BUCKET, Key=key, Body=path.read_bytes())
    clients.glue.start_crawler(Name=CRAWLER)
    while clients.glue.get_crawler(Name=CRAWLER)["Crawler"]["State"] != "READY":
        time.sleep(0.1)


def _measure(clients: aws.Clients, athena: Any, settings: dict[str, str]) -> Measured:
    job, generation = _job(clients), generations.new_generation(_now(), "00000000")
    staging = generations.staging_table_name(job.data_set.published.name, generation)
    location = generations.generation_location(job.data_set.published.location, generation)
    columns = {**job.data_set.published.columns, EVENT_COUNT: "bigint"}
    keys = job.data_set.partition_keys
    catalog.create_staging_table(clients.glue, DATABASE, staging, location, columns, keys)
    statement = sql.render_stage(job, quote_name(DATABASE, staging))

    started, cpu_started = time.perf_counter(), time.process_time()
    query_id = _run(athena, statement)
    staged, cpu_staged = time.perf_counter(), time.process_time()
    peak = peak_bytes()
    partitions = _summary(athena, staging, [*columns])
    ready, cpu_ready = time.perf_counter(), time.process_time()
    _publish(clients, job, generation, query_id, partitions)
    published, cpu_published = time.perf_counter(), time.process_time()
    return Measured(
        seconds={"stage": staged - started, "publish": published - ready},
        cpu_seconds=cpu_staged - cpu_started + cpu_published - cpu_ready,
        partitions=partitions,
        peak_bytes=peak,
        sql=statement,
        settings=settings,
    )


def _job(clients: aws.Clients) -> sql.Job:
    data_set = _data_set()
    slice_, events = Slice(first_date=DATE, last_date=DATE, zone=data_set.zone), data_set.events
    window = arrival_window(
        slice_,
        look_back=events.look_back,
        clock_skew=events.clock_skew,
        max_lateness=timedelta(0),  # nothing later has landed
    )
    raw = catalog.read_raw_table(clients.glue, DATABASE, data_set.raw.table)
    return sql.Job(data_set=data_set, raw=raw, slice_=slice_, window=window)


def _data_set() -> DataSet:
    """The data set of the demo, of all measuring points, where the demo has its buckets."""
    data_set = load_data_set(ROOT / "include" / "datasets" / "traffic.yaml")
    location = resolve_location(data_set.published.location, _BUCKETS.get)
    return dataclasses.replace(
        data_set,
        parameters={**data_set.parameters, "points": []},
        published=dataclasses.replace(data_set.published, location=location),
    )


def _run(athena: Any, statement: str) -> str:
    query_id: str = athena.start_query_execution(QueryString=statement, WorkGroup=WORKGROUP)[
        "QueryExecutionId"
    ]
    while True:
        execution = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        if execution["Status"]["State"] == "SUCCEEDED":
            return query_id
        if execution["Status"]["State"] in ("FAILED", "CANCELLED"):
            raise RuntimeError(execution["Status"]["StateChangeReason"])
        time.sleep(0.05)


def _summary(athena: Any, staging: str, columns: list[str]) -> list[Cells]:
    query_id = _run(athena, summary_sql(quote_name(DATABASE, staging), columns))
    rows = athena.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
    return [tuple(str(cell.get("VarCharValue")) for cell in row["Data"]) for row in rows[1:]]


def _publish(
    clients: aws.Clients, job: sql.Job, generation: str, query_id: str, partitions: list[Cells]
) -> None:
    table = job.data_set.published
    build = Build(
        generation=generation,
        location=generations.generation_location(table.location, generation),
        slice_=job.slice_,
        grain=job.data_set.grain,
        rows={tuple(int(key) for key in cells[:4]): int(cells[4]) for cells in partitions},
        wanted=wanted_arrivals(job.data_set, job.slice_),
        read=job.window,
        fingerprint=sql.fingerprint(job),
        run_id="bench",
        query_id=query_id,
    )
    catalog.ensure_table(clients.glue, DATABASE, table, job.data_set.partition_keys)
    publish.publish_build(
        clients, DATABASE, table, build, now=_now(), retention=job.data_set.run.retention
    )


def _now() -> datetime:
    return datetime.now(timezone.utc)


if __name__ == "__main__":
    main()
