"""The files by which a client finds the embedded engine (docs/architecture.md, Files on disk)."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import NamedTuple, Optional


class Endpoint(NamedTuple):
    """What ``endpoint.json`` says."""

    url: str
    pid: int
    version: str
    protocol: int
    engine_id: str
    started_at: float


def read_endpoint(state_dir: Path) -> Optional[Endpoint]:
    """The endpoint that a daemon has written; None if there is none or it cannot be understood.

    A daemon that was killed leaves its file behind: see :func:`is_alive`.
    """
    try:
        body = json.loads((state_dir / "endpoint.json").read_bytes())
        return Endpoint(
            url=str(body["url"]),
            pid=int(body["pid"]),
            version=str(body["version"]),
            protocol=int(body["protocol"]),
            engine_id=str(body["engine_id"]),
            started_at=float(body["started_at"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_alive(endpoint: Endpoint) -> bool:
    """Whether the daemon's process is there.

    Without this the token would go to whatever program has the port by now.
    """
    try:
        os.kill(endpoint.pid, 0)
    except OSError:
        return False
    return True


def read_token(state_dir: Path) -> Optional[str]:
    """The token of the single user; None if it cannot be read."""
    try:
        return (state_dir / "token").read_text().strip() or None
    except OSError:
        return None


def holder_of_engine_lock(state_dir: Path) -> Optional[str]:
    """Who holds ``engine.lock``, as its process id in text; None if nobody does.

    To be asked only under ``start.lock``: it takes the lock for a moment, and a daemon that starts would be refused.
    """
    try:
        fd = os.open(state_dir / "engine.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(fd, 32, 0).decode(errors="replace").strip() or "unknown"
    finally:
        os.close(fd)
    return None
