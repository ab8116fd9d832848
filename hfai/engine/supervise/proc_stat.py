"""What /proc/PID/stat says of a process, and which processes there are."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional


class ProcStat:
    """Fields of /proc/PID/stat; ``start`` (field 22, clock ticks since boot) tells a reused pid from its first owner."""

    __slots__ = ("group", "parent", "pid", "session", "start", "state")

    def __init__(self, pid: int, fields: list[bytes]) -> None:
        self.pid = pid
        self.state = fields[0].decode()
        self.parent = int(fields[1])
        self.group = int(fields[2])
        self.session = int(fields[3])
        self.start = int(fields[19])

    @property
    def is_dead(self) -> bool:
        """Whether it is only waiting to be reaped."""
        return self.state in "ZX"


def read(pid: int) -> Optional[ProcStat]:
    """The process, None if there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name in brackets may itself hold brackets and blanks.
            return ProcStat(pid, file.read().rpartition(b")")[2].split())
    except (FileNotFoundError, ProcessLookupError):
        return None


def newest_first() -> list[int]:
    """The pids of all processes, the highest first: the children of a process that keeps forking are up there."""
    return sorted((int(name) for name in os.listdir("/proc") if name.isdecimal()), reverse=True)


def boot_id() -> str:
    """Names this boot of the machine: pids of another one mean nothing."""
    with open("/proc/sys/kernel/random/boot_id", "rb") as file:
        return file.read().decode().strip()
