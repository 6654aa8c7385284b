"""Run the demo's two DAG runs in this process, and print their results as JSON lines.

A process of its own: Airflow reads its settings from the environment when it is imported.
"""

import json
import sys
from importlib import import_module

from demo.data import DAILY_DATE, RANGE, midnight
from demo.environment import ROOT
from demo.runs import DagResult, run_dag


def main() -> int:
    """Build one event date, then a range of them; exit code 1 if a run did not succeed."""
    sys.path.append(str(ROOT / "dags"))
    dag = import_module("retime_dags").retime_traffic
    first, last = map(str, RANGE)
    runs = (
        {"logical_date": midnight(DAILY_DATE)},
        {"conf": {"start_date": first, "end_date": last}},
    )
    with open(sys.argv[1], "w", encoding="utf-8") as results:  # noqa: PTH123
        for arguments in runs:
            run = run_dag(dag, **arguments)
            print(json.dumps(_told(run)), file=results, flush=True)
            if run.state != "success":
                return 1
    return 0


def _told(run: DagResult) -> dict[str, object]:
    is_done = run.state == "success"
    return {"state": run.state, "report": run.result("report") if is_done else None}


if __name__ == "__main__":
    sys.exit(main())
