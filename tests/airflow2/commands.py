"""Airflow 2 in an environment of its own, driven by its command line as users do."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from demo.environment import ROOT
from tests.scheduler.processes import run_to_end, session_of, signal_all

PYTHON = ROOT / ".venv-airflow2" / "bin" / "python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Airflow2:
    """The `airflow` command, with everything that its processes see."""

    environment: Mapping[str, str]
    folder: Path

    def given(self, settings: Mapping[str, str]) -> "Airflow2":
        """Return the same Airflow with other settings."""
        return replace(self, environment={**self.environment, **settings})

    def python(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a Python of that environment; output and errors come as one text."""
        return run_to_end(
            [str(PYTHON), "-W", "ignore", *arguments],
            seconds=600,
            env=dict(self.environment),
            cwd=self.folder,
            stderr=subprocess.STDOUT,
        )

    def succeed(self, *arguments: str) -> str:
        """Run a command, which must succeed; return what it says."""
        done = self.python("-m", "airflow", *arguments)
        assert done.returncode == 0, done.stdout[-8000:]
        return done.stdout

    def fail(self, *arguments: str) -> str:
        """Run a command, which must fail; return what it says."""
        done = self.python("-m", "airflow", *arguments)
        assert done.returncode == 1, done.stdout[-8000:]
        return done.stdout

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        """Return what a command lists."""
        printed = self.succeed(*arguments, "--output", "json").splitlines()
        return list(json.loads(next((line for line in printed if line.startswith("[{")), "[]")))

    def states(self, dag_id: str, day: date) -> dict[tuple[str, int], str]:
        """Return the states of the task instances of the run of a date, that are not skipped."""
        rows = self.rows("tasks", "states-for-dag-run", dag_id, f"{day}T00:00:00+00:00")
        indexed = {(row["task_id"], int(row.get("map_index") or -1)): row["state"] for row in rows}
        return {key: state for key, state in indexed.items() if state != "skipped"}

    def logs(self, dag_id: str, day: date, task_id: str) -> list[str]:
        """Return what the first slice's tries of a task of a date logged, a text each."""
        folder = Path(self.environment["AIRFLOW_HOME"]) / "logs"
        found = folder.glob(
            f"dag_id={dag_id}/run_id=*{day}*/task_id={task_id}/map_index=0/attempt=?.log"
        )
        return [path.read_text() for path in sorted(found)]

    @contextmanager
    def running(self, component: str) -> Iterator[Path]:
        """Run a component meanwhile; give the file with what it prints."""
        log = self.folder / f"{component}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [str(PYTHON), "-W", "ignore", "-m", "airflow", component, "--skip-serve-logs"],
                env=dict(self.environment),
                cwd=self.folder,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield log
        finally:
            signal_all(session_of(process.pid), 9)
            process.wait()
