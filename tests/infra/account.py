"""The template deployed into local_aws, and runs of the DAG with a role of that account."""

import json
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from importlib import import_module
from typing import Any

import pytest

from demo.account import deploy
from demo.data import midnight
from demo.landing import land_records
from demo.runs import DagResult, run_dag
from local_aws.testing import Aws
from tests.end_to_end.events import HOUR, MIDNIGHT, PREFIX, event

# The crawler of the data set has one name; tests of other accounts use other regions.
REGION = "us-west-2"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}
Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Check:
    """A permission that was asked for, and what the policies said."""

    action: str
    resource: str
    decision: str


@dataclass(kw_only=True)
class Account:
    """An account, its stack's outputs, and the role that the stack gave the policy to."""

    aws: Aws
    name: str
    outputs: dict[str, str] = field(default_factory=dict)

    @classmethod
    def deploy(cls, aws: Aws, **parameters: str) -> "Account":
        """Create the role and the stack, with parameters instead of the usual ones."""
        account = cls(aws=aws, name=f"infra-{uuid.uuid4().hex[:10]}")
        account.create_role(account.name)
        topic = account.client("sns").create_topic(Name=account.name)["TopicArn"]
        account.outputs = deploy(
            account.client("cloudformation"),
            account.name,
            {
                "RawBucketName": f"{account.name}-raw",
                "CreateRawBucket": "true",
                "DatabaseName": account.name.replace("-", "_"),
                "WorkGroupName": account.name,
                "AirflowRoleName": account.name,
                "DeliveryStreamName": account.name,
                "NotifyTopicArn": topic,
                **parameters,
            },
        )
        return account

    def client(self, service: str) -> Any:
        """A client of the account's root."""
        return self.aws.client(service, REGION)

    @cached_property
    def policy(self) -> Document:
        """The policy of the role, as the stack made it."""
        return self.policy_document(self.outputs["AirflowPolicyArn"])

    def policy_document(self, arn: str) -> Document:
        """A managed policy's document."""
        iam = self.client("iam")
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
        document: Document = found["Document"]
        return document

    def create_role(self, name: str, document: Document | None = None) -> None:
        """Create a role that anybody may take, optionally with a policy."""
        iam = self.client("iam")
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
        if document is not None:
            iam.put_role_policy(
                RoleName=name, PolicyName="tested", PolicyDocument=json.dumps(document)
            )

    def credentials(self, role: str) -> dict[str, str]:
        """Take a role; credentials as boto3 clients want them."""
        sts = self.client("sts")
        arn = f"arn:aws:iam::123456789012:role/{role}"
        given = sts.assume_role(RoleArn=arn, RoleSessionName="airflow")["Credentials"]
        return {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }

    def environment(self, role: str) -> dict[str, str]:
        """What Airflow is told: the settings of the outputs, and a connection with a role."""
        given = self.credentials(role)
        connection = {
            "conn_type": "aws",
            "login": given["aws_access_key_id"],
            "password": given["aws_secret_access_key"],
            "extra": {
                "aws_session_token": given["aws_session_token"],
                "region_name": REGION,
                "endpoint_url": self.aws.endpoint,
            },
        }
        # Clients are kept by the connection's name.
        name = f"aws_{uuid.uuid4().hex}"
        return {
            f"AIRFLOW_CONN_{name.upper()}": json.dumps(connection),
            "RETIME_AWS_CONN_ID": name,
            "RETIME_RAW_BUCKET": self.outputs["RetimeRawBucket"],
            "RETIME_PUBLISHED_BUCKET": self.outputs["RetimePublishedBucket"],
            "RETIME_DATABASE": self.outputs["RetimeDatabase"],
            "RETIME_WORKGROUP": self.outputs["RetimeWorkgroup"],
            "RETIME_NOTIFY_TOPIC_ARN": f"arn:aws:sns:{REGION}:123456789012:{self.name}",
        }

    @contextmanager
    def as_role(
        self, role: str, airflow: dict[str, str]
    ) -> Iterator[tuple[dict[str, str], list[Check]]]:
        """Be Airflow with a role; gives its environment and what the role is asked for."""
        assert self.aws.server is not None
        checks: list[Check] = []

        def note(arn: str, action: str, resource: str, decision: str) -> None:
            if f":assumed-role/{role}/" in arn:
                checks.append(Check(action=action, resource=resource, decision=decision))

        self.aws.server.iam.asked = note
        environment = {**airflow, **self.environment(role)}
        try:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in environment.items():
                    patch.setenv(name, value)
                yield environment, checks
        finally:
            self.aws.server.iam.asked = None

    def partitions(self, table: str) -> dict[tuple[str, ...], dict[str, Any]]:
        """The partitions of a table by their values, listed by root."""
        pages = (
            self.client("glue")
            .get_paginator("get_partitions")
            .paginate(DatabaseName=self.outputs["RetimeDatabase"], TableName=table)
        )
        return {tuple(found["Values"]): found for page in pages for found in page["Partitions"]}

    def rows(self, sql: str) -> Sequence[Sequence[str | None]]:
        """The rows of a query, asked by root."""
        athena = self.client("athena")
        started = athena.start_query_execution(
            QueryString=sql,
            WorkGroup=self.outputs["RetimeWorkgroup"],
            QueryExecutionContext={"Database": self.outputs["RetimeDatabase"]},
        )
        query_id = started["QueryExecutionId"]
        while True:
            status = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            if status["Status"]["State"] not in ("QUEUED", "RUNNING"):
                break
        assert status["Status"]["State"] == "SUCCEEDED", status
        rows = athena.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
        return [[datum.get("VarCharValue") for datum in row["Data"]] for row in rows[1:]]


def land_hour(account: Account, hour: int) -> str:
    """Land an hour of one point's events, as the stream of the template does; return the key."""
    records = [event(60 * hour + minute) for minute in range(0, 60, 10)]
    when = MIDNIGHT + hour * HOUR
    bucket = account.outputs["RetimeRawBucket"]
    return land_records(account.client("s3"), bucket, PREFIX, records, when, "gz")


def run_traffic(day: date | None = None, *, data_set: str = "traffic", **conf: Any) -> DagResult:
    """Run the DAG of the traffic for its own date, or with parameters, without retries."""
    # A run in this process leaves its parameters in the DAG: each gets one of its own.
    sys.modules.pop("retime_dags", None)
    dag = getattr(import_module("retime_dags"), f"retime_{data_set}")
    for task in dag.tasks:
        task.retries = 0
    return run_dag(dag, logical_date=midnight(day) if day else None, conf=conf)
