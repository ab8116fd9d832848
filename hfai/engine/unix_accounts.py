"""Accounts of this machine that tasks may run under: an engine of root starts each user's tasks under an account of theirs."""

from __future__ import annotations

import os
import pwd
import subprocess
from typing import Optional, Sequence

from attrs import frozen

from hfai.model.errors import RefusedError

_LOOK_S = 10.0


@frozen
class UnixAccount:
    """An account other than the engine's own.

    Attributes:
        name: of the account.
        uid, gid: its numbers.
        groups: every group it belongs to.
    """

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]

    def run(self, words: Sequence[str]) -> int:
        """Run a short command of this machine under it, with nothing in its environment; its exit status.

        Raises:
            OSError: the engine may not switch to it.
            subprocess.TimeoutExpired: it did not end, as on a file server that is gone.
        """
        done = subprocess.run(
            list(words),
            user=self.uid,
            group=self.gid,
            extra_groups=list(self.groups),
            cwd="/",
            env={},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_LOOK_S,
            check=False,
        )
        return done.returncode


def may_switch() -> bool:
    """Whether this engine may start tasks under other accounts."""
    return os.geteuid() == 0


def find(name: str) -> Optional[UnixAccount]:
    """The account of that name; None if this machine has none, or if it is root under another name."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    if entry.pw_uid == 0:
        return None
    return UnixAccount(name, entry.pw_uid, entry.pw_gid, tuple(os.getgrouplist(name, entry.pw_gid)))


def ensure_usable(name: str) -> None:
    """Refuse an account that no task could be started under.

    Raises:
        RefusedError: there is none, or the engine may not switch to it.
    """
    account = find(name)
    if account is None:
        raise RefusedError("there is no account {account} on the engine's machine that tasks could run under", account=name)
    try:
        account.run(["/bin/sh", "-c", ":"])
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RefusedError("tasks cannot run under {account}: {reason}", account=name, reason=reason) from None
