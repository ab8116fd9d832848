"""What is brought here: each file is written beside, checked, and moved into its place; nothing is followed out of the workspace."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import threading
from pathlib import Path
from typing import Iterator, Mapping, Optional, Sequence

from hfai.client._workspace.connection import Connection, Progress
from hfai.client._workspace.local import LocalWorkspace
from hfai.client._workspace.remote import Incoming
from hfai.model.errors import RefusedError, StreamLost
from hfai.model.workspace.entry import DIRECTORY, FILE, LINK, Entry, Known, kind_of
from hfai.model.workspace.safe_tree import SafeTree

_BATCH_BYTES = 8 << 20
_BATCH_FILES = 1000
# How often a file is read again that changes meanwhile, and how often an answer may break off.
_ATTEMPTS = 3
_MOST_BREAKS = 10


class Receiver:
    """Brings entries into a workspace.

    Attributes:
        skipped: paths that were left as they are, and why; see :class:`PullResult`.
        received_bytes: of contents.
    """

    def __init__(self, local: LocalWorkspace, connection: Connection, progress: Optional[Progress]) -> None:
        self._local = local
        self._connection = connection
        self._progress = progress
        self._incoming = local.state_dir / "incoming"
        self._lock = threading.Lock()
        self._total = self._done = 0
        self.skipped: dict[str, str] = {}
        self.received_bytes = 0

    def remove(self, paths: Sequence[str]) -> None:
        """Remove what is gone on the other side, if it is still what was compared; the deepest first."""
        local = self._local
        with SafeTree(str(local.root)) as tree:
            for path in paths:
                if self._is_edited(tree, path):
                    self.skipped[path] = "edited"
                    continue
                try:
                    is_gone = tree.remove(path)
                except OSError as error:
                    raise _refused(path, error) from None
                if is_gone:
                    local.known.pop(path, None)
                    local.set_base(path, None)
                else:
                    self.skipped[path] = "not_empty"

    def take(self, entries: Mapping[str, Entry]) -> None:
        """Bring these here, directories first, their modes last.

        Raises:
            RefusedError: one cannot be put in its place.
            HfaiError: the connection broke.
        """
        directories = [(path, entry) for path, entry in entries.items() if entry.kind == DIRECTORY]
        local = self._local
        with SafeTree(str(local.root)) as tree:
            for path, entry in directories:
                if self._make_room(tree, path, entry):
                    self._done_with(path, Known.of(entry, 0, 0), lambda path=path: tree.directory(path))
            for path, entry in entries.items():
                if entry.kind == LINK and self._make_room(tree, path, entry):
                    self._link(tree, path, entry)
        files = {path: entry for path, entry in entries.items() if entry.kind == FILE}
        self._total = sum(entry.size for entry in files.values())
        self._tick(0)
        if files:
            self._incoming.mkdir(exist_ok=True)
            self._connection.each(self._fetch, list(_batches(files)))
            with contextlib.suppress(OSError):
                self._incoming.rmdir()
        with SafeTree(str(local.root)) as tree:
            for path, entry in reversed(directories):
                if path not in self.skipped:
                    tree.set_mode(path, entry.mode)

    def _link(self, tree: SafeTree, path: str, entry: Entry) -> None:
        try:
            tree.link(path, entry.content, entry.mtime_ns)
        except OSError as error:
            raise _refused(path, error) from None
        status = tree.stat(path)
        if status is not None:
            self._agreed(path, Known.of(entry, status.st_ctime_ns, status.st_ino))

    def _done_with(self, path: str, known: Known, act: object) -> None:
        try:
            act()  # type: ignore[operator]
        except OSError as error:
            raise _refused(path, error) from None
        self._agreed(path, known)

    def _fetch(self, batch: Mapping[str, Entry]) -> None:
        left = dict(batch)
        readings = breaks = 0
        while left and readings < _ATTEMPTS:
            try:
                self._fetch_once(left)
                readings += 1
            except StreamLost:
                # Of an engine that was killed, perhaps: asking for the rest starts the next one.
                breaks += 1
                if breaks == _MOST_BREAKS:
                    raise
        with self._lock:
            self.skipped.update(dict.fromkeys(left, "changing"))

    def _fetch_once(self, left: dict[str, Entry]) -> None:
        """Fetch them and take out of ``left`` what has come; those that were written to meanwhile stay there."""
        at = 0
        partial: Optional[Path] = None
        if len(left) == 1:
            entry = next(iter(left.values()))
            partial = self._incoming / f"{entry.content}.part"
            at = min(partial.stat().st_size, entry.size) if partial.exists() else 0
        incoming = Incoming(self._connection, list(left), at)
        with SafeTree(str(self._local.root)) as tree:
            for frame in incoming.frames():
                entry = left[frame.path]
                if frame.size is None:
                    self.skipped[frame.path] = "changing"
                    del left[frame.path]
                    continue
                with self._beside(partial) as beside:
                    if not self._write(incoming, beside, frame.size, at, entry):
                        continue
                    try:
                        self._place(tree, frame.path, beside, entry)
                    except OSError as error:
                        raise _refused(frame.path, error) from None
                del left[frame.path]

    @contextlib.contextmanager
    def _beside(self, partial: Optional[Path]) -> Iterator[Path]:
        """Where a content is written to: what is left of it is of use only where the next time can go on from it."""
        beside = partial or self._incoming / secrets.token_hex(8)
        try:
            yield beside
        finally:
            if partial is None:
                beside.unlink(missing_ok=True)

    def _write(self, incoming: Incoming, beside: Path, size: int, at: int, entry: Entry) -> bool:
        """Write what comes to a file; whether it is what was looked at over there."""
        digest = hashlib.sha256()
        if at:
            with beside.open("rb") as before:
                while block := before.read(1 << 20):
                    digest.update(block)
        try:
            with beside.open("ab" if at else "wb") as file:
                for piece in incoming.data(size):
                    digest.update(piece)
                    file.write(piece)
                    self._tick(len(piece))
                    self.received_bytes += len(piece)
        except OSError as error:
            raise _refused(str(beside), error) from None
        if digest.hexdigest() == entry.content:
            return True
        beside.unlink()
        return False

    def _place(self, tree: SafeTree, path: str, beside: Path, entry: Entry) -> None:
        fd = os.open(beside, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fchmod(fd, entry.mode)
            os.utime(fd, ns=(entry.mtime_ns, entry.mtime_ns))
            if not self._make_room(tree, path, entry):
                beside.unlink()
                return
            tree.take_in(str(beside), path)
            status = os.fstat(fd)
        finally:
            os.close(fd)
        self._agreed(path, Known.of(entry, status.st_ctime_ns, status.st_ino))

    def _make_room(self, tree: SafeTree, path: str, entry: Entry) -> bool:
        """Whether the entry may take the place of what is here; if that is of another kind it is removed."""
        if self._is_edited(tree, path):
            self.skipped[path] = "edited"
            return False
        status = tree.stat(path)
        if status is not None and kind_of(status.st_mode) != entry.kind and not tree.remove(path):
            self.skipped[path] = "not_empty"
            return False
        for parent in self._missing_parents(tree, path):
            tree.directory(parent)
            tree.set_mode(parent, 0o755)
        return True

    def _missing_parents(self, tree: SafeTree, path: str) -> list[str]:
        parts = path.split("/")
        parents = ["/".join(parts[:end]) for end in range(1, len(parts))]
        return [parent for parent in parents if tree.stat(parent) is None]

    def _is_edited(self, tree: SafeTree, path: str) -> bool:
        """Whether something else is here than what was compared."""
        status, known = tree.stat(path), self._local.known.get(path)
        if status is None or known is None:
            return status is not None and known is None
        return known.kind != DIRECTORY and known.ctime_ns != 0 and not known.is_still(status)

    def _agreed(self, path: str, known: Known) -> None:
        with self._lock:
            self._local.known[path] = known
            self._local.set_base(path, known.identity)

    def _tick(self, size: int) -> None:
        if self._progress is not None:
            with self._lock:
                self._done += size
                self._progress(min(self._done, self._total), self._total)


def _batches(files: Mapping[str, Entry]) -> Iterator[dict[str, Entry]]:
    """What is asked for at once: large files alone, so that they can go on from the middle."""
    batch: dict[str, Entry] = {}
    size = 0
    for path, entry in files.items():
        if entry.size > _BATCH_BYTES:
            yield {path: entry}
            continue
        batch[path] = entry
        size += entry.size
        if size >= _BATCH_BYTES or len(batch) >= _BATCH_FILES:
            yield batch
            batch, size = {}, 0
    if batch:
        yield batch


def _refused(path: str, error: OSError) -> RefusedError:
    return RefusedError("{file}: {problem}", file=path, problem=error.strerror or str(error))
