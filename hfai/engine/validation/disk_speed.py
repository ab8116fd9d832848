"""How fast a disk takes what is written to it for good."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from typing import Iterator

from hfai.model.phrase import Phrase
from hfai.node.check import Check, failed, skipped

_BLOCK_BYTES = 4 << 20
_MOST_BYTES = 64 << 20
_MOST_S = 1.0
# A nearly full disk is another check's business; this one must not fill it.
_SPARE_BYTES = 4 * _MOST_BYTES


def write_speed(name: str, folder: str, least_bytes_per_s: int) -> Check:
    """Write up to 64 MiB, for a second at most, each block for good before the next; the file is never seen and nothing is left.

    Args:
        name: of the check.
        folder: on the disk.
        least_bytes_per_s: what is good enough.
    """
    try:
        disk = os.statvfs(folder)
        if disk.f_bavail * disk.f_frsize < _SPARE_BYTES:
            return skipped(name, Phrase("too little space to try"))
        with _unseen_file(folder) as fd:
            block, written, began = os.urandom(_BLOCK_BYTES), 0, time.monotonic()
            while written < _MOST_BYTES and time.monotonic() - began < _MOST_S:
                written += os.write(fd, block)
                os.fdatasync(fd)
            speed = written / max(time.monotonic() - began, 1e-9)
    except OSError as error:
        return failed(name, Phrase("{folder} cannot be written: {reason}", folder=folder, reason=Phrase(error.strerror or str(error))))
    return Check(name, speed, least_bytes_per_s, "bytes/s")


@contextlib.contextmanager
def _unseen_file(folder: str) -> Iterator[int]:
    try:
        fd = os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError:  # a file system that knows no files without names
        fd, path = tempfile.mkstemp(prefix=".hfai-validate-", dir=folder)
        os.unlink(path)  # noqa: PTH108 - a name that has to go at once
    try:
        yield fd
    finally:
        os.close(fd)
