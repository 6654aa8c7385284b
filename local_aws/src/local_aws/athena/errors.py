"""How Athena refuses: at submit with an API error, at run with a FAILED execution."""

from dataclasses import dataclass
from typing import Any

from local_aws.seam import AwsError

_SYSTEM, _USER = 1, 2

# Error name -> AthenaError.ErrorType. Measured where athena-local and AWS's error reference give
# it; the others take the number of their kind in the error reference.
_ERROR_TYPES = {
    "TABLE_NOT_FOUND": 1301,
    "SCHEMA_NOT_FOUND": 1301,
    "COLUMN_NOT_FOUND": 1006,
    "CATALOG_NOT_FOUND": 1006,
    "TYPE_MISMATCH": 1002,
    "FUNCTION_NOT_FOUND": 1303,
    "DIVISION_BY_ZERO": 1001,
    "INVALID_CAST_ARGUMENT": 1100,
    "INVALID_FUNCTION_ARGUMENT": 1100,
    "NUMERIC_VALUE_OUT_OF_RANGE": 1001,
    "NOT_SUPPORTED": 1200,
    "TABLE_ALREADY_EXISTS": 1110,
    "HIVE_CURSOR_ERROR": 1001,
    "HIVE_BAD_DATA": 1001,
    "HIVE_PATH_ALREADY_EXISTS": 1110,
    "HIVE_TOO_MANY_OPEN_PARTITIONS": 6,
    "HIVE_METASTORE_ERROR": 204,
    "PERMISSION_DENIED": 1501,
    "EXCEEDED_MEMORY_LIMIT": 2,
    "GENERIC_INTERNAL_ERROR": 200,
}
_DDL_TASK_FAILED = 1003
_SYSTEM_TYPES = {200, 204}


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in the submitted text; both count from 1."""

    line: int
    column: int


class QueryError(Exception):
    """A statement failed after submit: the execution ends FAILED.

    Args:
        name: Trino's error name, e.g. "COLUMN_NOT_FOUND"; "" for a failed Hive DDL task.
        message: the sentence without name and position.
        at: where in the submitted text, when known.
    """

    def __init__(self, name: str, message: str, at: Position | None = None) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.at = at

    @property
    def reason(self) -> str:
        """The StateChangeReason, e.g. "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot ...".."""
        place = f"line {self.at.line}:{self.at.column}: " if self.at else ""
        return f"{self.name}: {place}{self.message}" if self.name else self.message

    def athena_error(self) -> dict[str, Any]:
        """The AthenaError of a failed execution's status."""
        kind = _ERROR_TYPES.get(self.name, 1001 if self.name else _DDL_TASK_FAILED)
        return {
            "ErrorCategory": _SYSTEM if kind in _SYSTEM_TYPES else _USER,
            "ErrorType": kind,
            "Retryable": False,
            "ErrorMessage": self.reason,
        }


class QueryCancelledError(Exception):
    """The execution ends CANCELLED, for the reason given."""


def invalid_request(code: str, message: str) -> AwsError:
    """An InvalidRequestException as measured: both code members, one sentence."""
    return AwsError(
        "InvalidRequestException", message, extra={"AthenaErrorCode": code, "ErrorCode": code}
    )


def too_many_requests(message: str, reason: str) -> AwsError:
    """The TooManyRequestsException of a quota."""
    return AwsError("TooManyRequestsException", message, extra={"Reason": reason})
