"""A data set of clicks in an account of its own, and runs of it without Airflow."""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import yaml

from demo.account import client
from demo.environment import REGION
from retime.aws import Clients, get_query_status, get_rows, start_query
from retime.calendar.slices import Slice
from retime.dataset.deployment import Deployment, deploy
from retime.dataset.reader import load_data_set
from retime.dataset.settings import read_settings, resolve_location
from retime.planning.plan import plan_dates
from retime.published.generations import new_generation
from retime.published.publish import publish_slice
from retime.raw.partitions import describe_strays, ensure_registered
from retime.statements.absent import describe_absent
from retime.statements.audit import audit_statement, conclude_audit
from retime.statements.staging import begin_stage, conclude_stage
from retime.statements.validation import validate_statements

DATE = date(2024, 5, 1)
NOW = datetime(2024, 5, 20, tzinfo=timezone.utc)
EVENTS = """SELECT
    {{ arrival }},
    {{ found("event_id", "occurred_at") }} AS record,
    {{ event_time_iso8601("occurred_at") }} AS event_time,
    {{ string("event_id") }} AS event_id,
    {{ string("action") }} AS action,
    TRUE AS is_kept
FROM {{ raw }}
WHERE {{ arrived }}
"""
TRANSFORM = """SELECT
    event_id,
    action,
    event_time AS happened,
    1 AS event_count
FROM events
"""
COLUMNS = {"event_id": "string", "occurred_at": "string", "action": "string"}
DEFAULT_KEYS = {"year": "string", "month": "string", "day": "string", "hour": "string"}
OPENX = "org.openx.data.jsonserde.JsonSerDe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What came of a run: published rows, by what their statement gives, and remarks."""

    rows: list[dict[str, str | None]]
    quarantine: list[dict[str, str | None]]
    remarks: list[str]
    quarantined: int


