"""The DAGs as Airflow parses them, in an Airflow home of their own."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Airflow reads its settings when it is first imported.
if "airflow" not in sys.modules:
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-")
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"


@pytest.fixture(scope="session")
def parse() -> Callable[[], Any]:
    """Parse the DAG file, as it is with the environment of the moment; gives a DagBag."""
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # Airflow 2
        from airflow.models.dagbag import DagBag
    return lambda: DagBag(str(ROOT / "dags" / "retime_dags.py"))


@pytest.fixture(scope="session")
def dags(parse: Callable[[], Any]) -> dict[str, Any]:
    """The DAGs of the package's own data sets, by id."""
    bag = parse()
    assert bag.import_errors == {}, "the DAG file must import; see the traceback"
    return dict(bag.dags)
