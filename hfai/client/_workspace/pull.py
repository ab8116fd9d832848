"""``pull_workspace`` and ``download_workspace``: bring here what was changed or made on the other side."""

from __future__ import annotations

import posixpath
from typing import Mapping, NamedTuple, Optional

from hfai.client._workspace.connection import Connection, Progress
from hfai.client._workspace.local import LocalWorkspace, open_local
from hfai.client._workspace.push import Directory
from hfai.client._workspace.receiving import Receiver
from hfai.client._workspace.remote import remote_tree
from hfai.client._workspace.results import PullResult
from hfai.model.errors import NotFoundError, WorkspaceConflict
from hfai.model.workspace.entry import DIRECTORY, FILE, Entry
from hfai.model.workspace.paths import ensure_path
from hfai.model.workspace.scan import is_gone

_MOST_TOLD = 100
_MOST_SHOWN = 3


def pull_workspace(
    directory: Directory = None,
    *,
    force: bool = False,
    checksum: bool = True,
    hfignore: bool = True,
    dry_run: bool = False,
    list_timeout_s: Optional[float] = None,
    sync_timeout_s: Optional[float] = None,
    proxy: Optional[str] = None,
    progress: Optional[Progress] = None,
) -> PullResult:
    """Bring here what was changed on the other side since both agreed, and what tasks have made there.

    What was changed here only stays as it is. Each file is replaced whole.

    Args:
        directory: in the workspace; by default the current one.
        force: where both sides have changed, take what is there.
        checksum, list_timeout_s, sync_timeout_s, proxy, progress: see :func:`push_workspace`.
        hfignore: leave out what ``.hfignore`` files here and the usual list name.
        dry_run: compare, and change nothing.

    Raises:
        UsageError: the directory is not in a workspace.
        WorkspaceNotFound: the workspace is no longer there.
        WorkspaceConflict: some paths have changed on both sides; nothing was changed here.
        WaitTimeout: ``sync_timeout_s`` is over.
        HfaiError: no answer, or another refusal. What has arrived stays, the next pull goes on from there.

    Blocks until it is done. Source: tutorial, use case 1; design, section 6.

    Example:
        >>> pull_workspace().changed  # doctest: +SKIP
        ('result.txt',)
    """
    local = open_local(directory)
    connection = Connection(local.name, list_timeout_s, sync_timeout_s, proxy)
    local.load_tree()
    there = remote_tree(local, connection, use_ignore=hfignore)
    local.scan(use_ignore=hfignore, by_time_only=not checksum)
    return _take(local, connection, there, None, force=force, dry_run=dry_run, progress=progress)


def download_workspace(
    path: str,
    directory: Directory = None,
    *,
    force: bool = False,
    dry_run: bool = False,
    list_timeout_s: Optional[float] = None,
    sync_timeout_s: Optional[float] = None,
    proxy: Optional[str] = None,
    progress: Optional[Progress] = None,
) -> PullResult:
    """Bring one file or directory of the other side here, to the same place; also where ``.hfignore`` leaves it out.

    Args:
        path: in the workspace, from its root.
        directory, force, dry_run, list_timeout_s, sync_timeout_s, proxy, progress: see :func:`pull_workspace`.

    Raises:
        NotFoundError: there is no such path on the other side.
        HfaiError: as :func:`pull_workspace`.

    Blocks until it is done.

    Example:
        >>> download_workspace("checkpoints/last.pt").received_bytes  # doctest: +SKIP
        41233
    """
    path = ensure_path(posixpath.normpath(path))
    local = open_local(directory)
    connection = Connection(local.name, list_timeout_s, sync_timeout_s, proxy)
    local.load_tree()
    there = remote_tree(local, connection, use_ignore=False)
    if path not in there:
        raise NotFoundError("workspace {name} has no {path}: see `hai-cli workspace diff`", name=local.name, path=path)
    parts = path.split("/")
    above = {"/".join(parts[:end]) for end in range(1, len(parts))}
    part = {one: entry for one, entry in there.items() if one == path or one.startswith(f"{path}/") or one in above}
    local.scan(use_ignore=True, by_time_only=False)
    local.look_at(part)
    return _take(local, connection, part, path, force=force, dry_run=dry_run, progress=progress)


def take_everything(local: LocalWorkspace, connection: Connection, progress: Optional[Progress] = None) -> int:
    """Bring all of a workspace into an empty directory; returns the bytes received."""
    there = remote_tree(local, connection, use_ignore=False)
    return _take(local, connection, there, None, force=True, dry_run=False, progress=progress).received_bytes


class _Differences(NamedTuple):
    take: dict[str, Entry]
    remove: list[str]
    conflicts: list[str]


def _compare(local: LocalWorkspace, there: Mapping[str, Entry], only: Optional[str]) -> _Differences:
    """Three ways: what is there, what is here, and what both had when they last agreed."""
    take: dict[str, Entry] = {}
    remove: list[str] = []
    conflicts: list[str] = []
    for path, entry in there.items():
        known = local.known.get(path)
        here = known.identity if known else None
        base = local.base(path)
        if here == entry.identity:
            local.set_base(path, entry.identity)
        elif here == base or (here is None and only is not None):
            take[path] = entry
        elif known is not None and known.kind == entry.kind == DIRECTORY:
            continue
        elif entry.identity != base or (only is not None and here is not None):
            conflicts.append(path)
    bases = {path: local.base(path) for path in [*local.known, *local.gone()]}
    for path, base in bases.items():
        if base is None or path in there or (only is not None and path != only and not path.startswith(f"{only}/")):
            continue
        known = local.known.get(path)
        if known is None:
            if only is None and is_gone(f"{local.root}/{path}"):
                local.set_base(path, None)
        elif known.identity == base or known.kind == DIRECTORY:
            remove.append(path)
        else:
            conflicts.append(path)
    return _Differences(take, sorted(remove, reverse=True), sorted(conflicts))


def _take(
    local: LocalWorkspace,
    connection: Connection,
    there: Mapping[str, Entry],
    only: Optional[str],
    *,
    force: bool,
    dry_run: bool,
    progress: Optional[Progress],
) -> PullResult:
    found = _compare(local, there, only)
    take, remove = dict(found.take), list(found.remove)
    if found.conflicts and not force:
        shown = ", ".join(path if path.isprintable() else ascii(path) for path in found.conflicts[:_MOST_SHOWN])
        raise WorkspaceConflict(paths=found.conflicts[:_MOST_TOLD], shown=shown, count=len(found.conflicts))
    for path in found.conflicts:
        if path in there:
            take[path] = there[path]
        else:
            remove.append(path)
    take, remove = dict(sorted(take.items())), sorted(remove, reverse=True)
    if dry_run:
        size = sum(entry.size for entry in take.values() if entry.kind == FILE)
        return PullResult(local.name, tuple(take), tuple(sorted(remove)), size, {})
    receiver = Receiver(local, connection, progress)
    try:
        receiver.remove(remove)
        receiver.take(take)
    finally:
        local.save()
    skipped = receiver.skipped
    return PullResult(
        name=local.name,
        changed=tuple(path for path in take if path not in skipped),
        removed=tuple(path for path in sorted(remove) if path not in skipped),
        received_bytes=receiver.received_bytes,
        skipped=skipped,
    )
