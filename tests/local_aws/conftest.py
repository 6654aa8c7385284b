"""A server for the tests of local_aws: one for the session, over HTTP, in this process."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config

from local_aws.server import LocalAws

REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws:
    """A running server and how to reach it."""

    endpoint: str
    server: LocalAws | None = None

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client that retries nothing, so that a test sees every answer."""
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}),
        )


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    with LocalAws() as server:
        yield Aws(endpoint=server.endpoint, server=server)


@pytest.fixture
def bucket(aws: Aws) -> str:
    """The name of a new, empty bucket."""
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    aws.client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def database(aws: Aws) -> str:
    """The name of a new, empty Glue database."""
    name = f"db_{uuid.uuid4().hex[:12]}"
    aws.client("glue").create_database(DatabaseInput={"Name": name})
    return name
