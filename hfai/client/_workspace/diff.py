"""``diff_workspace``: how the two sides differ."""

from __future__ import annotations

from typing import Optional

from hfai.client._workspace.connection import Connection
from hfai.client._workspace.local import open_local
from hfai.client._workspace.push import Directory
from hfai.client._workspace.remote import remote_tree
from hfai.client._workspace.results import WorkspaceDiff
from hfai.model.workspace.paths import parents_of


def diff_workspace(
    directory: Directory = None,
    *,
    checksum: bool = True,
    hfignore: bool = True,
    list_timeout_s: Optional[float] = None,
    proxy: Optional[str] = None,
) -> WorkspaceDiff:
    """How a workspace here and on the platform differ, outputs of tasks included.

    Args:
        directory, checksum, hfignore, list_timeout_s, proxy: see :func:`push_workspace`.

    Raises:
        UsageError: the directory is not in a workspace.
        WorkspaceNotFound: the workspace is no longer there.
        HfaiError: no answer, or another refusal.

    Blocks until both sides have been looked at; changes nothing.

    Example:
        >>> diff_workspace().only_there  # doctest: +SKIP
        ('result.txt',)
    """
    local = open_local(directory)
    local.load_tree()
    there = remote_tree(local, Connection(local.name, list_timeout_s, None, proxy), use_ignore=hfignore)
    skipped = local.scan(use_ignore=hfignore, by_time_only=not checksum).skipped
    local.save()
    here = {path: known.identity for path, known in local.known.items()}
    if skipped:
        # What cannot be read here may well be the same there.
        there = {path: entry for path, entry in there.items() if skipped.keys().isdisjoint([path, *parents_of(path)])}
        here = {path: identity for path, identity in here.items() if path not in skipped}
    changed = []
    for path, entry in there.items():
        if path in here and here[path] != entry.identity:
            base = local.base(path)
            side = "there" if here[path] == base else "here" if entry.identity == base else "both"
            changed.append((path, side))
    return WorkspaceDiff(
        name=local.name,
        changed=tuple(changed),
        only_here=tuple(path for path in here if path not in there),
        only_there=tuple(path for path in there if path not in here),
    )
