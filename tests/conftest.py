"""One local_aws for all tests; property tests that find the same examples in every run."""

import tempfile
from collections.abc import Iterator

import hypothesis
import pytest
from hypothesis import configuration

from local_aws.server import LocalAws
from tests.local_aws.servers import Aws

# Nothing is written into the repository.
configuration.set_hypothesis_home_dir(tempfile.gettempdir())
hypothesis.settings.register_profile("retime", database=None, deadline=None, derandomize=True)
hypothesis.settings.load_profile("retime")


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    """A server over HTTP, in this process."""
    with LocalAws() as server:
        yield Aws(endpoint=server.endpoint, server=server)
