"""An account that the template made, with users and roles held to their policies."""

from collections.abc import Iterator

import pytest

from local_aws.testing import Aws
from tests.infra.account import Account


@pytest.fixture(scope="session")
def account(aws: Aws) -> Account:
    """A stack of its own, with a raw bucket and a delivery stream."""
    return Account.deploy(aws)


@pytest.fixture(scope="module")
def enforced(aws: Aws) -> Iterator[None]:
    """Policies hold: whoever has credentials of IAM's may do only what they allow."""
    assert aws.server is not None
    aws.server.iam.is_enforced = True
    yield
    aws.server.iam.is_enforced = False
