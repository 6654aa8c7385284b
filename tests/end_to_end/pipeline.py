"""The pipeline in an account of its own: land events, run the DAG, read what was published."""

import csv
import io
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from demo.account import create_crawler
from demo.environment import REGION
from demo.runs import DagResult, run_dag
from local_aws.testing import Aws
from retime.aws import split_location
from retime.published.ledger import Ledger, ledger_of
from tests.airflow_home import sleep_briefly
from tests.landed_records import arrival_hour_of
from tests.oracle import Expected, Settings, expect

INCLUDE = Path(__file__).parent / "include"
FAR = datetime(2030, 1, 1, tzinfo=timezone.utc)


@dataclass(kw_only=True)
class Pipeline:
    """An account, and the runs of one data set's DAG in it."""

    aws: Aws
    name: str
    data_set: str = "traffic"
    raw_bucket: str = ""
    runs: list[DagResult] = field(default_factory=list)

    @property
    def database(self) -> str:
        return self.name.replace("-", "_")

    @property
    def settings(self) -> dict[str, str]:
        """The environment that the run's tasks see."""
        return {
            "RETIME_RAW_BUCKET": self.raw_bucket or self.name,
            "RETIME_PUBLISHED_BUCKET": self.name,
            "RETIME_DATABASE": self.database,
            "RETIME_WORKGROUP": self.name,
        }

    @cached_property
    def s3(self) -> Any:
        return self.aws.client("s3", REGION)

    @cached_property
    def glue(self) -> Any:
        return self.aws.client("glue", REGION)

    @cached_property
    def athena(self) -> Any:
        return self.aws.client("athena", REGION)

    def set_up(self) -> None:
        """Create bucket, database and work group."""
        self.s3.create_bucket(
            Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        self.glue.create_database(DatabaseInput={"Name": self.database})
        output = {"OutputLocation": f"s3://{self.name}/results/"}
        self.athena.create_work_group(Name=self.name, Configuration={"ResultConfiguration": output})

    def crawl_from(self, crawler: str, bucket: str, prefix: str) -> None:
        """Create the data set's crawler, over raw events that may be another test's too."""
        if crawler in self.glue.list_crawlers()["CrawlerNames"]:
            self.glue.delete_crawler(Name=crawler)
        create_crawler(self.glue, crawler, f"s3://{bucket}/{prefix}", self.database)

    def run(self, day: date | None = None, **conf: Any) -> DagResult:
        """Run the DAG for its own date, or with parameters."""
        # A run in this process leaves its parameters in the DAG: each gets one of its own.
        sys.modules.pop("retime_dags", None)
        dag = getattr(import_module("retime_dags"), f"retime_{self.data_set}")
        for task in dag.tasks:
            task.retries = 0
        when = datetime(day.year, day.month, day.day, tzinfo=timezone.utc) if day else None
        run = run_dag(dag, logical_date=when, conf=conf)
        self.runs.append(run)
        return run

    def succeed(self, day: date | None = None, **conf: Any) -> dict[str, Any]:
        """Run the DAG, which must succeed; return its report."""
        run = self.run(day, **conf)
        assert run.state == "success", run.states
        report: dict[str, Any] = run.result("report")
        return report

    def query(self, sql: str) -> list[dict[str, str | None]]:
        """Return the rows of a query through the Athena API."""
        started = self.athena.start_query_execution(
            QueryString=sql,
            WorkGroup=self.name,
            QueryExecutionContext={"Database": self.database},
        )
        query_id = started["QueryExecutionId"]
        while True:
            execution = self.athena.get_query_execution(QueryExecutionId=query_id)
            status = execution["QueryExecution"]["Status"]
            if status["State"] not in ("QUEUED", "RUNNING"):
                break
        assert status["State"] == "SUCCEEDED", status
        bucket, key = split_location(
            execution["QueryExecution"]["ResultConfiguration"]["OutputLocation"]
        )
        # The result file: thousands of rows by pages of the API would take seconds.
        text = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        rows = csv.DictReader(io.StringIO(text)) if key.endswith(".csv") else ()
        return [{name: value or None for name, value in row.items()} for row in rows]

    def partitions(self, table: str) -> dict[tuple[str, ...], Mapping[str, Any]]:
        """Return the partitions of a table by their values."""
        pages = self.glue.get_paginator("get_partitions").paginate(
            DatabaseName=self.database, TableName=table
        )
        return {tuple(p["Values"]): p for page in pages for p in page["Partitions"]}

    def ledgers(self, table: str) -> dict[tuple[str, ...], Ledger]:
        """Return the ledgers of a table by the values of its partitions, which all have one."""
        found = {v: ledger_of(p["Parameters"]) for v, p in self.partitions(table).items()}
        assert None not in found.values(), found
        return {values: ledger for values, ledger in found.items() if ledger}

    def rows_by_ledger(self, table: str) -> dict[tuple[str, ...], int]:
        """Return how many rows each partition of a table has, as its ledger says."""
        return {values: ledger.rows for values, ledger in self.ledgers(table).items()}

    def tables(self) -> list[str]:
        """Return the names of all tables of the catalog."""
        return [t["Name"] for t in self.glue.get_tables(DatabaseName=self.database)["TableList"]]

    def column_bytes(
        self, bucket: str, prefix: str, hours: Sequence[datetime], columns: Sequence[str]
    ) -> int:
        """Return the compressed bytes of columns, with footers, of the raw files of some hours."""
        wanted, total = set(hours), 0
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for key in (entry["Key"] for page in pages for entry in page.get("Contents", ())):
            if arrival_hour_of(key) not in wanted:
                continue
            body = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            metadata = pq.read_metadata(io.BytesIO(body))
            total += int.from_bytes(body[-8:-4], "little") + 8
            for group in (metadata.row_group(n) for n in range(metadata.num_row_groups)):
                chunks = (group.column(n) for n in range(group.num_columns))
                total += sum(c.total_compressed_size for c in chunks if c.path_in_schema in columns)
        return total


def new_pipeline(aws: Aws, airflow: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """An empty account: a bucket, a database and a work group; the environment is a run's."""
    pipeline = Pipeline(aws=aws, name=f"e2e-{uuid.uuid4().hex[:10]}")
    pipeline.set_up()
    environment = {**airflow, **pipeline.settings, "RETIME_INCLUDE": str(INCLUDE)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    sleep_briefly(monkeypatch)
    return pipeline


def oracle(
    records: Sequence[Any], first: date, last: date, settings: Settings | None = None
) -> Expected:
    """Return what the dates must publish, worked out in plain Python."""
    start = datetime(first.year, first.month, first.day, tzinfo=timezone.utc)
    end = datetime.fromordinal(last.toordinal() + 1).replace(tzinfo=timezone.utc)
    return expect(records, start=start, end=end, settings=settings, landed_through=FAR)
