"""Who learns of a run: DAGs that the table starts, subscribers of the topic, readers of the UI."""

import json
import signal
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from demo.environment import REGION
from tests.scheduler.api import Api, wait_for
from tests.scheduler.conftest import DATA_SETS
from tests.scheduler.parcels import MONTH, expected_rows
from tests.scheduler.processes import parent_of, signal_all

TOLD = DATA_SETS["told"]
READER = "reads_told"
CONSOLE = f"https://console.aws.amazon.com/athena/home?region={REGION}#/query-editor/history/"
# A slice of hourly partitions is four days: these are two slices.
DAYS = MONTH[10:16]


class Subscriber:
    """A queue that is subscribed to a topic of its own."""

    def __init__(self, aws: Any) -> None:
        sns, self.sqs = aws.client("sns", REGION), aws.client("sqs", REGION)
        self.topic = sns.create_topic(Name="runs")["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName="runs")["QueueUrl"]
        told = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        arn = told["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn)

    def receive(self) -> list[tuple[str, str]]:
        """Subject and text of the messages of this data set that were not received before.

        Those of the tests before can still be on their way.
        """
        answer = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        found = answer.get("Messages", ())
        for message in found:
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        bodies = [json.loads(message["Body"]) for message in found]
        messages = [(body["Subject"], body["Message"]) for body in bodies]
        return [message for message in messages if message[0].startswith(f"{TOLD.dag_id} ")]


@pytest.fixture(scope="module")
def subscriber(warehouse) -> Subscriber:
    return Subscriber(warehouse.account.aws)


@pytest.fixture
def told(api: Api, subscriber: Subscriber) -> Iterator[Api]:
    """The API of an Airflow that is to tell of every run."""
    api.wait_for_dags([READER])
    for dag_id in (TOLD.dag_id, READER):
        api.set_paused(dag_id, is_paused=False)
    api.set_variable("retime_notify_topic_arn", subscriber.topic)
    api.set_variable("retime_notify_on", "both")
    yield api
    api.set_variable("retime_notify_topic_arn", "")


def links(api: Api, run_id: str, task_id: str, map_index: int) -> dict[str, str]:
    """The links of a task instance, as the UI asks for them."""
    path = f"dags/{TOLD.dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/links"
    found: dict[str, str] = api.do("GET", f"{path}?map_index={map_index}")["extra_links"]
    return found


def test_a_failed_run_tells_once_and_starts_nothing(
    told, deferring, faults, subscriber, warehouse
) -> None:
    """Each statement of one slice fails four times; the other slice is published."""
    faults.set("athena.query.before_write", "fail", match='"told_quarantine__', times=4)

    run_id = told.trigger(TOLD.dag_id, start_date=str(DAYS[0]))

    told.wait_for_run(TOLD.dag_id, run_id, "failed")
    stage = told.tasks(TOLD.dag_id, run_id)["slice.stage_quarantine", 0]
    assert (stage["state"], stage["try_number"]) == ("failed", 4)
    ((subject, text),) = wait_for(subscriber.receive, "the message")
    assert subject == "retime_told failed"
    assert text.startswith(f"Run {run_id} of retime_told failed (task_failure).")
    assert f"Event dates: {DAYS[0]}\n" in text
    assert f"slice.stage_quarantine, {DAYS[0]}: query " in text
    assert "A retry may help." in text
    assert f"/runs/{quote(run_id)}/tasks/slice.stage_quarantine/mapped/0" in text
    link = links(told, run_id, "slice.stage_quarantine", 0)["Query Results"]
    query_id = link.removeprefix(CONSOLE)
    query = warehouse.account.athena.get_query_execution(QueryExecutionId=query_id)
    assert query["QueryExecution"]["Status"]["State"] == "FAILED"
    assert query_id in text
    assert told.runs(READER) == []
    assert subscriber.receive() == []


def test_a_run_whose_worker_is_given_up_for_lost_tells_that_there_is_no_reason(
    told, airflow, faults, subscriber
) -> None:
    """Airflow calls what a failed task calls in its DAG processor, which can hold no XCom."""
    faults.set("glue.GetTable", "hang", match='"parcels_raw"')
    run_id = told.trigger(TOLD.dag_id, start_date=str(DAYS[0]))
    wait_for(lambda: told.state(TOLD.dag_id, run_id, "check_raw") == "running", "check_raw")
    wait_for(lambda: not faults.listed(), "the table to be asked for")
    task = airflow.task_process(told.tasks(TOLD.dag_id, run_id)["check_raw", -1]["id"])
    worker = [task, parent_of(task)]

    signal_all(worker, signal.SIGSTOP)
    try:
        told.wait_for_run(TOLD.dag_id, run_id, "failed")
    finally:
        signal_all(worker, signal.SIGCONT)

    ((subject, text),) = wait_for(subscriber.receive, "the message")
    assert subject == "retime_told failed"
    assert "check_raw: no reason was noted; its process was killed\n" in text


def test_a_run_tells_what_it_published_and_starts_who_reads_the_table(
    told, subscriber, warehouse
) -> None:
    run_id = told.trigger(TOLD.dag_id, start_date=str(DAYS[0]), end_date=str(DAYS[-1]))

    told.wait_for_run(TOLD.dag_id, run_id)
    (reader,) = told.wait_for_runs(READER, 1)
    ((subject, text),) = wait_for(subscriber.receive, "the message")
    assert reader["state"] == "success"
    (event,) = told.returned(READER, reader["dag_run_id"], "read")
    partitions = warehouse.account.partitions("told").values()
    assert event == {
        "database": warehouse.account.database,
        "table": "told",
        "run_id": run_id,
        "dates": [str(day) for day in DAYS],
        "rows": len(expected_rows(DAYS)),
        "bytes": sum(int(p["Parameters"]["retime.bytes"]) for p in partitions),
        "generations": event["generations"],
        "settled": event["settled"],
        "late_beyond": {},
    }
    assert set(event["generations"]) == set(warehouse.generations("told").values())
    assert len(event["generations"]) == 2
    assert subject == "retime_told succeeded"
    assert f"Event dates: {DAYS[0]} to {DAYS[-1]}\n" in text
    assert f"{len(expected_rows(DAYS))} rows in 2 slices\n" in text
    queries = {
        links(told, run_id, f"slice.{name}", index)["Query Results"].removeprefix(CONSOLE)
        for name in ("stage", "stage_quarantine", "audit")
        for index in (0, 1)
    }
    found = warehouse.account.athena.batch_get_query_execution(QueryExecutionIds=list(queries))
    assert len(found["QueryExecutions"]) == 6


def test_a_run_that_only_plans_starts_nothing(told, subscriber) -> None:
    before = len(told.runs(READER))

    run_id = told.trigger(TOLD.dag_id, start_date=str(DAYS[0]), plan_only=True)

    told.wait_for_run(TOLD.dag_id, run_id)
    assert told.state(TOLD.dag_id, run_id, "announce") == "skipped"
    ((subject, _),) = wait_for(subscriber.receive, "the message")
    assert subject == "retime_told succeeded"
    assert len(told.runs(READER)) == before
