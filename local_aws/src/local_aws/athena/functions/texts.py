"""Texts."""

from local_aws.athena.functions.registry import PythonFunction

FUNCTIONS: tuple[PythonFunction, ...] = ()
