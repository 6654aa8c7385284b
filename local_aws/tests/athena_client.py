"""Running statements over the Athena API, as a client does."""

import time
from dataclasses import dataclass
from typing import Any

from local_aws.testing import PATIENCE, Aws


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A finished execution and the rows of its first page, without the header."""

    id: str
    execution: dict[str, Any]
    rows: list[tuple[str | None, ...]]
    columns: list[tuple[str, str]]

    @property
    def state(self) -> str:
        return self.execution["Status"]["State"]

    @property
    def reason(self) -> str:
        return self.execution["Status"].get("StateChangeReason", "")

    @property
    def scanned(self) -> int:
        return self.execution["Statistics"]["DataScannedInBytes"]


class Athena:
    """A client with a database and a bucket of its own."""

    def __init__(self, aws: Aws, bucket: str, database: str, *, api: Any = None) -> None:
        self.aws = aws
        self.bucket = bucket
        self.database = database
        self.api = api or aws.client("athena")
        self.s3 = aws.client("s3")
        self.glue = aws.client("glue")
        self.output = f"s3://{bucket}/results/"

    def start(self, sql: str, **arguments: Any) -> str:
        asked = {
            "QueryString": sql,
            "QueryExecutionContext": {"Database": self.database},
            "ResultConfiguration": {"OutputLocation": self.output},
            **arguments,
        }
        return self.api.start_query_execution(**asked)["QueryExecutionId"]

    def wait(self, execution_id: str) -> dict[str, Any]:
        end, pause = time.monotonic() + PATIENCE, 0.005
        while time.monotonic() < end:
            execution = self.api.get_query_execution(QueryExecutionId=execution_id)[
                "QueryExecution"
            ]
            if execution["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
                return execution
            time.sleep(pause)
            pause = min(1.3 * pause, 0.05)  # asking costs the processor that the query needs
        raise TimeoutError(execution_id)

    def run(self, sql: str, **arguments: Any) -> Ran:
        """Run a statement to its end, whichever that is."""
        execution_id = self.start(sql, **arguments)
        execution = self.wait(execution_id)
        rows: list[tuple[str | None, ...]] = []
        columns: list[tuple[str, str]] = []
        if execution["Status"]["State"] == "SUCCEEDED":
            found = self.api.get_query_results(QueryExecutionId=execution_id)["ResultSet"]
            columns = [(c["Name"], c["Type"]) for c in found["ResultSetMetadata"]["ColumnInfo"]]
            rows = [
                tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in found["Rows"]
            ]
            if execution["StatementType"] == "DML" or execution["Query"].startswith("CREATE TABLE"):
                rows = rows[1:]
        return Ran(id=execution_id, execution=execution, rows=rows, columns=columns)

    def rows(self, sql: str, **arguments: Any) -> list[tuple[str | None, ...]]:
        """The rows of a query that has to succeed."""
        ran = self.run(sql, **arguments)
        assert ran.state == "SUCCEEDED", ran.reason
        return ran.rows

    def keys(self, prefix: str) -> list[str]:
        """The keys of objects under a prefix of the bucket."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [one["Key"] for one in found.get("Contents", [])]

    def body(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def location(self, name: str) -> str:
        return f"s3://{self.bucket}/{name}/"
