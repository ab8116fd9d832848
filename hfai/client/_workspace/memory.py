"""``.hfai/tree``: what a directory was like when it was looked at last, in pieces, one of each kind per directory.

A line of JSON, then the fingerprints of the directories, then their entries, as JSON too. So a push finds out in one walk
where something was touched, and reads what it knows of these directories alone. Their new pieces go to ``.hfai/tree.since``,
of the same form, as long as they are few: it names the file that it belongs to, and next to any other counts for nothing.
"""

from __future__ import annotations

import json
import os

from hfai.model.workspace.fingerprint import Fingerprints, differing

TYPE_CHECKING = False  # nothing may be imported here that an unchanged push does not need
if TYPE_CHECKING:
    from typing import AbstractSet, Any, BinaryIO, Collection, Iterable, Mapping, Optional, Tuple

    from hfai.model.workspace.scan import Listed

    # A directory, empty or with ``/`` at its end, its fingerprint and its entries.
    Piece = Tuple[str, bytes, bytes]

TREE, _SINCE = "tree", "tree.since"
_FORMAT = 2
# New pieces are written by themselves as long as they are at most such a part of the whole.
_PART = 10


class _File:
    """One of the two files.

    Raises:
        KeyError, TypeError, ValueError: this is none.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.head: dict[str, Any] = json.loads(file.readline())
        if self.head["format"] != _FORMAT:
            raise ValueError("this is another format")
        directories, sizes = self.head["directories"], self.head["entries"]
        self.fingerprints = _places(directories, self.head["fingerprints"])
        self.data = file.read(sum(self.head["fingerprints"]))
        self._begin = file.tell()
        self._entries = _places(directories, sizes)
        self.size = len(self.data) + sum(sizes)
        if os.fstat(file.fileno()).st_size != self._begin + sum(sizes):
            raise ValueError("the file is not whole")
        self._file = file

    def close(self) -> None:
        self._file.close()

    def entries(self, directory: str) -> bytes:
        at, size = self._entries[directory]
        return os.pread(self._file.fileno(), size, self._begin + at)


class Memory:
    """What is remembered; has to be closed.

    Attributes:
        name, uid: which workspace it agreed with.
        agreed: whether ``.hfignore`` was used in a push after which both sides were the same; None if they may differ.
        files: how many there were.
        differing: per path what the other side had, where that is not as it is here.
        fingerprints: of the directories.

    Raises:
        KeyError, TypeError, ValueError: it cannot be used.
    """

    def __init__(self, whole: _File, since: Optional[_File] = None) -> None:
        self._whole, self._since = whole, since
        head = since.head if since else whole.head
        self.name, self.uid = str(head["name"]), str(head["uid"])
        self.agreed: Optional[bool] = head["agreed"]
        self.files = int(head["files"])
        self.differing: dict[str, Optional[str]] = dict(head["differing"])
        data, places = whole.data, whole.fingerprints
        if since:
            for directory in since.head["gone"]:
                places.pop(directory, None)
            for directory, (at, size) in since.fingerprints.items():
                places[directory] = len(data) + at, size
            data += since.data
        self.fingerprints = Fingerprints(data, places)

    def close(self) -> None:
        self._whole.close()
        if self._since:
            self._since.close()

    @property
    def directories(self) -> AbstractSet[str]:
        """Those in which anything is."""
        return self.fingerprints.places.keys()

    def piece(self, directory: str) -> Piece:
        """What is remembered of a directory in which something was.

        Raises:
            OSError: it cannot be read.
        """
        file = self._since if self._since and directory in self._since.fingerprints else self._whole
        return directory, self.fingerprints.of(directory), file.entries(directory)

    def since(
        self, touched: Collection[str], fresh: Mapping[str, Piece]
    ) -> Optional[tuple[dict[str, Any], list[Piece]]]:
        """What has changed since the whole file was written, see :func:`write_touched`; None if that is too much."""
        before = self._since.fingerprints.keys() - touched if self._since else ()
        pieces = [*map(self.piece, sorted(before)), *(fresh[directory] for directory in touched if directory in fresh)]
        if sum(len(piece[1]) + len(piece[2]) for piece in pieces) * _PART > self._whole.size:
            return None
        gone = {*touched, *(self._since.head["gone"] if self._since else ())} - fresh.keys()
        return {"of": self._whole.head["id"], "gone": sorted(gone)}, pieces


class Look:
    """What has been touched since.

    Attributes:
        memory: that it was compared with.
        visited: the directories that are there, in order.
        touched: those of them in which something was.
        gone: those that are not there any more.
    """

    def __init__(self, memory: Memory, visited: list[str], touched: list[Listed]) -> None:
        self.memory = memory
        self.visited = visited
        self.touched = touched
        self.gone = memory.fingerprints.places.keys() - set(visited)

    @property
    def differing(self) -> list[str]:
        """The directories in which something is not as it was."""
        return [*(directory for directory, _, _ in self.touched), *sorted(self.gone)]

    @property
    def files(self) -> Optional[int]:
        """How many files there are, if all is as it was; else None."""
        return None if self.touched or self.gone else self.memory.files


def open_memory(state_dir: str) -> Memory:
    """What is remembered.

    Raises:
        OSError, KeyError, TypeError, ValueError: nothing is, or it cannot be used.
    """
    whole = _opened(f"{state_dir}/{TREE}")
    since = None
    try:
        since = _since_of(state_dir, whole)
        return Memory(whole, since)
    except BaseException:
        whole.close()
        if since:
            since.close()
        raise


def look(root: str, memory: Memory) -> Look:
    """What has been touched since both sides agreed.

    Raises:
        OSError: something cannot be looked at.
    """
    return Look(memory, *differing(root, memory.fingerprints, use_ignore=bool(memory.agreed)))


def write_memory(state_dir: str, head: Mapping[str, Any], pieces: Iterable[Piece]) -> None:
    """Write it anew, whole.

    Args:
        state_dir: where.
        head: ``name``, ``uid``, ``agreed``, ``files`` and ``differing`` of :class:`Memory`.
        pieces: of all directories in which anything is.

    Raises:
        OSError: it could not be written; what was there before still is.
    """
    _write(f"{state_dir}/{TREE}", {**head, "id": os.urandom(16).hex()}, pieces)
    try:  # noqa: SIM105 - no contextlib here
        os.unlink(f"{state_dir}/{_SINCE}")  # noqa: PTH108 - nor pathlib
    except FileNotFoundError:
        pass


def write_touched(state_dir: str, head: Mapping[str, Any], found: Look, fresh: Mapping[str, Piece]) -> None:
    """Write it after a push of what was touched.

    Args:
        state_dir, head: see :func:`write_memory`.
        found: what was touched.
        fresh: the pieces of the directories in which it was, as they are now.

    Raises:
        OSError: it could not be written; what was there before still is.
    """
    memory, touched = found.memory, found.differing
    since = memory.since(touched, fresh)
    if since is not None:
        _write(f"{state_dir}/{_SINCE}", {**head, **since[0]}, since[1])
        return
    kept = memory.directories - {*touched}
    pieces = (memory.piece(one) if one in kept else fresh[one] for one in found.visited if one in kept or one in fresh)
    write_memory(state_dir, head, pieces)


def _write(path: str, head: Mapping[str, Any], pieces: Iterable[Piece]) -> None:
    directories, fingerprints, entries = [*zip(*pieces)] or ((), (), ())
    sizes = {"fingerprints": [*map(len, fingerprints)], "entries": [*map(len, entries)]}
    line = json.dumps({"format": _FORMAT, **head, "directories": directories, **sizes}, separators=(",", ":"))
    write_beside(path, b"".join([line.encode(), b"\n", *fingerprints, *entries]))


def write_beside(path: str, data: bytes) -> None:
    """Write a file of mode 0600 beside and rename it.

    Raises:
        OSError: nothing has changed.
    """
    beside = f"{path}.{os.getpid()}-{os.urandom(4).hex()}"
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(fd, "wb") as file:  # noqa: PTH123
            file.write(data)
        os.replace(beside, path)  # noqa: PTH105
    except BaseException:
        os.unlink(beside)  # noqa: PTH108
        raise


def _opened(path: str) -> _File:
    file = open(path, "rb")  # noqa: PTH123, SIM115 - no pathlib here; the memory closes it
    try:
        return _File(file)
    except BaseException:
        file.close()
        raise


def _since_of(state_dir: str, whole: _File) -> Optional[_File]:
    """The second file; None if none was written for the first, or a loss of power has emptied it."""
    try:
        since = _opened(f"{state_dir}/{_SINCE}")
    except (OSError, KeyError, TypeError, ValueError):
        return None
    if since.head.get("of") == whole.head["id"]:
        return since
    since.close()
    return None


def _places(directories: list[str], sizes: list[int]) -> dict[str, tuple[int, int]]:
    if len(directories) != len(sizes) or min(sizes, default=0) < 0:
        raise ValueError("the sizes do not fit the directories")
    places: dict[str, tuple[int, int]] = {}
    at = 0
    for directory, size in zip(directories, sizes):
        places[directory] = at, size
        at += size
    return places
