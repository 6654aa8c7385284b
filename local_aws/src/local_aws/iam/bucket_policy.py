"""Policies of buckets, with their conditions, which moto passes over."""

import json
from typing import Any

from moto.iam.access_control import PermissionResult

from local_aws.iam.policy import decide

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
    document = json.loads(bucket.policy)
    public = [one for one in document["Statement"] if one.get("Principal") in _EVERYBODY]
    context = {"aws:SecureTransport": "true"}
    return _RESULTS[decide([{"Statement": public}], action, resource, context)]
