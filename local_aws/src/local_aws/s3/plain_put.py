"""PutObject as almost all clients send it, applied to moto's models without moto's web framework.

That takes ten times as long as the change itself; Athena puts two objects a query.
"""

import re

from moto.iam.access_control import PermissionResult
from moto.s3.models import s3_backends
from moto.s3.utils import metadata_from_headers

from local_aws.messages import ACCOUNT, Request, Response

_NOT_PLAIN = {"if-match", "if-none-match", "origin"}
_PLAIN = re.compile(
    "date|security-token|trailer|decoded-content-length|sdk-checksum-algorithm"
    "|checksum-(crc32c?|crc64nvme|sha1|sha256)|meta-.*"
)
_PATH_STYLE = re.compile(r"([\d.]+|localhost|\[[\da-f:]+\])?(:\d+)?", re.IGNORECASE)
"""Hosts without a bucket's name, as far as they are worth to be known."""


def put_plainly(request: Request) -> Response | None:
    """Apply a PUT of an object that sets metadata and a checksum at most; None for another.

    What a bucket asks of new objects, such as encryption and versions, is moto's to see to; a
    bucket with logging or object lock is left to moto altogether.
    """
    bucket_name, _, key_name = request.path.removeprefix("/").partition("/")
    if not key_name or not _is_plain(request):
        return None
    backend = s3_backends[ACCOUNT]["aws"]
    bucket = backend.buckets.get(bucket_name)
    if bucket is None or bucket.logging or bucket.object_lock_enabled:
        return None
    resource = f"arn:{bucket.partition}:s3:::{bucket_name}/{key_name}"
    if bucket.get_permission("s3:PutObject", resource) == PermissionResult.DENIED:
        return None
    algorithm = request.headers.get("x-amz-sdk-checksum-algorithm", "")
    header = f"x-amz-checksum-{algorithm.lower()}"
    checksum = request.headers.get(header) if algorithm else None
    key = backend.put_object(
        bucket_name, key_name, b"", storage="STANDARD", checksum_value=checksum
    )
    key.set_metadata(metadata_from_headers(dict(request.headers)))
    key.set_acl(bucket.acl)
    if algorithm:
        key.checksum_algorithm = algorithm
    backend.put_object_tagging(key, {})
    headers = {header: checksum} if checksum else {}
    headers |= {k: v for k, v in key.response_dict.items() if k != "content-length"}
    return Response(status=200, headers=list(headers.items()))


def _is_plain(request: Request) -> bool:
    headers = request.headers
    return (
        request.method == "PUT"
        and "?" not in request.target
        and "authorization" in headers
        and not _NOT_PLAIN & headers.keys()
        and _PATH_STYLE.fullmatch(headers.get("host", "")) is not None
        and all(
            _PLAIN.fullmatch(name.removeprefix("x-amz-"))
            for name in headers
            if name.startswith("x-amz-")
        )
    )
