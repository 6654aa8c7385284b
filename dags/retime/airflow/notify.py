"""Notifications of failed and finished runs, to the SNS topic that the settings name.

Airflow calls a DAG's callbacks in its DAG processor, once a run, also when it ran too long. It does
not give them the reasons, so each task that fails for good leaves its reason in an XCom first.
What a callback raises, Airflow logs: it changes no run.
"""

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from retime.airflow import runtime
from retime.airflow.compat import failed_tasks
from retime.calendar.slices import Slice
from retime.dataset.model import DataSet
from retime.errors import RetimeError
from retime.planning.report import describe_dates, describe_totals

log = logging.getLogger(__name__)

_ADVICE = (
    "Nothing of a slice whose publish did not succeed is published. Fix the cause, then clear the "
    "failed tasks with what follows them: building again is always safe."
)
_FAILURE = "failure"
_MAX_REASON = 2_000
_MAX_FAILURES = 20
_MAX_SUBJECT = 100  # https://docs.aws.amazon.com/sns/latest/api/API_Publish.html


def note_failure(context: Any) -> None:
    """Leave in an XCom why a task failed, when no retry is left; a callback of every task.

    Of a task whose process is gone Airflow 3 calls it in the DAG processor, without a reason. There
    nothing answers to an XCom that is set: the processor would wait for its timeout, and then take
    the DAGs of the file for gone.
    """
    if (error := context.get("exception")) is None:
        return
    ti, planned = context["ti"], getattr(context["task"], "planned", None)
    where = ""
    with suppress(RetimeError):
        if isinstance(planned, Mapping):
            where = f", {runtime.received(Slice, planned)}"
    mapped = f"_{ti.map_index}" if ti.map_index >= 0 else ""
    value = {
        "task": f"{ti.task_id}{mapped}",
        "where": f"{ti.task_id}{where}",
        "reason": str(error)[:_MAX_REASON],
        "log": ti.log_url,
    }
    ti.xcom_push(key=_FAILURE, value=value)


def run_failed(data_set: DataSet, context: Any) -> None:
    """Send which tasks of a run failed, why, and how to build its dates again; if configured."""
    notification = runtime.get_notification()
    if notification is None:
        return
    failures = _failures(context)
    lines = [
        f"Run {context['run_id']} of {context['dag'].dag_id} failed ({context.get('reason')}).",
        _dates(data_set, context),
        "",
        *(
            f"{f.get('where', f['task'])}: {f['reason']}\n  {f['log']}"
            for f in failures[:_MAX_FAILURES]
        ),
    ]
    if len(failures) > _MAX_FAILURES:
        lines.append(f"and {len(failures) - _MAX_FAILURES} more")
    if not failures:
        lines.append("No task failed by itself; see the run in the UI, and its timeout.")
    lines += ["", _ADVICE]
    _send(notification.topic_arn, f"{context['dag'].dag_id} failed", lines)


def run_succeeded(data_set: DataSet, context: Any) -> None:
    """Send what a run did, if that is configured."""
    notification = runtime.get_notification()
    if notification is None or not notification.is_of_success:
        return
    (done,) = context["ti"].xcom_pull(task_ids=["report"])
    lines = [
        f"Run {context['run_id']} of {context['dag'].dag_id} succeeded.",
        _dates(data_set, context),
        "",
        describe_totals(done),
        *describe_dates(data_set, done),
    ]
    _send(notification.topic_arn, f"{context['dag'].dag_id} succeeded", lines)


def _failures(context: Any) -> list[Mapping[str, str]]:
    """The failed tasks with what they noted; a task that was killed could note nothing."""
    if "ti" not in context:
        return []
    failed = failed_tasks(context)
    noted = context["ti"].xcom_pull(task_ids=list(context["dag"].task_ids), key=_FAILURE)
    # A task that failed before its run was cleared has its old note still.
    by_task = {note["task"]: note for note in noted or () if note}
    silent = {"reason": "no reason was noted; its process was killed", "log": "see its log"}
    return [by_task.get(name, {"task": name, **silent}) for name in sorted(failed)]


def _dates(data_set: DataSet, context: Any) -> str:
    try:
        return f"Event dates: {runtime.dates_of_run(data_set, context)}"
    except (RetimeError, KeyError):
        return f"Asked for: {dict(context.get('params') or {})}"


def _send(topic_arn: str, subject: str, lines: Iterable[str]) -> None:
    from airflow.providers.amazon.aws.notifications.sns import SnsNotifier

    message = "\n".join(lines)
    notifier = SnsNotifier(
        aws_conn_id=runtime.get_settings().aws_conn_id,
        target_arn=topic_arn,
        region_name=topic_arn.split(":")[3],
        subject=subject[:_MAX_SUBJECT],
        message=message,
    )
    # Not called as a whole: that would render as a template what a failure says.
    notifier.notify({})
    log.info("sent to %s: %s", topic_arn, message)
