"""Reading one rank's log forwards, across segments, while it is being written."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from pathlib import Path
from typing import Awaitable, Callable, NamedTuple, Optional, TypeVar

from hfai.engine.logs.seek import Place
from hfai.engine.logs.segments import BLOCK_BYTES, Segments

# One buffer for all readers: it is filled and copied from without a pause in between.
_buffer = memoryview(bytearray(BLOCK_BYTES))
# Freeing a large block once tells glibc to keep memory of that size: otherwise each block that is sent is got from the
# system and given back, page by page.
bytes(4 * BLOCK_BYTES)
_NOWAIT = getattr(os, "RWF_NOWAIT", None)


class Extent(NamedTuple):
    """Bytes of a log by the place where they are; they end where the reader then stands.

    Attributes:
        path: the segment they are in.
        size: how many.
    """

    path: Path
    size: int


_Piece = TypeVar("_Piece", bytes, Extent)


class SegmentReader:
    """A position in a rank's log; :meth:`read` and :meth:`skip` move it.

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
        return await self._next(self._pread, len, stop) or b""

    async def skip(self, *, stop: Optional[Place] = None) -> Optional[Extent]:
        """Where the next bytes are, all that is in one segment up to ``stop``; None if there is nothing more for now."""
        return await self._next(self._measure, _size, stop)

    async def _next(
        self, take: Callable[[int], Awaitable[_Piece]], size_of: Callable[[_Piece], int], stop: Optional[Place]
    ) -> Optional[_Piece]:
        while stop is None or (self.segment, self.offset) < stop:
            if self._fd is None and not self._open():
                return None
            limit = stop[1] - self.offset if stop is not None and stop[0] == self.segment else sys.maxsize
            piece = await take(limit)
            size = size_of(piece)
            if not size and self.log.exists(self.segment + 1):
                # The segment is complete now, but it may have grown between the read and the birth of the next.
                piece = await take(limit)
                size = size_of(piece)
                if not size:
                    self._move(self.segment + 1)
                    continue
            self.offset += size
            return piece if size else None
        return None

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
        limit = min(limit, BLOCK_BYTES)
        if _NOWAIT is not None:
            try:
                count = os.preadv(self._fd, [_buffer[:limit]], self.offset, _NOWAIT)
                return bytes(_buffer[:count])
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):
                    raise
        # A thread of its own descriptor: this one may be closed while the thread still reads.
        return await asyncio.to_thread(self.log.read, self.segment, self.offset, limit)

    async def _measure(self, limit: int) -> Extent:
        assert self._fd is not None
        grown = os.fstat(self._fd).st_size - self.offset
        return Extent(self.log.path(self.segment), max(0, min(grown, limit)))


def _size(extent: Extent) -> int:
    return extent.size
