"""The processes of a rank as its supervisor knows them: all that descends from it, but no guests."""

from __future__ import annotations

import os

from hfai.engine.supervise import proc_stat
from hfai.engine.supervise.guests import MARK
from hfai.engine.supervise.proc_stat import ProcStat

_TASK_MARK = b"\0HFAI_RUN="


class TaskTree:
    """The processes of one rank.

    Args:
        supervisor: the supervisor's pid. Orphans become its children, so whatever daemonised is found as well.

    Attributes:
        supervisor: the same.
        processes: every living process of the task by pid when it was last looked at; parents before their children.
    """

    def __init__(self, supervisor: int) -> None:
        self.supervisor = supervisor
        self.processes: dict[int, ProcStat] = {}
        self._is_guest: dict[tuple[int, int], bool] = {}

    @classmethod
    def of_this_guest(cls) -> TaskTree:
        """The tree that this process is a guest in."""
        return cls(os.getppid())

    def look(self) -> None:
        """Bring :attr:`processes` up to date: one sweep over /proc."""
        by_parent: dict[int, list[ProcStat]] = {}
        for pid in proc_stat.newest_first():
            process = proc_stat.read(pid)
            if process is not None and not process.is_dead:
                by_parent.setdefault(process.parent, []).append(process)
        left = [child for child in by_parent.get(self.supervisor, ()) if not self._guest(child)]
        self.processes = {}
        while left:
            process = left.pop(0)
            self.processes[process.pid] = process
            left += by_parent.get(process.pid, ())

    def roots(self) -> list[int]:
        """The main process and orphans: those whose parent is the supervisor."""
        return [pid for pid, process in self.processes.items() if process.parent == self.supervisor]

    def below(self, root: int) -> list[int]:
        """A process and all that descends from it."""
        found = {root}
        for pid, process in self.processes.items():
            if process.parent in found:
                found.add(pid)
        return list(found)

    def _guest(self, process: ProcStat) -> bool:
        """Whether it is a shell, a command or a profiler of somebody's, or what one has left behind."""
        if process.pid == os.getpid():
            return True
        key = (process.pid, process.start)
        is_guest = self._is_guest.get(key)
        if is_guest is None:
            environ = _environ(process.pid)
            is_guest = MARK in environ
            # Between fork and exec it still shows the environment of the supervisor, with neither mark.
            if is_guest or _TASK_MARK in environ:
                self._is_guest[key] = is_guest
        return is_guest


def _environ(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return b"\0" + file.read()
    except OSError:
        return b""
