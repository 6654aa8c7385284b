"""The page of the demo's dates, written as anyone would: by the command line."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from demo.data import FIRST_DATE, LAST_DATE
from demo.environment import ROOT, process_environment
from demo.processes import StackError


def write_page(environment: Mapping[str, str], file: Path) -> str:
    """Write the page of the traffic table to a file; return the states of its dates in a line.

    Raises:
        StackError: it could not be written.
    """
    folders = os.pathsep.join((str(ROOT), str(ROOT / "dags")))
    command = ("coverage", "traffic", str(FIRST_DATE), str(LAST_DATE), "--html", str(file))
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-W", "ignore", "-m", "retime", *command],
        env=process_environment({**environment, "PYTHONPATH": folders}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"the page was not written: {done.stderr.strip()}")
    return done.stdout.partition("; page:")[0]
