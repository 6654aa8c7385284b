"""Airflow of the local stack: its database, its four components, and what they need to meet."""

import subprocess
from collections.abc import Mapping

from demo.environment import Home
from demo.processes import StackError, answers, free_port, start, wait_until

AIRFLOW_COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
# Airflow's own log servers listen on all interfaces, and files on this machine need none.
_ARGUMENTS = {
    "scheduler": ["--skip-serve-logs"],
    "dag-processor": [],
    "triggerer": ["--skip-serve-logs"],
}


def prepare_airflow(home: Home, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Begin to create or upgrade Airflow's database; `finish` waits for it."""
    return start(home, "migrate", ["airflow", "db", "migrate"], environment)


def finish(home: Home, name: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait for a process.

    Raises:
        StackError: it failed; shows the end of its log.
    """
    if process.wait():
        log = (home.logs / f"{name}.log").read_text(errors="replace").splitlines()
        end = f"{name} failed; its log is {home.logs / name}.log"
        raise StackError("\n".join([*log[-25:], end]))


def start_airflow(home: Home, environment: Mapping[str, str]) -> str:
    """Start Airflow's components on loopback; return the address of the UI."""
    port = home.port("api-server") or free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {**environment, **api_environment(port)}
    (home.path / "api-server.port").write_text(str(port))
    api = ["airflow", "api-server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    process = start(home, "api-server", api, environment)
    for name, arguments in _ARGUMENTS.items():
        start(home, name, ["airflow", name, *arguments], environment)
    wait_until(
        lambda: answers(f"{url}/api/v2/monitor/health"),
        process,
        home.logs / "api-server.log",
        seconds=300,
    )
    return url


def api_environment(port: int) -> dict[str, str]:
    """Return what Airflow's processes need to meet their API server."""
    return {
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
    }
