"""The stats of what is in a directory as bytes, to see in a tenth of a second which of many were touched since they were scanned.

They are made either from what a scan has found or from the directory itself; what a scan had to skip makes the two differ,
and then the directory is scanned again. Little is imported here: most of the time of an unchanged push is that of imports.
"""

from __future__ import annotations

import gc
import marshal
import os
from stat import S_IFDIR, S_IFLNK, S_IFREG

from hfai.model.workspace.usual import IGNORE_FILE, STATE_DIR, USUAL_ENDINGS, USUAL_NAMES

TYPE_CHECKING = False  # typing itself would take a tenth of the time
if TYPE_CHECKING:
    from typing import Any, Mapping, Optional

    from hfai.model.workspace.entry import Tree
    from hfai.model.workspace.ignore import Rules
    from hfai.model.workspace.scan import Listed

_TYPES = {"f": S_IFREG, "d": S_IFDIR, "l": S_IFLNK}
_TYPE_BITS = 0o170000
# Type and permissions: setuid and its like do not travel.
_MODE_BITS = _TYPE_BITS | 0o777


class Fingerprints:
    """Those of the directories of a tree.

    Args:
        data: all of them.
        places: per directory, empty or with ``/`` at its end, where in them its own begins and how long it is.
    """

    def __init__(self, data: bytes, places: Mapping[str, tuple[int, int]]) -> None:
        self.data = data
        self.places = places

    def of(self, directory: str) -> bytes:
        """That of one directory; empty for one that is not known."""
        at, size = self.places.get(directory, (0, 0))
        return self.data[at : at + size]


def fingerprint_of(names: Tree) -> bytes:
    """The fingerprint of a directory in which this is what is there, by name and in order, as :func:`scan` has found it."""
    rows: list[Any] = []
    for name, one in names.items():
        if one.kind == "d":
            rows += (name, S_IFDIR | one.mode)
        else:
            rows += (name, _TYPES[one.kind] | one.mode, one.size, one.mtime_ns, one.ctime_ns, one.ino)
    return _packed(rows)


def differing(root: str, known: Fingerprints, *, use_ignore: bool) -> tuple[list[str], list[Listed]]:
    """Walk through a tree once: the directories that are there, in order, and those of them that have other fingerprints.

    Raises:
        OSError: something in it cannot be looked at.
    """
    was_collecting = gc.isenabled()
    gc.disable()  # it would look through the lists again and again, and find nothing
    try:
        return _differing(root, known, use_ignore)
    finally:
        if was_collecting:
            gc.enable()


def _differing(root: str, known: Fingerprints, use_ignore: bool) -> tuple[list[str], list[Listed]]:
    visited: list[str] = []
    found: list[Listed] = []
    data, places, nowhere = known.data, known.places, (0, 0)
    # With each the rules of the one above; None as long as only the usual list counts, which is known by heart here.
    waiting: list[tuple[str, Optional[Rules]]] = [("", None)]
    while waiting:
        prefix, rules = waiting.pop()
        visited.append(prefix)
        rows: list[Any] = []
        inner: list[tuple[str, Optional[Rules]]] = []
        # By descriptor: the system need not find the way to the directory again for each name in it.
        directory = os.open(f"{root}/{prefix}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with os.scandir(directory) as listing:
                names = sorted([(item.name, item) for item in listing])
            if use_ignore and any(name == IGNORE_FILE for name, _ in names):
                rules = _rules_in(root, prefix, rules)
            by_heart = use_ignore and rules is None
            for name, item in names:
                if by_heart and (name in USUAL_NAMES or name.endswith(USUAL_ENDINGS)):
                    continue
                status = item.stat(follow_symlinks=False)
                mode = status.st_mode & _MODE_BITS
                kind = mode & _TYPE_BITS
                if rules is not None and rules.is_ignored(os.fsencode(prefix + name), is_directory=kind == S_IFDIR):
                    continue
                if kind == S_IFREG:
                    rows += (name, mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
                elif kind == S_IFDIR:
                    if prefix or name != STATE_DIR:
                        inner.append((f"{prefix}{name}/", rules))
                        rows += (name, mode)
                else:
                    mode = S_IFLNK if kind == S_IFLNK else mode
                    rows += (name, mode, 0, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        finally:
            os.close(directory)
        here = _packed(rows)
        at, size = places.get(prefix, nowhere)
        if len(here) != size or not data.startswith(here, at):
            found.append((prefix, rules, names))
        waiting += reversed(inner)
    return visited, found


def _rules_in(root: str, prefix: str, above: Optional[Rules]) -> Rules:
    from hfai.model.workspace.ignore import Rules, default_rules, ignore_lines

    with open(f"{root}/{prefix}{IGNORE_FILE}", "rb") as file:  # noqa: PTH123 - no pathlib here
        return Rules(ignore_lines(file.read()), os.fsencode(prefix), above or default_rules())


def _packed(rows: list[Any]) -> bytes:
    """The rows of one directory; nothing for an empty one."""
    # Version 2 of the format writes the same bytes for the same values, whoever else refers to them. It is only written.
    return marshal.dumps(rows, 2) if rows else b""
