"""Making the next tree out of the last one and a push. Each step may be done again after a crash, with the same result."""

from __future__ import annotations

import contextlib
import os
import secrets
from operator import attrgetter
from pathlib import Path
from typing import Mapping, Optional

from hfai.engine.workspaces.folder import Folder, remove_tree
from hfai.engine.workspaces.index import Index, write_index
from hfai.engine.workspaces.plan import Plan
from hfai.engine.workspaces.staging import Contents
from hfai.model.errors import RefusedError
from hfai.model.workspace.entry import DIRECTORY, FILE, LINK, Entry, Known, kind_of
from hfai.model.workspace.paths import parents_of
from hfai.model.workspace.safe_tree import SafeTree, copy_bytes
from hfai.model.workspace.scan import read_open_file

_content = attrgetter("content")


def available(plan: Plan, contents: Contents, tree: SafeTree, index: Mapping[str, Known]) -> dict[str, str]:
    """Where in the tree contents are that the plan needs and that are not staged: a renamed file, a copied one."""
    needed = {digest for digest in plan.digests() if digest not in contents}
    found: dict[str, str] = {}
    if not needed.isdisjoint(map(_content, index.values())):
        for path, known in index.items():
            digest = known.content
            if known.kind == FILE and digest in needed and digest not in found:
                status = tree.stat(path)
                if status is not None and known.is_still(status):
                    found[digest] = path
    return found


def gather(
    plan: Plan, contents: Contents, root: Path, index: Mapping[str, Known], staging: Path, *, may_move: bool
) -> None:
    """Bring the contents that the plan needs and that are in the tree into the staging directory.

    Args:
        may_move: whether a file that the plan removes or replaces may be moved there: nobody else uses the tree.
    """
    with SafeTree(str(root)) as tree:
        for digest, path in available(plan, contents, tree, index).items():
            if may_move and path in plan.changes:
                tree.give_away(path, str(staging / digest))
            else:
                _copy_to(tree, path, staging / digest)
            contents.add(digest)


def _copy_to(tree: SafeTree, path: str, target: Path) -> None:
    beside = target.with_name(f"{target.name}.{secrets.token_hex(4)}.new")
    fd = tree.open(path)
    try:
        copy = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            copy_bytes(fd, copy)
        finally:
            os.close(copy)
        beside.rename(target)
    finally:
        os.close(fd)
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()


def copy_generation(folder: Folder, version: int, target: Path, plan: Plan) -> None:
    """Copy a tree that a task uses, without what the plan is about to change; tasks' outputs stay where they are."""
    remove_tree(target)
    (target / "tree").mkdir(mode=0o700, parents=True)
    index = folder.index(version)
    copied: dict[str, Known] = {}
    modes: list[tuple[str, int]] = []
    with SafeTree(str(folder.tree(version))) as source, SafeTree(str(target / "tree")) as tree:
        for path, known in sorted(index.items()):  # directories before what is in them
            entry = known.entry
            if path in plan.changes and entry.kind != DIRECTORY:
                continue
            status = source.stat(path)
            if status is None or kind_of(status.st_mode) != entry.kind:
                continue
            if entry.kind == DIRECTORY:
                tree.directory(path)
                modes.append((path, entry.mode))
                copied[path] = known
            elif entry.kind == LINK:
                tree.link(path, entry.content, entry.mtime_ns)
                copied[path] = _known_there(tree, path, entry)
            else:
                copied[path] = _copy_file(source, tree, path, known, status)
        for path, mode in reversed(modes):
            tree.set_mode(path, mode)
    write_index(target, Index(copied))


def _copy_file(source: SafeTree, tree: SafeTree, path: str, known: Known, status: os.stat_result) -> Known:
    entry = known.entry
    fd = source.open(path)
    try:
        copy = tree.create(path, entry.mode)
        try:
            copy_bytes(fd, copy)
            os.utime(copy, ns=(status.st_mtime_ns, status.st_mtime_ns))
            now = os.fstat(copy)
        finally:
            os.close(copy)
        if known.is_still(status) and known.is_still(os.fstat(fd)):
            return Known.of(entry, now.st_ctime_ns, now.st_ino)
    finally:
        os.close(fd)
    # The task has written to it: what is in the copy is what it is.
    copy = tree.open(path)
    try:
        read = read_open_file(copy)
    finally:
        os.close(copy)
    if read is None:
        raise RefusedError("{path} was written to while it was copied: try again", path=path)
    return read


