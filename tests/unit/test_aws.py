"""Calls to S3, Glue and Athena: pages, limits of a call, and refusals inside an HTTP 200."""

from typing import Any

import pytest

from retime import aws
from retime.errors import DeleteError
from retime.published import tables as catalog
from tests.unit.conftest import Account

ANSWER_CODE = {"ErrorCode": "InternalServiceException", "ErrorMessage": "try again"}


class Recorder:
    """A client that notes its calls and answers what it is given."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> dict[str, Any]:
            self.calls.append((name, arguments))
            return self.answer

        return call


def test_a_location_is_bucket_and_prefix():
    assert aws.split_location("s3://b/raw/traffic/") == ("b", "raw/traffic/")


def test_objects_are_listed_below_their_location_page_after_page(account):
    account.put("raw/a", "raw/b/c", "raw/b/d", "rawer/e", body=b"123")
    s3, location = account.clients.s3, f"s3://{account.bucket}/raw/"
    listed = list(aws.list_objects(s3, location))
    assert listed == [("a", 3), ("b/c", 3), ("b/d", 3)]
    assert list(aws.list_objects(s3, location, "b/")) == listed[1:]
    pages: list[str] = []
    s3.meta.events.register("before-call.s3.ListObjectsV2", lambda **_: pages.append("page"))
    by_one = aws.list_entries(s3, location, page_size=1)
    assert [(path, entry["Size"]) for path, entry in by_one] == listed
    assert len(pages) == 3


def test_folders_are_those_directly_below_a_location(account):
    account.put("t/v=1/year=2024/x", "t/v=1/y", "t/v=2/x", "t/file", "t2/v=3/x")
    assert list(aws.list_folders(account.clients.s3, f"s3://{account.bucket}/t/")) == ["v=1", "v=2"]


def test_an_object_of_a_folder_does_not_sort_before_it(account):
    location = f"s3://{account.bucket}/raw/"
    account.put("raw/hour=06/a", "raw/hour=07/b", "other/hour=99/c")
    s3 = account.clients.s3
    found = {
        after: [path for path, _ in aws.list_entries(s3, location, after=after)]
        for after in ("hour=07", "hour=05", "hour=08")
    }
    assert found == {"hour=07": ["hour=07/b"], "hour=05": ["hour=06/a", "hour=07/b"], "hour=08": []}


def test_a_folder_is_deleted_with_more_objects_than_a_call_takes(account, monkeypatch):
    monkeypatch.setattr(aws, "DELETE_OBJECTS_LIMIT", 2)
    account.put(*(f"t/v=1/{n}" for n in range(5)), "t/v=10/x", "t/v=2/x")
    assert aws.delete_folder(account.clients.s3, f"s3://{account.bucket}/t/v=1/") == 5
    assert account.object_keys() == ["t/v=10/x", "t/v=2/x"]


def test_objects_that_s3_refuses_to_delete_are_told(account):
    """DeleteObjects lists refusals inside an HTTP 200, as Glue's batch calls do."""
    account.put("t/a", "t/b")
    real = account.clients.s3

    class Refusing:
        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def delete_objects(self, **_: Any) -> dict[str, Any]:
            return {"Errors": [{"Key": "t/a", "Code": "AccessDenied", "Message": "Access Denied"}]}

    with pytest.raises(DeleteError, match=r"did not delete 1 objects of .*AccessDenied"):
        aws.delete_folder(Refusing(), f"s3://{account.bucket}/t/")


@pytest.fixture
def table(account: Account) -> str:
    catalog.create_staging_table(
        account.clients.glue,
        account.database,
        "t",
        f"s3://{account.bucket}/t/",
        {"x": "int"},
        ("day", "hour"),
    )
    return "t"


