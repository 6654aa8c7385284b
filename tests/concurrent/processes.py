"""Runs beside each other, each in processes of its own."""

import os
from pathlib import Path

from tests.crash.cells import finish
from tests.crash.runs import Run
from tests.crash.world import World


def begin(world: World, run: Run) -> int:
    """Begin a run; return its process, which ends with 0 if the run succeeds."""
    if (pid := os.fork()) == 0:
        status = 1
        try:
            finish(world, run)
            status = 0
        finally:
            os._exit(status)
    return pid


def log_of(folder: Path) -> str:
    """The ends of the logs of runs, for a failure."""
    return "\n".join(path.read_text()[-1500:] for path in folder.glob("*.log"))[-6000:]
