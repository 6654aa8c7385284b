"""The server process: start, stop, connections, and doing several things at once."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from local_aws.__main__ import main
from local_aws.server import LocalAws
from local_aws.testing import PATIENCE, Aws

COMMAND = [sys.executable, "-m", "local_aws"]


def test_it_tells_where_it_is_and_stops_cleanly(tmp_path: Path):
    processes = {}
    for number in (signal.SIGTERM, signal.SIGINT):
        port_file = tmp_path / number.name
        processes[number] = subprocess.Popen(
            [*COMMAND, "--port", "0", "--port-file", str(port_file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(tmp_path)},
        )
    for number, process in processes.items():
        line = process.stdout.readline()
        endpoint = f"http://127.0.0.1:{(tmp_path / number.name).read_text()}"
        assert line == f"local_aws is ready at {endpoint}\n"
        with urllib.request.urlopen(f"{endpoint}/_local_aws/health") as answer:
            assert answer.status == 200
        process.send_signal(number)
    for process in processes.values():
        out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out, err) == (0, "", "")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"SIGTERM", "SIGINT"}, "the scratch directories are gone"


def test_it_refuses_to_be_reached_from_elsewhere_unless_allowed(
    aws: Aws, capsys: pytest.CaptureFixture[str]
):
    port = str(urlsplit(aws.endpoint).port)
    assert main(["--port", port, "--host", "0.0.0.0"]) == 2
    assert "--allow-remote" in capsys.readouterr().err
    assert main(["--port", port, "--host", "0.0.0.0", "--allow-remote"]) == 1, "the port is in use"


def test_a_port_in_use_is_said_in_one_line(aws: Aws, capsys: pytest.CaptureFixture[str]):
    assert main(["--port", str(urlsplit(aws.endpoint).port)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("local_aws cannot start: ")
    assert told.err.count("\n") == 1


def test_one_server_a_process(aws: Aws):
    with pytest.raises(RuntimeError, match="already runs"):
        LocalAws().start()


def test_connections_are_reused(aws: Aws):
    connection = http.client.HTTPConnection(urlsplit(aws.endpoint).netloc)
    for _ in range(3):
        connection.request("GET", "/_local_aws/health")
        answer = connection.getresponse()
        answer.read()
        assert answer.version == 11
        assert connection.sock is not None
    local_port = connection.sock.getsockname()[1]
    connection.request("GET", "/_local_aws/health")
    connection.getresponse().read()
    assert connection.sock.getsockname()[1] == local_port


def test_every_answer_has_a_request_id(aws: Aws):
    for answer in (
        aws.client("s3").list_buckets(),
        aws.client("glue").get_databases(),
        aws.client("sts").get_caller_identity(),
    ):
        assert answer["ResponseMetadata"]["RequestId"]


def test_a_body_in_chunks_is_stored(aws: Aws, bucket: str):
    url = urlsplit(
        aws.client("s3").generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"})
    )
    connection = http.client.HTTPConnection(url.netloc)
    connection.request(
        "PUT", f"{url.path}?{url.query}", body=iter([b"one ", b"two"]), encode_chunked=True
    )
    assert connection.getresponse().status == 200
    assert aws.server.store.get(bucket, "k").path.read_bytes() == b"one two"


class SlowService:
    """A service that takes until it is told."""

    actions = frozenset({"BatchGetQueryExecution"})

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.released = threading.Event()

    def handle(self, action: str, payload: Any, *, region: str) -> tuple[int, Any]:
        self.entered.set()
        assert self.released.wait(PATIENCE)
        return 200, {"QueryExecutions": [], "Region": region}

    def close(self) -> None: ...


def test_the_api_answers_while_a_service_is_busy(
    aws: Aws, bucket: str, database: str, monkeypatch: pytest.MonkeyPatch
):
    service = SlowService()
    hosted: Future[SlowService] = Future()
    hosted.set_result(service)
    monkeypatch.setitem(aws.server.hosted, "athena", hosted)
    answers: list[Any] = []
    thread = threading.Thread(
        target=lambda: answers.append(
            aws.client("athena", "eu-west-1").batch_get_query_execution(QueryExecutionIds=["x"])
        )
    )
    thread.start()
    assert service.entered.wait(PATIENCE)

    aws.client("s3").put_object(Bucket=bucket, Key="k", Body=b"x")
    aws.client("glue").create_table(DatabaseName=database, TableInput={"Name": "t"})
    aws.client("athena").get_work_group(WorkGroup="primary")
    assert not answers

    service.released.set()
    thread.join()
    assert answers[0]["QueryExecutions"] == []


def test_many_clients_at_once_lose_nothing(aws: Aws, bucket: str, database: str):
    keys = [{"Name": "k", "Type": "string"}]
    aws.client("glue").create_table(
        DatabaseName=database, TableInput={"Name": "t", "PartitionKeys": keys}
    )
    failures: list[BaseException] = []

    def work(worker: int) -> None:
        s3, glue = aws.client("s3"), aws.client("glue")
        try:
            for number in range(10):
                key = f"{worker}-{number}"
                s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
                glue.create_partition(
                    DatabaseName=database, TableName="t", PartitionInput={"Values": [key]}
                )
                s3.list_objects_v2(Bucket=bucket)
        except BaseException as error:
            failures.append(error)
            raise

    workers = [threading.Thread(target=work, args=(n,)) for n in range(5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert not failures
    assert aws.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"] == 50
    found = aws.client("glue").get_partitions(DatabaseName=database, TableName="t")["Partitions"]
    assert len(found) == 50
