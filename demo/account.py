"""An AWS account as the pipeline expects it, by the template that real accounts are made with."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import boto3
from botocore.exceptions import ClientError

from demo.environment import (
    DATABASE,
    PUBLISHED_BUCKET,
    RAW_BUCKET,
    REGION,
    RESULTS_BUCKET,
    ROOT,
    WORKGROUP,
)

STACK = "retime"
TEMPLATE = ROOT / "infra" / "template.yaml"
CRAWLER = "retime_traffic_raw"
RAW_PREFIX = "traffic_raw/"

# As in the template.
CRAWLER_CONFIGURATION = {
    "Version": 1.0,
    "CrawlerOutput": {
        "Partitions": {"AddOrUpdateBehavior": "InheritFromTable"},
        "Tables": {"AddOrUpdateBehavior": "MergeNewColumns"},
    },
    "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"},
    "CreatePartitionIndex": False,
}


def client(service: str, endpoint: str) -> Any:
    """Return a boto3 client of local_aws."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="local-access-key",
        aws_secret_access_key="local-secret-key",  # noqa: S106 - nobody checks it
    )


def set_up(endpoint: str) -> None:
    """Create the account's stack, if it is not there yet."""
    cloudformation = client("cloudformation", endpoint)
    try:
        cloudformation.describe_stacks(StackName=STACK)
    except ClientError:
        deploy(
            cloudformation,
            STACK,
            {
                "RawBucketName": RAW_BUCKET,
                "CreateRawBucket": "true",
                "RawPrefix": RAW_PREFIX,
                "CrawlerName": CRAWLER,
                "PublishedBucketName": PUBLISHED_BUCKET,
                "ResultsBucketName": RESULTS_BUCKET,
                "DatabaseName": DATABASE,
                "WorkGroupName": WORKGROUP,
            },
        )


def deploy(cloudformation: Any, stack: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Create a stack of the template; return its outputs."""
    cloudformation.create_stack(
        StackName=stack,
        TemplateBody=TEMPLATE.read_text(),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ],
    )
    (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


def create_crawler(
    glue: Any, name: str, location: str, database: str = DATABASE, exclusions: Sequence[str] = ()
) -> None:
    """Create the crawler of a location; a table that it makes is named after the last folder."""
    glue.create_crawler(
        Name=name,
        Role="arn:aws:iam::123456789012:role/retime-crawler",
        DatabaseName=database,
        Targets={"S3Targets": [{"Path": location, "Exclusions": list(exclusions)}]},
        SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
        Configuration=json.dumps(CRAWLER_CONFIGURATION),
    )
