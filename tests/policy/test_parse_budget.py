"""What parsing costs: Airflow does it again and again, in a process forked for each time."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DAG_FILE = ROOT / "dags" / "retime_dags.py"
# Function calls: unlike times they are the same on every machine, however busy. 133,000 of them
# took 0.2 seconds, a tenth of what Airflow's own imports take.
BUDGET = 150_000
# The DAG processor imports what a DAG file names of Airflow and providers before it forks, and has
# what checks parameters and serializes DAGs.
PARSE = """
import ast, cProfile, json, pathlib, runpy, socket, sys
file = pathlib.Path(sys.argv[1])
imports = [
    node for node in ast.parse(file.read_text()).body
    if (isinstance(node, ast.ImportFrom) and not node.module.startswith("retime"))
    or (isinstance(node, ast.Import) and node.names[0].name != "retime")
]
exec(compile(ast.Module(body=imports, type_ignores=[]), str(file), "exec"))
import airflow.serialization.serialized_objects, jsonschema
before = set(sys.modules)
def refuse(*_): raise AssertionError("parsing opens a connection")
socket.socket.connect = socket.create_connection = refuse
profile = cProfile.Profile()
names = profile.runcall(runpy.run_path, str(file))
dags = [name for name in names if name.startswith("retime_")]
calls = sum(entry.callcount for entry in profile.getstats())
modules = sorted(set(sys.modules) - before)
print(json.dumps({"dags": dags, "calls": calls, "modules": modules}))
"""
PACKAGE = ROOT / "dags" / "retime"
# All but the folder that is Airflow's, and the command line.
CORE = sorted(
    ".".join(path.relative_to(ROOT / "dags").with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if path.stem != "__main__" and PACKAGE / "airflow" not in path.parents
)
HEAVY = ("airflow", "boto3", "botocore", "duckdb", "pandas", "numpy", "pyarrow", "moto")


def run(tmp_path: Path, code: str, *arguments: str) -> Any:
    """Run Python code in a new process, with dags/ as its path; give what it prints as JSON."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT / "dags"),
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def parsed(tmp_path_factory) -> Any:
    return run(tmp_path_factory.mktemp("airflow"), PARSE, str(DAG_FILE))


def test_parsing_stays_within_its_budget(parsed):
    assert parsed["dags"], "the DAG file defines no DAG"
    assert parsed["calls"] < BUDGET, (
        f"parsing {DAG_FILE.name} takes {parsed['calls']:,} function calls, more than {BUDGET:,}; "
        "find out with `python -m cProfile -s ncalls` what does, and import it inside the function "
        "that needs it"
    )


def test_parsing_imports_no_data_library(parsed):
    found = {name.split(".")[0] for name in parsed["modules"]}
    assert found.isdisjoint({"duckdb", "pandas", "numpy", "pyarrow", "moto", "local_aws"})


def test_the_core_is_usable_without_airflow_and_imports_no_client(tmp_path):
    code = f"""
import importlib, json, sys
for name in {CORE!r}:
    importlib.import_module(name)
print(json.dumps(sorted({{name.split(".")[0] for name in sys.modules}})))
"""
    found = set(run(tmp_path, code)) & set(HEAVY)
    assert not found, f"import {', '.join(sorted(found))} inside the function that needs it"
