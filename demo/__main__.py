"""The local stack by commands: `python -m demo run|up|down|env`; `make help` tells what they do."""

import json
import shlex
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from demo import summary
from demo.account import client, set_up
from demo.coverage import write_page
from demo.data import DAILY_DATE, RANGE, land_demo, raw_size
from demo.environment import DATABASE, ROOT, WORKGROUP, Home, airflow_environment
from demo.processes import StackError, is_on_trino, is_running, start, start_aws, stop, stop_aws
from demo.stack import AIRFLOW_COMPONENTS, api_environment, finish, prepare_airflow, start_airflow

UP = Home(path=ROOT / ".local" / "up")
DEMO = Home(path=ROOT / ".local" / "demo")
PAGE = DEMO.path / "traffic.html"


def main(arguments: list[str]) -> int:
    """Run a command; exit code 1 with a sentence when it cannot."""
    commands: dict[str, Callable[[], int]] = {"run": run, "up": up, "down": down, "env": env}
    if len(arguments) != 1 or arguments[0] not in commands:
        print(f"usage: python -m demo {'|'.join(commands)}", file=sys.stderr)
        return 2
    try:
        return commands[arguments[0]]()
    except StackError as error:
        print(error, file=sys.stderr)
        return 1


def run() -> int:
    """Land six days of traffic, run the DAG twice, show what came of it."""
    tell = _teller()
    _remove(DEMO)
    endpoint = start_aws(DEMO, keep=False)
    try:
        environment = airflow_environment(DEMO, endpoint)
        migrate = prepare_airflow(DEMO, environment)
        s3 = client("s3", endpoint)
        set_up(endpoint)
        land_demo(s3, tell)
        tell("preparing Airflow")
        finish(DEMO, "migrate", migrate)
        daily, ranged = _run_pipeline(environment, tell)
        states = write_page(environment, PAGE)
        tell("")
        rows = _query(client("athena", endpoint), summary.QUERY)
        print("\n".join(summary.describe(daily, ranged, raw_size(s3), rows)))
        print(f"{states}; see {PAGE.relative_to(ROOT)}")
    finally:
        stop_aws(DEMO)
    return 0


def up() -> int:
    """Serve Airflow's UI and local_aws with the demo's data until `down`."""
    has_engine = is_running(UP, "trino") == is_on_trino()
    if has_engine and is_running(UP, "aws") and is_running(UP, "api-server"):
        _tell_up()
        return 0
    down()
    tell = _teller()
    endpoint = start_aws(UP, keep=True)
    set_up(endpoint)
    environment = airflow_environment(UP, endpoint)
    migrate = prepare_airflow(UP, environment)
    land_demo(client("s3", endpoint), tell)
    tell("preparing Airflow")
    finish(UP, "migrate", migrate)
    tell("starting Airflow")
    start_airflow(UP, environment)
    tell("")
    _tell_up()
    return 0


def down() -> int:
    """End what `up` started; the data stays for the next time."""
    stopped = [name for name in AIRFLOW_COMPONENTS if stop(UP, name)] + stop_aws(UP)
    if stopped:
        print(f"stopped {', '.join(stopped)}; the data stays in {UP.path.relative_to(ROOT)}")
    return 0


def env() -> int:
    """Print what a shell needs to reach what `up` started."""
    port, api = UP.port("aws"), UP.port("api-server")
    if port is None or api is None or not is_running(UP, "aws"):
        print('nothing is running: `make up` first, then eval "$(make -s env)"', file=sys.stderr)
        return 1
    environment = airflow_environment(UP, f"http://127.0.0.1:{port}") | api_environment(api)
    # The AWS CLI of scripts/install-awscli comes last: if there is another, that one is used.
    environment["PATH"] = f"{Path(sys.executable).parent}:$PATH:{ROOT / '.venv-awscli' / 'bin'}"
    for key, value in environment.items():
        quoted = f'"{value}"' if key == "PATH" else shlex.quote(value)
        print(f"export {key}={quoted}")
    return 0


def _run_pipeline(
    environment: dict[str, str], tell: Callable[[str], None]
) -> tuple[dict[str, Any], dict[str, Any]]:
    results = DEMO.path / "results.jsonl"
    process = start(DEMO, "pipeline", ["demo.pipeline", str(results)], environment)
    titles = (f"running the DAG for {DAILY_DATE}", f"running the DAG for {RANGE[0]} to {RANGE[1]}")
    for done, title in enumerate(titles):
        tell(title)
        while process.poll() is None and len(_lines(results)) <= done:
            time.sleep(0.1)
    finish(DEMO, "pipeline", process)
    daily, ranged = (json.loads(line)["report"] for line in _lines(results))
    return daily, ranged


def _query(athena: Any, sql: str) -> list[list[str | None]]:
    """Return the rows of a query, the names of its columns first."""
    query = athena.start_query_execution(
        QueryString=sql, WorkGroup=WORKGROUP, QueryExecutionContext={"Database": DATABASE}
    )
    query_id = query["QueryExecutionId"]
    while True:
        status = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]
        if status["State"] == "SUCCEEDED":
            break
        if status["State"] in ("FAILED", "CANCELLED"):
            raise StackError(f"the query failed: {status.get('StateChangeReason')}")
        time.sleep(0.1)
    rows = athena.get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
    return [[datum.get("VarCharValue") for datum in row["Data"]] for row in rows]


def _tell_up() -> None:
    print(f"Airflow    http://127.0.0.1:{UP.port('api-server')}  (no login: you are admin)")
    print(f"local AWS  http://127.0.0.1:{UP.port('aws')}  (any credentials)")
    print('Reach both from a shell: eval "$(make -s env)"   Stop them: make down')


def _teller() -> Callable[[str], None]:
    """Return what tells of progress: one line that changes on a terminal, else a line each."""
    began = time.monotonic()
    is_terminal = sys.stderr.isatty()

    def tell(what: str) -> None:
        if is_terminal:
            print(f"\r\033[K{what}", end="", file=sys.stderr, flush=True)
        elif what:
            print(f"[{time.monotonic() - began:4.0f} s] {what}", file=sys.stderr, flush=True)

    return tell


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _remove(home: Home) -> None:
    stop_aws(home)
    shutil.rmtree(home.path, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
