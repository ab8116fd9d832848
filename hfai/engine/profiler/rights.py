"""Why the memory of a process may not be read, and what would have to be changed so that it may."""

from __future__ import annotations

import os
from typing import Optional

from hfai.model.phrase import Phrase

_CAP_SYS_PTRACE = 19
_YAMA = "/proc/sys/kernel/yama/ptrace_scope"
OTHER_USER = (
    "the task runs as user {uid} and the engine as user {own}: let root allow {program} to look at other users' processes "
    "with `setcap cap_sys_ptrace+ep {program}`"
)
YAMA_SCOPE = (
    "this system lets no process look at another (kernel.yama.ptrace_scope is {scope}): let root allow it with "
    "`sysctl kernel.yama.ptrace_scope=0`, or {program} alone with `setcap cap_sys_ptrace+ep {program}`"
)
YAMA_LOCKED = "this system lets no process look at another until it is started anew (kernel.yama.ptrace_scope is 3)"
NO_CAPABILITY = (
    "the engine lacks the right to look at other processes: start its container with `--cap-add SYS_PTRACE`, "
    "or let root allow it with `setcap cap_sys_ptrace+ep {program}`"
)


def why_not(pid: int, program: str) -> Optional[Phrase]:
    """The sentence for a process that py-spy could not sample; None where it may be read.

    py-spy itself says only that there is no Python: the kernel is asked again, in the way that costs nothing.
    """
    try:
        # Opening it takes the same right as reading another process's memory.
        with open(f"/proc/{pid}/mem", "rb"):
            return None
    except PermissionError:
        pass
    except OSError:  # it has just ended
        return None
    try:
        owner = os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None
    scope, own, may_trace = _yama_scope(), os.geteuid(), _has_capability()
    if scope >= 3:
        return Phrase(YAMA_LOCKED)
    if not may_trace and owner != own and own != 0:
        return Phrase(OTHER_USER, uid=owner, own=own, program=program)
    if not may_trace and scope >= 1:
        return Phrase(YAMA_SCOPE, scope=scope, program=program)
    return Phrase(NO_CAPABILITY, program=program)


def _yama_scope() -> int:
    try:
        with open(_YAMA, "rb") as file:
            return int(file.read())
    except (OSError, ValueError):  # a kernel without it
        return 0


def _has_capability() -> bool:
    with open("/proc/self/status", "rb") as file:
        for line in file:
            if line.startswith(b"CapEff:"):
                return bool(int(line.split()[1], 16) >> _CAP_SYS_PTRACE & 1)
    return False

