"""A run of the DAG without Airflow: its tasks in processes of their own, called as Airflow does.

What a task hands on is kept in a file, as Airflow keeps it in its database: a task that is killed
loses what it has not handed on.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.providers.common.compat.sdk import AirflowSkipException

from retime.airflow import runtime, tasks
from retime.airflow.late_operator import FindLateOperator
from retime.airflow.run_params import PARAMS
from retime.airflow.slice_operators import AuditOperator, PublishOperator, StageOperator
from retime.dataset.model import DataSet

Task = Callable[[Any], Any]
RETURNED = "return_value"
RETRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of a data set: who asked for it, for what, and when.

    Attributes:
        conf: parameters; a run with some is a manual one.
        day: the event date of a scheduled run.
        key: of Airflow's database; Athena knows the queries of a run by it, in all cells.
        now: the time that its tasks see.
    """

    data_set: DataSet
    run_id: str
    folder: Path
    now: datetime
    conf: dict[str, Any] = field(default_factory=dict)
    day: datetime | None = None
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def file(self) -> Path:
        """What its tasks have handed on."""
        return self.folder / f"{self.run_id}.json"

    def go_on(self, begin: Callable[[str], None]) -> None:
        """Run the tasks that have not succeeded, each a try more; the first failure is raised.

        Args:
            begin: is given the name of each task before it runs.
        """
        runtime.now = lambda: self.now
        state = _State(self.file)
        for name, task in self._tasks(state):
            if name in state.done:
                continue
            state.tries[name] = state.tries.get(name, 0) + 1
            state.save()
            begin(name)
            self._run(state, name, task)

    def clear(self) -> None:
        """Have all tasks run again, as a cleared run in Airflow."""
        state = _State(self.file)
        state.done, state.handed_on = [], {}
        state.clears += 1
        state.save()

    def _run(self, state: _State, name: str, task: Task) -> None:
        ti = _TaskInstance(state, name, self.run_id)
        run = SimpleNamespace(
            run_type="scheduled" if self.day else "manual",
            logical_date=self.day,
            data_interval_start=self.day,
            start_date=self.now,
            clear_number=state.clears,
            run_id=self.run_id,
            id=self.key,
        )
        given = {key: param.value for key, param in PARAMS.items()} | self.conf
        context = {"ti": ti, "dag_run": run, "run_id": self.run_id, "params": given}
        # A run by schedule heals: request.py; Airflow gives the DAG too.
        context["dag"] = SimpleNamespace(params=PARAMS)
        try:
            result = task(context)
        except AirflowSkipException:
            result = None
        ti.xcom_push(RETURNED, json.loads(json.dumps(result)))
        state.done.append(name)
        state.save()

    def _tasks(self, state: _State) -> Iterator[tuple[str, Task]]:
        """The tasks in order; those of slices are known when there is a plan."""
        of = self.data_set

        def returned(name: str) -> Any:
            return state.handed_on.get(name, {}).get(RETURNED)

        yield "check_raw", lambda context: tasks.check_raw(of, context)
        until = returned("check_raw")
        late = FindLateOperator(task_id="find_late", data_set=of, until=until)
        yield "find_late", late.execute
        yield (
            "plan",
            lambda context: tasks.plan_run(of, until, returned("find_late"), context),
        )
        for index, planned in enumerate(returned("plan")):
            given: dict[str, Any] = {"data_set": of, "planned": planned}
            for name, is_quarantine in (("stage", False), ("stage_quarantine", True)):
                stage = StageOperator(task_id=f"slice.{name}", is_quarantine=is_quarantine, **given)
                yield f"slice.{name}.{index}", stage.execute
            given["staged"] = returned(f"slice.stage.{index}")
            given["quarantined"] = returned(f"slice.stage_quarantine.{index}")
            audit = AuditOperator(task_id="slice.audit", **given)
            yield f"slice.audit.{index}", audit.execute
            given["audited"] = returned(f"slice.audit.{index}")
            publish = PublishOperator(task_id="slice.publish", **given)
            yield f"slice.publish.{index}", publish.execute
        yield "clean_up", lambda _: tasks.clean_up_run(of)
        yield "report", lambda context: tasks.report_run(of, context)


class _State:
    """What Airflow's database has of a run."""

    def __init__(self, file: Path) -> None:
        self._file = file
        kept = json.loads(file.read_text()) if file.exists() else {}
        self.handed_on: dict[str, dict[str, Any]] = kept.get("handed_on", {})
        self.done: list[str] = kept.get("done", [])
        self.tries: dict[str, int] = kept.get("tries", {})
        self.clears: int = kept.get("clears", 0)

    def save(self) -> None:
        """Keep it, whole."""
        names = ("handed_on", "done", "tries", "clears")
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps({name: getattr(self, name) for name in names}))
        new.replace(self._file)


class _TaskInstance:
    """What a task asks of its instance."""

    dag_id = "crash"

    def __init__(self, state: _State, name: str, run_id: str) -> None:
        self._state, self._name = state, name
        self.task_id, _, index = name.rpartition(".") if name[-1].isdigit() else (name, "", "-1")
        self.map_index, self.run_id = int(index), run_id
        self.try_number = state.tries[name]
        self.max_tries = RETRIES + state.clears

    def xcom_push(self, key: str, value: Any) -> None:
        """Hand a value on."""
        self._state.handed_on.setdefault(self._name, {})[key] = value
        self._state.save()

    def xcom_pull(self, task_ids: Any, key: str = RETURNED, map_indexes: Any = None) -> Any:
        """Return what a task handed on, or a list of what some did."""
        handed_on = self._state.handed_on
        if isinstance(task_ids, list):
            names = [name for name in handed_on if name.rpartition(".")[0] in task_ids]
            return [handed_on[name][key] for name in names if key in handed_on[name]]
        name = task_ids if map_indexes is None or map_indexes < 0 else f"{task_ids}.{map_indexes}"
        return handed_on.get(name, {}).get(key)
