"""Policies taken apart: each action on each resource is a permission of its own."""

from collections.abc import Iterator
from typing import Any

import yaml

from demo.account import TEMPLATE

Document = dict[str, Any]
Permission = tuple[str, str, str]
"""Statement, action and the pattern of a resource."""


class _Loader(yaml.SafeLoader):
    """Reads a template, with what its functions are given in place of what they give."""


def _given(loader: Any, _: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _given)


def template() -> dict[str, Any]:
    """The template as it is written."""
    loaded: dict[str, Any] = yaml.load(TEMPLATE.read_text(), _Loader)
    return loaded


def statement_ids() -> list[str]:
    """The statements of Airflow's policy that are always there."""
    policy = template()["Resources"]["AirflowPolicy"]["Properties"]["PolicyDocument"]
    return [one["Sid"] for one in policy["Statement"] if isinstance(one, dict)]


def permissions(document: Document) -> Iterator[Permission]:
    """Every action on every resource that a policy allows."""
    for statement in document["Statement"]:
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                yield statement["Sid"], action, resource


def without(document: Document, permission: Permission) -> Document:
    """The policy without one action on one resource."""
    return _allowing(one for one in permissions(document) if one != permission)


def without_statement(document: Document, sid: str) -> Document:
    """The policy without a statement."""
    return _allowing(one for one in permissions(document) if one[0] != sid)


def listed(given: Any) -> list[Any]:
    """One or several, as a list."""
    return given if isinstance(given, list) else [given]


def _allowing(kept: Iterator[Permission]) -> Document:
    statements = [{"Effect": "Allow", "Action": a, "Resource": r} for _, a, r in kept]
    return {"Version": "2012-10-17", "Statement": statements}
