"""moto's server, called in process, made repeatable and storable.

A request that changes something is applied at a given time and with a given seed. Applied again
with the same, it gives the same names, ids and times: that is what lets a journal of requests bring
everything back.
"""

import copyreg
import gc
import io
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from moto.backends import get_backend
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.common_models import BaseModel
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from moto.moto_api._internal import mock_random
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local_aws.messages import FileRange, Request, Response
from local_aws.s3.moto_s3 import FileBody


def _new_instance(cls: type, *_args: Any, **_kwargs: Any) -> Any:
    return object.__new__(cls)


class _Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher, which would else list its own directories at every request."""

    @lru_cache(maxsize=1024)  # noqa: B019 - there is one dispatcher
    def get_backend_for_host(self, host: str | None) -> Any:
        return super().get_backend_for_host(host)


class MotoApp:
    """moto's WSGI application for all services, each loaded when it is first asked for."""

    def __init__(self) -> None:
        self._frozen: list[float] = []
        self._take_over_clock()
        # moto keeps every model it ever made in a list, for its dashboard: a leak here.
        BaseModel.__new__ = _new_instance
        BackendDict.reset()
        self._app = _Dispatcher(create_backend_app)

    def now(self) -> datetime:
        """The time moto goes by: that of the change under way, or the real one. Naive UTC."""
        at = self._frozen[-1] if self._frozen else time.time()
        return datetime.fromtimestamp(at, timezone.utc).replace(tzinfo=None)

    def _take_over_clock(self) -> None:
        # What is loaded later imports it from the module of the first that is listed here.
        import moto.core.utils  # noqa: F401

        for name, module in list(sys.modules.items()):
            if name.startswith("moto.") and hasattr(module, "utcnow"):
                module.utcnow = self.now  # type: ignore[attr-defined]

    @contextmanager
    def at(self, at: float, seed: int) -> Iterator[None]:
        """Go by the time `at` (epoch seconds) and draw random names from `seed`."""
        mock_random.seed(seed)
        self._frozen.append(at)
        try:
            yield
        finally:
            self._frozen.pop()

    def answer(self, request: Request) -> Response:
        """Answer a request; only one thread at a time may ask."""
        response = Response(status=500)

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            response.status, response.headers = int(status.split()[0]), headers

        chunks = self._app(to_environ(request), start_response)
        try:
            response.body = _joined(list(chunks))
        finally:
            chunks.close()
        return response


def _joined(chunks: list[bytes]) -> bytes | FileRange:
    if len(chunks) == 1 and isinstance(chunks[0], FileBody):
        return chunks[0].open()
    return b"".join(chunks)


def to_environ(request: Request) -> dict[str, Any]:
    """The WSGI environment of a request."""
    path, _, query = request.target.partition("?")
    body = request.read()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": Request(method="GET", target=path).path.encode().decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": request.target,
        "REQUEST_URI": request.target,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        PRESERVED_HEADER_NAMES_ENVIRON_KEY: {
            environ_key_for_header(name): name
            for name in request.headers
            if should_preserve_original_header_name(name)
        },
    }
    for name, value in request.headers.items():
        if name not in {"content-length", "transfer-encoding"}:
            environ[environ_key_for_header(name)] = value
    environ.setdefault("HTTP_HOST", "localhost")
    return environ


_LOCKS: dict[type, Callable[[Any], Any]] = {
    type(threading.Lock()): lambda _: (threading.Lock, ()),
    type(threading.RLock()): lambda _: (threading.RLock, ()),
}


def _backend(service: str, account: str, region: str) -> Any:
    return get_backend(service)[account][region]


def _address(backend: BaseBackend) -> Any:
    service = type(backend).__module__.split(".")[1]
    return _backend, (service, backend.account_id, backend.region_name)


class _StateUnpickler(pickle.Unpickler):
    def persistent_load(self, address: tuple[str, str, str]) -> Any:
        return _backend(*address)  # so earlier versions wrote a backend


def dump_state() -> bytes:
    """All that moto holds; raises when a service holds something that cannot be written."""
    backends = [
        backend
        for backends in BackendDict._instances  # noqa: SLF001 - there is no public name
        for _, _, backend in backends.iter_backends()
    ]
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL)
    # A backend is written as its address, a lock as a new lock. By type: to be asked about each
    # value, as persistent_id is, takes four times as long.
    addresses = dict.fromkeys(map(type, backends), _address)
    pickler.dispatch_table = copyreg.dispatch_table | _LOCKS | addresses
    pickler.dump([(backend, backend.__dict__) for backend in backends])
    return buffer.getvalue()


def load_state(state: bytes) -> None:
    """Bring back what `dump_state` wrote."""
    # To look for garbage among millions of objects that are all needed takes as long again.
    gc.disable()
    try:
        for backend, members in _StateUnpickler(io.BytesIO(state)).load():
            backend.__dict__.update(members)
        gc.freeze()
    finally:
        gc.enable()
    from moto.s3.models import s3_backends

    for account, region, backend in s3_backends.iter_backends():
        for name in backend.buckets:
            s3_backends.bucket_accounts[name] = (region, account)
