"""What every DAG must be like, and what parsing may cost, hold on Airflow 2 too."""

from demo.environment import ROOT
from tests.airflow2.commands import Airflow2

SUITES = ("test_dags.py", "test_parse_budget.py")


def test_it_is_the_version_of_mwaa(installed: Airflow2) -> None:
    code = "from importlib.metadata import version as v; import sys; print(sys.version[:4], *map("
    packages = ("apache-airflow", "apache-airflow-providers-amazon")
    packages += ("apache-airflow-providers-common-compat",)
    assert installed.python("-c", f"{code}v, {packages}))").stdout.split() == [
        *("3.12", "2.11.2", "9.22.0", "1.14.0")
    ]


def test_the_policies_for_dags_and_the_parse_budget_hold(installed: Airflow2) -> None:
    paths = [str(ROOT / "tests" / "policy" / name) for name in SUITES]
    # The conftest.py above is the other environment's.
    options = ("--rootdir", str(ROOT), "--confcutdir", str(ROOT / "tests" / "policy"))

    done = installed.python("-m", "pytest", "-q", *options, *paths)

    assert done.returncode == 0, done.stdout
    summary = done.stdout.splitlines()[-1]
    assert "passed" in summary
    assert "skipped" not in summary


def test_the_dag_file_imports_without_a_word(installed: Airflow2) -> None:
    assert "No data found" in installed.succeed("dags", "list-import-errors")
