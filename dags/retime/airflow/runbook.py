"""The documentation in the UI: a DAG, each of its tasks, and what to do when one fails."""

from collections.abc import Collection
from typing import Any

from retime.calendar.slices import days_per_slice
from retime.dataset.model import DataSet

_DAG = """
Rebuilds raw events, landed under the hour they *arrived*, into the table `{table}`, partitioned by
the {grain} they *happened*.

A scheduled run builds the event date that is its data interval, and earlier dates of which events
came late. A manual run takes `start_date` and `end_date` (inclusive) and builds every date between,
in slices of up to {days} days, or `only` those that are missing, late or outdated. With `heal` it
builds earlier late dates too. `plan_only` shows what it would do, with bytes and cost, and stops.
`action` `rollback` points the dates back at what was published before, until `unpin`.

**Run again:** clear a run, or one slice, to build it again: the same raw events give the same rows.
Whatever is cleared, retried or run twice at once: readers always see whole partitions.

**When a task fails**, its last lines say why. Nothing of its slice is published; the others go on.

| task | what to do when it fails |
|---|---|
{advice}
"""
WHEN_FAILED = {
    "wait_for_arrivals": (
        "Timed out: no raw landed in the hour after the dates; see whether the delivery stream "
        "works, then clear it. Refused: the dates cannot be built; trigger a run with others."
    ),
    "crawl_raw": (
        "It is retried while the crawler runs for somebody else. No such crawler: create it, or "
        "fix `raw.crawler` of the data set. Raw that is archived: copy it back. Then clear it."
    ),
    "wait_for_crawl": (
        "The crawl failed or takes too long; the log of the crawler (link) says why. Fix it, "
        "then clear `crawl_raw`."
    ),
    "check_raw": (
        "The crawl left out arrival hours that are there: see what the crawler includes and "
        "excludes, then clear `crawl_raw`. Raw that is archived: copy it back, then clear it."
    ),
    "find_late": (
        "Athena's reason is in the log, the query behind the link. If `events.sql` of the "
        "data set is wrong, fix it. Then clear the task."
    ),
    "plan": "Mostly a permission or a setting, which its last line names. Then clear it.",
    "slice.stage": (
        "Athena's reason is in the log, the query behind the link. A statement that cannot work is "
        "not tried again: fix the SQL, the data set or the limit of the work group, then clear "
        "the slice."
    ),
    "slice.stage_quarantine": "The same as for `slice.stage`.",
    "slice.audit": (
        "Counts that do not reconcile: raw landed meanwhile; clear the slice. Bad rows: fix the "
        "transformation. Too many records in quarantine: see their reasons in the table that "
        "the log names, fix the source or raise `quarantine.max_percent`. Then clear the slice."
    ),
    "slice.publish": (
        "Readers see whole partitions, old or new. Clear it: it goes on where it stopped; or the "
        "slice, where its last line says so. After a rollback that broke off clear this task "
        "alone. If the table has other columns than the data set: change one of them first."
    ),
    "crawl_published": (
        "The table is right. It is retried while the crawler runs for somebody else. No such "
        "crawler, or one that would change what is published: fix it, then clear the task."
    ),
    "wait_for_published_crawl": (
        "The crawl failed: the log of the crawler (link) says why; fix it, then clear "
        "`crawl_published`. It changed what was published: fix the crawler, then build the dates "
        "again."
    ),
    "clean_up": "What the run published is right. Clear it, or leave it to the next run.",
    "report": "A slice of the plan is not published: clear that slice.",
    "announce": "The table is right; clear it, and the DAGs that wait for the table are started.",
}


def describe_dag(data_set: DataSet, task_ids: Collection[str]) -> str:
    """Return the documentation of a data set's DAG, in Markdown."""
    advice = {name: then for name, then in WHEN_FAILED.items() if name in task_ids}
    return _DAG.format(
        table=data_set.published.name,
        grain=data_set.published.grain,
        days=days_per_slice(data_set.published.grain),
        advice="\n".join(f"| `{name}` | {then} |" for name, then in advice.items()),
    )


def describe_task(task: Any) -> str:
    """Return the documentation of a task, in Markdown: what it says of itself, and what to do."""
    return f"{task.doc_md}\n\n**When it fails:** {WHEN_FAILED[task.task_id]}"