def apply(plan: Plan, contents: Contents, place: Path, index: Index, *, may_lack: bool = False) -> None:
    """Change the tree in ``place`` as the plan says, and its index; done again, it finds what is done already.

    Args:
        may_lack: whether a file whose content is neither staged nor in its place is left as it is.

    Raises:
        RefusedError: a content is neither staged nor in its place.
        OSError: as the system says; nothing that is staged is lost.
    """
    uses: dict[str, int] = {}
    for _, entry in plan.wanted():
        if entry.kind == FILE:
            uses[entry.content] = uses.get(entry.content, 0) + 1
    with SafeTree(str(place / "tree")) as tree:
        modes = _open_directories(plan, tree, index)
        for path in plan.removed():
            if tree.remove(path):
                index.pop(path, None)
                modes.pop(path, None)
        for path, entry in plan.wanted():
            if entry.kind == DIRECTORY:
                _clear_way(tree, path, entry.kind)
                tree.directory(path)
                modes[path] = entry.mode
                index[path] = Known.of(entry, 0, 0)
        for path, entry in plan.wanted():
            if entry.kind == DIRECTORY:
                continue
            modes.pop(path, None)  # a directory until now
            if entry.kind == LINK:
                _clear_way(tree, path, entry.kind)
                tree.link(path, entry.content, entry.mtime_ns)
                index[path] = _known_there(tree, path, entry)
                continue
            uses[entry.content] -= 1
            if entry.content in contents:
                if path in index:
                    _clear_way(tree, path, entry.kind)
                status = _put(contents, tree, path, entry, is_last=not uses[entry.content])
                index[path] = Known.of(entry, status.st_ctime_ns, status.st_ino)
            elif (there := _put_before(tree, path, entry)) is not None:
                index[path] = Known.of(entry, there.st_ctime_ns, there.st_ino)
            elif not may_lack:
                raise RefusedError("the content of {path} has not arrived: push again", path=path)
            elif tree.stat(path) is None:
                index.pop(path, None)
        for path in sorted(modes, reverse=True):
            tree.set_mode(path, modes[path])
    write_index(place, index)


def _put_before(tree: SafeTree, path: str, entry: Entry) -> Optional[os.stat_result]:
    """The file that has that content already, with that mode and time: one that was moved here may lack them."""
    status = tree.stat(path)
    if status is None or kind_of(status.st_mode) != FILE:
        return None
    try:
        fd = tree.open(path)
    except PermissionError:
        return None
    try:
        read = read_open_file(fd)
        if read is None or read.content != entry.content:
            return None
        os.fchmod(fd, entry.mode)
        os.utime(fd, ns=(entry.mtime_ns, entry.mtime_ns))
        return os.fstat(fd)
    finally:
        os.close(fd)


def _put(contents: Contents, tree: SafeTree, path: str, entry: Entry, *, is_last: bool) -> os.stat_result:
    try:
        return contents.put(entry.content, tree, path, entry.mode, entry.mtime_ns, is_last=is_last)
    except (IsADirectoryError, NotADirectoryError, FileNotFoundError, PermissionError):
        _clear_way(tree, path, entry.kind)
        return contents.put(entry.content, tree, path, entry.mode, entry.mtime_ns, is_last=is_last)


def _open_directories(plan: Plan, tree: SafeTree, index: Mapping[str, Known]) -> dict[str, int]:
    """Make directories writable that the plan changes something in; what modes they are to have again."""
    modes: dict[str, int] = {}
    for parent in {path.rpartition("/")[0] for path in plan.changes}:
        known = index.get(parent)
        if known is not None and known.kind == DIRECTORY and known.entry.mode & 0o300 != 0o300:
            with contextlib.suppress(OSError):
                tree.directory(parent)
                modes[parent] = known.entry.mode
    return modes


def _clear_way(tree: SafeTree, path: str, kind: str) -> None:
    """Make room for an entry: what is in its place, or in the place of a directory above it, is of another kind."""
    for above in parents_of(path):
        status = tree.stat(above)
        if status is None or kind_of(status.st_mode) != DIRECTORY:
            tree.remove(above)
            tree.directory(above)
            tree.set_mode(above, 0o755)
    status = tree.stat(path)
    if status is not None and kind_of(status.st_mode) != kind:
        _remove_all(tree, path)


def _remove_all(tree: SafeTree, path: str) -> None:
    if tree.remove(path):
        return
    for one in tree.names(path):
        _remove_all(tree, f"{path}/{one}")
    tree.remove(path)


def _known_there(tree: SafeTree, path: str, entry: Entry) -> Known:
    status: Optional[os.stat_result] = tree.stat(path)
    assert status is not None, path
    return Known.of(entry, status.st_ctime_ns, status.st_ino)
