"""docker-compose.yaml, as far as it can be checked without a Docker engine."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import airflow
import pytest
import yaml

from demo.environment import ROOT, Home, airflow_environment
from local_aws.__main__ import LOOPBACK, _parse
from retime.dataset.settings import read_settings

TEXT = (ROOT / "docker-compose.yaml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
AIRFLOW = {name: s for name, s in SERVICES.items() if s["image"].startswith("apache/airflow:")}
EXAMPLE = dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.M))
VARIABLE = re.compile(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}")
CONDITIONS = {"service_healthy", "service_completed_successfully"}

every_service = pytest.mark.parametrize("name", SERVICES)
every_airflow = pytest.mark.parametrize("name", AIRFLOW)


def is_one_shot(name: str) -> bool:
    return SERVICES[name]["restart"] == "no"


def environment(name: str) -> dict[str, str]:
    """The environment of a service, its variables replaced as Compose does with none set."""
    given = SERVICES[name]["environment"]
    return {key: VARIABLE.sub(lambda match: match[3], value) for key, value in given.items()}


def airflow_options() -> set[str]:
    """AIRFLOW__<SECTION>__<OPTION> of everything that Airflow's configuration knows."""
    path = Path(airflow.__path__[0]) / "config_templates" / "config.yml"
    sections = yaml.safe_load(path.read_text())
    return {
        f"AIRFLOW__{section}__{option}".upper()
        for section, content in sections.items()
        for option in content["options"]
    }


def settings_of_retime() -> set[str]:
    """RETIME_<NAME> of every setting that tasks look up."""
    asked: set[str] = {"include"}

    def lookup(name: str) -> str | None:
        asked.add(name)
        return "x" if name == "database" else None

    read_settings(lookup)
    for path in (ROOT / "include" / "datasets").glob("*.yaml"):
        asked.update(re.findall(r"s3://\$\{([a-z_]+)\}", path.read_text()))
    return {f"RETIME_{name.upper()}" for name in asked}


def foreign_modules(paths: Iterable[Path]) -> Iterator[str]:
    """The top-level modules of others that files of ours import, directly or by one another."""
    ours, seen = list(paths), set()
    while ours:
        path = ours.pop()
        if path in seen:
            continue
        seen.add(path)
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in map(str, names):
                file = ROOT / f"{name.replace('.', '/')}.py"
                if file.exists():
                    ours.append(file)
                elif not (ROOT / name.replace(".", "/")).is_dir():
                    yield name.partition(".")[0]


@every_service
def test_a_service_has_an_image_with_a_version_or_is_built(name):
    image = SERVICES[name]["image"]
    assert "build" in SERVICES[name] or re.search(r":\d", image), f"pin the version of {image}"


@every_service
def test_a_service_tells_whether_it_is_healthy_or_runs_once(name):
    assert is_one_shot(name) != ("healthcheck" in SERVICES[name])


@every_service
def test_a_health_check_is_a_command_that_is_given_time(name):
    check = SERVICES[name].get(
        "healthcheck", {"test": ["CMD", "true"], "interval": 1, "retries": 1}
    )
    assert check["test"][0] == "CMD"
    assert len(check["test"]) > 1
    assert all(isinstance(part, str) for part in check["test"])
    assert {"interval", "retries"} <= set(check)
    if "python" in check["test"]:
        compile(check["test"][-1], name, "exec")


@every_service
def test_a_service_waits_for_services_that_can_come_to_the_state_it_waits_for(name):
    for other, wanted in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        assert wanted["condition"] in CONDITIONS
        assert is_one_shot(other) == (wanted["condition"] == "service_completed_successfully")


def test_services_do_not_wait_for_each_other_in_a_circle():
    waiting = {name: set(service.get("depends_on", {})) for name, service in SERVICES.items()}
    while waiting:
        ready = {name for name, others in waiting.items() if not others & set(waiting)}
        assert ready, f"these wait for each other: {sorted(waiting)}"
        waiting = {name: others for name, others in waiting.items() if name not in ready}


@every_service
def test_a_port_is_bound_to_loopback(name):
    for port in SERVICES[name].get("ports", ()):
        address, _, rest = port.partition(":")
        assert address in LOOPBACK
        assert re.fullmatch(r"\$\{[A-Z_]+:-\d+\}:\d+", rest)


@every_service
def test_what_is_mounted_is_there_and_cannot_be_written(name):
    for volume in SERVICES[name].get("volumes", ()):
        source, target, *mode = volume.split(":")
        if source.startswith("."):
            assert (ROOT / source).is_dir(), f"{source} is not in the repository"
            assert mode == ["ro"], f"mount {source} read-only"
        else:
            assert source in COMPOSE["volumes"]
        assert target.startswith("/")


