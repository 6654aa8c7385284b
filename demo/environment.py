"""Where the local stack keeps things, and the environment that Airflow and AWS clients need."""

import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TRINO = ROOT / "local_aws" / "trino"
REGION = "eu-west-1"
RAW_BUCKET = "retime-raw"
PUBLISHED_BUCKET = "retime-published"
RESULTS_BUCKET = "retime-results"
DATABASE = "retime"
WORKGROUP = "retime"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A folder with everything that one local stack writes."""

    path: Path

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME."""
        return self.path / "airflow"

    @property
    def aws(self) -> Path:
        """The data directory of local_aws."""
        return self.path / "aws"

    @property
    def logs(self) -> Path:
        """What the processes print."""
        return self.path / "logs"

    def port(self, name: str) -> int | None:
        """Return the port that a process of the stack told, or None."""
        file = self.path / f"{name}.port"
        return int(file.read_text()) if file.exists() else None


def aws_environment(endpoint: str) -> dict[str, str]:
    """Return what AWS clients need to find local_aws."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": REGION,
        # Any will do: local_aws checks nobody. Short ones make Airflow warn about masking.
        "AWS_ACCESS_KEY_ID": "local-access-key",
        "AWS_SECRET_ACCESS_KEY": "local-secret-key",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def airflow_environment(home: Home, endpoint: str) -> dict[str, str]:
    """Return what Airflow needs to run the project's DAGs against local_aws."""
    connection = {
        "conn_type": "aws",
        "login": "local-access-key",
        "password": "local-secret-key",
        "extra": {"region_name": REGION, "endpoint_url": endpoint},
    }
    return {
        **aws_environment(endpoint),
        "AIRFLOW_HOME": str(home.airflow),
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__API_AUTH__JWT_SECRET": _secret(home),
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        "RETIME_RAW_BUCKET": RAW_BUCKET,
        "RETIME_PUBLISHED_BUCKET": PUBLISHED_BUCKET,
        "RETIME_DATABASE": DATABASE,
        "RETIME_WORKGROUP": WORKGROUP,
        # A local query takes a second: deferring it would take longer.
        "RETIME_DEFERRABLE": "false",
        "RETIME_POLL_SECONDS": "0.2",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def process_environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process of the stack; settings of the caller's own stay out."""
    foreign = ("AIRFLOW", "AWS_", "RETIME_", "PYTHONPATH", "PYTHONHOME")
    kept = {
        key: value
        for key, value in os.environ.items()
        if key == "RETIME_INCLUDE" or not key.startswith(foreign)
    }
    return {**kept, "PYTHONPATH": str(ROOT), **more}


def _secret(home: Home) -> str:
    # Airflow's processes sign their calls to each other with it: one for each stack.
    file = home.path / "jwt-secret"
    if not file.exists():
        home.path.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_hex(48))
    return file.read_text()
