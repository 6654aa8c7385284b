"""Runs Hive's DDL against the Glue catalog."""

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_aws.athena.errors import QueryError
from local_aws.athena.parse.hive_grammar import Ddl
from local_aws.athena.run.catalog import Catalog, view_text
from local_aws.athena.run.scan import split_uri
from local_aws.athena.run.write import hive_path, register
from local_aws.seam import AwsError, NoSuchBucketError, ObjectStore

_TASK = "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask."
_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
LAZY_SIMPLE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
HCATALOG_JSON = "org.apache.hive.hcatalog.data.JsonSerDe"
# STORED AS -> input format, output format, SerDe.
FORMATS = {
    "PARQUET": (
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    "TEXTFILE": (_TEXT_INPUT, _TEXT_OUTPUT, LAZY_SIMPLE),
    "JSON": (_TEXT_INPUT, _TEXT_OUTPUT, HCATALOG_JSON),
    "ORC": (
        "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
        "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
        "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
    ),
    "AVRO": (
        "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
        "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
        "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DdlResult:
    """What a DDL statement prints: one text a line, with the columns' names."""

    lines: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


class DdlRunner:
    """Runs one DDL statement.

    Args:
        catalog: the catalog it reads and changes.
        store: where MSCK looks for partitions.
        database: the execution's database.
    """

    def __init__(self, catalog: Catalog, store: ObjectStore, database: str) -> None:
        self.catalog = catalog
        self.store = store
        self.database = database

    def run(self, ddl: Ddl) -> DdlResult:
        """Run the statement.

        Raises:
            QueryError: it fails.
        """
        try:
            return _RUNNERS[ddl.subtype](self, ddl) or DdlResult()
        except AwsError as error:
            raise QueryError("", f"{_TASK} {error.code}: {error.message}") from None

    def _target(self, ddl: Ddl) -> tuple[str, str]:
        return self.catalog.resolve(ddl.name, self.database)

    def _record(self, ddl: Ddl) -> dict[str, Any]:
        database, table = self._target(ddl)
        found = self.catalog.table(database, table)
        if found is None:
            raise QueryError(
                "", f"FAILED: SemanticException [Error 10001]: Table not found {database}.{table}"
            )
        return found

    def create_database(self, ddl: Ddl) -> None:
        """CREATE DATABASE."""
        body: dict[str, Any] = {"Name": ddl.name[-1]}
        for option, member in (
            ("comment", "Description"),
            ("location", "LocationUri"),
            ("properties", "Parameters"),
        ):
            if option in ddl.options:
                body[member] = ddl.options[option]
        if self.catalog.has_database(ddl.name[-1]):
            if ddl.options["if_not_exists"]:
                return
            raise QueryError("", f"{_TASK} Database {ddl.name[-1]} already exists")
        self.catalog.glue("CreateDatabase", DatabaseInput=body)

    def drop_database(self, ddl: Ddl) -> None:
        """DROP DATABASE [CASCADE]."""
        name = ddl.name[-1]
        if not self.catalog.has_database(name):
            if ddl.options["if_exists"]:
                return
            raise QueryError(
                "", f"FAILED: SemanticException [Error 10072]: Database does not exist: {name}"
            )
        tables = self.catalog.tables(name)
        if tables and not ddl.options["cascade"]:
            raise QueryError(
                "",
                f"{_TASK} InvalidOperationException(message:Database {name} is "
                "not empty. One or more tables exist.)",
            )
        for table in tables:
            self.catalog.glue("DeleteTable", DatabaseName=name, Name=table["Name"])
        self.catalog.glue("DeleteDatabase", Name=name)

    def create_table(self, ddl: Ddl) -> None:
        """CREATE EXTERNAL TABLE."""
        database, table = self._target(ddl)
        if self.catalog.table(database, table) is not None:
            if ddl.options["if_not_exists"]:
                return
            raise QueryError(
                "", f"{_TASK} AlreadyExistsException(message:Table {table} already exists)"
            )
        if not self.catalog.has_database(database):
            raise QueryError(
                "", f"{_TASK} NoSuchObjectException(message:Database {database} not found.)"
            )
        options = ddl.options
        parameters = {"EXTERNAL": "TRUE", **options.get("properties", {})}
        if "comment" in options:
            parameters["comment"] = options["comment"]
        if parameters.get("table_type", "").upper() == "ICEBERG":
            raise QueryError("NOT_SUPPORTED", "local_aws has no Iceberg tables")
        self.catalog.glue(
            "CreateTable",
            DatabaseName=database,
            TableInput={
                "Name": table,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": parameters,
                "PartitionKeys": options.get("partition_keys", []),
                "StorageDescriptor": _descriptor(options),
            },
        )

    def drop_table(self, ddl: Ddl) -> None:
        """DROP TABLE, DROP VIEW: the data stays."""
        database, table = self._target(ddl)
        if self.catalog.table(database, table) is None:
            if ddl.options["if_exists"]:
                return
            raise QueryError(
                "", f"FAILED: SemanticException [Error 10001]: Table not found {database}.{table}"
            )
        self.catalog.glue("DeleteTable", DatabaseName=database, Name=table)

    def _values(self, record: dict[str, Any], spec: dict[str, str]) -> list[str]:
        keys = [one["Name"] for one in record.get("PartitionKeys", [])]
        if sorted(keys) != sorted(spec):
            raise QueryError(
                "",
                f"FAILED: SemanticException partition spec {spec} doesn't "
                f"contain all ({len(keys)}) partition columns",
            )
        types = {one["Name"]: one["Type"] for one in record["PartitionKeys"]}
        whole = ("int", "bigint", "smallint", "tinyint")
        return [
            str(int(spec[key]))
            if types[key] in whole and spec[key].lstrip("-").isdigit()
            else spec[key]
            for key in keys
        ]

    def add_partition(self, ddl: Ddl) -> None:
        """ALTER TABLE ADD [IF NOT EXISTS] PARTITION."""
        record = self._record(ddl)
        known = {
            tuple(one["Values"])
            for one in self.catalog.partitions(record["DatabaseName"], record["Name"])
        }
        names = [one["Name"] for one in record.get("PartitionKeys", [])]
        base = record["StorageDescriptor"]["Location"].rstrip("/")
        wanted = {}
        for spec, location in ddl.options["partitions"]:
            values = tuple(self._values(record, spec))
            if values in known:
                if ddl.options["if_not_exists"]:
                    continue
                raise QueryError(
                    "", f"{_TASK} AlreadyExistsException(message:Partition already exists.)"
                )
            wanted[values] = location or f"{base}/{hive_path(names, values)}"
        register(self.catalog, record, wanted)

    def drop_partition(self, ddl: Ddl) -> None:
        """ALTER TABLE DROP [IF EXISTS] PARTITION; some keys of a spec may be left out."""
        record = self._record(ddl)
        keys = [one["Name"] for one in record.get("PartitionKeys", [])]
        known = [
            one["Values"] for one in self.catalog.partitions(record["DatabaseName"], record["Name"])
        ]
        for spec in ddl.options["partitions"]:
            found = [values for values in known if _matches(keys, values, spec)]
            if not found and not ddl.options["if_exists"]:
                raise QueryError(
                    "", f"FAILED: SemanticException [Error 10006]: Partition not found {spec}"
                )
            for values in found:
                self.catalog.glue(
                    "DeletePartition",
                    DatabaseName=record["DatabaseName"],
                    TableName=record["Name"],
                    PartitionValues=values,
                )

    def set_location(self, ddl: Ddl) -> None:
        """ALTER TABLE [PARTITION (...)] SET LOCATION."""
        record = self._record(ddl)
        location = ddl.options["location"]
        spec = ddl.options["partition"]
        if spec is None:
            self._update(record, location=location)
            return
        values = self._values(record, spec)
        one = self.catalog.glue(
            "GetPartition",
            DatabaseName=record["DatabaseName"],
            TableName=record["Name"],
            PartitionValues=values,
        )["Partition"]
        self.catalog.glue(
            "UpdatePartition",
            DatabaseName=record["DatabaseName"],
            TableName=record["Name"],
            PartitionValueList=values,
            PartitionInput={
                "Values": values,
                "Parameters": one.get("Parameters", {}),
                "StorageDescriptor": {**one["StorageDescriptor"], "Location": location},
            },
        )

    def _update(
        self,
        record: dict[str, Any],
        *,
        location: str = "",
        columns: list[dict[str, str]] | None = None,
        parameters: dict[str, str] | None = None,
    ) -> None:
        descriptor = dict(record["StorageDescriptor"])
        if location:
            descriptor["Location"] = location
        if columns is not None:
            descriptor["Columns"] = columns
        kept = (
            "Name",
            "Description",
            "Owner",
            "Retention",
            "PartitionKeys",
            "ViewOriginalText",
            "ViewExpandedText",
            "TableType",
        )
        self.catalog.glue(
            "UpdateTable",
            DatabaseName=record["DatabaseName"],
            TableInput={
                **{member: record[member] for member in kept if member in record},
                "StorageDescriptor": descriptor,
                "Parameters": {**record.get("Parameters", {}), **(parameters or {})},
            },
        )

    def add_columns(self, ddl: Ddl) -> None:
        """ALTER TABLE ADD COLUMNS."""
        record = self._record(ddl)
        columns = record["StorageDescriptor"].get("Columns", [])
        known = {one["Name"] for one in [*columns, *record.get("PartitionKeys", [])]}
        for one in ddl.options["columns"]:
            if one["Name"] in known:
                raise QueryError("", f"{_TASK} Duplicate column name: {one['Name']}")
        self._update(record, columns=[*columns, *ddl.options["columns"]])

    def replace_columns(self, ddl: Ddl) -> None:
        """ALTER TABLE REPLACE COLUMNS."""
        self._update(self._record(ddl), columns=ddl.options["columns"])

    def set_properties(self, ddl: Ddl) -> None:
        """ALTER TABLE SET TBLPROPERTIES."""
        self._update(self._record(ddl), parameters=ddl.options["properties"])

    def repair(self, ddl: Ddl) -> DdlResult:
        """MSCK REPAIR TABLE: registers key=value directories that the catalog does not have."""
        record = self._record(ddl)
        keys = [one["Name"] for one in record.get("PartitionKeys", [])]
        location = record["StorageDescriptor"]["Location"].rstrip("/") + "/"
        bucket, prefix = split_uri(location)
        pattern = re.compile("/".join(f"{re.escape(key)}=([^/]+)" for key in keys) + "/")
        try:
            objects = self.store.list(bucket, prefix)
        except NoSuchBucketError:
            objects = []
        seen = {}
        for one in objects:
            found = pattern.match(one.key[len(prefix) :])
            if found:
                seen[found.groups()] = location + found[0]
        known = {
            tuple(one["Values"])
            for one in self.catalog.partitions(record["DatabaseName"], record["Name"])
        }
        missing = {values: uri for values, uri in seen.items() if values not in known}
        if not keys or not missing:
            return DdlResult()
        register(self.catalog, record, missing)
        name = record["Name"]
        shown = [":".join([name, hive_path(keys, values)]) for values in missing]
        return DdlResult(
            lines=(
                f"Partitions not in metastore:\t{chr(9).join(shown)}",
                *(f"Repair: Added partition to metastore {one}" for one in shown),
            )
        )

    def show_databases(self, ddl: Ddl) -> DdlResult:
        """SHOW DATABASES [LIKE]."""
        names = sorted(self.catalog.databases())
        return DdlResult(lines=tuple(_filtered(names, ddl)), columns=("database_name",))

    def show_tables(self, ddl: Ddl) -> DdlResult:
        """SHOW TABLES [IN database] [pattern]."""
        return self._show_tables(ddl, is_view=False)

    def show_views(self, ddl: Ddl) -> DdlResult:
        """SHOW VIEWS."""
        return self._show_tables(ddl, is_view=True)

    def _show_tables(self, ddl: Ddl, *, is_view: bool) -> DdlResult:
        database = ddl.name[-1] if ddl.name else self.database
        if not self.catalog.has_database(database):
            raise QueryError(
                "", f"FAILED: SemanticException [Error 10072]: Database does not exist: {database}"
            )
        names = sorted(
            one["Name"] for one in self.catalog.tables(database) if not is_view or view_text(one)
        )
        return DdlResult(
            lines=tuple(_filtered(names, ddl)), columns=("views" if is_view else "tab_name",)
        )

    def show_columns(self, ddl: Ddl) -> DdlResult:
        """SHOW COLUMNS IN table."""
        record = self._record(ddl)
        columns = [
            *record["StorageDescriptor"].get("Columns", []),
            *record.get("PartitionKeys", []),
        ]
        return DdlResult(lines=tuple(one["Name"].ljust(20) for one in columns), columns=("field",))

    def show_partitions(self, ddl: Ddl) -> DdlResult:
        """SHOW PARTITIONS table [PARTITION (...)]."""
        record = self._record(ddl)
        keys = [one["Name"] for one in record.get("PartitionKeys", [])]
        if not keys:
            raise QueryError("", f"{_TASK} Table {record['Name']} is not a partitioned table")
        spec = ddl.options["partition"]
        values = [
            one["Values"] for one in self.catalog.partitions(record["DatabaseName"], record["Name"])
        ]
        lines = sorted(hive_path(keys, one) for one in values if _matches(keys, one, spec))
        return DdlResult(lines=tuple(lines), columns=("partition",))

    def show_properties(self, ddl: Ddl) -> DdlResult:
        """SHOW TBLPROPERTIES table [('key')]."""
        record = self._record(ddl)
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

    def show_create_table(self, ddl: Ddl) -> DdlResult:
        """SHOW CREATE TABLE."""
        return DdlResult(lines=tuple(_create_text(self._record(ddl))), columns=("createtab_stmt",))

    def show_create_view(self, ddl: Ddl) -> DdlResult:
        """SHOW CREATE VIEW."""
        record = self._record(ddl)
        text = view_text(record)
        if not text:
            raise QueryError("", f"FAILED: {record['Name']} is not a view")
        lines = [f"CREATE VIEW {record['DatabaseName']}.{record['Name']} AS", *text.split("\n")]
        return DdlResult(lines=tuple(lines), columns=("Create View",))

    def describe(self, ddl: Ddl) -> DdlResult:
        """DESCRIBE [FORMATTED] table."""
        record = self._record(ddl)
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
                *(
                    f"\t{key}\t{value}"
                    for key, value in sorted(record.get("Parameters", {}).items())
                ),
            ]
        return DdlResult(lines=tuple(lines), columns=("col_name", "data_type", "comment"))


def _described(column: dict[str, Any]) -> str:
    return (
        f"{column['Name'].ljust(20)}\t{column.get('Type', '').ljust(20)}\t"
        f"{column.get('Comment', '').ljust(20)}"
    )


def _matches(keys: list[str], values: list[str], spec: dict[str, str]) -> bool:
    given = dict(zip(keys, values, strict=True))
    return all(given.get(key) == value for key, value in spec.items())


def _filtered(names: list[str], ddl: Ddl) -> list[str]:
    pattern = ddl.options.get("like")
    if not pattern:
        return names
    if "%" in pattern:
        pattern = pattern.replace("%", "*")
    patterns = pattern.split("|")
    return [name for name in names if any(fnmatch.fnmatch(name, one) for one in patterns)]


def _descriptor(options: dict[str, Any]) -> dict[str, Any]:
    stored = options.get("stored_as", {})
    name = stored.get("format", "TEXTFILE")
    if name not in FORMATS:
        raise QueryError(
            "", f"FAILED: SemanticException Unrecognized file format in STORED AS clause: {name}"
        )
    input_format, output_format, serde = FORMATS[name]
    serde = options.get("serde", serde)
    parameters = {**options.get("delimited", {}), **options.get("serde_properties", {})}
    buckets = options.get("buckets", {})
    return {
        "Columns": options["columns"],
        "Location": options["location"],
        "InputFormat": stored.get("input", input_format),
        "OutputFormat": stored.get("output", output_format),
        "SerdeInfo": {
            "SerializationLibrary": serde,
            "Parameters": parameters or {"serialization.format": "1"},
        },
        "BucketColumns": buckets.get("columns", []),
        "NumberOfBuckets": buckets.get("count", -1),
    }


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


_RUNNERS: dict[str, Callable[[DdlRunner, Ddl], DdlResult | None]] = {
    "CREATE_DATABASE": DdlRunner.create_database,
    "DROP_DATABASE": DdlRunner.drop_database,
    "CREATE_TABLE": DdlRunner.create_table,
    "DROP_TABLE": DdlRunner.drop_table,
    "DROP_VIEW": DdlRunner.drop_table,
    "ALTER_TABLE_ADD_PARTITION": DdlRunner.add_partition,
    "ALTER_TABLE_DROP_PARTITION": DdlRunner.drop_partition,
    "ALTER_TABLE_SET_LOCATION": DdlRunner.set_location,
    "ALTER_TABLE_ADD_COLUMNS": DdlRunner.add_columns,
    "ALTER_TABLE_REPLACE_COLUMNS": DdlRunner.replace_columns,
    "ALTER_TABLE_SET_TBLPROPERTIES": DdlRunner.set_properties,
    "MSCK_REPAIR_TABLE": DdlRunner.repair,
    "SHOW_DATABASES": DdlRunner.show_databases,
    "SHOW_TABLES": DdlRunner.show_tables,
    "SHOW_VIEWS": DdlRunner.show_views,
    "SHOW_COLUMNS": DdlRunner.show_columns,
    "SHOW_PARTITIONS": DdlRunner.show_partitions,
    "SHOW_TBLPROPERTIES": DdlRunner.show_properties,
    "SHOW_CREATE_TABLE": DdlRunner.show_create_table,
    "SHOW_CREATE_VIEW": DdlRunner.show_create_view,
    "DESCRIBE_TABLE": DdlRunner.describe,
}
