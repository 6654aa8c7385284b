"""The template: what it makes of an account."""

import json
import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

from demo.account import TEMPLATE
from demo.environment import ROOT
from local_aws.iam.policy import decide
from retime.calendar.partitioning import parse_partitioning
from retime.dataset.model import DEFAULT_FOLDERS
from tests.end_to_end.events import PREFIX
from tests.infra.account import REGION, Account
from tests.infra.policies import listed, template

BUCKETS = ("RetimeRawBucket", "RetimePublishedBucket", "ResultsBucket")
KEY = "arn:aws:kms:us-west-2:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture(scope="module")
def stream(account: Account) -> dict:
    """The destination of the delivery stream."""
    described = account.client("firehose").describe_delivery_stream(DeliveryStreamName=account.name)
    (destination,) = described["DeliveryStreamDescription"]["Destinations"]
    return destination["ExtendedS3DestinationDescription"]


def test_cfn_lint_finds_nothing() -> None:
    command = [str(Path(sys.executable).parent / "cfn-lint"), str(TEMPLATE)]
    linted = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (linted.returncode, linted.stdout + linted.stderr) == (0, "")


def test_cloudformation_takes_the_template_as_it_is() -> None:
    assert len(TEMPLATE.read_bytes()) <= 51_200, "more than a request may carry"
    for name, parameter in template()["Parameters"].items():
        assert parameter["Description"], name


@pytest.mark.parametrize("name", BUCKETS)
def test_buckets_are_encrypted_and_private_and_refuse_what_is_not_tls(name, account) -> None:
    s3, bucket = account.client("s3"), account.outputs[name]
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert len(block) == 4
    assert all(block.values())
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    on = f"arn:aws:s3:::{bucket}"
    for resource in (on, f"{on}/object"):
        for tls, decision in (("false", "denied"), ("true", "unmentioned")):
            context = {"aws:SecureTransport": tls}
            assert decide([policy], "s3:GetObject", resource, context) == decision


def test_results_and_unfinished_uploads_expire_and_published_data_never(account) -> None:
    s3 = account.client("s3")
    days = {}
    for name in BUCKETS:
        rules = s3.get_bucket_lifecycle_configuration(Bucket=account.outputs[name])["Rules"]
        assert all(rule["Status"] == "Enabled" for rule in rules)
        assert any("AbortIncompleteMultipartUpload" in rule for rule in rules), name
        assert not any("Transitions" in rule for rule in rules), name
        days[name] = [rule["Expiration"]["Days"] for rule in rules if "Expiration" in rule]
    assert days == {"RetimeRawBucket": [], "RetimePublishedBucket": [], "ResultsBucket": [30]}


def test_the_work_group_enforces_where_results_are_and_how_much_is_scanned(account) -> None:
    group = account.client("athena").get_work_group(WorkGroup=account.outputs["RetimeWorkgroup"])
    settings = group["WorkGroup"]["Configuration"]
    assert settings["EnforceWorkGroupConfiguration"]
    assert settings["BytesScannedCutoffPerQuery"] == 100_000_000_000
    output = settings["ResultConfiguration"]["OutputLocation"]
    assert output == f"s3://{account.outputs['ResultsBucket']}/results/"


def test_no_policy_is_on_every_resource_or_on_every_action(account) -> None:
    iam = account.client("iam")
    documents = [account.policy]
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        if name.startswith(f"{account.name}-"):
            documents += [
                iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
            ]
    assert len(documents) == 3
    for statement in (one for document in documents for one in document["Statement"]):
        assert statement["Effect"] == "Allow"
        assert all(resource.count(":") >= 5 for resource in listed(statement["Resource"]))
        assert not any("*" in action for action in listed(statement["Action"]))


