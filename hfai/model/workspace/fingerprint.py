"""The stats of a whole tree as bytes, to see in a tenth of a second that nothing was touched since it was scanned.

They are made either from what a scan has found or from the directory itself; what a scan had to skip makes the two differ,
and then the tree is scanned again. Little is imported here: most of the time of an unchanged push is that of imports.
"""

from __future__ import annotations

import marshal
import os
from stat import S_IFDIR, S_IFLNK, S_IFREG

from hfai.model.workspace.usual import DEFAULTS, IGNORE_FILE, STATE_DIR

TYPE_CHECKING = False  # typing itself would take a tenth of the time
if TYPE_CHECKING:
    from typing import Any, Optional

    from hfai.model.workspace.entry import Tree
    from hfai.model.workspace.ignore import Rules

_NAMES = frozenset(os.fsdecode(one) for one in DEFAULTS if not one.startswith(b"*"))
_ENDINGS = tuple(os.fsdecode(one[1:]) for one in DEFAULTS if one.startswith(b"*"))
_TYPES = {"f": S_IFREG, "d": S_IFDIR, "l": S_IFLNK}
_TYPE_BITS = 0o170000
# Type and permissions: setuid and its like do not travel.
_MODE_BITS = _TYPE_BITS | 0o777


def fingerprint_of(tree: Tree) -> bytes:
    """The fingerprint that :func:`fingerprint_at` finds where this is what is there, and settled."""
    rows: list[Any] = []
    for path, one in tree.items():
        if one.kind == "d":
            rows += (path, S_IFDIR | one.mode)
        else:
            rows += (path, _TYPES[one.kind] | one.mode, one.size, one.mtime_ns, one.ctime_ns, one.ino)
    return _packed(rows)


def fingerprint_at(root: str, *, use_ignore: bool) -> bytes:
    """The fingerprint of a directory.

    Raises:
        OSError: something in it cannot be looked at.
    """
    rows: list[Any] = []
    _look(root, "", None, rows, use_ignore=use_ignore)
    return _packed(rows)


def _look(root: str, prefix: str, rules: Optional[Rules], rows: list[Any], *, use_ignore: bool) -> None:
    """The rows of a directory; ``rules`` is None as long as only the usual list counts, which is known by heart here."""
    # By descriptor: the system need not find the way to the directory again for each name in it.
    at = os.open(f"{root}/{prefix}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    inner: list[str] = []
    try:
        with os.scandir(at) as listing:
            found = sorted([(item.name, item) for item in listing])
        if use_ignore and any(name == IGNORE_FILE for name, _ in found):
            rules = _rules_in(root, prefix, rules)
        for name, item in found:
            if use_ignore and rules is None and (name in _NAMES or name.endswith(_ENDINGS)):
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
        os.close(at)
    for path in inner:
        _look(root, path, rules, rows, use_ignore=use_ignore)


def _rules_in(root: str, prefix: str, above: Optional[Rules]) -> Rules:
    from hfai.model.workspace.ignore import Rules, default_rules, ignore_lines

    with open(f"{root}/{prefix}{IGNORE_FILE}", "rb") as file:  # noqa: PTH123 - no pathlib here
        return Rules(ignore_lines(file.read()), os.fsencode(prefix), above or default_rules())


def _packed(rows: list[Any]) -> bytes:
    # Version 2 of the format writes the same bytes for the same values, whoever else refers to them. It is only written.
    return marshal.dumps(rows, 2)
