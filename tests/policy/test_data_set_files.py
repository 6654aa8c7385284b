"""YAML files of data sets, as the DAG file finds and refuses them."""

import shutil
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import TriggerRule

from tests.policy.conftest import ROOT

TRAFFIC = (ROOT / "include" / "datasets" / "traffic.yaml").read_text()


@pytest.fixture
def include(tmp_path: Path, monkeypatch) -> Path:
    """Another include folder, with the SQL of a data set `buses`."""
    (tmp_path / "datasets").mkdir()
    shutil.copytree(ROOT / "include" / "sql" / "traffic", tmp_path / "sql" / "buses")
    monkeypatch.setenv("RETIME_INCLUDE", str(tmp_path))
    return tmp_path


def write(include: Path, name: str, **replaced: str) -> Path:
    text = TRAFFIC.replace("name: traffic\n", f"name: {name}\n")
    text = text.replace("table: traffic\n", f"table: {name}\n")
    text = text.replace("traffic_quarantine", f"{name}_quarantine")
    text = text.replace("_bucket}/traffic/", f"_bucket}}/{name}/")
    for old, new in replaced.items():
        assert f"{old}: " in text
        text = "\n".join(
            f"{line.split(':')[0]}: {new}" if line.strip().startswith(f"{old}: ") else line
            for line in text.splitlines()
        )
    path = include / "datasets" / f"{name}.yaml"
    path.write_text(text)
    return path


def import_error(parse) -> str:
    (error,) = parse().import_errors.values()
    return str(error)


def test_a_data_set_of_another_folder_is_a_dag_beside_the_package_s(parse, include):
    write(include, "buses")
    bag = parse()
    assert bag.import_errors == {}
    assert set(bag.dags) == {"retime_traffic", "retime_buses"}


def test_the_process_of_a_task_makes_no_other_dag(parse, include, monkeypatch):
    write(include, "buses")
    # What Airflow sets there, for get_parsing_context().
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "retime_buses")
    assert set(parse().dags) == {"retime_buses"}


def test_a_data_set_without_a_crawler_has_no_tasks_that_crawl(parse, include):
    path = write(include, "buses")
    path.write_text(path.read_text().replace("  crawler: retime_traffic_raw\n", ""))
    bag = parse()
    assert bag.import_errors == {}
    dag = bag.dags["retime_buses"]
    assert {"crawl_raw", "wait_for_crawl"}.isdisjoint(dag.task_ids)
    assert dag.get_task("check_raw").upstream_task_ids == {"wait_for_arrivals"}


def test_a_data_set_with_a_published_crawler_crawls_once_every_slice_is_published(parse, include):
    path = write(include, "buses")
    text = path.read_text().replace("published:\n", "published:\n  layout: hive\n  crawler: c\n")
    path.write_text(text)
    bag = parse()
    assert bag.import_errors == {}
    dag = bag.dags["retime_buses"]
    crawl, wait = dag.get_task("crawl_published"), dag.get_task("wait_for_published_crawl")
    assert crawl.upstream_task_ids == {"slice.publish"}
    assert crawl.trigger_rule == TriggerRule.NONE_FAILED, "no slice: skip; a slice failed: do not"
    assert wait.upstream_task_ids == {"crawl_published"}
    assert wait.downstream_task_ids == {"report"}
    assert wait.mode == "reschedule"
    for task in (crawl, wait):
        assert all((task.doc_md, task.retries, task.execution_timeout))


def test_a_wrong_file_is_an_import_error_with_file_key_value_and_remedy(parse, include):
    path = write(include, "buses", max_days="lots")
    assert f"{path}: run.max_days is 'lots'; give a whole number from 1" in import_error(parse)


def test_a_misspelt_key_is_an_import_error(parse, include):
    path = write(include, "buses")
    path.write_text(path.read_text().replace("grain: hour", "grane: hour"))
    assert f"{path}: grane is not known here; remove it, or use one of" in import_error(parse)


def test_a_file_that_is_not_yaml_is_an_import_error(parse, include):
    path = include / "datasets" / "buses.yaml"
    path.write_text("name: [")
    assert f"{path}: is not YAML; mend it" in import_error(parse)


def test_two_data_sets_of_one_name_are_an_import_error(parse, include):
    """Else the second would silently take the place of the first."""
    shutil.copytree(include / "sql" / "buses", include / "sql" / "traffic")
    path = write(include, "traffic")
    assert str(path) in import_error(parse)
