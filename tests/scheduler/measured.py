"""Times that the suite measures on its way and never asserts: they depend on the machine."""

import os
from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import Any

MEASURED: list[str] = []


def note_runs(what: str, runs: Sequence[Sequence[dict[str, Any]]]) -> None:
    """Note what runs took: from the first start to the last end of their task instances."""
    tasks = [ti for run in runs for ti in run if ti["start_date"] and ti["end_date"]]
    took = _at(tasks, "end_date", max) - _at(tasks, "start_date", min)
    worked = sum(ti["duration"] for ti in tasks)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    MEASURED.append(
        f"{what}: {took.total_seconds():.1f} s, {len(tasks)} tasks of {worked / len(tasks):.2f} s, "
        f"between two tasks {median(_gaps(runs)):.2f} s (load {load} on {os.cpu_count()} cores)"
    )


def _gaps(runs: Sequence[Sequence[dict[str, Any]]]) -> list[float]:
    """Seconds from the end of the task before to the start of a task, where nothing else ran."""
    gaps = []
    for run in runs:
        tasks = sorted((ti for ti in run if ti["start_date"]), key=lambda ti: ti["start_date"])
        for number, ti in enumerate(tasks[1:], 1):
            before = max(_time(t["end_date"]) for t in tasks[:number])
            gap = (_time(ti["start_date"]) - before).total_seconds()
            if gap > 0:
                gaps.append(gap)
    return gaps


def _at(tasks: Sequence[dict[str, Any]], name: str, choose: Any) -> datetime:
    found: datetime = choose(_time(ti[name]) for ti in tasks)
    return found


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
