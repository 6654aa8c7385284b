"""Runs a statement: compile, scan, execute, write, store the result objects."""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import duckdb

from local_aws.athena.compile.compiler import identifier, position, qualified
from local_aws.athena.compile.language import TRINO
from local_aws.athena.compile.plan import Block, columns_read, push_all_filters
from local_aws.athena.compile.queries import compile_query
from local_aws.athena.compile.scope import Session
from local_aws.athena.errors import QueryCancelledError, QueryError
from local_aws.athena.parse.hive_grammar import read_ddl
from local_aws.athena.parse.statements import read_properties
from local_aws.athena.run.access import check_database, denied
from local_aws.athena.run.catalog import CATALOG, Catalog, encode_view
from local_aws.athena.run.ddl import DdlRunner
from local_aws.athena.run.engine import Engine, translate_error
from local_aws.athena.run.executions import Execution, Outcome
from local_aws.athena.run.footers import Footers
from local_aws.athena.run.results import Column, column_names, csv_bytes, metadata_bytes
from local_aws.athena.run.scan import Scanner, split_uri
from local_aws.athena.run.targets import (
    check_types,
    ctas_output,
    insert_output,
    spread_columns,
    table_record,
    unload_output,
)
from local_aws.athena.run.write import (
    Output,
    PartFile,
    Written,
    copy_rows,
    register,
    store_files,
    too_many_partitions,
    within_limit,
)
from local_aws.athena.types.casts import quote, render
from local_aws.athena.types.sqltypes import BIGINT, VARCHAR, Type, unbounded
from local_aws.seam import (
    Access,
    AwsCalls,
    AwsError,
    FaultRule,
    Faults,
    NoSuchBucketError,
    ObjectStore,
)

_ROWS: tuple[Column, ...] = (("rows", BIGINT),)


class Runner:
    """Runs executions.

    Args:
        store: S3.
        calls: the other AWS APIs.
        faults: asked at the points of a query.
        engine: DuckDB.
        access: what the caller may do.
    """

    def __init__(
        self,
        store: ObjectStore,
        calls: AwsCalls,
        faults: Faults,
        engine: Engine,
        access: Access,
    ) -> None:
        self.store = store
        self.calls = calls
        self.access = access
        self.faults = faults
        self.engine = engine
        self.footers = Footers()

    def run(self, execution: Execution) -> Outcome:
        """Run one execution to its outcome.

        Raises:
            QueryError: it fails.
            QueryCancelledError: it was stopped, or would scan too much.
        """
        directory = self.engine.directory(execution.id)
        job = _Job(self, execution, directory)
        try:
            return job.run()
        except duckdb.InterruptException:
            raise QueryCancelledError("Query cancelled by user") from None
        except duckdb.Error as error:
            raise job.failed(translate_error(error, job.scanner)) from error
        except QueryError as error:
            raise job.failed(error) from error
        except AwsError as error:
            text = f"{error.code}: {error.message}"
            failure = denied(error) or QueryError("HIVE_METASTORE_ERROR", text)
            raise job.failed(failure) from error
        except NoSuchBucketError as error:
            failure = QueryError(
                "HIVE_FILESYSTEM_ERROR", f"The specified bucket does not exist: {error.args[0]}"
            )
            raise job.failed(failure) from error
        except RecursionError as error:
            failure = QueryError("STACK_OVERFLOW", "Statement is too large (stack overflow)")
            raise job.failed(failure) from error
        except (
            OSError,
            ArithmeticError,
            LookupError,
            TypeError,
            ValueError,
            AssertionError,
            AttributeError,
        ) as error:
            # A defect here must not leave an execution that runs forever.
            failure = QueryError(
                "GENERIC_INTERNAL_ERROR", f"local_aws: {type(error).__name__}: {error}"
            )
            raise job.failed(failure) from error
        finally:
            job.connection.close()
            shutil.rmtree(directory, ignore_errors=True)


