"""The DAGs as Airflow parses them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def parse() -> Callable[[], Any]:
    """Parse the dags folder, with the environment as it is then; gives a DagBag."""
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # Airflow 2
        from airflow.models.dagbag import DagBag
    return lambda: DagBag(str(ROOT / "dags"))


@pytest.fixture(scope="session")
def dags(parse: Callable[[], Any]) -> dict[str, Any]:
    """The DAGs of the package's own data sets, by id."""
    bag = parse()
    assert bag.import_errors == {}, "the DAG files must import; see the traceback"
    return dict(bag.dags)
