"""For tests of pipelines: a server as a process of its own, clients of a server, and its faults.

In the process of the tests: `with LocalAws() as server: Aws(endpoint=server.endpoint)`.
"""

import json
import signal
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local_aws.server import LocalAws

REGION = "us-east-1"

PATIENCE = 300
"""How many seconds a test waits for what takes a moment: a busy machine must not fail it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws:
    """A running server and how to reach it."""

    endpoint: str
    server: LocalAws | None = None

    def client(self, service: str, region: str = REGION) -> Any:
        """Return a boto3 client that retries nothing, so that a test sees every answer."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - any will do
            config=Config(retries={"total_max_attempts": 1}),
        )


class Control:
    """The faults of a server; see "Faults" in the README."""

    def __init__(self, endpoint: str) -> None:
        self._url = f"{endpoint}/_local_aws/faults"

    def set(self, point: str, action: str, **more: Any) -> Any:
        """Set a fault: `match`, `times` and `message` as in the README."""
        return self._send("POST", {"point": point, "action": action, **more})

    def clear(self) -> None:
        """Remove all faults, and free what hangs."""
        self._send("DELETE")

    def listed(self) -> list[Any]:
        """Return the faults that can still strike."""
        return list(self._send("GET")["faults"])

    def _send(self, method: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url, data=data, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)


class ServerProcess:
    """`python -m local_aws` with a data directory, to be stopped and started again.

    Args:
        data_dir: What the server keeps its state in.
        options: More arguments of the command.
    """

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.data_dir = data_dir
        self._options = options

    def __enter__(self) -> "ServerProcess":
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop(signal.SIGKILL)

    @property
    def aws(self) -> Aws:
        """The server that runs now; after a restart another."""
        return Aws(endpoint=self._endpoint)

    @property
    def pid(self) -> int:
        """The process that runs now."""
        return self._process.pid

    def restart(self, how: signal.Signals) -> None:
        """End the process by a signal, and start another on the same directory."""
        self._stop(how)
        self._start()

    def _start(self) -> None:
        command = [sys.executable, "-m", "local_aws", "--port", "0"]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [*command, "--data-dir", str(self.data_dir), *self._options],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._endpoint = self._process.stdout.readline().split()[-1]

    def _stop(self, how: signal.Signals) -> None:
        self._process.send_signal(how)
        self._process.wait(timeout=PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()
