"""The contents of a pack on their way to files."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import Iterator

from hfai.model.workspace.pack import Content, unpacked
from hfai.model.workspace.safe_tree import write_all


def arrived(body: bytes) -> Iterator[Content]:
    """The contents of a pack, each with its hash checked.

    Raises:
        ValueError: it is no pack, or the next content is not what it says.
    """
    for content in unpacked(body):
        if hashlib.sha256(content.data).hexdigest() != content.digest:
            raise ValueError("a content does not fit its hash")
        yield content


def write_new(at: int, name: str, content: Content) -> os.stat_result:
    """Write a content to a file that is not there yet, in the directory that ``at`` is open on, as it will probably stay.

    Raises:
        OSError: as the system says; the file is not there then.
    """
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=at)
    try:
        write_all(fd, content.data)
        os.fchmod(fd, content.mode | 0o400)  # it may have to be copied
        os.utime(fd, ns=(content.mtime_ns, content.mtime_ns))
        return os.fstat(fd)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=at)
        raise
    finally:
        os.close(fd)
