"""An HTTP forward proxy that is the only way to a server, and can hold requests back."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Optional
from urllib.parse import urlsplit

_BLOCK = 1 << 16
_OF_ONE_HOP = ("connection", "proxy-connection", "host", "transfer-encoding", "keep-alive")


class ForwardProxy:
    """A context manager; ``server`` is a URL whose name nothing but the proxy knows.

    Args:
        url: where the requests for ``server`` go.

    Attributes:
        url: of the proxy.
        requests: the path of each request that came.
        hold: a part of a path, and how many more requests with it are let through; the next ones wait until that is changed.
    """

    server = "http://engine.test"

    def __init__(self, url: str) -> None:
        self.requests: list[str] = []
        self.hold: Optional[tuple[str, int]] = None
        self.to = urlsplit(url).netloc
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        proxy = self

        class Handler(_Handler):
            of = proxy

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = False  # so that all are waited for
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,))

    def __enter__(self) -> ForwardProxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._is_over.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def is_let_through(self, path: str, client: socket.socket) -> bool:
        """Wait until the request may go on; whether anybody waits for its answer then."""
        while not self._is_over.is_set() and not _has_left(client):
            with self._lock:
                if self.hold is None or self.hold[0] not in path:
                    return True
                part, more = self.hold
                if more:
                    self.hold = (part, more - 1)
                    return True
            time.sleep(0.01)
        return False


class _Handler(BaseHTTPRequestHandler):
    """One request a connection."""

    of: ForwardProxy

    def do_GET(self) -> None:
        """Pass it on, and its answer as it comes."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path[len(self.of.server) :]
        if self.path != self.of.server + path:
            self.send_error(502)
            return
        self.of.requests.append(path)
        if not self.of.is_let_through(path, self.connection):
            return
        there = http.client.HTTPConnection(self.of.to)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in _OF_ONE_HOP}
        with contextlib.closing(there), contextlib.suppress(OSError):
            there.request(self.command, path, body, kept)
            answer = there.getresponse()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _OF_ONE_HOP:
                    self.send_header(name, value)
            self.end_headers()
            while block := answer.read1(_BLOCK):
                self.wfile.write(block)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _has_left(client: socket.socket) -> bool:
    try:
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
