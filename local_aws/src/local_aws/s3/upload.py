"""Reading the body of an upload off the socket, block by block, in the encodings SDKs use."""

import base64
import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from local_aws.messages import Request
from local_aws.s3.object_files import CHUNK_BYTES
from local_aws.seam import AwsError


def upload_blocks(request: Request, trailers: dict[str, str]) -> Iterator[bytes]:
    """The payload of an upload.

    Args:
        request: a PUT of an object or a part.
        trailers: takes the headers that follow an aws-chunked payload, e.g. its checksum.

    Raises:
        AwsError: IncompleteBody when the connection ends early, BadDigest when the payload is not
            what its Content-MD5 says.
    """
    chunked = request.headers.get("x-amz-content-sha256", "").startswith("STREAMING-")
    blocks = _aws_chunks(request.body, trailers) if chunked else _plain(request)
    wanted = request.headers.get("content-md5")
    if wanted is None:
        yield from blocks
        return
    md5 = hashlib.md5(usedforsecurity=False)
    for block in blocks:
        md5.update(block)
        yield block
    if base64.b64encode(md5.digest()).decode() != wanted:
        raise AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.")


def _plain(request: Request) -> Iterator[bytes]:
    left = request.length
    while left:
        block = request.body.read(min(left, CHUNK_BYTES))
        if not block:
            raise _cut_short()
        left -= len(block)
        yield block


def _aws_chunks(body: BinaryIO, trailers: dict[str, str]) -> Iterator[bytes]:
    """Undo aws-chunked: lines `size-in-hex[;chunk-signature=...]`, each before its bytes."""
    while True:
        head = body.readline()
        if not head.endswith(b"\n"):
            raise _cut_short()
        left = int(head.partition(b";")[0].strip(), 16)
        if not left:
            break
        while left:
            block = body.read(min(left, CHUNK_BYTES))
            if not block:
                raise _cut_short()
            left -= len(block)
            yield block
        body.readline()
    while line := body.readline().strip():
        name, _, value = line.decode().partition(":")
        trailers[name.lower()] = value.strip()


def _cut_short() -> AwsError:
    return AwsError(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header.",
    )
