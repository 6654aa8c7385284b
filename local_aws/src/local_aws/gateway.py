"""Every request comes through here, and goes to the service that answers it.

What changes something is applied one at a time, put on record, and only then answered.
"""

import errno
import io
import json
import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pickle import PicklingError
from typing import Any

from local_aws.calls import Calls
from local_aws.faults import FaultBoard, answer_fault_request
from local_aws.glue.catalog import GlueCatalog, lower_names
from local_aws.iam.callers import Iam
from local_aws.journal import Change, Journal
from local_aws.messages import (
    Request,
    Response,
    error_response,
    json_response,
    query_error_response,
    xml_error_response,
)
from local_aws.moto_app import MotoApp, dump_state, load_state
from local_aws.needs import needs_of
from local_aws.s3.moto_s3 import by_reference, needed_files
from local_aws.s3.object_files import ObjectFiles
from local_aws.s3.plain_put import put_plainly
from local_aws.s3.requests import answer_s3, s3_action
from local_aws.seam import ACCESS_DENIED, AwsError, FaultRule, Service

CONTROL_PATH = "/_local_aws/"
_READS = ("Get", "List", "Describe", "BatchGet", "Search", "Query", "Scan", "Head", "Validate")
# What a checkpoint fails with: moto's state cannot be written down, or there is no room for it.
_UNWRITABLE = (TypeError, AttributeError, PicklingError, OSError)
# What a write says where a disk, a quota or a limit is full.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_log = logging.getLogger(__name__)


