"""One HTTP request and its answer, as the parts of the server hand them to each other."""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from local_aws.seam import AwsError

ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"
_KEY_ID = re.compile(r"Credential=(?P<key>[^/,]+)/")
_SCOPE = re.compile(r"Credential=[^/,]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


@dataclass(slots=True, kw_only=True)
class Request:
    """A request. `target` is path and query as sent; header names are lower-case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: BinaryIO = field(default_factory=io.BytesIO)
    length: int = 0

    @property
    def path(self) -> str:
        """The path, percent-decoded."""
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; of a repeated one, the first value."""
        query = urlsplit(self.target).query
        return {key: values[0] for key, values in parse_qs(query, keep_blank_values=True).items()}

    @property
    def scope(self) -> tuple[str, str]:
        """Service and region that the caller signed for, e.g. ("glue", "us-east-1").

        Without a signature the service is "" when the request names an API action, else "s3":
        the one service that answers unsigned requests.
        """
        if match := _SCOPE.search(self._signed):
            return match["service"], match["region"]
        content = self.headers.get("content-type", "")
        is_form = self.method == "POST" and "x-www-form-urlencoded" in content
        is_api = "x-amz-target" in self.headers or is_form
        return ("" if is_api else "s3"), DEFAULT_REGION

    @property
    def credentials(self) -> tuple[str, str]:
        """The access key id and the session token that the caller signed with, each maybe ""."""
        match = _KEY_ID.search(self._signed)
        given = {name.lower(): value for name, value in self.query.items()} | dict(self.headers)
        # Presigned URLs of the older kind name the key outright.
        key = match["key"] if match else given.get("awsaccesskeyid", "")
        return key, given.get("x-amz-security-token", "")

    @property
    def _signed(self) -> str:
        signed = self.headers.get("authorization", "")
        if not signed and "X-Amz-Credential" in self.target:
            return f"Credential={self.query.get('X-Amz-Credential', '')}"
        return signed

    def read(self) -> bytes:
        """The whole body; it can be read again afterwards."""
        data = self.body.read(self.length)
        self.body, self.length = io.BytesIO(data), len(data)
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRange:
    """A stretch of an open file, as the body of an answer. Who sends it closes the file."""

    file: BinaryIO
    offset: int
    length: int


@dataclass(slots=True, kw_only=True)
class Response:
    """An answer: its body is bytes, or a stretch of a file."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | FileRange = b""

    def header(self, name: str) -> str | None:
        """The value of a header, whatever the case of its name."""
        return next((value for key, value in self.headers if key.lower() == name), None)


def json_response(status: int, payload: Any) -> Response:
    """Write an answer of AWS's JSON protocol."""
    body = json.dumps(payload, separators=(",", ":")).encode()
    return Response(
        status=status, headers=[("Content-Type", "application/x-amz-json-1.1")], body=body
    )


def error_response(error: AwsError) -> Response:
    """Write a refusal in AWS's JSON protocol."""
    return json_response(error.status, error.body())


def xml_error_response(status: int, code: str, message: str) -> Response:
    """Write a refusal of S3."""
    return _xml(status, f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>")


def query_error_response(status: int, code: str, message: str) -> Response:
    """Write a refusal in AWS's query protocol, which IAM, STS and CloudFormation speak."""
    error = f"<Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
    return _xml(status, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>")


def _xml(status: int, body: str) -> Response:
    return Response(
        status=status,
        headers=[("Content-Type", "application/xml")],
        body=f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode(),
    )