class _Job:
    """One execution being run."""

    def __init__(self, runner: Runner, execution: Execution, directory: Path) -> None:
        self.runner = runner
        self.execution = execution
        self.request = execution.request
        self.statement = execution.request.statement
        self.directory = directory
        self.catalog = Catalog(runner.calls, self.request.region, runner.access)
        self.connection = runner.engine.connect()
        with execution.lock:
            execution.connection = self.connection
        self.scanner = Scanner(
            catalog=self.catalog,
            store=runner.store,
            footers=runner.footers,
            directory=directory,
            connection=self.connection,
        )
        started = datetime.now(tz=timezone.utc)
        number = int(execution.id.replace("-", "")[:8], 16)
        self.query_name = f"{started:%Y%m%d_%H%M%S}_{number % 100000:05d}_{execution.id[-5:]}"

    def run(self) -> Outcome:
        self._hang("athena.query.hang")
        self.execution.check_stopped()
        check_database(self.runner.access, self.request.region, self.request.database)
        outcome = _KINDS[self.statement.kind](self)
        self.execution.check_stopped()
        return outcome

    def failed(self, error: QueryError) -> QueryError:
        """The error with what Athena appends for a write that may have left data."""
        base = self.request.output
        suffix = {
            "insert": f" If a data manifest file was generated at '{base}{self.execution.id}-"
            "manifest.csv', you may need to manually clean the data from locations "
            "specified in the manifest. Athena will not delete data in your account.",
            "ctas": f" You may need to manually clean the data at location '{base}tables/"
            f"{self.execution.id}' before retrying. Athena will not delete data in your "
            "account.",
        }.get(self.statement.kind, "")
        return QueryError(error.name, error.message + suffix, error.at)

    # --- faults

    def _hang(self, point: str) -> None:
        rule = self.runner.faults.take(point, self.request.sql)
        if rule is not None:
            self._obey(rule)

    def _obey(self, rule: FaultRule) -> None:
        if rule.action == "hang":
            while self.runner.faults.is_set(rule):
                if self.execution.stopped.wait(0.02):
                    raise QueryCancelledError("Query cancelled by user")
            return
        raise QueryError("GENERIC_INTERNAL_ERROR", rule.message or f"fault at {rule.point}")

    # --- reading

    def compile(self, node: Any) -> tuple[Block, str]:
        """Compile a query; the block, and DuckDB text that is ready to run."""
        tree = self.statement.tree
        assert tree is not None
        session = Session(
            language=TRINO,
            tables=self.catalog,
            database=self.request.database,
            now_us=int(time.time() * 1_000_000),
            parameters=self.request.parameters,
        )
        block = compile_query(tree, node, session, self.request.database)
        push_all_filters(block, session.shared)
        reads = columns_read(block, block.outputs)
        text = self._with_scans(block.sql, session, reads)
        self.execution.planned = time.time()
        return block, text

    def _with_scans(
        self, sql: str, session: Session, reads: list[tuple[Any, frozenset[str]]]
    ) -> str:
        files = {scan.number: self.scanner.files(scan) for scan in session.scans}
        columns: dict[int, frozenset[str]] = {}
        total = 0
        for scan, names in reads:
            columns[scan.number] = columns.get(scan.number, frozenset()) | names
            total += files[scan.number].scanned_bytes(names)
        self.execution.scanned_bytes = total
        if self.request.cutoff_bytes and total > self.request.cutoff_bytes:
            raise QueryCancelledError("Bytes scanned limit was exceeded")
        texts = []
        for scan in session.scans:
            wanted = columns.get(scan.number, frozenset())
            # The text may name a column that no output needs: it is there, and read by nobody.
            named = wanted | {one.column for one in scan.fields if one.is_named}
            rows = self.scanner.text(files[scan.number], named)
            texts.append(f"{scan.name} AS NOT MATERIALIZED {rows}")
        return f"WITH {', '.join(texts)} SELECT * FROM ({sql})" if texts else sql

    def query(self) -> Outcome:
        """SELECT: the rows as text, into the result CSV."""
        block, sql = self.compile(self.statement.node.query())
        columns = _columns(block)
        cells = ", ".join(
            f"{render(f'c{number}', kind)} AS {_quoted(name)}"
            for number, (name, kind) in enumerate(_distinct_names(columns))
        )
        path = self.directory / "result.csv"
        self.connection.execute(
            f"COPY (SELECT {cells} FROM ({sql})) TO {quote(str(path))} "
            "(FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR '')"
        )
        self.execution.check_stopped()
        header = csv_bytes([[name for name, _ in columns]])
        if path.stat().st_size < 1_000_000:
            self._put("csv", header + path.read_bytes())
        else:
            self._put_file("csv", header, path)
        self._put("csv.metadata", metadata_bytes(columns))
        return Outcome(columns=columns, is_table=True)

    def explain(self) -> Outcome:
        """EXPLAIN: DuckDB's plan of the translated text."""
        inner = self.statement.node.statement()
        if not hasattr(inner, "query"):
            raise QueryError("NOT_SUPPORTED", "EXPLAIN takes a query here")
        _, sql = self.compile(inner.query())
        rows = self.connection.execute(f"EXPLAIN {sql}").fetchall()
        lines = "\n".join(str(row[-1]) for row in rows)
        columns: tuple[Column, ...] = (("Query Plan", VARCHAR),)
        self._put("csv", csv_bytes([["Query Plan"], [lines]]))
        self._put("csv.metadata", metadata_bytes(columns))
        return Outcome(columns=columns, is_table=True)

    def hive(self) -> Outcome:
        """DDL: its lines, into the result text."""
        runner = DdlRunner(self.catalog, self.runner.store, self.request.database)
        result = runner.run(read_ddl(self.statement.sql))
        columns = tuple((name, VARCHAR) for name in result.columns)
        self._put("txt", "".join(f"{line}\n" for line in result.lines).encode())
        self._put("txt.metadata", metadata_bytes(columns))
        return Outcome(columns=columns)

    def refused(self) -> Outcome:
        """UPDATE, DELETE, MERGE: only Iceberg tables have them, and there are none here."""
        raise QueryError(
            "NOT_SUPPORTED",
            "Modifying Hive table rows is only supported for "
            "transactional tables; local_aws has no Iceberg tables",
            position(self.statement.node),
        )

    def view(self) -> Outcome:
        """CREATE [OR REPLACE] VIEW."""
        node = self.statement.node
        database, name = self.catalog.resolve(
            qualified(node.qualifiedName()), self.request.database
        )
        known = self.catalog.table(database, name)
        if known is not None and (not node.REPLACE() or known.get("TableType") != "VIRTUAL_VIEW"):
            raise QueryError(
                "TABLE_ALREADY_EXISTS",
                f"line 1:1: View already exists: 'awsdatacatalog.{database}.{name}'",
            )
        block, _ = self.compile(node.query())
        columns = [(one.name or "", unbounded(one.type)) for one in block.outputs]
        if any(not column for column, _ in columns):
            raise QueryError(
                "COLUMN_NAME_NOT_SPECIFIED",
                f"Column name not specified at position {[c for c, _ in columns].index('') + 1}",
                position(node),
            )
        assert self.statement.tree is not None
        text = self.statement.tree.text(node.query())
        self.catalog.glue(
            "UpdateTable" if known is not None else "CreateTable",
            DatabaseName=database,
            TableInput={
                "Name": name,
                "TableType": "VIRTUAL_VIEW",
                "PartitionKeys": [],
                "Parameters": {"presto_view": "true", "comment": "Presto View"},
                "ViewOriginalText": encode_view(text, database, columns),
                "ViewExpandedText": "/* Presto View */",
                "StorageDescriptor": {
                    "Columns": [{"Name": n, "Type": kind.hive} for n, kind in columns],
                    "Location": "",
                    "SerdeInfo": {},
                },
            },
        )
        self.execution.scanned_bytes = 0
        self._put("txt", b"")
        return Outcome()

    # --- writing

    def insert(self) -> Outcome:
        """INSERT INTO a table of files: appends, and registers new partitions."""
        node = self.statement.node
        at = position(node.qualifiedName())
        database, name = self.catalog.resolve(
            qualified(node.qualifiedName()), self.request.database, at
        )
        record = self.catalog.need_table(database, name, at)
        output = insert_output(record)
        block, sql = self.compile(node.query())
        kinds = [one.type for one in block.outputs]
        if node.columnAliases():
            sql, kinds = spread_columns(
                sql,
                kinds,
                [identifier(one) for one in node.columnAliases().identifier()],
                output,
                node,
            )
        check_types(kinds, [kind for _, kind in output.columns], node)
        locations = {
            tuple(one["Values"]): one["StorageDescriptor"]["Location"]
            for one in (self.catalog.partitions(database, name) if output.keys else [])
        }
        written = self._write(sql, kinds, output, locations)
        new = {values: uri for values, uri in written.partitions.items() if values not in locations}
        if new:
            register(self.catalog, record, new)
        self._hang("athena.query.after_write")
        return self._written_outcome(written)

    def _write(
        self,
        sql: str,
        kinds: list[Type],
        output: Output,
        locations: dict[tuple[str, ...], str],
    ) -> Written:
        self._hang("athena.query.before_write")
        rows, files = copy_rows(self.connection, sql, kinds, output, self.directory)
        self.execution.check_stopped()
        files, is_all = within_limit(files)
        written = Written(rows=rows)
        rule = self.runner.faults.take("athena.query.during_write", self.request.sql)
        if rule is not None:
            half = max(1, len(files) // 2)
            self._store(files[:half], output, locations, written)
            self._obey(rule)
            files = files[half:]
        self._store(files, output, locations, written)
        if not is_all:
            raise too_many_partitions()
        return written

    def _store(
        self,
        files: Sequence[PartFile],
        output: Output,
        locations: dict[tuple[str, ...], str],
        written: Written,
    ) -> None:
        store_files(self.runner.store, files, output, self.query_name, locations, written)
        if written.uris:
            self._put_manifest(written)

    def _put_manifest(self, written: Written) -> None:
        body = "".join(f"{uri}\n" for uri in written.uris).encode()
        self.runner.store.put_bytes(
            *split_uri(f"{self.request.output}{self.execution.id}-manifest.csv"), body
        )

    def _written_outcome(self, written: Written, metadata: str = "metadata") -> Outcome:
        self._put(metadata, metadata_bytes(_ROWS))
        manifest = f"{self.request.output}{self.execution.id}-manifest.csv" if written.uris else ""
        return Outcome(columns=_ROWS, update_count=written.rows, manifest=manifest)

    def ctas(self) -> Outcome:
        """CREATE TABLE ... AS."""
        node = self.statement.node
        database, name = self.catalog.resolve(
            qualified(node.qualifiedName()), self.request.database
        )
        if not self.catalog.has_database(database):
            raise QueryError(
                "SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", position(node)
            )
        if self.catalog.table(database, name) is not None:
            if node.EXISTS():
                return Outcome(columns=_ROWS, update_count=0)
            raise QueryError(
                "TABLE_ALREADY_EXISTS",
                f"Destination table '{CATALOG}.{database}.{name}' already exists",
                position(node),
            )
        tree = self.statement.tree
        assert tree is not None
        properties = read_properties(tree, node.properties()) if node.properties() else {}
        location = self._ctas_location(properties, f"{database}.{name}")
        block, sql = self.compile(node.query())
        output = ctas_output(block, properties, location, node)
        written = Written()
        if not (node.NO() and node.DATA()):
            written = self._write(sql, [one.type for one in block.outputs], output, {})
        record = table_record(database, name, output)
        self.catalog.glue(
            "CreateTable",
            DatabaseName=database,
            TableInput={
                member: value for member, value in record.items() if member != "DatabaseName"
            },
        )
        if written.partitions:
            register(self.catalog, record, written.partitions)
        self._hang("athena.query.after_write")
        return self._written_outcome(written)

    def _ctas_location(self, properties: dict[str, Any], name: str) -> str:
        given = str(properties.get("external_location", ""))
        if given and self.request.enforces:
            raise QueryError(
                "",
                "The Create Table As Select query failed because it was submitted with an "
                "'external_location' property to an Athena Workgroup that enforces a centralized "
                "output location for all queries. Please remove the 'external_location' property "
                "and resubmit the query.",
            )
        location = given or f"{self.request.output}tables/{self.execution.id}"
        self._need_empty(location, f"Target directory for table '{name}' already exists")
        return location

    def _need_empty(self, location: str, sentence: str) -> None:
        bucket, key = split_uri(location)
        prefix = key if not key or key.endswith("/") else f"{key}/"
        if any(one.size for one in self.runner.store.list(bucket, prefix)):
            raise QueryError("HIVE_PATH_ALREADY_EXISTS", f"{sentence}: {location}")

    def unload(self) -> Outcome:
        """UNLOAD (query) TO: files and nothing in the catalog."""
        properties = dict(self.statement.properties)
        if "format" not in properties:
            raise QueryError("INVALID_TABLE_PROPERTY", "UNLOAD needs the property format")
        block, sql = self.compile(self.statement.node.query())
        output = unload_output(block, properties, self.statement.target)
        self._need_empty(output.location, "Target directory for UNLOAD already exists")
        written = self._write(sql, [one.type for one in block.outputs], output, {})
        self._hang("athena.query.after_write")
        return self._written_outcome(written)

    # --- result objects

    def _put(self, suffix: str, body: bytes) -> None:
        bucket, key = split_uri(f"{self.request.output}{self.execution.id}.{suffix}")
        self.runner.store.put_bytes(bucket, key, body)

    def _put_file(self, suffix: str, header: bytes, path: Path) -> None:
        whole = path.with_suffix(".whole")
        with whole.open("wb") as target, path.open("rb") as source:
            target.write(header)
            shutil.copyfileobj(source, target, 1 << 20)
        bucket, key = split_uri(f"{self.request.output}{self.execution.id}.{suffix}")
        self.runner.store.put_file(bucket, key, whole)


def _columns(block: Block) -> tuple[Column, ...]:
    names = column_names([one.name for one in block.outputs])
    return tuple((name, one.type) for name, one in zip(names, block.outputs, strict=True))


def _distinct_names(columns: tuple[Column, ...]) -> Iterator[Column]:
    for number, (_, kind) in enumerate(columns):
        yield f"r{number}", kind


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_KINDS: dict[str, Callable[[_Job], Outcome]] = {
    "query": _Job.query,
    "insert": _Job.insert,
    "ctas": _Job.ctas,
    "view": _Job.view,
    "unload": _Job.unload,
    "explain": _Job.explain,
    "refused": _Job.refused,
    "hive": _Job.hive,
}
