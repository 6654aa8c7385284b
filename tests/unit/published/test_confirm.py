"""What a search for late events has found is written into the ledgers, and nothing else."""

import json
import time
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from retime import aws
from retime.calendar.arrival_hours import ArrivalWindow
from retime.dataset.deployment import Deployment
from retime.errors import PublishError
from retime.published.confirm import Confirmed, after_search, confirm
from retime.published.ledger import Ledger, ledger_of
from retime.published.search import Search, Unread
from retime.published.tables import ensure_table
from tests.accounts import Account
from tests.unit.published.builds import (
    COLUMNS,
    a_ledger,
    of_hours,
    publish,
    published_table,
    refusing,
    stage,
)
from tests.unit.samples import TRAFFIC, utc

HOURS = (6, 7, 8)
BUILT, SEARCHED, END = utc(2024, 3, 29, 1), utc(2024, 3, 29, 5), utc(2024, 3, 30, 8)
READ = ArrivalWindow(start=utc(2024, 3, 1), end=BUILT)


def unread(found: int = 0, through: datetime = SEARCHED, **changes: Any) -> Unread:
    """What was searched of a partition since its build."""
    made = Unread(
        since=BUILT,
        through=through,
        known=0,
        events=10,
        is_last=False,
        is_missing=False,
        found=found,
    )
    return replace(made, **changes)


def search(**by_hour: Unread) -> Search:
    """A search by hour: h7=unread(3)."""
    return Search(partitions={(2024, 3, 28, int(h[1:])): each for h, each in by_hour.items()})


FOUND = search(h6=unread(), h7=unread(3), h8=unread(1))


@pytest.fixture
def deployment(account: Account) -> Deployment:
    """A data set of which three hours were built through one o'clock of the next date."""
    table = published_table(account)
    ensure_table(account.clients.glue, account.database, table)
    publish(account, of_hours(stage(account, table, *HOURS, read=READ), *HOURS))
    deployment = account.deploy(TRAFFIC)
    published = replace(deployment.data_set.published, location=table.location, columns=COLUMNS)
    return replace(deployment, data_set=replace(deployment.data_set, published=published))


def catalog(deployment: Deployment) -> tuple[Any, aws.CatalogTable]:
    """What calls to the catalog take first."""
    table = deployment.data_set.published.in_catalog(deployment.database)
    return deployment.clients.glue, table


def records(deployment: Deployment) -> dict[int, aws.CatalogPartition]:
    found = aws.list_partitions(*catalog(deployment))
    return {each.values[-1]: each for each in found}


def ledgers(deployment: Deployment) -> dict[int, Ledger]:
    found = {h: ledger_of(each.parameters) for h, each in records(deployment).items()}
    return {hour: ledger for hour, ledger in found.items() if ledger}


def with_parameters(deployment: Deployment, hour: int, **parameters: str) -> None:
    """Somebody writes parameters of a partition."""
    found = records(deployment)[hour]
    changed = replace(found, parameters={**found.parameters, **parameters})
    assert not aws.update_partitions(*catalog(deployment), [changed], read_at=time.monotonic())


def build_again(deployment: Deployment, account: Account, *hours: int, until: datetime) -> None:
    table = deployment.data_set.published
    read = ArrivalWindow(start=READ.start, end=until)
    publish(account, of_hours(stage(account, table, *hours, number=2, read=read), *hours))


def test_a_ledger_says_what_was_found_and_how_far_was_searched(deployment):
    before = ledgers(deployment)
    assert confirm(deployment, FOUND) == Confirmed(updated=3, settled=())
    after = ledgers(deployment)
    assert {hour: ledger.late for hour, ledger in after.items()} == {6: 0, 7: 3, 8: 1}
    assert {ledger.checked for ledger in after.values()} == {SEARCHED}
    for hour in HOURS:
        same = {"late": 0, "checked_through": before[hour].checked_through}
        assert replace(after[hour], **same) == before[hour]


def test_place_format_and_parameters_of_others_stay(deployment):
    with_parameters(deployment, 7, theirs="x")
    before = records(deployment)
    confirm(deployment, FOUND)
    after = records(deployment)
    assert after[7].parameters["theirs"] == "x"
    assert {h: replace(each, parameters={}) for h, each in after.items()} == {
        h: replace(each, parameters={}) for h, each in before.items()
    }


def test_in_the_layout_hive_partitions_stay_in_their_plain_folders(deployment, account):
    place = f"s3://{account.bucket}/traffic/year=2024/month=3/day=28/hour=7/"
    found = replace(records(deployment)[7], location=place)
    aws.update_partitions(*catalog(deployment), [found], read_at=time.monotonic())
    published = replace(deployment.data_set.published, layout="hive")
    hive = replace(deployment, data_set=replace(deployment.data_set, published=published))
    confirm(hive, FOUND)
    assert records(deployment)[7].location == place
    assert ledgers(deployment)[7].late == 3


def test_searches_add_up(deployment):
    confirm(deployment, FOUND)
    more = {"since": SEARCHED, "through": utc(2024, 3, 29, 7)}
    confirm(deployment, search(h7=unread(2, known=3, **more), h8=unread(**more)))
    assert {h: ledger.late for h, ledger in ledgers(deployment).items()} == {6: 0, 7: 5, 8: 1}


def test_a_repetition_counts_nothing_twice(deployment):
    confirm(deployment, FOUND)
    before = records(deployment)
    assert confirm(deployment, FOUND) == Confirmed(updated=0, settled=())
    assert records(deployment) == before


# Other runs.


