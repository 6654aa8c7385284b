"""S3 requests: what they ask for, and the ways round moto for bodies and listings."""

import threading
from collections.abc import Callable

from moto.s3.models import s3_backends

from local_aws.messages import ACCOUNT, Request, Response, xml_error_response
from local_aws.s3.listing import MAX_KEYS, answer_listing
from local_aws.s3.moto_s3 import by_reference, incoming
from local_aws.s3.object_files import ObjectFiles
from local_aws.s3.upload import upload_blocks
from local_aws.seam import AwsError

_OF_KEY = {
    "GET": "GetObject",
    "HEAD": "HeadObject",
    "PUT": "PutObject",
    "DELETE": "DeleteObject",
    "POST": "PostObject",
}
_OF_BUCKET = {
    "GET": "ListObjectsV2",
    "HEAD": "HeadBucket",
    "PUT": "CreateBucket",
    "DELETE": "DeleteBucket",
    "POST": "PostObject",
}
_LISTING = {
    "list-type",
    "prefix",
    "delimiter",
    "max-keys",
    "marker",
    "start-after",
    "continuation-token",
    "encoding-type",
    "fetch-owner",
}
_PARTS = {"acl", "tagging", "retention", "legal-hold"}
"""What a PUT of a key may set other than its bytes."""


def split_path(request: Request) -> tuple[str, str]:
    """Bucket and key of a request, each "" when there is none."""
    bucket, _, key = request.path.removeprefix("/").partition("/")
    return bucket, key


def s3_action(request: Request) -> str:
    """The name of the action, as far as faults tell them apart, e.g. "PutObject"."""
    bucket, key = split_path(request)
    query = request.query
    if not bucket:
        return "ListBuckets"
    if key and request.method == "PUT" and "partNumber" in query:
        return "UploadPart"
    if key and request.method == "PUT" and "x-amz-copy-source" in request.headers:
        return "CopyObject"
    if key and request.method == "POST" and "uploads" in query:
        return "CreateMultipartUpload"
    if key and request.method == "POST" and "uploadId" in query:
        return "CompleteMultipartUpload"
    if not key and request.method == "POST" and "delete" in query:
        return "DeleteObjects"
    return (_OF_KEY if key else _OF_BUCKET).get(request.method, request.method)


def answer_s3(
    request: Request,
    files: ObjectFiles,
    lock: threading.RLock,
    apply: Callable[[Request], Response],
) -> Response:
    """Answer an S3 request; `apply` gives it to moto. Bodies are received before, unlocked."""
    bucket, key = split_path(request)
    if bucket and not key and request.method == "GET" and request.query.keys() <= _LISTING:
        with lock:
            found = s3_backends[ACCOUNT]["aws"].buckets.get(bucket)
            if found is not None:
                return answer_listing(found.keys, bucket, request)
    try:
        if _is_upload(request):
            return _receive(request, files, apply)
        request.read()
        with lock:
            _check_limit(request)
            _check_preconditions(request)
            return _by_reference(request, apply)
    except AwsError as error:
        return xml_error_response(error.status, error.code, error.message)


def _is_upload(request: Request) -> bool:
    _, key = split_path(request)
    is_put = request.method == "PUT" and key != ""
    return (
        is_put and "x-amz-copy-source" not in request.headers and not _PARTS & request.query.keys()
    )


def _receive(
    request: Request, files: ObjectFiles, apply: Callable[[Request], Response]
) -> Response:
    trailers: dict[str, str] = {}
    file = files.receive(upload_blocks(request, trailers))
    dropped = {"x-amz-content-sha256", "content-md5", "content-length", "transfer-encoding"}
    headers = {k: v for k, v in (*request.headers.items(), *trailers.items()) if k not in dropped}
    algorithm = headers.get("x-amz-sdk-checksum-algorithm", "").lower()
    if algorithm and f"x-amz-checksum-{algorithm}" not in headers:
        del headers["x-amz-sdk-checksum-algorithm"]  # moto would compute it over the empty body
    token = incoming.set(lambda: file)
    try:
        return _by_reference(Request(method="PUT", target=request.target, headers=headers), apply)
    finally:
        if incoming.get() is not None:
            files.path(file.name).unlink()
        incoming.reset(token)


def _by_reference(request: Request, apply: Callable[[Request], Response]) -> Response:
    token = by_reference.set("select" not in request.query)
    try:
        return apply(request)
    finally:
        by_reference.reset(token)


def _check_limit(request: Request) -> None:
    """DeleteObjects takes at most 1,000 keys."""
    if s3_action(request) == "DeleteObjects" and request.read().count(b"<Key>") > MAX_KEYS:
        raise AwsError(
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published"
            " schema",
        )


def _check_preconditions(request: Request) -> None:
    """The conditions of a copy or a completed upload, which moto looks at for PutObject only."""
    if s3_action(request) not in {"CopyObject", "CompleteMultipartUpload"}:
        return
    bucket, key = split_path(request)
    found = s3_backends[ACCOUNT]["aws"].buckets.get(bucket)
    current = found.keys.get(key) if found is not None else None
    etag = getattr(current, "etag", None)
    is_taken = request.headers.get("if-none-match") == "*" and etag is not None
    wanted = request.headers.get("if-match")
    if is_taken or (wanted is not None and (etag or "").strip('"') != wanted.strip('"')):
        name = "If-None-Match" if is_taken else "If-Match"
        raise AwsError(
            "PreconditionFailed",
            f"At least one of the pre-conditions you specified did not hold: {name}",
            status=412,
        )
