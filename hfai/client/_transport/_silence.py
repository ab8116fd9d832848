"""A connection that tells when nothing has moved on it for a while; how long is waited in all is not changed by that."""

from __future__ import annotations

import select
import socket
from typing import Callable

SILENCE_S = 2.0


class Watched:
    """What of a socket one request needs.

    Args:
        connection: the socket.
        on_silence: called once, when nothing could be sent or received for two seconds.
    """

    def __init__(self, connection: socket.socket, on_silence: Callable[[], None]) -> None:
        self._connection = connection
        self._on_silence = on_silence
        self._has_told = False
        self._poll = select.poll()
        self.getpeername = connection.getpeername

    def sendall(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            self._await(select.POLLOUT)
            left = left[self._connection.send(left) :]

    def recv(self, size: int) -> bytes:
        self._await(select.POLLIN)
        return self._connection.recv(size)

    def _await(self, event: int) -> None:
        if self._has_told:
            return
        self._poll.register(self._connection, event)
        if not self._poll.poll(SILENCE_S * 1000):
            self._has_told = True
            self._on_silence()
