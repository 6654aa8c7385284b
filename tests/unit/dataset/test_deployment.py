"""A data set in an environment: locations without settings left, at places of their own."""

from dataclasses import replace

import pytest

from retime.errors import SettingError
from tests.unit.samples import TRAFFIC


def test_locations_are_those_of_the_environment(account):
    deployment = account.deploy(TRAFFIC)
    assert deployment.database == account.database
    assert deployment.workgroup == "primary"
    data_set = deployment.data_set
    assert data_set.raw.location == f"s3://{account.bucket}/traffic_raw/"
    assert [table.location for table in data_set.tables] == [
        f"s3://{account.bucket}/traffic/",
        f"s3://{account.bucket}/traffic_quarantine/",
    ]
    assert data_set.published.columns == TRAFFIC.published.columns


def test_two_tables_at_one_place_are_refused_where_two_settings_name_one_bucket(account):
    quarantine = replace(TRAFFIC.quarantine, location="s3://${raw_bucket}/traffic/")
    wrong = replace(TRAFFIC, quarantine=quarantine)
    with pytest.raises(SettingError, match=r"traffic at .* overlaps traffic_quarantine at"):
        account.deploy(wrong)


def test_publishing_among_the_raw_events_is_refused_where_two_settings_name_one_bucket(account):
    published = replace(TRAFFIC.published, location="s3://${published_bucket}/traffic_raw/")
    with pytest.raises(SettingError, match=r"overlaps the raw events at s3://.*; set another"):
        account.deploy(replace(TRAFFIC, published=published))
