"""GetQueryResults: pages of the result object."""

from typing import Any

from local_aws.athena.errors import invalid_request
from local_aws.athena.run.executions import Execution
from local_aws.athena.run.results import as_rows, column_info, read_rows
from local_aws.athena.run.scan import split_uri
from local_aws.seam import NoSuchBucketError, ObjectStore, StoredObject

MAX_ROWS = 1000


def result_page(
    execution: Execution, store: ObjectStore, payload: dict[str, Any]
) -> dict[str, Any]:
    """One page; the first of a SELECT begins with the header row.

    A token is the byte offset at which the next page begins, so that a page costs the same
    wherever it is.

    Raises:
        AwsError: the query has not succeeded, or the page is not one.
    """
    _check_state(execution)
    count = int(payload.get("MaxResults") or MAX_ROWS)
    if not 1 <= count <= MAX_ROWS:
        raise invalid_request(
            "INVALID_INPUT", f"MaxResults is {count}; 1 to {MAX_ROWS} are allowed"
        )
    outcome = execution.outcome
    answer: dict[str, Any] = {
        "ResultSet": {
            "Rows": [],
            "ResultSetMetadata": {"ColumnInfo": column_info(outcome.columns)},
        }
    }
    if payload.get("QueryResultType") == "DATA_MANIFEST":
        return _lines_page(answer, _find(store, outcome.manifest) if outcome.manifest else None)
    if outcome.update_count is not None:
        # One row, and the count once more outside the rows.
        answer["UpdateCount"] = outcome.update_count
        answer["ResultSet"]["Rows"] = as_rows([["rows"], [str(outcome.update_count)]])
        return answer
    answer["UpdateCount"] = 0
    stored = _find(store, execution.output_location)
    if stored is None:
        raise invalid_request("RESULT_NOT_FOUND", "Could not find results")
    if not outcome.is_table:
        return _lines_page(answer, stored)
    token = str(payload.get("NextToken") or "0")
    if not token.isdigit() or int(token) > stored.size:
        raise invalid_request("INVALID_INPUT", f"NextToken {token!r} is not of this query")
    rows, following = read_rows(stored.path, int(token), count)
    answer["ResultSet"]["Rows"] = as_rows(rows)
    if following and following < stored.size:
        answer["NextToken"] = str(following)
    return answer


def _check_state(execution: Execution) -> None:
    if execution.state == "CANCELLED":
        raise invalid_request("RESULT_NOT_FOUND", "Could not find results")
    if execution.state == "FAILED":
        raise invalid_request(
            "INVALID_QUERY_EXECUTION_STATE",
            "Query did not finish successfully. Final query state: FAILED",
        )
    if execution.state != "SUCCEEDED":
        raise invalid_request(
            "INVALID_QUERY_EXECUTION_STATE",
            f"Query has not yet finished. Current state: {execution.state}",
        )


def _find(store: ObjectStore, uri: str) -> StoredObject | None:
    try:
        return store.get(*split_uri(uri))
    except NoSuchBucketError:
        return None


def _lines_page(answer: dict[str, Any], stored: StoredObject | None) -> dict[str, Any]:
    text = stored.path.read_text() if stored is not None else ""
    answer["ResultSet"]["Rows"] = as_rows([[line] for line in text.splitlines()])
    return answer
