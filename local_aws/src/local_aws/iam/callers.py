"""Who calls, and what they may do: policies of users and roles, enforced where that is asked for.

Only credentials that IAM or STS gave out are held to policies. All others, such as the ones of the
demo, are the account's root. Signatures are not checked.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from moto.iam.access_control import CreateAccessKeyFailure, create_access_key
from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random
from moto.sts import models as sts_models

from local_aws.iam.policy import Decision, Document, decide
from local_aws.messages import ACCOUNT, Request
from local_aws.seam import ACCESS_DENIED, Access, AwsError

_ISSUED = ("AKIA", "ASIA")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who is held to policies; `policies` gives them as they are now, as moto has them."""

    arn: str
    policies: Callable[[], list[Any]]


_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)
"""Whom the request under way is for; None may do everything."""


class Iam(Access):
    """Checks what callers may do.

    Args:
        lock: held while moto's users and roles are read.
        is_enforced: without it everybody may do everything.

    `asked`, if set, is told of every check: the caller's ARN, action, resource and the decision.
    """

    def __init__(self, lock: threading.RLock, *, is_enforced: bool) -> None:
        # So that a replay gives the same, which moto draws elsewhere.
        sts_models.random_session_token = lambda: mock_random.get_random_string(64)
        self.is_enforced = is_enforced
        self.asked: Callable[[str, str, str, Decision], None] | None = None
        self._lock = lock

    @property
    def is_checking(self) -> bool:
        """Whether the request under way is held to policies."""
        return _caller.get() is not None

    @contextmanager
    def acting_for(self, request: Request) -> Iterator[None]:
        """Hold what follows to the policies of whoever signed a request."""
        with _acting(self._caller_of(request) if self.is_enforced else None):
            yield

    @contextmanager
    def acting_as(self, role: str) -> Iterator[None]:
        """Hold what follows to the policies of a role, given by ARN or name, as a service does."""
        name = role.rpartition("/")[2]
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/local"
        caller = Caller(arn=arn, policies=lambda: _policies_of_role(name))
        with _acting(caller if self.is_enforced else None):
            yield

    def need(self, action: str, *resources: str) -> None:
        """See `Access.need`."""
        caller = _caller.get()
        if caller is None:
            return
        with self._lock:
            documents = [_document(policy) for policy in caller.policies()]
        for resource in resources:
            decision = decide(documents, action, resource)
            if self.asked is not None:
                self.asked(caller.arn, action, resource, decision)
            if decision != "allowed":
                raise AwsError(ACCESS_DENIED, _refusal(caller, action, resource, decision))

    def _caller_of(self, request: Request) -> Caller | None:
        key, token = request.credentials
        if key and not key.startswith(_ISSUED):
            return None
        headers = {"X-Amz-Security-Token": token} if token else {}
        try:
            with self._lock:
                found = create_access_key(ACCOUNT, "aws", key, headers)
        except CreateAccessKeyFailure:
            message = "The security token included in the request is invalid."
            raise AwsError("UnrecognizedClientException", message) from None
        return Caller(arn=found.arn, policies=found.collect_policies)


@contextmanager
def _acting(caller: Caller | None) -> Iterator[None]:
    token = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(token)


def _refusal(caller: Caller, action: str, resource: str, decision: str) -> str:
    reason = (
        "with an explicit deny in an identity-based policy"
        if decision == "denied"
        else f"because no identity-based policy allows the {action} action"
    )
    return (
        f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource} "
        f"{reason}"
    )


def _policies_of_role(name: str) -> list[Any]:
    backend = iam_backends[ACCOUNT]["aws"]
    inline = [
        backend.get_role_policy(name, policy)[1] for policy in backend.list_role_policies(name)
    ]
    return [*inline, *backend.list_attached_role_policies(name)[0]]


def _document(policy: Any) -> Document:
    """The document of a policy as moto has it: a role's own as text, a user's own in a dict."""
    if isinstance(policy, dict):
        policy = policy["policy_document"]
    elif not isinstance(policy, str):
        policy = next(version.document for version in policy.versions if version.is_default)
    return _parsed(policy)


@lru_cache(maxsize=256)
def _parsed(text: str) -> Document:
    document: Document = json.loads(text)
    return document
