"""The processes of a local stack: started in groups of their own, found again, ended by pid."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from demo.environment import REGION, TRINO, Home, process_environment

_PYTHON = (sys.executable, "-W", "ignore")


class StackError(Exception):
    """The local stack is not in the state that a command needs."""


def start(
    home: Home, name: str, arguments: Sequence[str], environment: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    """Start `python -m ...` in a process group of its own, with its output in a log file."""
    home.logs.mkdir(parents=True, exist_ok=True)
    with (home.logs / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own modules
            [*_PYTHON, "-m", *arguments],
            env=process_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    (home.path / f"{name}.pid").write_text(f"{process.pid} {_started(process.pid)}")
    return process


def start_aws(home: Home, *, keep: bool) -> str:
    """Start local_aws on a free port; return its endpoint.

    With LOCAL_AWS_ENGINE=trino in the environment its Athena is on a Trino, which is started too.

    Raises:
        StackError: one of them did not come up, or there is no such engine.
    """
    home.path.mkdir(parents=True, exist_ok=True)
    arguments = ["local_aws", "--port", "0", "--port-file", str(home.path / "aws.port")]
    if keep:
        arguments += ["--data-dir", str(home.aws)]
    # local_aws needs Trino's port when it starts, and Trino needs the endpoint of local_aws.
    trino_port = str(free_port()) if is_on_trino() else ""
    if trino_port:
        arguments += ["--engine", "trino", "--trino-url", f"http://127.0.0.1:{trino_port}"]
    try:
        _start_serving(home, "aws", arguments, {}, seconds=300)
        endpoint = f"http://127.0.0.1:{home.port('aws')}"
        if trino_port:
            arguments = ["trino_server", "--endpoint", endpoint, "--region", REGION]
            arguments += ["--port", trino_port, "--port-file", str(home.path / "trino.port")]
            # The first time it is downloaded.
            _start_serving(home, "trino", arguments, {"PYTHONPATH": str(TRINO)}, seconds=1800)
    except BaseException:
        stop_aws(home)
        raise
    return endpoint


def is_on_trino() -> bool:
    """Tell whether the environment asks for Athena on a Trino.

    Raises:
        StackError: there is no such engine.
    """
    engine = os.environ.get("LOCAL_AWS_ENGINE") or "duckdb"
    if engine not in ("duckdb", "trino"):
        raise StackError(f"LOCAL_AWS_ENGINE is {engine!r}; it can be duckdb or trino.")
    return engine == "trino"


def _start_serving(
    home: Home,
    name: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    seconds: float,
) -> None:
    port_file = home.path / f"{name}.port"
    port_file.unlink(missing_ok=True)
    process = start(home, name, arguments, environment)
    wait_until(port_file.exists, process, home.logs / f"{name}.log", seconds=seconds)


def stop_aws(home: Home) -> list[str]:
    """End what `start_aws` started; return the names of what was running."""
    return [name for name in ("trino", "aws") if stop(home, name)]


def is_running(home: Home, name: str) -> bool:
    """Tell whether a process that `start` started is still there, and is that one."""
    pid, started = _noted(home, name)
    # A pid may have been given to another process since: that one began at another time.
    return pid is not None and bool(started) and _started(pid) == started


def stop(home: Home, name: str) -> bool:
    """End a process and its children; tell whether there was one."""
    pid, _ = _noted(home, name)
    was_running = is_running(home, name)
    for number, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 5)):
        deadline = time.monotonic() + seconds
        if pid is not None and is_running(home, name):
            os.killpg(pid, number)
        while is_running(home, name) and time.monotonic() < deadline:
            time.sleep(0.1)
    (home.path / f"{name}.pid").unlink(missing_ok=True)
    (home.path / f"{name}.port").unlink(missing_ok=True)
    return was_running


def wait_until(
    is_ready: object, process: "subprocess.Popen[bytes]", log: Path, *, seconds: float
) -> None:
    """Wait until a condition holds.

    Raises:
        StackError: the process ended, or it took too long; shows the end of its log.
    """
    deadline = time.monotonic() + seconds
    while not is_ready():  # type: ignore[operator]
        if process.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise StackError(f"{' '.join(map(str, process.args))} did not come up:\n{tail}")  # type: ignore[arg-type]
        time.sleep(0.1)


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Tell whether a GET of the URL succeeds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - loopback
            return bool(response.status == 200)
    except OSError:
        return False


def _noted(home: Home, name: str) -> tuple[int | None, str]:
    file = home.path / f"{name}.pid"
    pid, _, started = file.read_text().partition(" ") if file.exists() else ("", "", "")
    return (int(pid) if pid else None), started


def _started(pid: int) -> str:
    """When a process began, as ps tells it; '' if it is gone or a zombie."""
    shown = subprocess.run(  # noqa: S603
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    ).stdout.strip()
    state, _, started = shown.partition(" ")
    return "" if state.startswith("Z") else started.strip()
