"""Contents that have arrived and wait for their commit, a file each: small ones in a directory for each pack, large ones beside.

Nothing bears its final name before its hash has been checked; what a cut left is there when the push goes on. A commit
moves the files into the tree.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
import threading
import time
from pathlib import Path
from typing import Any, Container, Iterator, Mapping

from hfai.engine.workspaces.arriving import arrived, write_new
from hfai.engine.workspaces.early import NAME as EARLY
from hfai.engine.workspaces.early import EarlyTree
from hfai.engine.workspaces.folder import Folder
from hfai.model.errors import RefusedError
from hfai.model.workspace.paths import is_digest
from hfai.model.workspace.safe_tree import SafeTree, copy_bytes

_BLOCK = 1 << 20
# Of a directory that somebody else may put things into: a pipe is not waited for.
_PLAIN = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# Content of a push that was given up is kept for the next one to find.
KEPT_S = 3 * 86400.0
# ``.new``: not whole yet, and whoever writes it may still be at it.
_PACK, _PART, _NEW = ".many", ".part", ".new"


class Staging:
    """The staged contents of one workspace.

    Attributes:
        early: those of a first push that have come before it was begun.
    """

    def __init__(self, folder: Folder) -> None:
        self._path = folder.staging
        self._hashes: dict[str, tuple[int, Any]] = {}
        self._lock = threading.Lock()
        self.early = EarlyTree(self._path)

    def contents(self) -> Contents:
        """What is there now."""
        contents = Contents(self._path)
        for path, known in self.early.files().items():
            contents.add(known.content, f"{EARLY}/{path}")
        return contents

    @property
    def is_empty(self) -> bool:
        """Whether nothing has arrived, of no push."""
        with os.scandir(self._path) as listing:
            return next(listing, None) is None

    def parts(self) -> dict[str, int]:
        """The large contents that have arrived in part, and how far."""
        return {one.stem: one.lstat().st_size for one in self._path.glob(f"*{_PART}") if is_digest(one.stem)}

    def add_pack(self, body: bytes, *, is_early: bool = False) -> int:
        """Keep a pack whose hashes are right; how many contents it holds.

        Args:
            is_early: it is of a first push that has not been begun.

        Raises:
            RefusedError: it is none, or something in it is not what it says.
            OSError: as the system says; nothing of it is kept then.
        """
        try:
            return self.early.add(body) if is_early else self._add_pack(body)
        except ValueError as error:
            raise RefusedError("a pack arrived damaged ({reason}): push again", reason=str(error)) from None

    def _add_pack(self, body: bytes) -> int:
        name = secrets.token_hex(16)
        place = self._path / f"{name}{_NEW}"
        place.mkdir(mode=0o700)
        try:
            count = _unpack(body, str(place))
            place.rename(self._path / f"{name}{_PACK}")
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        return count

    def add_part(self, digest: str, at: int, size: int, data: bytes) -> int:
        """Append to a large content, if it goes on where ``at`` says; how far it has come, ``size`` when it is whole.

        Raises:
            RefusedError: it is whole and does not fit its hash; it begins anew then.
        """
        whole, part = self._path / digest, self._path / f"{digest}{_PART}"
        with self._lock:
            if whole.is_file():
                return size
            have = part.lstat().st_size if os.path.lexists(part) else 0
            if at != have or have + len(data) > size:
                return have
            offset, running = self._hashes.get(digest) or (0, hashlib.sha256())
            if offset != have:
                running = _hash_of(part)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _PLAIN, 0o600), "wb") as file:
                file.write(data)
            running.update(data)
            have += len(data)
            self._hashes[digest] = (have, running)
            if have < size:
                return have
            del self._hashes[digest]
            if running.hexdigest() != digest:
                part.unlink()
                raise RefusedError("a file arrived damaged ({reason}): push again", reason="its hash differs")
            part.rename(whole)
            return size

    def take_copy(self, digest: str, path: str, stat: Mapping[str, int]) -> bool:
        """Copy a file of this machine that had this hash when it had this stat; False if it has another now.

        The copy is made in the kernel; the stat before and after vouches for what was copied.
        """
        temporary = self._path / f"{digest}.{secrets.token_hex(4)}{_NEW}"
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if not _fits(os.fstat(fd), stat):
                return False
            target = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                copy_bytes(fd, target)
                if not _fits(os.fstat(fd), stat) or os.fstat(target).st_size != stat["size"]:
                    return False
                temporary.rename(self._path / digest)
            finally:
                os.close(target)
        finally:
            os.close(fd)
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
        return True

    def clear(self, *, only_old: bool) -> None:
        """Remove what is staged, or what is older than three days; what somebody writes just now stays."""
        oldest = time.time() - KEPT_S
        with self._lock:
            for one in self._path.iterdir():
                with contextlib.suppress(FileNotFoundError):  # it has just got its name
                    if not (only_old or one.suffix == _NEW) or one.lstat().st_mtime < oldest:
                        self._remove(one)
            if not only_old:
                self._hashes.clear()

    def _remove(self, one: Path) -> None:
        if one.name == EARLY:
            self.early.clear()
        elif one.is_dir():
            shutil.rmtree(one)
        else:
            one.unlink()

    def keep_only(self, digests: Container[str]) -> None:
        """Remove the contents, whole or in part, that are none of these."""
        contents = self.contents()
        for digest in contents:
            if digest not in digests:
                Path(contents.file(digest)).unlink()
        with self._lock:
            for part in self._path.glob(f"*{_PART}"):
                if part.stem not in digests:
                    part.unlink()
                    self._hashes.pop(part.stem, None)
        self.early.forget()


def _unpack(body: bytes, place: str) -> int:
    """Write the contents of a pack to files called as their hashes; how many.

    Raises:
        ValueError: it is no pack, or something in it is not what it says.
    """
    at = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    count = 0
    try:
        for content in arrived(body):
            with contextlib.suppress(FileExistsError):
                write_new(at, content.digest, content)
            count += 1
    finally:
        os.close(at)
    return count


def _hash_of(path: Path) -> Any:
    running = hashlib.sha256()
    if path.exists():
        with os.fdopen(os.open(path, os.O_RDONLY | _PLAIN), "rb") as file:
            while block := file.read(_BLOCK):
                running.update(block)
    return running


def _fits(found: os.stat_result, stat: Mapping[str, int]) -> bool:
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino) == (
        stat["size"],
        stat["mtime_ns"],
        stat["ctime_ns"],
        stat["ino"],
    )


class Contents:
    """The whole contents in a staging directory, by hash."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, str] = {}
        with os.scandir(path) as listing:
            for one in listing:
                if one.name.endswith(_PACK):
                    self._found.update((digest, f"{one.name}/{digest}") for digest in os.listdir(one.path))  # noqa: PTH208
                elif is_digest(one.name) and one.is_file(follow_symlinks=False):
                    self._found[one.name] = one.name

    def __contains__(self, digest: object) -> bool:
        return digest in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def add(self, digest: str, name: str = "") -> None:
        """A file has come into the directory, called as its hash or so."""
        self._found[digest] = name or digest

    def file(self, digest: str) -> str:
        """Where a content is.

        Raises:
            KeyError: it is not there.
        """
        return f"{self._path}/{self._found[digest]}"

    def put(self, digest: str, tree: SafeTree, path: str, mode: int, mtime_ns: int, *, is_last: bool) -> os.stat_result:
        """Make the file at a path of a tree; the content moves there if it is not needed again.

        Raises:
            OSError: as the system says; what is staged is not lost.
        """
        found = self.file(digest)
        if is_last:
            status = tree.take_in(found, path)
            if status.st_mtime_ns == mtime_ns and stat.S_IMODE(status.st_mode) == mode:
                return status
            fd = tree.open(path)
            try:
                os.fchmod(fd, mode)
                os.utime(fd, ns=(mtime_ns, mtime_ns))
                return os.fstat(fd)
            finally:
                os.close(fd)
        source = os.open(found, os.O_RDONLY | _PLAIN)
        try:
            fd = tree.create(path, mode)
            try:
                copy_bytes(source, fd)
                os.utime(fd, ns=(mtime_ns, mtime_ns))
                return os.fstat(fd)
            finally:
                os.close(fd)
        finally:
            os.close(source)
