"""A data set of clicks for each test, on one local AWS for all."""

import pytest

from tests.field_cases.clickstream import Clicks


@pytest.fixture
def clicks(aws, tmp_path) -> Clicks:
    """In an account of its own, with nothing landed."""
    return Clicks(aws.endpoint, tmp_path)
