"""The Athena API around the queries: submit, tokens, states, results, work groups."""

import json
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.athena_client import Athena

from local_aws.athena.api.service import AthenaService
from local_aws.faults import FaultBoard
from local_aws.seam import AwsError, FaultRule
from local_aws.testing import PATIENCE, Aws


@pytest.fixture
def athena(aws: Aws, bucket: str, database: str) -> Athena:
    return Athena(aws, bucket, database)


@pytest.fixture
def fault(aws: Aws) -> Iterator[Any]:
    """Set a fault; all are cleared afterwards."""

    def call(method: str, rule: dict[str, Any] | None = None) -> None:
        request = urllib.request.Request(
            f"{aws.endpoint}/_local_aws/faults",
            method=method,
            data=json.dumps(rule).encode() if rule else None,
        )
        urllib.request.urlopen(request).close()

    yield lambda **rule: call("POST", rule)
    call("DELETE")


def refused(athena: Athena, sql: str, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        athena.start(sql, **arguments)
    return caught.value.response


def test_a_syntax_error_is_refused_at_submit_and_makes_no_execution(athena: Athena) -> None:
    before = athena.api.list_query_executions()["QueryExecutionIds"]
    answer = refused(athena, "SELEC 1")
    assert answer["Error"]["Code"] == "InvalidRequestException"
    assert answer["AthenaErrorCode"] == "MALFORMED_QUERY"
    assert answer["Error"]["Message"].startswith("line 1:1: mismatched input 'SELEC'. Expecting:")
    assert athena.api.list_query_executions()["QueryExecutionIds"] == before


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1 FROM", "line 1:14: mismatched input '<EOF>'"),
        ("SELECT 1; SELECT 2", "line 1:9"),
        ("SELECT nosuchfunction(1)", "line 1:8: Function 'nosuchfunction' not registered"),
        ("SELECT sum(1, 2)", "line 1:8:"),
        ("MSCK TABLE x", "line 1:6: mismatched input 'TABLE'"),
        ("CREATE EXTERNAL TABLE x (a int", "mismatched input '<EOF>'"),
        ("UNLOAD (SELECT 1) INTO 's3://x/'", "mismatched input in UNLOAD"),
        ("", "mismatched input '<EOF>'"),
    ],
)
def test_what_the_grammar_does_not_take_is_refused_at_submit(
    athena: Athena, sql: str, message: str
) -> None:
    if not sql:
        sql = " "
    answer = refused(athena, sql)
    assert answer["AthenaErrorCode"] == "MALFORMED_QUERY"
    assert message in answer["Error"]["Message"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 60 + "1" + ")" * 60,
        "SELECT 1 WHERE " + " OR ".join(f"1 = {n}" for n in range(1500)),
    ],
    ids=["nested", "long"],
)
def test_a_deep_or_long_statement_runs(athena: Athena, sql: str) -> None:
    assert athena.rows(sql) == [("1",)]


@pytest.mark.duckdb_only(reason="Trino runs it")
def test_what_cannot_be_run_here_says_so(athena: Athena) -> None:
    ran = athena.run("SELECT current_user")
    assert ran.reason.startswith("NOT_SUPPORTED: line 1:8: CurrentUser is not supported")


def test_a_semantic_error_ends_the_execution_failed_with_name_and_place(athena: Athena) -> None:
    ran = athena.run("SELECT\n  nosuch FROM (VALUES 1) AS t(x)")
    assert ran.state == "FAILED"
    assert ran.reason == "COLUMN_NOT_FOUND: line 2:3: Column 'nosuch' cannot be resolved"
    error = ran.execution["Status"]["AthenaError"]
    assert (error["ErrorCategory"], error["ErrorType"], error["Retryable"]) == (2, 1006, False)
    assert error["ErrorMessage"] == ran.reason


@pytest.mark.parametrize(
    ("sql", "name", "error_type"),
    [
        ("SELECT * FROM nosuch", "TABLE_NOT_FOUND", 1301),
        ("SELECT * FROM nodb.x", "SCHEMA_NOT_FOUND", 1301),
        ("SELECT * FROM nocatalog.d.x", "CATALOG_NOT_FOUND", 1006),
        ("SELECT 1 = 'a'", "TYPE_MISMATCH", 1002),
        ("SELECT 1 / 0", "DIVISION_BY_ZERO", 1001),
        ("SELECT CAST('x' AS integer)", "INVALID_CAST_ARGUMENT", 1100),
        ("SELECT length(1)", "FUNCTION_NOT_FOUND", 1303),
        ("DELETE FROM nosuch", "NOT_SUPPORTED", 1200),
    ],
)
def test_failures_carry_the_error_type_that_athena_gives_them(
    athena: Athena, sql: str, name: str, error_type: int
) -> None:
    ran = athena.run(sql)
    assert ran.reason.startswith(f"{name}: ")
    assert ran.execution["Status"]["AthenaError"]["ErrorType"] == error_type


