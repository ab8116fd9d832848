"""What is in a workspace now: what was pushed, and what tasks have made of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Mapping, NamedTuple, Optional

from hfai.engine.workspaces.folder import Folder, Record, read_tree, remove_tree, write_tree
from hfai.engine.workspaces.index import read_index
from hfai.model.workspace.entry import DIRECTORY, FILE, LINK, Entry, Known, kind_of
from hfai.model.workspace.paths import parents_of
from hfai.model.workspace.safe_tree import SafeTree
from hfai.model.workspace.scan import read_open_file, scan

_SEEN = "seen.json"
# A directory that only an output needs.
_MADE = Known.of(Entry(DIRECTORY, 0o755, 0, "", 0), 0, 0)


class View(NamedTuple):
    """The entries by path, and in which tree those are that are not in the current one."""

    tree: dict[str, Known]
    elsewhere: dict[str, int]


def view(folder: Folder, record: Record) -> View:
    """Everything that can be pulled. Outputs of tasks that still run in an older tree are among it."""
    tree = dict(_looked_at(folder, record.version)[0])
    elsewhere: dict[str, int] = {}
    for version in folder.older(record.version):
        for path, known in _outputs(folder, version).items():
            if path not in tree and _fits_in(path, tree):
                for parent in parents_of(path):
                    tree.setdefault(parent, _MADE)
                tree[path] = known
                elsewhere[path] = version
    return View(tree, elsewhere)


def move_outputs(folder: Folder, record: Record, leaving: Path, version: int) -> None:
    """Move what tasks have made in a tree that nobody uses any more into the current one, and remove the tree.

    A name that is taken there by something else gets ``.from-VERSION`` behind it.
    """
    index = read_index(leaving).tree
    found = (
        scan(str(leaving / "tree"), {**index, **read_tree(leaving / _SEEN)}).tree if (leaving / "tree").is_dir() else {}
    )
    outputs = _differing(found, index)
    with SafeTree(str(folder.tree(record.version))) as target:
        for path, known in outputs.items():
            there = identity_at(target, path, None)
            if there == known.identity:
                continue
            free = path if there is None and _make_parents(target, path) else f"{path.replace('/', '_')}.from-{version}"
            target.take_in(str(leaving / "tree" / path), free)
    remove_tree(leaving)


def identity_at(tree: SafeTree, path: str, known: Optional[Known]) -> Optional[str]:
    """What is at a path, as :attr:`Entry.identity`; None if nothing is. Reads it if the stat does not vouch for it."""
    status = tree.stat(path)
    if status is None:
        return None
    if known is not None and known.is_still(status):
        return known.identity
    kind = kind_of(status.st_mode)
    if kind == LINK:
        at, name = tree.parent(path)
        return f"{LINK}0 {os.readlink(name, dir_fd=at)}"
    if kind == FILE:
        fd = tree.open(path)
        try:
            read = read_open_file(fd)
        finally:
            os.close(fd)
        return f"{FILE} changing" if read is None else read.identity
    return f"{DIRECTORY}{status.st_mode & 0o777:o} " if kind == DIRECTORY else "other"


def _looked_at(folder: Folder, version: int) -> tuple[dict[str, Known], Mapping[str, Known]]:
    """The tree as it is, and as it was pushed; what had to be read for it is remembered."""
    index = folder.index(version)
    place = folder.generation(version) / _SEEN
    seen = read_tree(place)
    found = scan(str(folder.tree(version)), {**index, **seen}).tree
    now_seen = {path: known for path, known in found.items() if index.get(path) != known and known.kind != DIRECTORY}
    if now_seen != seen:
        write_tree(place, now_seen)
    return found, index


def _outputs(folder: Folder, version: int) -> dict[str, Known]:
    return _differing(*_looked_at(folder, version))


def _differing(found: dict[str, Known], index: Mapping[str, Known]) -> dict[str, Known]:
    return {
        path: known
        for path, known in found.items()
        if known.kind != DIRECTORY and (path not in index or index[path].identity != known.identity)
    }


def _fits_in(path: str, tree: dict[str, Known]) -> bool:
    return all(tree[parent].entry.kind == DIRECTORY for parent in parents_of(path) if parent in tree)


def _make_parents(tree: SafeTree, path: str) -> bool:
    """Make the directories that a path needs; False if something else is in their place."""
    for parent in parents_of(path):
        status = tree.stat(parent)
        if status is None:
            tree.directory(parent)
            tree.set_mode(parent, 0o755)
        elif kind_of(status.st_mode) != DIRECTORY:
            return False
    return True
