"""A staged and audited slice is published: its quarantine first, then its events."""

from dataclasses import replace
from typing import Any

import pytest

from retime.calendar.arrival_hours import ArrivalWindow
from retime.calendar.partitioning import HOURLY
from retime.dataset.deployment import Deployment
from retime.dataset.model import Table
from retime.errors import PublishError, RunError
from retime.published.ledger import ledger_of, list_ledgers
from retime.published.publish import publish_slice
from retime.published.results import Audited, Generation, PartitionCounts, Published, Staged
from tests.accounts import Account
from tests.unit.published.builds import NOW, refusing
from tests.unit.published.slice_results import COUNTS
from tests.unit.samples import TRAFFIC, days, utc

DAY = days("2024-03-28")
READ = ArrivalWindow(start=utc(2024, 3, 27, 23), end=utc(2024, 3, 30))
ROWS = {(2024, 3, 28, 7): 70, (2024, 3, 28, 8): 80}
QUARANTINED = {(2024, 3, 28): 3}


def staged(number: int) -> Staged:
    generation = Generation(id=f"20240409t00000{number}z_0000000{number}", fingerprint=f"f{number}")
    return Staged(generation=generation, query_id=f"query-{number}", scanned_bytes=10**number)


EVENTS, QUARANTINE = staged(1), staged(2)
AUDITED = Audited(
    generation=EVENTS.generation.id,
    quarantine_generation=QUARANTINE.generation.id,
    rows=ROWS,
    events=ROWS,
    quarantined=QUARANTINED,
    late_beyond=(),
    counts=COUNTS,
    scanned_bytes=1,
)


@pytest.fixture
def deployment(account: Account) -> Deployment:
    """A data set of which one slice is staged."""
    deployment = account.deploy(TRAFFIC)
    for table, stage, rows in (
        (deployment.data_set.published, EVENTS, ROWS),
        (deployment.data_set.quarantine, QUARANTINE, QUARANTINED),
    ):
        for partition in rows:
            account.put(
                f"{table.name}/v={stage.generation.id}/{table.partitioning.folder(partition)}x"
            )
    return deployment


def publish(deployment: Deployment, audited: Audited = AUDITED) -> Published:
    return publish_slice(
        deployment, DAY, READ, (READ,), EVENTS, QUARANTINE, audited, run_id="run-1", now=NOW
    )


def published(deployment: Deployment, table: Table) -> dict[tuple[str, ...], Any]:
    pages = deployment.clients.glue.get_paginator("get_partitions").paginate(
        DatabaseName=deployment.database, TableName=table.name
    )
    return {tuple(p["Values"]): p for page in pages for p in page["Partitions"]}


def table_names(deployment: Deployment) -> list[str]:
    found = deployment.clients.glue.get_tables(DatabaseName=deployment.database)
    return [table["Name"] for table in found["TableList"]]


def test_events_are_published_by_hour_and_the_quarantine_by_arrival_day(deployment):
    result = publish(deployment)
    assert result == Published(
        slice_=DAY,
        generation=EVENTS.generation.id,
        counts=COUNTS,
        late_beyond=(),
        partitions=PartitionCounts(created=24, current=24),
        stage_scanned_bytes=10,
        scanned_bytes=111,
    )
    events, quarantine = (published(deployment, t) for t in deployment.data_set.tables)
    assert set(events) == {("2024", "3", "28", str(hour)) for hour in range(24)}
    assert set(quarantine) == {("2024", "3", "28")}
    ledger = ledger_of(quarantine["2024", "3", "28"]["Parameters"])
    assert (ledger.rows, ledger.fingerprint, ledger.query_id) == (3, "f2", "query-2")
    assert (ledger.built_from, ledger.built_through) == (
        "2024-03-28T00:00:00+00:00",
        "2024-03-29T00:00:00+00:00",
    )


def test_the_ledgers_of_a_slice_are_those_of_its_partitions(deployment):
    publish(deployment)
    ledgers = list_ledgers(deployment.clients.glue, deployment.database, "traffic", HOURLY, DAY)
    assert set(ledgers) == {(2024, 3, 28, hour) for hour in range(24)}
    assert sum(ledger.rows for ledger in ledgers.values()) == 150
    assert {ledger.run_id for ledger in ledgers.values()} == {"run-1"}


def test_a_slice_that_was_staged_again_after_its_audit_is_not_published(deployment):
    for other in (
        replace(AUDITED, generation="20240329t000009z_00000009"),
        replace(AUDITED, quarantine_generation="20240329t000009z_00000009"),
    ):
        with pytest.raises(RunError, match="staged again after its audit; clear the audit"):
            publish(deployment, other)
    assert table_names(deployment) == []


def test_events_are_not_published_where_their_quarantine_cannot_be(deployment, account):
    """What the published events lack could not be looked up."""
    stuck = refusing(account, "batch_create_partition", "PartitionValues", {"28"}, times=99)
    with pytest.raises(PublishError, match=r"traffic_quarantine: .* 2024/3/28: Internal"):
        publish(replace(deployment, clients=stuck.clients))
    assert table_names(deployment) == ["traffic_quarantine"]


def test_a_repetition_finds_everything_done(deployment):
    publish(deployment)
    assert publish(deployment).partitions == PartitionCounts(current=24)
