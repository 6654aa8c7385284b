"""S3 objects as files, and what survives a restart."""

import hashlib
import http.client
import io
import json
import os
import resource
import signal
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local_aws.journal import (
    CHANGE_BYTES,
    SMALL_BYTES,
    Change,
    DataDirectoryError,
    Journal,
)
from local_aws.messages import Request, Response
from local_aws.s3.object_files import ObjectFile
from local_aws.s3.plain_put import put_plainly
from local_aws.seam import NoSuchBucketError
from local_aws.testing import PATIENCE, Aws, ServerProcess

PART = 5 << 20


def stored_files(aws: Aws) -> set[Path]:
    return {p for p in aws.server.object_root.glob("*/*") if p.is_file()}


def test_an_object_is_one_file_with_its_bytes_and_its_md5_as_etag(aws: Aws, bucket: str):
    s3 = aws.client("s3")
    body = os.urandom(100_000)

    etag = s3.put_object(Bucket=bucket, Key="a/b c+d/é.bin", Body=body)["ETag"]

    stored = aws.server.store.get(bucket, "a/b c+d/é.bin")
    assert stored.path.read_bytes() == body
    assert stored.size == len(body)
    assert etag == f'"{hashlib.md5(body).hexdigest()}"'
    assert s3.get_object(Bucket=bucket, Key="a/b c+d/é.bin")["Body"].read() == body


@pytest.mark.parametrize(
    ("more", "is_plain"),
    [
        ({}, True),
        ({"Metadata": {"a_b": "c"}, "ContentType": "text/plain", "CacheControl": "no"}, True),
        ({"ContentEncoding": "gzip"}, True),
        ({"ChecksumAlgorithm": "SHA256"}, True),
        ({"Tagging": "a=b"}, False),
        ({"ACL": "public-read"}, False),
        ({"StorageClass": "STANDARD_IA"}, False),
        ({"IfNoneMatch": "*"}, False),
    ],
)
@pytest.mark.parametrize("key", ["a/b", "a//b c+d/é%20", "/x?y=1&z#", "folder/"])
def test_an_object_is_put_as_moto_does_it(
    aws: Aws,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    more: dict[str, Any],
    is_plain: bool,
):
    answered: list[bool] = []
    ways: list[Any] = []

    def put(request: Request) -> Response | None:
        answer = put_plainly(request) if len(ways) == 0 else None
        if request.method == "PUT":
            answered.append(answer is not None)
        return answer

    monkeypatch.setattr("local_aws.gateway.put_plainly", put)
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    )
    answered.clear()
    for _ in ("ours", "moto's"):
        answer = s3.put_object(Bucket=bucket, Key=key, Body=b"x", **more)
        head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        for told in (answer, head):
            for unlike in ("ResponseMetadata", "VersionId", "LastModified"):
                told.pop(unlike, None)
        ways.append((answer, head, s3.get_object_acl(Bucket=bucket, Key=key)["Grants"]))
        s3.delete_object(Bucket=bucket, Key=key)
    assert answered == [is_plain, False]
    assert ways[0] == ways[1]


