"""Calls to S3, Glue and Athena: pages, limits of a call, and refusals inside an HTTP 200."""

import time
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any

import pytest
from botocore.exceptions import ClientError

from retime import aws
from retime.aws_retries import is_passing
from retime.calendar.partitioning import HOURLY
from retime.errors import DeleteError
from retime.published import tables
from tests.unit.samples import folders

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


def test_a_level_has_the_folders_and_objects_directly_in_a_folder(account):
    account.put("t/v=1/year=2024/x", "t/v=1/y", "t/v=2/x", "t/file", "t2/v=3/x")
    s3, location = account.clients.s3, f"s3://{account.bucket}/t/"
    for below, names, objects in (
        ("", ["v=1", "v=2"], ["file"]),
        ("v=1/", ["year=2024"], ["v=1/y"]),
    ):
        found, entries = aws.list_level(s3, location, below)
        assert (found, [path for path, _ in entries]) == (names, objects)


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


def partitions(count: int, location: str = "s3://b/1/") -> list[aws.CatalogPartition]:
    return [
        aws.CatalogPartition(
            values=(2024, 1, 1 + n // 24, n % 24),
            location=location,
            storage=tables.storage_descriptor(location, {"x": "int"}),
        )
        for n in range(count)
    ]


def test_hundreds_of_partitions_are_created_read_and_updated(account, table):
    place = account.clients.glue, table
    values = [partition.values for partition in partitions(230)]
    assert aws.create_partitions(*place, partitions(230)) == []
    assert set(aws.read_partitions(*place, values)) == set(values)
    moved = partitions(230, "s3://b/2/")
    assert aws.update_partitions(*place, moved, read_at=time.monotonic()) == []
    found = aws.read_partitions(*place, values).values()
    assert {partition.location for partition in found} == {"s3://b/2/"}
    locations = aws.list_locations(account.clients.glue, account.database, table.name)
    assert set(locations) == {"s3://b/2/"}


def test_an_update_keeps_columns_and_parameters_as_they_were_read(account, table):
    place = account.clients.glue, table
    noted = replace(partitions(1)[0], parameters={"note": "mine"})
    aws.create_partitions(*place, [noted])
    (found,) = aws.read_partitions(*place, [noted.values]).values()
    aws.update_partitions(*place, [replace(found, location="s3://b/2/")], read_at=time.monotonic())
    (again,) = aws.read_partitions(*place, [noted.values]).values()
    assert (again.location, again.parameters) == ("s3://b/2/", {"note": "mine"})
    assert again.storage["Columns"] == found.storage["Columns"]


def test_text_keys_are_padded_to_their_width_and_read_as_numbers(account, table):
    glue, padded = account.clients.glue, replace(table, keys=folders())
    assert aws.create_partitions(glue, padded, partitions(1)) == []
    found = glue.get_partition(
        DatabaseName=account.database,
        TableName=table.name,
        PartitionValues=["2024", "01", "01", "00"],
    )
    assert found["Partition"]["Values"] == ["2024", "01", "01", "00"]
    assert set(aws.read_partitions(glue, padded, [(2024, 1, 1, 0)])) == {(2024, 1, 1, 0)}
    assert aws.read_partitions(glue, table, [(2024, 1, 1, 0)]) == {}


def test_without_keys_to_read_them_values_are_as_the_catalog_has_them(account, table):
    glue = account.clients.glue
    aws.create_partitions(glue, table, partitions(1))
    as_they_are = replace(table, keys=aws.AnyKeys())
    values = ("2024", "1", "1", "0")
    assert [p.values for p in aws.list_partitions(glue, as_they_are)] == [values]
    assert set(aws.read_partitions(glue, as_they_are, [values])) == {values}


def test_partitions_that_are_no_numbers_are_left_out_but_not_their_locations(account, table):
    place = account.clients.glue, table
    aws.create_partitions(*place, partitions(1))
    account.clients.glue.create_partition(
        DatabaseName=account.database,
        TableName=table.name,
        PartitionInput={
            "Values": ["2024", "1", "1", "__HIVE_DEFAULT_PARTITION__"],
            "StorageDescriptor": tables.storage_descriptor("s3://b/odd/", {"x": "int"}),
        },
    )
    assert [partition.values for partition in aws.list_partitions(*place)] == [(2024, 1, 1, 0)]
    locations = aws.list_locations(account.clients.glue, account.database, table.name)
    assert sorted(locations) == ["s3://b/1/", "s3://b/odd/"]


NAMED = aws.CatalogTable(database="db", name="t", keys=HOURLY)
CALLS = pytest.mark.parametrize(
    ("function", "argument", "key"),
    [
        (aws.create_partitions, "PartitionInputList", "PartitionValues"),
        (partial(aws.update_partitions, read_at=inf), "Entries", "PartitionValueList"),
    ],
)


@CALLS
def test_no_call_has_more_entries_than_glue_takes(function, argument, key):
    glue = Recorder({})
    assert function(glue, NAMED, partitions(230)) == []
    sizes = [len(arguments[argument]) for _, arguments in glue.calls]
    assert sizes == [100, 100, 30]


@CALLS
def test_nothing_to_change_is_no_call(function, argument, key):
    glue = Recorder({})
    assert function(glue, NAMED, []) == []
    assert glue.calls == []


@CALLS
def test_a_refusal_inside_an_http_200_is_told(function, argument, key):
    glue = Recorder({"Errors": [{key: ["0", "0"], "ErrorDetail": ANSWER_CODE}]})
    (refused,) = function(glue, NAMED, partitions(1))
    assert str(refused) == "0/0: InternalServiceException try again"


def test_what_was_read_too_long_ago_is_not_written_over():
    glue = Recorder({})
    read_at = time.monotonic() - aws.FRESH - 1
    (refused,) = aws.update_partitions(glue, NAMED, partitions(1), read_at=read_at)
    assert is_passing(refused.code)
    assert glue.calls == []


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_an_update_that_is_refused_for_now_is_told_and_any_other_is_raised(code):
    class Refusing:
        def batch_update_partition(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "BatchUpdatePartition")

    def update() -> list[aws.RefusedPartition]:
        return aws.update_partitions(Refusing(), NAMED, partitions(1), read_at=inf)

    if code == "AccessDeniedException":
        with pytest.raises(ClientError):
            update()
    else:
        assert [refused.code for refused in update()] == [code]


def test_a_partition_that_exists_is_a_failure_of_its_entry_alone(account, table):
    place = account.clients.glue, table
    aws.create_partitions(*place, partitions(1))
    (refused,) = aws.create_partitions(*place, partitions(2))
    assert (refused.values, refused.code) == ("2024/1/1/0", "AlreadyExistsException")
    assert len(list(aws.list_partitions(*place))) == 2


def test_keys_that_glue_left_unprocessed_are_asked_for_again(account, table):
    glue = account.clients.glue
    aws.create_partitions(glue, table, partitions(3))

    class Slow:
        """Answers one key a call."""

        def batch_get_partition(self, *, PartitionsToGet: list[Any], **rest: Any) -> Any:  # noqa: N803
            answer = glue.batch_get_partition(PartitionsToGet=PartitionsToGet[:1], **rest)
            return {**answer, "UnprocessedKeys": PartitionsToGet[1:]}

    values = [partition.values for partition in partitions(4)]
    assert set(aws.read_partitions(Slow(), table, values)) == set(values[:3])


def test_partitions_are_selected_by_an_expression(account, table):
    place = account.clients.glue, table
    aws.create_partitions(*place, partitions(30))
    found = aws.list_partitions(*place, "day = 2")
    assert sorted(p.values[3] for p in found) == [0, 1, 2, 3, 4, 5]


def test_a_table_that_is_not_there_is_none(account, table):
    assert aws.get_table(account.clients.glue, account.database, "t")["Name"] == "t"
    assert aws.get_table(account.clients.glue, account.database, "u") is None


class Pages:
    """An Athena client whose results come in pages."""

    def __init__(self, *pages: list[list[str | None]]) -> None:
        self.pages = pages

    def get_paginator(self, name: str) -> "Pages":
        assert name == "get_query_results"
        return self

    def paginate(self, *, QueryExecutionId: str) -> Any:  # noqa: N803
        assert QueryExecutionId == "q"
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
    athena = Recorder({"QueryExecution": execution})
    assert aws.get_scanned_bytes(athena, "q") == scanned
    assert athena.calls == [("get_query_execution", {"QueryExecutionId": "q"})]
