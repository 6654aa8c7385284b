"""ListObjects and ListObjectsV2, straight from the sorted keys.

moto's own take seconds for a bucket of ten thousand objects.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from local_aws.messages import Request, Response, xml_error_response
from local_aws.s3.key_index import KeyIndex
from local_aws.s3.moto_s3 import FileKey

MAX_KEYS = 1000
_OWNER = "<Owner><ID>75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a</ID></Owner>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a listing: objects, common prefixes, and the last of both if there is more."""

    objects: list[FileKey]
    prefixes: list[str]
    next_after: str | None


def list_page(keys: KeyIndex, prefix: str, delimiter: str, after: str, limit: int) -> Page:
    """Collect the page of at most `limit` entries that begin with `prefix`, come after `after`."""
    objects: list[FileKey] = []
    prefixes: list[str] = []
    last = None
    for name, version in _entries(keys, prefix, delimiter, after):
        if len(objects) + len(prefixes) == limit:
            return Page(objects=objects, prefixes=prefixes, next_after=last)
        if version is None:
            prefixes.append(name)
        else:
            objects.append(version)
        last = name
    return Page(objects=objects, prefixes=prefixes, next_after=None)


def _entries(
    keys: KeyIndex, prefix: str, delimiter: str, after: str
) -> Iterator[tuple[str, FileKey | None]]:
    """Objects by name, and common prefixes with None, none twice."""
    span = keys.span(prefix, after)
    position = span.start
    while position < span.stop:
        name = keys.names[position]
        position += 1
        cut = name.find(delimiter, len(prefix)) if delimiter else -1
        if cut >= 0:
            folder = name[: cut + len(delimiter)]
            position = keys.span(folder).stop
            if folder > after and _has_object(keys, folder):
                yield folder, None
        elif isinstance(version := keys[name], FileKey):
            yield name, version


def _has_object(keys: KeyIndex, folder: str) -> bool:
    """Is there a key in the folder whose latest version is no delete marker?"""
    return any(isinstance(keys[keys.names[i]], FileKey) for i in keys.span(folder))


def answer_listing(keys: KeyIndex, bucket: str, request: Request) -> Response:
    """Serve `GET /bucket` with or without list-type=2."""
    query = request.query
    limit = query.get("max-keys", str(MAX_KEYS))
    if not limit.isdecimal():
        return xml_error_response(400, "InvalidArgument", f"max-keys {limit!r} is not a number")
    is_v2 = query.get("list-type") == "2"
    token = query.get("continuation-token")
    after = _decoded(token) if token else query.get("start-after" if is_v2 else "marker", "")
    page = list_page(
        keys, query.get("prefix", ""), query.get("delimiter", ""), after, min(int(limit), MAX_KEYS)
    )
    body = _listing_xml(bucket, query, page, is_v2=is_v2)
    return Response(status=200, headers=[("Content-Type", "application/xml")], body=body.encode())


def _listing_xml(bucket: str, query: dict[str, str], page: Page, *, is_v2: bool) -> str:
    is_url = query.get("encoding-type") == "url"

    def text(value: str) -> str:
        return quote(value, safe="/") if is_url else escape(value)

    owner = _OWNER if not is_v2 or query.get("fetch-owner") == "true" else ""
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
        f"<Name>{escape(bucket)}</Name>",
        f"<Prefix>{text(query.get('prefix', ''))}</Prefix>",
        f"<MaxKeys>{query.get('max-keys', MAX_KEYS)}</MaxKeys>",
        f"<IsTruncated>{str(page.next_after is not None).lower()}</IsTruncated>",
    ]
    for name, tag in (("delimiter", "Delimiter"), ("start-after", "StartAfter")):
        if query.get(name):
            parts.append(f"<{tag}>{text(query[name])}</{tag}>")
    if is_url:
        parts.append("<EncodingType>url</EncodingType>")
    if is_v2:
        parts.append(f"<KeyCount>{len(page.objects) + len(page.prefixes)}</KeyCount>")
    else:
        parts.append(f"<Marker>{text(query.get('marker', ''))}</Marker>")
    if page.next_after is not None:
        tag = "NextContinuationToken" if is_v2 else "NextMarker"
        value = _encoded(page.next_after) if is_v2 else text(page.next_after)
        parts.append(f"<{tag}>{value}</{tag}>")
    parts += [_object_xml(key, text(key.name), owner) for key in page.objects]
    parts += [
        f"<CommonPrefixes><Prefix>{text(prefix)}</Prefix></CommonPrefixes>"
        for prefix in page.prefixes
    ]
    return "".join([*parts, "</ListBucketResult>"])


def _object_xml(key: Any, name: str, owner: str) -> str:
    modified = key.last_modified.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return (
        f"<Contents><Key>{name}</Key><LastModified>{modified}</LastModified>"
        f"<ETag>{escape(key.etag)}</ETag><Size>{key.size}</Size>"
        f"<StorageClass>{key.storage_class}</StorageClass>{owner}</Contents>"
    )


def _encoded(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _decoded(token: str) -> str:
    return base64.urlsafe_b64decode(token.encode()).decode()