@pytest.mark.parametrize("port", ["", ":80"])
def test_a_bucket_may_be_named_by_the_host(aws: Aws, bucket: str, port: str):
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=f"{bucket}-other")
    connection = http.client.HTTPConnection(urlsplit(aws.endpoint).netloc)
    signed = "AWS4-HMAC-SHA256 Credential=local/20000101/us-east-1/s3/aws4_request, Signature=0"
    headers = {"Host": f"{bucket}.s3.amazonaws.com{port}", "Authorization": signed}
    connection.request("PUT", f"/{bucket}-other/k", body=b"x", headers=headers)
    assert connection.getresponse().status == 200
    assert s3.list_objects_v2(Bucket=f"{bucket}-other")["KeyCount"] == 0
    (found,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert found["Key"] == f"{bucket}-other/k"


def test_a_put_that_a_bucket_policy_denies_is_refused(aws: Aws, bucket: str):
    s3 = aws.client("s3")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject"}
    policy = {"Statement": [{**statement, "Resource": f"arn:aws:s3:::{bucket}/no/*"}]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    s3.put_object(Bucket=bucket, Key="yes/k", Body=b"x")
    with pytest.raises(ClientError, match="403"):
        s3.put_object(Bucket=bucket, Key="no/k", Body=b"x")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


def test_metadata_and_content_type_come_back(aws: Aws, bucket: str):
    s3 = aws.client("s3")
    s3.put_object(
        Bucket=bucket, Key="k", Body=b"{}", ContentType="application/json", Metadata={"my_key": "v"}
    )

    head = s3.head_object(Bucket=bucket, Key="k")

    assert head["ContentType"] == "application/json"
    assert head["Metadata"] == {"my_key": "v"}
    assert head["ContentLength"] == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [("bytes=0-3", b"0123"), ("bytes=7-", b"789"), ("bytes=-2", b"89"), ("bytes=4-4", b"4")],
)
def test_a_range_is_served(aws: Aws, bucket: str, given: str, expected: bytes):
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")

    answer = s3.get_object(Bucket=bucket, Key="k", Range=given)

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert answer["Body"].read() == expected


def test_a_range_beyond_the_end_is_refused(aws: Aws, bucket: str):
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123")
    with pytest.raises(ClientError, match="InvalidRange"):
        s3.get_object(Bucket=bucket, Key="k", Range="bytes=10-20")


def test_the_file_goes_away_with_the_object_but_an_open_reader_reads_on(aws: Aws, bucket: str):
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"old")
    path = aws.server.store.get(bucket, "k").path

    with path.open("rb") as reader:
        s3.put_object(Bucket=bucket, Key="k", Body=b"new")
        assert not path.exists()
        assert reader.read() == b"old"

    newer = aws.server.store.get(bucket, "k").path
    s3.delete_object(Bucket=bucket, Key="k")
    assert not newer.exists()
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket=bucket, Key="k")


def test_an_upload_in_parts_becomes_one_file_and_leaves_none_behind(aws: Aws, bucket: str):
    s3 = aws.client("s3")
    before = stored_files(aws)
    parts = [os.urandom(PART), os.urandom(PART), b"the end"]
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big", Metadata={"a": "1"})["UploadId"]
    done = [
        s3.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=n, Body=part)
        for n, part in enumerate(parts, 1)
    ]
    listed = s3.list_parts(Bucket=bucket, Key="big", UploadId=upload)["Parts"]
    assert [part["Size"] for part in listed] == [len(part) for part in parts]

    etags = [{"PartNumber": n, "ETag": part["ETag"]} for n, part in enumerate(done, 1)]
    answer = s3.complete_multipart_upload(
        Bucket=bucket, Key="big", UploadId=upload, MultipartUpload={"Parts": etags}
    )

    digests = b"".join(hashlib.md5(part).digest() for part in parts)
    assert answer["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    got = s3.get_object(Bucket=bucket, Key="big")
    assert got["Body"].read() == b"".join(parts)
    assert got["Metadata"] == {"a": "1"}
    assert len(stored_files(aws) - before) == 1


def test_an_upload_in_parts_with_a_wrong_etag_is_refused(aws: Aws, bucket: str):
    s3 = aws.client("s3")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    with pytest.raises(ClientError, match="InvalidPart"):
        s3.complete_multipart_upload(
            Bucket=bucket,
            Key="k",
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": '"00"'}]},
        )
    s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)


def test_the_transfer_manager_moves_large_files(aws: Aws, bucket: str, tmp_path: Path):
    s3 = aws.client("s3")
    body = os.urandom(20 << 20)
    (tmp_path / "in").write_bytes(body)

    s3.upload_file(str(tmp_path / "in"), bucket, "k")
    s3.download_file(bucket, "k", str(tmp_path / "out"))

    assert (tmp_path / "out").read_bytes() == body


def test_a_copy_has_a_file_of_its_own(aws: Aws, bucket: str):
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="from", Body=b"bytes", Metadata={"a": "1"})

    copied = s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "from"})
    s3.delete_object(Bucket=bucket, Key="from")

    got = s3.get_object(Bucket=bucket, Key="to")
    assert got["Body"].read() == b"bytes"
    assert got["Metadata"] == {"a": "1"}
    assert got["ETag"] == copied["CopyObjectResult"]["ETag"]


