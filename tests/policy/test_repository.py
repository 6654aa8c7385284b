"""What people expect of a repository, and that it does not contradict itself."""

import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import sqlfluff
import trino_query_parser
import yaml

from retime.dataset.reader import load_data_set
from retime.raw.table import RawTable
from retime.statements import rendering
from tests.policy.conftest import ROOT
from tests.unit.samples import days, source

README = (ROOT / "README.md").read_text()
BLOCK = re.compile(
    r"^```(?:yaml|sql)\n(?:#|--) include/([\w/.]+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("*/*.md")])


def lines_of(name: str) -> list[str]:
    """The lines of a requirements file that are not comments."""
    lines = (ROOT / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def project() -> str:
    return (ROOT / "pyproject.toml").read_text().partition("[tool.")[0]


# The data set of the README.


@pytest.fixture
def include(tmp_path: Path) -> Path:
    """An include folder with the files that the README shows."""
    shown = BLOCK.findall(README)
    assert len(shown) == 3, "show one YAML file and two SQL files, each with its path"
    for path, text in shown:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_the_readme_is_short_and_so_is_its_data_set():
    assert README.count("\n") < 150
    assert sum(text.count("\n") for _, text in BLOCK.findall(README)) <= 25


def test_the_data_set_of_the_readme_can_be_built(include):
    (path,) = include.glob("datasets/*.yaml")
    data_set = load_data_set(path)
    raw = RawTable(
        database="db",
        name=data_set.raw.table,
        columns=dict.fromkeys(("click_id", "page", "clicked_at"), "string"),
        partitioning=data_set.raw.partitioning,
        is_json=True,
    )
    of_slice = source(days("2026-11-01"), data_set=data_set, raw=raw)
    for statement in (
        rendering.render_stage(of_slice, '"db"."t"'),
        rendering.render_quarantine(of_slice, '"db"."q"'),
        rendering.render_audit(of_slice, '"db"."t"', '"db"."q"'),
    ):
        trino_query_parser.parse_statement(statement)
        found = sqlfluff.lint(statement, dialect="athena", config_path=str(ROOT / "pyproject.toml"))
        assert not found


# Pages.


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        if path.startswith(("http:", "https:")):
            continue
        to = page.parent / path if path else page
        assert to.exists(), f"{page.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", to.read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
            assert anchor in anchors, f"{page.name} links to {target}"


def test_the_picture_of_the_two_clocks_stands_alone():
    """Readable without colours, fonts or images from elsewhere, and to a screen reader."""
    path = ROOT / "docs" / "two-clocks.svg"
    root = ET.fromstring(path.read_text())
    names = {child.tag.rpartition("}")[2] for child in root}
    assert {"title", "desc"} <= names
    assert not re.findall(r"""(?:href|src)="(?!#)|url\((?!#)|@import""", path.read_text())


# Versions.


def test_the_metadata_names_what_is_installed():
    listed = re.search(r"^dependencies = \[(.*?)\]", project(), re.MULTILINE | re.DOTALL)
    assert listed
    assert re.findall(r'"([^"]+)"', listed[1]) == lines_of("requirements.txt")


def test_the_version_is_the_newest_of_the_changelog():
    text = (ROOT / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    versions = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d", h) for h in headings[1:]]
    assert all(versions), "write a version as [1.2.3] - 2024-03-28"
    assert f'version = "{versions[0][1]}"' in project()
    groups = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert groups <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_hooks_of_pre_commit_run_the_pinned_tools():
    pinned = {line.partition("==")[0] for line in lines_of("constraints.txt")}
    configuration = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    for repository in configuration["repos"]:
        assert repository["repo"] == "local", "a version here would drift from constraints.txt"
        for hook in repository["hooks"]:
            assert hook["language"] == "system"
            assert not hook.get("additional_dependencies")
            folder, tool = hook["entry"].split()[0].rsplit("/", 1)
            assert folder == ".venv/bin"
            assert tool in pinned


# The forms and the workflow of the hosting platform.


def load(path: str) -> Any:
    return yaml.safe_load((ROOT / ".github" / path).read_text())


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-workflows", "workflows/ci.yml"),
        ("vendor.github-issue-forms", "ISSUE_TEMPLATE/bug.yml"),
        ("vendor.github-issue-config", "ISSUE_TEMPLATE/config.yml"),
    ],
)
def test_a_file_of_the_platform_fits_its_schema(schema, path):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    done = subprocess.run(
        [*command, str(ROOT / ".github" / path)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_runs_what_ci_runs():
    job = load("workflows/ci.yml")["jobs"]["test"]
    assert "bash .ci/run" in [step.get("run") for step in job["steps"]]
    (python,) = [s for s in job["steps"] if s.get("uses", "").startswith("actions/setup-python@")]
    of_ci = re.search(r"for other in ([\d. ]+);", (ROOT / ".ci" / "run").read_text())
    assert of_ci
    assert set(python["with"]["python-version"].split()) == set(of_ci[1].split())


def test_a_report_of_a_bug_has_what_leads_to_its_cause():
    fields = {field.get("id") for field in load("ISSUE_TEMPLATE/bug.yml")["body"]}
    assert {"run", "query", "retime", "airflow", "provider"} <= fields


# An installation.


def test_the_installed_package_finds_its_sql(tmp_path):
    """As the wheel lays it out: pyproject.toml includes the SQL in the package."""
    assert (
        '"include/sql/retime" = "retime/include/sql/retime"'
        in (ROOT / "pyproject.toml").read_text()
    )
    shutil.copytree(ROOT / "dags" / "retime", tmp_path / "retime")
    shutil.copytree(ROOT / "include/sql/retime", tmp_path / "retime/include/sql/retime")
    done = subprocess.run(
        [sys.executable, "-m", "retime", "check", str(ROOT / "include")],
        env={"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
