"""Who may import whom: a module imports only from the layers below its own."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "dags" / "retime"
LAYERS = [
    {"arrival_sensor", "crawl_operators", "slice_operators"},
    {"notify", "tasks"},
    {"report", "runtime"},
    {"plan"},
    {"arrivals", "clean_up", "lineage", "plain_objects", "published_crawl", "runbook"},
    {"publish"},
    {"change"},
    {"catalog", "sql"},
    {"fragments"},
    {"audit", "dataset", "ledger"},
    {"emptied"},
    {"event_dates", "layout"},
    {"aws", "settings", "slices", "yaml_reader"},
    {"compat"},
    {"errors", "generations", "quoting"},
]
HEIGHT = {module: -depth for depth, layer in enumerate(LAYERS) for module in layer}
MODULES = sorted(path for path in PACKAGE.glob("*.py") if path.stem != "__init__")
WITH_AIRFLOW = {"arrival_sensor", "compat", "crawl_operators", "slice_operators"}
AT_RUN_TIME = {"boto3", "botocore", "duckdb", "pandas", "numpy", "pyarrow", "awswrangler"}


def imported(path: Path, *, only_at_top: bool = False) -> Iterator[str]:
    """The dotted names that a module imports, anywhere in it or at its top level."""
    tree = ast.parse(path.read_text())
    for node in tree.body if only_at_top else ast.walk(tree):
        for part in ast.walk(node) if isinstance(node, ast.If | ast.Try) else [node]:
            if isinstance(part, ast.Import):
                yield from (alias.name for alias in part.names)
            elif isinstance(part, ast.ImportFrom):
                assert part.level == 0, f"{path}: import absolutely, from retime.<module>"
                yield from (f"{part.module}.{alias.name}" for alias in part.names)


def of_package(names: Iterator[str]) -> set[str]:
    """The modules of the package among dotted names."""
    return {name.split(".")[1] for name in names if name.startswith("retime.")}


def by_name(path: Path) -> str:
    return path.stem


def test_every_module_has_a_layer():
    assert {path.stem for path in MODULES} == set(HEIGHT), "give a new module a layer in LAYERS"


@pytest.mark.parametrize("path", MODULES, ids=by_name)
def test_a_module_imports_only_from_lower_layers(path):
    wrong = {name for name in of_package(imported(path)) if HEIGHT[name] >= HEIGHT[path.stem]}
    assert not wrong, f"{path.stem} must not import {', '.join(sorted(wrong))}: see LAYERS"


@pytest.mark.parametrize("path", MODULES, ids=by_name)
def test_only_the_edge_imports_airflow_at_its_top(path):
    names = {name.split(".")[0] for name in imported(path, only_at_top=True)}
    if path.stem not in WITH_AIRFLOW:
        assert "airflow" not in names, "import it inside the function, or move this to operators"
    assert names.isdisjoint(AT_RUN_TIME), "import it inside the function that needs it"


@pytest.mark.parametrize("path", MODULES, ids=by_name)
def test_the_package_does_without_openlineage(path):
    """Only OpenLineage's own provider asks for lineage: then it is there."""
    others = [n for n in imported(path, only_at_top=True) if not n.startswith("retime.")]
    assert not [name for name in others if "openlineage" in name]


@pytest.mark.parametrize("path", MODULES, ids=by_name)
def test_the_package_knows_nothing_of_what_it_is_tested_with(path):
    names = {name.split(".")[0] for name in imported(path)}
    assert names.isdisjoint({"local_aws", "demo", "tests", "bench", "plugins"})


def test_local_aws_knows_nothing_of_the_package():
    for path in sorted((ROOT / "local_aws").rglob("*.py")):
        names = {name.split(".")[0] for name in imported(path)}
        assert names.isdisjoint({"retime", "retime_dags", "demo", "tests"}), path


def test_the_package_re_exports_nothing():
    assert not list(imported(PACKAGE / "__init__.py")), "import from the module that defines it"


def test_no_module_has_a_name_that_says_nothing():
    vague = {"utils", "util", "common", "helpers", "helper", "types", "config", "misc", "base"}
    assert vague.isdisjoint(path.stem for path in MODULES), "name it for what it does"


def test_plugins_hold_no_package():
    """MWAA executes every .py file under plugins/ under its bare file name."""
    assert not list((ROOT / "plugins").rglob("__init__.py"))
