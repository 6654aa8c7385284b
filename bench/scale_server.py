"""A server process of local_aws with a data directory, its memory, and calls of its API."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from demo.environment import DATABASE, REGION, RESULTS_BUCKET, WORKGROUP

_PATIENCE_SECONDS = 900
_TARGETS = {"glue": "AWSGlue", "athena": "AmazonAthena"}
_ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")


class ScaleServer:
    """`python -m local_aws`, started, stopped and started again on the same directory.

    Args:
        data_dir: what it keeps its state in.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self.start()

    def __enter__(self) -> "ScaleServer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop(signal.SIGKILL)

    def start(self) -> float:
        """Start a process; return the seconds until it said that it is ready."""
        started = time.perf_counter()
        command = [sys.executable, "-W", "ignore", "-m", "local_aws", "--port", "0"]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [*command, "--data-dir", str(self._data_dir)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.endpoint = self._process.stdout.readline().split()[-1]
        return time.perf_counter() - started

    def stop(self, how: signal.Signals = signal.SIGTERM) -> float:
        """End the process by a signal; return the seconds that it took."""
        started = time.perf_counter()
        self._process.send_signal(how)
        self._process.wait(timeout=_PATIENCE_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return time.perf_counter() - started

    def resident_mib(self) -> float:
        """Return the memory that the process holds now."""
        return self._status("VmRSS")

    def peak_mib(self) -> float:
        """Return the most memory that the process has held."""
        return self._status("VmHWM")

    def cpu_seconds(self) -> float:
        """Return the CPU time that the process has used."""
        # Fields 14 and 15 of the line; its name, which may hold blanks, is the second.
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def _status(self, name: str) -> float:
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        (line,) = (line for line in lines if line.startswith(f"{name}:"))
        return int(line.split()[1]) / 1024


class Calls:
    """One client of a server, over one connection. Nothing of an SDK adds to the times."""

    def __init__(self, endpoint: str) -> None:
        self._connection = http.client.HTTPConnection(endpoint.removeprefix("http://"))

    def ask(self, service: str, action: str, **payload: Any) -> dict[str, Any]:
        """Call an action of Glue or Athena."""
        headers = {"X-Amz-Target": f"{_TARGETS[service]}.{action}"}
        answer: dict[str, Any] = json.loads(
            self._send("POST", "/", service, json.dumps(payload).encode(), headers)
        )
        return answer

    def put(self, bucket: str, key: str, body: bytes) -> None:
        """Put an object on S3."""
        self._send("PUT", f"/{bucket}/{key}", "s3", body, {})

    def run(self, sql: str) -> str:
        """Run a statement of Athena to its end; return its id.

        Raises:
            RuntimeError: it failed.
        """
        query_id: str = self.ask(
            "athena",
            "StartQueryExecution",
            QueryString=sql,
            WorkGroup=WORKGROUP,
            QueryExecutionContext={"Database": DATABASE},
            ResultConfiguration={"OutputLocation": f"s3://{RESULTS_BUCKET}/bench/"},
        )["QueryExecutionId"]
        pause = 0.001
        while True:
            found = self.ask("athena", "GetQueryExecution", QueryExecutionId=query_id)
            status = found["QueryExecution"]["Status"]
            if status["State"] in _ENDED:
                break
            time.sleep(pause)
            pause = min(pause * 1.5, 0.05)
        if status["State"] != "SUCCEEDED":
            raise RuntimeError(f"{sql!r}: {status}")
        return query_id

    def _send(
        self, method: str, target: str, service: str, body: bytes, headers: dict[str, str]
    ) -> bytes:
        scope = f"Credential=local/20000101/{REGION}/{service}/aws4_request"
        signed = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
        self._connection.request(method, target, body=body, headers={**headers, **signed})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {target}: {answer.status} {text.decode()}")
        return text
