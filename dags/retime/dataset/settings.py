"""Settings of the environment: read when a task runs, so that one YAML serves every environment."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from retime.errors import SettingError

Lookup = Callable[[str], "str | None"]
"""Gives the value of a setting by its lower-case name, or None."""

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_TOPIC = re.compile(r"arn:aws[\w-]*:sns:[\w-]+:\d{12}:[\w-]+")
_SWITCH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where an environment has its catalog and how it waits for queries."""

    database: str
    workgroup: str
    aws_conn_id: str
    is_deferrable: bool
    poll_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """Who is notified of failed runs, and whether of successful ones too."""

    topic_arn: str
    is_of_success: bool


def read_settings(lookup: Lookup) -> Settings:
    """Return the settings that every data set needs.

    Raises:
        SettingError: one is missing and has no default, or cannot be understood.
    """
    switch = lookup("deferrable") or "true"
    poll = lookup("poll_seconds") or "10"
    if switch.lower() not in _SWITCH:
        raise SettingError(f"{_names('deferrable')} is {switch!r}; give true or false")
    if not re.fullmatch(r"\d+(\.\d+)?", poll) or float(poll) == 0:
        raise SettingError(f"{_names('poll_seconds')} is {poll!r}; give a number above 0")
    return Settings(
        database=required(lookup, "database"),
        workgroup=lookup("workgroup") or "primary",
        aws_conn_id=get_aws_conn_id(lookup),
        is_deferrable=_SWITCH[switch.lower()],
        poll_seconds=float(poll),
    )


def read_notification(lookup: Lookup) -> Notification | None:
    """Return who is notified of runs; None if nobody is.

    Raises:
        SettingError: a setting cannot be understood.
    """
    topic, kinds = lookup("notify_topic_arn"), lookup("notify_on") or "failure"
    if topic and not _TOPIC.fullmatch(topic):
        raise SettingError(
            f"{_names('notify_topic_arn')} is {topic!r}; "
            "give the ARN of an SNS topic, arn:aws:sns:<region>:<account>:<name>"
        )
    if kinds not in ("failure", "both"):
        raise SettingError(f"{_names('notify_on')} is {kinds!r}; give failure or both")
    return Notification(topic_arn=topic, is_of_success=kinds == "both") if topic else None


def get_aws_conn_id(lookup: Lookup) -> str:
    """Return the Airflow connection for AWS."""
    return lookup("aws_conn_id") or "aws_default"


def required(lookup: Lookup, name: str) -> str:
    """Return a setting.

    Raises:
        SettingError: it is missing; names both places where it can be given.
    """
    value = lookup(name)
    if not value:
        raise SettingError(f"the setting {name!r} is missing; give {_names(name)}")
    return value


def resolve_location(location: str, lookup: Lookup) -> str:
    """Return a location with its `${...}` settings filled in, for example `s3://bucket/traffic/`.

    Raises:
        SettingError: a setting that it names is missing.
    """
    return _PLACEHOLDER.sub(lambda match: required(lookup, match[1]), location)


def _names(name: str) -> str:
    return f"RETIME_{name.upper()} in the environment, or the Airflow Variable retime_{name}"
