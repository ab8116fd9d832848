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

_MOST_FDS = 3

__all__ = ["ask", "is_locked", "kill_marked", "open_guest", "read_end", "read_started"]


def ask(rank_dir: str, message: dict[str, Any], timeout_s: float = 5.0) -> dict[str, Any]:
    """Send one request to the supervisor of a rank and return its reply; blocks.

    Args:
        rank_dir: the rank's directory.
        message: the request, with ``action`` (docs/architecture.md).
        timeout_s: how long to wait in all.

    Raises:
        OSError: no supervisor answers; TimeoutError, a kind of it, if not in time.
    """
    peer, answer, _ = _asked(rank_dir, message, timeout_s)
    peer.close()
    return answer


def open_guest(
    rank_dir: str, request: dict[str, Any], timeout_s: float = 30.0
) -> tuple[socket.socket, dict[str, Any], list[int]]:
    """Have the supervisor of a rank start a guest (hfai.engine.supervise.guests); blocks until it is executed.

    Returns:
        The connection, which is the guest's life line and tells its end; the answer; and, where that is ``ok``, the other
        ends of its streams.

    Raises:
        OSError: as :func:`ask`.
    """
    return _asked(rank_dir, {"action": "open_guest", **request}, timeout_s)


def _asked(
    rank_dir: str, message: dict[str, Any], timeout_s: float
) -> tuple[socket.socket, dict[str, Any], list[int]]:
    deadline = time.monotonic() + timeout_s
    directory_fd = os.open(rank_dir, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    fds: list[int] = []
    try:
        peer.settimeout(timeout_s)
        peer.connect(f"/proc/self/fd/{directory_fd}/sock")
        peer.sendall(json.dumps(message).encode() + b"\n")
        reply = b""
        while not reply.endswith(b"\n"):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError(f"the supervisor of {rank_dir} did not answer within {timeout_s:g} s")
            peer.settimeout(left_s)
            # The kernel ends a read behind descriptors: what follows the answer is left for who takes the connection.
            block, found, _, _ = socket.recv_fds(peer, 65536, _MOST_FDS, socket.MSG_CMSG_CLOEXEC)
            fds += found
            if not block:
                raise ConnectionResetError(f"the supervisor of {rank_dir} ended before it answered")
            reply += block
        answer: dict[str, Any] = json.loads(reply)
    except BaseException:
        peer.close()
        for fd in fds:
            os.close(fd)
        raise
    finally:
        os.close(directory_fd)
    return peer, answer, fds


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
