"""local_aws in this process with Athena on a real Trino, and a further Athena beside it."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local_aws.athena.api.service import AthenaService
from local_aws.athena.run.sql import SqlEngine
from local_aws.seam import AwsError
from local_aws.server import LocalAws
from local_aws.testing import REGION, Aws
from trino_server import TrinoServer


@contextmanager
def local_aws_on_trino(*, region: str = REGION) -> Iterator[LocalAws]:
    """Serve, with a Trino that reads and writes here and runs Athena's queries.

    Args:
        region: whose Glue catalog Trino has.

    Raises:
        TrinoError: Trino cannot be built or started.
    """
    port = free_port()
    with (
        LocalAws(trino_url=f"http://127.0.0.1:{port}") as server,
        TrinoServer(endpoint=server.endpoint, port=port, region=region),
    ):
        yield server


def free_port() -> int:
    """A port for Trino: the server has to know it before Trino, which asks the server, starts."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def athena_beside(
    server: LocalAws, scratch: Path, *, sql: SqlEngine | None = None, region: str = REGION
) -> Iterator[Any]:
    """A boto3 client of a further Athena over the server's catalog and objects.

    Args:
        server: a running one, in this process.
        scratch: an own directory; emptied.
        sql: its engine; DuckDB.
        region: of its catalog.
    """
    gateway = server._gateway  # noqa: SLF001 - it is one more service of the server
    service = AthenaService(
        server.store, gateway.call, gateway.faults, scratch, access=gateway.iam, sql=sql
    )
    client = Aws(endpoint=server.endpoint).client("athena", region)
    client.meta.events.register("before-call.athena", _Answers(service, region))
    try:
        yield client
    finally:
        service.close()


class _Answers:
    """Answers the calls of a boto3 client by a service in this process."""

    def __init__(self, service: AthenaService, region: str) -> None:
        self._service = service
        self._region = region

    def __call__(self, model: Any, params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        """See botocore's event before-call."""
        asked = json.loads(params["body"])
        try:
            status, answer = self._service.handle(model.name, asked, region=self._region)
        except AwsError as error:
            status = error.status
            answer = {"Error": {"Code": error.code, "Message": error.message}, **error.extra}
        return SimpleNamespace(status_code=status), answer
