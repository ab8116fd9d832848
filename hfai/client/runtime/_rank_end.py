"""Ending this rank as failed, at once, from whichever of its processes has a reason to."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path

from hfai.client.runtime import _where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

STATUS = 1
# What the main process has to end in after TERM; training loops may catch that, and then hang all the same.
_GRACE_S = 2.0
_PROC = Path("/proc")


def end_rank(main_pid: int) -> NoReturn:
    """End the main process of this rank, then this one with status 1; the supervisor clears away what is left.

    Args:
        main_pid: the process by whose end the rank ends; this one may be it.

    Blocks: until that process has ended, 2 seconds at most.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    if main_pid != os.getpid():
        # A simulation has no supervisor that would clear away the children that go on.
        siblings = _children(main_pid) if _where.where() == _where.SIMULATION else []
        for pid in [main_pid, *siblings]:
            if pid != os.getpid():
                _kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_S
        while _is_alive(main_pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        _kill(main_pid, signal.SIGKILL)
    os._exit(STATUS)


def main_process() -> int:
    """The process by whose end the rank ends: in a task as its supervisor has written down, else the one that started this one."""
    try:
        started = Path(os.environ["HFAI_TASK_SOCKET_DIR"], "started.json")
        return int(json.loads(started.read_text(encoding="utf-8"))["pid"])
    except (OSError, KeyError, ValueError, TypeError):
        import multiprocessing

        parent = multiprocessing.parent_process()
        return os.getpid() if parent is None or parent.pid is None else parent.pid


def _kill(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def _is_alive(pid: int) -> bool:
    """Whether it runs: a zombie does not, though it may be signalled."""
    return _stat(pid)[0] not in ("Z", "X", "")


def _children(parent: int) -> list[int]:
    numbers = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()] if _PROC.is_dir() else []
    return [pid for pid in numbers if _stat(pid)[1] == str(parent)]


def _stat(pid: int) -> tuple[str, str]:
    """State and parent of a process; empty if there is none."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace").rpartition(") ")[2].split()
    except OSError:
        return "", ""
    return fields[0], fields[1]
