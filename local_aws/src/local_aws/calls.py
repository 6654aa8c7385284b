"""The APIs of the server, as the services that it hosts call them."""

import io
import json
import threading
from collections.abc import Callable
from typing import Any

from moto.athena.models import athena_backends

from local_aws.arns import glue_arn
from local_aws.glue.catalog import find_table
from local_aws.glue.partition_index import index_of
from local_aws.iam.callers import Iam
from local_aws.messages import ACCOUNT, Request, Response
from local_aws.seam import AwsCalls, AwsError, Keep, Values

TARGET_PREFIXES = {"glue": "AWSGlue", "athena": "AmazonAthena"}
_MANY = 20
"""So many values are worth being asked about; before that it is cheaper to go on."""


class Calls(AwsCalls):
    """Requests to the gateway, and partitions as they are in memory: no JSON is made of them.

    Args:
        authorize: sees that the caller may make a request.
        route: answers it.
        iam: what the caller may do.
        lock: held while moto's tables are read.
    """

    def __init__(
        self,
        *,
        authorize: Callable[[Request], None],
        route: Callable[[Request], Response],
        iam: Iam,
        lock: threading.RLock,
    ) -> None:
        self._authorize = authorize
        self._route = route
        self._iam = iam
        self._lock = lock

    def __call__(
        self, service: str, action: str, payload: dict[str, Any], *, region: str
    ) -> dict[str, Any]:
        """See `AwsCalls`."""
        if (service, action) == ("athena", "GetWorkGroup"):
            return self._work_group(payload["WorkGroup"], region)
        body = json.dumps(payload).encode()
        signed = f"AWS4-HMAC-SHA256 Credential=local/20000101/{region}/{service}/aws4_request"
        headers = {
            "authorization": f"{signed}, SignedHeaders=host, Signature=0",
            "x-amz-target": f"{TARGET_PREFIXES[service]}.{action}",
            "content-type": "application/x-amz-json-1.1",
        }
        request = Request(
            method="POST", target="/", headers=headers, body=io.BytesIO(body), length=len(body)
        )
        # What Athena asks of itself, say for a work group, is not the caller's doing.
        if service != "athena":
            self._authorize(request)
        response = self._route(request)
        answer: dict[str, Any] = json.loads(response.body or b"{}")  # type: ignore[arg-type]
        if response.status >= 400:
            code = answer.get("__type", "InternalFailure").rpartition("#")[2]
            message = answer.get("message") or answer.get("Message") or ""
            raise AwsError(code, message, status=response.status)
        return answer

    def _work_group(self, name: str, region: str) -> dict[str, Any]:
        # Every query asks for it, and moto's web framework takes longer than a small query.
        with self._lock:
            return {"WorkGroup": athena_backends[ACCOUNT][region].get_work_group(name)}

    def partitions(
        self, database: str, table: str, *, region: str, keep: Keep | None = None
    ) -> list[dict[str, Any]]:
        """See `AwsCalls.partitions`."""
        for path in ("catalog", f"database/{database}", f"table/{database}/{table}"):
            self._iam.need("glue:GetPartitions", glue_arn(region, path))
        with self._lock:
            found = find_table(database, table, region)
            index, keys = index_of(found), len(found.as_dict().get("PartitionKeys") or [])
            if keep is None:
                return [one.partition_input for one in map(index.find, index.matching(_all)) if one]
        kept: list[Values] = [()]
        for length in range(1, keys + 1):
            with self._lock:
                further = (values for first in kept for values in index.next_values(first))
                kept = list(dict.fromkeys(further))
            if length == keys or len(kept) >= _MANY:
                kept = keep(kept)
        with self._lock:
            return [one.partition_input for one in map(index.find, kept) if one]


def _all(_: object) -> bool:
    return True
