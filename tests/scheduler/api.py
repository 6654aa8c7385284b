"""Airflow's REST API, as its UI uses it."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.scheduler.parcels import YESTERDAY

FINISHED = ("success", "failed")
# Not a measure of anything: a machine may be busy.
SECONDS = 1200


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """A client of /api/v2; nobody has to log in."""

    url: str

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return status and answer."""
        request = urllib.request.Request(
            f"{self.url}/api/v2/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text, status = answer.read(), answer.status
        except urllib.error.HTTPError as error:
            text, status = error.read(), error.code
        return status, json.loads(text) if text else None

    def do(self, method: str, path: str, body: Any = None) -> Any:
        """Return the answer to a call that must succeed."""
        status, answer = self.call(method, path, body)
        assert status < 300, f"{method} {path}: {status} {answer}"
        return answer

    def wait_for_dags(self, dag_ids: Sequence[str]) -> None:
        """Wait until the DAG processor has read all of them."""
        wait_for(
            lambda: all(self.call("GET", f"dags/{dag_id}")[0] == 200 for dag_id in dag_ids),
            f"the DAGs; import errors: {self.do('GET', 'importErrors')}",
        )

    def set_paused(self, dag_id: str, *, is_paused: bool) -> None:
        self.do("PATCH", f"dags/{dag_id}?update_mask=is_paused", {"is_paused": is_paused})

    def pause_all(self) -> None:
        self.do("PATCH", "dags?dag_id_pattern=%25&update_mask=is_paused", {"is_paused": True})

    def set_variable(self, key: str, value: str) -> None:
        status, _ = self.call("PATCH", f"variables/{key}", {"key": key, "value": value})
        if status == 404:
            self.do("POST", "variables", {"key": key, "value": value})

    def trigger(self, dag_id: str, **params: Any) -> str:
        """Start a manual run, as the form of the UI does; return its id."""
        body = {"logical_date": None, "conf": params}
        return str(self.do("POST", f"dags/{dag_id}/dagRuns", body)["dag_run_id"])

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return a DAG's runs, by their dates; not of a date that ended during the tests."""
        found: list[dict[str, Any]] = self.do("GET", f"dags/{dag_id}/dagRuns?limit=100")["dag_runs"]
        runs = [run for run in found if (run["logical_date"] or "")[:10] <= str(YESTERDAY)]
        return sorted(runs, key=lambda run: (run["logical_date"] or "", run["run_after"]))

    def starts(self, dag_id: str) -> dict[str, str]:
        """Return when the run of each date was last started."""
        return {run["logical_date"][:10]: run["start_date"] for run in self.runs(dag_id)}

    def wait_for_runs(self, dag_id: str, count: int) -> list[dict[str, Any]]:
        """Wait until a DAG has so many runs and all are finished."""

        def look() -> list[dict[str, Any]] | None:
            runs = self.runs(dag_id)
            done = [run for run in runs if run["state"] in FINISHED]
            return runs if len(done) == len(runs) >= count else None

        found: list[dict[str, Any]] = wait_for(look, f"{count} runs of {dag_id}", pause=2)
        return found

    def wait_for_backfills(self, dag_id: str) -> None:
        """Wait until no backfill of a DAG is under way."""

        def look() -> bool:
            backfills = self.do("GET", f"backfills?dag_id={dag_id}")["backfills"]
            return all(backfill["completed_at"] for backfill in backfills)

        wait_for(look, f"the backfill of {dag_id}", pause=2)

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        return dict(self.do("GET", f"dags/{dag_id}/dagRuns/{quote(run_id)}"))

    def tasks(self, dag_id: str, run_id: str) -> dict[tuple[str, int], dict[str, Any]]:
        """Return the task instances of a run, by task and map index."""
        path = f"dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances?limit=100"
        found = self.do("GET", path)["task_instances"]
        return {(ti["task_id"], ti["map_index"]): ti for ti in found}

    def state(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> str | None:
        ti = self.tasks(dag_id, run_id).get((task_id, map_index))
        return ti["state"] if ti else None

    def returned(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """Return what an unmapped task returned."""
        path = f"dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/xcomEntries"
        return self.do("GET", f"{path}/return_value?deserialize=true")["value"]

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1) -> str:
        """Return what a task logged, as JSON."""
        path = f"dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/logs/{try_number}"
        return json.dumps(self.do("GET", f"{path}?full_content=true"))

    def events(self, dag_id: str, event: str) -> list[str]:
        """Return what Airflow's audit log says of events of one kind, of one DAG."""
        path = f"eventLogs?dag_id={dag_id}&event={quote(event)}"
        return [entry["extra"] for entry in self.do("GET", path)["event_logs"]]

    def clear_tasks(self, dag_id: str, run_id: str, tasks: Sequence[Any], **more: Any) -> None:
        """Clear task instances, as the UI does: with what follows them."""
        body = {"dry_run": False, "dag_run_id": run_id, "task_ids": list(tasks)}
        options = {"only_failed": False, "include_downstream": True, "reset_dag_runs": True}
        self.do("POST", f"dags/{dag_id}/clearTaskInstances", {**body, **options, **more})

    def clear_run(self, dag_id: str, run_id: str) -> None:
        self.do("POST", f"dags/{dag_id}/dagRuns/{quote(run_id)}/clear", {"dry_run": False})

    def slots(self) -> dict[str, int]:
        """Return how many slots of the only pool tasks hold."""
        pool = self.do("GET", "pools/default_pool")
        return {name: pool[f"{name}_slots"] for name in ("running", "queued", "deferred")}

    def wait_for_run(self, dag_id: str, run_id: str, state: str = "success") -> dict[str, Any]:
        """Wait until a run is finished, which must be in this state."""
        run = wait_for(
            lambda: r if (r := self.run(dag_id, run_id))["state"] in FINISHED else None,
            f"{dag_id} {run_id}",
        )
        states = {key: ti["state"] for key, ti in self.tasks(dag_id, run_id).items()}
        assert run["state"] == state, states
        return dict(run)


def wait_for(look: Callable[[], Any], what: str, *, pause: float = 0.5) -> Any:
    """Look until there is something to see; return it."""
    deadline = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, f"still waiting for {what} after {SECONDS} s"
        time.sleep(pause)
    return found
