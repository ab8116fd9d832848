"""One thing in a workspace, and the stat by which it is known not to have changed."""

from __future__ import annotations

import stat
from functools import partial
from typing import Any, Mapping, NamedTuple, Optional, Sequence

FILE, DIRECTORY, LINK = "f", "d", "l"
# What the permission bits may be: setuid and its like do not travel.
MODE = 0o777
KINDS = {stat.S_IFREG: FILE, stat.S_IFDIR: DIRECTORY, stat.S_IFLNK: LINK}


class Entry(NamedTuple):
    """A file, a directory or a symbolic link.

    Attributes:
        kind: ``f``, ``d`` or ``l``.
        mode: permission bits; 0 for a link.
        size: bytes of a file, else 0.
        content: SHA-256 of a file in hex, the target of a link, empty for a directory.
        mtime_ns: when it was last written; kept, but no part of what it is.
    """

    kind: str
    mode: int
    size: int
    content: str
    mtime_ns: int

    @property
    def identity(self) -> str:
        """What makes it different from another: kind, mode and content in a word."""
        return f"{self.kind}{self.mode:o} {self.content}"


class Known(NamedTuple):
    """An entry with the stat that it had when its content was read.

    The change time and the inode cannot be set by the user: whoever writes, replaces or touches the file changes them.
    """

    kind: str
    mode: int
    size: int
    content: str
    mtime_ns: int
    ctime_ns: int
    ino: int

    @classmethod
    def of(cls, entry: Entry, ctime_ns: int = 0, ino: int = 0) -> Known:
        """An entry with its stat; without one nothing vouches for it."""
        return cls(*entry, ctime_ns, ino)

    @property
    def entry(self) -> Entry:
        return Entry(*self[:5])

    @property
    def identity(self) -> str:
        """See :attr:`Entry.identity`."""
        return f"{self.kind}{self.mode:o} {self.content}"

    def is_still(self, found: Any, *, by_time_only: bool = False) -> bool:
        """Whether an ``os.stat_result`` says that nothing happened since.

        Args:
            by_time_only: be content with size, mode and time of writing, for trees that were copied as they are.
        """
        return (
            found.st_mtime_ns == self.mtime_ns
            and (found.st_size == self.size or self.kind != FILE)
            and kind_of(found.st_mode) == self.kind
            and (self.kind == LINK or found.st_mode & MODE == self.mode)
            and (by_time_only or (found.st_ctime_ns == self.ctime_ns and found.st_ino == self.ino))
        )


Tree = Mapping[str, Known]


def kind_of(mode: int) -> Optional[str]:
    """The kind that a mode stands for; None for sockets, pipes and devices, which do not travel."""
    return KINDS.get(stat.S_IFMT(mode))


def packed_tree(tree: Tree) -> list[Any]:
    """A tree as JSON holds it: a list of all paths, then one of each field; that is read in half the time of a list per path."""
    return [[*tree], *zip(*tree.values())]


def unpacked_tree(rows: Sequence[Any]) -> dict[str, Known]:
    """The tree that :func:`packed_tree` was given."""
    paths, *columns = rows
    if paths and len(columns) == 1:  # an engine's index from before this form: a list per path
        columns = [*zip(*columns[0])]
    if paths and len(columns) != len(Known._fields):
        raise ValueError("this is no packed tree")
    return dict(zip(paths, map(partial(tuple.__new__, Known), zip(*columns))))
