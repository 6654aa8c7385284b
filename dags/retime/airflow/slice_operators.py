"""The operators of a slice: Athena operators that make their own statements, and the publisher."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from airflow.providers.common.compat.sdk import AirflowSkipException, BaseOperator

from retime.airflow import runtime
from retime.airflow.compat import planned_of
from retime.airflow.lineage import Lineage, slice_lineage, to_openlineage
from retime.airflow.runtime import Attempt
from retime.airflow.statement_operator import StatementOperator
from retime.dataset.deployment import Deployment
from retime.dataset.model import DataSet, Table
from retime.planning.plan import PlannedChange, PlannedSlice, is_build
from retime.published.confirm import confirm
from retime.published.generations import new_generation
from retime.published.publish import publish_slice
from retime.published.results import Audited, Generation, Staged
from retime.published.rollback import check_count, roll_back, unpin
from retime.published.search import Search
from retime.published.tables import find_generation
from retime.statements.audit import audit_statement, conclude_audit
from retime.statements.misfits import describe_misfits, is_misfit, misfits_statement
from retime.statements.rollback import count_statement
from retime.statements.staging import begin_stage, conclude_stage, stage_statement
from retime.statements.templates import Statement

_STAGING = "staging"


class SliceQuery(StatementOperator):
    """One statement about one slice."""

    template_fields: Sequence[str] = ("planned", *StatementOperator.template_fields)

    def __init__(self, *, planned: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.planned = planned

    @property
    def plan(self) -> PlannedSlice:
        """What is to be built."""
        return runtime.received(PlannedSlice, self.planned)

    def execute(self, context: Any) -> Any:
        """Run the statement; skip where published partitions are changed without a build."""
        # Kept as a plain value, which the notification of a failure reads.
        self.planned = planned_of(self.planned, context)
        if not self.has_statement():
            with runtime.no_retry():
                change = runtime.received(PlannedChange, self.planned)
            raise AirflowSkipException(f"{change.action} builds nothing")
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any] | None = None) -> Any:
        """Go on after the deferral, in another process."""
        self.planned = planned_of(self.planned, context)
        return super().execute_complete(context, event)

    def has_statement(self) -> bool:
        """Return whether there is something to ask Athena."""
        return is_build(self.planned)


class StageOperator(SliceQuery):
    """Write a new generation of a slice: the transformed events, or what cannot be used of them."""

    def __init__(self, *, is_quarantine: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_quarantine = is_quarantine

    def make_query(self, deployment: Deployment, context: Any, attempt: Attempt) -> str:
        """Create the staging table at a location that nobody used before."""
        data_set = deployment.data_set
        table = data_set.quarantine if self.is_quarantine else data_set.published
        statement, generation = begin_stage(
            deployment,
            self.plan.slice_,
            self.plan.window,
            _generation(deployment, table, attempt),
            is_quarantine=self.is_quarantine,
            attempt=attempt.token,
        )
        context["ti"].xcom_push(key=_STAGING, value=generation.to_json())
        return statement

    def render(self, deployment: Deployment, context: Any) -> Statement:  # noqa: ARG002
        """Return the statement again; its target, in one line, is another."""
        plan = self.plan
        return stage_statement(
            deployment, plan.slice_, plan.window, "", is_quarantine=self.is_quarantine
        )

    def explain(self, deployment: Deployment, reason: str) -> str:
        """Ask which values their columns cannot hold, if that is why; the task fails anyway."""
        if self.is_quarantine or not is_misfit(reason):
            return ""
        try:
            self.query_execution_id = self.hook.run_query(
                misfits_statement(deployment, self.plan.slice_, self.plan.window),
                {"Database": deployment.database},
                {},
                workgroup=deployment.workgroup,
            )
            self.hook.poll_query_status(
                self.query_execution_id, self.max_polling_attempts, self.sleep_time
            )
            return describe_misfits(deployment, self.query_execution_id)
        except Exception:
            self.log.warning("cannot tell which value it was", exc_info=True)
            return ""

    def conclude(self, deployment: Deployment, query_id: str, context: Any) -> Any:
        """Return which generation the query wrote."""
        ti = context["ti"]
        staging = ti.xcom_pull(task_ids=ti.task_id, key=_STAGING, map_indexes=ti.map_index)
        return conclude_stage(deployment, runtime.received(Generation, staging), query_id).to_json()


class AuditOperator(SliceQuery):
    """Audit a staged slice, or count what a rollback points at; fails if it may not be used."""

    template_fields: Sequence[str] = ("staged", "quarantined", *SliceQuery.template_fields)

    def __init__(self, *, staged: Any, quarantined: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.staged = staged
        self.quarantined = quarantined

    def has_statement(self) -> bool:
        """Return whether there is something to audit."""
        return is_build(self.planned) or self.planned.get("action") == "rollback"

    def make_query(self, deployment: Deployment, context: Any, attempt: Attempt) -> Statement:
        """Audit the two staging tables against the raw events, or count the previous rows."""
        if is_build(self.planned):
            return self.render(deployment, context)
        change = runtime.received(PlannedChange, self.planned)
        return count_statement(
            deployment,
            change.slice_,
            _generation(deployment, deployment.data_set.published, attempt),
            runtime.now(),
            change.generations,
            attempt=attempt.token,
        )

    def render(self, deployment: Deployment, context: Any) -> Statement:  # noqa: ARG002
        """Return the statement again; a count of rows creates the table that it counts."""
        if not is_build(self.planned):
            raise NotImplementedError
        plan = self.plan
        return audit_statement(deployment, plan.slice_, plan.window, *self._stages())

    def conclude(self, deployment: Deployment, query_id: str, context: Any) -> Any:  # noqa: ARG002
        """Read the counts and the bad rows."""
        if is_build(self.planned):
            plan, stages = self.plan, self._stages()
            audited = conclude_audit(deployment, plan.slice_, plan.window, *stages, query_id)
            return audited.to_json()
        change = runtime.received(PlannedChange, self.planned)
        counted = check_count(
            deployment, change.slice_, query_id, runtime.now(), change.generations
        )
        return replace(change, generations=counted).to_json()

    def _stages(self) -> tuple[Staged, Staged]:
        return runtime.received(Staged, self.staged), runtime.received(Staged, self.quarantined)


class PublishOperator(BaseOperator):
    """Point the published partitions at the staged generation, or change them without a build.

    All that writes to published partitions is here: one at a time, whatever runs are under way.
    """

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
        """Publish, or change; safe to repeat."""
        deployment = runtime.deployment(self.data_set)
        self.planned = planned_of(self.planned, context)
        if not is_build(self.planned):
            return self._change(deployment)
        # OpenLineage asks in a fork of this process, which must not ask Airflow for settings.
        self.lineage = slice_lineage(deployment)
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

    def _change(self, deployment: Deployment) -> dict[str, Any]:
        change = runtime.received(PlannedChange, self.planned)
        if change.action == "confirm":
            return confirm(deployment, change.search or Search(partitions={})).to_json()
        if change.action == "unpin":
            return unpin(deployment, change.slice_).to_json()
        # Not as planned: what no audit has counted is not pointed back.
        counted = runtime.received(PlannedChange, self.audited).generations
        return roll_back(deployment, change.slice_, counted, runtime.now()).to_json()

    def get_openlineage_facets_on_complete(self, _: Any) -> Any:
        """Report that the published tables are made from the raw one."""
        return to_openlineage(self.lineage)


def _generation(deployment: Deployment, table: Table, attempt: Attempt) -> str:
    """Return the generation that an attempt began, by its staging table, or a new one."""
    begun = None
    if not attempt.is_new:
        glue, database = deployment.clients.glue, deployment.database
        begun = find_generation(glue, database, table.name, attempt.token)
    return begun or new_generation(runtime.now(), attempt.token[:8])
