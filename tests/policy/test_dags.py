"""What every DAG must be like; each message tells what to change."""

import re
from datetime import timedelta

import pytest
from airflow.providers.common.compat.sdk import TriggerRule
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_0_PLUS, AIRFLOW_V_3_2_PLUS
from airflow.providers_manager import ProvidersManager
from airflow.timetables.interval import CronDataIntervalTimetable

from retime.airflow import notify
from retime.airflow.compat import SLICES_OF_A_RUN
from retime.dataset.reader import load_data_sets
from tests.policy.conftest import ROOT

DATA_SETS = {data_set.name: data_set for data_set in load_data_sets([ROOT / "include"]).right}
DAG_IDS = [f"retime_{name}" for name in DATA_SETS]
TASKS = [
    "wait_for_arrivals",
    "crawl_raw",
    "wait_for_crawl",
    "check_raw",
    "find_late",
    "plan",
    "slice.stage",
    "slice.stage_quarantine",
    "slice.audit",
    "slice.publish",
    "clean_up",
    "report",
    "announce",
]


def as_list(callbacks):
    """Airflow 3 makes a list of what Airflow 2 leaves as it is."""
    return callbacks if isinstance(callbacks, list) else [callbacks]


@pytest.fixture(params=DAG_IDS)
def dag(request, dags):
    return dags[request.param]


@pytest.fixture(params=TASKS)
def task(request, dag):
    return dag.get_task(request.param)


def test_there_is_one_dag_a_data_set(dags):
    assert sorted(dags) == sorted(DAG_IDS), "add or remove the YAML file in include/datasets"


def test_a_dag_has_exactly_the_tasks_of_the_design(dag):
    assert sorted(dag.task_ids) == sorted(TASKS), "change the design and docs with the tasks"


def test_the_tasks_follow_each_other_as_in_the_design(dag):
    upstream = {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks}
    mapped_over = ["plan"] if AIRFLOW_V_3_0_PLUS else []
    assert upstream == {
        "wait_for_arrivals": [],
        "crawl_raw": ["wait_for_arrivals"],
        "wait_for_crawl": ["crawl_raw"],
        "check_raw": ["wait_for_crawl"],
        "find_late": ["check_raw"],
        "plan": ["check_raw", "find_late"],
        "slice.stage": ["plan"],
        "slice.stage_quarantine": ["plan"],
        "slice.audit": [*mapped_over, "slice.stage", "slice.stage_quarantine"],
        "slice.publish": [*mapped_over, "slice.audit", "slice.stage", "slice.stage_quarantine"],
        "clean_up": ["slice.publish"],
        "report": ["slice.publish"],
        "announce": ["report"],
    }, "see retime_dags.py for what chain() ties together"


def test_nothing_follows_the_report_that_could_hide_a_failure(dag):
    """Airflow judges a run by its leaves: one of them runs only if all before it succeeded."""
    leaves = sorted(task.task_id for task in dag.leaves)
    assert leaves == ["announce", "clean_up"], "add nothing after them"
    assert dag.get_task("announce").trigger_rule == TriggerRule.ALL_SUCCESS


def test_only_the_last_task_tells_of_the_published_table(dag):
    """A task tells of its outlets whenever it succeeds: no other is sure that the run did."""
    table = DATA_SETS[dag.dag_id.removeprefix("retime_")].published.name
    outlets = {task.task_id: [o.uri for o in task.outlets] for task in dag.tasks if task.outlets}
    dates = [f"x-retime://{table}/dates"] if AIRFLOW_V_3_2_PLUS else []
    assert outlets == {"announce": [f"x-retime://{table}", *dates]}


def test_a_dag_catches_up(dag):
    assert dag.catchup is True, "set catchup=True: missed dates are built as they are due"


def test_a_dag_has_an_explicit_data_interval(dag):
    assert isinstance(dag.timetable, CronDataIntervalTimetable), (
        'give schedule=CronDataIntervalTimetable: "@daily" has no data interval in Airflow 3'
    )


