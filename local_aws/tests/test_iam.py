"""IAM enforcement: users and roles may do what their policies allow, others are root."""

import json
import signal
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local_aws.testing import REGION, Aws, ServerProcess

GLUE = f"arn:aws:glue:{REGION}:123456789012"
TRUST = {"Version": "2012-10-17", "Statement": []}


class Somebody:
    """A role, or a user, with one policy that can be replaced; by name of its own."""

    def __init__(self, aws: Aws, *, is_user: bool = False) -> None:
        self.aws = aws
        self.name = f"somebody{uuid.uuid4().hex[:8]}"
        self.is_user = is_user
        iam = aws.client("iam")
        if is_user:
            iam.create_user(UserName=self.name)
            key = iam.create_access_key(UserName=self.name)["AccessKey"]
            self._keys = {"aws_access_key_id": key["AccessKeyId"]}
        else:
            iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=json.dumps(TRUST))
            arn = f"arn:aws:iam::123456789012:role/{self.name}"
            key = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
            self._keys = {
                "aws_access_key_id": key["AccessKeyId"],
                "aws_session_token": key["SessionToken"],
            }
        self._keys["aws_secret_access_key"] = key["SecretAccessKey"]

    def may(self, *allowed: tuple[str, Any]) -> "Somebody":
        """Replace the policy: actions on resources."""
        statements = [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in allowed]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        put = {"PolicyName": "tested", "PolicyDocument": document}
        iam = self.aws.client("iam")
        if self.is_user:
            iam.put_user_policy(UserName=self.name, **put)
        else:
            iam.put_role_policy(RoleName=self.name, **put)
        return self

    def client(self, service: str, **config: Any) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.aws.endpoint,
            config=Config(retries={"total_max_attempts": 1}, **config),
            **self._keys,
        )


@pytest.fixture(autouse=True)
def enforced(aws: Aws) -> Iterator[None]:
    assert aws.server is not None
    aws.server.iam.is_enforced = True
    yield
    aws.server.iam.is_enforced = False


@pytest.fixture
def somebody(aws: Aws) -> Somebody:
    return Somebody(aws)


