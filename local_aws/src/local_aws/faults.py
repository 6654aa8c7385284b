"""Faults on request: which action to throttle, fail, hang or cut short, and how often."""

import json
import random
import threading
import time
from typing import Any, get_args

from local_aws.messages import Request, Response, json_response
from local_aws.seam import AwsError, FaultAction, FaultRule, Faults

POLL_SECONDS = 0.05


class FaultBoard(Faults):
    """The rules that are set, with the strikes each has left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: list[tuple[FaultRule, int]] = []
        self._taken: list[FaultRule] = []
        self._random = random.Random(0)  # noqa: S311 - which calls are hit is no secret

    def set(self, rule: FaultRule, times: int) -> None:
        """Let `rule` strike `times` times."""
        with self._lock:
            self._left.append((rule, times))

    def clear(self) -> None:
        """Forget all rules, which also frees whatever hangs because of one."""
        with self._lock:
            self._left, self._taken = [], []

    def listed(self) -> list[dict[str, Any]]:
        """The rules that can still strike, as the control path shows them."""
        with self._lock:
            return [
                {
                    "point": rule.point,
                    "match": rule.match,
                    "action": rule.action,
                    "message": rule.message,
                    "times": times,
                    "code": rule.code,
                    "share": rule.share,
                }
                for rule, times in self._left
            ]

    def take(self, point: str, subject: str) -> FaultRule | None:
        """See `Faults.take`."""
        if not self._left:
            return None
        service, _, name = point.partition(".")
        # Points within a query or a crawl are in lower case.
        points = (point, f"{service}.*") if name[:1].isupper() else (point,)
        with self._lock:
            for index, (rule, times) in enumerate(self._left):
                if rule.point in points and rule.match in subject and self._hits(rule):
                    self._left[index : index + 1] = [(rule, times - 1)] if times > 1 else []
                    self._taken.append(rule)
                    return rule
        return None

    def _hits(self, rule: FaultRule) -> bool:
        return rule.share >= 1 or self._random.random() < rule.share

    def is_set(self, rule: FaultRule) -> bool:
        """See `Faults.is_set`."""
        with self._lock:
            return any(taken is rule for taken in self._taken)

    def wait_until_cleared(self, rule: FaultRule) -> None:
        """Hang, as a rule with the action "hang" asks for."""
        while self.is_set(rule):
            time.sleep(POLL_SECONDS)


def answer_fault_request(board: FaultBoard, request: Request) -> Response:
    """Serve `/_local_aws/faults`: POST sets a rule, DELETE clears them all, GET lists them."""
    if request.method == "POST":
        try:
            rule, times = parse_rule(json.loads(request.read() or b"{}"))
        except (AwsError, json.JSONDecodeError) as error:
            return json_response(400, {"message": str(error)})
        board.set(rule, times)
    elif request.method == "DELETE":
        board.clear()
    return json_response(200, {"faults": board.listed()})


def parse_rule(given: dict[str, Any]) -> tuple[FaultRule, int]:
    """Read a rule and how often it strikes; raises AwsError when it says something unknown."""
    allowed = {"point", "match", "action", "times", "message", "code", "share"}
    if unknown := sorted(given.keys() - allowed):
        raise AwsError("InvalidFault", f"unknown members {unknown}; allowed: {sorted(allowed)}")
    if not given.get("point"):
        raise AwsError("InvalidFault", "no 'point': give e.g. \"athena.StartQueryExecution\"")
    if given.get("action") not in get_args(FaultAction):
        raise AwsError(
            "InvalidFault", f"action {given.get('action')!r}; allowed: {get_args(FaultAction)}"
        )
    times = given.get("times", 1)
    if not isinstance(times, int) or times < 1:
        raise AwsError("InvalidFault", f"times {times!r}: give a whole number from 1")
    share = given.get("share", 1)
    if not isinstance(share, int | float) or not 0 < share <= 1:
        raise AwsError("InvalidFault", f"share {share!r}: give a number above 0, at most 1")
    rule = FaultRule(
        point=given["point"],
        action=given["action"],
        match=given.get("match", ""),
        message=given.get("message", ""),
        code=given.get("code", ""),
        share=share,
    )
    return rule, times
