"""The tutorial's page: its commands with what they print, and a shell that runs them."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
_BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
_PATIENCE = 1200


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Commands of the page, and the lines that it shows of what they print."""

    commands: str
    shown: tuple[str, ...]


def steps() -> list[Step]:
    """The steps of the page, in order."""
    return [
        Step(commands=commands, shown=tuple(shown.splitlines()))
        for commands, shown in _BLOCK.findall(PAGE.read_text())
    ]


def copy_checkout(folder: Path, venv: Path) -> None:
    """Copy what a clone would have, with its environments; the page writes into it."""
    listed = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in files.splitlines():
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            # With its time: make compares it with that of the environment.
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(venv)
    (folder / ".venv-awscli").symlink_to(ROOT / ".venv-awscli")


def run_steps(folder: Path, commands: list[str]) -> list[str]:
    """Run commands one after the other in one shell; return what each printed.

    Raises:
        AssertionError: one failed; shows the end of what it printed.
    """
    foreign = ("AIRFLOW", "AWS_", "RETIME_", "PYTHON", "VIRTUAL_ENV", "MAKE", "MFLAGS", "PYTEST")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    printed = [folder / f"step-{number}.txt" for number in range(len(commands))]
    script = "set -eo pipefail\n" + "".join(
        f"{{ {each}\n}} > {path} 2>&1\n" for each, path in zip(commands, printed, strict=True)
    )
    done = subprocess.run(
        ("bash", "-c", script), cwd=folder, env=environment, timeout=_PATIENCE, check=False
    )
    texts = [path.read_text() for path in printed if path.exists()]
    assert done.returncode == 0, f"step {len(texts)} failed:\n{texts[-1][-3000:]}"
    return texts
