"""The operators of a slice: the provider's Athena operator, told what to ask, and the publisher."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from math import ceil
from typing import Any

from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    BaseOperator,
)

from retime import aws
from retime.airflow import runtime, tasks
from retime.airflow.compat import planned_of
from retime.airflow.lineage import Lineage, slice_lineage, to_openlineage
from retime.dataset.reader import EVENT_COUNT, QUARANTINE_COLUMNS, DataSet
from retime.planning.plan import planned_slice
from retime.published import tables as catalog
from retime.published.generations import generation_location, new_generation, staging_table_name
from retime.quoting import quote_name
from retime.statements import audit
from retime.statements import rendering as sql

TASK_TIMEOUT = timedelta(hours=2)
"""How long a task may work, or wait for its query."""

_USER_ERROR = 2  # AthenaError.ErrorCategory: 1 system, 2 user, 3 other


class SliceQuery(AthenaOperator):
    """One statement about one slice; a subclass makes it, and what the next task needs of it."""

    template_fields: Sequence[str] = ("planned", *AthenaOperator.template_fields)

    def __init__(self, *, data_set: DataSet, planned: Any, **kwargs: Any) -> None:
        # Both are a setting's or the slice's: given when the task runs.
        super().__init__(query="", database="", doc_md=type(self).__doc__, **kwargs)
        self.data_set = data_set
        self.planned = planned

    def make_query(self, context: Any, job: sql.Job) -> str:
        """Return the statement; creates what it writes to."""
        raise NotImplementedError

    def conclude(self, context: Any, query_id: str) -> dict[str, Any]:
        """Return the task's result, from the query that succeeded."""
        raise NotImplementedError

    def execute(self, context: Any) -> Any:
        """Run the statement, and wait for it or defer."""
        settings = runtime.get_settings()
        self.aws_conn_id = settings.aws_conn_id
        self.database, self.workgroup = settings.database, settings.workgroup
        self.deferrable = settings.is_deferrable and query_trigger() is not None
        if settings.is_deferrable and not self.deferrable:
            self.log.warning(
                "retime_triggers.py is not in Airflow's plugins folder: the task holds its worker "
                "while its query runs"
            )
        self.sleep_time = settings.poll_seconds
        # Airflow 3 counts a deferral towards no execution_timeout.
        self.max_polling_attempts = ceil(TASK_TIMEOUT.total_seconds() / settings.poll_seconds)
        self.planned = planned_of(self.planned, context)
        with runtime.no_retry():
            self.query = self.make_query(context, tasks.job_of(self.data_set, self.planned))
        try:
            query_id = super().execute(context)
        except AirflowException as error:
            raise self._with_advice(error) from error
        except self.hook.get_conn().exceptions.InvalidRequestException as error:
            # Athena refuses a statement that it cannot parse before it makes a query of it.
            if self.query_execution_id:
                raise
            raise AirflowFailException(
                f"{error}. A retry cannot help; mend the SQL or the work group."
            ) from error
        with runtime.no_retry():
            return self.conclude(context, str(query_id))

    def defer(self, *, trigger: Any, **kwargs: Any) -> None:
        """Defer to a trigger that gives the scheduler time to hear of it."""
        _, fields = trigger.serialize()
        super().defer(trigger=query_trigger()(**fields), **kwargs)

    def execute_complete(self, context: Any, event: dict[str, Any] | None = None) -> Any:
        """Go on after the deferral, in another process."""
        self.planned = planned_of(self.planned, context)
        self.aws_conn_id = runtime.get_settings().aws_conn_id
        try:
            query_id = super().execute_complete(context, event)
        except AirflowException as error:
            self.query_execution_id = (event or {}).get("value")
            raise self._with_advice(error) from error
        with runtime.no_retry():
            return self.conclude(context, query_id)

    def get_openlineage_facets_on_complete(self, _: Any) -> Any:
        """Tell OpenLineage of the query only: what it reads or writes is staging, and goes."""
        return to_openlineage(Lineage(), self.query_execution_id)

    def _with_advice(self, error: AirflowException) -> AirflowException:
        """Tell Athena's reason, and do not retry where Athena says that it cannot help."""
        if not self.query_execution_id:
            return error
        status = self.hook.get_query_info(self.query_execution_id)["QueryExecution"]["Status"]
        failure = status.get("AthenaError") or {}
        reason = str(status.get("StateChangeReason") or error).rstrip(".")
        told = f"query {self.query_execution_id} ended {status['State']}: {reason}."
        if failure.get("ErrorCategory") == _USER_ERROR and not failure.get("Retryable"):
            return AirflowFailException(f"{told} A retry cannot help; mend the SQL or the data.")
        return AirflowException(f"{told} A retry may help.")


