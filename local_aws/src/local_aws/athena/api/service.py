"""The Athena API: what StartQueryExecution and its companions accept and answer."""

import re
import sys
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_aws.arns import bucket_arn
from local_aws.athena.api.metadata import MetadataApi
from local_aws.athena.api.prepared import Prepared
from local_aws.athena.api.result_pages import result_page
from local_aws.athena.errors import invalid_request, too_many_requests
from local_aws.athena.parse.grammar import MalformedQueryError
from local_aws.athena.parse.statements import read_statement
from local_aws.athena.run.access import CheckedStore, check_api, check_catalog
from local_aws.athena.run.duckdb_sql import DuckDbSql
from local_aws.athena.run.engine import Engine
from local_aws.athena.run.executions import TERMINAL, Execution, Executions, Request
from local_aws.athena.run.job import Services
from local_aws.athena.run.runner import Runner
from local_aws.athena.run.sql import SqlEngine
from local_aws.seam import Access, AwsCalls, AwsError, Faults, ObjectStore

MAX_QUERY_BYTES = 262_144
_QUOTAS = ((("DML",), 200), (("DDL", "UTILITY"), 20))
_BATCH = 50
_S3_PATH = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/.*)?$")
_NO_OUTPUT = (
    "No output location provided. You did not provide an output location for  your query "
    "results. Either specify an S3 bucket location or enable Athena managed query results in "
    "your workgroup settings."
)
_QUOTA = (
    "You have exceeded the limit for the number of queries you can run concurrently. Please "
    "reduce the number of concurrent queries submitted by this account. Contact customer support "
    "to request a concurrent query limit increase."
)
Handler = Callable[["AthenaService", dict[str, Any], str], dict[str, Any]]


