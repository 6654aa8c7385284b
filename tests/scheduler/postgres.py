"""A PostgreSQL cluster of its own: in a temporary directory, on a free port of loopback."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from demo.processes import free_port

BINARIES = Path("/usr/lib/postgresql")
# Nothing here has to survive the machine.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
}


class Postgres:
    """A cluster that lives as long as the `with` block."""

    def __enter__(self) -> "Postgres":
        self._folder = Path(tempfile.mkdtemp(prefix="retime-postgres-"))
        self.port, self._password = free_port(), secrets.token_hex(16)
        password_file = self._folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            for path in (self._folder, password_file):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        self._init(password_file)
        command = [str(_binary("postgres")), "-D", str(self._data), "-p", str(self.port)]
        for name, value in SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*_unprivileged(), *command], stdout=log, stderr=log, start_new_session=True
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # A fast shutdown: sessions are ended.
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """What Airflow connects to; its other driver is derived from it."""
        return f"postgresql+psycopg2://airflow:{self._password}@127.0.0.1:{self.port}/postgres"

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _init(self, password_file: Path) -> None:
        command = [str(_binary("initdb")), "-D", str(self._data), "-U", "airflow", "-A"]
        command += ["scram-sha-256", f"--pwfile={password_file}", "-E", "UTF8", "--no-sync"]
        done = subprocess.run([*_unprivileged(), *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def _wait(self) -> None:
        ready = [str(_binary("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        deadline = time.monotonic() + 60
        while subprocess.run(ready).returncode:
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, (self._folder / "log").read_text()
            time.sleep(0.1)


def _binary(name: str) -> Path:
    found = sorted(BINARIES.glob(f"*/bin/{name}"), key=lambda p: int(p.parts[-3]))
    assert found, f"no {name} under {BINARIES}: run scripts/install-postgresql"
    return found[-1]


def _unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
