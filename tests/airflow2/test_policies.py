"""What every DAG must be like, and what parsing may cost, hold on Airflow 2 too."""

from demo.environment import ROOT
from tests.airflow2.commands import Airflow2

POLICIES = ROOT / "tests" / "policy"
VERSIONS = """
import sys
from importlib.metadata import version
print(*sys.version_info[:2], *(version(f"apache-airflow{name}") for name in sys.argv[1:]))
"""


def test_it_is_what_mwaa_has(airflow: Airflow2) -> None:
    names = ("", "-providers-amazon", "-providers-common-compat")
    assert airflow.python("-c", VERSIONS, *names).stdout.split() == [
        *("3", "12", "2.11.2", "9.22.0", "1.14.0")
    ]


def test_the_policies_for_dags_and_the_parse_budget_hold(airflow: Airflow2) -> None:
    paths = [str(POLICIES / name) for name in ("test_dags.py", "test_parse_budget.py")]
    # The conftest.py above needs the other environment.
    options = ("--rootdir", str(ROOT), "--confcutdir", str(POLICIES))

    done = airflow.given({"RETIME_INCLUDE": ""}).python("-m", "pytest", "-q", *options, *paths)

    assert done.returncode == 0, done.stdout
    summary = done.stdout.splitlines()[-1]
    assert "passed" in summary
    assert "skipped" not in summary


def test_the_dag_file_imports(airflow: Airflow2) -> None:
    assert "No data found" in airflow.succeed("dags", "list-import-errors")
