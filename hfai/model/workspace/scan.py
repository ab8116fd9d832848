"""Reading a tree: what is in it, hashing only what the stat does not vouch for."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from functools import partial
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Sequence, Tuple

from hfai.model.workspace.entry import DIRECTORY, FILE, KINDS, LINK, MODE, Entry, Known, Tree
from hfai.model.workspace.ignore import Rules, default_rules, ignore_lines
from hfai.model.workspace.paths import leads_out, path_problem
from hfai.model.workspace.usual import IGNORE_FILE, STATE_DIR, USUAL_ENDINGS, USUAL_NAMES

_BLOCK = 1 << 20
# Clocks of file systems tick every few milliseconds: what was changed this short ago may be changed again without a trace.
SETTLED_NS = 50_000_000
_ATTEMPTS = 3
_USUAL = default_rules()

# Is given what a file is that was read in one piece, and its content.
Read = Callable[[Known, bytes], None]
Take = Callable[[str, Known, bytes], None]

# A directory that was listed already: its path, empty or with ``/`` at its end, the rules that count in it (None for the usual
# list alone), and what is in it, by name.
Listed = Tuple[str, Optional[Rules], Sequence[Tuple[str, "os.DirEntry[str]"]]]


class Scan(NamedTuple):
    """What is in a tree.

    Attributes:
        tree: by path, directories before what is in them.
        skipped: paths that cannot travel, and why: ``link`` (leads out of the tree), ``kind`` (socket, pipe, device),
            ``changing`` (was written to while it was read), ``unreadable``, ``name``.
        hashed_bytes: how much was read.
    """

    tree: dict[str, Known]
    skipped: dict[str, str]
    hashed_bytes: int


class _Scanner:
    def __init__(
        self, root: str, known: Tree, by_time_only: bool, with_ignore_files: bool, take: Optional[Take]
    ) -> None:
        self._root = root
        self._known = known
        self._by_time_only = by_time_only
        self._with_ignore_files = with_ignore_files
        self._take = take
        self._plain: dict[str, bool] = {}
        self.tree: dict[str, Known] = {}
        self.skipped: dict[str, str] = {}
        self.hashed_bytes = 0

    def directory(self, prefix: str, rules: Optional[Rules]) -> None:
        try:
            # By descriptor: the system need not find the way to the directory again for each name in it.
            at = os.open(f"{self._root}/{prefix}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                # Sorted, so that two scans of one tree say the same in the same order.
                with os.scandir(at) as listing:
                    found = sorted([(item.name, item) for item in listing])
                if self._with_ignore_files and any(name == IGNORE_FILE for name, _ in found):
                    rules = Rules(self._ignore_lines(prefix), os.fsencode(prefix), rules)
                inner = self.entries(prefix, found, rules)
            finally:
                os.close(at)
        except OSError:
            if not prefix:
                raise
            self.skipped[prefix.rstrip("/")] = "unreadable"
            return
        for path in inner:
            self.directory(path, rules)

    def entries(self, prefix: str, found: Sequence[tuple[str, os.DirEntry[str]]], rules: Optional[Rules]) -> list[str]:
        """What is in a directory; returns the directories in it, which are still to be looked at."""
        known, tree, by_time_only = self._known, self.tree, self._by_time_only
        is_usual, names, endings, kinds = rules is _USUAL, USUAL_NAMES, USUAL_ENDINGS, KINDS
        inner = []
        for name, item in found:
            if is_usual and (name in names or name.endswith(endings)):
                continue
            try:
                status = item.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # gone meanwhile
            except OSError:
                if not prefix:
                    raise
                self.skipped[prefix.rstrip("/")] = "unreadable"
                continue
            path = prefix + name
            kind = kinds.get(status.st_mode & 0o170000)
            if (not prefix and name == STATE_DIR) or (
                rules is not None
                and not is_usual
                and rules.is_ignored(os.fsencode(path), is_directory=kind == DIRECTORY)
            ):
                continue
            old = known.get(path)
            if kind == DIRECTORY:
                if path_problem(path) is not None:
                    self.skipped[path] = "name"
                    continue
                mode = status.st_mode & MODE
                is_same = old is not None and old.kind == DIRECTORY and old.mode == mode
                tree[path] = old if old is not None and is_same else Known(DIRECTORY, mode, 0, "", 0, 0, 0)
                inner.append(path + "/")
            elif (
                old is not None
                and old[5] == status.st_ctime_ns  # the change time stands for the mode too
                and old[4] == status.st_mtime_ns
                and old[6] == status.st_ino
                and old[0] == kind
                and (old[2] == status.st_size or kind == LINK)
            ):
                tree[path] = old
            elif by_time_only and old is not None and old.is_still(status, by_time_only=True):
                tree[path] = old._replace(ctime_ns=status.st_ctime_ns, ino=status.st_ino)
            else:
                self._other(path, kind, status)
        return inner

    def _other(self, path: str, kind: Optional[str], status: os.stat_result) -> None:
        """A file or link that is new or may have changed."""
        if kind is None:
            self.skipped[path] = "kind"
        elif path_problem(path) is not None:
            self.skipped[path] = "name"
        elif kind == LINK:
            with contextlib.suppress(OSError):
                target = os.readlink(f"{self._root}/{path}")  # noqa: PTH115 - no Path per file
                if leads_out(path, target):
                    self.skipped[path] = "link"
                else:
                    entry = Entry(LINK, 0, 0, target, status.st_mtime_ns)
                    self.tree[path] = Known.of(entry, status.st_ctime_ns, status.st_ino)
        else:
            try:
                read = None if self._take is None else partial(self._take, path)
                known = read_file(f"{self._root}/{path}", read)
            except OSError:
                self.skipped[path] = "unreadable"
                return
            if known is None:
                self.skipped[path] = "changing"
            else:
                self.tree[path] = known
                self.hashed_bytes += known.size

    def _ignore_lines(self, prefix: str) -> list[bytes]:
        try:
            return ignore_lines(Path(self._root, prefix, IGNORE_FILE).read_bytes())
        except (FileNotFoundError, IsADirectoryError):
            return []


def scan(
    root: str,
    known: Tree,
    rules: Optional[Rules] = None,
    *,
    with_ignore_files: bool = False,
    by_time_only: bool = False,
    take: Optional[Take] = None,
) -> Scan:
    """What is in a tree now.

    Args:
        root: its directory.
        known: what was found last time; what has the same stat is not read again.
        rules: what is left out.
        with_ignore_files: whether ``.hfignore`` files on the way add to them.
        by_time_only: be content with size and time of writing.
        take: is given the path of each file that had to be read, what it is, and its content where that is at most 1 MiB.

    Raises:
        OSError: the root itself cannot be read.
    """
    scanner = _Scanner(root, known, by_time_only, with_ignore_files, take)
    scanner.directory("", rules)
    return Scan(scanner.tree, scanner.skipped, scanner.hashed_bytes)


def scan_listed(
    root: str, known: Tree, directories: Sequence[Listed], *, use_ignore: bool, by_time_only: bool = False
) -> Scan:
    """The same for some directories of a tree, without those in them.

    Args:
        root, known, by_time_only: see :func:`scan`.
        directories: see :func:`hfai.model.workspace.fingerprint.differing`; what was asked of the system then is not asked again.
        use_ignore: whether anything is left out.
    """
    scanner = _Scanner(root, known, by_time_only, use_ignore, None)
    for prefix, rules, found in directories:
        scanner.entries(prefix, found, (rules or _USUAL) if use_ignore else None)
    return Scan(scanner.tree, scanner.skipped, scanner.hashed_bytes)


def is_gone(path: str) -> bool:
    """Whether there is nothing at a path; False where that cannot be known, as in a directory that may not be entered."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def read_file(path: str, read: Optional[Read] = None) -> Optional[Known]:
    """A regular file with its hash; None if it was written to each time that it was read.

    Raises:
        OSError: it cannot be read.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return read_open_file(fd, read)
    finally:
        os.close(fd)


def read_open_file(fd: int, read: Optional[Read] = None) -> Optional[Known]:
    """The same for one that is open, at its beginning."""
    for _ in range(_ATTEMPTS):
        before = os.fstat(fd)
        digest = hashlib.sha256()
        size = 0
        first = b""
        # A byte more than there are: a small file is read at once, into no more memory than it needs.
        while block := os.read(fd, min(before.st_size - size + 1, _BLOCK) if size <= before.st_size else _BLOCK):
            digest.update(block)
            first = first if size else block
            size += len(block)
            if size == before.st_size and len(block) < _BLOCK:
                break  # the stat afterwards tells whether it has become longer
        after = os.fstat(fd)
        if size == after.st_size and _stamp(before) == _stamp(after):
            known = known_file(after, digest.hexdigest())
            if read is not None and size == len(first):
                read(known, first)
            return known
        os.lseek(fd, 0, os.SEEK_SET)
    return None


def known_file(status: Any, digest: str) -> Known:
    """A file's entry from its stat and hash. One that was changed just now is not vouched for by its stat."""
    is_settled = time.time_ns() - status.st_ctime_ns > SETTLED_NS
    ctime_ns = status.st_ctime_ns if is_settled else 0
    return Known(FILE, status.st_mode & MODE, status.st_size, digest, status.st_mtime_ns, ctime_ns, status.st_ino)


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
