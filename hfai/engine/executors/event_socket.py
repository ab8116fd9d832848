"""``events.sock``: hints from supervisors, so that nobody has to look at the disk again and again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from pathlib import Path
from typing import Any, Callable

# Its name in the state directory.
EVENTS = "events.sock"
_PACKET_BYTES = 65536
_BUFFER_BYTES = 1 << 20
_AT_ONCE = 256


class EventSocket:
    """Receives datagrams and hands them on as mappings.

    Args:
        path: the socket; one that a daemon before this one left is replaced. It may be longer than a socket address.
        on_event: called with each event that is a JSON object.

    Raises:
        OSError: it cannot be made.
    """

    def __init__(self, path: Path, on_event: Callable[[dict[str, Any]], None]) -> None:
        self._path = path
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        folder_fd = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            self._socket.bind(f"/proc/self/fd/{folder_fd}/{path.name}")
            path.chmod(0o600)
        except OSError:
            self._socket.close()
            raise
        finally:
            os.close(folder_fd)
        self._loop.add_reader(self._socket.fileno(), self._on_readable)

    def _on_readable(self) -> None:
        # Not until it is empty: requests and reports of other kinds must get their turn in a flood.
        for _ in range(_AT_ONCE):
            try:
                packet = self._socket.recv(_PACKET_BYTES)
            except (BlockingIOError, InterruptedError):
                return
            with contextlib.suppress(ValueError, RecursionError):
                event = json.loads(packet)
                if isinstance(event, dict):
                    self._on_event(event)

    def close(self) -> None:
        """Receive no more; the file is removed."""
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        with contextlib.suppress(OSError):
            self._path.unlink()