def test_every_volume_is_used():
    used = {v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", ())}
    assert set(COMPOSE["volumes"]) == {source for source in used if not source.startswith(".")}


def test_every_variable_is_in_the_example_with_its_default_or_empty_if_it_must_be_given():
    found = {name: (kind, value) for name, kind, value in VARIABLE.findall(TEXT)}
    assert set(found) == set(EXAMPLE)
    for name, (kind, value) in found.items():
        assert (kind, EXAMPLE[name]) in ((":-", value), (":?", "")), name
    assert "$" not in VARIABLE.sub("", TEXT), "write variables as ${NAME:-default} or ${NAME:?why}"


@every_service
def test_a_secret_comes_from_a_variable_that_must_be_given(name):
    for key, value in SERVICES[name]["environment"].items():
        if re.search("PASSWORD|SECRET|_KEY|TOKEN", key):
            assert re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value), f"{key} is written in the file"
        for password in re.findall(r"://\w+:([^@]+)@", value):
            assert password.startswith("${")


@every_service
def test_environment_values_are_text(name):
    """An unquoted true or 1 would become whatever the reader of the YAML makes of it."""
    assert all(isinstance(value, str) for value in SERVICES[name]["environment"].values())


@pytest.mark.skipif(airflow.__version__ < "3", reason="the file is of Airflow 3")
@every_airflow
def test_airflow_and_retime_know_every_setting(name):
    known = airflow_options() | settings_of_retime() | {"AIRFLOW_CONN_AWS_DEFAULT"}
    assert set(environment(name)) - known == set()


def test_tasks_reach_local_aws_as_in_the_demo(tmp_path):
    demo = airflow_environment(Home(path=tmp_path), "http://local-aws:5000")
    given = environment("scheduler")
    connection = "AIRFLOW_CONN_AWS_DEFAULT"
    assert json.loads(given[connection]) == json.loads(demo[connection])
    ours = {name: value for name, value in given.items() if name.startswith("RETIME_")}
    assert ours == {name: demo[name] for name in ours} | {"RETIME_POLL_SECONDS": "1"}


@every_airflow
def test_airflow_is_the_version_that_is_developed_against(name):
    version = re.search(r"^apache-airflow==(\S+)$", (ROOT / "constraints.txt").read_text(), re.M)
    assert version
    assert AIRFLOW[name]["image"] == f"apache/airflow:{version[1]}-python3.12"


def test_the_command_line_of_local_aws_is_one_that_it_takes():
    program, *arguments = SERVICES["local-aws"]["command"]
    assert (program, arguments[:2]) == ("python", ["-m", "local_aws"])
    options = _parse(arguments[2:])
    assert options.allow_remote == (options.host not in LOOPBACK)
    targets = [volume.split(":")[1] for volume in SERVICES["local-aws"]["volumes"]]
    assert str(options.data_dir) in targets, "keep the data in a volume"
    assert SERVICES["local-aws"]["ports"][0].endswith(f":{options.port}")
    assert f":{options.port}/" in SERVICES["local-aws"]["healthcheck"]["test"][-1]
    assert f"http://local-aws:{options.port}" in SERVICES["local-aws-init"]["command"][-1]


def test_the_image_of_local_aws_has_it_and_what_the_demo_imports_besides():
    service = SERVICES["local-aws"]
    dockerfile = service["build"]["dockerfile_inline"].replace("\\\n", " ")
    packages = dockerfile.partition("--constraint constraints.txt")[2].split()
    tree = ast.parse(SERVICES["local-aws-init"]["command"][-1])
    scripts = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
    roots = [ROOT / f"{module.replace('.', '/')}.py" for module in map(str, scripts)]
    assert all(root.exists() for root in roots)
    modules = set(foreign_modules(roots)) - sys.stdlib_module_names
    known = metadata.packages_distributions()
    needed = {name for module in modules for name in known.get(module, [module])}
    needed -= {"botocore"}  # boto3 brings it
    assert {"./local_aws", *needed} == {*packages}


def test_the_health_check_of_local_aws_passes_when_it_is_up_and_fails_when_it_is_not(aws):
    program = SERVICES["local-aws"]["healthcheck"]["test"][-1]
    for port, code in ((aws.server.port, 0), (1, 1)):
        check = program.replace(":5000/", f":{port}/")
        done = subprocess.run([sys.executable, "-c", check], capture_output=True)
        assert done.returncode == code, done.stderr


def test_the_file_keeps_to_the_compose_specification():
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*check, str(ROOT / "docker-compose.yaml")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
