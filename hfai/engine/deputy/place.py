"""The directory of an account below ``task_dir``: made by root, written by the account's deputy and tasks only."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Collection

from hfai.engine.executors.run_files import make_open_root, make_own
from hfai.engine.unix_accounts import UnixAccount
from hfai.model.errors import RefusedError
from hfai.model.workspace.entry import LINK, kind_of
from hfai.model.workspace.safe_tree import SafeTree

WORKSPACES, ENVIRONMENTS = "workspaces", "envs"
_GENERATION = re.compile(rf"{WORKSPACES}/u-[^/]+/[^/]+/generations/\d+")
_CALLED = re.compile(rf"({WORKSPACES}/u-[^/]+/[^/]+)/(?:generations/\d+|current)(?=/|$)")
_RENAMED = re.compile(r"\d+\.(building|leaving)")
_CURRENT = re.compile(r"generations/(\d+)")


class AccountPlace:
    """One account's directory.

    Args:
        root: the directory of root that those of all accounts are in.
        account: whose.

    Attributes:
        path: the directory itself, the account's own.
        lock: a file of root beside it, which the deputy that works in it holds.
    """

    def __init__(self, root: Path, account: UnixAccount) -> None:
        self.account = account
        self._root = root
        self.path = root / account.name
        self.lock = root / f".{account.name}.lock"

    def make(self) -> None:
        """Make it, or see that it is the account's.

        Raises:
            RefusedError: it is another's: the account was removed from the machine and has come back with another number.
            OSError: it cannot be made, or somebody else than root could put something in its place.
        """
        make_open_root(self._root.parent.parent)
        for directory in (self._root.parent, self._root):
            make_own(directory)
        with contextlib.suppress(FileExistsError):
            self.path.mkdir(mode=0o700)
            os.chown(self.path, self.account.uid, self.account.gid, follow_symlinks=False)
        found = self.path.lstat()
        if found.st_uid == 0 and not any(self.path.iterdir()):  # killed in between
            os.chown(self.path, self.account.uid, self.account.gid, follow_symlinks=False)
        elif found.st_uid != self.account.uid:
            template = "{path} does not belong to {account} any more: ask your administrator to give it to that account, or to move it away"
            raise RefusedError(template, path=str(self.path), account=self.account.name)

    def is_used(self, place: str, working: Collection[str]) -> bool:
        """Whether a task works in a directory.

        Args:
            place: below :attr:`path`.
            working: the directories that unfinished tasks work in, as they were told.
        """
        # The way here may lead through links of root.
        roots = dict.fromkeys((str(self._root), os.path.realpath(self._root)))
        tops = [f"{root}/{self.path.name}/" for root in roots]
        paths = [os.path.normpath(one) for one in working]
        told = [path[len(top) :] for top in tops for path in paths if path.startswith(top)]
        if not told:
            return False
        with SafeTree(str(self.path)) as tree:
            return any(f"{_forwarded(tree, one)}/".startswith(f"{place}/") for one in told)

    def move_unless_used(self, place: str, name: str, working: Collection[str]) -> bool:
        """Rename the directory of a tree of a workspace within the directory that it is in, unless a task works in it.

        No more than the account could do: links are not followed, and the directory must be its own.

        Raises:
            ValueError: this is nothing that a deputy may ask for.
            OSError: it cannot be renamed.
        """
        if not _GENERATION.fullmatch(place) or not _RENAMED.fullmatch(name):
            raise ValueError(f"{place!a} is no tree of a workspace")
        if self.is_used(place, working):
            return False
        with SafeTree(str(self.path)) as tree:
            at, last = tree.parent(place)
            if os.fstat(at).st_uid != self.account.uid:
                raise PermissionError(f"{place} is not in a directory of {self.account.name}")
            os.rename(last, name, src_dir_fd=at, dst_dir_fd=at)
        return True


def _forwarded(tree: SafeTree, told: str) -> str:
    """Where a directory is that was told to a task: ``current``, and the name of a tree that is gone, lead to the current one."""
    found = _CALLED.match(told)
    if found is None:
        return told
    try:
        status = tree.stat(found[0])
        if status is None or kind_of(status.st_mode) != LINK:
            return told
        at, name = tree.parent(f"{found[1]}/current")
        current = _CURRENT.fullmatch(os.readlink(name, dir_fd=at))
    except (OSError, RefusedError):
        return told
    return told if current is None else f"{found[1]}/generations/{current[1]}{told[found.end() :]}"