def test_an_interval_is_a_date_of_the_data_set_s_zone(dag):
    data_set = DATA_SETS[dag.dag_id.removeprefix("retime_")]
    assert dag.timetable == CronDataIntervalTimetable("0 0 * * *", timezone=data_set.zone.key), (
        "cut the intervals at midnight of the data set's zone"
    )
    start = dag.start_date.astimezone(data_set.zone)
    assert start.replace(tzinfo=None).isoformat() == f"{data_set.start_date}T00:00:00", (
        "start at midnight of start_date in the data set's zone"
    )


def test_a_dag_says_what_it_does(dag):
    assert dag.description, "give the YAML a description"
    assert len(dag.doc_md) > 200, "give the DAG doc_md that tells how to run it"


def test_a_dag_is_found_by_its_tags(dag):
    name = dag.dag_id.removeprefix("retime_")
    assert set(dag.tags) == {"retime", name}, 'tag the DAG "retime" and with its data set'


def test_a_dag_limits_how_many_runs_build_at_once(dag):
    data_set = DATA_SETS[dag.dag_id.removeprefix("retime_")]
    assert dag.max_active_runs == data_set.limits.max_active_runs, "pass run.max_active_runs"


PARAMS = {"start_date", "end_date", "plan_only", "only", "heal", "action"}


def test_a_dag_takes_dates_and_may_only_plan(dag):
    params = {name: dag.params.get_param(name) for name in dag.params}
    assert set(params) == PARAMS, "document every param"
    assert all(param.description for param in params.values()), "say what a param does"
    for name in ("start_date", "end_date"):
        assert params[name].value is None, f"{name} must default to the run's own date"
        assert params[name].schema["format"] == "date", f"{name}: let the form check it"
    assert params["plan_only"].value is False, "a run builds unless it is asked not to"
    asked = {name: params[name].value for name in ("only", "heal", "action")}
    assert asked == {"only": "all", "heal": False, "action": "build"}, "a run builds all its dates"


@pytest.mark.parametrize("value", ["28/03/2024", "soon", 20240328])
def test_the_form_refuses_what_is_no_date(dag, value):
    with pytest.raises(Exception, match=re.escape(str(value))):
        dag.params.get_param("start_date").resolve(value)


@pytest.mark.parametrize(("name", "value"), [("only", "settled"), ("action", "undo"), ("heal", 2)])
def test_the_form_refuses_what_a_run_cannot_do(dag, name, value):
    with pytest.raises(Exception, match=re.escape(repr(value))):
        dag.params.get_param(name).resolve(value)


def test_a_task_is_retried(task):
    assert task.retries >= 2, f"{task.task_id}: give it retries; every task is safe to repeat"
    assert task.retry_delay >= timedelta(seconds=30), f"{task.task_id}: leave a fault time to pass"


def test_a_retry_waits_longer_than_the_one_before(task):
    assert task.retry_exponential_backoff, f"{task.task_id}: set retry_exponential_backoff"
    assert task.max_retry_delay <= timedelta(hours=1), f"{task.task_id}: end the same day"


def test_a_task_leaves_its_reason_when_it_fails(task):
    assert notify.note_failure in as_list(task.on_failure_callback), "keep it in DEFAULT_ARGS"


def test_a_run_is_told_of_when_it_ends(dag):
    assert dag.on_failure_callback, "pass notify.run_failed"
    assert dag.on_success_callback, "pass notify.run_succeeded"


def test_a_run_ends_though_a_task_hangs(dag):
    data_set = DATA_SETS[dag.dag_id.removeprefix("retime_")]
    waiting = data_set.events.build_after + data_set.limits.arrival_timeout
    assert dag.dagrun_timeout == waiting + data_set.limits.timeout, "pass run.timeout"


def test_a_task_has_a_time_limit(task):
    limit = task.execution_timeout
    assert limit is not None, f"{task.task_id}: give it an execution_timeout"
    assert limit <= timedelta(hours=6), f"{task.task_id}: a task that hangs must end the same day"


