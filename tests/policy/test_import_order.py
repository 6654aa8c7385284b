"""Who may import whom: a folder imports only from the folders below its own."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "dags" / "retime"
# From the top down, as CONTRIBUTING.md lists them.
FOLDERS = [
    "airflow",
    "coverage",
    "drafting",
    "planning",
    "statements",
    "published",
    "raw",
    "dataset",
    "calendar",
]
STRANGERS = {"published", "raw"}  # two clocks: what is ours, and what is not, share no code
AIRFLOW = "airflow"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")
AT_RUN_TIME = {"boto3", "botocore", "duckdb", "pandas", "numpy", "pyarrow", "awswrangler"}


def imported(path: Path, *, only_at_top: bool = False) -> Iterator[str]:
    """The dotted names that a module imports, anywhere in it or at its top level."""
    tree = ast.parse(path.read_text())
    for node in tree.body if only_at_top else ast.walk(tree):
        for part in ast.walk(node) if isinstance(node, ast.If | ast.Try) else [node]:
            if isinstance(part, ast.Import):
                yield from (alias.name for alias in part.names)
            elif isinstance(part, ast.ImportFrom):
                assert part.level == 0, f"{path}: import absolutely, from retime.<folder>.<module>"
                yield from (f"{part.module}.{alias.name}" for alias in part.names)


def folder_of(path: Path) -> str:
    """The folder of the package that a module lies in, or '' for the modules of every folder."""
    folder = path.relative_to(PACKAGE).parts[0]
    return folder if (PACKAGE / folder).is_dir() else ""


def folders_imported(path: Path) -> set[str]:
    """The folders of the package that a module imports from."""
    names = [name.split(".")[1] for name in imported(path) if name.startswith("retime.")]
    return {name if (PACKAGE / name).is_dir() else "" for name in names}


def by_path(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_every_folder_has_its_place():
    found = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert found == set(FOLDERS), "give a new folder its place in FOLDERS"
    told = re.findall(r"^    (\w+)/ {2,}", (ROOT / "CONTRIBUTING.md").read_text(), re.M)
    listed = [folder for folder in told if folder in FOLDERS]
    assert listed == FOLDERS, "list the folders in CONTRIBUTING.md in the order of imports"


@pytest.mark.parametrize("path", MODULES, ids=by_path)
def test_a_module_imports_only_from_its_folder_and_from_lower_ones(path):
    folder = folder_of(path)
    # What lies beside the folders serves them all; the command line, __main__, stands above them.
    allowed = {""} | set(FOLDERS[FOLDERS.index(folder) :] if folder else ())
    if path.stem == "__main__":
        allowed |= set(FOLDERS) - {AIRFLOW}
    if folder in STRANGERS:
        allowed -= STRANGERS - {folder}
    wrong = folders_imported(path) - allowed
    assert not wrong, f"{by_path(path)} must not import from {', '.join(sorted(wrong))}"


@pytest.mark.parametrize("path", MODULES, ids=by_path)
def test_only_its_own_folder_imports_airflow(path):
    names = {name.split(".")[0] for name in imported(path)}
    if folder_of(path) != AIRFLOW:
        assert AIRFLOW not in names, "move what needs Airflow to retime/airflow"


@pytest.mark.parametrize("path", MODULES, ids=by_path)
def test_a_data_library_is_imported_where_it_is_needed(path):
    names = {name.split(".")[0] for name in imported(path, only_at_top=True)}
    assert names.isdisjoint(AT_RUN_TIME), "import it inside the function that needs it"


@pytest.mark.parametrize("path", MODULES, ids=by_path)
def test_the_package_does_without_openlineage(path):
    """Only OpenLineage's own provider asks for lineage: then it is there."""
    others = [n for n in imported(path, only_at_top=True) if not n.startswith("retime.")]
    assert not [name for name in others if "openlineage" in name]


@pytest.mark.parametrize("path", MODULES, ids=by_path)
def test_the_package_knows_nothing_of_what_it_is_tested_with(path):
    names = {name.split(".")[0] for name in imported(path)}
    assert names.isdisjoint({"local_aws", "demo", "tests", "bench", "plugins"})


def test_local_aws_knows_nothing_of_the_package():
    for path in sorted((ROOT / "local_aws" / "src").rglob("*.py")):
        names = {name.split(".")[0] for name in imported(path)}
        assert names.isdisjoint({"retime", "retime_dags", "demo", "tests"}), path


def test_the_package_re_exports_nothing():
    for path in PACKAGE.rglob("__init__.py"):
        assert not list(imported(path)), "import from the module that defines it"


def test_no_module_has_a_name_that_says_nothing():
    vague = {"utils", "util", "common", "helpers", "helper", "types", "config", "misc", "base"}
    assert vague.isdisjoint(path.stem for path in MODULES), "name it for what it does"


def test_plugins_hold_no_package():
    """MWAA executes every .py file under plugins/ under its bare file name."""
    assert not list((ROOT / "plugins").rglob("__init__.py"))
