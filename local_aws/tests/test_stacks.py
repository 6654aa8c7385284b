"""Stacks of CloudFormation: resources that moto does not have, and that all of it is kept."""

import json
import signal
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.testing import Aws, ServerProcess

Resources = dict[str, Any]


def template(
    limit: int = 20_000_000, days: int = 5, schedule: str = "LOG", deletion: str = "Delete"
) -> str:
    resources: Resources = {
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketName": {"Ref": "Name"},
                "VersioningConfiguration": {"Status": "Enabled"},
                "LifecycleConfiguration": {
                    "Rules": [{"Id": "old", "Status": "Enabled", "ExpirationInDays": days}]
                },
            },
        },
        "Database": {
            "Type": "AWS::Glue::Database",
            "DeletionPolicy": deletion,
            "Properties": {
                "CatalogId": {"Ref": "AWS::AccountId"},
                "DatabaseInput": {"Name": {"Ref": "Name"}, "Description": f"{days} days"},
            },
        },
        "Table": {
            "Type": "AWS::Glue::Table",
            "Properties": {
                "CatalogId": {"Ref": "AWS::AccountId"},
                "DatabaseName": {"Ref": "Database"},
                "TableInput": {
                    "Name": "events",
                    "Parameters": {"days": str(days)},
                    "StorageDescriptor": {"Columns": [{"Name": "id", "Type": "int"}]},
                },
            },
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
                "Policies": [{"PolicyName": "own", "PolicyDocument": policy(days)}],
            },
        },
        "Policy": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": policy(days), "Roles": [{"Ref": "Role"}]},
        },
        "Crawler": {
            "Type": "AWS::Glue::Crawler",
            "Properties": {
                "Name": {"Ref": "Name"},
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "DatabaseName": {"Ref": "Database"},
                "Targets": {"S3Targets": [{"Path": {"Fn::Sub": "s3://${Bucket}/raw/"}}]},
                "SchemaChangePolicy": {"UpdateBehavior": schedule, "DeleteBehavior": "LOG"},
                "Tags": {"made": "by stack"},
            },
        },
        "WorkGroup": {
            "Type": "AWS::Athena::WorkGroup",
            "Properties": {
                "Name": {"Ref": "Name"},
                "WorkGroupConfiguration": {"BytesScannedCutoffPerQuery": limit},
            },
        },
    }
    parameters = {"Name": {"Type": "String"}}
    outputs = {"Crawler": {"Value": {"Ref": "Crawler"}}, "Policy": {"Value": {"Ref": "Policy"}}}
    return json.dumps(
        {
            "Parameters": parameters,
            "Conditions": {"Never": {"Fn::Equals": ["here", "there"]}},
            "Resources": resources,
            "Outputs": outputs,
        }
    )


def policy(days: int) -> dict[str, Any]:
    allow = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{days}"}
    statements = [allow, {"Fn::If": ["Never", allow, {"Ref": "AWS::NoValue"}]}]
    return {"Version": "2012-10-17", "Statement": statements}


