"""An AWS account as the pipeline expects it: buckets, database, work group, crawler."""

import json
from collections.abc import Sequence
from typing import Any

import boto3

from demo.environment import (
    DATABASE,
    PUBLISHED_BUCKET,
    RAW_BUCKET,
    REGION,
    RESULTS_BUCKET,
    WORKGROUP,
)

CRAWLER = "retime_traffic_raw"
RAW_PREFIX = "traffic_raw/"

# What AWS's guide recommends for partitioned data whose schema grows:
# https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html
CRAWLER_CONFIGURATION = {
    "Version": 1.0,
    "CrawlerOutput": {
        "Partitions": {"AddOrUpdateBehavior": "InheritFromTable"},
        "Tables": {"AddOrUpdateBehavior": "MergeNewColumns"},
    },
    "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"},
}


def client(service: str, endpoint: str) -> Any:
    """Return a boto3 client of local_aws."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="local-access-key",
        aws_secret_access_key="local-secret-key",  # noqa: S106 - nobody checks it
    )


def set_up(endpoint: str) -> None:
    """Create what is not there yet."""
    s3, glue, athena = (client(service, endpoint) for service in ("s3", "glue", "athena"))
    there = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    for bucket in {RAW_BUCKET, PUBLISHED_BUCKET, RESULTS_BUCKET} - there:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    if DATABASE not in {database["Name"] for database in glue.get_databases()["DatabaseList"]}:
        glue.create_database(DatabaseInput={"Name": DATABASE})
    if WORKGROUP not in {group["Name"] for group in athena.list_work_groups()["WorkGroups"]}:
        output = f"s3://{RESULTS_BUCKET}/results/"
        athena.create_work_group(
            Name=WORKGROUP,
            Configuration={
                "ResultConfiguration": {"OutputLocation": output},
                "EnforceWorkGroupConfiguration": True,
            },
        )
    if CRAWLER not in glue.list_crawlers()["CrawlerNames"]:
        create_crawler(glue, CRAWLER, f"s3://{RAW_BUCKET}/{RAW_PREFIX}")


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