def inputs(count: int, location: str = "s3://b/1/") -> list[dict[str, Any]]:
    return [
        {
            "Values": [str(n // 24), str(n % 24)],
            "StorageDescriptor": catalog.storage_descriptor(location, {"x": "int"}),
        }
        for n in range(count)
    ]


def test_hundreds_of_partitions_are_created_read_updated_and_deleted(account, table):
    glue, database = account.clients.glue, account.database
    values = [tuple(entry["Values"]) for entry in inputs(230)]
    assert aws.create_partitions(glue, database, table, inputs(230)) == []
    assert set(aws.read_partitions(glue, database, table, values)) == set(values)
    assert aws.update_partitions(glue, database, table, inputs(230, "s3://b/2/")) == []
    found = aws.read_partitions(glue, database, table, values).values()
    assert {entry["StorageDescriptor"]["Location"] for entry in found} == {"s3://b/2/"}
    assert aws.delete_partitions(glue, database, table, values) == []
    assert aws.read_partitions(glue, database, table, values) == {}


@pytest.mark.parametrize(
    ("function", "items", "argument", "limit"),
    [
        (aws.create_partitions, inputs(230), "PartitionInputList", 100),
        (aws.update_partitions, inputs(230), "Entries", 100),
        (aws.delete_partitions, [("1", str(n)) for n in range(60)], "PartitionsToDelete", 25),
    ],
)
def test_no_call_has_more_entries_than_glue_takes(function, items, argument, limit):
    glue = Recorder({})
    assert function(glue, "db", "t", items) == []
    sizes = [len(arguments[argument]) for _, arguments in glue.calls]
    assert sum(sizes) == len(items)
    assert max(sizes) == limit


@pytest.mark.parametrize(
    ("function", "items"),
    [
        (aws.create_partitions, []),
        (aws.update_partitions, []),
        (aws.delete_partitions, []),
    ],
)
def test_nothing_to_change_is_no_call(function, items):
    glue = Recorder({})
    assert function(glue, "db", "t", items) == []
    assert glue.calls == []


@pytest.mark.parametrize(
    ("function", "items", "key"),
    [
        (aws.create_partitions, inputs(1), "PartitionValues"),
        (aws.update_partitions, inputs(1), "PartitionValueList"),
        (aws.delete_partitions, [("0", "0")], "PartitionValues"),
    ],
)
def test_a_refusal_inside_an_http_200_is_told(function, items, key):
    glue = Recorder({"Errors": [{key: ["0", "0"], "ErrorDetail": ANSWER_CODE}]})
    assert function(glue, "db", "t", items) == ["0/0: InternalServiceException try again"]


def test_a_partition_that_exists_is_a_failure_of_its_entry_alone(account, table):
    glue, database = account.clients.glue, account.database
    aws.create_partitions(glue, database, table, inputs(1))
    (failure,) = aws.create_partitions(glue, database, table, inputs(2))
    assert failure.startswith("0/0: AlreadyExistsException")
    assert len(list(aws.get_partitions(glue, database, table))) == 2


def test_keys_that_glue_left_unprocessed_are_asked_for_again(account, table):
    glue, database = account.clients.glue, account.database
    aws.create_partitions(glue, database, table, inputs(3))

    class Slow:
        """Answers one key a call."""

        def batch_get_partition(self, *, PartitionsToGet: list[Any], **rest: Any) -> Any:  # noqa: N803
            answer = glue.batch_get_partition(PartitionsToGet=PartitionsToGet[:1], **rest)
            return {**answer, "UnprocessedKeys": PartitionsToGet[1:]}

    values = [tuple(entry["Values"]) for entry in inputs(4)]
    assert set(aws.read_partitions(Slow(), database, table, values)) == set(values[:3])


def test_partitions_are_selected_by_an_expression(account, table):
    glue, database = account.clients.glue, account.database
    aws.create_partitions(glue, database, table, inputs(30))
    found = aws.get_partitions(glue, database, table, "day = 1")
    assert sorted(int(p["Values"][1]) for p in found) == [0, 1, 2, 3, 4, 5]


def test_a_table_that_is_not_there_is_none(account, table):
    assert aws.get_table(account.clients.glue, account.database, "t")["Name"] == "t"
    assert aws.get_table(account.clients.glue, account.database, "u") is None


class Pages:
    """An Athena client whose results come in pages."""

    def __init__(self, *pages: list[list[str | None]]) -> None:
        self.pages = pages

    def get_paginator(self, _: str) -> "Pages":
        return self

    def paginate(self, **_: Any) -> Any:
        for page in self.pages:
            data = [[{} if v is None else {"VarCharValue": v} for v in row] for row in page]
            yield {"ResultSet": {"Rows": [{"Data": row} for row in data]}}


def test_rows_are_read_over_all_pages_and_only_the_first_has_a_header():
    athena = Pages([["kind", "name"], ["events", "kind"]], [["kind", None], ["", "x"]])
    assert aws.get_rows(athena, "q") == [
        {"kind": "events", "name": "kind"},
        {"kind": "kind", "name": None},
        {"kind": "", "name": "x"},
    ]


def test_a_result_without_rows_is_empty():
    assert aws.get_rows(Pages([["kind", "name"]]), "q") == []


@pytest.mark.parametrize(
    ("execution", "scanned"),
    [({"Statistics": {"DataScannedInBytes": 12345}}, 12345), ({"Statistics": {}}, 0), ({}, 0)],
)
def test_scanned_bytes_are_read_from_the_statistics(execution, scanned):
    assert aws.get_scanned_bytes(Recorder({"QueryExecution": execution}), "q") == scanned
