"""S3, Glue and Athena in this process, without a socket."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import boto3
import pytest
from moto import mock_aws

from retime.aws import Clients
from retime.dataset.deployment import Deployment, deploy
from retime.dataset.model import DataSet
from retime.dataset.settings import read_settings, resolve_location


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Clients of an account with an empty bucket and an empty Glue database."""

    clients: Clients
    bucket: str
    database: str

    def put(self, *keys: str, body: bytes = b"x") -> None:
        """Put objects into the bucket."""
        for key in keys:
            self.clients.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def object_keys(self) -> list[str]:
        """The keys of all objects of the bucket."""
        pages = self.clients.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]

    def deploy(self, data_set: DataSet) -> Deployment:
        """A data set whose raw and published buckets are this one."""
        given = {
            "database": self.database,
            "raw_bucket": self.bucket,
            "published_bucket": self.bucket,
        }
        return deploy(
            data_set,
            read_settings(given.get),
            self.clients,
            lambda location: resolve_location(location, given.get),
        )


@pytest.fixture(scope="session")
def clients() -> Iterator[Clients]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        aws = mock_aws()
        # What other tests have in moto's backends, which are the process's, stays.
        aws.start(reset=False)
        session = boto3.Session(region_name="us-east-1")
        services = ("s3", "glue", "athena")
        yield Clients(**{name: session.client(name) for name in services})
        aws.stop()


@pytest.fixture
def account(clients: Clients) -> Account:
    name = f"t{uuid.uuid4().hex[:12]}"
    clients.s3.create_bucket(Bucket=name)
    clients.glue.create_database(DatabaseInput={"Name": name})
    return Account(clients=clients, bucket=name, database=name)
