"""The door to the machine: the clock, files that appear whole or not at all, free ports, a full disk in our words."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sqlite3
import time
from collections import deque
from pathlib import Path
from typing import Iterator, Protocol

from hfai.model.errors import RefusedError, StorageFull

_PORTS = range(20000, 32768)
_PORTS_REMEMBERED = 2000
_FULL = (errno.ENOSPC, errno.EDQUOT)
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


class Clock(Protocol):
    """Where the engine's time comes from."""

    def now(self) -> float:
        """Seconds since the epoch, for records and deadlines that survive a restart."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()


class PortChooser:
    """Hands out ports of this machine that nobody listens on, and none twice within the last 2000.

    They are below the range from which the kernel takes ports for outgoing connections.
    """

    def __init__(self) -> None:
        self._recent: deque[int] = deque(maxlen=_PORTS_REMEMBERED)
        # Engines of several users on one machine should not all begin at the same port.
        self._next = _PORTS.start + os.getpid() * 37 % len(_PORTS)

    def choose(self) -> int:
        """A free port.

        Raises:
            OSError: every port of the range is taken.
        """
        for _ in _PORTS:
            port = self._next
            self._next = port + 1 if port + 1 in _PORTS else _PORTS.start
            if port not in self._recent and _is_free(port):
                self._recent.append(port)
                return port
        raise OSError(errno.EADDRINUSE, f"no free port from {_PORTS.start} to {_PORTS.stop - 1}")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def write_atomic(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Write a file of mode 0600 beside and rename it: a reader sees the old one or the whole new one.

    Args:
        path: the file.
        data: its content.
        durable: whether it must survive a loss of power.

    Raises:
        OSError: nothing has changed.
    """
    beside = path.with_name(f".{path.name}.new")
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        beside.rename(path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def is_full(error: BaseException) -> bool:
    """Whether an error says that there was no space left."""
    if isinstance(error, sqlite3.OperationalError):
        return "full" in str(error)
    return isinstance(error, OSError) and error.errno in _FULL


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn a full or unwritable disk under ``path`` into a refusal that says so.

    Raises:
        StorageFull: no space was left.
        RefusedError: the folder or the database cannot be written.
    """
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        if is_full(error):
            raise StorageFull(path=str(path)) from error
        if _is_not_writable(error):
            template = "{path} cannot be written ({reason}): nothing was changed; see to its owner and permissions"
            raise RefusedError(template, path=str(path), reason=str(error)) from error
        raise


def _is_not_writable(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in _NOT_WRITABLE
    return any(word in str(error) for word in ("readonly", "unable to open", "disk I/O error"))