class Clicks:
    """A data set in a bucket, a database and a work group of its own."""

    def __init__(self, endpoint: str, folder: Path) -> None:
        self.name = f"clicks{uuid.uuid4().hex[:8]}"
        self.folder = folder
        self.clients = Clients(
            s3=client("s3", endpoint),
            glue=client("glue", endpoint),
            athena=client("athena", endpoint),
        )
        self.clients.s3.create_bucket(
            Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        self.clients.glue.create_database(DatabaseInput={"Name": self.name})
        self.clients.athena.create_work_group(
            Name=self.name,
            Configuration={"ResultConfiguration": {"OutputLocation": f"s3://{self.name}/results/"}},
        )
        self.values: dict[str, Any] = {
            "name": "clicks",
            "description": "Clicks",
            "start_date": DATE,
            "raw": {"table": "clicks_raw", "location": "s3://${raw_bucket}/raw/"},
            "events": {
                "deduplicate": {"by": ["event_id", "event_time"], "latest": ["action"]},
                "earliest": date(2020, 1, 1),
                "max_lateness_hours": 24,
            },
            "published": {
                "table": "clicks",
                "location": "s3://${published_bucket}/clicks/",
                "event_time": "happened",
                "columns": {"event_id": "string", "action": "string", "happened": "bigint"},
            },
            "quarantine": {
                "table": "clicks_quarantine",
                "location": "s3://${published_bucket}/clicks_quarantine/",
                "max_percent": 100,
            },
        }
        self.builds = 0
        self.events = EVENTS
        self.transform = TRANSFORM

    # What there is before a run.

    def put(self, key: str, *records: Any, body: bytes | None = None) -> None:
        """Land records as lines of JSON, or bytes, below raw/."""
        lines = (r if isinstance(r, str) else json.dumps(r) for r in records)
        data = "".join(f"{line}\n" for line in lines).encode() if body is None else body
        self.clients.s3.put_object(Bucket=self.name, Key=f"raw/{key}", Body=data)

    def create_raw(
        self,
        columns: Mapping[str, str] = COLUMNS,
        keys: Mapping[str, str] = DEFAULT_KEYS,
        *,
        serde: str = OPENX,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Declare the raw table, of JSON lines."""
        self.clients.glue.create_table(
            DatabaseName=self.name,
            TableInput={
                "Name": "clicks_raw",
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {"classification": "json", **(properties or {})},
                "PartitionKeys": [{"Name": n, "Type": t} for n, t in keys.items()],
                "StorageDescriptor": {
                    "Columns": [{"Name": n, "Type": t} for n, t in columns.items()],
                    "Location": f"s3://{self.name}/raw/",
                    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
                    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                    "SerdeInfo": {"SerializationLibrary": serde, "Parameters": {}},
                },
            },
        )

    def crawl(self, **settings: Any) -> None:
        """Crawl raw/, with a crawler that is made if there is none."""
        glue = self.clients.glue
        if self.name not in glue.list_crawlers()["CrawlerNames"]:
            glue.create_crawler(
                Name=self.name,
                Role="crawler",
                DatabaseName=self.name,
                TablePrefix="clicks_",
                Targets={"S3Targets": [{"Path": f"s3://{self.name}/raw/"}]},
                **settings,
            )
        self.wait_for_crawl(self.name)
        self.values["raw"]["crawler"] = self.name

    def wait_for_crawl(self, crawler: str) -> None:
        """Run a crawler to its end."""
        glue = self.clients.glue
        glue.start_crawler(Name=crawler)
        while glue.get_crawler(Name=crawler)["Crawler"]["State"] != "READY":
            time.sleep(0.05)

    # A run.

    def write(self) -> Path:
        """The files of the data set; the path of the first."""
        for name, text in (("events", self.events), ("transform", self.transform)):
            path = self.folder / "sql" / "clicks" / f"{name}.sql"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        path = self.folder / "datasets" / "clicks.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(self.values, sort_keys=False))
        return path

    def deploy(self, path: Path) -> Deployment:
        """A data set as its files say, in this account."""
        given = {
            "database": self.name,
            "workgroup": self.name,
            "raw_bucket": self.name,
            "published_bucket": self.name,
        }
        return deploy(
            load_data_set(path),
            read_settings(given.get),
            self.clients,
            lambda location: resolve_location(location, given.get),
        )

    def build(
        self, first: date = DATE, last: date | None = None, *, path: Path | None = None
    ) -> Built:
        """Build dates of the data set, or of the one of a file, as the tasks of a run do."""
        self.builds += 1
        now = NOW + self.builds * timedelta(hours=1)
        deployment = self.deploy(path or self.write())
        dates = Slice(first_date=first, last_date=last or first, zone=deployment.data_set.zone)
        windows = [deployment.data_set.window_of(dates)]
        landed = ensure_registered(deployment, windows, now, None)
        remarks = [
            describe_strays(deployment, landed.strays),
            describe_absent(deployment, landed.hours),
        ]
        validate_statements(deployment)
        quarantined = 0
        for planned in plan_dates(deployment, dates.dates, landed.until, now):
            stages = []
            for number, is_quarantine in enumerate((False, True)):
                generation = new_generation(now, f"{uuid.uuid4().hex[:7]}{number}")
                statement, made = begin_stage(
                    deployment,
                    planned.slice_,
                    planned.window,
                    generation,
                    is_quarantine=is_quarantine,
                )
                stages.append(conclude_stage(deployment, made, self.query(statement)))
            staged, unusable = stages
            plan = planned.slice_, planned.window
            audit = self.query(audit_statement(deployment, *plan, staged, unusable))
            audited = conclude_audit(deployment, *plan, staged, unusable, audit)
            published = publish_slice(
                deployment, *plan, planned.landed, staged, unusable, audited, run_id="r", now=now
            )
            quarantined += published.counts.quarantined
        return Built(
            rows=self.rows(deployment.data_set.published.name),
            quarantine=self.rows(deployment.data_set.quarantine.name),
            remarks=[remark for remark in remarks if remark],
            quarantined=quarantined,
        )

    def query(self, statement: str) -> str:
        """Run a statement to its success; its id."""
        athena = self.clients.athena
        query_id = start_query(athena, statement, self.name, self.name)
        while (status := get_query_status(athena, query_id)).state in ("QUEUED", "RUNNING"):
            time.sleep(0.02)
        assert status.state == "SUCCEEDED", status.reason
        return query_id

    def rows(self, table: str) -> list[dict[str, str | None]]:
        """The rows of a table that is there, in an order of their own."""
        names = [
            t["Name"] for t in self.clients.glue.get_tables(DatabaseName=self.name)["TableList"]
        ]
        if table not in names:
            return []
        found = get_rows(self.clients.athena, self.query(f'SELECT * FROM "{self.name}"."{table}"'))
        return sorted(found, key=str)
