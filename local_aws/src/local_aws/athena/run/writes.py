"""INSERT INTO, CREATE TABLE AS and UNLOAD."""

from collections.abc import Sequence
from typing import Any

from local_aws.athena.compile.compiler import identifier, position, qualified
from local_aws.athena.errors import QueryError
from local_aws.athena.parse.statements import read_properties
from local_aws.athena.run.catalog import CATALOG
from local_aws.athena.run.executions import Outcome
from local_aws.athena.run.job import Job
from local_aws.athena.run.results import Column, metadata_bytes
from local_aws.athena.run.scan import split_uri
from local_aws.athena.run.sql import Query
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
    register,
    store_files,
    too_many_partitions,
    within_limit,
)
from local_aws.athena.types.sqltypes import BIGINT, UNKNOWN
from local_aws.seam import Values

_ROWS: tuple[Column, ...] = (("rows", BIGINT),)


def insert(job: Job) -> Outcome:
    """INSERT INTO a table of files: appends, and registers new partitions."""
    node = job.statement.node
    at = position(node.qualifiedName())
    database, name = job.catalog.resolve(qualified(node.qualifiedName()), job.request.database, at)
    record = job.catalog.need_table(database, name, at)
    output = insert_output(record)
    query = job.sql.analyse(job, node.query())
    places: list[int | None] = list(range(len(query.types)))
    if node.columnAliases():
        names = [identifier(one) for one in node.columnAliases().identifier()]
        places = spread_columns(names, len(query.types), output, node)
    kinds = [UNKNOWN if place is None else query.types[place] for place in places]
    check_types(kinds, [kind for _, kind in output.columns], node)
    written = _write(job, query, output, places, (database, name))
    if written.partitions:
        register(job.catalog, record, written.partitions)
    job.hang("athena.query.after_write")
    return _outcome(job, written)


def ctas(job: Job) -> Outcome:
    """CREATE TABLE ... AS."""
    node = job.statement.node
    database, name = job.catalog.resolve(qualified(node.qualifiedName()), job.request.database)
    if not job.catalog.has_database(database):
        raise QueryError("SCHEMA_NOT_FOUND", f"Schema '{database}' does not exist", position(node))
    if job.catalog.table(database, name) is not None:
        if node.EXISTS():
            return Outcome(columns=_ROWS, update_count=0)
        raise QueryError(
            "TABLE_ALREADY_EXISTS",
            f"Destination table '{CATALOG}.{database}.{name}' already exists",
            position(node),
        )
    tree = job.statement.tree
    assert tree is not None
    properties = read_properties(tree, node.properties()) if node.properties() else {}
    location = _ctas_location(job, properties, f"{database}.{name}")
    query = job.sql.analyse(job, node.query())
    output = ctas_output(query, properties, location, node)
    written = Written()
    if not (node.NO() and node.DATA()):
        written = _write(job, query, output, range(len(query.types)))
    record = table_record(database, name, output)
    job.catalog.glue(
        "CreateTable",
        DatabaseName=database,
        TableInput={member: value for member, value in record.items() if member != "DatabaseName"},
    )
    if written.partitions:
        register(job.catalog, record, written.partitions)
    job.hang("athena.query.after_write")
    return _outcome(job, written)


def _ctas_location(job: Job, properties: dict[str, Any], name: str) -> str:
    given = str(properties.get("external_location", ""))
    if given and job.request.enforces:
        raise QueryError(
            "",
            "The Create Table As Select query failed because it was submitted with an "
            "'external_location' property to an Athena Workgroup that enforces a centralized "
            "output location for all queries. Please remove the 'external_location' property "
            "and resubmit the query.",
        )
    location = given or f"{job.request.output}tables/{job.execution.id}"
    _need_empty(job, location, f"Target directory for table '{name}' already exists")
    return location


def unload(job: Job) -> Outcome:
    """UNLOAD (query) TO: files and nothing in the catalog."""
    properties = dict(job.statement.properties)
    if "format" not in properties:
        raise QueryError("INVALID_TABLE_PROPERTY", "UNLOAD needs the property format")
    query = job.sql.analyse(job, job.statement.node.query())
    output = unload_output(query, properties, job.statement.target)
    _need_empty(job, output.location, "Target directory for UNLOAD already exists")
    written = _write(job, query, output, range(len(query.types)))
    job.hang("athena.query.after_write")
    return _outcome(job, written)


def _need_empty(job: Job, location: str, sentence: str) -> None:
    bucket, key = split_uri(location)
    prefix = key if not key or key.endswith("/") else f"{key}/"
    if any(one.size for one in job.services.store.list(bucket, prefix)):
        raise QueryError("HIVE_PATH_ALREADY_EXISTS", f"{sentence}: {location}")


def _write(
    job: Job,
    query: Query,
    output: Output,
    places: Sequence[int | None],
    table: tuple[str, str] | None = None,
) -> Written:
    """Run the query and store its rows; `table` may have some of the partitions already."""
    job.hang("athena.query.before_write")
    rows, files = query.write(output, places, job.directory)
    job.execution.check_stopped()
    files, is_all = within_limit(files)
    locations: dict[Values, str] = {}
    if table is not None and output.keys:
        locations = job.catalog.locations(*table, {one.values for one in files})
    written = Written(rows=rows)
    rule = job.services.faults.take("athena.query.during_write", job.request.sql)
    if rule is not None:
        half = max(1, len(files) // 2)
        _store(job, files[:half], output, locations, written)
        job.obey(rule)
        files = files[half:]
    _store(job, files, output, locations, written)
    if not is_all:
        raise too_many_partitions()
    return written


def _store(
    job: Job,
    files: Sequence[PartFile],
    output: Output,
    locations: dict[tuple[str, ...], str],
    written: Written,
) -> None:
    store_files(job.services.store, files, output, job.query_name, locations, written)
    if written.uris:
        _put_manifest(job, written)


def _put_manifest(job: Job, written: Written) -> None:
    body = "".join(f"{uri}\n" for uri in written.uris).encode()
    job.services.store.put_bytes(
        *split_uri(f"{job.request.output}{job.execution.id}-manifest.csv"), body
    )


def _outcome(job: Job, written: Written, metadata: str = "metadata") -> Outcome:
    job.put(metadata, metadata_bytes(_ROWS))
    manifest = f"{job.request.output}{job.execution.id}-manifest.csv" if written.uris else ""
    return Outcome(columns=_ROWS, update_count=written.rows, manifest=manifest)