def test_a_part_can_be_copied_from_a_range_of_an_object(aws: Aws, bucket: str):
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="from", Body=b"0123456789")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="to")["UploadId"]
    part = s3.upload_part_copy(
        Bucket=bucket,
        Key="to",
        UploadId=upload,
        PartNumber=1,
        CopySource={"Bucket": bucket, "Key": "from"},
        CopySourceRange="bytes=2-5",
    )["CopyPartResult"]
    s3.complete_multipart_upload(
        Bucket=bucket,
        Key="to",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    assert s3.get_object(Bucket=bucket, Key="to")["Body"].read() == b"2345"


def test_versions_of_an_object_keep_their_bytes(aws: Aws, bucket: str):
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"2")
    s3.delete_object(Bucket=bucket, Key="k")

    assert s3.get_object(Bucket=bucket, Key="k", VersionId=first)["Body"].read() == b"1"
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert aws.server.store.get(bucket, "k") is None

    before = stored_files(aws)
    s3.delete_object(Bucket=bucket, Key="k", VersionId=first)
    assert len(before - stored_files(aws)) == 1


@pytest.mark.parametrize("operation", ["put", "copy", "complete"])
def test_if_none_match_lets_one_writer_through(aws: Aws, bucket: str, operation: str):
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="from", Body=b"x")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    write = {
        "put": lambda: s3.put_object(Bucket=bucket, Key="k", Body=b"x", IfNoneMatch="*"),
        "copy": lambda: s3.copy_object(
            Bucket=bucket,
            Key="k",
            CopySource={"Bucket": bucket, "Key": "from"},
            IfNoneMatch="*",
        ),
        "complete": lambda: s3.complete_multipart_upload(
            Bucket=bucket,
            Key="k",
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
            IfNoneMatch="*",
        ),
    }[operation]
    write()
    with pytest.raises(ClientError) as refused:
        write()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412


def test_of_many_writers_with_if_none_match_one_wins(aws: Aws, bucket: str):
    outcomes: list[str] = []

    def write(number: int) -> None:
        try:
            aws.client("s3").put_object(
                Bucket=bucket, Key="lock", Body=str(number).encode() * 50_000, IfNoneMatch="*"
            )
            outcomes.append(str(number))
        except ClientError as error:
            assert error.response["Error"]["Code"] == "PreconditionFailed"  # noqa: PT017

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (winner,) = outcomes
    body = aws.client("s3").get_object(Bucket=bucket, Key="lock")["Body"].read().decode()
    assert body == winner * 50_000


def test_a_listing_pages_in_order_and_groups_by_delimiter(aws: Aws, bucket: str):
    s3 = aws.client("s3")
    names = sorted([f"d{n // 4}/{n:02} +&é" for n in range(12)] + ["a", "z"])
    for name in reversed(names):
        s3.put_object(Bucket=bucket, Key=name, Body=b"12")

    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 5}
    )
    assert [o["Key"] for page in pages for o in page["Contents"]] == names
    pages = s3.get_paginator("list_objects").paginate(
        Bucket=bucket, PaginationConfig={"PageSize": 5}
    )
    assert [o["Key"] for page in pages for o in page["Contents"]] == names

    pages = list(
        s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2}
        )
    )
    assert [p["Prefix"] for page in pages for p in page.get("CommonPrefixes", [])] == [
        "d0/",
        "d1/",
        "d2/",
    ]
    assert [o["Key"] for page in pages for o in page.get("Contents", [])] == ["a", "z"]
    inside = s3.list_objects_v2(Bucket=bucket, Prefix="d1/", StartAfter="d1/05 +&é")
    assert [o["Key"] for o in inside["Contents"]] == names[6 + 1 : 9]
    assert inside["Contents"][0]["Size"] == 2


def test_delete_objects_refuses_more_than_a_thousand(aws: Aws, bucket: str):
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="k0", Body=b"")
    with pytest.raises(ClientError, match="MalformedXML"):
        s3.delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": f"k{n}"} for n in range(1001)]}
        )
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k0"}, {"Key": "no"}]})
    assert [entry["Key"] for entry in answer["Deleted"]] == ["k0", "no"]
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_an_upload_that_breaks_off_stores_nothing(aws: Aws, bucket: str):
    url = urlsplit(
        aws.client("s3").generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"})
    )
    before = stored_files(aws)
    connection = http.client.HTTPConnection(url.netloc)
    connection.putrequest("PUT", f"{url.path}?{url.query}")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"only this")
    connection.sock.shutdown(1)

    assert connection.getresponse().status == 400
    assert stored_files(aws) == before
    assert aws.server.store.get(bucket, "k") is None


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_put_with_any_content_type_streams_to_a_file(
    aws: Aws, bucket: str, version: str
):
    s3 = boto3.client(
        "s3",
        endpoint_url=aws.endpoint,
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(signature_version=version),
    )
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b"Action=ListUsers&Version=2010-05-08"
    request = urllib.request.Request(url, data=body, method="PUT", headers=form)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert answer.status == 200
    got = s3.get_object(Bucket=bucket, Key="k")
    assert (got["Body"].read(), got["ContentType"]) == (body, form["Content-Type"])


