"""What a message about a run says, as a subscriber of the topic reads it."""

import json
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from retime.airflow import notify, runtime
from tests.unit.samples import TRAFFIC

DATES = {"start_date": "2024-03-28", "end_date": "2024-03-29"}
COUNTS = (
    *("slices", "rows", "read", "published_from", "duplicates", "filtered", "quarantined"),
    *("too_late", "outside", "late", "scanned_bytes", "stage_scanned_bytes", "raw_bytes"),
)
DONE = {
    **dict.fromkeys(COUNTS, 7),
    "healed": ["2024-03-26"],
    "late_left": {},
    "settled": [],
    "late_beyond": {"2024-03-01": 4},
    "changed": [],
}


class Subscriber:
    """A queue that is subscribed to a topic of its own."""

    def __init__(self) -> None:
        sns, self.sqs = (boto3.client(name, region_name="eu-west-1") for name in ("sns", "sqs"))
        self.topic = sns.create_topic(Name="runs")["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName="runs")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        queue_arn = arn["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=queue_arn)

    def receive(self) -> list[tuple[str, str]]:
        """Subject and text of each message that was not received before."""
        answer = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        bodies = [json.loads(message["Body"]) for message in answer.get("Messages", ())]
        for message in answer.get("Messages", ()):
            self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return [(body["Subject"], body["Message"]) for body in bodies]


@pytest.fixture
def settings(account, monkeypatch) -> dict[str, str]:
    """The settings of the environment; a test changes them."""
    settings = {"database": "db"}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", '{"conn_type": "aws"}')
    monkeypatch.setattr(runtime, "lookup", settings.get)
    return settings


@pytest.fixture
def subscriber(settings) -> Subscriber:
    subscriber = Subscriber()
    settings["notify_topic_arn"] = subscriber.topic
    subscriber.receive()
    return subscriber


class Run:
    """A run of Airflow 3: the states of its tasks, and their XComs."""

    def __init__(self, **params: str) -> None:
        self.states: dict[str, str] = {}
        self.xcom: dict[str, list[Any]] = {"failure": [], "return_value": [DONE]}
        self.params = params or DATES

    def xcom_pull(self, task_ids: list[str], key: str = "return_value") -> list[Any]:
        assert task_ids
        return self.xcom[key]

    def context(self, reason: str = "task_failure", **more: Any) -> dict[str, Any]:
        run = SimpleNamespace(
            dag_id="retime_traffic",
            run_id="manual__1",
            run_type="manual",
            logical_date=None,
            data_interval_start=None,
        )
        ti = SimpleNamespace(
            xcom_pull=self.xcom_pull,
            get_task_states=lambda dag_id, run_ids: {"manual__1": self.states},
        )
        dag = SimpleNamespace(dag_id="retime_traffic", task_ids=["plan", "slice.stage"])
        known = {"dag": dag, "run_id": "manual__1", "reason": reason}
        return {**known, "dag_run": run, "ti": ti, "params": self.params, **more}

    def fail(self, task_id: str, error: Any, *, map_index: int = -1, planned: Any = None) -> None:
        """A task fails for good, and notes it."""
        name = task_id if map_index < 0 else f"{task_id}_{map_index}"
        self.states[name] = "failed"
        ti = SimpleNamespace(
            task_id=task_id,
            map_index=map_index,
            log_url=f"https://airflow/{name}",
            xcom_push=lambda key, value: self.xcom[key].append(value),
        )
        notify.note_failure(
            {"ti": ti, "task": SimpleNamespace(planned=planned), "exception": error}
        )


@pytest.mark.parametrize("known", [{}, {"exception": None}])
def test_a_task_without_a_reason_leaves_none(known):
    """In the DAG processor of Airflow 3 nothing answers to an XCom that is set."""
    ti = SimpleNamespace(task_id="plan", map_index=-1, log_url="", xcom_push=pytest.fail)
    notify.note_failure({"ti": ti, "task": SimpleNamespace(), **known})