def query_trigger() -> Any:
    """Return the trigger of plugins/, or None where it is not deployed.

    The provider's will not do: it looks at once, and Airflow 3 fails a task whose query is short
    again and again, until no retry is left.
    """
    try:
        from retime_triggers import PatientAthenaTrigger
    except ImportError:
        return None
    return PatientAthenaTrigger


class StageOperator(SliceQuery):
    """Write a new generation of a slice: the transformed events, or what cannot be used of them."""

    def __init__(self, *, is_quarantine: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_quarantine = is_quarantine

    def make_query(self, context: Any, job: sql.Job) -> str:
        """Create the staging table at a location that nobody used before."""
        data_set = self.data_set
        tasks.check_raw_is_there(data_set, self.planned)
        table = data_set.quarantine if self.is_quarantine else data_set.published
        published = {**data_set.published.columns, EVENT_COUNT: "bigint"}
        columns = QUARANTINE_COLUMNS if self.is_quarantine else published
        generation = new_generation(runtime.now(), secrets.token_hex(4))
        location = generation_location(runtime.resolve_table(table).generations, generation)
        name = staging_table_name(table.name, generation)
        database = runtime.get_settings().database
        catalog.create_staging_table(
            runtime.get_clients().glue, database, name, location, columns, data_set.partition_keys
        )
        # Of the SQL that is asked, which a deployment may change before it is published.
        staging = {"generation": generation, "fingerprint": sql.fingerprint(job)}
        context["ti"].xcom_push(key="staging", value=staging)
        render = sql.render_quarantine if self.is_quarantine else sql.render_stage
        return render(job, quote_name(database, name))

    def conclude(self, context: Any, query_id: str) -> dict[str, Any]:
        """Tell the next tasks which generation the query wrote."""
        ti = context["ti"]
        staging = ti.xcom_pull(task_ids=ti.task_id, key="staging", map_indexes=ti.map_index)
        return {
            **staging,
            "query_id": query_id,
            "scanned_bytes": aws.get_scanned_bytes(self.hook.get_conn(), query_id),
        }


class AuditOperator(SliceQuery):
    """Audit a staged slice; fails if it may not be published."""

    template_fields: Sequence[str] = ("staged", "quarantined", *SliceQuery.template_fields)

    def __init__(self, *, staged: Any, quarantined: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.staged = staged
        self.quarantined = quarantined

    def make_query(self, context: Any, job: sql.Job) -> str:  # noqa: ARG002
        """Audit the two staging tables against the raw events."""
        database = runtime.get_settings().database
        published, quarantine = self.data_set.published.name, self.data_set.quarantine.name
        return sql.render_audit(
            job,
            quote_name(database, staging_table_name(published, self.staged["generation"])),
            quote_name(database, staging_table_name(quarantine, self.quarantined["generation"])),
        )

    def conclude(self, context: Any, query_id: str) -> dict[str, Any]:  # noqa: ARG002
        """Read the counts and the bad rows."""
        athena = self.hook.get_conn()
        report = audit.read_report(
            aws.get_rows(athena, query_id),
            max_quarantined_percent=self.data_set.max_quarantined_percent,
        )
        quarantine = staging_table_name(
            self.data_set.quarantine.name, self.quarantined["generation"]
        )
        audit.check_report(
            report, f"slice {planned_slice(self.planned).slice_}", quarantine=quarantine
        )
        return {
            **report.to_json(),
            "generations": [self.staged["generation"], self.quarantined["generation"]],
            "query_id": query_id,
            "scanned_bytes": aws.get_scanned_bytes(athena, query_id),
        }


class PublishOperator(BaseOperator):
    """Point the published partitions at the staged generation."""

    template_fields: Sequence[str] = ("planned", "staged", "quarantined", "audited")

    def __init__(
        self,
        *,
        data_set: DataSet,
        planned: Any,
        staged: Any,
        quarantined: Any,
        audited: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(doc_md=self.__doc__, **kwargs)
        self.data_set = data_set
        self.planned = planned
        self.staged = staged
        self.quarantined = quarantined
        self.audited = audited
        self.lineage = Lineage()

    def execute(self, context: Any) -> dict[str, Any]:
        """Publish; safe to repeat."""
        # OpenLineage asks in a fork of this process, which must not talk to Airflow for settings.
        self.lineage = slice_lineage(
            self.data_set,
            database=runtime.get_settings().database,
            region=runtime.get_clients().glue.meta.region_name,
            resolve=runtime.resolve,
        )
        planned = planned_of(self.planned, context)
        given = (planned, self.staged, self.quarantined, self.audited)
        return dict(tasks.publish_slice(self.data_set, *given, context))

    def get_openlineage_facets_on_complete(self, _: Any) -> Any:
        """Tell OpenLineage that the published tables are made from the raw one."""
        return to_openlineage(self.lineage)
