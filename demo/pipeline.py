"""Run the demo's two DAG runs in this process, and print their results as JSON lines.

A process of its own: Airflow reads its settings from the environment when it is imported.
"""

import json
import sys

from demo.data import DAILY_DATE, RANGE, midnight
from demo.environment import ROOT
from demo.runs import DagResult, run_dag

DAG_ID = "retime_traffic"


def main() -> int:
    """Build one event date, then a range of them; exit code 1 if a run did not succeed."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(ROOT / "dags")
    if bag.import_errors:
        print("\n".join(bag.import_errors.values()), file=sys.stderr)
        return 1
    dag = bag.dags[DAG_ID]
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