SLICE = {
    "first_date": "2024-03-28",
    "last_date": "2024-03-29",
    "zone": "UTC",
    "arrivals_from": "2024-03-27T23:00:00+00:00",
    "arrivals_before": "2024-04-01T00:00:00+00:00",
    "raw_objects": 1,
    "raw_bytes": 1,
}


def test_a_failed_run_tells_its_dates_what_failed_why_and_what_to_do(subscriber):
    run = Run()
    run.fail("slice.stage", ValueError("line 7: {{ no }} column"), map_index=1, planned=SLICE)
    notify.run_failed(TRAFFIC, run.context())
    ((subject, text),) = subscriber.receive()
    assert subject == "retime_traffic failed"
    assert text.splitlines()[:6] == [
        "Run manual__1 of retime_traffic failed (task_failure).",
        "Event dates: 2024-03-28 to 2024-03-29",
        "",
        "slice.stage, 2024-03-28 to 2024-03-29: line 7: {{ no }} column",
        "  https://airflow/slice.stage_1",
        "",
    ]
    assert "clear the failed tasks" in text


def test_several_failures_are_one_message(subscriber):
    run = Run()
    for index in range(25):
        run.fail("slice.stage", "no", map_index=index, planned=SLICE)
    notify.run_failed(TRAFFIC, run.context())
    ((_, text),) = subscriber.receive()
    assert text.count("slice.stage, 2024") == 20
    assert "and 5 more" in text


def test_what_failed_before_the_run_was_cleared_is_not_told(subscriber):
    run = Run()
    run.fail("plan", "old reason")
    run.states = {"plan": "upstream_failed"}
    run.fail("check_raw", "new reason")
    notify.run_failed(TRAFFIC, run.context())
    ((_, text),) = subscriber.receive()
    assert "check_raw: new reason" in text
    assert "old reason" not in text


def test_a_task_that_was_killed_is_told_though_it_could_note_nothing(subscriber):
    run = Run()
    run.states = {"slice.stage_3": "failed"}
    notify.run_failed(TRAFFIC, run.context())
    ((_, text),) = subscriber.receive()
    assert "slice.stage_3: no reason was noted; its process was killed" in text


def test_a_run_that_took_too_long_is_told_though_no_task_failed(subscriber):
    """Airflow gives such a callback no task, if none was under way."""
    context = Run().context(reason="timed_out")
    told = [context, {key: context[key] for key in ("dag", "run_id", "reason")}]
    for known in told:
        notify.run_failed(TRAFFIC, known)
        ((_, text),) = subscriber.receive()
        assert text.startswith("Run manual__1 of retime_traffic failed (timed_out).")
        assert "No task failed by itself" in text


def test_impossible_dates_are_told_as_they_were_asked_for(subscriber):
    run = Run(start_date="2024-03-29", end_date="2024-03-28")
    run.fail("wait_for_arrivals", "RequestError: the last date is before the first")
    notify.run_failed(TRAFFIC, run.context())
    ((_, text),) = subscriber.receive()
    assert "Asked for: {'start_date': '2024-03-29', 'end_date': '2024-03-28'}" in text


def test_a_successful_run_is_told_only_if_asked_for(subscriber, settings):
    notify.run_succeeded(TRAFFIC, Run().context(reason="success"))
    assert subscriber.receive() == []
    settings["notify_on"] = "both"
    notify.run_succeeded(TRAFFIC, Run().context(reason="success"))
    ((subject, text),) = subscriber.receive()
    assert subject == "retime_traffic succeeded"
    assert "Event dates: 2024-03-28 to 2024-03-29" in text
    assert "7 rows in 7 slices" in text
    assert text.splitlines()[-2:] == [
        "built again for late events: 2024-03-26",
        (
            "arrived more than 48 hours late and are in no date (raise "
            "events.max_lateness_hours, then build these dates again): 2024-03-01 4"
        ),
    ]


def test_without_a_topic_nobody_is_told_and_nothing_is_asked(settings):
    """Not even of Airflow: the context is empty."""
    notify.run_failed(TRAFFIC, {})
    notify.run_succeeded(TRAFFIC, {})
