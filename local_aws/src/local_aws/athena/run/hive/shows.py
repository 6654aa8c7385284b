"""What statements print of a table: SHOW and DESCRIBE."""

from typing import Any

from local_aws.athena.errors import QueryError
from local_aws.athena.parse.hive_grammar import Ddl
from local_aws.athena.run.catalog import view_text
from local_aws.athena.run.hive.context import DdlResult, Hive
from local_aws.athena.run.hive.patterns import filtered


def show_tables(hive: Hive, ddl: Ddl) -> DdlResult:
    """SHOW TABLES [IN database] [pattern]."""
    return _show_tables(hive, ddl, is_view=False)


def show_views(hive: Hive, ddl: Ddl) -> DdlResult:
    """SHOW VIEWS."""
    return _show_tables(hive, ddl, is_view=True)


def _show_tables(hive: Hive, ddl: Ddl, *, is_view: bool) -> DdlResult:
    database = ddl.name[-1] if ddl.name else hive.database
    if not hive.catalog.has_database(database):
        raise QueryError(
            "", f"FAILED: SemanticException [Error 10072]: Database does not exist: {database}"
        )
    names = sorted(
        one["Name"] for one in hive.catalog.tables(database) if not is_view or view_text(one)
    )
    return DdlResult(
        lines=tuple(filtered(names, ddl)), columns=("views" if is_view else "tab_name",)
    )


def show_columns(hive: Hive, ddl: Ddl) -> DdlResult:
    """SHOW COLUMNS IN table."""
    record = hive.record(ddl)
    columns = [
        *record["StorageDescriptor"].get("Columns", []),
        *record.get("PartitionKeys", []),
    ]
    return DdlResult(lines=tuple(one["Name"].ljust(20) for one in columns), columns=("field",))


def show_properties(hive: Hive, ddl: Ddl) -> DdlResult:
    """SHOW TBLPROPERTIES table [('key')]."""
    record = hive.record(ddl)
    parameters = record.get("Parameters", {})
    key = ddl.options["key"]
    if key is not None:
        shown = parameters.get(
            key,
            f"Table {record['DatabaseName']}.{record['Name']} does not have property: {key}",
        )
        return DdlResult(lines=(shown,), columns=("prpt_name", "prpt_value"))
    return DdlResult(
        lines=tuple(f"{k}\t{v}" for k, v in sorted(parameters.items())),
        columns=("prpt_name", "prpt_value"),
    )


def show_create_table(hive: Hive, ddl: Ddl) -> DdlResult:
    """SHOW CREATE TABLE."""
    return DdlResult(lines=tuple(_create_text(hive.record(ddl))), columns=("createtab_stmt",))


def _create_text(record: dict[str, Any]) -> list[str]:
    descriptor = record["StorageDescriptor"]
    serde = descriptor.get("SerdeInfo", {})
    lines = [f"CREATE EXTERNAL TABLE `{record['DatabaseName']}.{record['Name']}`("]
    lines += _column_lines(descriptor.get("Columns", []))
    if record.get("PartitionKeys"):
        lines += ["PARTITIONED BY ( ", *_column_lines(record["PartitionKeys"])]
    lines += ["ROW FORMAT SERDE ", f"  '{serde.get('SerializationLibrary', '')}' "]
    if serde.get("Parameters"):
        lines += ["WITH SERDEPROPERTIES ( ", *_pair_lines(serde["Parameters"])]
    lines += [
        "STORED AS INPUTFORMAT ",
        f"  '{descriptor.get('InputFormat', '')}' ",
        "OUTPUTFORMAT ",
        f"  '{descriptor.get('OutputFormat', '')}'",
        "LOCATION",
        f"  '{descriptor.get('Location', '')}'",
        "TBLPROPERTIES (",
        *_pair_lines(record.get("Parameters", {})),
    ]
    return lines


def _column_lines(columns: list[dict[str, Any]]) -> list[str]:
    lines = []
    for number, one in enumerate(columns):
        comment = str(one.get("Comment") or "").replace("'", "\\'")
        comment = f" COMMENT '{comment}'" if comment else ""
        end = ")" if number == len(columns) - 1 else ", "
        lines.append(f"  `{one['Name']}` {one.get('Type', 'string')}{comment}{end}")
    return lines


def _pair_lines(pairs: dict[str, str]) -> list[str]:
    items = sorted(pairs.items())
    return [
        f"  '{key}'='{value}'" + (")" if number == len(items) - 1 else ", ")
        for number, (key, value) in enumerate(items)
    ]


def show_create_view(hive: Hive, ddl: Ddl) -> DdlResult:
    """SHOW CREATE VIEW."""
    record = hive.record(ddl)
    text = view_text(record)
    if not text:
        raise QueryError("", f"FAILED: {record['Name']} is not a view")
    lines = [f"CREATE VIEW {record['DatabaseName']}.{record['Name']} AS", *text.split("\n")]
    return DdlResult(lines=tuple(lines), columns=("Create View",))


def describe(hive: Hive, ddl: Ddl) -> DdlResult:
    """DESCRIBE [FORMATTED] table."""
    record = hive.record(ddl)
    descriptor = record.get("StorageDescriptor") or {}
    keys = record.get("PartitionKeys", [])
    lines = [_described(one) for one in [*descriptor.get("Columns", []), *keys]]
    if keys:
        lines += [
            "\t \t ",
            "# Partition Information\t \t ",
            "# col_name            \tdata_type           \tcomment             ",
            "\t \t ",
            *(_described(one) for one in keys),
        ]
    if ddl.options["formatted"]:
        lines += [
            "\t \t ",
            "# Detailed Table Information\t \t ",
            f"Database:           \t{record['DatabaseName']}\t ",
            f"Location:           \t{descriptor.get('Location', '')}\t ",
            f"Table Type:         \t{record.get('TableType', '')}\t ",
            "Table Parameters:\t \t ",
            *(f"\t{key}\t{value}" for key, value in sorted(record.get("Parameters", {}).items())),
        ]
    return DdlResult(lines=tuple(lines), columns=("col_name", "data_type", "comment"))


def _described(column: dict[str, Any]) -> str:
    return (
        f"{column['Name'].ljust(20)}\t{column.get('Type', '').ljust(20)}\t"
        f"{column.get('Comment', '').ljust(20)}"
    )
