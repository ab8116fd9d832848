"""The stats of a whole tree as bytes, to see in a tenth of a second that nothing was touched since it was scanned.

They are made either from what a scan has found or from the directory itself; what a scan had to skip makes the two differ,
and then the tree is scanned again. Little is imported here: most of the time of an unchanged push is that of imports.
"""

from __future__ import annotations

import gc
import marshal
import os
from stat import S_IFDIR, S_IFLNK, S_IFREG

from hfai.model.workspace.usual import IGNORE_FILE, STATE_DIR, USUAL_ENDINGS, USUAL_NAMES

TYPE_CHECKING = False  # typing itself would take a tenth of the time
if TYPE_CHECKING:
    from typing import Any, Optional

    from hfai.model.workspace.entry import Tree
    from hfai.model.workspace.ignore import Rules

_TYPES = {"f": S_IFREG, "d": S_IFDIR, "l": S_IFLNK}
_TYPE_BITS = 0o170000
# Type and permissions: setuid and its like do not travel.
_MODE_BITS = _TYPE_BITS | 0o777


def fingerprint_of(tree: Tree) -> bytes:
    """The fingerprint of a directory in which this is what is there, as :func:`scan` has found it."""
    parts: list[bytes] = []
    rows: list[Any] = []
    directory = ""
    for path, one in tree.items():
        at = path.rpartition("/")[0]
        if at != directory:
            parts.append(_packed(rows))
            rows = []
            directory = at
        if one.kind == "d":
            rows += (path, S_IFDIR | one.mode)
        else:
            rows += (path, _TYPES[one.kind] | one.mode, one.size, one.mtime_ns, one.ctime_ns, one.ino)
    parts.append(_packed(rows))
    return b"".join(parts)


def has_fingerprint(root: str, fingerprint: bytes, *, use_ignore: bool) -> bool:
    """Whether a directory has this fingerprint; the first part of it that differs ends the search.

    Raises:
        OSError: something in it cannot be looked at.
    """
    was_collecting = gc.isenabled()
    gc.disable()  # it would look through the lists again and again, and find nothing
    try:
        return _compare(root, "", None, fingerprint, 0, use_ignore) == len(fingerprint)
    finally:
        if was_collecting:
            gc.enable()


def _compare(
    root: str, prefix: str, rules: Optional[Rules], fingerprint: bytes, at: int, use_ignore: bool
) -> Optional[int]:
    """Where the fingerprint goes on behind a directory and what is in it; None if it is another.

    ``rules`` is None as long as only the usual list counts, which is known by heart here.
    """
    rows: list[Any] = []
    inner: list[str] = []
    # By descriptor: the system need not find the way to the directory again for each name in it.
    directory = os.open(f"{root}/{prefix}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with os.scandir(directory) as listing:
            found = sorted([(item.name, item) for item in listing])
        if use_ignore and any(name == IGNORE_FILE for name, _ in found):
            rules = _rules_in(root, prefix, rules)
        by_heart = use_ignore and rules is None
        for name, item in found:
            if by_heart and (name in USUAL_NAMES or name.endswith(USUAL_ENDINGS)):
                continue
            status = item.stat(follow_symlinks=False)
            mode = status.st_mode & _MODE_BITS
            kind = mode & _TYPE_BITS
            path = prefix + name
            if rules is not None and rules.is_ignored(os.fsencode(path), is_directory=kind == S_IFDIR):
                continue
            if kind == S_IFREG:
                rows += (path, mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
            elif kind == S_IFDIR:
                if path != STATE_DIR:
                    inner.append(path + "/")
                    rows += (path, mode)
            else:
                mode = S_IFLNK if kind == S_IFLNK else mode
                rows += (path, mode, 0, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    finally:
        os.close(directory)
    here = _packed(rows)
    if not fingerprint.startswith(here, at):
        return None
    end: Optional[int] = at + len(here)
    for path in inner:
        if end is not None:
            end = _compare(root, path, rules, fingerprint, end, use_ignore)
    return end


def _rules_in(root: str, prefix: str, above: Optional[Rules]) -> Rules:
    from hfai.model.workspace.ignore import Rules, default_rules, ignore_lines

    with open(f"{root}/{prefix}{IGNORE_FILE}", "rb") as file:  # noqa: PTH123 - no pathlib here
        return Rules(ignore_lines(file.read()), os.fsencode(prefix), above or default_rules())


def _packed(rows: list[Any]) -> bytes:
    """The rows of one directory; nothing for an empty one."""
    # Version 2 of the format writes the same bytes for the same values, whoever else refers to them. It is only written.
    return marshal.dumps(rows, 2) if rows else b""
