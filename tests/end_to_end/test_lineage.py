"""What OpenLineage is told of a run: the raw and the published tables, not the staging tables."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from demo.environment import REGION, ROOT
from tests.end_to_end.events import MIDNIGHT

# Airflow reads where lineage goes when it is imported: a process of its own.
RUN = """
import sys
from datetime import datetime
from demo.runs import run_dag
from retime_dags import retime_traffic
run = run_dag(retime_traffic, logical_date=datetime.fromisoformat(sys.argv[1]))
sys.exit(run.state != "success")
"""


def run_and_listen(folder: Path) -> list[dict[str, Any]]:
    """Build the date with OpenLineage on; return what it was told, in order."""
    told = {"type": "file", "log_file_path": str(folder / "event"), "append": False}
    environment = os.environ | {
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(told),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'dags'}",
    }
    command = [sys.executable, "-W", "ignore", "-c", RUN, MIDNIGHT.isoformat()]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return [json.loads(path.read_text()) for path in sorted(folder.glob("event*"))]


def test_lineage_is_from_the_raw_table_to_the_published_ones(traffic, tmp_path) -> None:
    events = run_and_listen(tmp_path)

    complete = [event for event in events if event["eventType"] == "COMPLETE"]
    jobs = {event["job"]["name"].removeprefix("retime_traffic."): event for event in complete}
    assert {"slice.stage", "slice.stage_quarantine", "slice.audit", "slice.publish"} <= set(jobs)
    with_tables = {name for name, event in jobs.items() if event["inputs"] or event["outputs"]}
    assert with_tables == {"slice.publish"}
    publish = jobs["slice.publish"]
    database = f"AwsDataCatalog.{traffic.database}"
    assert [table["name"] for table in publish["inputs"]] == [f"{database}.traffic_raw"]
    assert [table["name"] for table in publish["outputs"]] == [
        f"{database}.traffic",
        f"{database}.traffic_quarantine",
    ]
    for table in publish["inputs"] + publish["outputs"]:
        assert table["namespace"] == f"awsathena://athena.{REGION}.amazonaws.com"
    (place,) = publish["outputs"][0]["facets"]["symlinks"]["identifiers"]
    assert (place["namespace"], place["name"]) == (f"s3://{traffic.name}", "traffic")
    fields = publish["outputs"][0]["facets"]["schema"]["fields"]
    assert {"name": "currentspeed", "type": "double"}.items() <= fields[2].items()
    queries = {
        jobs[f"slice.{name}"]["run"]["facets"]["externalQuery"]["externalQueryId"]
        for name in ("stage", "stage_quarantine", "audit")
    }
    assert len(queries) == 3
    assert "traffic__" not in json.dumps([e["inputs"] + e["outputs"] for e in events])
