"""What the command line works on: a data set of this checkout, in the AWS account of the shell."""

from __future__ import annotations

import os
from typing import Any

from retime.aws import Clients
from retime.aws_retries import make_client
from retime.dataset.deployment import Deployment, deploy
from retime.dataset.model import DataSet
from retime.dataset.reader import load_data_sets
from retime.dataset.settings import read_settings, resolve_location
from retime.errors import DataSetError, RequestError
from retime.statements.checking import include_folders


def find_data_set(name: str) -> DataSet:
    """Return a data set of the include folders.

    Raises:
        RequestError: there is none of that name; names those that there are.
        DataSetError: its file is wrong.
    """
    found = load_data_sets(include_folders())
    for data_set in found.right:
        if data_set.name == name:
            return data_set
    known = ", ".join(sorted(data_set.name for data_set in found.right)) or "none"
    problem = f"there is no data set {name!r}; known data sets: {known}"
    if found.wrong:
        raise DataSetError("\n".join([problem, *(f"wrong: {error}" for error in found.wrong)]))
    raise RequestError(problem)


def deploy_from_shell(data_set: DataSet) -> Deployment:
    """Return a data set with the settings and the AWS credentials of the shell.

    Raises:
        SettingError: a setting is missing or wrong.
    """
    return deploy(
        data_set,
        read_settings(lookup),
        make_clients(),
        lambda location: resolve_location(location, lookup),
    )


def lookup(name: str) -> str | None:
    """Return a setting from RETIME_<NAME> in the environment."""
    return os.environ.get(f"RETIME_{name.upper()}")


def make_clients() -> Clients:
    """Return clients of boto3's default chain; they give up within seconds."""
    import boto3
    from botocore.config import Config

    session, config = boto3.Session(), Config(connect_timeout=5, read_timeout=30)
    made: dict[str, Any] = {
        name: make_client(session, name, config, patience=30, attempts=3)
        for name in ("s3", "glue", "athena")
    }
    return Clients(**made)
