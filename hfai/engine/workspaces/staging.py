"""Contents that have arrived and wait for their commit: packs of small ones, and large ones a file each.

Nothing bears its final name before its hash has been checked; what a cut left is there when the push goes on.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import secrets
import threading
import time
from pathlib import Path
from typing import Any, Iterator, Mapping, Union

from hfai.engine.system import write_atomic
from hfai.engine.workspaces.folder import Folder
from hfai.model.errors import RefusedError
from hfai.model.workspace.pack import unframed
from hfai.model.workspace.safe_tree import SafeTree, copy_bytes

_BLOCK = 1 << 20
# Content of a push that was given up is kept for the next one to find.
_KEPT_S = 3 * 86400.0
_PACK, _PART = ".pack", ".part"
# Of a pack: hash, where the content begins, its length.
Frames = list[tuple[str, int, int]]


class Staging:
    """The staged contents of one workspace."""

    def __init__(self, folder: Folder) -> None:
        self._path = folder.staging
        self._hashes: dict[str, tuple[int, Any]] = {}
        # Where the contents of the packs are that have come since the engine was started.
        self._frames: dict[str, Frames] = {}
        self._lock = threading.Lock()

    def contents(self) -> Contents:
        """What is there now."""
        return Contents(self._path, self._frames)

    def parts(self) -> dict[str, int]:
        """The large contents that have arrived in part, and how far."""
        return {one.stem: one.stat().st_size for one in self._path.glob(f"*{_PART}")}

    def add_pack(self, body: bytes) -> int:
        """Keep a pack whose hashes are right; how many contents it holds.

        Raises:
            RefusedError: it is none, or something in it is not what it says.
        """
        frames: Frames = []
        try:
            for head, data, at in unframed(body):
                digest = hashlib.sha256(data).hexdigest()
                if digest != head.get("sha256"):
                    raise ValueError("a content does not fit its hash")
                frames.append((digest, at, len(data)))
        except ValueError as error:
            raise RefusedError("a pack arrived damaged ({reason}): push again", reason=str(error)) from None
        if frames:
            name = f"{secrets.token_hex(16)}{_PACK}"
            self._frames[name] = frames
            write_atomic(self._path / name, body)
        return len(frames)

    def add_part(self, digest: str, at: int, size: int, data: bytes) -> int:
        """Append to a large content, if it goes on where ``at`` says; how far it has come, ``size`` when it is whole.

        Raises:
            RefusedError: it is whole and does not fit its hash; it begins anew then.
        """
        whole, part = self._path / digest, self._path / f"{digest}{_PART}"
        with self._lock:
            if whole.exists():
                return size
            have = part.stat().st_size if part.exists() else 0
            if at != have or have + len(data) > size:
                return have
            offset, running = self._hashes.get(digest) or (0, hashlib.sha256())
            if offset != have:
                running = _hash_of(part)
            with part.open("ab") as file:
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
        temporary = self._path / f"{digest}.{secrets.token_hex(4)}.new"
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
        """Remove what is staged, or what is older than three days."""
        oldest = time.time() - _KEPT_S
        for one in self._path.iterdir():
            if not only_old or one.stat().st_mtime < oldest:
                one.unlink()
                self._frames.pop(one.name, None)
        if not only_old:
            self._hashes.clear()


def _hash_of(path: Path) -> Any:
    running = hashlib.sha256()
    if path.exists():
        with path.open("rb") as file:
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
    """The whole contents in a staging directory, by hash; holds packs mapped until it is closed."""

    def __init__(self, path: Path, frames: Mapping[str, Frames]) -> None:
        self._path = path
        self._frames = frames
        self._maps: list[mmap.mmap] = []
        self._found: dict[str, Union[Path, memoryview]] = {}
        for one in path.iterdir():
            if one.suffix == _PACK:
                self._add_pack(one)
            elif not one.suffix and not one.name.startswith("."):
                self._found[one.name] = one

    def __enter__(self) -> Contents:
        return self

    def __exit__(self, *_: object) -> None:
        self._found.clear()
        for one in self._maps:
            with contextlib.suppress(BufferError):
                one.close()

    def __contains__(self, digest: object) -> bool:
        return digest in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def add(self, digest: str) -> None:
        """A file of its own has come into the directory."""
        self._found[digest] = self._path / digest

    def put(self, digest: str, tree: SafeTree, path: str, mode: int, mtime_ns: int, *, is_last: bool) -> os.stat_result:
        """Make the file at a path of a tree; a large content moves there if it is not needed again.

        Raises:
            OSError: as the system says; what is staged is not lost.
        """
        found = self._found[digest]
        if isinstance(found, Path) and is_last:
            fd = os.open(found, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fchmod(fd, mode)
                os.utime(fd, ns=(mtime_ns, mtime_ns))
                tree.take_in(str(found), path)
                return os.fstat(fd)
            finally:
                os.close(fd)
        fd = tree.create(path, mode)
        try:
            if isinstance(found, Path):
                source = os.open(found, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    copy_bytes(source, fd)
                finally:
                    os.close(source)
            else:
                _write_all(fd, found)
            os.utime(fd, ns=(mtime_ns, mtime_ns))
            return os.fstat(fd)
        finally:
            os.close(fd)

    def _add_pack(self, path: Path) -> None:
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._maps.append(mapped)
        frames = self._frames.get(path.name)
        if frames is not None:
            view = memoryview(mapped)
            for digest, at, size in frames:
                self._found[digest] = view[at : at + size]
            return
        for head, data, _ in unframed(mapped):  # type: ignore[arg-type]  # what it needs of bytes, a map has
            self._found[str(head["sha256"])] = data


def _write_all(fd: int, data: memoryview) -> None:
    at = 0
    while at < len(data):
        at += os.write(fd, data[at:])