class AthenaService:
    """Athena's API over DuckDB; see `seam.Service`.

    Args:
        store: S3.
        calls: the other AWS APIs; work groups and catalogs are asked there.
        faults: asked when a query starts and at the points of its run.
        access: what callers may do.
        scratch: an own directory for spilled and unfinished data.
        active_queries: quota of queued and running DML queries.
        workers: how many queries run at once.
        memory_mb: DuckDB's memory limit.
        sql: what runs queries; DuckDB.
    """

    def __init__(
        self,
        store: ObjectStore,
        calls: AwsCalls,
        faults: Faults,
        scratch: Path,
        *,
        access: Access,
        active_queries: int = 200,
        workers: int = 8,
        memory_mb: int = 2500,
        sql: SqlEngine | None = None,
    ) -> None:
        # The parser and the compiler recurse: a statement may nest some hundred levels.
        sys.setrecursionlimit(max(sys.getrecursionlimit(), 6000))
        self.calls = calls
        self.faults = faults
        self.access = access
        self.store = CheckedStore(store, access)
        self.quotas = (((_QUOTAS[0][0]), active_queries), _QUOTAS[1])
        self.engine = Engine(scratch, memory_mb=memory_mb)
        services = Services(self.store, calls, faults, self.engine, sql or DuckDbSql(), access)
        self.executions = Executions(Runner(services).run, workers=workers)
        self.prepared = Prepared(calls)
        self._metadata = MetadataApi(calls, access)
        self._starting = threading.Lock()
        self._tokens: dict[tuple[str, str], tuple[tuple[Any, ...], str]] = {}

    @property
    def actions(self) -> frozenset[str]:
        """The actions it answers."""
        return frozenset(_HANDLERS) | self._metadata.actions

    def handle(
        self, action: str, payload: dict[str, Any], *, region: str
    ) -> tuple[int, dict[str, Any]]:
        """Answer one request; AwsError becomes an error answer."""
        if action in _HANDLERS:
            for group in self._work_groups(payload):
                check_api(self.access, action, region, group)
            return 200, _HANDLERS[action](self, payload, region)
        return 200, self._metadata.handle(action, payload, region)

    def _work_groups(self, payload: dict[str, Any]) -> set[str]:
        """The work groups that a request is about."""
        single = payload.get("QueryExecutionId")
        ids = payload.get("QueryExecutionIds") or ([single] if single else [])
        if not ids:
            return {str(payload.get("WorkGroup") or "primary")}
        executions = (self.executions.get(str(one)) for one in ids)
        return {one.request.work_group for one in executions if one is not None}

    def close(self) -> None:
        """Cancel what runs, stop the workers, remove the scratch files."""
        self.executions.close()
        self.engine.close()

    # --- starting

    def start(self, payload: dict[str, Any], region: str) -> dict[str, Any]:
        """StartQueryExecution."""
        sql = str(payload.get("QueryString", ""))
        rule = self.faults.take("athena.StartQueryExecution", sql)
        if rule is None:
            return self._start(payload, sql, region)
        if rule.action == "lose":
            self._start(payload, sql, region)
        raise rule.error("InternalServerException", "Internal error")

    def _start(self, payload: dict[str, Any], sql: str, region: str) -> dict[str, Any]:
        catalog = (payload.get("QueryExecutionContext") or {}).get("Catalog") or "AwsDataCatalog"
        check_catalog(self.access, "GetDataCatalog", region, catalog)
        token = _checked_token(payload)
        if len(sql.encode()) > MAX_QUERY_BYTES:
            raise invalid_request("INVALID_INPUT", _too_long(sql))
        group = self._work_group(str(payload.get("WorkGroup") or "primary"), region)
        output = _output_directory(payload, group)
        self._check_output(output)
        request = self._request(payload, group, output, region)
        compared = _compared(payload)
        # One at a time, or a request that is sent twice at once would run twice.
        with self._starting:
            known = self._tokens.get((region, token))
            if known is None:
                self._check_quota(request)
                started = self.executions.start(request, lambda one: _location(request, one))
                known = self._tokens[region, token] = (compared, started.id)
        if known[0] != compared:
            raise invalid_request(
                "IDEMPOTENT_PARAMETER_MISMATCH", "Idempotent parameters do not match"
            )
        return {"QueryExecutionId": known[1]}

    def _check_output(self, output: str) -> None:
        bucket = output.removeprefix("s3://").partition("/")[0]
        try:
            self.access.need("s3:GetBucketLocation", bucket_arn(bucket))
        except AwsError as error:
            message = f"Unable to verify/create output bucket {bucket}. {error.message}"
            raise invalid_request("INVALID_INPUT", message) from None

    def _work_group(self, name: str, region: str) -> dict[str, Any]:
        try:
            found = self.calls("athena", "GetWorkGroup", {"WorkGroup": name}, region=region)
        except AwsError:
            found = {}
        group: dict[str, Any] = found.get("WorkGroup") or {}
        if not group:
            raise invalid_request("INVALID_INPUT", "WorkGroup is not found.")
        if group.get("State") == "DISABLED":
            raise invalid_request("INVALID_INPUT", f"WorkGroup {name} is disabled.")
        return group

    def _request(
        self, payload: dict[str, Any], group: dict[str, Any], output: str, region: str
    ) -> Request:
        sql = str(payload.get("QueryString", ""))
        context = payload.get("QueryExecutionContext") or {}
        configuration = group.get("Configuration") or {}
        parameters = tuple(payload.get("ExecutionParameters") or ())
        try:
            text, parameters = self.prepared.resolve(sql, parameters, group["Name"], region)
            statement = read_statement(text)
        except MalformedQueryError as error:
            raise invalid_request("MALFORMED_QUERY", str(error)) from None
        except RecursionError:
            raise invalid_request("MALFORMED_QUERY", "Statement is too deeply nested") from None
        return Request(
            sql=sql,
            statement=statement,
            region=region,
            catalog=str(context.get("Catalog") or "AwsDataCatalog"),
            database=str(context.get("Database") or "default").lower(),
            work_group=group["Name"],
            output=output,
            parameters=parameters,
            cutoff_bytes=int(configuration.get("BytesScannedCutoffPerQuery") or 0),
            enforces=bool(configuration.get("EnforceWorkGroupConfiguration")),
            shown=_shown(payload, context),
        )

    def _check_quota(self, request: Request) -> None:
        for types, quota in self.quotas:
            if request.statement.type in types and self.executions.active(types) >= quota:
                raise too_many_requests(_QUOTA, "CONCURRENT_QUERY_LIMIT_EXCEEDED")

    # --- asking

    def need(self, execution_id: object) -> Execution:
        """The execution of an id; refuses an unknown one."""
        found = self.executions.get(str(execution_id))
        if found is None:
            raise invalid_request(
                "QUERY_EXECUTION_NOT_FOUND", f"QueryExecution {execution_id} was not found"
            )
        return found

    def get(self, payload: dict[str, Any], region: str) -> dict[str, Any]:
        """GetQueryExecution."""
        del region
        return {"QueryExecution": describe(self.need(payload.get("QueryExecutionId")))}

    def batch_get(self, payload: dict[str, Any], region: str) -> dict[str, Any]:
        """BatchGetQueryExecution."""
        del region
        ids = payload.get("QueryExecutionIds") or []
        if not 1 <= len(ids) <= _BATCH:
            raise invalid_request(
                "INVALID_INPUT",
                f"QueryExecutionIds has {len(ids)} members; 1 to {_BATCH} are allowed",
            )
        found, missing = [], []
        for one in ids:
            execution = self.executions.get(one)
            if execution is not None:
                found.append(describe(execution))
                continue
            missing.append(
                {
                    "QueryExecutionId": one,
                    "ErrorCode": "QUERY_EXECUTION_NOT_FOUND",
                    "ErrorMessage": f"QueryExecution {one} was not found",
                }
            )
        return {"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing}

    def stop(self, payload: dict[str, Any], region: str) -> dict[str, Any]:
        """StopQueryExecution; a query that has ended stays what it is."""
        del region
        self.executions.stop(self.need(payload.get("QueryExecutionId")))
        return {}

    def list(self, payload: dict[str, Any], region: str) -> dict[str, Any]:
        """ListQueryExecutions: newest first, of one work group."""
        group = str(payload.get("WorkGroup") or "primary")
        ids = [
            one.id
            for one in self.executions.all()
            if one.request.work_group == group and one.request.region == region
        ]
        count = min(int(payload.get("MaxResults") or 50), 50)
        token = payload.get("NextToken")
        start = ids.index(token) + 1 if token in ids else 0
        page = ids[start : start + count]
        answer: dict[str, Any] = {"QueryExecutionIds": page}
        if start + count < len(ids):
            answer["NextToken"] = page[-1]
        return answer

    def results(self, payload: dict[str, Any], region: str) -> dict[str, Any]:
        """GetQueryResults."""
        del region
        execution = self.need(payload.get("QueryExecutionId"))
        return result_page(execution, self.store, payload)

    def runtime_statistics(self, payload: dict[str, Any], region: str) -> dict[str, Any]:
        """GetQueryRuntimeStatistics: the timeline and bytes; no stages."""
        del region
        execution = self.need(payload.get("QueryExecutionId"))
        shown = _statistics(execution)
        timeline = {member: shown[member] for member in shown if member.endswith("InMillis")}
        rows = {
            "InputBytes": execution.scanned_bytes,
            "OutputRows": execution.outcome.update_count or 0,
        }
        return {"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": rows}}


