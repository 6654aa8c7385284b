"""What moto leaves out in stacks: of buckets, policies and lists, and what a deletion retains."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from moto.cloudformation import parsing
from moto.iam.models import ManagedPolicy, Role, iam_backends
from moto.s3.models import FakeBucket, s3_backends

from local_aws.messages import ACCOUNT

Properties = dict[str, Any]


@cache
def complete_stacks() -> None:
    """Give moto's buckets, roles and managed policies what they lack in stacks; once a process."""
    for method in ("create_from_cloudformation_json", "update_from_cloudformation_json"):
        setattr(FakeBucket, method, classmethod(_with_settings(getattr(FakeBucket, method))))
    parsing.clean_json = _without_no_value(parsing.clean_json)
    parsing.ResourceMap.delete = _retaining(parsing.ResourceMap.delete)
    ManagedPolicy.update_from_cloudformation_json = classmethod(_update_policy)
    ManagedPolicy.delete = _delete_policy
    Role.create_from_cloudformation_json = classmethod(
        _with_policies_as_text(Role.create_from_cloudformation_json)
    )
    Role.update_from_cloudformation_json = classmethod(_update_role)


def _without_no_value(original: Callable[..., Any]) -> Callable[..., Any]:
    """Leave AWS::NoValue out of lists too."""

    def clean(resource_json: Any, resources_map: Any) -> Any:
        cleaned = original(resource_json, resources_map)
        if isinstance(cleaned, list):
            return [one for one in cleaned if one is not None]
        return cleaned

    return clean


def _retaining(original: Callable[[Any], None]) -> Callable[[Any], None]:
    """Keep resources also whose policy is RetainExceptOnCreate: moto knows Retain only."""

    def delete(resources: Any) -> None:
        for one in resources._resource_json_map.values():  # noqa: SLF001 - nothing else tells
            if one.get("DeletionPolicy") == "RetainExceptOnCreate":
                one["DeletionPolicy"] = "Retain"
        original(resources)

    return delete


def _with_settings(original: Callable[..., Any]) -> Callable[..., Any]:
    def change(_: type, *args: Any, **kwargs: Any) -> Any:
        bucket = original(*args, **kwargs)
        document = kwargs.get("cloudformation_json") or args[1]
        apply_settings(bucket.name, document.get("Properties", {}))
        return bucket

    return change


def apply_settings(bucket: str, properties: Properties) -> None:
    """Give a bucket the public access block, ownership, versioning and lifecycle of a template."""
    backend = s3_backends[ACCOUNT]["aws"]
    if block := properties.get("PublicAccessBlockConfiguration"):
        backend.put_public_access_block(bucket, block)
    if ownership := properties.get("OwnershipControls"):
        rule = ownership["Rules"][0]["ObjectOwnership"]
        backend.put_bucket_ownership_controls(bucket, rule)
    if versioning := properties.get("VersioningConfiguration"):
        backend.put_bucket_versioning(bucket, versioning["Status"])
    rules = properties.get("LifecycleConfiguration", {}).get("Rules", [])
    backend.put_bucket_lifecycle_configuration(bucket, [lifecycle_rule(rule) for rule in rules])


def lifecycle_rule(given: Properties) -> Properties:
    """A rule of a template in the shape of S3's API."""
    rule: Properties = {
        "ID": given.get("Id"),
        "Status": given["Status"],
        "Filter": {"Prefix": given.get("Prefix", "")},
    }
    if "ExpirationInDays" in given:
        rule["Expiration"] = {"Days": given["ExpirationInDays"]}
    if "AbortIncompleteMultipartUpload" in given:
        rule["AbortIncompleteMultipartUpload"] = given["AbortIncompleteMultipartUpload"]
    return rule


def _with_policies_as_text(original: Callable[..., Any]) -> Callable[..., Any]:
    def create(_: type, *args: Any, **kwargs: Any) -> Any:
        role = original(*args, **kwargs)
        for name, document in role.policies.items():
            if isinstance(document, dict):
                role.put_policy(name, json.dumps(document))
        return role

    return create


def _update_policy(_: type, /, **given: Any) -> Any:
    policy, properties = given["original_resource"], given["cloudformation_json"]["Properties"]
    backend = iam_backends[ACCOUNT]["aws"]
    for version in [one for one in policy.versions if not one.is_default]:
        backend.delete_policy_version(policy.arn, version.version_id)
    document = json.dumps(properties["PolicyDocument"])
    backend.create_policy_version(policy.arn, document, set_as_default=True)
    return policy


def _delete_policy(policy: Any, account_id: str, region_name: str) -> None:  # noqa: ARG001
    backend = iam_backends[ACCOUNT]["aws"]
    for role in backend.roles.values():
        role.managed_policies.pop(policy.arn, None)
    backend.delete_policy(policy.arn)


def _update_role(_: type, /, **given: Any) -> Any:
    role, properties = given["original_resource"], given["cloudformation_json"]["Properties"]
    role.assume_role_policy_document = json.dumps(properties["AssumeRolePolicyDocument"])
    role.policies.clear()
    for policy in properties.get("Policies", []):
        role.put_policy(policy["PolicyName"], json.dumps(policy["PolicyDocument"]))
    return role
