"""The supervisor's socket: one JSON line in, one JSON line out, then closed. Nothing is ever unpickled.

Only ``open_guest`` keeps its connection: hfai.engine.supervise.guests.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import time

from hfai.engine.supervise.actions import FOR_TASKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional

    from hfai.engine.supervise.poller import Poller

MAX_LINE_BYTES = 65536
MAX_CONNECTIONS = 64
PATIENCE_S = 10.0


class Listener:
    """Serves any number of connections without waiting for one of them.

    Args:
        listening: the socket, non-blocking.
        poller: what watches it.
        answer: makes the reply to a request; a ValueError becomes a refusal with its text.
        open_guest: takes the connection of an ``open_guest`` request over; a ValueError likewise, and it is not taken.
    """

    def __init__(
        self,
        listening: socket.socket,
        poller: Poller,
        answer: Callable[[dict[str, Any]], dict[str, Any]],
        open_guest: Callable[[dict[str, Any], socket.socket], None],
    ) -> None:
        self._listening = listening
        self._poller = poller
        self._answer = answer
        self._open_guest = open_guest
        self._open: dict[int, _Connection] = {}
        self._is_watched = False
        self._watch()

    def _watch(self) -> None:
        if not self._is_watched:
            self._poller.watch(self._listening.fileno(), self._accept)
            self._is_watched = True

    def _rest(self) -> None:
        if self._is_watched:
            self._poller.forget(self._listening.fileno())
            self._is_watched = False

    def _accept(self) -> None:
        try:
            peer, _ = self._listening.accept()
        except BlockingIOError:
            return
        except OSError:
            # Out of descriptors, most likely: wait for a connection to end or to be given up.
            self._rest()
            return
        peer.setblocking(False)
        connection = _Connection(peer)
        self._open[peer.fileno()] = connection
        self._poller.watch(peer.fileno(), lambda: self._serve(connection))
        if len(self._open) >= MAX_CONNECTIONS:
            self._rest()

    def _serve(self, connection: _Connection) -> None:
        try:
            block = connection.socket.recv(MAX_LINE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._close(connection)
            return
        connection.received += block
        line, newline, _ = connection.received.partition(b"\n")
        if block and not newline and len(line) <= MAX_LINE_BYTES:
            return
        if line:
            reply = self._reply(line, connection)
            if reply is None:
                self._open.pop(connection.socket.fileno())
                self._watch()
                return
            with contextlib.suppress(OSError):  # gone without waiting for the answer
                connection.socket.send(json.dumps(reply).encode() + b"\n")
        self._close(connection)

    def _reply(self, line: bytes, connection: _Connection) -> Optional[dict[str, Any]]:
        """What to answer; None where the connection has been taken over."""
        if len(line) > MAX_LINE_BYTES:
            return {"ok": False, "msg": f"the request is longer than {MAX_LINE_BYTES} bytes"}
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            return {"ok": False, "msg": "the request is not JSON"}
        if not isinstance(request, dict):
            return {"ok": False, "msg": "the request is not a JSON object"}
        if request.get("action") not in FOR_TASKS and _uid_of(connection.socket) not in (0, os.geteuid()):
            return {"ok": False, "msg": "only the engine may ask for this"}
        try:
            if request.get("action") == "open_guest":
                self._open_guest(request, connection.socket)
                return None
            return self._answer(request)
        except ValueError as error:
            return {"ok": False, "msg": str(error)}

    def _close(self, connection: _Connection) -> None:
        fd = connection.socket.fileno()
        self._poller.forget(fd)
        self._open.pop(fd, None)
        connection.socket.close()
        self._watch()

    def next_deadline(self) -> Optional[float]:
        """When the next connection will have to be given up, None if there is none."""
        return min((connection.until for connection in self._open.values()), default=None)

    def give_up_slow_ones(self, now: float) -> None:
        """Close connections that have not sent a line in time."""
        for connection in [c for c in self._open.values() if c.until <= now]:
            self._close(connection)

    def close(self) -> None:
        """Close everything."""
        self._rest()
        for connection in list(self._open.values()):
            self._poller.forget(connection.socket.fileno())
            connection.socket.close()
        self._listening.close()


class _Connection:
    __slots__ = ("received", "socket", "until")

    def __init__(self, peer: socket.socket) -> None:
        self.socket = peer
        self.received = b""
        self.until = time.monotonic() + PATIENCE_S


def _uid_of(peer: socket.socket) -> int:
    """The account of the process at the other end, as it was when it connected."""
    size = struct.calcsize("iII")
    _, uid, _ = struct.unpack("iII", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(uid)
