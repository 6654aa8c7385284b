"""Glue's catalog where it is stricter, or larger, than moto's."""

import signal
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.testing import Aws, ServerProcess

KEYS = [{"Name": "month", "Type": "string"}, {"Name": "hour", "Type": "bigint"}]


@pytest.fixture
def glue(aws: Aws) -> Any:
    return aws.client("glue")


@pytest.fixture
def table(glue: Any, database: str) -> dict[str, str]:
    """Where a table with the keys month (string) and hour (bigint) is."""
    glue.create_table(DatabaseName=database, TableInput={"Name": "t", "PartitionKeys": KEYS})
    return {"DatabaseName": database, "TableName": "t"}


def partition(month: str, hour: str, **parameters: str) -> dict[str, Any]:
    storage = {"Location": f"s3://b/{month}/{hour}/", "Columns": [{"Name": "c", "Type": "int"}]}
    return {"Values": [month, hour], "StorageDescriptor": storage, "Parameters": parameters}


def values(glue: Any, table: dict[str, str], **request: Any) -> list[list[str]]:
    pages = glue.get_paginator("get_partitions").paginate(**table, **request)
    return [found["Values"] for page in pages for found in page["Partitions"]]


def test_a_batch_creates_what_it_can_and_names_what_it_cannot(glue: Any, table: dict[str, str]):
    glue.create_partition(**table, PartitionInput=partition("01", "0"))

    answer = glue.batch_create_partition(
        **table, PartitionInputList=[partition("01", "0"), partition("01", "1")]
    )

    (error,) = answer["Errors"]
    assert error["PartitionValues"] == ["01", "0"]
    assert error["ErrorDetail"]["ErrorCode"] == "AlreadyExistsException"
    assert values(glue, table) == [["01", "0"], ["01", "1"]]


def test_an_update_replaces_the_whole_record(glue: Any, table: dict[str, str]):
    glue.create_partition(**table, PartitionInput=partition("01", "0", kept="no"))
    before = glue.get_partition(**table, PartitionValues=["01", "0"])["Partition"]

    answer = glue.batch_update_partition(
        **table,
        Entries=[
            {
                "PartitionValueList": ["01", "0"],
                "PartitionInput": {"Values": ["01", "0"], "Parameters": {"new": "yes"}},
            },
            {"PartitionValueList": ["01", "9"], "PartitionInput": partition("01", "9")},
            {"PartitionValueList": ["01", "0"], "PartitionInput": partition("02", "0")},
        ],
    )

    codes = {
        tuple(e["PartitionValueList"]): e["ErrorDetail"]["ErrorCode"] for e in answer["Errors"]
    }
    assert codes == {
        ("01", "9"): "EntityNotFoundException",
        ("01", "0"): "InvalidInputException",
    }
    after = glue.get_partition(**table, PartitionValues=["01", "0"])["Partition"]
    assert after["Parameters"] == {"new": "yes"}
    assert "StorageDescriptor" not in after
    assert after["CreationTime"] == before["CreationTime"]
    with pytest.raises(ClientError, match="Values property can't be changed"):
        glue.update_partition(
            **table, PartitionValueList=["01", "0"], PartitionInput=partition("01", "1")
        )


def test_a_batch_deletes_what_is_there(glue: Any, table: dict[str, str]):
    glue.batch_create_partition(**table, PartitionInputList=[partition("01", "0")])
    answer = glue.batch_delete_partition(
        **table, PartitionsToDelete=[{"Values": ["01", "0"]}, {"Values": ["01", "1"]}]
    )
    assert [error["PartitionValues"] for error in answer["Errors"]] == [["01", "1"]]
    assert values(glue, table) == []


def test_get_finds_what_is_there(glue: Any, table: dict[str, str]):
    glue.create_partition(**table, PartitionInput=partition("01", "0"))
    wanted = [{"Values": ["01", "0"]}, {"Values": ["1", "0"]}]
    answer = glue.batch_get_partition(**table, PartitionsToGet=wanted)
    assert [found["Values"] for found in answer["Partitions"]] == [["01", "0"]]
    assert answer["UnprocessedKeys"] == []
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_partition(**table, PartitionValues=["1", "0"])
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        glue.create_partition(**table, PartitionInput=partition("01", "0"))
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.delete_partition(**table, PartitionValues=["1", "0"])