class Gateway:
    """Routes requests.

    Args:
        files: where the bytes of S3 objects are.
        faults: faults that clients asked for.
        journal: where changes are recorded; None to forget them at the end.
        catalog: answers those Glue actions over moto's state that moto does not do as Glue does.
        enforce_iam: hold users and roles to their policies.
    """

    def __init__(
        self,
        files: ObjectFiles,
        faults: FaultBoard,
        journal: Journal | None,
        catalog: GlueCatalog,
        *,
        enforce_iam: bool = False,
    ) -> None:
        self.moto = MotoApp()
        self.files = files
        self.faults = faults
        self.lock = threading.RLock()
        self.iam = Iam(self.lock, is_enforced=enforce_iam)
        self.call = Calls(
            authorize=self._authorize, route=self._route, iam=self.iam, lock=self.lock
        )
        self._journal = journal
        self._is_behind = False
        self._catalog = catalog
        self.hosted: dict[str, Future[Service]] = {}
        self._builders = ThreadPoolExecutor(max_workers=1)

    def host(self, name: str, build: Callable[[], Service]) -> None:
        """Let a service answer its actions of the API with the signing name `name`.

        It is built in the background: loading Athena takes a second, and only who asks Athena
        something needs to wait for that.
        """
        self.hosted[name] = self._builders.submit(build)

    def handle(self, request: Request) -> Response:
        """Answer a client's request, or let the fault strike that was asked for it."""
        if request.path.startswith(CONTROL_PATH):
            return self._control(request)
        service, _ = request.scope
        if service != "s3":
            request.read()
        try:
            with self.iam.acting_for(request):
                self._authorize(request)
                if rule := self._fault(service, request):
                    return self._strike(service, request, rule)
                return self._route(request)
        except AwsError as error:
            return _refusal(error, service, request)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            return _refusal(_no_room(error), service, request)

    def restore(self) -> None:
        """Bring back what is on record."""
        if self._journal is None:
            return
        state = self._journal.checkpoint()
        if state is not None:
            load_state(state)
        for change in self._journal.changes():
            self._replay(change)
        self.files.sweep(needed_files())

    def close(self) -> None:
        """Stop the services and put everything in order on disk."""
        self.faults.clear()
        for hosted in self.hosted.values():
            if hosted.exception() is None:
                hosted.result().close()
        self._builders.shutdown()
        with self.lock:
            if self._journal is not None:
                # A large one takes seconds that the next start does not need: it has the journal.
                if self._journal.is_small:
                    self._checkpoint()
                self._journal.close()

    def _authorize(self, request: Request) -> None:
        """See that the caller may do what a request asks for; hosted services see for theirs."""
        if not self.iam.is_checking:
            return
        action = action_of(request)
        hosted = self.hosted.get(request.scope[0])
        if hosted is None or action not in hosted.result().actions:
            for need, resource in needs_of(request, action):
                self.iam.need(need, resource)

    def _control(self, request: Request) -> Response:
        name = request.path.removeprefix(CONTROL_PATH)
        if name == "health":
            return json_response(200, {"status": "ready"})
        if name == "faults":
            return answer_fault_request(self.faults, request)
        return json_response(404, {"message": f"no {name!r}; there are 'health' and 'faults'"})

    def _fault(self, service: str, request: Request) -> FaultRule | None:
        if service == "s3":
            return self.faults.take(f"s3.{s3_action(request)}", request.path)
        action = action_of(request)
        if action == "" or (service, action) == ("athena", "StartQueryExecution"):
            return None  # Athena itself lets a fault strike there, after its checks
        return self.faults.take(f"{service}.{action}", request.read().decode(errors="replace"))

    def _strike(self, service: str, request: Request, rule: FaultRule) -> Response:
        if rule.action == "hang":
            self.faults.wait_until_cleared(rule)
            return self._route(request)
        if rule.action == "lose":
            # It is done, and the client does not hear of it.
            self._route(request)
        if service == "s3":
            slow = rule.action == "throttle"
            code = rule.code or ("SlowDown" if slow else "InternalError")
            return xml_error_response(503 if slow else 500, code, rule.message or f"{code}.")
        return error_response(rule.error("InternalServiceException", "Internal error."))

    def _route(self, request: Request) -> Response:
        name, region = request.scope
        action = action_of(request)
        hosted = self.hosted.get(name)
        if hosted is not None and action in (service := hosted.result()).actions:
            return self._ask(service, action, json.loads(request.read() or b"{}"), region)
        if name == "s3":
            return answer_s3(request, self.files, self.lock, self.apply)
        request.read()
        return self.apply(request)

    def apply(self, request: Request) -> Response:
        """Apply a request to moto's world and record it when it changed something."""
        with self.lock:
            if self._is_behind and is_change(request):
                self._catch_up()
            at, seed = time.time(), random.getrandbits(64)
            self.files.made = []
            response = self._dispatch(request, at, seed)
            if self._journal is not None and response.status < 400 and is_change(request):
                made = self.files.made
                try:
                    self._journal.append(Change(at=at, seed=seed, request=request, files=made))
                except OSError as error:
                    # It is in memory and not in the journal: no other is taken until a checkpoint
                    # has both.
                    self._is_behind = True
                    raise _no_room(error) from error
                if self._journal.is_due:
                    self._checkpoint()
            if not self._is_behind:
                # Else the journal still needs what was replaced.
                self.files.forget_discarded()
        return response

    def _catch_up(self) -> None:
        """Write a checkpoint with the change that a full disk kept out of the journal.

        Raises:
            AwsError: there is no room for it either.
        """
        assert self._journal is not None
        try:
            self._journal.begin(dump_state())
        except _UNWRITABLE as error:
            raise _no_room(error) from error
        self._is_behind = False

    def _dispatch(self, request: Request, at: float, seed: int) -> Response:
        with self.moto.at(at, seed):
            service = request.scope[0]
            if service == "cloudformation":
                self._load_stacks()
            if service == "s3" and (response := put_plainly(request)) is not None:
                return response
            if service != "glue":
                return self.moto.answer(request)
            action = action_of(request)
            given = json.loads(request.read() or b"{}")
            payload = lower_names(action, given)
            if action in self._catalog.actions:
                return self._ask(self._catalog, action, payload, request.scope[1])
            return self.moto.answer(request if payload == given else _with(request, payload))

    def _load_stacks(self) -> None:
        """Make moto's stacks whole; here, for it takes seconds that only who has stacks waits."""
        from local_aws.cloudformation.completions import complete_stacks
        from local_aws.cloudformation.resources import Resource

        complete_stacks()
        Resource.calls = self.call if self.files.replayed is None else None

    def _replay(self, change: Change) -> None:
        self.files.replayed = list(change.files)
        token = by_reference.set(True)  # a later change may have taken the bytes away
        response = self._dispatch(change.request, change.at, change.seed)
        by_reference.reset(token)
        self.files.replayed = None
        self.files.forget_discarded()
        if response.status >= 400:
            _log.warning("not restored: %s %s", change.request.method, change.request.target)

    def _checkpoint(self) -> None:
        """Write all down anew, if moto can be: else the journal goes on, and restarts are slow."""
        assert self._journal is not None
        if self._journal.is_empty:
            return
        try:
            self._journal.begin(dump_state())
        except _UNWRITABLE as error:
            _log.warning("cannot write a checkpoint, the journal goes on: %s", error)
            self._journal.postpone()

    @staticmethod
    def _ask(service: Service, action: str, payload: dict[str, Any], region: str) -> Response:
        try:
            status, answer = service.handle(action, payload, region=region)
        except AwsError as error:
            return error_response(error)
        return json_response(status, answer)


def action_of(request: Request) -> str:
    """The action that a JSON or query API request names; "" for a REST request."""
    if request.scope[0] == "s3":
        return ""
    target = request.headers.get("x-amz-target")
    if target is not None:
        return target.rpartition(".")[2]
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        form = Request(method="GET", target="/?" + request.read().decode(errors="replace"))
        return form.query.get("Action", "")
    return ""


def is_change(request: Request) -> bool:
    """May the request have changed something? When in doubt, yes."""
    action = action_of(request)
    if action:
        return not action.startswith(_READS)
    return request.method not in {"GET", "HEAD", "OPTIONS"}


def _refusal(error: AwsError, service: str, request: Request) -> Response:
    """Tell an error of the gateway's own in the protocol of the service that was asked."""
    code = "AccessDenied" if error.code == ACCESS_DENIED else error.code
    status = 503 if error.status == 503 else 403
    if service == "s3":
        return xml_error_response(status, code, error.message)
    if "x-amz-target" in request.headers:
        return error_response(error)
    return query_error_response(status, code, error.message)


def _no_room(error: Exception) -> AwsError:
    why = error.strerror if isinstance(error, OSError) else error
    return AwsError("ServiceUnavailable", f"The data directory: {why}", status=503)


def _with(request: Request, payload: dict[str, Any]) -> Request:
    body = json.dumps(payload).encode()
    return replace(request, body=io.BytesIO(body), length=len(body))