def _checked_token(payload: dict[str, Any]) -> str:
    token = payload.get("ClientRequestToken")
    if not token:
        # SDKs send one with every call; a bare HTTP client gets a fresh one.
        return str(uuid.uuid4())
    text = str(token)
    for is_wrong, limit in (
        (len(text) < 32, "greater than or equal to 32"),
        (len(text) > 128, "less than or equal to 128"),
    ):
        if is_wrong:
            raise invalid_request(
                "INVALID_INPUT",
                "1 validation error detected: Value at 'clientRequestToken' "
                f"failed to satisfy constraint: Member must have length {limit}",
            )
    return text


def _too_long(sql: str) -> str:
    return (
        f"1 validation error detected: Value at 'queryString' failed to satisfy constraint: "
        f"Member must have length less than or equal to {MAX_QUERY_BYTES} "
        f"(it has {len(sql.encode())} bytes)"
    )


def _output_directory(payload: dict[str, Any], group: dict[str, Any]) -> str:
    configuration = group.get("Configuration") or {}
    of_group = (configuration.get("ResultConfiguration") or {}).get("OutputLocation") or ""
    asked = (payload.get("ResultConfiguration") or {}).get("OutputLocation") or ""
    enforced = configuration.get("EnforceWorkGroupConfiguration") and of_group
    chosen = of_group if enforced else asked or of_group
    if not chosen:
        raise invalid_request("INVALID_INPUT", _NO_OUTPUT)
    if not _S3_PATH.match(chosen):
        raise invalid_request("INVALID_INPUT", "outputLocation is not a valid S3 path.")
    return chosen if chosen.endswith("/") else f"{chosen}/"


