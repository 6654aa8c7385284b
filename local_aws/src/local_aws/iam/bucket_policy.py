"""Policies of buckets, with their conditions, which moto passes over."""

import json
from functools import lru_cache
from typing import Any

from moto.iam.access_control import PermissionResult

from local_aws.iam.policy import Document, decide

_EVERYBODY = ("*", {"AWS": "*"})
_RESULTS = {
    "allowed": PermissionResult.PERMITTED,
    "denied": PermissionResult.DENIED,
    "unmentioned": PermissionResult.NEUTRAL,
}


def bucket_permission(bucket: Any, action: str, resource: str) -> PermissionResult:
    """What a bucket's policy says about everybody. Loopback counts as TLS: it leaves no machine."""
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    context = {"aws:SecureTransport": "true"}
    return _RESULTS[decide([_public_part(bucket.policy)], action, resource, context)]


@lru_cache(maxsize=256)
def _public_part(policy: str | bytes) -> Document:
    document = json.loads(policy)
    return {"Statement": [s for s in document["Statement"] if s.get("Principal") in _EVERYBODY]}
