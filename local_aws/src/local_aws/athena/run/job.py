"""One execution being run: what its statement works on, its faults, its result objects."""

import shutil
from datetime import datetime, timezone
from pathlib import Path

from local_aws.athena.errors import QueryCancelledError, QueryError
from local_aws.athena.lines.text_files import TextFiles
from local_aws.athena.run.catalog import Catalog
from local_aws.athena.run.engine import Engine
from local_aws.athena.run.executions import Execution
from local_aws.athena.run.footers import Footers
from local_aws.athena.run.scan import Scanner, split_uri
from local_aws.athena.run.sql import SqlEngine
from local_aws.seam import Access, AwsCalls, FaultRule, Faults, ObjectStore


class Services:
    """What all executions share.

    Args:
        store: S3.
        calls: the other AWS APIs.
        faults: asked at the points of a query.
        engine: DuckDB.
        sql: what runs queries.
        access: what the caller may do.
    """

    def __init__(
        self,
        store: ObjectStore,
        calls: AwsCalls,
        faults: Faults,
        engine: Engine,
        sql: SqlEngine,
        access: Access,
    ) -> None:
        self.store = store
        self.calls = calls
        self.access = access
        self.faults = faults
        self.engine = engine
        self.sql = sql
        self.footers = Footers()
        self.texts = TextFiles()


class Job:
    """One execution being run."""

    def __init__(self, services: Services, execution: Execution, directory: Path) -> None:
        self.services = services
        self.sql = services.sql
        self.execution = execution
        self.request = execution.request
        self.statement = execution.request.statement
        self.directory = directory
        self.catalog = Catalog(services.calls, self.request.region, services.access)
        self.connection = services.engine.connect()
        with execution.lock:
            execution.connection = self.connection
        self.scanner = Scanner(
            catalog=self.catalog,
            store=services.store,
            footers=services.footers,
            texts=services.texts,
            directory=directory,
            connection=self.connection,
        )
        started = datetime.now(tz=timezone.utc)
        number = int(execution.id.replace("-", "")[:8], 16)
        self.query_name = f"{started:%Y%m%d_%H%M%S}_{number % 100000:05d}_{execution.id[-5:]}"

    def failed(self, error: QueryError) -> QueryError:
        """The error with what Athena appends for a write that may have left data."""
        base = self.request.output
        suffix = {
            "insert": f" If a data manifest file was generated at '{base}{self.execution.id}-"
            "manifest.csv', you may need to manually clean the data from locations "
            "specified in the manifest. Athena will not delete data in your account.",
            "ctas": f" You may need to manually clean the data at location '{base}tables/"
            f"{self.execution.id}' before retrying. Athena will not delete data in your "
            "account.",
        }.get(self.statement.kind, "")
        return QueryError(error.name, error.message + suffix, error.at)

    def hang(self, point: str) -> None:
        """Meet a fault that is set at a point."""
        rule = self.services.faults.take(point, self.request.sql)
        if rule is not None:
            self.obey(rule)

    def obey(self, rule: FaultRule) -> None:
        """Hang or fail, as a fault says."""
        if rule.action == "hang":
            while self.services.faults.is_set(rule):
                if self.execution.stopped.wait(0.02):
                    raise QueryCancelledError("Query cancelled by user")
            return
        raise QueryError("GENERIC_INTERNAL_ERROR", rule.message or f"fault at {rule.point}")

    def put(self, suffix: str, body: bytes) -> None:
        """Store an object of the result."""
        bucket, key = split_uri(f"{self.request.output}{self.execution.id}.{suffix}")
        self.services.store.put_bytes(bucket, key, body)

    def put_file(self, suffix: str, header: bytes, path: Path) -> None:
        """Store an object of the result out of a file, behind a header."""
        whole = path.with_suffix(".whole")
        with whole.open("wb") as target, path.open("rb") as source:
            target.write(header)
            shutil.copyfileobj(source, target, 1 << 20)
        bucket, key = split_uri(f"{self.request.output}{self.execution.id}.{suffix}")
        self.services.store.put_file(bucket, key, whole)