def _compared(payload: dict[str, Any]) -> tuple[Any, ...]:
    """What has to be the same when a token comes again (measured: not the work group)."""
    context = payload.get("QueryExecutionContext") or {}
    result = payload.get("ResultConfiguration") or {}
    return (
        payload.get("QueryString"),
        context.get("Catalog"),
        context.get("Database"),
        result.get("OutputLocation"),
    )


def _shown(payload: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "QueryExecutionContext": {
            member: str(value).lower() for member, value in context.items() if value
        }
    }
    if payload.get("ExecutionParameters"):
        shown["ExecutionParameters"] = payload["ExecutionParameters"]
    return shown


def _location(request: Request, execution_id: str) -> str:
    kind = request.statement.kind
    suffix = {
        "query": ".csv",
        "explain": ".csv",
        "refused": ".csv",
        "insert": "",
        "unload": "",
    }.get(kind, ".txt")
    if kind == "ctas":
        return f"{request.output}tables/{execution_id}"
    return f"{request.output}{execution_id}{suffix}"


def describe(execution: Execution) -> dict[str, Any]:
    """The QueryExecution of GetQueryExecution."""
    request = execution.request
    status: dict[str, Any] = {"State": execution.state, "SubmissionDateTime": execution.submitted}
    if execution.reason:
        status["StateChangeReason"] = execution.reason
    if execution.state in TERMINAL:
        status["CompletionDateTime"] = execution.completed
    if execution.error is not None:
        status["AthenaError"] = execution.error
    return {
        "QueryExecutionId": execution.id,
        "Query": request.sql,
        "StatementType": request.statement.type,
        "SubstatementType": request.statement.subtype,
        "ResultConfiguration": {"OutputLocation": execution.output_location},
        "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
        "Status": status,
        "Statistics": _statistics(execution),
        "WorkGroup": request.work_group,
        "EngineVersion": {
            "SelectedEngineVersion": "AUTO",
            "EffectiveEngineVersion": "Athena engine version 3",
        },
        **request.shown,
    }


def _statistics(execution: Execution) -> dict[str, Any]:
    def milliseconds(start: float, end: float) -> int:
        return max(0, round((end - start) * 1000)) if start and end else 0

    shown: dict[str, Any] = {
        "DataScannedInBytes": execution.scanned_bytes,
        "EngineExecutionTimeInMillis": milliseconds(execution.started, execution.completed),
        "TotalExecutionTimeInMillis": milliseconds(execution.submitted, execution.completed),
        "QueryQueueTimeInMillis": milliseconds(execution.submitted, execution.started),
        "QueryPlanningTimeInMillis": milliseconds(execution.started, execution.planned),
        "ServicePreProcessingTimeInMillis": 0,
        "ServiceProcessingTimeInMillis": 0,
        "ResultReuseInformation": {"ReusedPreviousResult": False},
    }
    if execution.outcome.manifest:
        shown["DataManifestLocation"] = execution.outcome.manifest
    return shown


_HANDLERS: dict[str, Handler] = {
    "StartQueryExecution": AthenaService.start,
    "GetQueryExecution": AthenaService.get,
    "BatchGetQueryExecution": AthenaService.batch_get,
    "StopQueryExecution": AthenaService.stop,
    "ListQueryExecutions": AthenaService.list,
    "GetQueryResults": AthenaService.results,
    "GetQueryRuntimeStatistics": AthenaService.runtime_statistics,
}