def test_what_was_built_meanwhile_is_left_out(deployment, account):
    """Of another hour the search still holds."""
    build_again(deployment, account, 7, until=utc(2024, 3, 29, 3))
    before = records(deployment)[7]
    assert confirm(deployment, FOUND).updated == 2
    assert records(deployment)[7] == before


def test_what_was_built_from_more_than_was_searched_is_left_out(deployment, account):
    build_again(deployment, account, *HOURS, until=utc(2024, 3, 29, 9))
    before = records(deployment)
    assert confirm(deployment, FOUND).updated == 0
    assert records(deployment) == before


def test_what_was_pinned_meanwhile_is_left_out(deployment):
    with_parameters(deployment, 7, **{"retime.pinned": "true"})
    before = records(deployment)[7]
    assert confirm(deployment, FOUND).updated == 2
    assert records(deployment)[7] == before


def test_what_is_not_published_is_left_out(deployment):
    assert confirm(deployment, search(h20=unread(4, is_missing=True))).updated == 0
    assert set(records(deployment)) == set(HOURS)


def test_what_another_tool_has_published_is_left_out(deployment):
    found = replace(records(deployment)[7], parameters={"theirs": "x"})
    aws.update_partitions(*catalog(deployment), [found], read_at=time.monotonic())
    assert confirm(deployment, FOUND).updated == 2
    assert records(deployment)[7].parameters == {"theirs": "x"}


@pytest.mark.parametrize(
    ("checked", "found", "through", "is_written"),
    [
        (BUILT, 0, SEARCHED, True),
        (BUILT, 2, SEARCHED, True),
        # Searched as far, or further, by somebody else.
        (SEARCHED, 0, SEARCHED, False),
        (SEARCHED, 2, SEARCHED, False),
        (utc(2024, 3, 29, 6), 2, SEARCHED, False),
        # Further than where this search began: none found there is none; how many is not known.
        (utc(2024, 3, 29, 3), 0, SEARCHED, True),
        (utc(2024, 3, 29, 3), 2, SEARCHED, False),
        # Not as far as where it began: what lies between was not searched.
        (utc(2024, 3, 28, 23), 0, SEARCHED, False),
        (utc(2024, 3, 28, 23), 2, SEARCHED, False),
    ],
)
def test_a_search_is_believed_only_from_where_it_began(checked, found, through, is_written):
    ledger = a_ledger(checked_through=checked.isoformat())
    after = after_search(ledger, unread(found, through))
    if is_written:
        assert after == replace(ledger, checked_through=through.isoformat(), late=found)
    else:
        assert after is None


def test_there_is_no_ledger_to_write_where_there_is_none():
    assert after_search(None, unread(3)) is None


# What settles.


def test_a_date_settles_when_each_of_its_partitions_does(deployment):
    last = {hour: utc(2024, 3, 30, hour + 1) for hour in HOURS}
    done = confirm(
        deployment,
        search(
            h6=unread(through=last[6], is_last=True),
            h7=unread(through=last[7], is_last=True),
            h8=unread(through=last[7]),
        ),
    )
    assert done.settled == ()
    assert {h: ledger.is_settled for h, ledger in ledgers(deployment).items()} == {
        6: True,
        7: True,
        8: False,
    }
    rest = search(h8=unread(since=last[7], through=last[8], is_last=True))
    assert confirm(deployment, rest).settled == (date(2024, 3, 28),)


def test_a_date_with_an_event_that_waits_is_not_settled(deployment):
    done = confirm(
        deployment,
        search(**{f"h{hour}": unread(hour == 7, END, is_last=True) for hour in HOURS}),
    )
    assert done == Confirmed(updated=3, settled=())


def test_what_settled_survives_the_way_to_the_report():
    done = Confirmed(updated=3, settled=(date(2024, 3, 28),))
    assert Confirmed.from_json(json.loads(json.dumps(done.to_json()))) == done


def test_a_date_of_which_a_partition_was_never_built_is_not_settled(deployment):
    """Its state is missing, if raw has landed for it: the report must not call it final."""
    everything = search(
        **{f"h{hour}": unread(through=END, is_last=True) for hour in HOURS},
        h20=unread(2, END, is_last=True, is_missing=True),
    )
    assert confirm(deployment, everything).settled == ()


def test_a_final_partition_that_does_not_say_so_says_so_after_a_search(deployment):
    """Built by version 0.2, or before the max lateness was lowered: nothing is left to search."""
    checked = ledgers(deployment)[7].checked
    final = unread(through=checked, is_last=True)
    made = search(h7=replace(final, since=checked))
    assert confirm(deployment, made).updated == 1
    assert ledgers(deployment)[7].is_settled
    assert confirm(deployment, made).updated == 0


# Refusals.


@pytest.mark.parametrize("times", [1, 2, 3])
def test_what_the_catalog_refuses_is_tried_again(deployment, account, times):
    stuck = refusing(account, "batch_update_partition", "PartitionValueList", {"7"}, times)
    assert confirm(replace(deployment, clients=stuck.clients), FOUND).updated == 3
    assert {h: ledger.late for h, ledger in ledgers(deployment).items()} == {6: 0, 7: 3, 8: 1}


def test_what_the_catalog_keeps_refusing_is_named_and_a_repetition_completes_it(
    deployment, account
):
    stuck = refusing(account, "batch_update_partition", "PartitionValueList", {"7"}, 99)
    with pytest.raises(PublishError, match="2024/3/28/7: InternalServiceException try again"):
        confirm(replace(deployment, clients=stuck.clients), FOUND)
    assert {h: ledger.late for h, ledger in ledgers(deployment).items()} == {6: 0, 7: 0, 8: 1}
    assert confirm(deployment, FOUND).updated == 1
    assert ledgers(deployment)[7].late == 3
