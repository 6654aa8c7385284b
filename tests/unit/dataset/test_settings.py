"""Settings: of the environment, read when a task runs."""

import pytest

from retime.dataset.settings import read_notification, read_settings, resolve_location
from retime.errors import SettingError


def test_a_database_is_all_that_is_needed():
    settings = read_settings({"database": "events"}.get)
    assert settings.database == "events"
    assert (settings.workgroup, settings.aws_conn_id) == ("primary", "aws_default")
    assert (settings.is_deferrable, settings.poll_seconds) == (True, 10.0)


def test_every_setting_can_be_given():
    given = {
        "database": "events",
        "workgroup": "retime",
        "aws_conn_id": "aws_events",
        "deferrable": "False",
        "poll_seconds": "0.5",
    }
    settings = read_settings(given.get)
    assert (settings.workgroup, settings.aws_conn_id) == ("retime", "aws_events")
    assert (settings.is_deferrable, settings.poll_seconds) == (False, 0.5)


@pytest.mark.parametrize("given", [{}, {"database": ""}])
def test_a_missing_setting_is_told_with_both_places_to_give_it(given):
    with pytest.raises(SettingError) as refusal:
        read_settings(given.get)
    assert str(refusal.value) == (
        "the setting 'database' is missing; give RETIME_DATABASE in the environment, "
        "or the Airflow Variable retime_database"
    )


@pytest.mark.parametrize("value", ["yes", "1", "on"])
def test_a_switch_that_is_neither_true_nor_false_is_refused(value):
    with pytest.raises(SettingError, match=f"RETIME_DEFERRABLE .* is '{value}'; give true or"):
        read_settings({"database": "events", "deferrable": value}.get)


@pytest.mark.parametrize("value", ["0", "0.0", "-1", "10s", "nan", "inf", "1e3"])
def test_a_time_between_polls_that_is_no_number_above_0_is_refused(value):
    with pytest.raises(SettingError, match=f"is '{value}'; give a number above 0"):
        read_settings({"database": "events", "poll_seconds": value}.get)


def test_a_location_has_its_settings_filled_in():
    lookup = {"raw_bucket": "landing", "stage": "prod"}.get
    location = resolve_location("s3://${raw_bucket}/${stage}/traffic/", lookup)
    assert location == "s3://landing/prod/traffic/"


def test_a_location_without_settings_stays():
    assert resolve_location("s3://landing/traffic/", {}.get) == "s3://landing/traffic/"


def test_a_setting_that_a_location_names_and_nobody_gave_is_told():
    with pytest.raises(SettingError, match=r"'raw_bucket' is missing.*RETIME_RAW_BUCKET"):
        resolve_location("s3://${raw_bucket}/traffic/", {}.get)


@pytest.mark.parametrize("name", ["bucket2", "RAW_BUCKET", "raw-bucket", ""])
def test_no_placeholder_is_taken_for_the_name_of_a_bucket(name):
    with pytest.raises(SettingError):
        resolve_location(f"s3://${{{name}}}/traffic/", {}.get)


TOPIC = "arn:aws-cn:sns:cn-north-1:123456789012:runs"


def test_nobody_is_told_of_runs_unless_a_topic_is_given():
    assert read_notification({}.get) is None
    assert read_notification({"notify_on": "both"}.get) is None


def test_success_is_told_only_where_that_is_asked_for():
    told = read_notification({"notify_topic_arn": TOPIC}.get)
    assert told is not None
    assert (told.topic_arn, told.is_of_success) == (TOPIC, False)
    told = read_notification({"notify_topic_arn": TOPIC, "notify_on": "both"}.get)
    assert told is not None
    assert told.is_of_success


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("notify_topic_arn", "runs", "give the ARN of an SNS topic"),
        ("notify_topic_arn", "arn:aws:sqs:eu-west-1:123456789012:runs", "give the ARN of an SNS"),
        ("notify_on", "success", "give failure or both"),
    ],
)
def test_a_notification_that_cannot_be_sent_is_refused(name, value, remedy):
    with pytest.raises(SettingError, match=f"RETIME_{name.upper()} .* is '{value}'; {remedy}"):
        read_notification({"notify_topic_arn": TOPIC, name: value}.get)
