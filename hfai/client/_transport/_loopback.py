"""HTTP to an engine on this machine: one kept connection, no TLS, no proxies, and little to load before the first request."""

from __future__ import annotations

import select
import socket
from typing import Callable, Mapping, Optional

from hfai.client._http import connect, read_answer, send_request
from hfai.client._transport._contract import Answer, ByteStream, TransportError
from hfai.client._transport._silence import Watched

CONNECT_S = 10.0


class LoopbackTransport:
    """See :class:`~hfai.client._transport.Transport`.

    Args:
        host: address of this machine.
        port: TCP port.
        prefix: path that is put in front of every target.
        on_silence: called when a request has waited for two seconds without a byte, and waits on; for each request once.
    """

    def __init__(
        self, host: str, port: int, prefix: str = "", on_silence: Optional[Callable[[], None]] = None
    ) -> None:
        self._host = host
        self._port = port
        self._prefix = prefix
        self._on_silence = on_silence
        self._kept: Optional[socket.socket] = None

    def send(
        self, method: str, target: str, headers: Mapping[str, str], body: Optional[bytes], timeout_s: float
    ) -> Answer:
        kept = self._connection(timeout_s)
        connection = kept if self._on_silence is None else Watched(kept, self._on_silence)
        try:
            send_request(connection, method, self._prefix + target, headers, body)
            answer = read_answer(connection)
        except BaseException as error:
            # Also at Ctrl-C: half an answer must not be taken for the next one's.
            self.close()
            if isinstance(error, OSError):
                raise failed(error, was_sent=True) from None
            raise
        if not answer.is_kept:
            self.close()
        return Answer(answer.status, answer.body, answer.headers.get("client-version"))

    def stream(
        self, target: str, headers: Mapping[str, str], timeout_s: float, body: Optional[bytes] = None
    ) -> ByteStream:
        from hfai.client._transport._loopback_stream import open_stream

        return open_stream(self._host, self._port, self._prefix + target, headers, body, timeout_s)

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _connection(self, timeout_s: float) -> socket.socket:
        if self._kept is not None:
            if not _is_readable(self._kept):
                self._kept.settimeout(timeout_s)
                return self._kept
            self.close()  # nothing was asked, so this is the server's goodbye
        try:
            self._kept = connect(self._host, self._port, min(timeout_s, CONNECT_S))
        except OSError as error:
            raise failed(error, was_sent=False) from None
        self._kept.settimeout(timeout_s)
        return self._kept


def _is_readable(sock: socket.socket) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def failed(error: Exception, *, was_sent: bool) -> TransportError:
    """The error that stands for what went wrong below."""
    if isinstance(error, socket.timeout):
        return TransportError("no answer in time", was_sent=was_sent, is_timeout=True)
    if isinstance(error, OSError) and error.strerror:
        return TransportError(error.strerror, was_sent=was_sent)
    return TransportError("the connection was closed in the middle of the answer", was_sent=was_sent)
