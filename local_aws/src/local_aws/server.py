"""The whole of local_aws, run in this process."""

import shutil
import tempfile
import threading
from concurrent.futures import Future
from pathlib import Path

from local_aws.crawlers.service import Crawlers
from local_aws.faults import FaultBoard
from local_aws.gateway import Gateway
from local_aws.glue.catalog import GlueCatalog
from local_aws.http_server import HttpServer
from local_aws.journal import Journal
from local_aws.messages import Request, Response
from local_aws.object_store import FileObjectStore
from local_aws.s3.moto_s3 import install
from local_aws.s3.object_files import ObjectFiles
from local_aws.seam import Service


class LocalAws:
    """The server.

    Args:
        port: port to listen on; 0 takes a free one.
        host: address to listen on.
        data_dir: where everything is kept over a restart; None keeps nothing.
        crawl_seconds: how long a crawl takes at least.
        active_queries: how many DML queries may be queued or running.
        enforce_iam: hold users and roles to their policies; other credentials are root's.
        trino_url: run Athena's queries on this Trino server instead of in this process.

    moto's state is the process's, so there can be one at a time. Athena loads in the background:
    until `hosted["athena"]` is done, the process must not change its environment variables, which
    DuckDB reads as it opens.
    """

    _running = threading.Lock()

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        data_dir: Path | None = None,
        crawl_seconds: float = 0.5,
        active_queries: int = 200,
        enforce_iam: bool = False,
        trino_url: str | None = None,
    ) -> None:
        self._trino_url = trino_url
        self._enforce_iam = enforce_iam
        self._crawl_seconds = crawl_seconds
        self._active_queries = active_queries
        self._address = (host, port)
        self._data_dir = data_dir

    @property
    def endpoint(self) -> str:
        """The URL to give to boto3 as endpoint_url."""
        host, port = self._server.server_address[:2]
        return f"http://[{host!s}]:{port}" if ":" in str(host) else f"http://{host!s}:{port}"

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def hosted(self) -> dict[str, Future[Service]]:
        """The services it hosts, by signing name."""
        return self._gateway.hosted

    @property
    def object_root(self) -> Path:
        """The directory with the bytes of S3 objects."""
        return (self._data_dir or self._scratch) / "objects"

    def start(self) -> "LocalAws":
        """Listen, and serve in background threads.

        Raises:
            DataDirectoryError: another server uses the data directory, or another version did.
            OSError: the address cannot be listened on.
            RuntimeError: another LocalAws runs in this process.
        """
        self._server = HttpServer(self._address, self._answer)
        if not self._running.acquire(blocking=False):
            self._server.server_close()
            raise RuntimeError("a LocalAws already runs in this process: stop it first")
        try:
            self._scratch = Path(tempfile.mkdtemp(prefix="local-aws-"))
            self._gateway = self._build_gateway()
        except BaseException:
            self._server.server_close()
            self._running.release()
            raise
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop serving; what is to be kept is on disk afterwards."""
        self._server.shutdown()
        self._server.server_close()
        self._server.disconnect_all()
        self._gateway.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._running.release()

    def __enter__(self) -> "LocalAws":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _answer(self, request: Request) -> Response:
        return self._gateway.handle(request)

    def _build_gateway(self) -> Gateway:
        journal = Journal(self._data_dir) if self._data_dir else None
        files = ObjectFiles(self.object_root)
        install(files)
        faults = FaultBoard()
        gateway = Gateway(files, faults, journal, GlueCatalog(), enforce_iam=self._enforce_iam)
        self.iam = gateway.iam
        gateway.restore()
        self.store = FileObjectStore(gateway, files)
        state_file = self._data_dir / "crawlers.json" if self._data_dir else None
        self.crawlers = Crawlers(
            self.store,
            gateway.call,
            faults,
            access=gateway.iam,
            lock=gateway.lock,
            state_file=state_file,
            seconds=self._crawl_seconds,
        )
        gateway.host("glue", lambda: self.crawlers)
        gateway.host("athena", lambda: self._load_athena(gateway, faults))
        return gateway

    def _load_athena(self, gateway: Gateway, faults: FaultBoard) -> Service:
        from local_aws.athena.api.service import AthenaService

        sql = None
        if self._trino_url:
            from local_aws.athena.trino.client import TrinoServer
            from local_aws.athena.trino.sql import TrinoSql

            sql = TrinoSql(TrinoServer(self._trino_url))
        return AthenaService(
            self.store,
            gateway.call,
            faults,
            self._scratch / "athena",
            active_queries=self._active_queries,
            access=gateway.iam,
            sql=sql,
        )
