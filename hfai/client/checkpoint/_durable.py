"""Files that survive a power cut: written beside, synced, renamed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from pathlib import Path

_CHUNK_BYTES = 1 << 20


def sync_directory(directory: Path) -> None:
    """Make the names in ``directory`` durable; some network file systems cannot and need not."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make the bytes of a file that somebody else wrote durable."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def sha256_of(path: Path) -> str:
    """The digest that ``sha256sum`` prints."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def replace_durably(path: Path, content: bytes) -> None:
    """Write a small file: afterwards, and after any crash, ``path`` has the old content or the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    sync_directory(path.parent)
