"""Contents that are sent while the tree is still being read: for a first push, where the other side surely lacks them."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Optional

from hfai.client._workspace.connection import Connection, Progress
from hfai.client._workspace.sending import PACK_BYTES, content_of, send_pack
from hfai.client._workspace.threads import Threads
from hfai.model.errors import HfaiError
from hfai.model.workspace.entry import Known
from hfai.model.workspace.pack import Content

# Packs that wait or are on their way: reading does not run away from sending.
_MOST_WAITING = 4
# One comes in while the other side is at work on the one before.
_AT_ONCE = 2


class Ahead:
    """Takes what a scan reads and sends it; a context manager that ends when all has gone.

    What cannot be sent is no error: the push asks afterwards what is missing, and sends that.

    Args:
        connection: to the other side.
        is_zipped: whether to compress where it pays.
        progress: is told the bytes done, and 0 for in all, which nobody knows yet.

    Attributes:
        sizes: of what has been taken, by SHA-256.
    """

    def __init__(self, connection: Connection, *, is_zipped: bool, progress: Optional[Progress]) -> None:
        self._connection = connection
        self._is_zipped = is_zipped
        self._progress = progress
        self._threads = Threads(_AT_ONCE)
        self._room = threading.BoundedSemaphore(_MOST_WAITING)
        self._waiting: list[Content] = []
        self._waiting_bytes = 0
        self._sent_bytes = 0
        self._has_failed = False
        self.sizes: dict[str, int] = {}

    def __enter__(self) -> Ahead:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if kind is None:
            self._flush()
        self._has_failed = self._has_failed or kind is not None
        self._threads.__exit__(kind, error, trace)

    def take(self, path: str, known: Known, data: bytes) -> None:
        """Send a file's content; waits where many are on their way."""
        digest = known.content
        if self._has_failed or digest in self.sizes:
            return
        self.sizes[digest] = known.size
        self._waiting.append(content_of(path, known, data))
        self._waiting_bytes += known.size
        if self._waiting_bytes >= PACK_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._room.acquire()
            self._threads.submit(self._send, self._waiting, self._waiting_bytes)
            self._waiting, self._waiting_bytes = [], 0

    def _send(self, contents: list[Content], size: int) -> None:
        try:
            if not self._has_failed:
                send_pack(self._connection, contents, is_zipped=self._is_zipped, is_early=True)
                self._sent_bytes += size
                if self._progress is not None:
                    self._progress(self._sent_bytes, 0)
        except HfaiError:
            self._has_failed = True
        finally:
            self._room.release()
