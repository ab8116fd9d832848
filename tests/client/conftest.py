"""A real HTTP server that says what a test wants it to say, in the place of a platform."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Iterator, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

import hfai
from hfai.client import _session

ENGINE = {"success": 1, "status": "running", "engine": "hfai", "version": hfai.__version__, "protocol": hfai.PROTOCOL}


class Request(NamedTuple):
    """What arrived."""

    route: str
    query: dict[str, str]
    many: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


class Drop(NamedTuple):
    """Instead of an answer: close the connection, after some bytes of it."""

    sent: bytes = b""


class Chunks(NamedTuple):
    """An answer in chunks; without its end it breaks off. A callable among them is called when its turn comes."""

    chunks: list[Any]
    has_end: bool = True


class FakeServer:
    """Answers each route with what ``routes`` has for it: a dict, ``(status, dict)``, text, Drop, Chunks, or a callable
    of the request that returns one of these. ``headers`` go with each answer that is no Drop or Chunks."""

    def __init__(self) -> None:
        self.routes: dict[str, Any] = {}
        self.headers: dict[str, str] = {}
        self.requests: list[Request] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.handle_error = lambda request, address: None  # tests break connections on purpose
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def asked(self, route: str) -> list[Request]:
        """The requests for a route so far."""
        return [request for request in self.requests if request.route == route]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                server.connections += 1
                server._open.add(self.connection)

            def finish(self) -> None:
                server._open.discard(self.connection)
                with contextlib.suppress(OSError):
                    super().finish()

            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def _answer(self) -> None:
                parts = urlsplit(self.path)
                data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                many = parse_qs(parts.query, keep_blank_values=True)
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(
                    parts.path.lstrip("/"),
                    {name: values[-1] for name, values in many.items()},
                    many,
                    headers,
                    json.loads(data) if data else None,
                )
                with server._lock:
                    server.requests.append(request)
                    answer = server.routes.get(request.route, (404, {"success": 0, "msg": "Not Found"}))
                    if isinstance(answer, list):
                        answer = answer.pop(0) if len(answer) > 1 else answer[0]
                    if callable(answer):
                        answer = answer(request)
                try:
                    self._send(answer)
                except OSError:
                    self.close_connection = True

            def _send(self, answer: Any) -> None:
                if isinstance(answer, Drop):
                    self.wfile.write(answer.sent)
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                if isinstance(answer, Chunks):
                    self.send_response(200)
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for chunk in answer.chunks:
                        if callable(chunk):
                            chunk()
                            continue
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                    if answer.has_end:
                        self.wfile.write(b"0\r\n\r\n")
                    else:
                        self.close_connection = True
                        self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, body = answer if isinstance(answer, tuple) else (200, answer)
                data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                for name, value in server.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


@pytest.fixture
def server() -> Iterator[FakeServer]:
    server = FakeServer()
    yield server
    _session.current().close()
    server.close()


@pytest.fixture
def engine(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    """The fake as an engine of ours that is configured by the environment."""
    server.routes["api_server_status"] = ENGINE
    monkeypatch.setenv("MARSV2_SERVER", server.url)
    monkeypatch.setenv("MARSV2_USER_TOKEN", "secret-token")
    return server


@pytest.fixture
def haiplatform(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    """The fake as a HAI Platform: its front door does not forward the status route."""
    server.routes["api_server_status"] = (503, "<html>no server</html>")
    monkeypatch.setenv("MARSV2_SERVER", server.url)
    monkeypatch.setenv("MARSV2_USER_TOKEN", "ACCESS-secret")
    return server


@pytest.fixture
def task() -> Callable[..., dict[str, Any]]:
    """Makes task objects (wire document, section 2)."""

    def make(**changes: Any) -> dict[str, Any]:
        return {
            "_pods_": [],
            "assigned_nodes": [],
            "backend": "default",
            "begin_at": "2026-11-23T12:57:55.095742",
            "begin_at_list": ["2026-11-23T12:57:55.095742"],
            "chain_id": "chain-7",
            "chain_status": "running",
            "code_file": "/w/a.py ",
            "config_json": {"schema": {"version": 2, "name": "x", "spec": {"entrypoint": "a.py", "workspace": "/w"}}},
            "created_at": "2026-11-23T12:57:54",
            "end_at": "2026-11-23T12:57:55.095742",
            "end_at_list": ["2026-11-23T12:57:55.095742"],
            "first_id": 7,
            "group": "default",
            "id": 7,
            "id_list": [7],
            "nb_name": "x",
            "nodes": 1,
            "priority": 30,
            "queue_status": "scheduled",
            "queue_status_list": ["scheduled"],
            "restart_count": 0,
            "star": False,
            "stop_code": 0,
            "suspend_updated_at": "2026-11-23T12:57:54",
            "tags": [],
            "task_type": "training",
            "user_name": "ada",
            "whole_life_state": 0,
            "worker_status": "running",
            "workspace": "/w",
            **changes,
        }

    return make


@pytest.fixture
def drop() -> type[Drop]:
    return Drop


@pytest.fixture
def chunks() -> type[Chunks]:
    return Chunks