@pytest.mark.parametrize(
    ("action", "request_of", "limit"),
    [
        (
            "batch_create_partition",
            lambda n: {"PartitionInputList": [partition("01", str(i)) for i in range(n)]},
            100,
        ),
        (
            "batch_update_partition",
            lambda n: {
                "Entries": [
                    {"PartitionValueList": ["01", str(i)], "PartitionInput": partition("01", "0")}
                    for i in range(n)
                ]
            },
            100,
        ),
        (
            "batch_delete_partition",
            lambda n: {"PartitionsToDelete": [{"Values": ["01", str(i)]} for i in range(n)]},
            25,
        ),
        (
            "batch_get_partition",
            lambda n: {"PartitionsToGet": [{"Values": ["01", str(i)]} for i in range(n)]},
            1000,
        ),
    ],
)
def test_a_batch_over_its_limit_is_refused_as_a_whole(
    glue: Any, table: dict[str, str], action: str, request_of: Any, limit: int
):
    with pytest.raises(ClientError) as refused:
        getattr(glue, action)(**table, **request_of(limit + 1))
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert f"length less than or equal to {limit}" in str(refused.value)
    assert values(glue, table) == []
    getattr(glue, action)(**table, **request_of(limit))


def test_the_number_of_values_must_be_that_of_the_keys(glue: Any, table: dict[str, str]):
    with pytest.raises(ClientError, match="number of partition keys do not match"):
        glue.create_partition(**table, PartitionInput={"Values": ["01"]})


MONTHS = ("01", "02", "7", "10")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", 16),
        ("month = '01'", 4),
        ("month = '1'", 0),
        ("month = 7", 4),
        ("month = 07", 0),
        ("hour = 7", 4),
        ("hour = '07'", 4),
        ("hour != 7", 12),
        ("hour <> 7", 12),
        ("hour > 7", 4),
        ("hour >= 7", 8),
        ("hour < 7", 8),
        ("hour <= 7", 12),
        ("month > '02'", 8),
        ("hour in (1, '2')", 8),
        ("month not in ('01', '02')", 8),
        ("hour between 2 and 10", 12),
        ("hour not between 2 and 10", 4),
        ("month like '0%'", 8),
        ("month not like '_'", 12),
        ("month = '01' and hour = 1 or month = '02'", 5),
        ("month = '01' AND (hour = 1 OR hour = 10)", 2),
        ("NOT (month = '01' OR hour < 10)", 3),
        ("month is null", 0),
        ("month IS NOT NULL", 16),
        ("MONTH = '01'", 4),
        ("month = 'it''s'", 0),
        ("month <> 's 3:/%'''", 16),
        ("((month <> '''01''')) AND hour = 1", 4),
    ],
)
def test_an_expression_compares_strings_as_text_and_numbers_as_numbers(
    glue: Any, table: dict[str, str], expression: str, expected: int
):
    inputs = [partition(month, hour) for month in MONTHS for hour in ("01", "2", "07", "10")]
    glue.batch_create_partition(**table, PartitionInputList=inputs)
    assert len(values(glue, table, Expression=expression)) == expected


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("year = 1", "InvalidInputException"),
        ("month = ", "InvalidInputException"),
        ("month = '01' garbage", "InvalidInputException"),
        ("hour = 'x'", "InvalidInputException"),
        ("hour like '1%'", "InvalidInputException"),
        ("month = '" + "x" * 2048 + "'", "ValidationException"),
        ("hour = 1", "InvalidStateException"),
    ],
)
def test_an_expression_that_makes_no_sense_is_refused(
    glue: Any, table: dict[str, str], expression: str, code: str
):
    glue.create_partition(**table, PartitionInput=partition("01", "__HIVE_DEFAULT_PARTITION__"))
    with pytest.raises(ClientError) as refused:
        glue.get_partitions(**table, Expression=expression)
    assert refused.value.response["Error"]["Code"] == code


