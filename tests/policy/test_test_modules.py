"""Test modules are no libraries: what several of them use is in conftest.py or a module of its own.

An imported fixture runs where nobody sees it defined, and an imported test runs twice.
"""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
MODULES = sorted(TESTS.rglob("*.py"))
TEST_MODULES = {path.stem for path in MODULES if path.stem.startswith("test_")}


def imported_test_modules(source: str) -> set[str]:
    """The test modules that a source imports, or imports from, anywhere in it."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            names += [f"{node.module or ''}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return TEST_MODULES.intersection(part for name in names for part in name.split("."))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(TESTS)))
def test_no_module_imports_from_a_test_module(path):
    found = ", ".join(sorted(imported_test_modules(path.read_text())))
    assert not found, f"{path.name} imports from {found}: move what it needs to a module of its own"


@pytest.mark.parametrize(
    "source",
    [
        "from tests.policy.test_dags import helper",
        "from tests.policy import test_dags",
        "import tests.policy.test_dags as dags",
        "def late():\n    from .test_dags import helper",
    ],
)
def test_an_import_from_a_test_module_is_seen_in_every_form(source):
    assert imported_test_modules(source) == {"test_dags"}
