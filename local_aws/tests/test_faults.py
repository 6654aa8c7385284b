"""Faults on request, and what they look like to a client."""

import json
import threading
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.testing import PATIENCE, Aws, Control


def code_of(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return refused.value.response["Error"]["Code"]


def test_a_throttled_action_answers_again_after_as_many_times_as_asked(aws: Aws, faults: Control):
    glue = aws.client("glue")
    faults.set("glue.GetDatabases", "throttle", times=2)
    assert code_of(glue.get_databases) == "ThrottlingException"
    assert code_of(glue.get_databases) == "ThrottlingException"
    glue.get_databases()


def test_s3_slows_down_and_stumbles(aws: Aws, bucket: str, faults: Control):
    s3 = aws.client("s3")
    faults.set("s3.PutObject", "throttle", match="/slow")
    faults.set("s3.ListObjectsV2", "fail")
    s3.put_object(Bucket=bucket, Key="fast", Body=b"x")
    assert code_of(s3.put_object, Bucket=bucket, Key="slow", Body=b"x" * 100_000) == "SlowDown"
    assert code_of(s3.list_objects_v2, Bucket=bucket) == "InternalError"
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_a_lost_answer_is_of_an_action_that_was_done(aws: Aws, bucket: str, faults: Control):
    s3, glue, name = aws.client("s3"), aws.client("glue"), bucket.replace("-", "_")
    faults.set("s3.PutObject", "lose")
    faults.set("glue.CreateDatabase", "lose", code="OperationTimeoutException")

    lost = code_of(s3.put_object, Bucket=bucket, Key="put", Body=b"x")
    assert code_of(glue.create_database, DatabaseInput={"Name": name}) != lost

    assert s3.get_object(Bucket=bucket, Key="put")["Body"].read() == b"x"
    assert glue.get_database(Name=name)["Database"]["Name"] == name


def test_a_share_of_all_calls_of_a_service_is_refused_with_the_code_asked_for(
    aws: Aws, faults: Control
):
    glue = aws.client("glue")
    faults.set("glue.*", "throttle", share=0.5, times=10, code="ConcurrentModificationException")

    answered = 0
    while faults.listed():
        try:
            glue.get_databases()
            answered += 1
        except ClientError as error:  # noqa: PERF203 - each call is a test of its own
            assert error.response["Error"]["Code"] == "ConcurrentModificationException"  # noqa: PT017

    assert answered


def test_an_action_that_hangs_goes_on_when_faults_are_cleared(
    aws: Aws, database: str, faults: Control
):
    faults.set("glue.GetTables", "hang", match=database)
    done = threading.Event()

    def call() -> None:
        aws.client("glue").get_tables(DatabaseName=database)
        done.set()

    thread = threading.Thread(target=call)
    thread.start()
    assert not done.wait(0.3)
    faults.clear()
    assert done.wait(PATIENCE)
    thread.join()


def test_rules_are_listed_until_they_are_used_up(aws: Aws, faults: Control):
    faults.set("glue.GetDatabases", "fail", message="as asked", times=2)
    assert faults.listed() == [
        {
            "point": "glue.GetDatabases",
            "match": "",
            "action": "fail",
            "message": "as asked",
            "times": 2,
            "code": "",
            "share": 1,
        }
    ]
    with pytest.raises(ClientError, match="as asked"):
        aws.client("glue").get_databases()
    assert [rule["times"] for rule in faults.listed()] == [1]
    faults.clear()
    assert faults.listed() == []


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "fail"},
        {"point": "glue.crawl", "action": "explode"},
        {"point": "glue.crawl", "action": "fail", "times": 0},
        {"point": "glue.crawl", "action": "fail", "share": 1.5},
        {"point": "glue.crawl", "action": "fail", "tmes": 1},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_what_is_allowed(aws: Aws, rule: Any):
    request = urllib.request.Request(
        f"{aws.endpoint}/_local_aws/faults", data=json.dumps(rule).encode(), method="POST"
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=PATIENCE)
    assert refused.value.code == 400
    assert json.load(refused.value)["message"]


def test_a_fault_hits_clients_but_not_the_servers_own_calls(
    aws: Aws, bucket: str, database: str, faults: Control
):
    glue = aws.client("glue")
    glue.create_crawler(
        Name=database,
        Role="r",
        DatabaseName=database,
        Targets={"S3Targets": [{"Path": f"s3://{bucket}/"}]},
    )
    faults.set("glue.GetTables", "fail")
    glue.start_crawler(Name=database)
    while glue.get_crawler(Name=database)["Crawler"]["State"] != "READY":
        time.sleep(0.02)
    assert glue.get_crawler(Name=database)["Crawler"]["LastCrawl"]["Status"] == "SUCCEEDED"
    assert code_of(glue.get_tables, DatabaseName=database) == "InternalServiceException"
