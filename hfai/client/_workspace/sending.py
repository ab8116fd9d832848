"""The contents of a push on their way: small ones in packs, large ones in pieces, or copied by the engine itself where it can."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Optional, Sequence

from hfai.client._workspace.connection import Connection, Progress
from hfai.model.workspace.entry import Known
from hfai.model.workspace.pack import Content, packed, squeezed
from hfai.model.workspace.safe_tree import SafeTree

_SMALL = 1 << 20
PACK_BYTES = 4 << 20
# Pieces begin small and become as large as a second sends: so a slow way shows progress too.
_PIECE, _FIRST_PIECE, _LEAST_PIECE = 8 << 20, 1 << 20, 1 << 18
_PIECE_S = 1.0


class Wanted(NamedTuple):
    """A content that the other side lacks, and a file here that has it."""

    digest: str
    path: str
    known: Known


class Sender:
    """Sends contents; files that are no longer what they were are noted, not sent.

    Args:
        root: of the workspace.
        connection: to the other side.
        is_zipped: whether to compress where it pays.
        parts: how far large contents have come already.
        progress: is told bytes done and in all.

    Attributes:
        changed: paths of files that have changed since they were hashed.
    """

    def __init__(
        self,
        root: Path,
        connection: Connection,
        wanted: Sequence[Wanted],
        *,
        is_zipped: bool,
        parts: dict[str, int],
        progress: Optional[Progress],
    ) -> None:
        self._root = root
        self._connection = connection
        self._is_zipped = is_zipped
        self._wanted = wanted
        self._parts = parts
        self._progress = progress
        self._total = sum(one.known.size for one in wanted)
        self._done = 0
        self._lock = threading.Lock()
        self.changed: set[str] = set()

    def send(self) -> None:
        """Send them all.

        Raises:
            HfaiError: it could not be done; what has arrived is kept over there.
        """
        self._tick(0)
        self._connection.each(self._send_one, self._jobs())

    def _jobs(self) -> Iterator[list[Wanted]]:
        pack: list[Wanted] = []
        size = 0
        for one in self._wanted:
            if one.known.size > _SMALL:
                yield [one]
                continue
            pack.append(one)
            size += one.known.size + 100
            if size >= PACK_BYTES:
                yield pack
                pack, size = [], 0
        if pack:
            yield pack

    def _send_one(self, job: list[Wanted]) -> None:
        if job[0].known.size <= _SMALL:
            self._send_pack(job)
        elif not self._have_copied(job[0]):
            self._send_pieces(job[0])

    def _send_pack(self, job: list[Wanted]) -> None:
        contents: list[Content] = []
        size = 0
        with SafeTree(str(self._root)) as tree:
            for one in job:
                data = _read_small(tree, one)
                size += one.known.size
                if data is None:
                    self.changed.add(one.path)
                else:
                    contents.append(content_of(one.path, one.known, data))
        send_pack(self._connection, contents, is_zipped=self._is_zipped)
        self._tick(size)

    def _have_copied(self, one: Wanted) -> bool:
        """Let an engine on this machine copy the file; its stat vouches for the hash, if it is not too fresh for that."""
        known = one.known
        if not self._connection.is_embedded or not known.ctime_ns:
            return False
        stat: dict[str, Any] = {
            "size": known.size,
            "mtime_ns": known.mtime_ns,
            "ctime_ns": known.ctime_ns,
            "ino": known.ino,
        }
        body = {"sha256": one.digest, "path": str(self._root / one.path), **stat}
        if not self._connection.send("operating/workspace/push/copy", body)["copied"]:
            return False
        self._tick(known.size)
        return True

    def _send_pieces(self, one: Wanted) -> None:
        size, at = one.known.size, self._parts.get(one.digest, 0)
        done, piece = 0, _FIRST_PIECE
        with SafeTree(str(self._root)) as tree:
            try:
                fd = tree.open(one.path)
            except OSError:
                self.changed.add(one.path)
                return
        try:
            while at < size:
                data = os.pread(fd, min(piece, size - at), at)
                status = os.fstat(fd)
                if not data or (status.st_size, status.st_mtime_ns) != (size, one.known.mtime_ns):
                    self.changed.add(one.path)
                    return
                body, is_zipped = squeezed(data) if self._is_zipped else (data, False)
                begun_s = time.monotonic()
                answer = self._connection.send(
                    "operating/workspace/push/part", body, sha256=one.digest, at=at, size=size, zip=int(is_zipped)
                )
                took_s = max(time.monotonic() - begun_s, 0.001)
                piece = max(_LEAST_PIECE, min(_PIECE, int(piece * _PIECE_S / took_s)))
                at = int(answer["at"])
                self._tick(max(at - done, 0))
                done = max(at, done)
        finally:
            os.close(fd)

    def _tick(self, size: int) -> None:
        if self._progress is not None:
            with self._lock:
                self._done += size
                self._progress(min(self._done, self._total), self._total)


def content_of(path: str, known: Known, data: bytes) -> Content:
    """What is in a file, for a pack."""
    return Content(known.content, known.mode, max(known.mtime_ns, 0), data, path)


def send_pack(connection: Connection, contents: Sequence[Content], *, is_zipped: bool, is_early: bool = False) -> None:
    """Send small contents.

    Args:
        is_zipped: whether to compress where it pays.
        is_early: nobody has looked yet whether there is room for the push: it is refused where the disk is nearly full.

    Raises:
        HfaiError: it could not be done.
    """
    if contents:
        body, is_squeezed = squeezed(packed(contents)) if is_zipped else (packed(contents), False)
        connection.send("operating/workspace/push/pack", body, zip=int(is_squeezed), early=int(is_early))


def _read_small(tree: SafeTree, one: Wanted) -> Optional[bytes]:
    """What is in the file, if it is still what was hashed."""
    try:
        fd = tree.open(one.path)
        try:
            data = os.read(fd, one.known.size + 1)
        finally:
            os.close(fd)
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == one.digest else None
