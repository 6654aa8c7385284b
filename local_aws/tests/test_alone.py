"""local_aws where nothing is installed but it and what it asks for."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.athena_client import Athena

from local_aws.testing import Aws

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A server out of an environment of its own."""
    folder = tmp_path_factory.mktemp("alone")
    uv = Path(sys.executable).with_name("uv")
    python = folder / "venv" / "bin" / "python"
    subprocess.run([uv, "venv", "--python", sys.executable, folder / "venv"], check=True)
    subprocess.run([uv, "pip", "install", "--python", python, PROJECT], check=True)
    command = [python, "-I", "-m", "local_aws", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Aws(endpoint=process.stdout.readline().split()[-1])
        finally:
            process.kill()


def test_it_answers_athena_with_what_it_brings_along(installed: Aws):
    installed.client("s3").create_bucket(Bucket="alone")
    installed.client("glue").create_database(DatabaseInput={"Name": "alone"})
    athena = Athena(installed, "alone", "alone")
    # The first is a table's, the second DuckDB's, the third a function in Python.
    location = "s3://alone/t/"
    athena.run(f"CREATE TABLE t WITH (external_location = '{location}') AS SELECT 'a-b' AS x")
    sql = "SELECT x, length(x), regexp_extract(x, '[a-z]$') FROM t"
    assert athena.rows(sql) == [("a-b", "3", "b")]
