"""The operators of a slice: Athena operators that make their own statements, and the publisher."""

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

from retime.airflow import runtime
from retime.airflow.compat import planned_of
from retime.airflow.lineage import Lineage, slice_lineage, to_openlineage
from retime.dataset.deployment import Deployment
from retime.dataset.model import DataSet
from retime.planning.plan import PlannedSlice
from retime.published.generations import new_generation
from retime.published.publish import publish_slice
from retime.published.results import Audited, Generation, Staged
from retime.statements.audit import audit_statement, conclude_audit
from retime.statements.staging import begin_stage, conclude_stage

TASK_TIMEOUT = timedelta(hours=2)
"""How long a task may work, or wait for its query."""

_USER_ERROR = 2  # AthenaError.ErrorCategory: 1 system, 2 user, 3 other
_STAGING = "staging"


class SliceQuery(AthenaOperator):
    """One statement about one slice; a subclass makes it, and what the next task needs of it."""

    template_fields: Sequence[str] = ("planned", *AthenaOperator.template_fields)

    def __init__(self, *, data_set: DataSet, planned: Any, **kwargs: Any) -> None:
        # Both are a setting's or the slice's: given when the task runs.
        super().__init__(query="", database="", doc_md=type(self).__doc__, **kwargs)
        self.data_set = data_set
        self.planned = planned

    def make_query(self, deployment: Deployment, plan: PlannedSlice, context: Any) -> str:
        """Return the statement; creates what it writes to."""
        raise NotImplementedError

    def conclude(
        self, deployment: Deployment, plan: PlannedSlice, query_id: str, context: Any
    ) -> dict[str, Any]:
        """Return the task's result, from the query that succeeded."""
        raise NotImplementedError

    def execute(self, context: Any) -> Any:
        """Run the statement, and wait for it or defer."""
        with runtime.no_retry():
            deployment, plan = self._prepare(context)
            self.query = self.make_query(deployment, plan, context)
        try:
            query_id = super().execute(context)
        except AirflowException as error:
            raise self._with_advice(error) from error
        except self.hook.get_conn().exceptions.InvalidRequestException as error:
            # Athena refuses a statement that it cannot parse before it makes a query of it.
            if self.query_execution_id:
                raise
            raise AirflowFailException(
                f"{error}. A retry cannot help; fix the SQL or the work group."
            ) from error
        with runtime.no_retry():
            return self.conclude(deployment, plan, str(query_id), context)

    def defer(self, *, trigger: Any, **kwargs: Any) -> None:
        """Defer to a trigger that gives the scheduler time to hear of it."""
        _, fields = trigger.serialize()
        super().defer(trigger=query_trigger()(**fields), **kwargs)

    def execute_complete(self, context: Any, event: dict[str, Any] | None = None) -> Any:
        """Go on after the deferral, in another process."""
        with runtime.no_retry():
            deployment, plan = self._prepare(context)
        try:
            query_id = super().execute_complete(context, event)
        except AirflowException as error:
            self.query_execution_id = (event or {}).get("value")
            raise self._with_advice(error) from error
        with runtime.no_retry():
            return self.conclude(deployment, plan, query_id, context)

    def get_openlineage_facets_on_complete(self, _: Any) -> Any:
        """Report the query only: what it reads or writes is staging, which is dropped."""
        return to_openlineage(Lineage(), self.query_execution_id)

    def _prepare(self, context: Any) -> tuple[Deployment, PlannedSlice]:
        """Configure the provider's operator, and parse what other tasks handed on."""
        deployment, settings = runtime.deployment(self.data_set), runtime.get_settings()
        self.aws_conn_id = settings.aws_conn_id
        self.database, self.workgroup = deployment.database, deployment.workgroup
        self.deferrable = settings.is_deferrable and query_trigger() is not None
        if settings.is_deferrable and not self.deferrable:
            self.log.warning(
                "retime_triggers.py is not in Airflow's plugins folder: the task holds its worker "
                "while its query runs"
            )
        self.sleep_time = settings.poll_seconds
        # Airflow 3 counts a deferral towards no execution_timeout.
        self.max_polling_attempts = ceil(TASK_TIMEOUT.total_seconds() / settings.poll_seconds)
        # Kept as a plain value, which the notification of a failure reads.
        self.planned = planned_of(self.planned, context)
        return deployment, runtime.received(PlannedSlice, self.planned)

    def _with_advice(self, error: AirflowException) -> AirflowException:
        """Add Athena's reason, and do not retry where Athena says that it cannot help."""
        if not self.query_execution_id:
            return error
        status = self.hook.get_query_info(self.query_execution_id)["QueryExecution"]["Status"]
        failure = status.get("AthenaError") or {}
        reason = str(status.get("StateChangeReason") or error).rstrip(".")
        ended = f"query {self.query_execution_id} ended {status['State']}: {reason}."
        if failure.get("ErrorCategory") == _USER_ERROR and not failure.get("Retryable"):
            return AirflowFailException(f"{ended} A retry cannot help; fix the SQL or the data.")
        return AirflowException(f"{ended} A retry may help.")


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

    def make_query(self, deployment: Deployment, plan: PlannedSlice, context: Any) -> str:
        """Create the staging table at a location that nobody used before."""
        statement, generation = begin_stage(
            deployment,
            plan.slice_,
            plan.window,
            new_generation(runtime.now(), secrets.token_hex(4)),
            is_quarantine=self.is_quarantine,
        )
        context["ti"].xcom_push(key=_STAGING, value=generation.to_json())
        return statement

    def conclude(
        self,
        deployment: Deployment,
        plan: PlannedSlice,  # noqa: ARG002
        query_id: str,
        context: Any,
    ) -> dict[str, Any]:
        """Return which generation the query wrote."""
        ti = context["ti"]
        staging = ti.xcom_pull(task_ids=ti.task_id, key=_STAGING, map_indexes=ti.map_index)
        return conclude_stage(deployment, runtime.received(Generation, staging), query_id).to_json()


