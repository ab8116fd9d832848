"""Signals to all that descends from a subreaper, however it daemonised."""

from __future__ import annotations

import contextlib
import os
import signal

from hfai.engine.supervise import proc_stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Container

    from hfai.engine.supervise.proc_stat import ProcStat


def signal_descendants(signum: int, spare: Container[int] = ()) -> int:
    """Send a signal to every living descendant of this process, in one sweep.

    A process that forks during the sweep may be missed: sweep again until nothing is left. SIGKILL goes to whole
    process groups at once, which a fork bomb inside one group cannot outrun.

    Args:
        signum: the signal.
        spare: pids of children to leave alone with all that descends from them.

    Returns:
        How many were found alive.
    """
    own_pid, own_group = os.getpid(), os.getpgrp()
    by_parent: dict[int, list[ProcStat]] = {}
    groups: set[int] = {0, own_group}
    found = 0
    for pid in proc_stat.newest_first():
        process = proc_stat.read(pid)
        if process is None:
            continue
        if process.parent != own_pid:
            by_parent.setdefault(process.parent, []).append(process)
        elif pid not in spare:
            # Children are signalled on sight. Nobody else reaps them, so neither pid nor group can be another's.
            by_parent.setdefault(own_pid, []).append(process)
            if not process.is_dead:
                found += 1
                if signum == signal.SIGKILL and process.group not in groups:
                    groups.add(process.group)
                    _ignore_gone(os.killpg, process.group, signum)
                _ignore_gone(os.kill, pid, signum)
    left = [child.pid for child in by_parent.get(own_pid, ())]
    while left:
        for process in by_parent.get(left.pop(), ()):
            left.append(process.pid)
            if not process.is_dead and _signal_if_same(process, signum):
                found += 1
    return found


def _ignore_gone(send: object, target: int, signum: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        send(target, signum)  # type: ignore[operator]


def _signal_if_same(process: ProcStat, signum: int) -> bool:
    """Signal a process that somebody else may reap, if its pid still is its own."""
    try:
        pidfd = os.pidfd_open(process.pid)
    except OSError:
        return False
    try:
        now = proc_stat.read(process.pid)
        if now is None or now.start != process.start:
            return False
        signal.pidfd_send_signal(pidfd, signum)
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        os.close(pidfd)
    return True
