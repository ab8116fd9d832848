"""One word for the stats of a whole tree, to see in a tenth of a second that nothing was touched since it was scanned.

It is made either from what a scan has found or from the directory itself; what a scan had to skip makes the two differ, and
then the tree is scanned again.
"""

from __future__ import annotations

import hashlib
import marshal
import os
from typing import Optional

from hfai.model.workspace.entry import DIRECTORY, KINDS, LINK, MODE, Tree
from hfai.model.workspace.ignore import DEFAULTS, IGNORE_FILE, Rules, ignore_lines
from hfai.model.workspace.paths import STATE_DIR

_NAMES = frozenset(os.fsdecode(one) for one in DEFAULTS if not one.startswith(b"*"))
_ENDINGS = tuple(os.fsdecode(one[1:]) for one in DEFAULTS if one.startswith(b"*"))

# (path, kind, mode, size, mtime_ns, ctime_ns, ino), as in Known without its content.
_Row = tuple[str, Optional[str], int, int, int, int, int]


def fingerprint_of(tree: Tree) -> str:
    """The fingerprint that :func:`fingerprint_at` finds where this is what is there, and settled."""
    return _word(
        [(path, one.kind, one.mode, one.size, one.mtime_ns, one.ctime_ns, one.ino) for path, one in tree.items()]
    )


def fingerprint_at(root: str, *, use_ignore: bool) -> str:
    """The fingerprint of a directory.

    Raises:
        OSError: something in it cannot be looked at.
    """
    rows: list[_Row] = []
    _look(root, "", None, rows, use_ignore=use_ignore)
    return _word(rows)


def _look(root: str, prefix: str, rules: Optional[Rules], rows: list[_Row], *, use_ignore: bool) -> None:
    """The rows of a directory; ``rules`` is None as long as only the usual list counts, which is known by heart here."""
    with os.scandir(f"{root}/{prefix}") as listing:
        found = sorted([(item.name, item) for item in listing])
    if use_ignore and any(name == IGNORE_FILE for name, _ in found):
        with open(f"{root}/{prefix}{IGNORE_FILE}", "rb") as file:  # noqa: PTH123 - every microsecond counts here
            rules = Rules(ignore_lines(file.read()), os.fsencode(prefix), rules or Rules(DEFAULTS))
    inner: list[str] = []
    add, kinds = rows.append, KINDS
    for name, item in found:
        if use_ignore and rules is None and (name in _NAMES or name.endswith(_ENDINGS)):
            continue
        status = item.stat(follow_symlinks=False)
        mode = status.st_mode
        kind = kinds.get(mode & 0o170000)
        path = prefix + name
        if rules is not None and rules.is_ignored(os.fsencode(path), is_directory=kind == DIRECTORY):
            continue
        if kind == DIRECTORY:
            if path != STATE_DIR:
                inner.append(path + "/")
                add((path, kind, mode & MODE, 0, 0, 0, 0))
        elif kind == LINK:
            add((path, kind, 0, 0, status.st_mtime_ns, status.st_ctime_ns, status.st_ino))
        else:
            add((path, kind, mode & MODE, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino))
    for path in inner:
        _look(root, path, rules, rows, use_ignore=use_ignore)


def _word(rows: list[_Row]) -> str:
    # Version 2 of the format writes the same bytes for the same values, whoever else refers to them. It is only written.
    return hashlib.sha256(marshal.dumps(rows, 2)).hexdigest()
