"""The directory of one rank: its lock, its socket and files that appear whole or not at all.

Everything goes through one directory descriptor: paths may be longer than a socket address and may be moved.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

LOCK_PATIENCE_S = 0.1


class RankDir:
    """The open directory of one rank, made if it is not there.

    Args:
        run_dir: the directory of the run, which exists.
        rank: the rank.
    """

    def __init__(self, run_dir: str, rank: int) -> None:
        path = f"{run_dir}/{rank}"
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._lock_fd: Optional[int] = None

    def take_lock(self) -> bool:
        """Lock the rank for the life of this process; False if another supervisor has it.

        Waits a moment: whoever only looks whether the lock is held (:func:`ask.is_locked`) holds it while looking.
        """
        fd = os.open("lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600, dir_fd=self.fd)
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(fd)
                    return False
                time.sleep(0.005)
            else:
                self._lock_fd = fd
                return True

    def exists(self, name: str) -> bool:
        """Whether there is a file of that name."""
        return os.access(name, os.F_OK, dir_fd=self.fd)

    @property
    def is_gone(self) -> bool:
        """Whether somebody has removed the directory."""
        return os.fstat(self.fd).st_nlink == 0

    def open_to_all(self) -> None:
        """Let other accounts see what is in the directory; each file has a mode of its own, and nothing can be changed."""
        os.fchmod(self.fd, 0o755)

    def create(self, name: str) -> int:
        """A new file to be written bit by bit, as its descriptor.

        Raises:
            OSError: it cannot be made, or is there.
        """
        return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600, dir_fd=self.fd)

    def write(self, name: str, record: dict[str, Any], mode: int = 0o600) -> None:
        """Write a JSON file beside and rename it; a reader sees all of it or none.

        Raises:
            OSError: nothing has changed; may be tried again.
        """
        beside = f"{name}.new"
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600, dir_fd=self.fd)
        try:
            left = json.dumps(record).encode() + b"\n"
            while left:
                left = left[os.write(fd, left) :]
            if mode != 0o600:
                os.fchmod(fd, mode)
        finally:
            os.close(fd)
        os.rename(beside, name, src_dir_fd=self.fd, dst_dir_fd=self.fd)

    def listen(self, uid: Optional[int] = None) -> socket.socket:
        """A listening socket ``sock`` in the directory, in place of one that is left of an earlier supervisor.

        Args:
            uid: who may connect beside root; None for this process's account.
        """
        self.unlink_socket()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.setblocking(False)
        listener.bind(f"/proc/self/fd/{self.fd}/sock")
        os.chmod("sock", 0o600, dir_fd=self.fd)
        if uid is not None:
            os.chown("sock", uid, -1, dir_fd=self.fd, follow_symlinks=False)
        listener.listen(64)
        return listener

    def unlink_socket(self) -> None:
        """Remove ``sock`` if it is there."""
        with contextlib.suppress(OSError):
            os.unlink("sock", dir_fd=self.fd)

    def close(self) -> None:
        """Close the directory and give the lock back."""
        if self._lock_fd is not None:
            os.close(self._lock_fd)
        os.close(self.fd)
