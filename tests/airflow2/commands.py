"""Airflow 2 in an environment of its own, driven by its command line as users do."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from demo.environment import ROOT

PYTHON = ROOT / ".venv-airflow2" / "bin" / "python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Airflow2:
    """The `airflow` command, with everything that its processes see."""

    environment: Mapping[str, str]
    folder: Path

    def python(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a Python of that environment; output and errors come as one text."""
        return subprocess.run(
            [str(PYTHON), "-W", "ignore", *arguments],
            env=dict(self.environment),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=280,
        )

    def fail(self, *arguments: str) -> str:
        """Run a command, which must fail; return what it says."""
        done = self.python("-m", "airflow", *arguments)
        assert done.returncode == 1, done.stdout[-8000:]
        return done.stdout

    def succeed(self, *arguments: str) -> str:
        """Run a command, which must succeed; return what it says."""
        done = self.python("-m", "airflow", *arguments)
        assert done.returncode == 0, done.stdout[-8000:]
        return done.stdout

    def states(self, day: date) -> dict[tuple[str, int], str]:
        """Return the states of the task instances of the run of a date, that are not skipped."""
        command = ("tasks", "states-for-dag-run", "retime_traffic", f"{day}T00:00:00+00:00")
        printed = self.succeed(*command, "--output", "json")
        rows = json.loads(next(x for x in printed.splitlines() if x.startswith("[{")))
        indexed = {(row["task_id"], int(row.get("map_index") or -1)): row["state"] for row in rows}
        return {key: state for key, state in indexed.items() if state != "skipped"}
