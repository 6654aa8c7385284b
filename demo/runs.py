"""Run a DAG in this process, as `airflow dags test` does, and tell what its tasks returned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class DagResult:
    """A finished run: its state, the states of its tasks, and what the tasks returned."""

    run_id: str
    state: str
    states: Mapping[tuple[str, int], str]
    returned: Mapping[tuple[str, int], Any]

    def result(self, task_id: str) -> Any:
        """Return what an unmapped task returned."""
        return self.returned[task_id, -1]


def run_dag(
    dag: Any, *, logical_date: datetime | None = None, conf: Mapping[str, Any] | None = None
) -> DagResult:
    """Run a DAG; Airflow's database must exist."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    when = logical_date or datetime.now(timezone.utc)
    run = dag.test(logical_date=when, run_conf=dict(conf or {}))
    with create_session() as session:
        wanted = XComModel.get_many(run_id=run.run_id, dag_ids=dag.dag_id, key="return_value")
        returned = {
            (row.task_id, row.map_index): XComModel.deserialize_value(row)
            for row in session.scalars(wanted)
        }
    states = {(ti.task_id, ti.map_index): str(ti.state) for ti in run.get_task_instances()}
    return DagResult(run_id=run.run_id, state=str(run.state), states=states, returned=returned)
