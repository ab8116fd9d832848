"""``.hfai/tree``: what a directory was like when it was looked at last, in pieces, one of each kind per directory.

A line of JSON, then the fingerprints of the directories, then their entries, as JSON too. So a push finds out in one walk
where something was touched, reads what it knows of these directories alone, and puts the file together anew of the pieces.
"""

from __future__ import annotations

import json
import os

from hfai.model.workspace.fingerprint import Fingerprints, differing

TYPE_CHECKING = False  # nothing may be imported here that an unchanged push does not need
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Iterable, Mapping, Optional

    from hfai.model.workspace.scan import Listed

TREE = "tree"
_FORMAT = 2


class Memory:
    """What the file holds; has to be closed.

    Args:
        file: open at its beginning.

    Attributes:
        name, uid: which workspace it agreed with.
        agreed: whether ``.hfignore`` was used in a push after which both sides were the same; None if they may differ.
        files: how many there were.
        differing: per path what the other side had, where that is not as it is here.
        fingerprints: of the directories.

    Raises:
        KeyError, TypeError, ValueError: this is no such file.
    """

    def __init__(self, file: BinaryIO) -> None:
        head = json.loads(file.readline())
        if head["format"] != _FORMAT:
            raise ValueError("this is another format")
        self.name, self.uid = str(head["name"]), str(head["uid"])
        self.agreed: Optional[bool] = head["agreed"]
        self.files = int(head["files"])
        self.differing: dict[str, Optional[str]] = dict(head["differing"])
        self.directories: list[str] = head["directories"]
        self._entries = _places(self.directories, head["entries"])
        places = _places(self.directories, head["fingerprints"])
        self.fingerprints = Fingerprints(file.read(sum(head["fingerprints"])), places)
        self._entries_size = sum(head["entries"])
        if os.fstat(file.fileno()).st_size != file.tell() + self._entries_size:
            raise ValueError("the file is not whole")
        self._file = file
        self._data: Optional[bytes] = None

    def close(self) -> None:
        self._file.close()

    def entries(self, directory: str) -> bytes:
        """Those of one directory; empty for one that is not known."""
        if self._data is None:
            self._data = self._file.read(self._entries_size)
            self._file.close()
        at, size = self._entries.get(directory, (0, 0))
        return self._data[at : at + size]


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
    file = open(f"{state_dir}/{TREE}", "rb")  # noqa: PTH123, SIM115 - no pathlib here; the memory closes it
    try:
        return Memory(file)
    except BaseException:
        file.close()
        raise


def look(root: str, memory: Memory) -> Look:
    """What has been touched since both sides agreed.

    Raises:
        OSError: something cannot be looked at.
    """
    return Look(memory, *differing(root, memory.fingerprints, use_ignore=bool(memory.agreed)))


def write_memory(state_dir: str, head: Mapping[str, Any], pieces: Iterable[tuple[str, bytes, bytes]]) -> None:
    """Write it anew, whole.

    Args:
        state_dir: where.
        head: ``name``, ``uid``, ``agreed``, ``files`` and ``differing`` of :class:`Memory`.
        pieces: per directory its path, its fingerprint and its entries.

    Raises:
        OSError: it could not be written; what was there before still is.
    """
    kept = [piece for piece in pieces if piece[2]]
    directories, fingerprints, entries = zip(*kept) if kept else ((), (), ())
    sizes = {"fingerprints": [*map(len, fingerprints)], "entries": [*map(len, entries)]}
    line = json.dumps({"format": _FORMAT, **head, "directories": directories, **sizes}, separators=(",", ":"))
    write_beside(f"{state_dir}/{TREE}", b"".join([line.encode(), b"\n", *fingerprints, *entries]))


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


def _places(directories: list[str], sizes: list[int]) -> dict[str, tuple[int, int]]:
    if len(directories) != len(sizes) or min(sizes, default=0) < 0:
        raise ValueError("the sizes do not fit the directories")
    places: dict[str, tuple[int, int]] = {}
    at = 0
    for directory, size in zip(directories, sizes):
        places[directory] = at, size
        at += size
    return places
