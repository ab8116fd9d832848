"""HTTP to an engine on this machine: one kept connection, no TLS, no proxies, and a third of requests' start-up."""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
from typing import Mapping, Optional

from hfai.client._transport._contract import Answer, ByteStream, TransportError

_CONNECT_S = 10.0
_BLOCK_BYTES = 1 << 20


class LoopbackTransport:
    """See :class:`~hfai.client._transport.Transport`.

    Args:
        host: address of this machine.
        port: TCP port.
        prefix: path that is put in front of every target.
    """

    def __init__(self, host: str, port: int, prefix: str = "") -> None:
        self._host = host
        self._port = port
        self._prefix = prefix
        self._kept: Optional[http.client.HTTPConnection] = None

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: Optional[bytes], timeout_s: float
    ) -> Answer:
        connection = self._connection(timeout_s)
        try:
            response = _begin(connection, method, self._prefix + target, headers, body)
            answer = Answer(response.status, response.read(), response.getheader("client-version"))
        except BaseException as error:
            # Also at Ctrl-C: half an answer must not be taken for the next one's.
            self.close()
            if isinstance(error, (OSError, http.client.HTTPException)):
                raise _failed(error, was_sent=True) from None
            raise
        if response.will_close:
            self.close()
        return answer

    def stream(
        self, target: str, headers: Mapping[str, str], timeout_s: float, body: Optional[bytes] = None
    ) -> ByteStream:
        connection = _connected(self._host, self._port, timeout_s)
        try:
            return _LoopbackStream(connection, _begin(connection, "POST", self._prefix + target, headers, body))
        except BaseException as error:
            connection.close()
            if isinstance(error, (OSError, http.client.HTTPException)):
                raise _failed(error, was_sent=True) from None
            raise

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _connection(self, timeout_s: float) -> http.client.HTTPConnection:
        if self._kept is not None and self._kept.sock is not None:
            if not _is_readable(self._kept.sock):
                self._kept.sock.settimeout(timeout_s)
                return self._kept
            self.close()  # nothing was asked, so this is the server's goodbye
        self._kept = _connected(self._host, self._port, timeout_s)
        return self._kept


class _LoopbackStream:
    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self._connection = connection
        self._response = response
        # http.client drops its own reference where the answer ends with the connection.
        self._socket = connection.sock

    def read(self) -> bytes:
        try:
            return self._response.read1(_BLOCK_BYTES)
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            # ValueError and AttributeError: http.client on an answer that another thread has cut off.
            raise _failed(error, was_sent=True) from None

    def abort(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._response.close()
        self._connection.close()


def _connected(host: str, port: int, timeout_s: float) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(host, port, timeout=min(timeout_s, _CONNECT_S))
    try:
        connection.connect()
        connection.sock.settimeout(timeout_s)
    except OSError as error:
        connection.close()
        raise _failed(error, was_sent=False) from None
    return connection


def _begin(
    connection: http.client.HTTPConnection, method: str, target: str, headers: Mapping[str, str], body: Optional[bytes]
) -> http.client.HTTPResponse:
    connection.putrequest(method, target, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    if method == "POST":
        connection.putheader("Content-Length", str(len(body or b"")))
    connection.endheaders(body or None)
    return connection.getresponse()


def _is_readable(sock: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _failed(error: Exception, *, was_sent: bool) -> TransportError:
    if isinstance(error, socket.timeout):
        return TransportError("no answer in time", was_sent=was_sent, is_timeout=was_sent)
    if isinstance(error, OSError) and error.strerror:
        return TransportError(error.strerror, was_sent=was_sent)
    return TransportError("the connection was closed in the middle of the answer", was_sent=was_sent)
