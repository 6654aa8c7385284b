"""`python -m bench.local_athena <folder>`: stage and publish the day through local_aws."""

import dataclasses
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bench.full_day import DATE, raw_files
from bench.measured import Cells, Measured, peak_bytes, summary_sql
from demo.account import CRAWLER, RAW_PREFIX, client, set_up
from demo.environment import DATABASE, PUBLISHED_BUCKET, RAW_BUCKET, ROOT, WORKGROUP
from local_aws.server import LocalAws
from retime import aws
from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.slices import Slice
from retime.dataset.deployment import Deployment, deploy
from retime.dataset.reader import load_data_set
from retime.dataset.settings import read_settings, resolve_location
from retime.published.generations import (
    generation_location,
    new_generation,
    staging_table_name,
)
from retime.published.publication import Publication
from retime.published.repoint import repoint_partitions
from retime.published.tables import ensure_table
from retime.quoting import quote_name
from retime.statements.staging import begin_stage

_ENVIRONMENT = {
    "database": DATABASE,
    "workgroup": WORKGROUP,
    "raw_bucket": RAW_BUCKET,
    "published_bucket": PUBLISHED_BUCKET,
}
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
        clients = clients_of(server.endpoint)
        _land(clients, Path(sys.argv[1]))
        # It loads in the background, for a second after the start.
        engine: Any = server.hosted["athena"].result()
        with engine.engine.connect() as connection:
            text = ", ".join(f"current_setting('{name}')" for name in _SETTINGS)
            values = connection.execute(f"SELECT {text}").fetchone()
        settings = dict(zip(_SETTINGS, map(str, values), strict=True))
        measured = _measure(deployment_of(clients), settings)
    print(measured.to_json())


def _land(clients: aws.Clients, folder: Path) -> None:
    for path in raw_files(folder):
        key = f"{RAW_PREFIX}{path.relative_to(folder)}"
        clients.s3.put_object(Bucket=RAW_BUCKET, Key=key, Body=path.read_bytes())
    clients.glue.start_crawler(Name=CRAWLER)
    while clients.glue.get_crawler(Name=CRAWLER)["Crawler"]["State"] != "READY":
        time.sleep(0.1)


def _measure(deployment: Deployment, settings: dict[str, str]) -> Measured:
    athena, table = deployment.clients.athena, deployment.data_set.published
    slice_ = Slice(first_date=DATE, last_date=DATE, zone=deployment.data_set.zone)
    landed = ArrivalWindow(start=slice_.start, end=slice_.end)
    generation = new_generation(now(), "00000000")
    statement, staging = begin_stage(deployment, slice_, landed, generation, is_quarantine=False)

    started, cpu_started = time.perf_counter(), time.process_time()
    query_id = run_query(athena, statement)
    staged, cpu_staged = time.perf_counter(), time.process_time()
    peak = peak_bytes()
    partitions = _summary(
        athena, staging_table_name(table.name, generation), list(table.staged_columns)
    )
    ready, cpu_ready = time.perf_counter(), time.process_time()
    publication = Publication(
        table=table,
        generation=generation,
        location=generation_location(table.generations, generation),
        events={},
        rows={tuple(int(key) for key in cells[:4]): int(cells[4]) for cells in partitions},
        wanted=deployment.data_set.windows_of(slice_),
        own=deployment.data_set.own_windows_of(slice_),
        read=landed,
        landed=(landed,),
        fingerprint=staging.fingerprint,
        run_id="bench",
        query_id=query_id,
    )
    _publish(deployment, publication)
    published, cpu_published = time.perf_counter(), time.process_time()
    return Measured(
        seconds={"stage": staged - started, "publish": published - ready},
        cpu_seconds=cpu_staged - cpu_started + cpu_published - cpu_ready,
        partitions=partitions,
        peak_bytes=peak,
        sql=statement,
        settings=settings,
    )


def clients_of(endpoint: str) -> aws.Clients:
    """Clients of a local AWS."""
    return aws.Clients(
        s3=client("s3", endpoint), glue=client("glue", endpoint), athena=client("athena", endpoint)
    )


def deployment_of(clients: aws.Clients) -> Deployment:
    """The data set of the demo, of all measuring points, where the demo has its buckets."""
    data_set = load_data_set(ROOT / "include" / "datasets" / "traffic.yaml")
    return deploy(
        dataclasses.replace(data_set, parameters={**data_set.parameters, "points": []}),
        read_settings(_ENVIRONMENT.get),
        clients,
        lambda location: resolve_location(location, _ENVIRONMENT.get),
    )


def run_query(athena: Any, statement: str) -> str:
    """Run a statement to its end; its id."""
    query_id: str = athena.start_query_execution(QueryString=statement, WorkGroup=WORKGROUP)[
        "QueryExecutionId"
    ]
    while True:
        execution = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        if execution["Status"]["State"] == "SUCCEEDED":
            return query_id
        if execution["Status"]["State"] in ("FAILED", "CANCELLED"):
            raise RuntimeError(execution["Status"]["StateChangeReason"])
        time.sleep(0.2)


def _summary(athena: Any, staging: str, columns: list[str]) -> list[Cells]:
    query_id = run_query(athena, summary_sql(quote_name(DATABASE, staging), columns))
    rows = athena.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
    return [tuple(str(cell.get("VarCharValue")) for cell in row["Data"]) for row in rows[1:]]


def _publish(deployment: Deployment, publication: Publication) -> None:
    clients, retention = deployment.clients, deployment.data_set.limits.retention
    ensure_table(clients.glue, DATABASE, publication.table)
    repoint_partitions(clients, DATABASE, publication, now=now(), retention=retention)


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(timezone.utc)


if __name__ == "__main__":
    main()