class Stack:
    """A stack of a name of its own, and what there is of its resources."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.name = f"stack{uuid.uuid4().hex[:10]}"

    def make(self, how: str, **arguments: Any) -> None:
        getattr(self.aws.client("cloudformation"), f"{how}_stack")(
            StackName=self.name,
            TemplateBody=template(**arguments),
            Parameters=[{"ParameterKey": "Name", "ParameterValue": self.name}],
        )

    def delete(self) -> None:
        self.aws.client("cloudformation").delete_stack(StackName=self.name)

    def outputs(self) -> dict[str, str]:
        found = self.aws.client("cloudformation").describe_stacks(StackName=self.name)
        return {one["OutputKey"]: one["OutputValue"] for one in found["Stacks"][0]["Outputs"]}

    def seen(self) -> dict[str, Any]:
        """What the services tell of the resources, in few words."""
        glue, athena, s3 = (self.aws.client(name) for name in ("glue", "athena", "s3"))
        crawler = glue.get_crawler(Name=self.name)["Crawler"]
        table = glue.get_table(DatabaseName=self.name, Name="events")["Table"]
        group = athena.get_work_group(WorkGroup=self.name)["WorkGroup"]
        (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=self.name)["Rules"]
        return {
            "description": glue.get_database(Name=self.name)["Database"]["Description"],
            "table": table["Parameters"]["days"],
            "target": crawler["Targets"]["S3Targets"][0]["Path"],
            "updates": crawler["SchemaChangePolicy"]["UpdateBehavior"],
            "limit": group["Configuration"]["BytesScannedCutoffPerQuery"],
            "versioning": s3.get_bucket_versioning(Bucket=self.name)["Status"],
            "expires": rule["Expiration"]["Days"],
            "allowed": self._allowed(),
        }

    def _allowed(self) -> list[str]:
        iam, arn = self.aws.client("iam"), self.outputs()["Policy"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        managed = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
        (role,) = iam.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]
        own = iam.get_role_policy(RoleName=role["RoleName"], PolicyName="own")
        documents = (managed["Document"], own["PolicyDocument"])
        return [one["Resource"] for document in documents for one in document["Statement"]]


def expected(name: str, *, limit: int, days: int, updates: str) -> dict[str, Any]:
    return {
        "description": f"{days} days",
        "table": str(days),
        "target": f"s3://{name}/raw/",
        "updates": updates,
        "limit": limit,
        "versioning": "Enabled",
        "expires": days,
        "allowed": [f"arn:aws:s3:::{days}"] * 2,
    }


def test_a_stack_makes_its_resources_as_the_services_show_them(aws: Aws) -> None:
    stack = Stack(aws)
    stack.make("create")
    assert stack.seen() == expected(stack.name, limit=20_000_000, days=5, updates="LOG")
    assert stack.outputs()["Crawler"] == stack.name
    arn = f"arn:aws:glue:us-east-1:123456789012:crawler/{stack.name}"
    assert aws.client("glue").get_tags(ResourceArn=arn)["Tags"] == {"made": "by stack"}


def test_an_update_changes_resources_in_place(aws: Aws) -> None:
    stack = Stack(aws)
    stack.make("create")
    before = stack.outputs()
    change = {"limit": 30_000_000, "days": 9}
    stack.make("update", **change, schedule="UPDATE_IN_DATABASE")
    assert stack.seen() == expected(stack.name, **change, updates="UPDATE_IN_DATABASE")
    assert stack.outputs() == before


def test_deleting_a_stack_deletes_its_resources(aws: Aws) -> None:
    stack = Stack(aws)
    stack.make("create")
    arn = stack.outputs()["Policy"]
    stack.delete()
    glue, iam = aws.client("glue"), aws.client("iam")
    for ask in (
        lambda: glue.get_database(Name=stack.name),
        lambda: glue.get_crawler(Name=stack.name),
        lambda: iam.get_policy(PolicyArn=arn),
        lambda: aws.client("s3").get_bucket_lifecycle_configuration(Bucket=stack.name),
    ):
        with pytest.raises(ClientError):
            ask()
    groups = aws.client("athena").list_work_groups()["WorkGroups"]
    assert stack.name not in {group["Name"] for group in groups}


@pytest.mark.parametrize("deletion", ["Retain", "RetainExceptOnCreate"])
def test_deleting_a_stack_retains_what_its_policies_say(aws: Aws, deletion: str) -> None:
    stack = Stack(aws)
    stack.make("create", deletion=deletion)
    stack.delete()
    glue = aws.client("glue")
    assert glue.get_database(Name=stack.name)
    assert stack.name not in glue.list_crawlers()["CrawlerNames"]


def test_a_stack_that_cannot_be_made_says_why(aws: Aws) -> None:
    stack = Stack(aws)
    aws.client("glue").create_crawler(Name=stack.name, Role="r", DatabaseName="d", Targets={})
    with pytest.raises(ClientError, match=f"Crawler {stack.name} already exists"):
        stack.make("create")


def test_a_stack_survives_restarts_and_can_then_be_changed(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        stack = Stack(server.aws)
        stack.make("create")
        server.restart(signal.SIGKILL)
        stack.aws = server.aws
        assert stack.seen() == expected(stack.name, limit=20_000_000, days=5, updates="LOG")
        stack.make("update", limit=30_000_000)
        server.restart(signal.SIGTERM)
        stack.aws = server.aws
        assert stack.seen()["limit"] == 30_000_000
        stack.delete()
        assert stack.name not in stack.aws.client("glue").list_crawlers()["CrawlerNames"]