def test_a_wrong_content_md5_is_refused(aws: Aws, bucket: str):
    with pytest.raises(ClientError, match="BadDigest"):
        aws.client("s3").put_object(
            Bucket=bucket, Key="k", Body=b"x", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA=="
        )


def test_services_in_the_process_store_a_file_by_moving_it(aws: Aws, bucket: str, tmp_path: Path):
    store, s3 = aws.server.store, aws.client("s3")
    (tmp_path / "f").write_bytes(b"result")
    inode = (tmp_path / "f").stat().st_ino

    store.put_file(bucket, "out/f é", tmp_path / "f")
    store.put_bytes(bucket, "out/b", b"")

    assert not (tmp_path / "f").exists()
    assert store.get(bucket, "out/f é").path.stat().st_ino == inode
    assert s3.get_object(Bucket=bucket, Key="out/f é")["Body"].read() == b"result"
    assert [stored.key for stored in store.list(bucket, "out/")] == ["out/b", "out/f é"]
    store.delete(bucket, "out/b")
    store.delete(bucket, "out/b")
    assert store.get(bucket, "out/b") is None
    with pytest.raises(NoSuchBucketError):
        store.list("no-such-bucket", "")


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("process") / "data") as running:
        yield running


def fill(aws: Aws, name: str) -> dict[str, Any]:
    """Change something everywhere; returns what is needed to go on."""
    s3, glue = aws.client("s3"), aws.client("glue")
    plain, kept = f"plain-{name}", f"kept-{name}"
    s3.create_bucket(Bucket=plain)
    s3.create_bucket(Bucket=kept)
    s3.put_bucket_versioning(Bucket=kept, VersioningConfiguration={"Status": "Enabled"})
    for number in range(3):
        s3.put_object(Bucket=plain, Key="overwritten", Body=str(number).encode())
    s3.put_object(Bucket=plain, Key="gone", Body=b"x", Metadata={"a_b": "c"})
    s3.copy_object(Bucket=plain, Key="copy", CopySource={"Bucket": plain, "Key": "gone"})
    s3.delete_object(Bucket=plain, Key="gone")
    s3.put_object(Bucket=kept, Key="k", Body=b"1")
    s3.put_object(Bucket=kept, Key="k", Body=b"2")
    upload = s3.create_multipart_upload(Bucket=plain, Key="open")["UploadId"]
    part = s3.upload_part(Bucket=plain, Key="open", UploadId=upload, PartNumber=1, Body=b"p")
    glue.create_database(DatabaseInput={"Name": name})
    keys = [{"Name": "hour", "Type": "string"}]
    glue.create_table(DatabaseName=name, TableInput={"Name": "t", "PartitionKeys": keys})
    glue.batch_create_partition(
        DatabaseName=name,
        TableName="t",
        PartitionInputList=[{"Values": [f"{n:02}"], "Parameters": {"n": str(n)}} for n in range(9)],
    )
    glue.delete_partition(DatabaseName=name, TableName="t", PartitionValues=["00"])
    glue.create_crawler(
        Name=name,
        Role="r",
        DatabaseName=name,
        Targets={"S3Targets": [{"Path": f"s3://{plain}/nothing"}]},
    )
    glue.start_crawler(Name=name)
    while glue.get_crawler(Name=name)["Crawler"]["State"] != "READY":
        time.sleep(0.05)
    aws.client("athena").create_work_group(Name=name, Configuration={})
    aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    return {"upload": upload, "etag": part["ETag"]}