class AuditOperator(SliceQuery):
    """Audit a staged slice; fails if it may not be published."""

    template_fields: Sequence[str] = ("staged", "quarantined", *SliceQuery.template_fields)

    def __init__(self, *, staged: Any, quarantined: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.staged = staged
        self.quarantined = quarantined

    def make_query(
        self,
        deployment: Deployment,
        plan: PlannedSlice,
        context: Any,  # noqa: ARG002
    ) -> str:
        """Audit the two staging tables against the raw events."""
        return audit_statement(deployment, plan.slice_, plan.window, *self._stages())

    def conclude(
        self,
        deployment: Deployment,
        plan: PlannedSlice,
        query_id: str,
        context: Any,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Read the counts and the bad rows."""
        return conclude_audit(deployment, plan.slice_, *self._stages(), query_id).to_json()

    def _stages(self) -> tuple[Staged, Staged]:
        return runtime.received(Staged, self.staged), runtime.received(Staged, self.quarantined)


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

    @runtime.failing_for_good
    def execute(self, context: Any) -> dict[str, Any]:
        """Publish; safe to repeat."""
        deployment = runtime.deployment(self.data_set)
        # OpenLineage asks in a fork of this process, which must not ask Airflow for settings.
        self.lineage = slice_lineage(deployment)
        self.planned = planned_of(self.planned, context)
        plan = runtime.received(PlannedSlice, self.planned)
        return publish_slice(
            deployment,
            plan.slice_,
            plan.window,
            plan.landed,
            runtime.received(Staged, self.staged),
            runtime.received(Staged, self.quarantined),
            runtime.received(Audited, self.audited),
            run_id=context["run_id"],
            now=runtime.now(),
        ).to_json()

    def get_openlineage_facets_on_complete(self, _: Any) -> Any:
        """Report that the published tables are made from the raw one."""
        return to_openlineage(self.lineage)
