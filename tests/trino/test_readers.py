"""Readers on real Trino while publications run: guarantee 3 of the data contract."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from local_aws.athena.trino.client import TrinoServer
from tests.end_to_end.parcels_landed import HOURS, declare_raw_table, land
from tests.end_to_end.pipeline import Pipeline, new_pipeline

READS = 150
DAYS = (26, 27, 28)
PARCELS = [
    (f"{day}-{number}", f"2024-10-{day}T12:00:{number:02d}+01:00")
    for day in DAYS
    for number in range(20)
]


@dataclass(slots=True)
class Readers:
    """What some threads read; every publication has a number, which all its rows have as weight.

    Attributes:
        complete: the last publication that has ended.
        begun: the last that has begun.
        reads: how many were made.
        wrong: what was read that is neither the old nor the new content.
    """

    url: str
    sql: str
    complete: int = 1
    begun: int = 1
    reads: int = 0
    wrong: list[Any] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def read(self) -> None:
        """Read again and again, each time all partitions."""
        server = TrinoServer(self.url)
        while not self.ended.is_set():
            oldest = self.complete
            rows = server.run(self.sql, "default", {}).all_rows()
            allowed = range(oldest, self.begun + 1)
            fine = [
                day == wanted and count == 20 and low == high and low in allowed
                for wanted, (day, count, low, high) in zip(DAYS, rows, strict=False)
            ]
            self.reads += 1
            if fine != [True] * len(DAYS) or len(rows) != len(DAYS):
                self.wrong.append((list(allowed), rows))


@contextmanager
def reading(readers: Readers, threads: int = 2) -> Iterator[None]:
    """Read while the block runs."""
    running = [threading.Thread(target=readers.read) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        readers.ended.set()
        for thread in running:
            thread.join()


@pytest.fixture
def published(aws, airflow: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """Three days of parcels that weigh 1 kg, published."""
    pipeline = new_pipeline(aws, airflow, monkeypatch)
    pipeline.data_set = "deliveries"
    declare_raw_table(pipeline)
    # Dates before the first hour that has landed are not built.
    land(pipeline, HOURS[0], ("first", "2024-10-26T00:00:00+02:00", 1.0, "test"))
    publish(pipeline, 1)
    return pipeline


def publish(pipeline: Pipeline, weight: int) -> None:
    """Let all parcels weigh so much: of several weights of a parcel the greatest is published."""
    parcels = [(name, at, float(weight), "gent") for name, at in PARCELS]
    land(pipeline, HOURS[46], (f"v{weight}", "2024-10-27T00:00:00+01:00", 1.0, "test"), *parcels)
    pipeline.succeed(start_date="2024-10-26", end_date="2024-10-28")


def test_a_reader_sees_each_partition_as_it_was_or_as_it_is(published) -> None:
    sql = (
        "SELECT day, count(*), min(CAST(weight_kg AS DOUBLE)), max(CAST(weight_kg AS DOUBLE)) FROM "
        f'awsdatacatalog."{published.database}".deliveries GROUP BY day ORDER BY day'
    )
    server = published.aws.server
    readers = Readers(url=server._trino_url, sql=sql)
    with reading(readers):
        while readers.reads < READS and not readers.wrong:
            readers.begun += 1
            publish(published, readers.begun)
            readers.complete = readers.begun
    assert readers.wrong == []
    assert readers.begun >= 3
