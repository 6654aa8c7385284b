"""HTTP/1.1 over sockets: connections that stay open, bodies streamed from and to files."""

import logging
import socket
import tempfile
import uuid
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local_aws.messages import FileRange, Request, Response

_access_log = logging.getLogger("local_aws.access")
_log = logging.getLogger(__name__)
_DRAIN_BYTES = 1 << 20
_SPOOL_BYTES = 8 << 20
_NOT_COPIED = {"content-length", "connection", "date", "server", "status", "transfer-encoding"}


class HttpServer(ThreadingHTTPServer):
    """Serves every request with `handle`, each connection in a thread of its own."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handle: Callable[[Request], Response]) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.answer = handle
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without the look-up of the host's name, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note the connection and serve it."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close the connection."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def disconnect_all(self) -> None:
        """Close the connections that clients keep open."""
        for connection in list(self._connections):
            with suppress(OSError):  # the client closed it already
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a connection that broke; the server goes on."""
        _log.debug("connection %s of %s broke", request, client_address, exc_info=True)


class _Body:
    """What is left of a request's body on the socket; reading never goes beyond it."""

    def __init__(self, source: Any, length: int) -> None:
        self._source = source
        self.left = length

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._source.read(self.left if size < 0 else min(size, self.left))
        self.left -= len(data)
        return data

    def readline(self) -> bytes:
        line: bytes = self._source.readline(self.left)
        self.left -= len(line)
        return line


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: HttpServer

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        _access_log.info(format, *args)

    def _serve(self) -> None:
        body = self._body()
        request = Request(
            method=self.command,
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,  # type: ignore[arg-type]
            length=body.left,
        )
        try:
            response = self.server.answer(request)
        except ConnectionError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the server goes on
            _log.exception("failed: %s %s", self.command, self.path)
            response = Response(status=500)
        while 0 < body.left <= _DRAIN_BYTES and body.read(body.left):
            pass
        self.close_connection = self.close_connection or body.left > 0
        self._send(response)

    def _body(self) -> _Body:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return _Body(self.rfile, int(self.headers.get("Content-Length") or 0))
        spool = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            spool.write(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        length = spool.tell()
        spool.seek(0)
        return _Body(spool, length)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers:
            if name.lower() not in _NOT_COPIED:
                self.send_header(name, value)
        if response.header("x-amzn-requestid") is None:
            self.send_header("x-amzn-requestid", str(uuid.uuid4()))
        if response.status not in {204, 304}:
            self.send_header("Content-Length", self._length(response))
        if self.close_connection:
            self.send_header("Connection", "close")
        head = b"".join([*self._headers_buffer, b"\r\n"])
        self._headers_buffer: list[bytes] = []
        if isinstance(response.body, FileRange):
            self._send_file(head, response.body)
        else:
            self.wfile.write(head + (b"" if self.command == "HEAD" else response.body))

    def _length(self, response: Response) -> str:
        if self.command == "HEAD":
            return response.header("content-length") or "0"
        body = response.body
        return str(body.length if isinstance(body, FileRange) else len(body))

    def _send_file(self, head: bytes, body: FileRange) -> None:
        with body.file:
            self.wfile.write(head)
            if self.command != "HEAD" and body.length:
                self.connection.sendfile(body.file, body.offset, body.length)
