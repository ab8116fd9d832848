"""Reading a file where somebody else may have put anything in its place."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_LARGEST = 1 << 30


def read_plain(path: Path) -> bytes:
    """A file in a directory that somebody else may put things into: neither a pipe nor a hole without an end is waited for.

    Raises:
        OSError: as the system says; EINVAL: this is no file, or one of more than a gigabyte.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
        return file.read(_LARGEST)
