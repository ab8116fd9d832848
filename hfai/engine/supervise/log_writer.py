"""Writes a rank's output, stamped, into segments; what cannot be written now is kept and tried again.

One block in, at most one block kept: while something is kept the supervisor does not read on, so the task blocks and
memory stays bounded.
"""

from __future__ import annotations

import errno
import os
import time

from hfai.engine.supervise.stamp import STAMP_BYTES, Stamper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

LONG_LINE_BYTES = 4096
# Stamped piece by piece: of lines with one letter each, stamps and all, a whole block would be fifteen megabytes.
PIECE_BYTES = 1 << 16
RETRY_MIN_S = 0.05
RETRY_MAX_S = 1.0


class LogWriter:
    """The log of one rank, appended to.

    Args:
        directory_fd: the rank's directory.
        segment_bytes: a segment that has reached this size is followed by a new one at the next line end; where none comes
            for as many bytes again (and at least 4 KiB) also in the middle of a line.

    Attributes:
        retry_at: ``time.monotonic()`` of the next try while something could not be written, else None.

    Raises:
        OSError: the first segment cannot be opened.
    """

    def __init__(self, directory_fd: int, segment_bytes: int) -> None:
        self._directory_fd = directory_fd
        self._segment_bytes = segment_bytes
        self._stamper = Stamper()
        self._is_line_start = True
        # What is still to be stamped, and with what.
        self._data, self._begin, self._stamp = b"", 0, b""
        # What is to be written before that, in order; None stands for "go on in a new segment".
        self._kept: list[Optional[memoryview]] = []
        self._retry_s = RETRY_MIN_S
        self.retry_at: Optional[float] = None
        self._segment = max([0, *_segments(directory_fd)])
        self._fd = self._open(self._segment)
        self._size = os.fstat(self._fd).st_size

    def _open(self, segment: int) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return os.open(f"log.{segment}", flags, 0o600, dir_fd=self._directory_fd)

    def put(self, data: bytes) -> None:
        """Stamp and write some output; only while :attr:`retry_at` is None. All its lines get the time of this call."""
        self._data, self._begin, self._stamp = data, 0, self._stamper.now()
        self.flush()

    def _stamp_piece(self) -> bool:
        """Lay out the next piece of what is to be stamped; False if there is none."""
        piece = self._data[self._begin : self._begin + PIECE_BYTES]
        if not piece:
            self._data = b""
            return False
        self._begin += len(piece)
        stamped = piece.replace(b"\n", b"\n" + self._stamp)
        starts_line, ends_line = self._is_line_start, piece.endswith(b"\n")
        if starts_line:
            stamped = self._stamp + stamped
        self._is_line_start = ends_line
        self._cut(stamped, len(stamped) - STAMP_BYTES if ends_line else len(stamped), starts_line)
        return True

    def _cut(self, stamped: bytes, end: int, starts_line: bool) -> None:
        """Lay out a stamped block over this and further segments."""
        view = memoryview(stamped)
        begin, room = 0, self._segment_bytes - self._size
        while end - begin > room:
            if room <= 0 and starts_line:
                cut = begin
            else:
                line_end = stamped.find(b"\n", begin + max(0, room - 1), end)
                latest = begin + max(0, room + max(self._segment_bytes, LONG_LINE_BYTES))
                if line_end < 0 and end <= latest:
                    break
                cut = min(line_end + 1, latest) if line_end >= 0 else latest
                if cut == end:
                    break
            self._kept += [view[begin:cut], None]
            begin, room, starts_line = cut, self._segment_bytes, False
        self._kept.append(view[begin:end])

    def finish_line(self) -> None:
        """End a line that the task left unfinished."""
        if not self._is_line_start:
            self._is_line_start = True
            self._kept.append(memoryview(b"\n"))
            self.flush()

    def flush(self) -> bool:
        """Write what is kept; True when nothing is left, else :attr:`retry_at` says when to try again."""
        try:
            while self._kept or self._stamp_piece():
                block = self._kept[0]
                if block is None:
                    self._next_segment()
                elif len(block):
                    written = os.write(self._fd, block)
                    self._size += written
                    self._kept[0] = block[written:]
                    continue
                del self._kept[0]
        except OSError as error:
            if error.errno == errno.EFBIG and self._size:
                # A limit on the size of a file (ulimit -f) below that of a segment: the next one has room again.
                self._kept.insert(0, None)
            self.retry_at = time.monotonic() + self._retry_s
            self._retry_s = min(RETRY_MAX_S, self._retry_s * 2)
            return False
        self.retry_at, self._retry_s = None, RETRY_MIN_S
        return True

    def _next_segment(self) -> None:
        fd = self._open(self._segment + 1)
        os.close(self._fd)
        self._fd, self._segment, self._size = fd, self._segment + 1, 0

    def close(self) -> None:
        os.close(self._fd)


def _segments(directory_fd: int) -> list[int]:
    names = os.listdir(directory_fd)
    return [int(name[4:]) for name in names if name.startswith("log.") and name[4:].isdecimal()]
