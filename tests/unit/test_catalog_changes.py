"""Records are read just before each write, and again after whatever became of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from retime import aws
from retime.catalog_changes import CatalogChanges, Partitions, adding, make_changes
from retime.errors import PublishError
from retime.published import tables
from tests.accounts import Account

COUNT = 230


def refusal(code: str, action: str = "BatchUpdatePartition", status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, action)


class Glue:
    """A catalog that notes what it is asked; something happens before some updates."""

    def __init__(self, real: Any, *happens: Callable[[], None]) -> None:
        self.real, self.happens = real, list(happens)
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def call(**given: Any) -> Any:
            self.calls.append(name)
            if name in ("batch_update_partition", "update_table") and self.happens:
                self.happens.pop(0)()
            return getattr(self.real, name)(**given)

        return getattr(self.real, name) if name == "exceptions" else call


def raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@pytest.fixture
def table(account: Account, table: aws.CatalogTable) -> aws.CatalogTable:
    """A table with partitions."""
    values = [(2024, 1, 1 + n // 24, n % 24) for n in range(COUNT)]
    storage = tables.storage_descriptor("s3://b/1/", {"x": "int"})
    new = [aws.CatalogPartition(values=v, location="s3://b/1/", storage=storage) for v in values]
    make_changes(account.clients.glue, table, values, adding(new))
    return table


def move(existing: Partitions) -> CatalogChanges:
    """Have all partitions lie elsewhere."""
    there = [p for p in existing.values() if p.location != "s3://b/2/"]
    return CatalogChanges(update=[replace(p, location="s3://b/2/") for p in there])


def values_of(account: Account, table: aws.CatalogTable) -> list[Any]:
    return [p.values for p in aws.list_partitions(account.clients.glue, table)]


def test_no_more_are_read_than_are_written_next(account, table):
    """Of a year, the first would be old before the last is read."""
    glue = Glue(account.clients.glue)
    made = make_changes(glue, table, values_of(account, table), move)
    assert len(made.updated) == len(made.partitions) == COUNT
    of_one = ["batch_get_partition", "batch_update_partition", "batch_get_partition"]
    assert glue.calls == of_one * 3


@pytest.mark.parametrize(
    "error",
    [
        refusal("ThrottlingException"),
        refusal("503", status=503),
        ReadTimeoutError(endpoint_url="http://glue"),
    ],
    ids=["throttled", "no known name", "no answer"],
)
def test_after_a_refusal_the_records_are_read_again(account, table, error):
    glue = Glue(account.clients.glue, *[raising(error)] * 3)
    made = make_changes(glue, table, values_of(account, table)[:10], move)
    assert {partition.location for partition in made.partitions.values()} == {"s3://b/2/"}
    assert glue.calls == ["batch_get_partition", "batch_update_partition"] * 4 + [
        "batch_get_partition"
    ]


def test_what_has_become_old_is_read_again_and_not_sent(account, table, monkeypatch):
    ages = [-1.0, -1.0, 10.0]
    glue = Glue(account.clients.glue)

    def plan(existing: Partitions) -> CatalogChanges:
        monkeypatch.setattr(aws, "FRESH", ages.pop(0) if ages else 10.0)
        return move(existing)

    make_changes(glue, table, values_of(account, table)[:10], plan)
    assert glue.calls.count("batch_update_partition") == 1
    assert glue.calls.count("batch_get_partition") == 4


def test_what_is_forbidden_is_told_at_once(account, table):
    glue = Glue(account.clients.glue, raising(refusal("AccessDeniedException")))
    with pytest.raises(ClientError, match="AccessDenied"):
        make_changes(glue, table, values_of(account, table)[:1], move)


def test_a_plan_that_never_ends_does(account, table):
    def restless(existing: Partitions) -> CatalogChanges:
        return CatalogChanges(update=list(existing.values()))

    with pytest.raises(PublishError, match="others change them all the time"):
        make_changes(account.clients.glue, table, values_of(account, table)[:1], restless)


def test_a_change_of_a_table_is_made_of_what_another_has_made_of_it(account, table):
    real = account.clients.glue

    def note(name: str) -> Callable[[Any], Any]:
        return lambda record: (
            None
            if name in record["Parameters"]
            else {**record, "Parameters": {**record["Parameters"], name: "yes"}}
        )

    def overtake() -> None:
        aws.change_table(real, account.database, "t", note("other"))
        answer: Any = {"Error": {"Code": "ConcurrentModificationException"}}
        raise real.exceptions.ConcurrentModificationException(answer, "UpdateTable")

    aws.change_table(Glue(real, overtake), account.database, "t", note("mine"))

    parameters = real.get_table(DatabaseName=account.database, Name="t")["Table"]["Parameters"]
    assert (parameters["mine"], parameters["other"]) == ("yes", "yes")