def refused(call: Any, action: str, **arguments: Any) -> str:
    """See that a call is refused for lack of an action; return the code."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert f"not authorized to perform: {action} on resource" in error["Message"]
    return str(error["Code"])


def run(athena: Any, sql: str, output: str, database: str = "default") -> dict[str, Any]:
    """Run a query to its end; give its execution."""
    started = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": database},
        ResultConfiguration={"OutputLocation": output},
    )
    while True:
        found = athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])
        execution: dict[str, Any] = found["QueryExecution"]
        if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return execution
        time.sleep(0.02)


@pytest.mark.parametrize("is_user", [False, True])
def test_objects_are_read_and_written_only_where_a_policy_allows_it(aws, bucket, is_user) -> None:
    somebody = Somebody(aws, is_user=is_user)
    s3, own = somebody.client("s3"), f"arn:aws:s3:::{bucket}/own/*"
    key = {"Bucket": bucket, "Key": "own/object"}
    assert refused(s3.put_object, "s3:PutObject", **key, Body=b"x") == "AccessDenied"
    somebody.may(("s3:PutObject", own), ("s3:GetObject", own))
    s3.put_object(**key, Body=b"x")
    assert s3.get_object(**key)["Body"].read() == b"x"
    other = {"Bucket": bucket, "Key": "others/object"}
    refused(s3.put_object, "s3:PutObject", **other, Body=b"x")
    refused(s3.get_object, "s3:GetObject", **other)
    refused(s3.list_objects_v2, "s3:ListBucket", Bucket=bucket)
    refused(s3.delete_object, "s3:DeleteObject", **key)
    delete = {"Objects": [{"Key": "own/a&b"}]}
    refused(s3.delete_objects, "s3:DeleteObject", Bucket=bucket, Delete=delete)
    refused(s3.get_bucket_location, "s3:GetBucketLocation", Bucket=bucket)
    refused(s3.delete_bucket, "s3:DeleteBucket", Bucket=bucket)
    refused(s3.list_buckets, "s3:ListAllMyBuckets")


def test_a_copy_needs_to_read_and_to_write(aws, bucket, somebody) -> None:
    aws.client("s3").put_object(Bucket=bucket, Key="from/it", Body=b"x")
    copy = {"Bucket": bucket, "Key": "to/it", "CopySource": {"Bucket": bucket, "Key": "from/it"}}
    write = ("s3:PutObject", f"arn:aws:s3:::{bucket}/to/*")
    refused(somebody.may(write).client("s3").copy_object, "s3:GetObject", **copy)
    somebody.may(write, ("s3:GetObject", f"arn:aws:s3:::{bucket}/from/*"))
    somebody.client("s3").copy_object(**copy)


@pytest.mark.parametrize("signature", ["s3", "s3v4"])
def test_a_presigned_url_may_what_its_maker_may(aws, bucket, somebody, signature) -> None:
    aws.client("s3").put_object(Bucket=bucket, Key="it", Body=b"x")
    s3 = somebody.client("s3", signature_version=signature)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "it"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url)
    somebody.may(("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    assert urllib.request.urlopen(url).read() == b"x"


def test_tables_need_what_contains_them_too(aws, database, somebody) -> None:
    table = {"DatabaseName": database, "TableInput": {"Name": "events", "PartitionKeys": []}}
    paths = (f"{GLUE}:catalog", f"{GLUE}:database/{database}", f"{GLUE}:table/{database}/*")
    glue = somebody.client("glue")
    for missing in paths:
        somebody.may(("glue:CreateTable", [path for path in paths if path != missing]))
        code = refused(glue.create_table, "glue:CreateTable", **table)
        assert code == "AccessDeniedException"
    somebody.may(("glue:CreateTable", list(paths)), ("glue:GetPartitions", list(paths)))
    glue.create_table(**table)
    assert not glue.get_partitions(DatabaseName=database, TableName="events")["Partitions"]
    refused(glue.get_table, "glue:GetTable", DatabaseName=database, Name="events")
    refused(glue.get_crawler, "glue:GetCrawler", Name="any")


def test_column_statistics_need_what_the_table_or_partition_does(aws, database, somebody) -> None:
    root, glue = aws.client("glue"), somebody.client("glue")
    key = [{"Name": "day", "Type": "string"}]
    root.create_table(DatabaseName=database, TableInput={"Name": "t", "PartitionKeys": key})
    table = {"DatabaseName": database, "TableName": "t"}
    root.create_partition(**table, PartitionInput={"Values": ["1"]})
    paths = [f"{GLUE}:catalog", f"{GLUE}:database/{database}", f"{GLUE}:table/{database}/t"]
    for of, values in (("Table", {}), ("Partition", {"PartitionValues": ["1"]})):
        for verb, asked in (
            ("Get", {"ColumnNames": ["a"]}),
            ("Update", {"ColumnStatisticsList": []}),
            ("Delete", {"ColumnName": "a"}),
        ):
            call = getattr(glue, f"{verb.lower()}_column_statistics_for_{of.lower()}")
            refused(call, f"glue:{verb}{of}", **table, **values, **asked)
            somebody.may((f"glue:{verb}{of}", paths))
            call(**table, **values, **asked)


def test_functions_need_what_contains_them_too(aws, database, somebody) -> None:
    call, asked = somebody.client("glue").get_user_defined_functions, {"DatabaseName": database}
    action, paths = "glue:GetUserDefinedFunctions", [f"{GLUE}:catalog", f"{GLUE}:database/*"]
    somebody.may((action, paths))
    refused(call, action, Pattern="*", **asked)
    somebody.may((action, [*paths, f"{GLUE}:userDefinedFunction/{database}/*"]))
    call(Pattern="*", **asked)


def test_a_crawl_may_what_the_role_of_the_crawler_may(aws, bucket, database, somebody) -> None:
    aws.client("s3").put_object(Bucket=bucket, Key="raw/day=1/it.json", Body=b'{"id": 1}\n')
    glue, crawler = aws.client("glue"), {"Name": somebody.name}
    glue.create_crawler(
        **crawler,
        Role=somebody.name,
        DatabaseName=database,
        Targets={"S3Targets": [{"Path": f"s3://{bucket}/raw/"}]},
    )
    allowed: list[tuple[str, Any]] = []
    for action, resource in (
        ("s3:ListBucket", f"arn:aws:s3:::{bucket}"),
        ("s3:GetObject", f"arn:aws:s3:::{bucket}/raw/*"),
        ("glue:*", f"{GLUE}:*"),
    ):
        last = crawl(glue, crawler)
        assert last["Status"] == "FAILED"
        assert f":assumed-role/{somebody.name}/" in last["ErrorMessage"]
        allowed.append((action, resource))
        somebody.may(*allowed)
    assert crawl(glue, crawler)["Status"] == "SUCCEEDED"


def crawl(glue: Any, crawler: dict[str, str]) -> dict[str, Any]:
    glue.start_crawler(**crawler)
    while glue.get_crawler(**crawler)["Crawler"]["State"] != "READY":
        time.sleep(0.05)
    last: dict[str, Any] = glue.get_crawler(**crawler)["Crawler"]["LastCrawl"]
    return last


ATHENA = f"arn:aws:athena:{REGION}:123456789012"
QUERY = (
    ("athena:StartQueryExecution", f"{ATHENA}:workgroup/primary"),
    ("athena:GetQueryExecution", f"{ATHENA}:workgroup/primary"),
    ("athena:GetDataCatalog", f"{ATHENA}:datacatalog/AwsDataCatalog"),
)


def test_a_query_reads_and_writes_as_whoever_asks_for_it(aws, bucket, database, somebody) -> None:
    table = f"{database}.events"
    root, output = aws.client("athena"), f"s3://{bucket}/results/"
    create = (
        f"CREATE TABLE {table} WITH (external_location = 's3://{bucket}/data/') AS SELECT 1 AS id"
    )
    assert run(root, create, output)["Status"]["State"] == "SUCCEEDED"
    results = f"arn:aws:s3:::{bucket}/results/*"
    on_table = [f"{GLUE}:catalog", f"{GLUE}:database/{database}", f"{GLUE}:table/{database}/events"]
    steps: list[tuple[str, Any]] = [
        ("glue:GetDatabase", [f"{GLUE}:catalog", f"{GLUE}:database/*"]),
        ("glue:GetTable", on_table),
        ("s3:ListBucket", f"arn:aws:s3:::{bucket}"),
        ("s3:GetObject", f"arn:aws:s3:::{bucket}/data/*"),
        ("s3:ListBucketMultipartUploads", f"arn:aws:s3:::{bucket}"),
        ("s3:PutObject", results),
        ("s3:AbortMultipartUpload", results),
        ("s3:ListMultipartUploadParts", results),
    ]
    allowed: list[tuple[str, Any]] = [*QUERY, ("s3:GetBucketLocation", f"arn:aws:s3:::{bucket}")]
    athena, sql = somebody.client("athena"), f"SELECT id FROM {table}"
    for action, resource in steps:
        status = run(somebody.may(*allowed).client("athena"), sql, output, database)["Status"]
        assert status["State"] == "FAILED"
        assert f"not authorized to perform: {action} on" in status["StateChangeReason"]
        assert status["AthenaError"]["ErrorType"] == 1501
        allowed.append((action, resource))
    execution = run(somebody.may(*allowed).client("athena"), sql, output, database)
    assert execution["Status"]["State"] == "SUCCEEDED"
    asked = {"QueryExecutionId": execution["QueryExecutionId"]}
    refused(athena.get_query_results, "athena:GetQueryResults", **asked)
    somebody.may(*allowed, ("athena:GetQueryResults", f"{ATHENA}:workgroup/*"))
    refused(athena.get_query_results, "s3:GetObject", **asked)


def test_a_query_is_refused_at_once_without_its_work_group_catalog_or_bucket(
    bucket, somebody
) -> None:
    athena = somebody.client("athena")
    asked = {
        "QueryString": "SELECT 1",
        "ResultConfiguration": {"OutputLocation": f"s3://{bucket}/results/"},
    }
    start = athena.start_query_execution
    refused(start, "athena:StartQueryExecution", **asked)
    somebody.may(QUERY[0])
    refused(start, "athena:GetDataCatalog", **asked)
    somebody.may(*QUERY)
    refused(start, "s3:GetBucketLocation", **asked)
    refused(athena.list_query_executions, "athena:ListQueryExecutions")
    refused(athena.create_work_group, "athena:CreateWorkGroup", Name="other")


def test_credentials_that_were_not_given_out_are_no_good_and_others_are_roots(aws, bucket) -> None:
    key = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "x"}
    stale = boto3.client("s3", region_name=REGION, endpoint_url=aws.endpoint, **key)
    with pytest.raises(ClientError, match="security token included in the request is invalid"):
        stale.list_objects_v2(Bucket=bucket)
    aws.client("s3").list_objects_v2(Bucket=bucket)


def test_a_topic_is_told_only_by_who_may_tell_it(aws, somebody) -> None:
    sns = somebody.client("sns")
    topic, other = (aws.client("sns").create_topic(Name=name)["TopicArn"] for name in "ab")
    somebody.may(("sns:Publish", topic))
    sns.publish(TargetArn=topic, Message="x")
    refused(sns.publish, "sns:Publish", TargetArn=other, Message="x")


def test_a_bucket_policy_holds_when_its_conditions_do(aws, bucket) -> None:
    s3, deny = aws.client("s3"), {"Effect": "Deny", "Principal": "*", "Action": "s3:*"}
    deny["Resource"] = f"arn:aws:s3:::{bucket}/*"
    for tls, is_refused in (("false", False), ("true", True)):
        condition = {"Condition": {"Bool": {"aws:SecureTransport": tls}}}
        policy = {"Version": "2012-10-17", "Statement": [deny | condition]}
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        if is_refused:
            with pytest.raises(ClientError, match="403"):
                s3.put_object(Bucket=bucket, Key="it", Body=b"x")
        else:
            s3.put_object(Bucket=bucket, Key="it", Body=b"x")


def test_other_services_are_held_to_their_actions(aws, somebody) -> None:
    refused(somebody.client("iam").list_users, "iam:ListUsers")
    somebody.may(("iam:List*", "*"))
    somebody.client("iam").list_users()


def test_nobody_is_held_to_anything_unless_it_is_asked_for(aws, bucket, somebody) -> None:
    aws.server.iam.is_enforced = False
    somebody.client("s3").put_object(Bucket=bucket, Key="it", Body=b"x")


def test_the_command_enforces_policies_if_asked_to_and_they_survive_a_restart(tmp_path) -> None:
    with ServerProcess(tmp_path, "--enforce-iam") as server:
        somebody = Somebody(server.aws).may(("s3:CreateBucket", "arn:aws:s3:::allowed"))
        somebody.client("s3").create_bucket(Bucket="allowed")
        server.restart(signal.SIGKILL)
        somebody.aws = server.aws
        create = somebody.client("s3").create_bucket
        refused(create, "s3:CreateBucket", Bucket="other")
        assert create(Bucket="allowed")
