"""Executions: their states, the queue, idempotency tokens."""

import contextlib
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import duckdb

from local_aws.athena.errors import QueryCancelledError, QueryError
from local_aws.athena.parse.statements import Statement
from local_aws.athena.run.results import Column

TERMINAL = ("SUCCEEDED", "FAILED", "CANCELLED")
_USER_CANCELLED = "Query cancelled by user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What StartQueryExecution asked for, with the work group's settings applied.

    Attributes:
        output: the directory of results, s3:// URI ending in "/"; "" for managed results.
        cutoff_bytes: BytesScannedCutoffPerQuery; 0 for none.
        enforces: does the work group enforce its settings?
    """

    sql: str
    statement: Statement
    region: str
    catalog: str
    database: str
    work_group: str
    output: str
    parameters: tuple[str, ...]
    cutoff_bytes: int = 0
    enforces: bool = False
    shown: dict[str, Any] = field(default_factory=dict)


class Interruptible(Protocol):
    """What runs a query and can be told to stop."""

    def interrupt(self) -> None:
        """Stop what runs now, if anything does."""
        ...


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a statement that ended well gives.

    Attributes:
        columns: of the result set.
        is_table: does the result object have a header (SELECT), or is it plain lines (DDL)?
        update_count: rows written, of a writing statement.
    """

    columns: tuple[Column, ...] = ()
    is_table: bool = False
    update_count: int | None = None
    manifest: str = ""


@dataclass(slots=True, kw_only=True)
class Execution:
    """One execution. Fields change under `lock`; a terminal state never changes."""

    id: str
    request: Request
    submitted: float
    state: str = "QUEUED"
    reason: str = ""
    error: dict[str, Any] | None = None
    started: float = 0.0
    planned: float = 0.0
    completed: float = 0.0
    scanned_bytes: int = 0
    output_location: str = ""
    outcome: Outcome = field(default_factory=Outcome)
    connection: Interruptible | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)

    def check_stopped(self) -> None:
        """Raise QueryCancelledError once the execution was stopped."""
        if self.stopped.is_set():
            raise QueryCancelledError(_USER_CANCELLED)

    def forget_tree(self) -> None:
        """Let the parsed statement go: a large one takes megabytes, and executions are kept."""
        statement = replace(self.request.statement, tree=None, node=None)
        self.request = replace(self.request, statement=statement)

    def finish(self, state: str, reason: str = "", error: dict[str, Any] | None = None) -> bool:
        """Enter a terminal state; False if one was reached before."""
        with self.lock:
            if self.state in TERMINAL:
                return False
            self.completed = time.time()
            self.state, self.reason, self.error = state, reason, error
            self.connection = None
        return True


def _interrupt(execution: Execution, connection: Interruptible) -> None:
    # An interrupt between two of the query's statements is lost, so it is repeated.
    while not execution.ended.is_set():
        with contextlib.suppress(duckdb.ConnectionException):
            connection.interrupt()
        execution.ended.wait(0.05)


class Executions:
    """All executions of the server.

    Args:
        run: runs an execution's statement to its outcome; raises QueryError.
        workers: how many run at once; the others are queued.
    """

    def __init__(self, run: Callable[[Execution], Outcome], *, workers: int = 8) -> None:
        self._run = run
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="athena")
        self._lock = threading.Lock()
        self._by_id: dict[str, Execution] = {}
        self._open: dict[str, Execution] = {}

    def get(self, execution_id: str) -> Execution | None:
        """The execution of that id."""
        return self._by_id.get(execution_id)

    def all(self) -> list[Execution]:
        """All executions, newest first."""
        with self._lock:
            return list(reversed(self._by_id.values()))

    def active(self, types: tuple[str, ...]) -> int:
        """How many of these statement types are queued or running."""
        with self._lock:
            return sum(
                one.state not in TERMINAL and one.request.statement.type in types
                for one in self._open.values()
            )

    def start(self, request: Request, output_location: Callable[[str], str]) -> Execution:
        """Create an execution and queue it."""
        execution_id = str(uuid.uuid4())
        execution = Execution(
            id=execution_id,
            request=request,
            submitted=time.time(),
            output_location=output_location(execution_id),
        )
        with self._lock:
            self._by_id[execution_id] = self._open[execution_id] = execution
        # It runs with the permissions of whoever asks for it.
        self._pool.submit(copy_context().run, self._work, execution)
        return execution

    def _work(self, execution: Execution) -> None:
        try:
            with execution.lock:
                if execution.state != "QUEUED":
                    return
                execution.state = "RUNNING"
                execution.started = time.time()
            self._finish(execution)
        finally:
            execution.ended.set()
            with self._lock:
                del self._open[execution.id]
            execution.forget_tree()

    def _finish(self, execution: Execution) -> None:
        try:
            execution.outcome = self._run(execution)
            execution.finish("SUCCEEDED")
        except QueryCancelledError as cancelled:
            execution.finish("CANCELLED", str(cancelled))
        except QueryError as error:
            if execution.stopped.is_set():
                execution.finish("CANCELLED", _USER_CANCELLED)
            else:
                execution.finish("FAILED", error.reason, error.athena_error())

    def stop(self, execution: Execution) -> None:
        """Cancel an execution; one that has ended stays what it is."""
        execution.stopped.set()
        with execution.lock:
            connection = execution.connection
        execution.finish("CANCELLED", _USER_CANCELLED)
        if connection is not None:
            threading.Thread(target=_interrupt, args=(execution, connection), daemon=True).start()

    def close(self) -> None:
        """Cancel what runs and wait for the workers."""
        for execution in self.all():
            if execution.state not in TERMINAL:
                self.stop(execution)
        self._pool.shutdown(wait=True, cancel_futures=True)
