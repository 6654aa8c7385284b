"""Where Airflow is at home in these tests, and how to wait less.

Not in conftest.py: pytest loads that under another name, so to import it would make another home.
"""

import tempfile
import time
from pathlib import Path

import pytest

from demo.environment import Home

HOME = Home(path=Path(tempfile.mkdtemp(prefix="retime-tests-")))


def sleep_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten every sleep: a run in this process sleeps a second whenever no task is ready."""
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.05)))
