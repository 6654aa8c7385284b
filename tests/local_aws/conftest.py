"""What the tests of local_aws work with, each with names of its own."""

import uuid

import pytest

from tests.local_aws.servers import Aws


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
