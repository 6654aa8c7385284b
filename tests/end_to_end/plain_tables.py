"""Tables of the layout `hive`: the data set `plain`, its crawler, and how readers see it."""

import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset as ds
from fsspec.implementations.arrow import ArrowFSWrapper
from pyarrow.fs import S3FileSystem

from demo.environment import REGION, ROOT
from tests.end_to_end.pipeline import Pipeline
from tests.oracle import typed_row

CRAWLER = "retime_plain"
CRAWLED = f"published:\n  layout: hive\n  crawler: {CRAWLER}\n"
Seen = dict[str, Counter[tuple[Any, ...]]]
"""The rows of each hour, as a reader sees them."""


def give_layout(include: Path, published: str) -> None:
    """Write the data set, of the layout that its section `published` says."""
    (include / "datasets").mkdir(exist_ok=True)
    sql = ROOT / "include" / "sql" / "traffic"
    shutil.copytree(sql, include / "sql" / "plain", dirs_exist_ok=True)
    text = (ROOT / "include" / "datasets" / "traffic.yaml").read_text()
    for old, new in (
        ("name: traffic\n", "name: plain\n"),
        ("table: traffic\n", "table: plain\n"),
        ("traffic_quarantine", "plain_quarantine"),
        ("_bucket}/traffic/", "_bucket}/plain/"),
        ("published:\n", published),
    ):
        assert old in text
        text = text.replace(old, new)
    (include / "datasets" / "plain.yaml").write_text(text)


def crawl(glue: Any) -> None:
    """Run the crawler over the published table, as a schedule of its own would."""
    glue.start_crawler(Name=CRAWLER)
    while (found := glue.get_crawler(Name=CRAWLER)["Crawler"])["State"] != "READY":
        time.sleep(0.01)
    assert found["LastCrawl"]["Status"] == "SUCCEEDED"


def by_catalog(pipeline: Pipeline) -> Seen:
    """What Athena reads."""
    return by_hour([typed_row(row) for row in pipeline.query("SELECT * FROM plain")])


def by_pyarrow(pipeline: Pipeline) -> Seen:
    """What pyarrow reads below the location."""
    files = ds.dataset(
        f"{pipeline.name}/plain/", format="parquet", partitioning="hive", filesystem=_s3(pipeline)
    )
    return by_hour(files.to_table().to_pylist())


def by_duckdb(pipeline: Pipeline) -> Seen:
    """What DuckDB reads below the location, whatever the depth; it has no S3 of its own here."""

    class Files(ArrowFSWrapper):
        protocol = ("arrow",)

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return path.removeprefix("arrow://")

    with duckdb.connect() as connection:
        connection.register_filesystem(Files(_s3(pipeline)))
        files = f"'arrow://{pipeline.name}/plain/**/*.parquet'"
        found = connection.execute(f"SELECT * FROM read_parquet({files}, hive_partitioning = true)")
        names = [column[0] for column in found.description]
        return by_hour([dict(zip(names, row, strict=True)) for row in found.fetchall()])


def by_hour(rows: list[dict[str, Any]]) -> Seen:
    """Rows by their hour, without the one column that only files have."""
    seen: Seen = {}
    for row in rows:
        columns = sorted((name, value) for name, value in row.items() if name != "event_count")
        seen.setdefault(str(row["hour"]), Counter())[tuple(columns)] += 1
    return seen


def _s3(pipeline: Pipeline) -> S3FileSystem:
    return S3FileSystem(
        endpoint_override=pipeline.aws.endpoint,
        region=REGION,
        access_key="local",
        secret_key="local",
    )