def test_the_same_token_gives_the_same_execution_also_after_it_failed(athena: Athena) -> None:
    token = uuid.uuid4().hex
    first = athena.start("SELECT 1 / 0", ClientRequestToken=token)
    assert athena.wait(first)["Status"]["State"] == "FAILED"
    assert athena.start("SELECT 1 / 0", ClientRequestToken=token) == first


def test_a_token_does_not_compare_parameters_and_work_group(athena: Athena) -> None:
    token = uuid.uuid4().hex
    first = athena.start("SELECT ?", ClientRequestToken=token, ExecutionParameters=["1"])
    again = athena.start("SELECT ?", ClientRequestToken=token, ExecutionParameters=["2"])
    assert first == again


@pytest.mark.parametrize(
    "changed",
    [
        {"QueryString": "SELECT 2"},
        {"QueryExecutionContext": {"Database": "default"}},
        {"QueryExecutionContext": {}},
        {"ResultConfiguration": {"OutputLocation": "s3://other-bucket/"}},
    ],
)
def test_a_token_with_another_request_is_refused(athena: Athena, changed: dict[str, Any]) -> None:
    token = uuid.uuid4().hex
    athena.start("SELECT 1", ClientRequestToken=token)
    answer = (
        refused(athena, "SELECT 1", ClientRequestToken=token, **changed)
        if ("QueryString" not in changed)
        else refused(athena, changed["QueryString"], ClientRequestToken=token)
    )
    assert answer["AthenaErrorCode"] == "IDEMPOTENT_PARAMETER_MISMATCH"
    assert answer["Error"]["Message"] == "Idempotent parameters do not match"


def test_a_token_that_is_sent_many_times_at_once_runs_one_query(athena: Athena) -> None:
    token = uuid.uuid4().hex
    ids: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: ids.append(athena.start("SELECT 1", ClientRequestToken=token))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1


def test_a_refused_request_does_not_use_up_its_token(athena: Athena) -> None:
    token = uuid.uuid4().hex
    refused(athena, "SELEC 1", ClientRequestToken=token)
    assert athena.start("SELECT 1", ClientRequestToken=token)


