"""Reading one rank's log forwards, across segments, while it is being written."""

from __future__ import annotations

import asyncio
import errno
import os
from typing import Optional

from hfai.engine.logs.seek import Place
from hfai.engine.logs.segments import BLOCK_BYTES, Segments

# One buffer for all readers: it is filled and copied from without a pause in between.
_buffer = memoryview(bytearray(BLOCK_BYTES))
# Freeing a large block once tells glibc to keep memory of that size: otherwise each block that is sent is got from the
# system and given back, page by page.
bytes(4 * BLOCK_BYTES)
_NOWAIT = getattr(os, "RWF_NOWAIT", None)


class SegmentReader:
    """A position in a rank's log; :meth:`read` moves it.

    Args:
        log: the rank's segments.
        place: where to begin.

    Attributes:
        segment: number of the segment that is being read.
        offset: the next byte to read in it.
    """

    def __init__(self, log: Segments, place: Place = (0, 0)) -> None:
        self.log = log
        self.segment, self.offset = place
        self._fd: Optional[int] = None

    async def read(self, *, stop: Optional[Place] = None) -> bytes:
        """The next block, at most 1 MiB and not beyond ``stop``; empty if there is nothing more for now.

        Never blocks the loop: what is not in the page cache is read in a thread.
        """
        while stop is None or (self.segment, self.offset) < stop:
            if self._fd is None and not self._open():
                return b""
            limit = BLOCK_BYTES
            if stop is not None and stop[0] == self.segment:
                limit = min(limit, stop[1] - self.offset)
            block = await self._pread(limit)
            if not block and self.log.exists(self.segment + 1):
                # The segment is complete now, but it may have grown between the read and the birth of the next.
                block = await self._pread(limit)
                if not block:
                    self._move(self.segment + 1)
                    continue
            self.offset += len(block)
            return block
        return b""

    def close(self) -> None:
        """Give the file back; may be called twice."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _open(self) -> bool:
        try:
            self._fd = os.open(self.log.path(self.segment), os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            later = [number for number in self.log.numbers() if number > self.segment]
            if not later:
                return False
            self._move(later[0])  # old segments have been cleared away
            return self._open()
        return True

    def _move(self, segment: int) -> None:
        self.close()
        self.segment, self.offset = segment, 0

    async def _pread(self, limit: int) -> bytes:
        assert self._fd is not None
        if _NOWAIT is not None:
            try:
                count = os.preadv(self._fd, [_buffer[:limit]], self.offset, _NOWAIT)
                return bytes(_buffer[:count])
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):
                    raise
        # A thread of its own descriptor: this one may be closed while the thread still reads.
        return await asyncio.to_thread(self.log.read, self.segment, self.offset, limit)
