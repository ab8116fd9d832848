"""Ends what a killed supervisor left, when no launcher was there to do it: found by mark or session."""

from __future__ import annotations

import os
import signal
import time
from typing import Optional

from hfai.engine.supervise import proc_stat

PATIENCE_S = 30.0
PAUSE_S = 0.01


def kill_marked(engine_id: str, run_id: int, rank: int, sid: Optional[int] = None) -> int:
    """Kill every process of a rank whose supervisor is gone, until none is left; blocks, for at most 30 s.

    Args:
        engine_id: as in the mark ``HFAI_RUN=<engine_id>:<run_id>:<rank>`` that each process of a task carries.
        run_id: as in the mark.
        rank: as in the mark.
        sid: the session of the task from :func:`ask.read_started`: it also finds processes without the mark.

    Returns:
        How many processes were found and signalled.
    """
    mark = f"\0HFAI_RUN={engine_id}:{run_id}:{rank}\0".encode()
    deadline = time.monotonic() + PATIENCE_S
    signalled: set[tuple[int, int]] = set()
    while True:
        found = _kill_once(mark, sid)
        signalled |= found
        if not found or time.monotonic() > deadline:
            return len(signalled)
        time.sleep(PAUSE_S)


def _kill_once(mark: bytes, sid: Optional[int]) -> set[tuple[int, int]]:
    """One sweep; pid and start of what was signalled. A process that cannot be signalled is not ours and not counted."""
    found = set()
    for pid in proc_stat.newest_first():
        if pid == os.getpid():
            continue
        try:
            # Opened before it is looked at: the signal goes to what was looked at, even if the pid is used again.
            pidfd = os.pidfd_open(pid)
        except OSError:
            continue
        try:
            process = proc_stat.read(pid)
            if process is None or process.is_dead:
                continue
            if (sid and process.session == sid) or mark in _environ(pid):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                found.add((pid, process.start))
        except (ProcessLookupError, PermissionError):
            continue
        finally:
            os.close(pidfd)
    return found


def _environ(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return b"\0" + file.read() + b"\0"
    except OSError:
        return b""
