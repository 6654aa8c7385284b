"""A build, unpacked as Amazon MWAA does, and Airflow in an environment like that of its image.

https://github.com/aws/amazon-mwaa-docker-images: AIRFLOW_HOME is the working directory and holds
dags/, plugins/ and requirements/; PYTHONPATH is a folder of the image's own; a task gets a Python
of its own; the connection aws_default names nothing, so that the role of the container is used.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from demo.environment import ROOT, aws_environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Mwaa:
    """An environment of MWAA under a folder, with an AWS endpoint in the place of AWS.

    Attributes:
        root: the folder.
        endpoint: of AWS.
        python: one that has Airflow.
        version: of Airflow.
    """

    root: Path
    endpoint: str
    python: Path
    version: str

    @property
    def home(self) -> Path:
        """AIRFLOW_HOME."""
        return self.root / "usr" / "local" / "airflow"

    @property
    def environment(self) -> dict[str, str]:
        """All that a process sees; nothing of the caller's."""
        return {
            **aws_environment(self.endpoint),
            "AWS_REGION": aws_environment(self.endpoint)["AWS_DEFAULT_REGION"],
            "PATH": f"{self.python.parent}{os.pathsep}/usr/bin:/bin",
            "HOME": str(self.home),
            "PYTHONPATH": str(self.root / "python"),
            "PYTHONUNBUFFERED": "1",
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW_VERSION": self.version,
            "AIRFLOW_CONN_AWS_DEFAULT": "aws://",
            "AIRFLOW__CORE__EXECUTE_TASKS_NEW_PYTHON_INTERPRETER": "True",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__SCHEDULER__STANDALONE_DAG_PROCESSOR": "True",
        }

    def unpack(self, build: Path) -> None:
        """Put a build where MWAA does."""
        (self.root / "python").mkdir(parents=True)
        shutil.copytree(build / "dags", self.home / "dags")
        plugins = self.home / "plugins"
        plugins.mkdir()
        if (build / "plugins.zip").exists():
            zipfile.ZipFile(build / "plugins.zip").extractall(plugins)
        requirements = (build / "requirements.txt").read_text()
        (self.home / "requirements").mkdir()
        (self.home / "requirements" / "requirements.txt").write_text(
            requirements.replace("/usr/local/airflow", str(self.home))
        )

    def run(self, *arguments: str) -> str:
        """Run Python there; return what it prints."""
        command = [str(self.python), "-W", "ignore", *arguments]
        done = subprocess.run(
            command, env=self.environment, cwd=self.home, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}:\n{done.stdout[-8000:]}\n{done.stderr[-8000:]}"
        return done.stdout

    def airflow(self, *arguments: str) -> str:
        """Run Airflow's command line there."""
        return self.run("-m", "airflow", *arguments)


def build_mwaa(target: Path, *, source: Path = ROOT) -> Path:
    """Build from a checkout into a folder that is not there yet; return it."""
    command = [sys.executable, str(source / "scripts" / "build_mwaa.py"), str(target)]
    subprocess.run(command, check=True, capture_output=True)
    return target
