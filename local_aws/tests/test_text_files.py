"""Objects of text formats: compression by the name, broken objects, odd bytes and line ends."""

import bz2
import gzip
import zlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.athena_client import Athena

from local_aws.testing import Aws

LINES = b'{"id": 1}\n{"id": 2}\n'
CUT = gzip.compress(b"".join(b'{"id": %d}\n' % number for number in range(5000)))[:-2000]

BROKEN = {
    "cut.gz": CUT,
    "changed.gz": CUT[:-200] + b"x" * 200,
    "without_trailer.gz": gzip.compress(LINES)[:-4],
    "cut.bz2": bz2.compress(LINES * 1000)[:-9],
    "cut.deflate": zlib.compress(LINES)[:-3],
    "gzip.json": gzip.compress(LINES),
}


@pytest.fixture
def athena(aws: Aws, bucket: str, database: str) -> Athena:
    return Athena(aws, bucket, database)


@pytest.fixture
def table(athena: Athena) -> str:
    """The prefix of a JSON table `t`."""
    athena.run(
        "CREATE EXTERNAL TABLE t (id int) ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' "
        f"LOCATION '{athena.location('t')}'"
    )
    return "t/"


@pytest.mark.parametrize(
    ("suffix", "body"),
    [
        (".gz", gzip.compress(LINES)),
        (".gz", gzip.compress(LINES[:10]) + gzip.compress(LINES[10:])),
        (".bz2", bz2.compress(LINES)),
        (".deflate", zlib.compress(LINES)),
        (".zst", pa.compress(LINES, codec="zstd", asbytes=True)),
        (".anything", LINES),
        ("", LINES),
    ],
    ids=["gzip", "gzip members", "bzip2", "deflate", "zstd", "other", "none"],
)
def test_the_name_tells_the_compression(
    athena: Athena, table: str, suffix: str, body: bytes
) -> None:
    athena.put(f"{table}data{suffix}", body)
    assert athena.rows("SELECT id FROM t ORDER BY id") == [("1",), ("2",)]


@pytest.mark.parametrize(
    "name",
    [
        "plain.gz",
        "cut.gz",
        "changed.gz",
        "without_trailer.gz",
        "plain.bz2",
        "cut.bz2",
        "plain.zst",
        "cut.deflate",
        pytest.param("gzip.json", marks=pytest.mark.duckdb_only),
        pytest.param("data.snappy", marks=pytest.mark.duckdb_only),
    ],
)
def test_a_broken_object_fails_the_query_by_its_name(athena: Athena, table: str, name: str) -> None:
    body = BROKEN.get(name, LINES)
    athena.put(f"{table}good.json", LINES)
    athena.put(f"{table}{name}", body)
    for sql in ("SELECT id FROM t", "SELECT count(*) FROM t"):
        ran = athena.run(sql)
        assert ran.reason.startswith(("HIVE_CANNOT_OPEN_SPLIT", "HIVE_CURSOR_ERROR"))
        assert f"s3://{athena.bucket}/{table}{name}" in ran.reason


def test_an_object_that_was_found_broken_is_read_when_it_is_replaced(
    athena: Athena, table: str
) -> None:
    athena.put(f"{table}data.gz", CUT)
    assert athena.run("SELECT id FROM t").state == "FAILED"
    athena.put(f"{table}data.gz", gzip.compress(LINES))
    assert athena.rows("SELECT count(*) FROM t") == [("2",)]


@pytest.mark.duckdb_only(reason="Trino says which page is broken")
def test_a_broken_parquet_object_is_named_without_words_of_duckdb(athena: Athena) -> None:
    athena.run(
        f"CREATE EXTERNAL TABLE p (a string) STORED AS PARQUET LOCATION '{athena.location('p')}'"
    )
    sink = pa.BufferOutputStream()
    table = pa.table({"a": [f"value {number}" for number in range(10_000)]})
    pq.write_table(table, sink, use_dictionary=False, compression="zstd")
    body = bytearray(sink.getvalue().to_pybytes())
    athena.put("p/good", bytes(body))
    body[200:5000] = b"\xff" * 4800
    athena.put("p/broken", bytes(body))
    ran = athena.run("SELECT max(a) FROM p")
    assert ran.reason == (
        f"HIVE_CURSOR_ERROR: Failed to read file at s3://{athena.bucket}/p/broken: the object is "
        "corrupt, or has changed"
    )


@pytest.mark.parametrize("size", [10, 5_000_000])
def test_line_ends_marks_and_odd_bytes_are_read_at_any_size(
    athena: Athena, table: str, size: int
) -> None:
    filler = b" " * 1000 + b"\r\n"
    body = (
        b"\xef\xbb\xbf" + b'{"id": 1}\r\n' + filler * (size // 1000) + b'{"id": 2, "b": "\xff"}\r'
    )
    athena.put(f"{table}data.json", body)
    assert athena.rows("SELECT id FROM t WHERE id IS NOT NULL ORDER BY id") == [("1",), ("2",)]
    assert athena.rows("SELECT count(*) FROM t") == [(str(2 + size // 1000),)]