def post(aws: Aws, action: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """A request that the SDK's own checks would not let through."""
    request = urllib.request.Request(
        aws.endpoint,
        data=json.dumps(body).encode(),
        headers={
            "X-Amz-Target": f"AmazonAthena.{action}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": "AWS4-HMAC-SHA256 Credential=local/20240101/us-east-1/athena/"
            "aws4_request, SignedHeaders=host, Signature=0",
        },
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.mark.parametrize(
    ("length", "limit"), [(31, "greater than or equal to 32"), (129, "less than or equal to 128")]
)
def test_a_token_has_32_to_128_characters(athena: Athena, length: int, limit: str) -> None:
    status, body = post(
        athena.aws,
        "StartQueryExecution",
        {
            "QueryString": "SELECT 1",
            "ClientRequestToken": "x" * length,
            "ResultConfiguration": {"OutputLocation": athena.output},
        },
    )
    assert status == 400
    assert body["__type"] == "InvalidRequestException"
    assert body["Message"].endswith(f"Member must have length {limit}")


def test_a_query_of_more_than_262144_bytes_is_refused(athena: Athena) -> None:
    text = "SELECT '" + "é" * 131_072 + "'"
    status, body = post(
        athena.aws,
        "StartQueryExecution",
        {
            "QueryString": text,
            "ResultConfiguration": {"OutputLocation": athena.output},
        },
    )
    assert (status, body["AthenaErrorCode"]) == (400, "INVALID_INPUT")
    assert "262144" in body["Message"]


def test_results_need_an_output_location(athena: Athena) -> None:
    answer = refused(athena, "SELECT 1", ResultConfiguration={})
    assert answer["Error"]["Message"] == (
        "No output location provided. You did not provide an output location for  your query "
        "results. Either specify an S3 bucket location or enable Athena managed query results in "
        "your workgroup settings."
    )


def test_an_output_location_has_to_be_an_s3_path(athena: Athena) -> None:
    answer = refused(athena, "SELECT 1", ResultConfiguration={"OutputLocation": "/tmp/x"})
    assert answer["Error"]["Message"] == "outputLocation is not a valid S3 path."


def test_an_unknown_work_group_is_refused(athena: Athena) -> None:
    answer = refused(athena, "SELECT 1", WorkGroup="nosuch")
    assert answer["AthenaErrorCode"] == "INVALID_INPUT"
    assert answer["Error"]["Message"] == "WorkGroup is not found."


def make_group(athena: Athena, **configuration: Any) -> str:
    name = f"group-{uuid.uuid4().hex[:8]}"
    athena.api.create_work_group(Name=name, Configuration=configuration)
    return name


def test_a_work_group_that_enforces_its_settings_overrides_the_output_location(
    athena: Athena,
) -> None:
    group = make_group(
        athena,
        EnforceWorkGroupConfiguration=True,
        ResultConfiguration={"OutputLocation": f"s3://{athena.bucket}/enforced/"},
    )
    ran = athena.run("SELECT 1", WorkGroup=group)
    location = ran.execution["ResultConfiguration"]["OutputLocation"]
    assert location == f"s3://{athena.bucket}/enforced/{ran.id}.csv"
    assert athena.keys("enforced/") == [f"enforced/{ran.id}.csv", f"enforced/{ran.id}.csv.metadata"]


def test_a_work_group_that_enforces_its_settings_refuses_an_external_location(
    athena: Athena,
) -> None:
    group = make_group(
        athena,
        EnforceWorkGroupConfiguration=True,
        ResultConfiguration={"OutputLocation": athena.output},
    )
    ran = athena.run(
        f"CREATE TABLE c WITH (external_location = '{athena.location('c')}') AS SELECT 1 AS x",
        WorkGroup=group,
    )
    assert "was submitted with an 'external_location' property" in ran.reason


def test_more_bytes_than_the_work_group_allows_cancel_the_query(athena: Athena) -> None:
    group = make_group(
        athena, EnforceWorkGroupConfiguration=False, BytesScannedCutoffPerQuery=10_000_000
    )
    athena.run(f"CREATE EXTERNAL TABLE big (line string) LOCATION '{athena.location('big')}'")
    athena.put("big/a", b"x" * 10_000_001)
    ran = athena.run("SELECT count(*) FROM big WHERE line = 'y'", WorkGroup=group)
    assert (ran.state, ran.reason) == ("CANCELLED", "Bytes scanned limit was exceeded")
    assert ran.scanned == 10_000_001
    assert "AthenaError" not in ran.execution["Status"]
    assert athena.rows("SELECT count(*) FROM big") == [("1",)]


def test_a_stopped_query_is_cancelled_by_the_user(athena: Athena) -> None:
    execution_id = athena.start(
        "SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(x), "
        "UNNEST(sequence(1, 10000)) AS b(y), UNNEST(sequence(1, 1000)) AS c(z) "
        "WHERE x * y * z % 7 = 8"
    )
    deadline = time.monotonic() + PATIENCE
    while (
        athena.api.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]["Status"][
            "State"
        ]
        != "RUNNING"
    ):
        assert time.monotonic() < deadline
    athena.api.stop_query_execution(QueryExecutionId=execution_id)
    execution = athena.wait(execution_id)
    assert execution["Status"]["State"] == "CANCELLED"
    assert execution["Status"]["StateChangeReason"] == "Query cancelled by user"
    assert "AthenaError" not in execution["Status"]
    with pytest.raises(ClientError, match="Could not find results"):
        athena.api.get_query_results(QueryExecutionId=execution_id)
    assert athena.keys(f"results/{execution_id}") == []


def test_stopping_a_finished_query_changes_nothing(athena: Athena) -> None:
    ran = athena.run("SELECT 1")
    athena.api.stop_query_execution(QueryExecutionId=ran.id)
    assert athena.wait(ran.id)["Status"]["State"] == "SUCCEEDED"


def test_results_of_a_failed_query_are_refused(athena: Athena) -> None:
    ran = athena.run("SELECT 1 / 0")
    with pytest.raises(ClientError, match="Final query state: FAILED"):
        athena.api.get_query_results(QueryExecutionId=ran.id)


def test_results_of_a_running_query_are_refused(athena: Athena, fault: Any) -> None:
    fault(point="athena.query.hang", action="hang", match="'hanging 1'")
    execution_id = athena.start("SELECT 'hanging 1'")
    with pytest.raises(ClientError, match="Query has not yet finished"):
        athena.api.get_query_results(QueryExecutionId=execution_id)
    athena.api.stop_query_execution(QueryExecutionId=execution_id)
    assert athena.wait(execution_id)["Status"]["State"] == "CANCELLED"


def test_an_unknown_execution_is_told(athena: Athena) -> None:
    missing = str(uuid.uuid4())
    with pytest.raises(ClientError, match=f"QueryExecution {missing} was not found"):
        athena.api.get_query_execution(QueryExecutionId=missing)


def test_a_batch_answers_known_executions_and_lists_the_others(athena: Athena) -> None:
    ran = athena.run("SELECT 1")
    missing = str(uuid.uuid4())
    answer = athena.api.batch_get_query_execution(QueryExecutionIds=[ran.id, missing])
    assert [one["QueryExecutionId"] for one in answer["QueryExecutions"]] == [ran.id]
    assert answer["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"] == missing


def test_a_batch_has_at_most_50_executions(athena: Athena) -> None:
    status, body = post(
        athena.aws, "BatchGetQueryExecution", {"QueryExecutionIds": [str(uuid.uuid4())] * 51}
    )
    assert (status, body["AthenaErrorCode"]) == (400, "INVALID_INPUT")


def test_an_execution_tells_what_ran_and_what_it_took(athena: Athena) -> None:
    ran = athena.run("SELECT 1")
    execution = ran.execution
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "SELECT")
    assert execution["Query"] == "SELECT 1"
    assert execution["QueryExecutionContext"] == {"Database": athena.database}
    assert execution["WorkGroup"] == "primary"
    status = execution["Status"]
    assert status["SubmissionDateTime"] <= status["CompletionDateTime"]
    statistics = execution["Statistics"]
    assert statistics["TotalExecutionTimeInMillis"] >= statistics["EngineExecutionTimeInMillis"]
    assert "DataManifestLocation" not in statistics


