"""Policy documents by AWS's rules of evaluation."""

from typing import Any

import pytest

from local_aws.iam.policy import decide

OBJECT = "arn:aws:s3:::bucket/a/b"


def statement(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "s3:GetObject", "Resource": OBJECT} | more


def decision(*statements: dict[str, Any], **asked: Any) -> str:
    wanted = {"action": "s3:GetObject", "resource": OBJECT} | asked
    return decide([{"Statement": list(statements)}], **wanted)


def test_what_nothing_mentions_is_not_allowed() -> None:
    assert decide([], "s3:GetObject", OBJECT) == "unmentioned"
    assert decision(statement(), action="s3:PutObject") == "unmentioned"
    assert decision(statement(), resource="arn:aws:s3:::bucket/a") == "unmentioned"


def test_a_deny_outdoes_every_allow_wherever_it_stands() -> None:
    for order in ((statement(), statement("Deny")), (statement("Deny"), statement())):
        assert decision(*order) == "denied"


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("*", True),
        ("arn:aws:s3:::bucket/*", True),
        ("arn:aws:s3:::bucket/a/?", True),
        ("arn:aws:s3:::bucket/?", False),
        ("arn:aws:s3:::bucket/A/B", False),
        ("arn:aws:s3:::bucket", False),
        ("arn.aws.s3:::bucket/*", False),
        (["arn:aws:s3:::other", OBJECT], True),
    ],
)
def test_resources_match_by_their_wildcards_and_by_case(pattern, matches) -> None:
    assert (decision(statement(Resource=pattern)) == "allowed") is matches


@pytest.mark.parametrize(
    "pattern", ["S3:getobject", "s3:Get*", "s3:*", "*", ["a:b", "s3:Get??ject"]]
)
def test_actions_match_by_their_wildcards_whatever_the_case(pattern) -> None:
    assert decision(statement(Action=pattern)) == "allowed"


def test_everything_but_what_is_named() -> None:
    others = {"Effect": "Allow", "NotAction": "s3:Put*", "NotResource": "arn:aws:s3:::other/*"}
    assert decision(others) == "allowed"
    assert decision(others, action="s3:PutObject") == "unmentioned"
    assert decision(others, resource="arn:aws:s3:::other/x") == "unmentioned"


def test_one_statement_needs_no_list() -> None:
    assert decide([{"Statement": statement()}], "s3:GetObject", OBJECT) == "allowed"


@pytest.mark.parametrize(
    ("condition", "context", "holds"),
    [
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": "false"}, True),
        ({"Bool": {"aws:securetransport": False}}, {"aws:SecureTransport": "false"}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": "true"}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, {}, False),
        ({"StringEquals": {"s3:prefix": ["a/", "b/"]}}, {"s3:prefix": "b/"}, True),
        ({"StringLike": {"s3:prefix": "a/*"}}, {"s3:prefix": "a/x"}, True),
        ({"StringEquals": {"s3:prefix": "a/*"}}, {"s3:prefix": "a/x"}, False),
        ({"StringLike": {"s3:prefix": "*"}, "Bool": {"b": "true"}}, {"s3:prefix": "a"}, False),
    ],
)
def test_a_statement_holds_when_all_its_conditions_do(condition, context, holds) -> None:
    found = decision(statement(Condition=condition), context=context)
    assert (found == "allowed") is holds


def test_a_condition_that_is_not_known_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="'IpAddress' is not one of"):
        decision(statement("Deny", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))
