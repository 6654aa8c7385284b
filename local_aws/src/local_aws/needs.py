"""What a request needs to be allowed: its actions, and the ARNs of what they are on.

https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import unescape

from local_aws.arns import athena_arn, bucket_arn, glue_arn
from local_aws.messages import Request
from local_aws.s3.requests import s3_action, split_path

Need = tuple[str, str]
"""An action and the ARN of a resource, "*" where it is on none."""

_KEY = re.compile(rb"<Key>(.*?)</Key>", re.DOTALL)
_OF_OBJECT = {"HeadObject": "GetObject", "PostObject": "PutObject"} | dict.fromkeys(
    ("UploadPart", "CreateMultipartUpload", "CompleteMultipartUpload", "CopyObject"), "PutObject"
)
_OF_BUCKET = {"ListObjectsV2": "ListBucket", "HeadBucket": "ListBucket"}
_SUBRESOURCES = {
    "acl": "Acl",
    "encryption": "EncryptionConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "location": "BucketLocation",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "tagging": "Tagging",
    "versioning": "BucketVersioning",
}
_OF_BOTH = {"acl", "tagging"}
_STATISTICS = re.compile("ColumnStatisticsFor(?=Table|Partition)")
_CRAWLER_LISTS = {"ListCrawlers", "GetCrawlers", "GetCrawlerMetrics"}


def needs_of(request: Request, action: str) -> list[Need]:
    """What a request needs; `action` is "" for a REST request.

    Only S3, Glue, Athena and SNS are told apart by resource: other services' actions are on "*".
    """
    service, region = request.scope
    if service == "s3":
        return _s3_needs(request)
    if service == "glue":
        payload = json.loads(request.read() or b"{}")
        # To ask for column statistics or to change them is to do so with the table or partition.
        asked = _STATISTICS.sub("", action)
        return [(f"glue:{asked}", arn) for arn in glue_arns(action, payload, region)]
    if service == "athena":
        payload = json.loads(request.read() or b"{}")
        name = payload.get("WorkGroup") or payload.get("Name") or "primary"
        return [(f"athena:{action}", athena_arn(region, f"workgroup/{name}"))]
    form = Request(method="GET", target="/?" + request.read().decode(errors="replace")).query
    topic = form.get("TopicArn") or form.get("TargetArn")
    return [(f"{service}:{action or request.method}", topic or "*")]


def glue_arns(action: str, payload: dict[str, Any], region: str) -> list[str]:
    """The ARNs that a Glue action is on: also those of what contains the table or database."""
    if "Crawl" in action:
        name = payload.get("Name") or payload.get("CrawlerName")
        is_list = action in _CRAWLER_LISTS or name is None
        return ["*" if is_list else glue_arn(region, f"crawler/{name}")]
    if arn := payload.get("ResourceArn"):
        return [arn]
    return [glue_arn(region, path) for path in _catalog_paths(action, payload)]


def _catalog_paths(action: str, payload: dict[str, Any]) -> Iterable[str]:
    name = payload.get("Name", "")
    if action.endswith("Database"):
        database = str(payload.get("DatabaseInput", payload).get("Name", name) or name).lower()
        paths = ["catalog", f"database/{name.lower() or database}"]
        return [*paths, f"table/{database}/*"] if action == "DeleteDatabase" else paths
    if "DatabaseName" not in payload:
        return ["catalog"]
    database = payload["DatabaseName"].lower()
    if action == "GetUserDefinedFunctions":
        return ["catalog", f"database/{database}", f"userDefinedFunction/{database}/*"]
    table = payload.get("TableName") or payload.get("TableInput", {}).get("Name") or name or "*"
    return ["catalog", f"database/{database}", f"table/{database}/{table.lower()}"]


def _s3_needs(request: Request) -> list[Need]:
    bucket, key = split_path(request)
    action, query = s3_action(request), request.query
    if not bucket:
        return [("s3:ListAllMyBuckets", "*")]
    if action == "DeleteObjects":
        names = (unescape(found.decode()) for found in _KEY.findall(request.read()))
        return [("s3:DeleteObject", bucket_arn(bucket, name)) for name in names]
    on = bucket_arn(bucket, key)
    if "uploadId" in query and request.method in {"GET", "DELETE"}:
        is_get = request.method == "GET"
        return [("s3:ListMultipartUploadParts" if is_get else "s3:AbortMultipartUpload", on)]
    if "uploads" in query and request.method == "GET":
        return [("s3:ListBucketMultipartUploads", on)]
    if "versions" in query:
        return [("s3:ListBucketVersions", on)]
    for name in _SUBRESOURCES.keys() & query.keys():
        kind = ("Object" if key else "Bucket") if name in _OF_BOTH else ""
        verb = {"PUT": "Put", "DELETE": "Delete"}.get(request.method, "Get")
        return [(f"s3:{verb}{kind}{_SUBRESOURCES[name]}", on)]
    if not key:
        return [(f"s3:{_OF_BUCKET.get(action, action)}", on)]
    needs = [(f"s3:{_OF_OBJECT.get(action, action)}", on)]
    if source := request.headers.get("x-amz-copy-source"):
        path = unquote(source.partition("?")[0]).lstrip("/")
        needs.append(("s3:GetObject", f"arn:aws:s3:::{path}"))
    return needs
