"""At most one daemon per state directory: a lock on ``engine.lock`` that the kernel drops when the daemon dies."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from hfai.model.errors import EngineStartError
from hfai.model.phrase import Phrase

# Clients take the lock for a moment to see whether somebody holds it.
_PATIENCE_S = 0.3


class EngineLock:
    """Takes the lock; it is held until :meth:`release` or the end of the process.

    Args:
        path: the lock file; it is made if need be and holds the id of the process that has the lock.

    Raises:
        EngineStartError: another process has it.
        OSError: the file cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._take(path)
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)
        except BaseException:
            self.release()
            raise

    def _take(self, path: Path) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    holder = os.pread(self._fd, 32, 0).decode(errors="replace").strip() or "unknown"
                    reason = Phrase("process {pid} already runs the engine in {path}", pid=holder, path=str(path.parent))
                    raise EngineStartError(reason=reason) from None
                time.sleep(0.02)

    def is_in_place(self) -> bool:
        """Whether the file is still where it was taken; False where its directory was removed, put elsewhere or replaced."""
        mine = os.fstat(self._fd)
        try:
            there = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:  # a file server that does not answer now
            return True
        return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._fd)
