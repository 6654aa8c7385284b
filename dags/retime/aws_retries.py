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

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 20.0
_BEGAN = "retime_refused_since"
_CHANGED = "ConcurrentModificationException"
_REFUSALS = frozenset(
    (
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled"),
        *("RequestThrottledException", "TooManyRequestsException", "RequestLimitExceeded"),
        *("SlowDown", "ServiceUnavailable", "ServiceUnavailableException"),
        *("InternalError", "InternalFailure", "InternalServerException"),
        *("InternalServiceException", "OperationTimeoutException", "OperationAborted"),
        _CHANGED,
    )
)
_SERVER_ERROR = 500
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
    if is_chosen and attempts is None:
        return session.client(service, config=config, **options)
    retries: Any = {"mode": "standard", "total_max_attempts": attempts or ATTEMPTS}
    client = session.client(service, config=config.merge(Config(retries=retries)), **options)
    # Where botocore's own is: of handlers of one event, the more special come first.
    event = f"needs-retry.{client.meta.service_model.service_id.hyphenize()}"
    client.meta.events.register_first(event, _Patience(patience))
    return client


class _Patience:
    """What botocore asks first after each answer: the first handler that says something decides.

    The seconds after which to try again, or False not to; None leaves it to botocore.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(
        self, *, response: Any, operation: Any, attempts: int, request_dict: Any, **_: Any
    ) -> float | bool | None:
        if not _is_refused(response, operation.name):
            return None
        now = time.monotonic()
        # The context is that of the call, through all its attempts.
        began: float = request_dict["context"].setdefault(_BEGAN, now)
        # Not a secret: so that those who were refused together do not come back together.
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(attempts, 10))
        pause = random.uniform(0, longest)  # noqa: S311
        return pause if now + pause - began < self._seconds else False


def _is_refused(response: Any, action: str) -> bool:
    if response is None:
        return False
    _, answer = response
    code = answer.get("Error", {}).get("Code")
    if (action, code) == ("UpdateTable", _CHANGED):
        return False  # it would take back what another has changed: the task reads it again
    if code in _REFUSALS:
        return True
    status: int = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= _SERVER_ERROR and status != _NOT_IMPLEMENTED
