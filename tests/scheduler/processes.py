"""Airflow as users have it: its four components, each a process that tests may kill or pause."""

import os
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from demo.environment import Home
from demo.processes import answers, start, wait_until

COMPONENTS = {
    "scheduler": ["--skip-serve-logs"],
    "dag-processor": [],
    "triggerer": ["--skip-serve-logs"],
}
LOCAL_SETTINGS = Path(__file__).with_name("airflow_local_settings.py")


class Airflow:
    """The components; all are gone when the `with` block ends."""

    def __init__(self, home: Home, environment: Mapping[str, str], port: int) -> None:
        self.home, self.environment, self.port = home, environment, port
        self.started: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Airflow":
        config = self.home.airflow / "config"
        config.mkdir(parents=True)
        (config / LOCAL_SETTINGS.name).write_bytes(LOCAL_SETTINGS.read_bytes())
        try:
            migrate = self._start("migrate", ["airflow", "db", "migrate"])
            assert migrate.wait() == 0, self.log("migrate")
            for name in ("api-server", *COMPONENTS):
                self.start(name)
            self.wait_until_healthy()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self.started):
            self.kill(name)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, name: str) -> None:
        """Start a component."""
        arguments = ["airflow", name, *COMPONENTS.get(name, [])]
        if name == "api-server":
            arguments += ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        self._start(name, arguments)

    def kill(self, name: str) -> None:
        """End a component and all its children at once, as a machine that dies does."""
        process = self.started.pop(name)
        signal_all(session_of(process.pid), signal.SIGKILL)
        process.wait()

    def pause(self, name: str) -> None:
        """Stop a component and its children from doing anything."""
        signal_all(session_of(self.started[name].pid), signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let them go on."""
        signal_all(session_of(self.started[name].pid), signal.SIGCONT)

    def task_process(self, ti_id: str) -> int:
        """Return the process in which a task instance runs."""
        title = f"airflow worker -- {ti_id}"
        pids = [pid for pid, of in _titles(self.started["scheduler"].pid) if of == title]
        assert len(pids) == 1, f"{ti_id} runs in {pids}"
        return pids[0]

    def wait_until_healthy(self) -> None:
        """Wait until the API server answers."""
        wait_until(
            lambda: answers(f"{self.url}/api/v2/monitor/health"),
            self.started["api-server"],
            self.home.logs / "api-server.log",
            seconds=180,
        )

    def log(self, name: str) -> str:
        """What a component printed."""
        return (self.home.logs / f"{name}.log").read_text(errors="replace")

    def _start(self, name: str, arguments: list[str]) -> "subprocess.Popen[bytes]":
        process = start(self.home, name, arguments, self.environment)
        if name != "migrate":
            self.started[name] = process
        return process


def run_to_end(
    command: Sequence[str], *, seconds: float, **options: Any
) -> "subprocess.CompletedProcess[str]":
    """Run a command; nothing that it began is left, also when it takes too long.

    Raises:
        TimeoutExpired: it took longer.
    """
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    with subprocess.Popen(command, text=True, start_new_session=True, **options) as process:
        try:
            printed, errors = process.communicate(timeout=seconds)
        finally:
            signal_all(session_of(process.pid), signal.SIGKILL)
    return subprocess.CompletedProcess(command, process.returncode, printed, errors)


def session_of(leader: int) -> list[int]:
    """The processes that a process began, and it: Airflow's are in groups of their own."""
    return [pid for pid, _ in _titles(leader)]


def parent_of(pid: int) -> int:
    """The process that began another: of a task, the worker that supervises it."""
    shown = subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True)
    return int(shown.stdout)


def signal_all(pids: Iterable[int], number: int) -> None:
    """Send a signal to processes, which may be gone by now."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _titles(leader: int) -> Iterator[tuple[int, str]]:
    shown = subprocess.run(
        ["ps", "-o", "pid=,args=", "-ww", "-s", str(leader)], capture_output=True, text=True
    ).stdout
    for line in shown.splitlines():
        pid, _, title = line.strip().partition(" ")
        yield int(pid), title
