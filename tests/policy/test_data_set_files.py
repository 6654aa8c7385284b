"""YAML files of data sets, as the DAG file finds and refuses them."""

import shutil
import subprocess
import sys
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


def wrong(parse, *others: str) -> str:
    """What the UI shows of wrong data sets; the DAGs of the others are there."""
    bag = parse()
    assert set(bag.dags) == {"retime_traffic", *others}
    ((file, error),) = bag.import_errors.items()
    assert Path(file).name == "retime_wrong_data_sets.py"
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


def test_a_wrong_key_is_shown_with_file_key_value_and_remedy(parse, include):
    path = write(include, "buses", max_days="lots")
    assert f"{path}: run.max_days is 'lots'; give a whole number from 1 to 100000" in wrong(parse)


def test_a_date_that_does_not_exist_is_shown_so_too(parse, include):
    path = write(include, "buses", start_date="2024-13-45")
    assert f"{path}: start_date is '2024-13-45'; give a date, as 2024-03-28, from" in wrong(parse)


def test_a_misspelt_key_is_shown(parse, include):
    path = write(include, "buses")
    path.write_text(path.read_text().replace("grain: hour", "grane: hour"))
    assert f"{path}: grane is not known here; remove it, or use one of" in wrong(parse)


def test_a_file_that_is_not_yaml_is_shown(parse, include):
    path = include / "datasets" / "buses.yaml"
    path.write_text("name: [")
    assert f"{path}: is not YAML; fix it" in wrong(parse)


def test_a_template_that_cannot_be_rendered_is_shown_with_its_line(parse, include):
    write(include, "buses")
    path = include / "sql" / "buses" / "transform.sql"
    path.write_text("SELECT 1,\n  {{ lanes }}\n")
    # Its DAG stays: what is under way goes on, and a stage fails with the same sentence.
    expected = (
        f"{path}, line 2: cannot be rendered for 'buses'; fix the template: 'lanes' is undefined"
    )
    assert expected in wrong(parse, "retime_buses")


def test_an_audit_that_cannot_be_rendered_is_shown(parse, include):
    write(include, "buses")
    path = include / "sql" / "buses" / "audits" / "mine.sql"
    path.write_text("SELECT {{ whole('a'")
    assert f"{path}, line 1: cannot be rendered for 'buses'; fix the template" in wrong(
        parse, "retime_buses"
    )


def test_of_two_data_sets_of_one_name_the_second_is_wrong(parse, include):
    """Else it would silently take the place of the first."""
    shutil.copytree(include / "sql" / "buses", include / "sql" / "traffic")
    path = write(include, "traffic")
    assert f"{path}: name is 'traffic', which " in wrong(parse)


def test_every_wrong_data_set_is_shown(parse, include):
    for name in ("buses", "trams"):
        shutil.copytree(
            ROOT / "include" / "sql" / "traffic", include / "sql" / name, dirs_exist_ok=True
        )
        write(include, name, grain="minute")
    error = wrong(parse)
    assert "buses.yaml: grain is 'minute'" in error
    assert "trams.yaml: grain is 'minute'" in error


# The same on a laptop, or in CI.


def run_check(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, in which nothing of Airflow can be imported."""
    code = (
        "import runpy, sys; sys.modules['airflow'] = None; "
        "runpy.run_module('retime', run_name='__main__', alter_sys=True)"
    )
    return subprocess.run(
        [sys.executable, "-c", code, "check", *arguments],
        env={"PYTHONPATH": str(ROOT / "dags")},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_command_finds_right_data_sets_right(include):
    write(include, "buses")
    done = run_check(str(ROOT / "include"), str(include))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "traffic is right\nbuses is right\nright: 2, wrong: 0\n"


def test_the_command_says_what_the_ui_shows(parse, include):
    path = write(include, "buses", max_days="lots")
    done = run_check(str(ROOT / "include"), str(include))
    assert done.returncode == 1
    assert (
        done.stderr.strip()
        == f"{path}: run.max_days is 'lots'; give a whole number from 1 to 100000"
    )
    assert done.stderr.strip() in wrong(parse)
    assert done.stdout == "traffic is right\nright: 1, wrong: 1\n"


def test_the_command_reads_the_folders_of_the_dags_unless_others_are_named():
    assert run_check().stdout == "traffic is right\nright: 1, wrong: 0\n"


def test_the_command_refuses_a_folder_without_data_sets(tmp_path):
    done = run_check(str(tmp_path))
    assert done.returncode == 2
    assert f"{tmp_path} has no folder datasets; name an include folder" in done.stderr


def test_a_template_that_is_no_text_is_shown_by_its_own_name(parse, include):
    write(include, "buses")
    path = include / "sql" / "buses" / "transform.sql"
    path.write_bytes(b"SELECT 'caf\xe9'")
    assert f"{path}: cannot be read; fix the file" in wrong(parse, "retime_buses")


def test_a_data_set_that_airflow_cannot_make_a_dag_of_takes_no_other_away(
    parse, include, monkeypatch
):
    """The reader refuses what is known to be refused; this is for what is not."""
    write(include, "buses")
    monkeypatch.setattr("retime.dataset.values.MAX_NAME", 500)
    shutil.copytree(include / "sql" / "buses", include / "sql" / ("b" * 110))
    write(include, "b" * 110)
    bag = parse()
    assert set(bag.dags) == {"retime_traffic", "retime_buses"}


def test_a_dag_that_could_not_be_built_whole_is_no_dag(parse, monkeypatch):
    """With only its first tasks it would run, cost money, and publish nothing."""

    def fail(*_, **__):
        raise RuntimeError("a fault of ours, or of a provider")

    monkeypatch.setattr("retime.airflow.slice_operators.AuditOperator.__init__", fail)
    assert parse().dags == {}
