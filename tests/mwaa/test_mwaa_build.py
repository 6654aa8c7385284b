"""What `make mwaa` builds: all that MWAA needs, nothing else, and always the same bytes."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from demo.environment import ROOT
from tests.mwaa.layout import build_mwaa

VERSIONS = ("2.11.2", "3.3.1")


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Permissions and bytes of every file, by its path."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(p.relative_to(folder)): (p.stat().st_mode, p.read_bytes()) for p in files}


def tracked(folder: str) -> set[str]:
    """The files of a folder of the repository, relative to it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", folder]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return {str(Path(line).relative_to(folder)) for line in listed.stdout.splitlines()}


@pytest.fixture(scope="module")
def build(tmp_path_factory) -> Path:
    return build_mwaa(tmp_path_factory.mktemp("mwaa") / "build")


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A copy of what the build is made from, to be changed."""
    for folder in ("dags", "include", "mwaa", "plugins", "scripts"):
        shutil.copytree(ROOT / folder, tmp_path / "checkout" / folder)
    return tmp_path / "checkout"


def test_it_holds_the_dags_with_include_inside_and_the_constraints_and_nothing_else(build):
    dags = {f"dags/{path}" for path in tracked("dags")}
    include = {f"dags/include/{path}" for path in tracked("include")}
    constraints = {f"dags/constraints-{version}.txt" for version in VERSIONS}
    found = set(contents(build)) - {"plugins.zip"}
    assert found == dags | include | constraints | {"requirements.txt"}


def test_plugins_are_zipped_under_the_names_that_airflow_imports_them_by(checkout, tmp_path):
    plugins = {path for path in tracked("plugins") if not path.endswith(".md")}
    plugins |= {f"retime_page_package/retime/{path}" for path in tracked("dags/retime")}

    (checkout / "plugins" / "board.py").write_text("TITLE = 'board'\n")
    archive = zipfile.ZipFile(build_mwaa(tmp_path / "build", source=checkout) / "plugins.zip")
    assert set(archive.namelist()) == plugins | {"board.py"}
    assert archive.read("board.py") == b"TITLE = 'board'\n"


def test_it_is_the_same_to_the_byte_whenever_and_under_whatever_umask_it_is_built(
    checkout, tmp_path
):
    (checkout / "plugins" / "b.py").write_text("B = 1\n")
    (checkout / "plugins" / "a.py").write_text("A = 1\n")
    first = contents(build_mwaa(tmp_path / "first", source=checkout))
    for path in checkout.rglob("*"):
        os.utime(path, (0, 1_000_000_000))
    before = os.umask(0o077)
    try:
        second = contents(build_mwaa(tmp_path / "second", source=checkout))
    finally:
        os.umask(before)
    assert first == second
    assert "plugins.zip" in first


def test_caches_and_what_editors_leave_are_left_out(build, checkout, tmp_path):
    for name in ("__pycache__/plan.cpython-312.pyc", ".ipynb_checkpoints/plan.py", "plan.py~"):
        path = checkout / "dags" / "retime" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("left over")
    assert contents(build_mwaa(tmp_path / "build", source=checkout)) == contents(build)


def test_a_folder_that_is_there_is_not_built_over(tmp_path):
    (tmp_path / "mine").write_text("mine")
    command = [sys.executable, str(ROOT / "scripts" / "build_mwaa.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "remove it" in done.stderr
    assert contents(tmp_path).keys() == {"mine"}


@pytest.mark.parametrize("version", VERSIONS)
def test_pip_takes_the_requirements_and_holds_others_to_the_versions_of_mwaa(
    build, tmp_path, version
):
    """MWAA gives pip the file, and AIRFLOW_VERSION; it must not need the network."""
    text = (build / "requirements.txt").read_text()
    file = tmp_path / "requirements.txt"
    file.write_text(text.replace("/usr/local/airflow", str(build)))
    install = [str(Path(sys.executable).parent / "uv"), "pip", "install", "--dry-run", "--no-index"]
    command = [*install, "--python", sys.executable, "-r", str(file)]
    environment = {**os.environ, "AIRFLOW_VERSION": version}
    subprocess.run(command, env=environment, check=True, capture_output=True)

    file.write_text(file.read_text() + "apache-airflow-providers-amazon==1.0\n")
    refused = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert refused.returncode == 1
    pinned = {"2.11.2": "9.22.0", "3.3.1": "9.34.0"}[version]
    assert f"apache-airflow-providers-amazon=={pinned}" in refused.stderr.replace("\n", "")


def test_the_constraints_name_versions_only():
    for version in VERSIONS:
        lines = (ROOT / "mwaa" / f"constraints-{version}.txt").read_text().splitlines()
        pins = [line for line in lines if not line.startswith("#")]
        assert pins
        assert all(line.count("==") == 1 and not set(line) & set(" /@;") for line in pins)
