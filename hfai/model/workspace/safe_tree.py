"""Changing a tree without ever leaving it: every directory on the way is opened by its own name, and no link is followed.

So neither a path with ``..``, nor a link that somebody puts there meanwhile, nor a file system that takes ``A`` for ``a``
leads a write or a read out of the tree.
"""

from __future__ import annotations

import contextlib
import errno
import os
from types import TracebackType
from typing import Optional, Union

from hfai.model.workspace.paths import ensure_path, is_plain

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_COPY_BYTES = 1 << 30
_BLOCK = 1 << 20


class SafeTree:
    """One tree; use it as a context manager, in one thread.

    Args:
        root: its directory, which must exist.

    Raises:
        OSError: from every method: what the system says. A link or a file where a directory must be is ``ENOTDIR`` or ``ELOOP``.
        RefusedError: from every method: the path is none of a workspace.
    """

    def __init__(self, root: str) -> None:
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        # The directories down to the one that was used last: neighbours come one after the other.
        self._open: list[tuple[str, int]] = []
        self._last = ""

    def __enter__(self) -> SafeTree:
        return self

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.forget()
        os.close(self._root)

    def forget(self) -> None:
        """Let go of directories that are to be removed or replaced."""
        self._last = ""
        while self._open:
            os.close(self._open.pop()[1])

    def parent(self, path: str) -> tuple[int, str]:
        """The directory that a path is in, as a descriptor that stays valid until the next call, and the last name."""
        directory, _, name = path.rpartition("/")
        if directory and directory == self._last and is_plain(name):
            return self._open[-1][1], name
        self._last = ""
        *parts, name = ensure_path(path).split("/")
        depth = 0
        while depth < len(parts) and depth < len(self._open) and self._open[depth][0] == parts[depth]:
            depth += 1
        while len(self._open) > depth:
            os.close(self._open.pop()[1])
        for part in parts[depth:]:
            at = self._open[-1][1] if self._open else self._root
            self._open.append((part, os.open(part, _DIRECTORY, dir_fd=at)))
        self._last = directory
        return (self._open[-1][1] if self._open else self._root), name

    def stat(self, path: str) -> Optional[os.stat_result]:
        """What is there, links not followed; None if nothing is, or something on the way is no directory."""
        try:
            at, name = self.parent(path)
            return os.stat(name, dir_fd=at, follow_symlinks=False)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return None
            raise

    def names(self, path: str) -> list[str]:
        """What is in a directory."""
        at, name = self.parent(path)
        fd = os.open(name, _DIRECTORY, dir_fd=at)
        try:
            return os.listdir(fd)  # noqa: PTH208 - of a descriptor
        finally:
            os.close(fd)

    def open(self, path: str) -> int:
        """A file, to be read."""
        at, name = self.parent(path)
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=at)

    def create(self, path: str, mode: int) -> int:
        """A new file in the place of whatever file or link is there, to be written."""
        at, name = self.parent(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            fd = os.open(name, flags, mode, dir_fd=at)
        except FileExistsError:
            os.unlink(name, dir_fd=at)
            fd = os.open(name, flags, mode, dir_fd=at)
        os.fchmod(fd, mode)
        return fd

    def take_in(self, source: str, path: str) -> os.stat_result:
        """Move a file from elsewhere on the same disk to a path, in the place of whatever file or link is there."""
        at, name = self.parent(path)
        os.rename(source, name, dst_dir_fd=at)
        return os.stat(name, dir_fd=at, follow_symlinks=False)

    def give_away(self, path: str, target: str) -> None:
        """Move a file to elsewhere on the same disk."""
        at, name = self.parent(path)
        os.rename(name, target, src_dir_fd=at)

    def link(self, path: str, target: str, mtime_ns: int) -> None:
        """A symbolic link in the place of whatever file or link is there."""
        at, name = self.parent(path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=at)
        os.symlink(target, name, dir_fd=at)
        os.utime(name, ns=(mtime_ns, mtime_ns), dir_fd=at, follow_symlinks=False)

    def directory(self, path: str) -> None:
        """A directory, if there is none yet; one that exists becomes writable for us."""
        at, name = self.parent(path)
        try:
            os.mkdir(name, 0o700, dir_fd=at)
        except FileExistsError:
            mode = os.stat(name, dir_fd=at, follow_symlinks=False).st_mode
            if mode & 0o700 != 0o700:
                fd = os.open(name, _DIRECTORY, dir_fd=at)
                try:
                    os.fchmod(fd, (mode & 0o777) | 0o700)
                finally:
                    os.close(fd)

    def set_mode(self, path: str, mode: int) -> None:
        """The permission bits of a directory or a file."""
        at, name = self.parent(path)
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=at)
        try:
            os.fchmod(fd, mode)
        finally:
            os.close(fd)

    def remove(self, path: str) -> bool:
        """Remove a file, a link or an empty directory; False where a directory stays because something is in it."""
        try:
            at, name = self.parent(path)
            os.unlink(name, dir_fd=at)
        except (IsADirectoryError, PermissionError):
            with contextlib.suppress(FileNotFoundError):
                return self._remove_directory(path)
        except (FileNotFoundError, NotADirectoryError):
            pass
        return True

    def _remove_directory(self, path: str) -> bool:
        self.forget()
        at, name = self.parent(path)
        try:
            os.rmdir(name, dir_fd=at)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return False
            raise
        return True


def write_all(fd: int, data: Union[bytes, memoryview]) -> None:
    """Write all of it.

    Raises:
        OSError: as the system says.
    """
    at = 0
    while at < len(data):
        at += os.write(fd, data[at:])


def copy_bytes(source: int, target: int) -> None:
    """Copy a file to its end, in the kernel, shared with the source where the file system can.

    Raises:
        OSError: as the system says.
    """
    while True:
        try:
            if os.copy_file_range(source, target, _COPY_BYTES) == 0:
                return
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL):
                raise
            break
        except AttributeError:  # not on every system
            break
    with os.fdopen(os.dup(source), "rb") as reading, os.fdopen(os.dup(target), "wb") as writing:
        while block := reading.read(_BLOCK):
            writing.write(block)
