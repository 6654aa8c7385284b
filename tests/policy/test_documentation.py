"""Every key of a data set's file and every setting of an environment is documented."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from retime.dataset.reader import load_data_set
from retime.dataset.settings import read_notification, read_settings
from retime.dataset.yaml_reader import _REQUIRED as REQUIRED
from retime.dataset.yaml_reader import Section

ROOT = Path(__file__).resolve().parents[2]
DATA_SETS = sorted((ROOT / "include" / "datasets").glob("*.yaml"))
KEYS_PAGE = ROOT / "docs" / "adding-a-dataset.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What the reader knows of a key: how it reads a value, and what it takes for a missing one."""

    read: Callable[[Any], Any]
    default: Any


def keys_of_data_sets() -> dict[str, Key]:
    """Every key that the reader asks for, dotted, whether a file gives it or not."""
    taken: dict[str, Key] = {}
    take = Section.take

    def noting(self: Section, key: str, read: Any, allowed: str, default: Any = REQUIRED):
        taken[f"{self.key}.{key}" if self.key else key] = Key(read=read, default=default)
        return take(self, key, read, allowed, default)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Section, "take", noting)
        load_data_set(DATA_SETS[0])
    return taken


KEYS = keys_of_data_sets()


def settings_of_environments() -> list[str]:
    """Every setting that tasks look up, and those that the data sets' locations name."""
    asked: list[str] = []

    def lookup(name: str) -> str | None:
        asked.append(name)
        return "x" if name == "database" else None

    read_settings(lookup)
    read_notification(lookup)
    for path in DATA_SETS:
        asked += re.findall(r"\$\{([a-z_]+)\}", path.read_text().partition("\nname:")[2])
    return sorted(set(asked))


def read(*paths: Path) -> str:
    return "\n".join(path.read_text() for path in paths if path.is_file())


def documented_keys() -> list[tuple[str, str]]:
    """Key and default of each row `key`, type, default, meaning of the tables of keys."""
    tables = read(KEYS_PAGE).partition("\n## YAML keys\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([a-z_.]+)` \| .+ \| (.+) \| .+ \|$", tables, re.M)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_a_data_set_has_a_row_of_its_own(key):
    rows = [name for name, _ in documented_keys()].count(key)
    assert rows == 1, (
        f"{KEYS_PAGE.name} has {rows} rows of it in the tables of keys; "
        f"have one: | `{key}` | type | default | meaning |"
    )


def test_no_row_is_of_a_key_that_is_not_there():
    told = {name for name, _ in documented_keys()} - set(KEYS)
    assert not told, f"remove from {KEYS_PAGE.name}: {', '.join(sorted(told))}"


@pytest.mark.parametrize("key", KEYS)
def test_the_default_of_a_key_is_the_one_that_is_documented(key):
    told, reader = dict(documented_keys()).get(key), KEYS[key]
    if reader.default is REQUIRED:
        assert told == "required"
    elif not reader.default and told == "none":
        assert reader.default in (None, (), {})
    else:
        assert told
        assert reader.read(yaml.safe_load(told.strip("`"))) == reader.default


@pytest.mark.parametrize("name", settings_of_environments())
def test_a_setting_of_an_environment_is_documented(name):
    path, variable = ROOT / "docs" / "deploying.md", f"RETIME_{name.upper()}"
    row = rf"^\| `{name}` \| `{variable}` \| .+ \| .+ \|$"
    assert re.search(row, read(path), re.M), f"tell in the settings of {path.name} of {variable}"


def test_a_variable_of_the_environment_that_the_code_reads_is_documented():
    code = read(*(ROOT / "dags").rglob("*.py"), *(ROOT / "plugins").rglob("*.py"))
    reads = re.findall(r"environ(?:\.get\(|\[)\s*f?\"([^\"]+)\"", code)
    # Settings are read under a name that is put together.
    assert set(reads) == {"RETIME_INCLUDE", "RETIME_{name.upper()}", "NO_COLOR"}
    assert "`NO_COLOR=1`" in read(ROOT / "docs" / "coverage.md")
    assert "`RETIME_INCLUDE`" in read(ROOT / "docs" / "deploying.md")


def test_the_defaults_of_settings_are_those_that_are_documented():
    rows = re.findall(
        r"^\| `(\w+)` \| `RETIME_\w+` \| `(\w+)` \|", read(ROOT / "docs" / "deploying.md"), re.M
    )
    told = dict(rows)
    given = read_settings({"database": "d"}.get)
    notification = read_notification(
        {"notify_topic_arn": "arn:aws:sns:eu-west-1:123456789012:t"}.get
    )
    assert notification
    assert told == {
        "workgroup": given.workgroup,
        "aws_conn_id": given.aws_conn_id,
        "deferrable": str(given.is_deferrable).lower(),
        "poll_seconds": f"{given.poll_seconds:g}",
        "notify_on": "both" if notification.is_of_success else "failure",
    }


def test_no_page_tells_of_a_setting_that_is_not_there():
    folders = [ROOT, *(ROOT / name for name in ("docs", "infra", "plugins", "tests"))]
    text = read(*(path for folder in folders for path in sorted(folder.glob("*.md"))))
    known = {f"RETIME_{name.upper()}" for name in (*settings_of_environments(), "include")}
    told = set(re.findall(r"\bRETIME_[A-Z_]+\b", text)) - {"RETIME_WRITE_GOLDEN"}
    assert told <= known, f"remove from the docs: {', '.join(sorted(told - known))}"
