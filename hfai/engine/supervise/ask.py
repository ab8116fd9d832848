"""The daemon's side of a supervisor: ask it, see whether it lives, read what it left, end what it left."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from typing import Any, Optional

from hfai.engine.supervise import proc_stat
from hfai.engine.supervise.marked import kill_marked

__all__ = ["ask", "is_locked", "kill_marked", "read_end", "read_started"]


def ask(rank_dir: str, message: dict[str, Any], timeout_s: float = 5.0) -> dict[str, Any]:
    """Send one request to the supervisor of a rank and return its reply; blocks.

    Args:
        rank_dir: the rank's directory.
        message: the request, with ``action`` (docs/architecture.md).
        timeout_s: how long to wait in all.

    Raises:
        OSError: no supervisor answers; TimeoutError, a kind of it, if not in time.
    """
    deadline = time.monotonic() + timeout_s
    directory_fd = os.open(rank_dir, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(timeout_s)
            peer.connect(f"/proc/self/fd/{directory_fd}/sock")
            peer.sendall(json.dumps(message).encode() + b"\n")
            reply = b""
            while not reply.endswith(b"\n"):
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    raise TimeoutError(f"the supervisor of {rank_dir} did not answer within {timeout_s:g} s")
                peer.settimeout(left_s)
                block = peer.recv(65536)
                if not block:
                    raise ConnectionResetError(f"the supervisor of {rank_dir} ended before it answered")
                reply += block
    finally:
        os.close(directory_fd)
    answer: dict[str, Any] = json.loads(reply)
    return answer


def is_locked(rank_dir: str) -> bool:
    """Whether a supervisor holds the rank; does not block. False if there has never been one."""
    try:
        fd = os.open(os.path.join(rank_dir, "lock"), os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        # Shared, so that two who look do not see each other.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def read_started(rank_dir: str) -> Optional[dict[str, Any]]:
    """``started.json`` of a rank, None if its command has never been executed.

    After a reboot ``pid`` and ``sid`` are None: the numbers may belong to others by now.
    """
    record = _read(rank_dir, "started.json")
    if record is not None and record.get("boot_id") != proc_stat.boot_id():
        record.update(pid=None, sid=None)
    return record


def read_end(rank_dir: str) -> Optional[dict[str, Any]]:
    """``end.json`` of a rank, None if it has not ended (or the machine lost power before the marker was on disk)."""
    return _read(rank_dir, "end.json")


def _read(rank_dir: str, name: str) -> Optional[dict[str, Any]]:
    try:
        with open(os.path.join(rank_dir, name), "rb") as file:
            record = json.loads(file.read())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return record if isinstance(record, dict) else None