def test_rows_come_in_pages_with_the_header_first(athena: Athena) -> None:
    ran = athena.run(
        "SELECT x, 'a\"b,\n' || CAST(x AS varchar) AS s FROM UNNEST(sequence(1, 2500)) "
        "AS t(x) ORDER BY x"
    )
    pages = list(athena.api.get_paginator("get_query_results").paginate(QueryExecutionId=ran.id))
    rows = [
        [cell["VarCharValue"] for cell in row["Data"]]
        for page in pages
        for row in page["ResultSet"]["Rows"]
    ]
    assert [len(page["ResultSet"]["Rows"]) for page in pages] == [1000, 1000, 501]
    assert rows[0] == ["x", "s"]
    assert rows[1:] == [[str(n), f'a"b,\n{n}'] for n in range(1, 2501)]


def test_a_page_has_at_most_1000_rows(athena: Athena) -> None:
    ran = athena.run("SELECT 1")
    with pytest.raises(ClientError, match="1 to 1000"):
        athena.api.get_query_results(QueryExecutionId=ran.id, MaxResults=1001)


def test_the_result_object_quotes_every_value_and_leaves_null_out(athena: Athena) -> None:
    ran = athena.run("SELECT 1 AS a, 'x\"y' AS b, CAST(NULL AS varchar) AS c, '' AS d")
    assert athena.body(f"results/{ran.id}.csv") == b'"a","b","c","d"\n"1","x""y",,""\n'
    data = athena.api.get_query_results(QueryExecutionId=ran.id)["ResultSet"]["Rows"][1]["Data"]
    assert data == [{"VarCharValue": "1"}, {"VarCharValue": 'x"y'}, {}, {"VarCharValue": ""}]


def test_result_columns_have_athenas_types(athena: Athena) -> None:
    ran = athena.run(
        "SELECT 1, CAST(1 AS bigint), 1.5, 1e0, 'a', true, DATE '2024-01-01', now(), "
        "localtimestamp, ARRAY[1], map(ARRAY['a'], ARRAY[1]), ROW(1), X'00', CAST(1 AS real)"
    )
    assert [kind for _, kind in ran.columns] == [
        "integer",
        "bigint",
        "decimal",
        "double",
        "varchar",
        "boolean",
        "date",
        "timestamp with time zone",
        "timestamp",
        "array",
        "map",
        "row",
        "varbinary",
        "real",
    ]
    assert [name for name, _ in ran.columns][:2] == ["_col0", "_col1"]


def test_execution_parameters_stand_for_question_marks(athena: Athena) -> None:
    ran = athena.run("SELECT ? || 'b', ?", ExecutionParameters=["'a'", "3"])
    assert ran.rows == [("ab", "3")]
    assert ran.execution["ExecutionParameters"] == ["'a'", "3"]


def test_a_prepared_statement_is_executed_by_its_name(athena: Athena) -> None:
    assert athena.run("PREPARE adds FROM SELECT ? + ?").state == "SUCCEEDED"
    assert athena.rows("EXECUTE adds USING 1, 2") == [("3",)]
    assert athena.rows("EXECUTE adds", ExecutionParameters=["4", "5"]) == [("9",)]
    answer = refused(athena, "EXECUTE nosuchstatement USING 1")
    assert "was not found" in answer["Error"]["Message"]


