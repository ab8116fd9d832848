"""Log bytes of an engine on this machine, read where they are: a frame says the file, and nothing is copied over a socket."""

from __future__ import annotations

import os
from typing import Any, Iterator, Mapping

_BLOCK_BYTES = 1 << 20


class PlaceUnreadable(Exception):
    """The bytes are not where they should be: the engine has to send them."""


class Places:
    """The files that a stream's frames have named; each rank's last one is kept open."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[str, int]] = {}

    def read(self, frame: Mapping[str, Any]) -> Iterator[tuple[bytes, int]]:
        """Blocks of the bytes that a frame stands for, each with the number of those that follow it.

        Raises:
            PlaceUnreadable: they cannot be read here.
        """
        missing = int(frame["size"])
        offset = int(frame["cursor"].rpartition(".")[2]) - missing
        try:
            file = self._file(frame["rank"], frame["path"])
            while missing > 0:
                block = os.pread(file, min(missing, _BLOCK_BYTES), offset)
                if not block:
                    raise PlaceUnreadable
                offset += len(block)
                missing -= len(block)
                yield block, missing
        except OSError:
            raise PlaceUnreadable from None

    def close(self) -> None:
        """Give the files back."""
        for _, file in self._open.values():
            os.close(file)
        self._open.clear()

    def _file(self, rank: int, path: str) -> int:
        known, file = self._open.get(rank, ("", -1))
        if known != path:
            if known:
                del self._open[rank]
                os.close(file)
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            self._open[rank] = path, file
        return file
