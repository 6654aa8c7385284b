"""A local AWS in a process of its own, which no fork of the tests has threads of."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.environment import Home, airflow_environment
from demo.processes import start_aws, stop_aws
from local_aws.testing import Aws
from tests.airflow_home import HOME
from tests.crash.incidents import KINDS


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    """`python -m local_aws`, and the environment that tasks need to call it."""
    home = Home(path=Path(tempfile.mkdtemp(prefix="retime-crash-")))
    endpoint = start_aws(home, keep=False)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in airflow_environment(HOME, endpoint).items():
            patch.setenv(name, value)
        patch.setenv("RETIME_POLL_SECONDS", "0.02")
        yield Aws(endpoint=endpoint)
    stop_aws(home)
    shutil.rmtree(home.path, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the matrix: how many calls each incident happened at, and how many went wrong."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    cells = [value for r in reports for name, value in r.user_properties if name == "cells"]
    found = {(name.removesuffix(f"-{kind}"), kind): counts for name, kind, *counts in cells}
    benches = sorted({bench for bench, _ in found})
    if not found:
        return
    terminalreporter.section("crash matrix: cells, and those that went wrong")
    rows = [["", *benches, ""]]
    for kind, what in KINDS.items():
        counts = [found.get((bench, kind)) for bench in benches]
        shown = [f"{c[0]}, {c[1]}" if c else "" for c in counts]
        rows.append([kind, *shown, what])
    widths = [max(map(len, column)) + 2 for column in zip(*rows, strict=True)]
    for row in rows:
        texts = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        terminalreporter.write_line("".join(texts).rstrip())
    total, wrong = (sum(counts[n] for counts in found.values()) for n in (0, 1))
    terminalreporter.write_line(f"{total} cells, {wrong} went wrong")
