"""The operator that looks for late events."""

from collections.abc import Sequence
from typing import Any

from retime.airflow import runtime
from retime.airflow.runtime import Attempt
from retime.airflow.statement_operator import StatementOperator
from retime.dataset.deployment import Deployment
from retime.planning.healing import plan_search
from retime.published.search import Search
from retime.raw.landed import LandedUntil
from retime.statements.late import conclude_search, late_statement
from retime.statements.templates import Statement

_SEARCH = "search"


class FindLateOperator(StatementOperator):
    """Find events of earlier dates that landed after what these dates were built through.

    One query over the arrivals that no run has searched yet, if there are any.
    """

    template_fields: Sequence[str] = ("until", *StatementOperator.template_fields)

    def __init__(self, *, until: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.until = until

    def execute(self, context: Any) -> Any:
        """Search, or return at once when there is nothing to search."""
        with runtime.no_retry():
            deployment = runtime.deployment(self.data_set)
            request = runtime.request_of_run(self.data_set, context)
            until = runtime.received(LandedUntil, self.until)
            search, has_arrivals = plan_search(deployment, request, until)
            if not has_arrivals:
                return search.to_json()
            context["ti"].xcom_push(key=_SEARCH, value=search.to_json())
        return super().execute(context)

    def make_query(self, deployment: Deployment, context: Any, _: Attempt) -> Statement:
        """Return the statement that counts late events."""
        return self.render(deployment, context)

    def render(self, deployment: Deployment, context: Any) -> Statement:
        """Return the statement that counts late events."""
        return late_statement(deployment, _received(context))

    def conclude(self, deployment: Deployment, query_id: str, context: Any) -> Any:
        """Return what was found of each partition."""
        search = _received(context)
        found = conclude_search(deployment, search, query_id)
        for day, waiting in found.waiting.items():
            self.log.info("%s: %d late events wait to be built in", day, waiting)
        return found.to_json()


def _received(context: Any) -> Search:
    ti = context["ti"]
    return runtime.received(Search, ti.xcom_pull(task_ids=ti.task_id, key=_SEARCH))
