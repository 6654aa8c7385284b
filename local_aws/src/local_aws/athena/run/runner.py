"""Runs a statement by its kind."""

import shutil
from collections.abc import Callable, Mapping

import duckdb

from local_aws.athena.compile.compiler import position
from local_aws.athena.errors import QueryCancelledError, QueryError
from local_aws.athena.parse.hive_grammar import read_ddl
from local_aws.athena.run import reads, views, writes
from local_aws.athena.run.access import check_database, denied
from local_aws.athena.run.engine import translate_error
from local_aws.athena.run.executions import Execution, Outcome
from local_aws.athena.run.hive.context import Hive
from local_aws.athena.run.hive.statements import run_ddl
from local_aws.athena.run.job import Job, Services
from local_aws.athena.run.results import metadata_bytes
from local_aws.athena.types.sqltypes import VARCHAR
from local_aws.seam import AwsError, NoSuchBucketError


class Runner:
    """Runs executions on DuckDB."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def run(self, execution: Execution) -> Outcome:
        """Run one execution to its outcome.

        Raises:
            QueryError: it fails.
            QueryCancelledError: it was stopped, or would scan too much.
        """
        directory = self.services.engine.directory(execution.id)
        job = Job(self.services, execution, directory)
        try:
            return _run(job)
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


def _run(job: Job) -> Outcome:
    job.hang("athena.query.hang")
    job.execution.check_stopped()
    check_database(job.services.access, job.request.region, job.request.database)
    outcome = _KINDS[job.statement.kind](job)
    job.execution.check_stopped()
    return outcome


def _hive(job: Job) -> Outcome:
    """DDL: its lines, into the result text."""
    hive = Hive(catalog=job.catalog, store=job.services.store, database=job.request.database)
    result = run_ddl(hive, read_ddl(job.statement.sql))
    columns = tuple((name, VARCHAR) for name in result.columns)
    job.put("txt", "".join(f"{line}\n" for line in result.lines).encode())
    job.put("txt.metadata", metadata_bytes(columns))
    return Outcome(columns=columns)


def _refused(job: Job) -> Outcome:
    """UPDATE, DELETE, MERGE: only Iceberg tables have them, and there are none here."""
    raise QueryError(
        "NOT_SUPPORTED",
        "Modifying Hive table rows is only supported for "
        "transactional tables; local_aws has no Iceberg tables",
        position(job.statement.node),
    )


_KINDS: Mapping[str, Callable[[Job], Outcome]] = {
    "query": reads.query,
    "insert": writes.insert,
    "ctas": writes.ctas,
    "view": views.create_view,
    "unload": writes.unload,
    "explain": reads.explain,
    "refused": _refused,
    "hive": _hive,
}