def test_only_their_services_take_the_roles_and_only_for_this_account(account) -> None:
    iam = account.client("iam")
    trusted = {}
    for role in iam.list_roles()["Roles"]:
        if role["RoleName"].startswith(f"{account.name}-"):
            (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
            trusted[statement["Principal"]["Service"]] = statement["Condition"]
    assert trusted == {
        "glue.amazonaws.com": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        "firehose.amazonaws.com": {"StringEquals": {"sts:ExternalId": "123456789012"}},
    }


def test_the_stream_lands_events_where_retime_looks_for_their_arrival_hour(stream) -> None:
    assert stream["CustomTimeZone"] == "UTC"
    when = datetime(2024, 3, 1, 5, 59, tzinfo=timezone.utc)
    parts = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H"}
    landed = re.sub(
        r"!\{timestamp:(\w+)\}", lambda match: when.strftime(parts[match[1]]), stream["Prefix"]
    )
    folders = parse_partitioning(DEFAULT_FOLDERS)
    assert landed == PREFIX + folders.folder((2024, 3, 1, 5))
    assert folders.read_path(landed.removeprefix(PREFIX)) == (2024, 3, 1, 5)


def test_what_the_stream_could_not_land_is_not_crawled(account, stream) -> None:
    crawler = account.client("glue").get_crawler(Name=account.outputs["CrawlerName"])["Crawler"]
    (target,) = crawler["Targets"]["S3Targets"]
    assert target["Path"] == f"s3://{account.outputs['RetimeRawBucket']}/{PREFIX}"
    assert not stream["ErrorOutputPrefix"].startswith(PREFIX)
    assert stream["ErrorOutputPrefix"].endswith("/")


def test_the_outputs_name_the_settings_and_what_they_are(account) -> None:
    (stack,) = account.client("cloudformation").describe_stacks(StackName=account.name)["Stacks"]
    told = {output["Description"] for output in stack["Outputs"]}
    settings = re.findall(
        r"\| `(RETIME_\w+)` \| required", (ROOT / "docs" / "deploying.md").read_text()
    )
    assert len(settings) == 3
    assert {f"Setting {name}" for name in (*settings, "RETIME_WORKGROUP")} <= told


def test_the_crawler_is_made_after_the_bucket_that_the_stack_makes() -> None:
    crawler = template()["Resources"]["RawCrawler"]["Properties"]
    (target,) = crawler["Targets"]["S3Targets"]
    _, given = target["Path"]
    assert given == {"Bucket": ["CreatesRawBucket", "RawBucket", "RawBucketName"]}


def test_what_holds_data_stays_with_a_deleted_stack_but_not_with_one_that_failed() -> None:
    resources = template()["Resources"]
    policies = {
        name: (one["DeletionPolicy"], one["UpdateReplacePolicy"])
        for name, one in resources.items()
        if one.get("UpdateReplacePolicy") == "Retain"
    }
    buckets = ("RawBucket", "PublishedBucket", "ResultsBucket")
    kept = (*buckets, *(f"{bucket}Policy" for bucket in buckets), "Database")
    assert policies == dict.fromkeys(kept, ("RetainExceptOnCreate", "Retain"))


def test_a_deleted_stack_leaves_the_data_and_takes_the_rest(aws) -> None:
    account = Account.deploy(aws, CrawlerName="short_lived")
    s3, glue = account.client("s3"), account.client("glue")
    s3.put_object(Bucket=account.outputs["RetimePublishedBucket"], Key="traffic/x", Body=b"rows")

    account.client("cloudformation").delete_stack(StackName=account.name)

    there = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert {account.outputs[name] for name in BUCKETS} <= there
    assert all(s3.get_bucket_policy(Bucket=account.outputs[name]) for name in BUCKETS)
    assert glue.get_database(Name=account.outputs["RetimeDatabase"])
    assert "short_lived" not in glue.list_crawlers()["CrawlerNames"]
    groups = account.client("athena").list_work_groups()["WorkGroups"]
    assert account.name not in {group["Name"] for group in groups}
    arns = {policy["Arn"] for policy in account.client("iam").list_policies()["Policies"]}
    assert account.outputs["AirflowPolicyArn"] not in arns
    assert REGION in account.outputs["DeliveryStreamArn"]


def test_with_a_key_of_ones_own_everything_is_encrypted_by_it(aws) -> None:
    account = Account.deploy(aws, KmsKeyArn=KEY, CrawlerName="encrypted")
    s3, athena = account.client("s3"), account.client("athena")
    for name in BUCKETS:
        found = s3.get_bucket_encryption(Bucket=account.outputs[name])
        (rule,) = found["ServerSideEncryptionConfiguration"]["Rules"]
        assert rule["ApplyServerSideEncryptionByDefault"] == {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": KEY,
        }
    group = athena.get_work_group(WorkGroup=account.name)["WorkGroup"]
    result = group["Configuration"]["ResultConfiguration"]
    assert result["EncryptionConfiguration"] == {"EncryptionOption": "SSE_KMS", "KmsKey": KEY}
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        assert decide([account.policy], action, KEY) == "allowed"


def test_a_raw_bucket_of_others_is_read_with_its_own_key(aws) -> None:
    name = "raw-of-others"
    bucket = {"RawBucketName": name, "CreateRawBucket": "false", "RawKmsKeyArn": KEY}
    account = Account.deploy(aws, **bucket, CrawlerName="of_others")
    crawler = account.client("glue").get_crawler(Name="of_others")["Crawler"]
    assert crawler["Targets"]["S3Targets"][0]["Path"] == f"s3://{name}/{PREFIX}"
    assert name not in {one["Name"] for one in account.client("s3").list_buckets()["Buckets"]}

    iam, uses = account.client("iam"), ("kms:Decrypt", "kms:GenerateDataKey")
    of_role = {
        role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]: role["RoleName"]
        for role in iam.list_roles()["Roles"]
        if role["RoleName"].startswith(f"{account.name}-")
    }
    assert account.outputs["CrawlerRoleArn"].endswith(f"/{of_role['glue.amazonaws.com']}")
    crawl, deliver = (
        iam.get_role_policy(RoleName=of_role[f"{service}.amazonaws.com"], PolicyName=policy)
        for service, policy in (("glue", "crawl"), ("firehose", "deliver"))
    )
    allowed = [
        [decide([document], action, KEY) for action in uses]
        for document in (account.policy, crawl["PolicyDocument"], deliver["PolicyDocument"])
    ]
    reads = ["allowed", "unmentioned"]
    assert allowed == [reads, reads, ["allowed", "allowed"]]
