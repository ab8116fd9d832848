"""Hints to the daemon as datagrams; nothing depends on them arriving."""

from __future__ import annotations

import json
import os
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional


class Events:
    """Sends events of one rank.

    Args:
        path: the daemon's datagram socket; None for no events.
        run_id: goes into each event.
        rank: goes into each event.
    """

    def __init__(self, path: Optional[str], run_id: int, rank: int) -> None:
        self._path = path
        self._run_id = run_id
        self._rank = rank

    def send(self, event: str, **values: Any) -> bool:
        """Send one event if the daemon is there and has room; never blocks, never raises.

        Returns:
            Whether it was handed over.
        """
        if not self._path:
            return False
        folder, name = os.path.split(self._path)
        record = {"run_id": self._run_id, "rank": self._rank, "event": event, **values}
        try:
            folder_fd = os.open(folder or ".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                    sender.setblocking(False)
                    sender.sendto(json.dumps(record).encode(), f"/proc/self/fd/{folder_fd}/{name}")
            finally:
                os.close(folder_fd)
        except OSError:
            return False
        return True