def test_ten_thousand_partitions_are_paged_filtered_and_segmented(glue: Any, table: dict[str, str]):
    for start in range(0, 10_000, 100):
        inputs = [partition(f"{n // 100:03}", str(n % 100)) for n in range(start, start + 100)]
        assert "Errors" not in glue.batch_create_partition(**table, PartitionInputList=inputs)

    page = glue.get_partitions(**table, MaxResults=1000, ExcludeColumnSchema=True)
    assert len(page["Partitions"]) == 1000
    assert "Columns" not in page["Partitions"][0]["StorageDescriptor"]

    conditions = " or ".join(f"(month = '{n:03}' and hour >= 98)" for n in range(50))
    assert len(values(glue, table, Expression=conditions)) == 100

    everything = values(glue, table, ExcludeColumnSchema=True)
    assert len(everything) == len({tuple(v) for v in everything}) == 10_000
    segments = [
        values(
            glue,
            table,
            ExcludeColumnSchema=True,
            Segment={"SegmentNumber": number, "TotalSegments": 2},
        )
        for number in range(2)
    ]
    assert sorted(segments[0] + segments[1]) == sorted(everything)
    with pytest.raises(ClientError, match="less than or equal to 1000"):
        glue.get_partitions(**table, MaxResults=1001)


def test_a_table_version_is_an_optimistic_lock(glue: Any, table: dict[str, str]):
    name = table["DatabaseName"]
    version = glue.get_table(DatabaseName=name, Name="t")["Table"]["VersionId"]
    change = {"Name": "t", "PartitionKeys": KEYS, "Parameters": {"a": "1"}}
    glue.update_table(DatabaseName=name, TableInput=change, VersionId=version)

    with pytest.raises(glue.exceptions.ConcurrentModificationException):
        glue.update_table(DatabaseName=name, TableInput=change, VersionId=version)

    assert len(glue.get_table_versions(DatabaseName=name, TableName="t")["TableVersions"]) == 2
    glue.update_table(DatabaseName=name, TableInput=change, SkipArchive=True)
    assert len(glue.get_table_versions(DatabaseName=name, TableName="t")["TableVersions"]) == 2
    assert glue.get_table(DatabaseName=name, Name="t")["Table"]["Parameters"] == {"a": "1"}


def test_names_of_databases_and_tables_are_in_lower_case(glue: Any, database: str):
    glue.create_table(DatabaseName=database.upper(), TableInput={"Name": "Mixed"})
    found = glue.get_table(DatabaseName=database, Name="MIXED")["Table"]
    assert (found["DatabaseName"], found["Name"]) == (database, "mixed")
    glue.update_table(
        DatabaseName=database.upper(), TableInput={"Name": "MIXED", "Description": "d"}
    )
    (listed,) = glue.get_tables(DatabaseName=database)["TableList"]
    assert listed["Description"] == "d"
    glue.batch_delete_table(DatabaseName=database, TablesToDelete=["Mixed"])
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_table(DatabaseName=database, Name="mixed")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_partitions(DatabaseName=database, TableName="mixed")
    with pytest.raises(glue.exceptions.AlreadyExistsException):
        glue.create_database(DatabaseInput={"Name": database.upper()})


ANALYZED = datetime(2024, 3, 29, tzinfo=timezone.utc)


def column(name: str, distinct: int) -> dict[str, Any]:
    """The statistics of a column of numbers."""
    data = {"MinimumValue": 1, "NumberOfNulls": 0, "NumberOfDistinctValues": distinct}
    return {
        "ColumnName": name,
        "ColumnType": "bigint",
        "AnalyzedTime": ANALYZED,
        "StatisticsData": {"Type": "LONG", "LongColumnStatisticsData": data},
    }


class Statistics:
    """The statistics of a table, or of one of its partitions."""

    def __init__(self, glue: Any, table: dict[str, str], *values: str) -> None:
        self._glue = glue
        self._of = "partition" if values else "table"
        self._where = {**table, "PartitionValues": list(values)} if values else table

    def call(self, verb: str, **arguments: Any) -> Any:
        action = getattr(self._glue, f"{verb}_column_statistics_for_{self._of}")
        return action(**self._where, **arguments)

    def get(self, *names: str) -> list[dict[str, Any]]:
        answer = self.call("get", ColumnNames=list(names))
        assert answer["Errors"] == []
        return list(answer["ColumnStatisticsList"])


