"""The log of one rank in one run as the files it is made of."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Optional

BLOCK_BYTES = 1024 * 1024


class Segments:
    """The segments ``log.0, log.1 ...`` of one rank and run, in order.

    Args:
        directory: the rank's directory; it need not exist yet.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, segment: int) -> Path:
        return self.directory / f"log.{segment}"

    def exists(self, segment: int) -> bool:
        return self.path(segment).exists()

    def numbers(self) -> list[int]:
        """The segments that are there, oldest first; none if the rank has not begun."""
        try:
            names = [path.name for path in self.directory.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(int(name[4:]) for name in names if name.startswith("log.") and name[4:].isdecimal())

    def size(self, segment: int) -> int:
        """Bytes in the segment now; 0 if it is not there."""
        with contextlib.suppress(FileNotFoundError):
            return self.path(segment).stat().st_size
        return 0

    def read(self, segment: int, offset: int, limit: int = BLOCK_BYTES) -> bytes:
        """Bytes from ``offset`` on, at most ``limit``; empty at the end and where there is no such segment."""
        try:
            with self.path(segment).open("rb", buffering=0) as file:
                return os.pread(file.fileno(), limit, offset)
        except FileNotFoundError:
            return b""

    def line_at(self, segment: int, offset: int) -> Optional[bytes]:
        """The line that begins at ``offset``, with at most its first 4096 bytes; None if no line begins there."""
        before = self.read(segment, offset - 1, 1) if offset else b"\n"
        block = self.read(segment, offset, 4096) if before == b"\n" else b""
        return block.split(b"\n", 1)[0] if block else None