def everything(aws: Aws, name: str) -> dict[str, Any]:
    """All that `fill` left, as the API shows it."""
    s3, glue, athena = aws.client("s3"), aws.client("glue"), aws.client("athena")
    objects = s3.list_objects_v2(Bucket=f"plain-{name}")["Contents"]
    for entry in objects:
        got = s3.get_object(Bucket=f"plain-{name}", Key=entry["Key"])
        entry |= {"Body": got["Body"].read(), "Metadata": got["Metadata"]}
    versions = s3.list_object_versions(Bucket=f"kept-{name}")["Versions"]
    for entry in versions:
        version = {"Key": "k", "VersionId": entry["VersionId"]}
        entry["Body"] = s3.get_object(Bucket=f"kept-{name}", **version)["Body"].read()
    return {
        "objects": objects,
        "versions": versions,
        "table": glue.get_table(DatabaseName=name, Name="t")["Table"],
        "partitions": glue.get_partitions(DatabaseName=name, TableName="t")["Partitions"],
        "crawler": glue.get_crawler(Name=name)["Crawler"],
        "crawls": glue.list_crawls(CrawlerName=name)["Crawls"],
        "group": athena.get_work_group(WorkGroup=name)["WorkGroup"]["Configuration"],
        "role": aws.client("iam").get_role(RoleName=name)["Role"],
    }


def test_everything_survives_restarts_in_the_same_words(process: ServerProcess):
    known = fill(process.aws, "all")
    before = everything(process.aws, "all")
    files = {path.name for path in process.data_dir.glob("objects/*/*")}
    orphan = process.data_dir / "objects" / "ab" / "orphan"
    orphan.parent.mkdir(exist_ok=True)
    orphan.touch()

    process.restart(signal.SIGKILL)  # comes back from the journal

    assert everything(process.aws, "all") == before
    assert {path.name for path in process.data_dir.glob("objects/*/*")} == files

    process.restart(signal.SIGTERM)  # comes back from a checkpoint

    assert everything(process.aws, "all") == before
    s3 = process.aws.client("s3")
    parts = [{"PartNumber": 1, "ETag": known["etag"]}]
    s3.complete_multipart_upload(
        Bucket="plain-all",
        Key="open",
        UploadId=known["upload"],
        MultipartUpload={"Parts": parts},
    )
    assert s3.get_object(Bucket="plain-all", Key="open")["Body"].read() == b"p"


def test_no_acknowledged_write_is_lost_when_killed_in_the_middle(process: ServerProcess):
    process.aws.client("s3").create_bucket(Bucket="bkt")
    acknowledged: list[str] = []

    def write(writer: int) -> None:
        s3 = process.aws.client("s3")
        for number in range(10_000):
            key = f"{writer}/{number % 7}"
            body = f"{writer}-{number}-{uuid.uuid4()}"
            try:
                s3.put_object(Bucket="bkt", Key=key, Body=body.encode())
            except (BotoCoreError, ClientError):
                return
            acknowledged.append(f"{key} {body}")

    writers = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for writer in writers:
        writer.start()
    while len(acknowledged) < 60:
        writers[0].join(0.02)
    process.restart(signal.SIGKILL)
    for writer in writers:
        writer.join()

    s3 = process.aws.client("s3")
    latest = dict(entry.split(" ", 1) for entry in acknowledged)
    for key, body in latest.items():
        found = s3.get_object(Bucket="bkt", Key=key)["Body"].read().decode()
        acked, seen = int(body.split("-")[1]), int(found.split("-")[1])
        assert found == body or seen == acked + 7, "only a write without an answer may be newer"