@pytest.mark.parametrize("values", [[], ["01", "0"]], ids=["table", "partition"])
def test_column_statistics_are_kept_replaced_and_deleted(
    glue: Any, table: dict[str, str], values: list[str]
):
    glue.create_partition(**table, PartitionInput=partition("01", "0"))
    kept = Statistics(glue, table, *values)
    assert kept.get("a", "b") == []
    given = [column("a", 1), column("b", 2)]
    assert kept.call("update", ColumnStatisticsList=given)["Errors"] == []
    kept.call("update", ColumnStatisticsList=[column("a", 3)])
    assert kept.get("b", "nosuch", "a") == [column("b", 2), column("a", 3)]
    for _ in range(2):  # the second finds nothing to delete
        kept.call("delete", ColumnName="a")
    assert kept.get("a", "b") == [column("b", 2)]


def test_column_statistics_are_of_one_partition_alone(glue: Any, table: dict[str, str]):
    for hour in ("0", "1"):
        glue.create_partition(**table, PartitionInput=partition("01", hour))
    Statistics(glue, table, "01", "0").call("update", ColumnStatisticsList=[column("a", 1)])
    assert Statistics(glue, table, "01", "1").get("a") == []
    assert Statistics(glue, table).get("a") == []


def test_column_statistics_go_with_the_partition(glue: Any, table: dict[str, str]):
    kept = Statistics(glue, table, "01", "0")
    glue.create_partition(**table, PartitionInput=partition("01", "0"))
    kept.call("update", ColumnStatisticsList=[column("a", 1)])
    glue.delete_partition(**table, PartitionValues=["01", "0"])
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        kept.get("a")
    glue.create_partition(**table, PartitionInput=partition("01", "0"))
    assert kept.get("a") == []


def test_column_statistics_go_with_the_table(glue: Any, table: dict[str, str]):
    kept, database = Statistics(glue, table), table["DatabaseName"]
    kept.call("update", ColumnStatisticsList=[column("a", 1)])
    glue.delete_table(DatabaseName=database, Name="t")
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        kept.get("a")
    glue.create_table(DatabaseName=database, TableInput={"Name": "t"})
    assert kept.get("a") == []


def test_column_statistics_stay_when_the_record_changes(glue: Any, table: dict[str, str]):
    kept = Statistics(glue, table)
    kept.call("update", ColumnStatisticsList=[column("a", 1)])
    changed = {"Name": "t", "PartitionKeys": KEYS, "Parameters": {"a": "1"}}
    glue.update_table(DatabaseName=table["DatabaseName"], TableInput=changed)
    assert kept.get("a") == [column("a", 1)]


def test_column_statistics_have_limits(glue: Any, table: dict[str, str]):
    kept = Statistics(glue, table)
    names = [f"c{number}" for number in range(101)]
    kept.call("update", ColumnStatisticsList=[column(name, 1) for name in names[:25]])
    assert len(kept.get(*names[:100])) == 25
    with pytest.raises(ClientError, match="length less than or equal to 25"):
        kept.call("update", ColumnStatisticsList=[column(name, 1) for name in names[:26]])
    with pytest.raises(ClientError, match="length less than or equal to 100"):
        kept.get(*names)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_column_statistics_survive_a_restart(tmp_path: Path, how: signal.Signals):
    table = {"DatabaseName": "d", "TableName": "t"}
    with ServerProcess(tmp_path) as server:
        glue = server.aws.client("glue")
        glue.create_database(DatabaseInput={"Name": "d"})
        glue.create_table(DatabaseName="d", TableInput={"Name": "t", "PartitionKeys": KEYS})
        glue.create_partition(**table, PartitionInput=partition("01", "0"))
        for values in ([], ["01", "0"]):
            kept = Statistics(glue, table, *values)
            kept.call("update", ColumnStatisticsList=[column("a", 1)])
        server.restart(how)
        for values in ([], ["01", "0"]):
            kept = Statistics(server.aws.client("glue"), table, *values)
            assert kept.get("a") == [column("a", 1)]


def test_there_are_no_user_defined_functions(glue: Any, database: str):
    asked = {"Pattern": "trino__.*"}
    assert glue.get_user_defined_functions(**asked)["UserDefinedFunctions"] == []
    answer = glue.get_user_defined_functions(DatabaseName=database, **asked)
    assert answer["UserDefinedFunctions"] == []
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_user_defined_functions(DatabaseName="nosuch", **asked)
