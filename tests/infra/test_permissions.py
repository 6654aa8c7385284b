"""The policy of the template is what the pipeline needs: nothing is missing, nothing is spare."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from demo.runs import DagResult
from local_aws.iam.policy import decide
from retime.airflow import notify, runtime
from tests.airflow_home import sleep_briefly
from tests.end_to_end.events import DAY
from tests.infra.account import Account, Check, land_hour, run_traffic
from tests.infra.policies import permissions, statement_ids, without, without_statement

RETENTION = timedelta(days=8)


@dataclass
class Life:
    """Runs of the pipeline with the role, and what the role was asked for."""

    results: list[DagResult]
    checks: list[Check]


def put_unused_generation(account: Account) -> None:
    """Put a generation that nothing references, found unused long ago."""
    s3, bucket = account.client("s3"), account.outputs["RetimePublishedBucket"]
    generation = "20200101t000000z_00000000"
    for path in (f"v={generation}/rows", f"_unused/{generation}/20200101T000000Z"):
        s3.put_object(Bucket=bucket, Key=f"traffic/{path}", Body=b"")


def kill_a_query(environment: dict[str, str]) -> None:
    """Do what happens when somebody marks a task as failed whose query runs."""
    from airflow.providers.amazon.aws.operators.athena import AthenaOperator

    operator = AthenaOperator(
        task_id="killed",
        query="SELECT 1",
        database=environment["RETIME_DATABASE"],
        workgroup=environment["RETIME_WORKGROUP"],
        aws_conn_id=environment["RETIME_AWS_CONN_ID"],
    )
    operator.query_execution_id = operator.hook.run_query(
        query=operator.query,
        query_context={"Database": operator.database},
        result_configuration={},
        workgroup=operator.workgroup,
    )
    operator.on_kill()


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        sleep_briefly(patch)
        yield patch


@pytest.fixture(scope="module")
def life(account: Account, airflow: dict[str, str], enforced: None, patch: Any) -> Life:
    """A daily run; one again after an hour went; a backfill, when the unused may be deleted."""
    _, second, _ = [land_hour(account, hour) for hour in (0, 1, 25)]
    results = []
    with account.as_role(account.name, airflow) as (environment, checks):
        results.append(run_traffic(DAY))
        account.client("s3").delete_object(Bucket=account.outputs["RetimeRawBucket"], Key=second)
        results.append(run_traffic(DAY))
        patch.setattr(runtime, "now", lambda: datetime.now(timezone.utc) + RETENTION)
        results.append(run_traffic(start_date="2024-03-28", end_date="2024-03-30"))
        kill_a_query(environment)
        notify._send(environment["RETIME_NOTIFY_TOPIC_ARN"], "A run failed", ["and why"])
    return Life(results=results, checks=checks)


def test_a_daily_run_a_rerun_and_a_backfill_succeed_under_the_policy(account, life) -> None:
    assert [run.state for run in life.results] == ["success"] * 3, life.results
    assert {check.decision for check in life.checks} == {"allowed"}
    rows = account.rows("SELECT DISTINCT day, hour FROM traffic ORDER BY day, hour")
    assert rows == [["29", "0"], ["30", "1"]]


def test_no_action_on_any_resource_is_spare(account, life) -> None:
    asked = {(check.action, check.resource) for check in life.checks}
    spare = [
        permission
        for permission in permissions(account.policy)
        if all(
            decide([without(account.policy, permission)], action, resource) == "allowed"
            for action, resource in asked
            if action == permission[1]
        )
    ]
    assert not spare


PREPARATIONS = {
    "Crawl": lambda account: land_hour(account, 26),
    "DeleteReplaced": put_unused_generation,
}


@pytest.mark.parametrize("sid", statement_ids())
def test_without_a_statement_a_run_fails_for_lack_of_what_it_allows(
    sid, account, airflow, life
) -> None:
    role = f"{sid}-{account.name}"
    account.create_role(role, without_statement(account.policy, sid))
    PREPARATIONS.get(sid, lambda account: None)(account)

    with account.as_role(role, airflow) as (_, checks):
        run = run_traffic(DAY)

    assert run.state == "failed"
    denied = {check.action for check in checks if check.decision != "allowed"}
    allowed = {action for found, action, _ in permissions(account.policy) if found == sid}
    assert denied
    assert denied <= allowed


@pytest.mark.parametrize(
    ("action", "of"),
    [
        ("s3:PutObject", "arn:aws:s3:::{raw}/traffic_raw/year=2024/object"),
        ("s3:DeleteObject", "arn:aws:s3:::{raw}/traffic_raw/year=2024/object"),
        ("s3:GetObject", "arn:aws:s3:::{raw}/elsewhere/object"),
        ("s3:DeleteObject", "arn:aws:s3:::{results}/results/object"),
        ("s3:DeleteBucket", "arn:aws:s3:::{published}"),
        ("glue:GetTable", "arn:aws:glue:us-west-2:123456789012:table/another/table"),
        ("glue:DeleteDatabase", "arn:aws:glue:us-west-2:123456789012:database/{database}"),
        ("glue:UpdateCrawler", "arn:aws:glue:us-west-2:123456789012:crawler/retime_traffic_raw"),
        ("athena:StartQueryExecution", "arn:aws:athena:us-west-2:123456789012:workgroup/primary"),
        ("iam:PassRole", "arn:aws:iam::123456789012:role/anything"),
    ],
)
def test_the_policy_does_not_reach_raw_nor_what_is_others(action, of, account) -> None:
    resource = of.format(
        raw=account.outputs["RetimeRawBucket"],
        published=account.outputs["RetimePublishedBucket"],
        results=account.outputs["ResultsBucket"],
        database=account.outputs["RetimeDatabase"],
    )
    assert decide([account.policy], action, resource) == "unmentioned"