def test_throttling_on_request_answers_as_athena_does(athena: Athena, fault: Any) -> None:
    fault(point="athena.StartQueryExecution", action="throttle", match="'throttled'")
    answer = refused(athena, "SELECT 'throttled'")
    assert answer["Error"] == {"Code": "ThrottlingException", "Message": "Rate exceeded"}
    assert athena.run("SELECT 'throttled'").state == "SUCCEEDED"


def test_more_active_queries_than_the_quota_are_refused(aws: Aws, tmp_path: Path) -> None:
    assert aws.server is not None
    gateway, faults = aws.server._gateway, FaultBoard()
    service = AthenaService(
        aws.server.store,
        gateway.call,
        faults,
        tmp_path / "scratch",
        access=gateway.iam,
        active_queries=2,
    )
    faults.set(FaultRule(point="athena.query.hang", action="hang"), times=2)
    asked = {"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "s3://bucket/"}}
    try:
        for _ in range(2):
            service.handle("StartQueryExecution", asked, region="us-east-1")
        with pytest.raises(AwsError) as caught:
            service.handle("StartQueryExecution", asked, region="us-east-1")
    finally:
        service.close()
    assert caught.value.code == "TooManyRequestsException"
    assert caught.value.extra == {"Reason": "CONCURRENT_QUERY_LIMIT_EXCEEDED"}
    assert "exceeded the limit for the number of queries" in caught.value.message


def test_a_plan_is_explained(athena: Athena) -> None:
    ran = athena.run("EXPLAIN SELECT count(*) FROM (VALUES 1) AS t(x)")
    assert ran.execution["StatementType"] == "UTILITY"
    assert ran.columns == [("Query Plan", "varchar")]
    assert "COUNT" in str(ran.rows).upper()


def test_the_api_answers_and_small_queries_run_beside_a_large_one(athena: Athena) -> None:
    large = athena.start(
        "SELECT count(*) FROM UNNEST(sequence(1, 10000)) AS a(x), "
        "UNNEST(sequence(1, 10000)) AS b(y), UNNEST(sequence(1, 1000)) AS c(z) "
        "WHERE x * y * z % 7 = 8"
    )
    results = []
    threads = [
        threading.Thread(target=lambda n=n: results.append(athena.rows(f"SELECT {n}")))
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    state = athena.api.get_query_execution(QueryExecutionId=large)["QueryExecution"]["Status"]
    athena.api.stop_query_execution(QueryExecutionId=large)
    athena.wait(large)
    assert state["State"] == "RUNNING"
    assert sorted(results) == [[(str(n),)] for n in range(6)]


def test_metadata_calls_answer_from_glue(athena: Athena) -> None:
    athena.run(
        "CREATE EXTERNAL TABLE m (a int COMMENT 'first') PARTITIONED BY (d string) "
        f"STORED AS PARQUET LOCATION '{athena.location('m')}'"
    )
    table = athena.api.get_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=athena.database, TableName="m"
    )["TableMetadata"]
    assert table["Columns"] == [{"Name": "a", "Type": "int", "Comment": "first"}]
    assert table["PartitionKeys"] == [{"Name": "d", "Type": "string"}]
    assert table["Parameters"]["location"] == athena.location("m")
    names = [
        one["Name"]
        for one in athena.api.list_table_metadata(
            CatalogName="AwsDataCatalog", DatabaseName=athena.database
        )["TableMetadataList"]
    ]
    assert names == ["m"]
    found = athena.api.get_database(CatalogName="AwsDataCatalog", DatabaseName=athena.database)
    assert found["Database"]["Name"] == athena.database
    with pytest.raises(ClientError, match="MetadataException"):
        athena.api.get_database(CatalogName="AwsDataCatalog", DatabaseName="nosuch")
    assert athena.api.get_data_catalog(Name="AwsDataCatalog")["DataCatalog"]["Type"] == "GLUE"


def test_executions_are_listed_newest_first_in_pages(athena: Athena) -> None:
    group = make_group(athena)
    ids = [athena.run(f"SELECT {n}", WorkGroup=group).id for n in range(3)]
    first = athena.api.list_query_executions(WorkGroup=group, MaxResults=2)
    rest = athena.api.list_query_executions(WorkGroup=group, NextToken=first["NextToken"])
    assert first["QueryExecutionIds"] + rest["QueryExecutionIds"] == ids[::-1]