def test_a_task_has_an_owner_who_is_not_the_default(task):
    assert task.owner not in ("", "airflow"), "give the YAML an owner: who answers for the data"


def test_a_task_says_what_it_does(task):
    what, _, then = task.doc_md.partition("**When it fails:** ")
    assert len(what.split()) > 4, f"{task.task_id}: give it a docstring or doc_md for the UI"
    assert len(then.split()) > 2, f"{task.task_id}: tell in runbook.py what to do when it fails"


def test_the_documentation_of_a_dag_tells_what_to_do_for_each_of_its_tasks(dag):
    told = re.findall(r"^\| `([\w.]+)` \|", dag.doc_md, re.M)
    assert told == TASKS, "tell it in runbook.py, in the order of the run"


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("crawl_raw", "CloudWatch Events"),
        ("wait_for_crawl", "CloudWatch Events"),
        ("find_late", "Query Results"),
        ("slice.stage", "Query Results"),
        ("slice.stage_quarantine", "Query Results"),
        ("slice.audit", "Query Results"),
    ],
)
def test_what_runs_in_aws_has_a_link_to_the_console(dag, name, link):
    """One that a provider registers, for Airflow 2 shows no other without a plugin."""
    (found,) = dag.get_task(name).operator_extra_links
    assert found.name == link
    known = ProvidersManager().extra_links_class_names
    assert f"{type(found).__module__}.{type(found).__name__}" in known


def test_no_task_waits_in_a_slot(task):
    if hasattr(task, "poke_interval"):
        assert task.mode == "reschedule", f"{task.task_id}: set mode='reschedule'"


def test_waiting_ends_within_a_day(task):
    if hasattr(task, "poke_interval"):
        assert task.timeout <= 24 * 3600, f"{task.task_id}: set a timeout; the default is a week"


def test_a_run_has_the_slices_of_its_plan_but_in_airflow_2_a_number_known_beforehand(dag):
    """The backfill of Airflow 2 waits forever for slices that the plan makes."""
    group = dag.get_task("slice.stage").get_closest_mapped_task_group()
    mapped_over = group._expand_input.value["planned"]
    assert (mapped_over == list(range(SLICES_OF_A_RUN))) is not AIRFLOW_V_3_0_PLUS


def test_slices_are_published_one_at_a_time(dag):
    publish = dag.get_task("slice.publish")
    assert publish.max_active_tis_per_dag == 1, "two publications to a table must not overlap"


@pytest.mark.parametrize("name", ["slice.stage", "slice.stage_quarantine"])
def test_no_more_slices_stage_at_once_than_the_data_set_allows(dag, name):
    data_set = DATA_SETS[dag.dag_id.removeprefix("retime_")]
    limit = data_set.limits.max_concurrent_slices
    assert dag.get_task(name).max_active_tis_per_dag == limit, "pass run.max_concurrent_slices"


def test_a_run_is_cleaned_up_also_when_slices_failed(dag):
    rule = dag.get_task("clean_up").trigger_rule
    assert rule == TriggerRule.ALL_DONE, "set trigger_rule=ALL_DONE"


def test_a_run_is_not_green_when_a_slice_failed(dag):
    rule = dag.get_task("report").trigger_rule
    assert rule == TriggerRule.NONE_FAILED, "a cleared slice that fails has its old results still"


@pytest.mark.parametrize("name", ["slice.audit", "slice.publish"])
def test_what_is_changed_without_a_build_is_changed_though_its_stages_are_skipped(dag, name):
    rule = dag.get_task(name).trigger_rule
    assert rule == TriggerRule.NONE_FAILED, "what is rolled back is not staged"


def test_a_skipped_crawl_does_not_skip_the_run(dag):
    rule = dag.get_task("check_raw").trigger_rule
    assert rule == TriggerRule.NONE_FAILED, "crawl_raw skips when there is nothing to crawl"


def test_no_task_depends_on_another_run(task):
    assert not task.depends_on_past, f"{task.task_id}: every date is built on its own"
    assert not task.wait_for_downstream, f"{task.task_id}: every date is built on its own"
