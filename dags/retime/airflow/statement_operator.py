"""Athena operators that make their own statement when they run: what they have in common."""

from math import ceil
from typing import Any

from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from retime import aws
from retime.airflow import runtime
from retime.airflow.lineage import Lineage, to_openlineage
from retime.airflow.run_params import TASK_TIMEOUT
from retime.airflow.runtime import Attempt
from retime.dataset.deployment import Deployment
from retime.dataset.model import DataSet
from retime.statements.templates import Statement, names_line

_ANOTHER_STATEMENT = "IDEMPOTENT_PARAMETER_MISMATCH"
# Athena's sentence about what a failed INSERT has left behind.
_MANIFEST = "manifest"
_NOTHING_TO_CLEAN = (
    ". Nothing has to be cleaned by hand: no published partition points at what was written, and "
    "clean_up deletes it after the retention time"
)


class StatementOperator(AthenaOperator):
    """One statement; a subclass makes it, and what the next task needs of its answer."""

    def __init__(self, *, data_set: DataSet, **kwargs: Any) -> None:
        # Both are a setting's or the subclass's: given when the task runs.
        super().__init__(query="", database="", doc_md=type(self).__doc__, **kwargs)
        self.data_set = data_set

    def make_query(self, deployment: Deployment, context: Any, attempt: Attempt) -> str:
        """Return the statement; creates what it writes to.

        If the text of an earlier attempt differs from what it was then, a new query is begun.
        """
        raise NotImplementedError

    def render(self, deployment: Deployment, context: Any) -> Statement:
        """Return the statement as `make_query` did, and create nothing: its lines are looked up."""
        raise NotImplementedError

    def conclude(self, deployment: Deployment, query_id: str, context: Any) -> Any:
        """Return the task's result, from the query that succeeded."""
        raise NotImplementedError

    def explain(self, deployment: Deployment, reason: str) -> str:  # noqa: ARG002
        """Return lines that say more of why Athena ended the statement; '' if nothing can."""
        return ""

    def execute(self, context: Any) -> Any:
        """Run the statement, and wait for it or defer."""
        with runtime.no_retry():
            deployment = self._prepare()
        try:
            self._choose_query(deployment, context)
            query_id = super().execute(context)
        except AirflowException as error:
            raise self._with_advice(deployment, context, error) from error
        except self.hook.get_conn().exceptions.InvalidRequestException as error:
            # Athena refuses a statement that it cannot parse before it makes a query of it.
            if self.query_execution_id:
                raise
            reason = self._with_place(deployment, context, str(error))
            raise AirflowFailException(
                f"{reason}. A retry cannot help; fix the SQL or the work group."
            ) from error
        with runtime.no_retry():
            return self.conclude(deployment, str(query_id), context)

    def defer(self, *, trigger: Any, **kwargs: Any) -> None:
        """Defer to a trigger that gives the scheduler time to hear of it."""
        _, fields = trigger.serialize()
        super().defer(trigger=query_trigger()(**fields), **kwargs)

    def execute_complete(self, context: Any, event: dict[str, Any] | None = None) -> Any:
        """Go on after the deferral, in another process."""
        with runtime.no_retry():
            deployment = self._prepare()
        try:
            query_id = super().execute_complete(context, event)
        except AirflowException as error:
            self.query_execution_id = (event or {}).get("value")
            raise self._with_advice(deployment, context, error) from error
        with runtime.no_retry():
            return self.conclude(deployment, query_id, context)

    def get_openlineage_facets_on_complete(self, _: Any) -> Any:
        """Report the query only: what it reads or writes is staging, which is dropped."""
        return to_openlineage(Lineage(), self.query_execution_id)

    def _choose_query(self, deployment: Deployment, context: Any) -> None:
        """Take the query of an earlier try if it goes on or has succeeded; else make a new one.

        A worker that dies leaves its query running: another beside it would be paid for too.
        """
        for attempt in runtime.attempts(context):
            with runtime.no_retry():
                self.query = self.make_query(deployment, context, attempt)
            self.client_request_token = attempt.token
            if attempt.is_new or self._can_go_on():
                return

    def _can_go_on(self) -> bool:
        """Begin the query, or hear of it: Athena begins one token once, whatever becomes of it."""
        # As the provider's operator does it: Athena compares them.
        where = {"Database": self.database, "Catalog": self.catalog}
        token, workgroup = self.client_request_token, self.workgroup
        athena = self.hook.get_conn()
        try:
            query_id = self.hook.run_query(self.query, where, {}, token, workgroup)
        except athena.exceptions.InvalidRequestException as error:
            if error.response.get("AthenaErrorCode") == _ANOTHER_STATEMENT:
                return False
            raise
        # Known from here on to `on_kill`.
        self.query_execution_id = query_id
        state = aws.get_query_status(athena, query_id).state
        self.log.info("an earlier try began query %s, which is %s", query_id, state)
        if state in AthenaHook.FAILURE_STATES:
            self.query_execution_id = None
            return False
        return True

    def _prepare(self) -> Deployment:
        """Configure the provider's operator."""
        deployment, settings = runtime.deployment(self.data_set), runtime.get_settings()
        runtime.connect(self, "athena")
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
        return deployment

    def _with_advice(
        self, deployment: Deployment, context: Any, error: AirflowException
    ) -> AirflowException:
        """Add Athena's reason, and do not retry where Athena says that it cannot help."""
        if not self.query_execution_id:
            return error
        status = aws.query_status(self.hook.get_query_info(self.query_execution_id))
        reason = (status.reason or str(error)).rstrip(".")
        reason = self._with_place(deployment, context, reason)
        if _MANIFEST in reason:
            reason += _NOTHING_TO_CLEAN
        ended = f"query {self.query_execution_id} ended {status.state}: {reason}."
        if status.is_user_error:
            found = self.explain(deployment, reason) or " "
            return AirflowFailException(
                f"{ended}{found}A retry cannot help; fix the SQL or the data."
            )
        return AirflowException(f"{ended} A retry may help.")

    def _with_place(self, deployment: Deployment, context: Any, reason: str) -> str:
        """Add the file and line of the data set that a line of the statement is of."""
        if not names_line(reason):
            return reason
        try:
            # After a deferral, this is another process.
            query = self.query if isinstance(self.query, Statement) else None
            return (query or self.render(deployment, context)).with_place(reason)
        except Exception:
            self.log.warning("cannot tell which line of the data set it was", exc_info=True)
            return reason


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
