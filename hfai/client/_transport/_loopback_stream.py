"""An answer of an engine on this machine that is read as it comes; http.client is loaded only for these."""

from __future__ import annotations

import contextlib
import http.client
import socket
from typing import Mapping, Optional

from hfai.client._transport._contract import ByteStream
from hfai.client._transport._loopback import CONNECT_S, failed

_BLOCK_BYTES = 1 << 20


def open_stream(
    host: str, port: int, target: str, headers: Mapping[str, str], body: Optional[bytes], timeout_s: float
) -> ByteStream:
    """POST on a connection of its own; returns when the answer has begun.

    Raises:
        TransportError: it did not begin.
    """
    connection = _connected(host, port, timeout_s)
    try:
        return _LoopbackStream(connection, _begin(connection, target, headers, body))
    except BaseException as error:
        connection.close()
        if isinstance(error, (OSError, http.client.HTTPException)):
            raise failed(error, was_sent=True) from None
        raise


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
            raise failed(error, was_sent=True) from None

    def abort(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._response.close()
        self._connection.close()


def _connected(host: str, port: int, timeout_s: float) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(host, port, timeout=min(timeout_s, CONNECT_S))
    try:
        connection.connect()
        connection.sock.settimeout(timeout_s)
    except OSError as error:
        connection.close()
        raise failed(error, was_sent=False) from None
    return connection


def _begin(
    connection: http.client.HTTPConnection, target: str, headers: Mapping[str, str], body: Optional[bytes]
) -> http.client.HTTPResponse:
    connection.putrequest("POST", target, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body or b"")))
    connection.endheaders(body or None)
    return connection.getresponse()
