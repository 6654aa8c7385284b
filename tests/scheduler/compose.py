"""docker-compose.yaml without Docker: its commands, environments and health checks, as processes.

Names of services become addresses of this machine, folders of containers folders below one folder,
with copies of what is mounted there and nothing else, an image its program, PostgreSQL's image a
cluster.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import yaml

from demo.environment import ROOT
from demo.processes import free_port
from tests.scheduler.postgres import BINARIES, Postgres
from tests.scheduler.processes import session_of, signal_all

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())[
    "services"
]
VARIABLE = re.compile(r"\$\{(\w+)(?::[-?]([^}]*))?\}")
SECONDS = 300
# Airflow's own log servers would listen on all interfaces.
LOOPBACK = {"scheduler": ["--skip-serve-logs"], "triggerer": ["--skip-serve-logs"]}


def _mounts() -> set[tuple[str, str]]:
    """The folders of the repository that are mounted, and where."""
    volumes = (volume.split(":") for s in SERVICES.values() for volume in s.get("volumes", ()))
    return {(source, target) for source, target, *_ in volumes if source.startswith(".")}


class Compose:
    """`docker compose up`, as far as it goes."""

    def __init__(self, folder: Path, postgres: Postgres, secrets: dict[str, str]) -> None:
        self._folder, self._started = folder, dict[str, "subprocess.Popen[bytes]"]()
        self._ports = {name: str(free_port()) for name in ("local-aws", "api-server", "health")}
        address = urlsplit(postgres.url)
        self._server, self._password = f"127.0.0.1:{address.port}", str(address.password)
        for source, target in _mounts():
            shutil.copytree(ROOT / source, self._inside(target))
        self._given = {**secrets, "POSTGRES_PASSWORD": self._password}
        # The variables of the image of PostgreSQL make it.
        database = psycopg2.connect(postgres.url.replace("+psycopg2", ""))
        database.autocommit = True
        database.cursor().execute(
            f"CREATE DATABASE {SERVICES['postgres']['environment']['POSTGRES_DB']}"
        )
        database.close()

    def __enter__(self) -> "Compose":
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._started):
            self.stop(name)

    @property
    def aws(self) -> str:
        """The address of local_aws."""
        return f"http://127.0.0.1:{self._ports['local-aws']}"

    @property
    def api(self) -> str:
        """The address of Airflow's API server."""
        return f"http://127.0.0.1:{self._ports['api-server']}"

    def up(self) -> None:
        """Start each service once those that it waits for are healthy, or have ended well."""
        waiting = dict(SERVICES)
        while waiting:
            ready = [
                n for n, s in waiting.items() if not set(s.get("depends_on", ())) & set(waiting)
            ]
            for name in ready:
                self.start(name)
            for name in ready:
                self.wait_for(name)
                del waiting[name]

    def start(self, name: str) -> None:
        """Start a service."""
        if name == "postgres":
            return
        with (self._folder / f"{name}.log").open("ab") as log:
            self._started[name] = subprocess.Popen(
                [*self._program(name), *LOOPBACK.get(name, [])],
                env=self._environment(name),
                cwd=self._inside(SERVICES[name].get("working_dir", "/opt/airflow")),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_for(self, name: str) -> None:
        """Wait until a service is healthy, or, if it runs once, has ended well."""
        deadline = time.monotonic() + SECONDS
        while not self._is_ready(name):
            assert time.monotonic() < deadline, f"{name} is not ready:\n{self.log(name)}"
            time.sleep(1)

    def stop(self, name: str) -> None:
        """End a service as Docker does that loses patience."""
        process = self._started.pop(name)
        signal_all(session_of(process.pid), signal.SIGKILL)
        process.wait()

    def log(self, name: str) -> str:
        """The end of what a service printed."""
        log = self._folder / f"{name}.log"
        return log.read_text(errors="replace")[-4000:] if log.exists() else ""

    def _is_ready(self, name: str) -> bool:
        process = self._started.get(name)
        ended = process.poll() if process else None
        if SERVICES[name]["restart"] == "no":
            assert ended in (None, 0), self.log(name)
            return ended == 0
        assert ended is None, self.log(name)
        return self.check(name) == 0

    def check(self, name: str) -> int:
        """Run the health check of a service once; return its exit code."""
        kind, *command = SERVICES[name]["healthcheck"]["test"]
        assert kind == "CMD"
        done = subprocess.run(
            self._command(command), env=self._environment(name), capture_output=True
        )
        return done.returncode

    def _program(self, name: str) -> list[str]:
        command = SERVICES[name]["command"]
        # The entrypoint of Airflow's image.
        is_airflow = SERVICES[name]["image"].startswith("apache/airflow:")
        return self._command(["airflow", *command] if is_airflow else command)

    def _command(self, words: Sequence[str]) -> list[str]:
        name, *arguments = words
        python = [sys.executable, "-W", "ignore"]
        program = {"python": python, "airflow": [*python, "-m", "airflow"]}.get(name, [name])
        return [*program, *map(self._local, arguments)]

    def _environment(self, name: str) -> dict[str, str]:
        given = SERVICES[name]["environment"]
        path = f"{Path(sys.executable).parent}{os.pathsep}{sorted(BINARIES.glob('*/bin'))[-1]}"
        host, _, port = self._server.partition(":")
        return {
            "PATH": f"{path}{os.pathsep}/usr/bin:/bin",
            "HOME": str(self._folder),
            "PGHOST": host,
            "PGPORT": port,
            "AIRFLOW_HOME": str(self._inside("/opt/airflow")),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": self._ports["api-server"],
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST": "127.0.0.1",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": self._ports["health"],
            **{key: self._local(value) for key, value in given.items()},
        }

    def _inside(self, path: str) -> Path:
        return self._folder / path.lstrip("/")

    def _local(self, text: str) -> str:
        aws, api = self._ports["local-aws"], self._ports["api-server"]
        whole = {"5000": aws, "0.0.0.0": "127.0.0.1", "/data": str(self._inside("/data"))}
        places = {
            "@postgres/": f"@{self._server}/",
            "//local-aws:5000": f"//127.0.0.1:{aws}",
            "127.0.0.1:5000/": f"127.0.0.1:{aws}/",
            "//api-server:8080": f"//127.0.0.1:{api}",
            "127.0.0.1:8080/": f"127.0.0.1:{api}/",
            "127.0.0.1:8974/": f"127.0.0.1:{self._ports['health']}/",
            "/opt/airflow/": f"{self._inside('/opt/airflow')}/",
        }
        told = VARIABLE.sub(lambda match: self._given.get(match[1], match[2]), text)
        for there, here in places.items():
            told = told.replace(there, here)
        return whole.get(told, told)
