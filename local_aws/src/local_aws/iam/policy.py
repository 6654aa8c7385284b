"""IAM policy documents: whether they let somebody do an action on a resource.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

Decision = Literal["allowed", "denied", "unmentioned"]
Document = Mapping[str, Any]


def decide(
    documents: Iterable[Document],
    action: str,
    resource: str,
    context: Mapping[str, str] | None = None,
) -> Decision:
    """Decide about an action, e.g. "s3:GetObject", on the ARN of a resource.

    Args:
        documents: the policies that hold for the caller.
        action: service and action.
        resource: an ARN; "*" for actions that are on no resource in particular.
        context: condition keys that the request has, e.g. {"aws:SecureTransport": "true"}.

    Raises:
        ValueError: a statement has a condition that is not known here.
    """
    decision: Decision = "unmentioned"
    for statement in statements_of(documents):
        if _is_about(statement, action, resource) and _holds(statement, context or {}):
            if statement["Effect"] == "Deny":
                return "denied"
            decision = "allowed"
    return decision


def statements_of(documents: Iterable[Document]) -> Iterable[Mapping[str, Any]]:
    """The statements of all documents."""
    for document in documents:
        yield from _listed(document["Statement"])


def _is_about(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    if "NotAction" in statement:
        is_action = not _matches(statement["NotAction"], action.lower(), lower=True)
    else:
        is_action = _matches(statement.get("Action", ()), action.lower(), lower=True)
    if not is_action:
        return False
    if "NotResource" in statement:
        return not _matches(statement["NotResource"], resource)
    return _matches(statement.get("Resource", ()), resource)


def _matches(patterns: Any, value: str, *, lower: bool = False) -> bool:
    listed = _listed(patterns)
    return any(_pattern(one.lower() if lower else one).fullmatch(value) for one in listed)


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(char) or re.escape(char) for char in text), re.DOTALL)


def _equals(wanted: Sequence[str], given: str) -> bool:
    return given in wanted


def _is_like(wanted: Sequence[str], given: str) -> bool:
    return _matches(wanted, given)


def _is_same_bool(wanted: Sequence[str], given: str) -> bool:
    return given.lower() in {one.lower() for one in wanted}


_TESTS: dict[str, Callable[[Sequence[str], str], bool]] = {
    "StringEquals": _equals,
    "StringLike": _is_like,
    "ArnEquals": _is_like,
    "ArnLike": _is_like,
    "Bool": _is_same_bool,
}


def _holds(statement: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """Whether every condition of a statement holds; a key that the request lacks fails it."""
    given = {key.lower(): value for key, value in context.items()}
    for operator, conditions in statement.get("Condition", {}).items():
        if operator not in _TESTS:
            raise ValueError(f"the condition {operator!r} is not one of {sorted(_TESTS)}")
        for key, wanted in conditions.items():
            value = given.get(key.lower())
            values = [str(one) for one in _listed(wanted)]
            if value is None or not _TESTS[operator](values, value):
                return False
    return True


def _listed(given: Any) -> Sequence[Any]:
    return given if isinstance(given, list | tuple) else [given]
