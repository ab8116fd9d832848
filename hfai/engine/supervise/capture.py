"""A rank's output on its way from the pipe into the log."""

from __future__ import annotations

import os
import time

from hfai.engine.supervise.log_writer import LogWriter
from hfai.engine.supervise.tail import Tail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional

    from hfai.engine.supervise.poller import Poller

BLOCK_BYTES = 1 << 19


class Capture:
    """Reads only what the log can take: while the log cannot be written the task blocks, and memory stays bounded.

    Args:
        directory_fd: the rank's directory.
        segment_bytes: how large a segment of the log becomes.
        poller: tells when there is something to read.

    Attributes:
        tail: the last lines.
        last_at: ``time.monotonic()`` of the last output.

    Raises:
        OSError: the log cannot be opened.
    """

    def __init__(self, directory_fd: int, segment_bytes: int, poller: Poller) -> None:
        self._poller = poller
        self._log = LogWriter(directory_fd, segment_bytes)
        self._fd: Optional[int] = None
        self.tail = Tail()
        self.last_at = time.monotonic()

    @property
    def retry_at(self) -> Optional[float]:
        """``time.monotonic()`` of the next try while the log cannot be written, else None."""
        return self._log.retry_at

    def begin(self, fd: int, ready: Callable[[], None]) -> None:
        """Take over a pipe; ``ready`` is called when there is something to :meth:`read`."""
        self._fd, self._ready = fd, ready
        self.last_at = time.monotonic()
        self._poller.watch(fd, ready)

    def read(self) -> None:
        """Take one block, if there is one."""
        if self._fd is None:
            return
        try:
            data = os.read(self._fd, BLOCK_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._close()
            return
        self.last_at = time.monotonic()
        self.tail.put(data)
        self.put(data)

    def put(self, data: bytes) -> None:
        """Into the log; no more is taken from the task while it cannot be written."""
        self._log.put(data)
        if self._log.retry_at is not None and self._fd is not None:
            self._poller.forget(self._fd)

    def flush(self, now: float) -> None:
        """Try again to write, if it is time, and read on once that is done."""
        if self._log.retry_at is None:
            return
        # A task that waits for the disk is not hung.
        self.last_at = now
        if now >= self._log.retry_at and self._log.flush() and self._fd is not None:
            self._poller.watch(self._fd, self._ready)

    def finish(self) -> bool:
        """Nobody writes any more: take what is left, and end the last line; False while the log cannot take it."""
        if not self._drain():
            return False
        self._log.finish_line()
        return self._log.retry_at is None

    def _drain(self) -> bool:
        # Not until the pipe's end: a process that is none of ours may have been handed the other side and keep it open.
        while self._fd is not None:
            try:
                data = os.read(self._fd, BLOCK_BYTES)
            except BlockingIOError:
                data = b""
            if not data:
                self._close()
                return True
            self.tail.put(data)
            self.put(data)
            if self._log.retry_at is not None:
                return False
        return True

    def _close(self) -> None:
        if self._fd is not None:
            self._poller.forget(self._fd)
            os.close(self._fd)
            self._fd = None