def test_a_second_server_on_the_same_directory_is_refused(process: ServerProcess):
    with pytest.raises(DataDirectoryError, match=rf"in use by another .*process {process.pid}\)"):
        Journal(process.data_dir)


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server of its own, whose files `limit` keeps small."""
    with ServerProcess(tmp_path) as process:
        yield process


def limit(process: ServerProcess, size: int) -> None:
    """Limit the size of a server's files: a write beyond fails as on a full disk, half done."""
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.mark.parametrize("is_mended", [False, True])
def test_a_full_disk_refuses_changes_and_loses_none(limited: ServerProcess, is_mended: bool):
    """What was refused first may take effect, as after any answer of 503; nothing else changes."""
    s3, bucket = limited.aws.client("s3"), "nearly-full"
    s3.create_bucket(Bucket=bucket)
    for key in ("before", "replaced"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"1")
    (journal,) = limited.data_dir.glob("journal-*")
    size = journal.stat().st_size

    limit(limited, size + 40)
    with pytest.raises(ClientError, match=r"ServiceUnavailable.*File too large"):
        s3.put_object(Bucket=bucket, Key="replaced", Body=b"2")
    for key in ("before", "another"):
        with pytest.raises(ClientError, match=r"ServiceUnavailable.*File too large"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"3")
    assert s3.get_object(Bucket=bucket, Key="before")["Body"].read() == b"1"
    assert journal.stat().st_size == size
    expected = {"before": b"1", "replaced": b"1"}
    if is_mended:
        limit(limited, resource.RLIM_INFINITY)
        s3.put_object(Bucket=bucket, Key="afterwards", Body=b"4")
        expected = {"before": b"1", "replaced": b"2", "afterwards": b"4"}
    limited.restart(signal.SIGKILL)

    s3 = limited.aws.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    found = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
    assert found == expected


def test_an_object_that_finds_no_room_leaves_nothing(limited: ServerProcess):
    s3, bucket = limited.aws.client("s3"), "full"
    s3.create_bucket(Bucket=bucket)

    limit(limited, 100_000)
    with pytest.raises(ClientError, match=r"ServiceUnavailable.*File too large"):
        s3.put_object(Bucket=bucket, Key="large", Body=b"x" * 200_000)

    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    assert not list((limited.data_dir / "objects" / "incoming").iterdir())


def change(number: int) -> Change:
    body = io.BytesIO(b"\xff%d" % number)
    request = Request(method="PUT", target=f"/b/{number}", body=body, length=len(body.getvalue()))
    file = ObjectFile(name="ab", size=1, md5="cd")
    return Change(at=float(number), seed=number, request=request, files=[file])


def test_a_change_that_a_crash_cut_off_is_dropped(tmp_path: Path):
    journal = Journal(tmp_path)
    journal.append(change(1))
    journal.append(change(2))
    journal.close()
    (path,) = tmp_path.glob("journal-*")
    path.write_bytes(path.read_bytes()[:-5])

    journal = Journal(tmp_path)
    (first,) = journal.changes()
    assert (first.at, first.seed, first.files) == (1.0, 1, change(1).files)
    assert first.request.read() == b"\xff1"
    journal.append(change(3))
    journal.close()

    journal = Journal(tmp_path)
    assert [kept.seed for kept in journal.changes()] == [1, 3]
    journal.close()


def test_a_checkpoint_replaces_the_journal(tmp_path: Path):
    journal = Journal(tmp_path)
    assert journal.checkpoint() is None
    journal.append(change(1))
    assert not journal.is_empty
    journal.begin(b"state 1")
    journal.append(change(2))
    journal.begin(b"state 2")
    journal.close()

    journal = Journal(tmp_path)
    assert journal.checkpoint() == b"state 2"
    assert list(journal.changes()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"lock", "checkpoint-2"}
    journal.close()


def test_a_checkpoint_is_due_when_the_changes_would_slow_a_restart_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("local_aws.journal.MIN_CHANGES", 3)
    journal = Journal(tmp_path)
    due = []
    for number in range(3):
        journal.append(change(number))
        due.append(journal.is_due)
    assert due == [False, False, True]
    journal.begin(b"x" * 20 * CHANGE_BYTES)
    for number in range(20):
        assert not journal.is_due, f"after {number} changes"
        journal.append(change(number))
    assert journal.is_due
    journal.close()


def test_only_a_small_checkpoint_is_written_at_the_end(tmp_path: Path):
    journal = Journal(tmp_path)
    assert journal.is_small
    journal.begin(b"x" * SMALL_BYTES)
    assert journal.is_small
    journal.begin(b"x" * (SMALL_BYTES + 1))
    journal.close()

    journal = Journal(tmp_path)
    journal.checkpoint()
    assert not journal.is_small, "also when it was read, not written"
    journal.close()


def test_a_directory_of_another_version_is_refused(tmp_path: Path):
    journal = Journal(tmp_path)
    journal.begin(b"state")
    (tmp_path / "checkpoint-1").write_bytes(b"moto 4.0.0\nstate")
    with pytest.raises(DataDirectoryError, match=r"written with moto 4\.0\.0"):
        journal.checkpoint()
    journal.close()
