"""Refused calls are repeated for as long as the policy says, and by the policy that was chosen."""

from typing import Any

import boto3
import pytest
from botocore import endpoint
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.hooks import first_non_none_response

from local_aws.testing import Aws
from retime.aws_retries import make_client

REFUSALS = [
    ("glue.GetTable", "throttle", "ThrottlingException"),
    ("glue.GetTable", "throttle", "ConcurrentModificationException"),
    ("glue.GetTable", "throttle", "OperationTimeoutException"),
    ("glue.GetTable", "fail", "InternalServiceException"),
    ("athena.GetQueryExecution", "throttle", "TooManyRequestsException"),
    ("athena.GetQueryExecution", "fail", "InternalServerException"),
    ("s3.ListObjectsV2", "throttle", "SlowDown"),
    ("s3.ListObjectsV2", "fail", "InternalError"),
]
# More than any mode of botocore would take.
TIMES = 12


def first_that_is_not_false(responses: Any, default: Any = None) -> Any:
    """At False, botocore before 1.43 would try again for ever."""
    found = first_non_none_response(responses, default)
    assert found is not False
    return found


@pytest.fixture(autouse=True)
def _in_no_hurry(monkeypatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(endpoint, "first_non_none_response", first_that_is_not_false)
    monkeypatch.delenv("AWS_RETRY_MODE", raising=False)
    monkeypatch.delenv("AWS_MAX_ATTEMPTS", raising=False)


@pytest.fixture
def client(aws: Aws) -> Any:
    """Make a client with a patience and a config."""

    def make(service: str, patience: float = 3600, **config: Any) -> Any:
        session = boto3.Session("key", "secret", region_name="eu-west-1")
        given: Any = Config(**config)
        return make_client(session, service, given, patience=patience, endpoint_url=aws.endpoint)

    return make


def call(client: Any, point: str) -> str:
    """Call an action; return the code of its error."""
    calls = {
        "glue.GetTable": lambda: client.get_table(DatabaseName="none", Name="none"),
        "athena.GetQueryExecution": lambda: client.get_query_execution(QueryExecutionId="none"),
        "s3.ListObjectsV2": lambda: client.list_objects_v2(Bucket="no-such-bucket"),
    }
    with pytest.raises(ClientError) as error:
        calls[point]()
    return str(error.value.response["Error"]["Code"])


@pytest.mark.parametrize(("point", "action", "code"), REFUSALS)
def test_a_refused_call_is_repeated_until_it_is_answered(client, faults, point, action, code):
    answer = call(client(point.partition(".")[0]), point)
    faults.set(point, action, code=code, times=TIMES)

    assert call(client(point.partition(".")[0]), point) == answer
    assert faults.listed() == []


@pytest.mark.parametrize(("point", "action", "code"), REFUSALS)
def test_no_longer_than_the_patience(client, faults, point, action, code):
    faults.set(point, action, code=code, times=TIMES)

    assert call(client(point.partition(".")[0], patience=0), point) == code
    assert faults.listed()[0]["times"] == TIMES - 1


@pytest.mark.parametrize("attempts", [None, "50"], ids=["ours", "chosen elsewhere"])
@pytest.mark.parametrize(
    ("action", "code"), [("throttle", "ThrottlingException"), ("fail", "InternalServiceException")]
)
def test_an_update_of_partitions_is_never_repeated(
    client, faults, monkeypatch, action, code, attempts
):
    if attempts:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", attempts)
    faults.set("glue.BatchUpdatePartition", action, times=TIMES)

    with pytest.raises(ClientError, match=code):
        client("glue").batch_update_partition(
            DatabaseName="none",
            TableName="none",
            Entries=[{"PartitionValueList": ["1"], "PartitionInput": {"Values": ["1"]}}],
        )

    assert faults.listed()[0]["times"] == TIMES - 1


@pytest.mark.parametrize("place", ["environment", "config"])
def test_a_policy_that_was_chosen_elsewhere_is_taken(client, faults, monkeypatch, place):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS" if place == "environment" else "UNRELATED", "2")
    config = {"retries": {"total_max_attempts": 2}} if place == "config" else {}
    faults.set("glue.GetTable", "fail", times=TIMES)

    assert call(client("glue", **config), "glue.GetTable") == "InternalServiceException"
    assert faults.listed()[0]["times"] == TIMES - 2


def test_a_table_that_another_has_changed_is_not_written_over(client, faults):
    faults.set("glue.UpdateTable", "throttle", code="ConcurrentModificationException", times=TIMES)

    with pytest.raises(ClientError, match="ConcurrentModification"):
        client("glue").update_table(DatabaseName="none", TableInput={"Name": "none"})

    assert faults.listed()[0]["times"] == TIMES - 1


def test_a_client_that_is_to_give_up_soon_does_so_whatever_the_environment_says(aws, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "50")
    session = boto3.Session("key", "secret", region_name="eu-west-1")

    made = make_client(session, "glue", Config(), patience=1, attempts=2)

    assert made.meta.config.retries["total_max_attempts"] == 2
