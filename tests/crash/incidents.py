"""What can happen to a task at one of its calls to AWS, in the process of that task.

Botocore tells of each call just before it is sent; what is told can send it itself, or not.
"""

from __future__ import annotations

import io
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session

from local_aws.testing import Control

Kind = Literal["before", "during", "after", "refused", "throttled", "unsent", "lost", "stopped"]
KINDS: dict[Kind, str] = {
    "before": "SIGKILL before the call",
    "during": "SIGKILL while the call is served; it takes effect later",
    "after": "SIGKILL after the answer",
    "refused": "the call fails for good",
    "throttled": "the call is throttled",
    "unsent": "no answer, and no effect",
    "lost": "no answer, though it took effect",
    "stopped": "SIGSTOP before the call, a newer build, SIGCONT",
}
# How often they are called depends on how long a query takes.
_POLLS = ("athena.GetQueryExecution",)
_S3_ERROR = "<Error><Code>{code}</Code><Message>on request</Message></Error>"
_CODES = {
    "throttled": {"s3": (503, "SlowDown"), "": (400, "ThrottlingException")},
    "refused": {"s3": (403, "AccessDenied"), "": (400, "AccessDeniedException")},
}


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """The nth call of an action by a task: `Call("publish", "glue.BatchCreatePartition", 1)`."""

    task: str
    action: str
    number: int

    def __str__(self) -> str:
        return f"{self.task} {self.action} {self.number}"


@dataclass(frozen=True, slots=True)
class Incident:
    """What happens at which call."""

    call: Call
    kind: Kind


@dataclass(slots=True)
class Watch:
    """Follows the calls of a process; at one of them something happens.

    Attributes:
        task: the name of the task that runs.
        told: where to write each call, a line each.
    """

    endpoint: str
    told: int
    incident: Incident | None = None
    task: str = ""
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def attach(self, client: Any) -> None:
        """Follow a client."""
        client.meta.events.register("before-send", self)

    def begin(self, task: str) -> None:
        """Note that a task begins."""
        self.task = task
        self._tell(f"begins {task} {time.monotonic()}")

    def __call__(self, *, request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        """Let happen what is to happen; None lets botocore send the call."""
        action = event_name.removeprefix("before-send.")
        with self.lock:
            self.counts[self.task, action] += 1
            call = Call(self.task, action, self.counts[self.task, action])
        if action in _POLLS and call.number > 1:
            return None
        self._tell(str(call))
        if self.incident is None or self.incident.call != call:
            return None
        return self._strike(self.incident.kind, action, request)

    def _strike(self, kind: Kind, action: str, request: Any) -> AWSResponse | None:
        self._tell("strikes")
        if kind == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        elif kind == "during":
            Control(self.endpoint).set(action, "hang")
            self._tell("hangs")
        elif kind == "stopped":
            self._tell("stops")
            os.kill(os.getpid(), signal.SIGSTOP)
        elif kind in ("throttled", "refused"):
            return _refusal(kind, action, request.url)
        elif kind == "unsent":
            raise ReadTimeoutError(endpoint_url=request.url)
        else:
            response: AWSResponse = URLLib3Session().send(request)
            if kind == "lost":
                raise ReadTimeoutError(endpoint_url=request.url)
            os.kill(os.getpid(), signal.SIGKILL)
            return response
        return None

    def _tell(self, line: str) -> None:
        os.write(self.told, f"{line}\n".encode())


def _refusal(kind: str, action: str, url: str) -> AWSResponse:
    service = "s3" if action.startswith("s3.") else ""
    status, code = _CODES[kind][service]
    body = _S3_ERROR.format(code=code) if service else json.dumps({"__type": code, "message": "no"})
    return AWSResponse(url, status, {"x-amzn-ErrorType": code}, _Raw(body.encode()))


class _Raw(io.BytesIO):
    """A body as urllib3 has it."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """Yield the body."""
        yield self.read()
