"""How clients repeat calls that AWS refuses for now: one policy for all of the package.

botocore's own modes repeat a few times and not every refusal: none repeats Glue's
ConcurrentModificationException, and legacy, which is the default on Amazon MWAA, hardly any of
Athena's TooManyRequestsException. A refused call would cost a task one of its tries.
"""

from __future__ import annotations

import os
import random
import time
from typing import Any

ATTEMPTS = 10
"""How often a call is tried that got no answer, which is botocore's part of the policy."""

PATIENCE = 900.0
"""For how many seconds a task repeats a call that AWS refuses; other queries may take that long."""

UNREPEATED = ("BatchUpdatePartition",)
"""Actions that replace whole records. Callers read again before each attempt."""

FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 20.0
_BEGAN = "retime_refused_since"
_CHANGED, _NO_ANSWER = "ConcurrentModificationException", "NoAnswer"
READ_TOO_LONG_AGO = "ReadTooLongAgo"
_REFUSALS = frozenset(
    (
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled"),
        *("RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded"),
        *("SlowDown", "ServiceUnavailable", "ServiceUnavailableException"),
        *("InternalError", "InternalFailure", "InternalServerException"),
        *("InternalServiceException", "OperationTimeoutException", "OperationAborted"),
        *("RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete"),
        "ProvisionedThroughputExceededException",
        *(_CHANGED, _NO_ANSWER, READ_TOO_LONG_AGO),
    )
)
_REFUSED, _SERVER_ERROR = 300, 500
_NOT_IMPLEMENTED = 501


def make_client(
    session: Any,
    service: str,
    config: Any,
    *,
    patience: float,
    attempts: int | None = None,
    **options: Any,
) -> Any:
    """Return a boto3 client that repeats a refused call for so many seconds in all.

    The pauses grow up to 20 seconds, each of a random length. Retries that the config of botocore
    has, or AWS_RETRY_MODE and AWS_MAX_ATTEMPTS, are taken instead: not if `attempts` are given.
    """
    from botocore.config import Config

    is_chosen = config.retries or {"AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS"} & os.environ.keys()
    is_ours = attempts is not None or not is_chosen
    if is_ours:
        retries: Any = {"mode": "standard", "total_max_attempts": attempts or ATTEMPTS}
        config = config.merge(Config(retries=retries))
    client = session.client(service, config=config, **options)
    # Where botocore's own is: of handlers of one event, the more special come first.
    event = f"needs-retry.{client.meta.service_model.service_id.hyphenize()}"
    for action in UNREPEATED:
        client.meta.events.register_first(f"{event}.{action}", _GivingUp(client))
    if is_ours:
        client.meta.events.register_first(event, _Patience(client, patience))
    return client


class _GivingUp:
    """Ends a call that failed by its own error, so that it is not tried again.

    Of what botocore asks after each answer, the first to give seconds decides when to try again.
    Before version 1.43 only None ends the attempts: after False it tries again at once, for ever.
    """

    def __init__(self, client: Any) -> None:
        self._exceptions = client.exceptions

    def __call__(
        self, *, response: Any, caught_exception: Any, operation: Any, **_: Any
    ) -> float | None:
        if caught_exception is not None:
            raise caught_exception
        http, answer = response
        if http.status_code >= _REFUSED:
            raise self._exceptions.from_code(answer["Error"]["Code"])(answer, operation.name)
        return None


class _Patience:
    """Tries again what was refused for now, for so many seconds in all; None: others decide."""

    def __init__(self, client: Any, seconds: float) -> None:
        self._give_up, self._seconds = _GivingUp(client), seconds

    def __call__(
        self, *, response: Any, operation: Any, attempts: int, request_dict: Any, **more: Any
    ) -> float | None:
        if response is None or not _is_passing(response[1], operation.name):
            return None
        now = time.monotonic()
        # The context is that of the call, through all its attempts.
        began: float = request_dict["context"].setdefault(_BEGAN, now)
        pause = _pause_after(attempts)
        if now + pause - began < self._seconds:
            return pause
        return self._give_up(response=response, operation=operation, **more)


class Backoff:
    """The pauses of a loop that reads again before it repeats what AWS refused."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + PATIENCE
        self._attempts = 0

    def pause(self) -> bool:
        """Wait, longer each time; return False instead once the patience would be over."""
        self._attempts += 1
        pause = _pause_after(self._attempts)
        if time.monotonic() + pause > self._ends:
            return False
        time.sleep(pause)
        return True


def is_passing(code: str | None) -> bool:
    """Return whether a call that was refused with a code may be taken a little later."""
    return code in _REFUSALS


def passing_code(error: Exception) -> str | None:
    """Return the code of a call that failed for now, also one without an answer; else None."""
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        answer: Any = error.response
        if not _is_passing(answer, error.operation_name):
            return None
        code: str = answer["Error"]["Code"]
        return code if is_passing(code) else _NO_ANSWER
    has_no_answer = isinstance(error, (exceptions.HTTPClientError, exceptions.ConnectionError))
    return _NO_ANSWER if has_no_answer else None


def _pause_after(attempts: int) -> float:
    # Not a secret: so that those who were refused together do not come back together.
    longest = min(_LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempts, 10))
    return random.uniform(0, longest)  # noqa: S311


def _is_passing(answer: Any, action: str) -> bool:
    code = answer.get("Error", {}).get("Code")
    if (action, code) == ("UpdateTable", _CHANGED):
        return False  # another has changed it since it was read
    if code in _REFUSALS:
        return True
    status: int = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= _SERVER_ERROR and status != _NOT_IMPLEMENTED
